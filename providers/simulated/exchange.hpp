// A Gateway over sockets: takes calls and makes them, reads, writes and keeps time. Decides nothing.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/async/signal.hpp"
#include "daemon/async/task_group.hpp"
#include "daemon/core/result.hpp"
#include "providers/link/stream.hpp"
#include "providers/simulated/gateway.hpp"

namespace pingjing::simulated {

class Exchange {
public:
    // `call`: where users of a protocol are called that calls them. `tls`: null, or what is shown to whoever connects. Whatever it
    // refers to outlives it.
    Exchange(const asio::any_io_executor& executor, const Clock& clock, Gateway& gateway, std::optional<link::Endpoint> call, std::shared_ptr<asio::ssl::context> tls = nullptr);

    Result<asio::ip::tcp::endpoint> open(const link::Endpoint& at);  // where it listens
    // Until it is cancelled; then it says good-bye.
    asio::awaitable<void> run();
    const std::string& failed() const { return failed_; }  // what broke in here

private:
    struct Wire {
        Wire(const asio::any_io_executor& e, std::unique_ptr<link::Stream> s) : stream(std::move(s)), output(e) {}
        std::unique_ptr<link::Stream> stream;
        Signal output;
        int tasks = 2;  // that use it
    };
    using Shared = std::shared_ptr<Wire>;
    void look();  // after everything that the gateway was told
    void look_at_wires();
    void attach(Gateway::Id id, std::unique_ptr<link::Stream> stream);
    void left(Gateway::Id id, const Shared& wire);
    asio::awaitable<void> accept();
    void welcome(std::unique_ptr<link::Stream> stream, const std::string& peer);
    asio::awaitable<void> welcome_by_tls(std::shared_ptr<asio::ip::tcp::socket> socket, std::string peer);
    asio::awaitable<void> call(std::string user);
    asio::awaitable<void> read(Gateway::Id id, Shared wire);
    asio::awaitable<void> write(Gateway::Id id, Shared wire);
    asio::awaitable<bool> write_all(Gateway::Id id, Shared wire);
    asio::awaitable<void> keep_time();

    asio::any_io_executor executor_;
    const Clock& clock_;
    Gateway& gateway_;
    std::optional<link::Endpoint> call_;
    std::shared_ptr<asio::ssl::context> tls_;
    asio::ip::tcp::acceptor acceptor_;
    std::map<Gateway::Id, Shared> wires_{};
    Signal time_, stop_;
    std::string failed_{};
    TaskGroup tasks_;
};

// "127.0.0.1:2775", "[::1]:0", "localhost:2775"; ":2775" is on loopback. nullopt: no address and port.
std::optional<link::Endpoint> read_place(const std::string& text);

}  // namespace pingjing::simulated
