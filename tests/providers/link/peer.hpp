// The carrier's end of real sockets, whatever the protocol, and a provider that serves beside it. The test says what the carrier
// answers, when it cuts a connection, and where it calls us.
#pragma once
#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/async/task_group.hpp"
#include "daemon/async/within.hpp"
#include "daemon/core/system_clock.hpp"
#include "providers/link/frame.hpp"
#include "providers/provider.hpp"
#include "tests/support/run.hpp"

namespace pingjing::test {

// Each frame that it hears goes to `on`, which answers: nothing, octets, or with no octets at all the end of the connection.
class CarrierPeer {
public:
    struct Heard { std::size_t connection; std::string frame; };
    using Answer = std::function<std::optional<std::string>(CarrierPeer&, const Heard&)>;
    CarrierPeer(asio::io_context& io, link::FrameLimits limits) : io_(io), limits_(limits), acceptor_(io, {asio::ip::make_address("127.0.0.1"), 0}), tasks_(io.get_executor(), [](const std::string&, std::exception_ptr) {}) {
        tasks_.spawn("accept", accept());
    }
    int port() const { return acceptor_.local_endpoint().port(); }
    Answer on;
    std::vector<Heard> heard;

    std::size_t connections() const { return links_.size(); }
    bool ended(std::size_t connection) const { return links_.at(connection)->ended; }
    void say(std::size_t connection, std::string octets) { tasks_.spawn("say", write(links_.at(connection), std::move(octets))); }
    void cut(std::size_t connection) { close(*links_.at(connection)); }
    // The carrier calls us. Nobody there: the connection has ended at once.
    std::size_t call(int port, const std::string& from = "127.0.0.1") {
        asio::ip::tcp::socket socket(io_, asio::ip::tcp::v4());
        boost::system::error_code error;
        socket.bind({asio::ip::make_address(from), 0}, error);
        if (!error) socket.connect({asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(port)}, error);
        auto number = add(std::move(socket));
        if (error) links_.back()->ended = true;
        return number;
    }
    asio::awaitable<void> stop() {
        acceptor_.close();
        for (auto& link : links_) close(*link);
        tasks_.stop();
        co_await tasks_.join();
    }

private:
    struct Link {
        explicit Link(asio::ip::tcp::socket s) : socket(std::move(s)) {}
        asio::ip::tcp::socket socket;
        std::deque<std::string> out;
        bool writing = false, ended = false;
    };
    static void close(Link& link) {
        boost::system::error_code ignored;
        link.socket.close(ignored);
    }
    std::size_t add(asio::ip::tcp::socket socket) {
        links_.push_back(std::make_shared<Link>(std::move(socket)));
        tasks_.spawn("serve", serve(links_.size() - 1, links_.back()));
        return links_.size() - 1;
    }
    asio::awaitable<void> accept() {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
            add(std::move(socket));
        }
    }
    asio::awaitable<void> serve(std::size_t number, std::shared_ptr<Link> peer) {
        link::FrameReader frames(limits_);
        char piece[4096];
        for (;;) {
            auto [error, count] = co_await peer->socket.async_read_some(asio::buffer(piece), asio::as_tuple(asio::use_awaitable));
            if (error) {
                peer->ended = true;
                co_return;
            }
            frames.feed({piece, count});
            while (auto frame = frames.next()) {
                heard.push_back({number, std::string(*frame)});
                auto answer = on ? on(*this, heard.back()) : std::nullopt;
                if (answer && answer->empty()) close(*peer);
                else if (answer) tasks_.spawn("say", write(peer, std::move(*answer)));
            }
        }
    }
    static asio::awaitable<void> write(std::shared_ptr<Link> peer, std::string octets) {
        peer->out.push_back(std::move(octets));
        if (peer->writing) co_return;
        peer->writing = true;
        while (!peer->out.empty()) {
            auto next = std::move(peer->out.front());
            peer->out.pop_front();
            co_await asio::async_write(peer->socket, asio::buffer(next), asio::as_tuple(asio::use_awaitable));
        }
        peer->writing = false;
    }

    asio::io_context& io_;
    link::FrameLimits limits_;
    asio::ip::tcp::acceptor acceptor_;
    std::vector<std::shared_ptr<Link>> links_;
    TaskGroup tasks_;
};

// What is kept, and what was told late. `refuse` times the store is broken.
struct Inbox final : provider::Sink {
    asio::awaitable<void> take(std::string, std::vector<provider::Inbound> inbound) override {
        if (refuse > 0) {
            --refuse;
            throw std::runtime_error("disk full");
        }
        if (before_keeping) before_keeping();
        for (auto& one : inbound) all.push_back(std::move(one));
        co_return;
    }
    asio::awaitable<void> late(std::string, std::string ref, provider::Outcome outcome) override {
        told.push_back(ref + " " + std::string(provider::outcome_name(outcome)));
        co_return;
    }
    std::vector<provider::Inbound> all;
    std::vector<std::string> told;
    std::function<void()> before_keeping;
    int refuse = 0;
};

// A provider that serves, beside its carrier.
class CarrierSite {
public:
    explicit CarrierSite(link::FrameLimits limits) : peer(io, limits), world(io.get_executor(), *clock, random, nullptr) {}
    ~CarrierSite() {
        stop();
        run(io, peer.stop(), std::chrono::seconds(30));
    }
    // As the daemon does it at its start; begun again after stop() it is the next one.
    void start(const provider::Make& make) {
        REQUIRE(make);
        provider = make(world);
        tasks = std::make_unique<TaskGroup>(io.get_executor(), [](const std::string&, std::exception_ptr error) { std::rethrow_exception(error); });
        tasks->spawn("serve", provider->serve(inbox));
    }
    void stop() {
        if (!tasks) return;
        tasks->stop();
        run(io, tasks->join(), std::chrono::seconds(30));
        tasks.reset();
    }
    std::string submit(const std::string& text = "1满意", const std::string& ref = "r1", std::chrono::milliseconds patience = std::chrono::seconds(20)) {
        auto task = [](CarrierSite& s, std::string r, std::string t, std::chrono::milliseconds limit) -> asio::awaitable<std::string> {
            provider::Submission submission(r, *Phone::mobile("13800138000"), Text(t), "07", std::chrono::hours(1));
            auto outcome = co_await within(limit, s.provider->submit(std::move(submission)));
            if (!outcome) co_return "given up";
            auto out = std::string(provider::outcome_name(*outcome));
            if (auto* taken = std::get_if<provider::Accepted>(&*outcome))
                for (const auto& id : taken->vendor_ids) out += " " + id;
            if (auto* doubt = std::get_if<provider::Ambiguous>(&*outcome))
                for (const auto& id : doubt->vendor_ids) out += " " + id;
            co_return out;
        };
        return run<std::string>(io, task(*this, ref, text, patience), std::chrono::seconds(30));
    }
    // Runs until it holds, for at most a few seconds.
    bool until(const std::function<bool()>& holds, std::chrono::milliseconds limit = std::chrono::seconds(8)) {
        auto task = [](std::function<bool()> h, std::chrono::milliseconds left) -> asio::awaitable<bool> {
            for (; left.count() > 0 && !h(); left -= std::chrono::milliseconds(5)) co_await sleep_for(std::chrono::milliseconds(5));
            co_return h();
        };
        return run<bool>(io, task(holds, limit), std::chrono::seconds(60));
    }

    asio::io_context io;
    std::unique_ptr<Clock> clock = system_clock();
    SeededRandom random{3};
    CarrierPeer peer;
    provider::World world;
    std::unique_ptr<provider::Provider> provider;
    Inbox inbox;
    std::unique_ptr<TaskGroup> tasks;
};

}  // namespace pingjing::test
