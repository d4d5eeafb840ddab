#include "daemon/http/streams.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include "daemon/async/value_or_error.hpp"

namespace pingjing::http {
namespace {

using boost::system::error_code;

class PlainStream final : public Stream {
public:
    explicit PlainStream(Socket socket) : socket_(std::move(socket)) {}
    asio::awaitable<bool> open() override { co_return true; }
    asio::awaitable<std::size_t> read(char* into, std::size_t size) override {
        auto [error, count] = co_await socket_.async_read_some(asio::buffer(into, size), value_or_error);
        co_return error ? 0 : count;
    }
    asio::awaitable<bool> write(const char* from, std::size_t size) override {
        auto [error, count] = co_await asio::async_write(socket_, asio::buffer(from, size), value_or_error);
        co_return !error && count == size;
    }
    asio::awaitable<bool> finish() override {
        error_code error;
        socket_.shutdown(Socket::shutdown_send, error);
        co_return !error;
    }
    Socket& socket() override { return socket_; }

private:
    Socket socket_;
};

class TlsStream final : public Stream {
public:
    TlsStream(Socket socket, asio::ssl::context& context) : tls_(std::move(socket), context) {}
    asio::awaitable<bool> open() override {
        auto [error] = co_await tls_.async_handshake(asio::ssl::stream_base::server, value_or_error);
        co_return !error;
    }
    asio::awaitable<std::size_t> read(char* into, std::size_t size) override {
        auto [error, count] = co_await tls_.async_read_some(asio::buffer(into, size), value_or_error);
        co_return error ? 0 : count;
    }
    asio::awaitable<bool> write(const char* from, std::size_t size) override {
        auto [error, count] = co_await asio::async_write(tls_, asio::buffer(from, size), value_or_error);
        co_return !error && count == size;
    }
    asio::awaitable<bool> finish() override {
        auto [error] = co_await tls_.async_shutdown(value_or_error);
        co_return !error;
    }
    Socket& socket() override { return tls_.next_layer(); }

private:
    asio::ssl::stream<Socket> tls_;
};

}  // namespace

std::unique_ptr<Stream> plain_stream(Socket socket) { return std::make_unique<PlainStream>(std::move(socket)); }
std::unique_ptr<Stream> tls_stream(Socket socket, asio::ssl::context& context) { return std::make_unique<TlsStream>(std::move(socket), context); }

Result<asio::ssl::context> load_tls(const std::string& certificate, const std::string& key) {
    try {
        asio::ssl::context tls(asio::ssl::context::tls_server);
        tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
                        asio::ssl::context::no_compression);
        tls.use_certificate_chain_file(certificate);
        tls.use_private_key_file(key, asio::ssl::context::pem);
        return tls;
    } catch (const boost::system::system_error& e) {
        return fail(Error::Kind::invalid_input,
                    fmt::format("cannot load the certificate {} with the key {}: {}; both must be readable PEM files that belong together",
                                certificate, key, e.code().message()));
    }
}

}  // namespace pingjing::http
