// A server on a free port of this machine and a client that sends exact bytes.
#pragma once
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "daemon/async/task_group.hpp"
#include "daemon/async/within.hpp"
#include "daemon/http/server.hpp"
#include "tests/support/run.hpp"

namespace pingjing::http {

inline asio::generic::stream_protocol::endpoint endpoint_of(const std::string& address) {
    if (address.starts_with("unix:")) return asio::local::stream_protocol::endpoint(address.substr(5));
    auto colon = address.rfind(':');
    return asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
}

struct Site {
    asio::io_context io{};
    Server server;

    Site(ServerSettings settings, Router router) : server(io.get_executor(), std::move(settings), std::move(router)) {
        auto opened = server.open();
        REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().detail));
        server.start();
    }
    ~Site() { test::run(io, server.stop()); }
    std::string address() const { return server.address(); }
};

// One connection.
class Peer {
    using Enough = bool (*)(const std::string&);

public:
    explicit Peer(asio::io_context& io) : socket_(io) {}

    void connect(const std::string& address) { socket_.connect(endpoint_of(address)); }
    asio::awaitable<bool> send(std::string bytes) {
        auto [error, count] = co_await asio::async_write(socket_, asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
        co_return !error;
    }
    void close_sending() { socket_.shutdown(asio::socket_base::shutdown_send); }

    // Everything up to the end; without an end, what came, and ended() is false.
    asio::awaitable<std::string> read_all(Steady limit = 5s) {
        Enough never = [](const std::string&) { return false; };
        [[maybe_unused]] auto enough = co_await within(limit, read_until(never));
        co_return std::exchange(received_, {});
    }
    // One answer with its body.
    asio::awaitable<std::string> read_answer() {
        Enough complete = [](const std::string& bytes) {
            auto end = bytes.find("\r\n\r\n");
            if (end == std::string::npos) return false;
            auto at = bytes.find("Content-Length: ");
            return at == std::string::npos || at > end || bytes.size() >= end + 4 + std::stoul(bytes.substr(at + 16));
        };
        [[maybe_unused]] auto enough = co_await within(5s, read_until(complete));
        co_return std::exchange(received_, {});
    }
    bool ended() const { return ended_; }

private:
    asio::awaitable<bool> read_until(Enough enough) {
        char piece[4096];
        while (!enough(received_)) {
            auto [error, count] = co_await socket_.async_read_some(asio::buffer(piece), asio::as_tuple(asio::use_awaitable));
            if (error) {
                ended_ = true;
                co_return false;
            }
            received_.append(piece, count);
        }
        co_return true;
    }

    asio::generic::stream_protocol::socket socket_;
    std::string received_;
    bool ended_ = false;
};

// Runs a task on virtual time: what is on its way through the kernel arrives before the clock moves.
template <class T>
T run_on(VirtualClock&, asio::io_context& io, asio::awaitable<T> task) {
    std::optional<T> out;
    auto on_done = [&](std::exception_ptr, T value) { out.emplace(std::move(value)); };
    asio::co_spawn(io, std::move(task), on_done);
    run_virtual(io, [&] { return out.has_value(); });
    REQUIRE(out.has_value());
    return std::move(*out);
}

inline int status_of(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ") && answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

}  // namespace pingjing::http
