#include "daemon/console/events.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "daemon/async/task_group.hpp"
#include "daemon/async/timer.hpp"
#include "daemon/store/store.hpp"
#include "tests/http/site.hpp"

using namespace pingjing;

namespace {

const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

struct Page {
    boost::asio::io_context io{};
    VirtualClock clock{noon};
    std::unique_ptr<store::Store> store = std::move(*store::Store::open("", store::Store::Runner::inline_io));
    console::Events events{store::read_on(*store)};
    http::Router router{};
    TaskGroup loops{io.get_executor(), [](const std::string&, std::exception_ptr) {}};

    Page() {
        use_virtual_time(io, clock);
        events.add_route(router, [](http::Handler handler) { return handler; });
        loops.spawn("events", events.run());
    }
    ~Page() {
        loops.stop();
        http::run_on(clock, io, joined());
    }
    boost::asio::awaitable<bool> joined() {
        co_await loops.join();
        co_return true;
    }
    http::Response listen() {
        http::Request request;
        request.method = "GET";
        request.target = request.path = "/console/events";
        return http::run_on(clock, io, router.handle(std::move(request)));
    }
    std::string next(http::Response& response) { return http::run_on(clock, io, response.pieces()); }
    void add_fact(const char* kind) {
        store->run_now([&](store::Connection& db) { store::append(db, clock.now(), kind, std::nullopt, "{}"); });
    }
    void add_alarm() {
        store->run_now([](store::Connection& db) {
            db.exec("INSERT INTO inbound(id, channel, key, to_number, extension, received_at, step) VALUES (1, 'c', 'k', '', '', 0, 'new')");
            db.exec("INSERT INTO alarms(id, inbound_id, at, do_not_contact) VALUES ('a', 1, 0, 0)");
        });
    }
};

}  // namespace

TEST_CASE("a page hears that something changed, and nothing of what") {
    Page page;
    auto stream = page.listen();
    CHECK(stream.content_type == "text/event-stream");
    CHECK(page.next(stream).starts_with("retry:"));
    page.add_fact("rating");
    CHECK(page.next(stream) == "event: change\ndata: 1\n\n");
    page.add_alarm();
    CHECK(page.next(stream).starts_with("event: alarm\ndata: "));
}

TEST_CASE("that somebody looked is no change, or pages would ask each other for ever") {
    Page page;
    auto stream = page.listen();
    page.next(stream);
    page.add_fact("access");
    CHECK(page.next(stream) == ":\n\n");  // a breath, after a while
}

TEST_CASE("a page that is far away listens anew now and then, so that its session is looked at again") {
    Page page;
    auto stream = page.listen();
    page.next(stream);
    int breaths = 0;
    while (page.next(stream) == ":\n\n") ++breaths;
    CHECK(breaths >= 18);
    CHECK(breaths <= 20);
}

TEST_CASE("so many may listen, and a page that left makes room") {
    Page page;
    std::vector<http::Response> streams;
    for (int i = 0; i < 64; ++i) streams.push_back(page.listen());
    CHECK(page.events.listeners() == 64);
    CHECK(page.listen().status == 503);
    streams.pop_back();
    CHECK(page.listen().status == 200);
    streams.clear();
    CHECK(page.events.listeners() == 0);
}

TEST_CASE("when the daemon ends, streams end with it") {
    Page page;
    auto stream = page.listen();
    page.next(stream);
    page.events.end();
    CHECK(page.next(stream).empty());
    CHECK(page.listen().status == 503);
}
