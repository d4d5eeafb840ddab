#include "daemon/console/events.hpp"

#include <fmt/format.h>

#include "daemon/async/timer.hpp"
#include "daemon/log/log.hpp"

namespace pingjing::console {
namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 1s;
constexpr auto listen_every = 250ms;
constexpr auto breath = 15s;        // a comment, so that a connection without a reader is noticed
constexpr auto longest_stream = 5min;  // then the browser comes again, and its session is looked at again
constexpr std::size_t most_listeners = 64;

}  // namespace

Marks read_marks(store::Connection& db) {
    Marks marks;
    store::Statement fact(db, "SELECT seq FROM ledger WHERE kind <> 'access' ORDER BY seq DESC LIMIT 1");
    if (fact.step()) marks.fact = fact.integer(0);
    store::Statement alarm(db, "SELECT count(*), count(acknowledged_at) FROM alarms");
    if (alarm.step()) marks.alarm = alarm.integer(0) + alarm.integer(1);
    return marks;
}

asio::awaitable<void> Events::run() {
    for (;;) {
        co_await sleep_for(look_every);
        if (*listeners_ == 0) continue;
        Marks now;
        std::function<void(store::Connection&)> look = [&now](store::Connection& db) { now = read_marks(db); };
        std::string why;
        try {
            co_await read_(look);
        } catch (const store::SqlError& error) {
            why = error.what();
        }
        if (why.empty()) marks_ = now;
        else log::error("console.events", {{"why", why}});
    }
}

// One browser; lives as long as the answer that it is written into.
struct Events::Listener {
    Listener(const Events& e, std::shared_ptr<std::size_t> count) : events(e), seen(e.marks_), counted(std::move(count)) { ++*counted; }
    ~Listener() { --*counted; }
    Listener(const Listener&) = delete;

    asio::awaitable<std::string> next() {
        if (waited == Steady{} && !greeted) {
            greeted = true;
            co_return "retry: 2000\n\n";
        }
        for (Steady quiet{}; waited < longest_stream; quiet += listen_every, waited += listen_every) {
            if (events.ended_) co_return std::string();
            if (events.marks_ != seen) co_return change();
            if (quiet >= breath) co_return ":\n\n";
            co_await sleep_for(listen_every);
        }
        co_return std::string();
    }

    std::string change() {
        const char* what = events.marks_.alarm != seen.alarm ? "alarm" : "change";
        seen = events.marks_;
        return fmt::format("event: {}\ndata: {}\n\n", what, seen.fact);
    }

    const Events& events;
    Marks seen;
    std::shared_ptr<std::size_t> counted;
    Steady waited{};
    bool greeted = false;
};

http::Response Events::listen() {
    if (ended_ || *listeners_ >= most_listeners) {
        auto response = http::problem(503, "Service Unavailable", "too many pages listen");
        response.headers.emplace_back("Retry-After", "30");
        return response;
    }
    http::Response response;
    response.content_type = "text/event-stream";
    response.headers.emplace_back("Cache-Control", "no-store");
    auto listener = std::make_shared<Listener>(*this, listeners_);
    response.pieces = [listener] { return listener->next(); };
    return response;
}

void Events::add_route(http::Router& router, const std::function<http::Handler(http::Handler)>& signed_in) {
    auto handler = [this](http::Request) -> asio::awaitable<http::Response> { co_return listen(); };
    router.add("GET", "/console/events", signed_in(handler));
}

}  // namespace pingjing::console
