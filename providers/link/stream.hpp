// Octets to and from one carrier, over TCP, with TLS or without.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"

namespace pingjing::link {
namespace asio = boost::asio;

class Stream {
public:
    virtual ~Stream() = default;
    virtual asio::awaitable<std::size_t> read(char* into, std::size_t size) = 0;      // 0: the end
    virtual asio::awaitable<bool> write(const char* from, std::size_t size) = 0;     // false: the end
    virtual void close() = 0;  // ends what waits in it
};

struct TlsSettings {
    bool on = false;
    std::string ca_file{}, cert_file{}, key_file{};  // empty: the system's authorities; no certificate of ours
    std::string server_name{};                       // what the certificate must say; empty: the host
};

struct Endpoint {
    std::string host{};
    std::uint16_t port = 0;
    TlsSettings tls{};
};

// Null: no TLS. An error names the file.
Result<std::shared_ptr<asio::ssl::context>> load_tls(const TlsSettings& settings);
// The other end: what it shows to whoever connects.
Result<std::shared_ptr<asio::ssl::context>> load_tls_server(const std::string& cert_file, const std::string& key_file);
std::unique_ptr<Stream> tcp_stream(asio::ip::tcp::socket socket);
// Somebody has connected to us. An error: he speaks no TLS, or does not believe us.
asio::awaitable<Result<std::unique_ptr<Stream>>> accept_tls(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls, Steady limit);
// Nothing of ours has left when it fails.
asio::awaitable<Result<std::unique_ptr<Stream>>> connect(Endpoint to, std::shared_ptr<asio::ssl::context> tls, Steady limit);

}  // namespace pingjing::link
