// The adapter's end of the socket, and a provider that serves beside it. The test says what the adapter answers.
#pragma once
#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/async/task_group.hpp"
#include "daemon/async/within.hpp"
#include "daemon/core/system_clock.hpp"
#include "providers/external/external.hpp"
#include "providers/external/frames.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

namespace pingjing::test {

inline std::string framed(const std::string& body) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(body.size() >> shift & 0xFF);
    return out + body;
}
inline std::string outcome_frame(const boost::json::object& submit, const std::string& what) {
    return framed(fmt::format(R"({{"type":"outcome","seq":{},{}}})", boost::json::serialize(submit.at("seq")), what));
}

// Each frame that it hears goes to `on`, which answers: nothing, octets, or with no octets at all the end of the
// connection.
class Adapter {
public:
    struct Heard {
        std::size_t connection;
        boost::json::object frame;
    };
    using Answer = std::function<std::optional<std::string>(Adapter&, const Heard&)>;
    static constexpr const char* good_hello = R"({"type":"hello","version":1})";

    Adapter(asio::io_context& io, const std::filesystem::path& at)
        : acceptor_(io, asio::local::stream_protocol::endpoint(at.string())),
          tasks_(io.get_executor(), [](const std::string&, std::exception_ptr) {}) {
        tasks_.spawn("accept", accept());
    }
    static std::optional<std::string> usual(Adapter& self, const Heard& heard) {
        auto type = heard.frame.at("type").as_string();
        if (type == "hello") return framed(good_hello);
        if (type == "submit")
            return outcome_frame(heard.frame, fmt::format(R"("outcome":"accepted","vendor_ids":["x{}"])", ++self.ids_));
        return std::nullopt;
    }
    Answer on = usual;
    std::vector<Heard> heard;

    std::size_t connections() const { return links_.size(); }
    bool ended(std::size_t connection) const { return links_.at(connection)->ended; }
    void say(std::size_t connection, std::string octets) {
        tasks_.spawn("say", write(links_.at(connection), std::move(octets)));
    }
    void cut(std::size_t connection) { close(*links_.at(connection)); }
    std::vector<std::string> of_type(const std::string& type) const {
        std::vector<std::string> out;
        for (const auto& h : heard)
            if (h.frame.at("type").as_string() == type) out.push_back(boost::json::serialize(h.frame));
        return out;
    }
    asio::awaitable<void> stop() {
        acceptor_.close();
        for (auto& link : links_) close(*link);
        tasks_.stop();
        co_await tasks_.join();
    }

private:
    using Local = asio::local::stream_protocol;
    struct Link {
        explicit Link(Local::socket s) : socket(std::move(s)) {}
        Local::socket socket;
        bool ended = false;
    };
    static void close(Link& link) {
        boost::system::error_code ignored;
        link.socket.close(ignored);
    }
    asio::awaitable<void> accept() {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
            links_.push_back(std::make_shared<Link>(std::move(socket)));
            tasks_.spawn("serve", serve(links_.size() - 1, links_.back()));
        }
    }
    asio::awaitable<void> serve(std::size_t number, std::shared_ptr<Link> link) {
        for (;;) {
            char head[4];
            auto [no_head, count] =
                co_await asio::async_read(link->socket, asio::buffer(head), asio::as_tuple(asio::use_awaitable));
            std::string body(no_head ? 0 : external::read_length({head, 4}), '\0');
            auto [no_body, size] =
                co_await asio::async_read(link->socket, asio::buffer(body), asio::as_tuple(asio::use_awaitable));
            if (no_head || no_body) {
                link->ended = true;
                co_return;
            }
            heard.push_back({number, boost::json::parse(body).as_object()});
            auto answer = on ? on(*this, heard.back()) : std::nullopt;
            if (answer && answer->empty())
                close(*link);
            else if (answer)
                tasks_.spawn("say", write(link, std::move(*answer)));
        }
    }
    static asio::awaitable<void> write(std::shared_ptr<Link> link, std::string octets) {
        co_await asio::async_write(link->socket, asio::buffer(octets), asio::as_tuple(asio::use_awaitable));
    }

    Local::acceptor acceptor_;
    std::vector<std::shared_ptr<Link>> links_;
    int ids_ = 0;
    TaskGroup tasks_;
};

// What is kept, and what was told late. `refuse` times the store is broken.
struct Kept final : provider::Sink {
    asio::awaitable<void> take(std::string, std::vector<provider::Inbound>) override {
        throw std::logic_error("an adapter hands in callbacks");
    }
    asio::awaitable<void> take_callback(std::string, provider::Callback callback,
                                        const provider::Provider& reads) override {
        if (before_keeping) before_keeping();
        if (refuse > 0) {
            --refuse;
            throw std::runtime_error("disk full");
        }
        bodies.push_back(callback.body);
        read.push_back(reads.read_callback(callback));
        co_return;
    }
    asio::awaitable<void> late(std::string, std::string ref, provider::Outcome outcome) override {
        told.push_back(ref + " " + std::string(provider::outcome_name(outcome)));
        co_return;
    }
    std::vector<std::string> bodies, told;
    std::vector<Result<provider::CallbackRead>> read;
    std::function<void()> before_keeping;
    int refuse = 0;
};

class AdapterSite {
public:
    explicit AdapterSite(const std::string& more = "", bool listens = true) {
        if (listens) adapter.emplace(io, folder / "a.sock");
        auto read = make(more);
        REQUIRE_MESSAGE(read, problems);
        provider = read(world);
        tasks.emplace(io.get_executor(),
                      [](const std::string&, std::exception_ptr error) { std::rethrow_exception(error); });
        tasks->spawn("serve", provider->serve(kept));
    }
    ~AdapterSite() {
        auto stop = [](TaskGroup& group) -> asio::awaitable<void> {
            group.stop();
            co_await group.join();
        };
        run(io, stop(*tasks), std::chrono::seconds(30));
        if (adapter) run(io, adapter->stop(), std::chrono::seconds(30));
    }
    provider::Make make(const std::string& more) {
        config::Problems all;
        auto document =
            config::Document::parse(fmt::format("socket = \"{}\"\nsource = \"106900110\"\nextension_digits = 2\n{}",
                                                (folder / "a.sock").string(), more),
                                    "p.toml", all);
        REQUIRE(document);
        config::Section section(*document, all);
        auto made = external::read(section, {"main"});
        section.finish();
        problems = all.text();
        return made;
    }
    bool up() {
        return until([this] { return provider->links().up == 1; });
    }
    // "accepted x1"; "given up": nobody answered while we waited.
    std::string submit(const std::string& text = "1满意", const std::string& ref = "r1",
                       std::chrono::milliseconds patience = std::chrono::seconds(20)) {
        auto task = [](AdapterSite& s, std::string r, std::string t,
                       std::chrono::milliseconds limit) -> asio::awaitable<std::string> {
            provider::Submission submission(r, *Phone::mobile("13800138000"), Text(t), "07", std::chrono::hours(1));
            auto outcome = co_await within(limit, s.provider->submit(std::move(submission)));
            if (!outcome) co_return "given up";
            auto out = std::string(provider::outcome_name(*outcome));
            if (auto* taken = std::get_if<provider::Accepted>(&*outcome))
                for (const auto& id : taken->vendor_ids) out += " " + id;
            else if (auto detail = provider::outcome_detail(*outcome); !detail.empty())
                out += ": " + detail;
            co_return out;
        };
        return run<std::string>(io, task(*this, ref, text, patience), std::chrono::seconds(30));
    }
    bool until(const std::function<bool()>& holds, std::chrono::milliseconds limit = std::chrono::seconds(8)) {
        auto task = [](std::function<bool()> h, std::chrono::milliseconds left) -> asio::awaitable<bool> {
            for (; left.count() > 0 && !h(); left -= std::chrono::milliseconds(5))
                co_await sleep_for(std::chrono::milliseconds(5));
            co_return h();
        };
        return run<bool>(io, task(holds, limit), std::chrono::seconds(60));
    }

    TempFolder folder;
    asio::io_context io;
    std::optional<Adapter> adapter;
    std::unique_ptr<Clock> clock = system_clock();
    SeededRandom random{3};
    provider::World world{io.get_executor(), *clock, random, nullptr};
    Kept kept;
    std::string problems;
    std::unique_ptr<provider::Provider> provider;
    std::optional<TaskGroup> tasks;
};

}  // namespace pingjing::test
