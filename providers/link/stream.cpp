#include "providers/link/stream.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include "daemon/async/value_or_error.hpp"
#include "daemon/async/within.hpp"

namespace pingjing::link {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

class TcpStream final : public Stream {
public:
    explicit TcpStream(tcp::socket socket) : socket_(std::move(socket)) {}
    asio::awaitable<std::size_t> read(char* into, std::size_t size) override {
        auto [error, count] = co_await socket_.async_read_some(asio::buffer(into, size), value_or_error);
        co_return error ? 0 : count;
    }
    asio::awaitable<bool> write(const char* from, std::size_t size) override {
        auto [error, count] = co_await asio::async_write(socket_, asio::buffer(from, size), value_or_error);
        co_return !error && count == size;
    }
    void close() override {
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_both, ignored);
        socket_.close(ignored);
    }

private:
    tcp::socket socket_;
};

class TlsStream final : public Stream {
public:
    TlsStream(tcp::socket socket, std::shared_ptr<asio::ssl::context> context) : context_(std::move(context)), tls_(std::move(socket), *context_) {}
    asio::ssl::stream<tcp::socket>& tls() { return tls_; }
    asio::awaitable<std::size_t> read(char* into, std::size_t size) override {
        auto [error, count] = co_await tls_.async_read_some(asio::buffer(into, size), value_or_error);
        co_return error ? 0 : count;
    }
    asio::awaitable<bool> write(const char* from, std::size_t size) override {
        auto [error, count] = co_await asio::async_write(tls_, asio::buffer(from, size), value_or_error);
        co_return !error && count == size;
    }
    void close() override {
        error_code ignored;
        tls_.next_layer().shutdown(tcp::socket::shutdown_both, ignored);
        tls_.next_layer().close(ignored);
    }

private:
    std::shared_ptr<asio::ssl::context> context_;
    asio::ssl::stream<tcp::socket> tls_;
};

using Opened = Result<std::unique_ptr<Stream>>;

Opened unreachable(const Endpoint& to, const std::string& why) { return fail(Error::Kind::unavailable, fmt::format("{}:{}: {}", to.host, to.port, why)); }

asio::awaitable<Opened> shake_hands(const Endpoint& to, std::shared_ptr<asio::ssl::context> context, tcp::socket socket) {
    auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(context));
    const auto& name = to.tls.server_name.empty() ? to.host : to.tls.server_name;
    SSL_set_tlsext_host_name(stream->tls().native_handle(), name.c_str());
    stream->tls().set_verify_callback(asio::ssl::host_name_verification(name));
    auto [error] = co_await stream->tls().async_handshake(asio::ssl::stream_base::client, value_or_error);
    if (error) co_return unreachable(to, "TLS: " + error.message());
    Opened opened = std::move(stream);
    co_return opened;
}

asio::awaitable<Opened> greet(tcp::socket socket, std::shared_ptr<asio::ssl::context> context) {
    auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(context));
    auto [error] = co_await stream->tls().async_handshake(asio::ssl::stream_base::server, value_or_error);
    if (error) co_return fail(Error::Kind::unavailable, "TLS: " + error.message());
    Opened opened = std::move(stream);
    co_return opened;
}

constexpr auto tls_options = asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_compression;

asio::awaitable<Opened> open(Endpoint to, std::shared_ptr<asio::ssl::context> context) {
    auto executor = co_await asio::this_coro::executor;
    tcp::resolver resolver(executor);
    auto [not_found, places] = co_await resolver.async_resolve(to.host, std::to_string(to.port), value_or_error);
    if (not_found) co_return unreachable(to, not_found.message());
    tcp::socket socket(executor);
    auto [refused, place] = co_await asio::async_connect(socket, places, value_or_error);
    if (refused) co_return unreachable(to, refused.message());
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    if (context) co_return co_await shake_hands(to, std::move(context), std::move(socket));
    Opened opened = tcp_stream(std::move(socket));
    co_return opened;
}

}  // namespace

std::unique_ptr<Stream> tcp_stream(tcp::socket socket) { return std::make_unique<TcpStream>(std::move(socket)); }

Result<std::shared_ptr<asio::ssl::context>> load_tls(const TlsSettings& settings) {
    if (!settings.on) return std::shared_ptr<asio::ssl::context>();
    std::string about = "the system's certificate authorities";
    try {
        auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
        tls->set_options(tls_options);
        tls->set_verify_mode(asio::ssl::verify_peer);
        if (settings.ca_file.empty()) {
            tls->set_default_verify_paths();
        } else {
            about = settings.ca_file;
            tls->load_verify_file(settings.ca_file);
        }
        if (!settings.cert_file.empty()) {
            about = settings.cert_file + " with the key " + settings.key_file;
            tls->use_certificate_chain_file(settings.cert_file);
            tls->use_private_key_file(settings.key_file, asio::ssl::context::pem);
        }
        return tls;
    } catch (const boost::system::system_error& e) {
        return fail(Error::Kind::invalid_input, fmt::format("cannot load {}: {}", about, e.code().message()));
    }
}

Result<std::shared_ptr<asio::ssl::context>> load_tls_server(const std::string& cert_file, const std::string& key_file) {
    try {
        auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
        tls->set_options(tls_options);
        tls->use_certificate_chain_file(cert_file);
        tls->use_private_key_file(key_file, asio::ssl::context::pem);
        return tls;
    } catch (const boost::system::system_error& e) {
        return fail(Error::Kind::invalid_input, fmt::format("cannot load {} with the key {}: {}", cert_file, key_file, e.code().message()));
    }
}

asio::awaitable<Opened> accept_tls(tcp::socket socket, std::shared_ptr<asio::ssl::context> tls, Steady limit) {
    auto opened = co_await within(limit, greet(std::move(socket), std::move(tls)));
    if (!opened) co_return fail(Error::Kind::unavailable, "TLS: no word in time");
    co_return std::move(*opened);
}

asio::awaitable<Opened> connect(Endpoint to, std::shared_ptr<asio::ssl::context> tls, Steady limit) {
    auto opened = co_await within(limit, open(to, std::move(tls)));
    if (!opened) co_return unreachable(to, "no connection in time");
    co_return std::move(*opened);
}

}  // namespace pingjing::link
