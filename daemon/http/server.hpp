// Beast behind one coroutine per connection: accept, read with limits, answer, stop. Stricter than Beast, which accepts
// ten kinds of hostile request: each of those is answered 400 and the connection closed.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "daemon/core/result.hpp"
#include "daemon/http/router.hpp"

namespace pingjing::http {

struct ServerSettings {
    std::string listen{};            // "127.0.0.1:8110", "[::1]:0", or "unix:/path"
    std::size_t body_limit = 16u << 20;
    std::size_t header_limit = 16u << 10;
    std::size_t most_connections = 1024;
    std::chrono::seconds header_timeout{10}, body_timeout{60}, idle_timeout{60};
    bool control = false;            // unix socket, mode 0600; peers must be root or our own user, requests are `trusted`
    int inherited_fd = -1;           // socket activation
    std::string tls_cert{}, tls_key{};
};

class Server {
public:
    Server(asio::any_io_executor executor, ServerSettings settings, Router router);
    ~Server();
    Result<void> open();             // binds and listens; an error says what was tried and what to do
    std::string address() const;     // with the port that was really taken
    void start();
    void stop_accepting();           // doors first
    asio::awaitable<void> stop();    // lets running requests finish (5 s), then ends every connection

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pingjing::http
