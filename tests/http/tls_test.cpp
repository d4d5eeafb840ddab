#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <boost/asio/ssl.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "tests/http/site.hpp"

namespace pingjing::http {
namespace {

// A key and a certificate signed with it, good for this test only.
struct Certificate {
    Certificate() {
        char name[] = "/tmp/pingjing-tls-XXXXXX";
        REQUIRE(::mkdtemp(name) != nullptr);
        folder = name;
        std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey(EVP_EC_gen("P-256"), EVP_PKEY_free);
        std::unique_ptr<X509, decltype(&X509_free)> x509(X509_new(), X509_free);
        X509_gmtime_adj(X509_getm_notBefore(x509.get()), 0);
        X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
        X509_set_pubkey(x509.get(), pkey.get());
        X509_sign(x509.get(), pkey.get(), EVP_sha256());
        std::unique_ptr<FILE, decltype(&std::fclose)> out(std::fopen(cert().c_str(), "w"), std::fclose);
        PEM_write_X509(out.get(), x509.get());
        out.reset(std::fopen(key().c_str(), "w"));
        PEM_write_PrivateKey(out.get(), pkey.get(), nullptr, nullptr, 0, nullptr, nullptr);
    }
    ~Certificate() {
        ::unlink(cert().c_str());
        ::unlink(key().c_str());
        ::rmdir(folder.c_str());
    }
    std::string cert() const { return folder + "/cert.pem"; }
    std::string key() const { return folder + "/key.pem"; }
    std::string folder;
};

Router hello() {
    Router router;
    router.add("GET", "/", [](Request) -> asio::awaitable<Response> {
        Response response;
        response.body = "hello";
        co_return response;
    });
    return router;
}

asio::awaitable<std::string> ask_tls(std::string address, std::string bytes) {
    auto executor = co_await asio::this_coro::executor;
    asio::ssl::context context(asio::ssl::context::tls_client);
    asio::ssl::stream<asio::generic::stream_protocol::socket> stream(executor, context);
    stream.next_layer().connect(endpoint_of(address));
    co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    co_await asio::async_write(stream, asio::buffer(bytes), asio::use_awaitable);
    std::string answer;
    char piece[4096];
    for (;;) {
        auto [error, count] = co_await stream.async_read_some(asio::buffer(piece), asio::as_tuple(asio::use_awaitable));
        if (error == asio::error::eof) answer += "|closed properly";
        if (error) co_return answer;
        answer.append(piece, count);
    }
}

TEST_CASE("with a certificate the server speaks TLS, and only TLS") {
    Certificate certificate;
    ServerSettings settings;
    settings.listen = "127.0.0.1:0";
    settings.tls_cert = certificate.cert();
    settings.tls_key = certificate.key();
    Site site(settings, hello());

    auto answer = test::run(site.io, ask_tls(site.address(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    CHECK(status_of(answer) == 200);
    CHECK(answer.ends_with("hello|closed properly"));
    answer = test::run(site.io, ask_tls(site.address(), "GET / HTTP/1.1\r\n\r\n"));
    CHECK(status_of(answer) == 400);

    Peer plain(site.io);
    plain.connect(site.address());
    test::run(site.io, plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(status_of(test::run(site.io, plain.read_all())) == 0);
    CHECK(plain.ended());
}

TEST_CASE("a certificate that cannot be used is an error at open(), with both files named") {
    Certificate certificate;
    asio::io_context io;
    ServerSettings settings;
    settings.listen = "127.0.0.1:0";
    settings.tls_cert = certificate.cert();
    {
        Server server(io.get_executor(), settings, hello());
        auto opened = server.open();
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error().detail.find("go together") != std::string::npos);
    }
    settings.tls_key = certificate.folder + "/absent.pem";
    Server server(io.get_executor(), settings, hello());
    auto opened = server.open();
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().detail.find("absent.pem") != std::string::npos);
}

}  // namespace
}  // namespace pingjing::http
