#include "daemon/reports/api.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <sstream>

#include "daemon/async/timer.hpp"
#include "daemon/store/store.hpp"
#include "tests/support/planter.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::reports;
using test::Planter;

namespace {

// The API over a store on disk, behind a guard that lets in whoever has the scope in `x-scopes`.
struct Service {
    asio::io_context io{};
    test::TempFolder folder{};
    store::Seal seal = store::Seal::from_seed(1);
    VirtualClock clock{*parse_rfc3339("2026-11-27T10:00:00+08:00")};
    std::unique_ptr<store::Store> store = std::move(*store::Store::open(folder.path().string(), store::Store::Runner::own_thread));
    store::ReadThread thread{store->path()};
    http::Router router{};

    explicit Service(bool through_store = false) {
        store->run_now([](store::Connection& db) {
            Planter plant(db);
            for (int i = 0; i < 3; ++i) plant.rated({.record = "R" + std::to_string(i)}, "satisfied");
        });
        auto site = std::make_shared<const ReportSite>();
        ApiParts parts{through_store ? store::read_on(*store) : store::read_on(thread), *store, seal, clock, [site] { return site; }};
        auto guard = [](std::string scope, http::Handler handler) -> http::Handler {
            return [scope, handler](http::Request request) { return check(scope, handler, std::move(request)); };
        };
        add_routes(router, parts, guard);
    }
    static asio::awaitable<http::Response> check(std::string scope, http::Handler handler, http::Request request) {
        bool may = false;
        for (std::istringstream one_of(scope); std::getline(one_of, scope, ',');) may = may || request.header("x-scopes").find(scope) != std::string::npos;
        if (!may) co_return http::problem(403, "Forbidden", scope);
        co_return co_await handler(std::move(request));
    }
    http::Asker asker{};
    http::Response get(const std::string& target, const std::string& scopes = "report") {
        http::Request request;
        request.asker = asker;
        request.method = "GET";
        request.target = target;
        auto mark = target.find('?');
        if (mark != std::string::npos) request.parameters = http::parse_query(std::string_view(target).substr(mark + 1));
        request.headers = {{"x-scopes", scopes}, {"x-pingjing-who", "Inspector \"Wu\""}};
        return test::run(io, router.handle(std::move(request)));
    }
    std::int64_t accesses() {
        std::int64_t count = 0;
        store->run_now([&](store::Connection& db) {
            store::Statement read(db, "SELECT count(*) FROM ledger WHERE kind = 'access'");
            read.step();
            count = read.integer(0);
        });
        return count;
    }
};

}  // namespace

TEST_CASE("the reports are served in each form, from the reading thread or from the store") {
    for (bool through_store : {false, true}) {
        Service service(through_store);
        for (const char* report : {"officers", "units", "force", "exclusions"}) {
            CAPTURE(report);
            auto response = service.get("/v1/reports/" + std::string(report));
            CHECK(response.status == 200);
            CHECK(response.content_type == "application/json");
            auto json = boost::json::parse(response.body);
            CHECK(json.at("report") == report);
            CHECK(json.at("from") == "2026-10-29");
            CHECK(json.at("to") == "2026-11-27");
            CHECK(json.at("as_of") == "2026-11-27T10:00:00+08:00");
        }
        CHECK(boost::json::parse(service.get("/v1/reports/balance").body).at("cases") == 3);
        auto csv = service.get("/v1/reports/units?format=csv&from=2026-11-20&to=2026-11-20");
        CHECK(csv.content_type == "text/csv; charset=utf-8");
        CHECK(csv.body.starts_with("\xEF\xBB\xBFunit,name"));
        CHECK(csv.headers.at(0).second == "attachment; filename=\"units-2026-11-20-2026-11-20.csv\"");
        CHECK(service.get("/v1/reports/units?format=table").body.starts_with("单位满意率"));
    }
}

TEST_CASE("a parameter at fault is named, with what was expected") {
    Service service;
    struct { const char* query; int status; const char* detail; } cases[] = {
        {"from=2026-02-30", 400, "from: expected a day such as 2026-11-21"},
        {"from=2026-11-29", 400, "from: expected a day not after 2026-11-27"},
        {"to=today", 400, "to: expected a day such as 2026-11-21"},
        {"basis=sent", 400, "basis: expected closed or answered"},
        {"format=pdf", 400, "format: expected json, csv, xlsx, html or table"},
        {"raw=maybe", 400, "raw: expected 1 or 0"},
        {"form=csv", 400, "form: expected one of the parameters from, to, basis, service, format, raw"},
    };
    for (auto& c : cases) {
        CAPTURE(c.query);
        auto response = service.get("/v1/reports/units?" + std::string(c.query));
        CHECK(response.status == c.status);
        CHECK(response.content_type == "application/problem+json");
        CHECK(boost::json::parse(response.body).at("detail") == c.detail);
    }
    CHECK(service.get("/v1/reports/ranking").status == 404);
}

TEST_CASE("leaders read sums, inspectors cases, an officer himself, and each look at cases is recorded") {
    Service service;
    CHECK(service.get("/v1/reports/register", "leader").status == 200);
    CHECK(service.get("/v1/reports/units", "leader").status == 200);
    CHECK(service.get("/v1/reports/officers", "leader").status == 403);
    CHECK(service.get("/v1/reports/register", "officer").status == 403);
    CHECK(service.get("/v1/reports/register?cases=1", "report,leader").status == 403);
    CHECK(service.get("/v1/reports/register?raw=1", "report,leader").status == 403);
    CHECK(service.accesses() == 0);
    CHECK(service.get("/v1/reports/register?cases=1&week=2026-W47", "inspect").status == 200);
    CHECK(service.accesses() == 1);
    auto wrong = [&](const char* target) { return boost::json::parse(service.get(target).body).at("detail"); };
    CHECK(wrong("/v1/reports/register?week=47") == "week: expected one such as 2026-W48");
    CHECK(wrong("/v1/reports/register?colour=red") == "colour: expected one of the parameters from, to, week, format, raw, cases");
    CHECK(wrong("/v1/reports/units?week=2026-W47") == "week: expected one of the parameters from, to, basis, service, format, raw");

    // Warnings of a funnel and what looks like gaming are inspection's alone.
    for (const char* report : {"funnel", "signals"}) {
        CAPTURE(report);
        CHECK(service.get(fmt::format("/v1/reports/{}", report), "report,leader").status == 403);
        CHECK(service.get(fmt::format("/v1/reports/{}", report), "inspect").status == 200);
    }
    for (const char* report : {"trend", "response", "assessment"}) {
        CAPTURE(report);
        CHECK(service.get(fmt::format("/v1/reports/{}", report), "leader").status == 200);
        CHECK(service.get(fmt::format("/v1/reports/{}", report), "officer").status == 403);
        CHECK(boost::json::parse(service.get(fmt::format("/v1/reports/{}?basis=answered", report)).body).at("detail") == "basis: expected closed, for this report");
    }
    CHECK(service.accesses() == 1);
    CHECK(service.get("/v1/reports/signals?cases=1", "leader").status == 403);
    CHECK(service.get("/v1/reports/signals?cases=1", "inspect").status == 200);
    CHECK(service.accesses() == 2);

    // Who leads and no more chooses no days: ratings of one month, when all its answers have come.
    service.asker = {"8/局长", "局长", "", "", {"leader"}};
    auto november = boost::json::parse(service.get("/v1/reports/units", "leader").body);  // it is the 27th
    CHECK(november.at("from") == "2026-10-01");
    CHECK(november.at("to") == "2026-10-31");
    for (const char* days : {"from=2026-11-20&to=2026-11-20", "from=2026-11-01&to=2026-11-30", "from=2026-10-01&to=2026-10-30", "from=2026-09-01&to=2026-10-31", "from=2026-10-12&to=2026-10-18", "to=2026-10-31"})
        for (const char* report : {"units", "force", "appeals"}) {
            CAPTURE(days);
            CHECK(service.get(std::string("/v1/reports/") + report + "?" + days, "leader").status == 400);
        }
    CHECK(service.get("/v1/reports/units?from=2026-09-01&to=2026-09-30", "leader").status == 200);
    CHECK(service.get("/v1/reports/register?from=2026-11-21&to=2026-11-23", "leader").status == 400);
    CHECK(service.get("/v1/reports/register?from=2026-11-16&to=2026-11-22", "leader").status == 200);
    // A unit's token sees its own row beside the force's, of settled months, and no warning about itself.
    service.store->run_now([](store::Connection& db) {
        Planter plant(db);
        for (const char* unit : {"320102430000", "320102440000"})
            for (int n = 0; n < 40; ++n) {
                test::Call call;
                call.record = fmt::format("{}-{}", unit, n), call.unit = unit, call.officer = "700001", call.closed = "2026-10-10T10:00:00+08:00";
                plant.rated(call, n % 4 ? "satisfied" : "dissatisfied");
            }
    });
    service.asker = {"9/所长", "所长", "320102430000", "", {"unit"}};
    auto own = boost::json::parse(service.get("/v1/reports/units", "unit").body);
    CHECK(own.at("from") == "2026-10-01");
    std::vector<std::string> shown;
    for (const auto& row : own.at("rows").as_array()) {
        shown.push_back(row.at("unit").is_null() ? "force" : row.at("unit").as_string().c_str());
        CHECK(row.at("funnel").is_null());
    }
    CHECK(shown == std::vector<std::string>{"force", "320102430000"});
    CHECK(service.get("/v1/reports/units?from=2026-11-20&to=2026-11-20", "unit").status == 400);
    CHECK(service.get("/v1/reports/units?raw=1", "unit").status == 403);
    CHECK(service.get("/v1/reports/force", "unit").status == 403);
    service.asker = {"8/局长", "局长", "", "", {"leader"}};
    service.asker.scopes = {"leader", "report"};
    CHECK(service.get("/v1/reports/units?from=2026-11-20&to=2026-11-20", "report,leader").status == 200);
    service.asker = {};

    CHECK(service.get("/v1/reports/mine", "report").status == 403);
    CHECK(service.get("/v1/reports/mine", "officer").status == 403);  // the token does not say who he is
    service.asker = {"5/王杰", "王杰", "", "012345", {"officer"}};
    CHECK(boost::json::parse(service.get("/v1/reports/mine", "officer").body).at("rows").as_array().empty());  // three ratings, this month
    CHECK(service.get("/v1/reports/mine?badge=777777", "officer").status == 400);
    // Whoever was at a call reads nothing of who rated it, whatever else he may.
    CHECK(service.get("/v1/calls/R0", "inspect").status == 404);
    service.asker = {"6/李", "李", "320102430000", "", {"inspect"}};
    CHECK(service.get("/v1/calls/R0", "inspect").status == 404);
    service.asker = {"7/赵", "赵", "320100000000", "900001", {"inspect"}};
    CHECK(service.get("/v1/calls/R0", "inspect").status == 200);
}

TEST_CASE("raw figures need the right to inspect, and who looked is recorded") {
    Service service;
    auto satisfied = [&](const http::Response& response) { return boost::json::parse(response.body).at("rows").at(0).at("satisfied"); };
    CHECK(satisfied(service.get("/v1/reports/force")).is_null());
    CHECK(satisfied(service.get("/v1/reports/force?raw=0")).is_null());
    CHECK(service.get("/v1/reports/force?raw=1", "report").status == 403);
    CHECK(service.get("/v1/reports/force?raw=true", "report").status == 403);
    CHECK(service.get("/v1/reports/force", "inspect").status == 403);
    CHECK(service.accesses() == 0);

    CHECK(satisfied(service.get("/v1/reports/force?raw=1", "inspect")) == 3);
    CHECK(service.accesses() == 1);
    service.store->run_now([](store::Connection& db) {
        store::Statement read(db, "SELECT data FROM ledger WHERE kind = 'access'");
        REQUIRE(read.step());
        auto data = boost::json::parse(read.text(0));
        CHECK(data.at("who") == "Inspector \"Wu\"");
        CHECK(data.at("what") == "report force");
        read.run();
        CHECK(store::recompute(db));
    });
    CHECK(service.get("/v1/reports/force?raw=1&from=x", "inspect").status == 400);
    CHECK(service.accesses() == 1);  // nothing was shown
    // Of ratings of his own nobody reads more than everybody does, nor what the other rows leave of the sum.
    for (const http::Asker& party : {http::Asker{"5/王杰", "王杰", "", "012345", {"inspect"}}, http::Asker{"6/李", "李", "320102430000", "", {"inspect"}}})
        for (const char* report : {"officers", "units", "force"}) {
            CAPTURE(report);
            service.asker = party;
            CHECK(satisfied(service.get(std::string("/v1/reports/") + report + "?raw=1", "inspect")).is_null());
            CHECK(satisfied(service.get(std::string("/v1/reports/") + report + "?raw=1&basis=answered", "inspect")).is_null());
            service.asker = {"7/赵", "赵", "320100000000", "900001", {"inspect"}};
            CHECK(satisfied(service.get(std::string("/v1/reports/") + report + "?raw=1", "inspect")) == 3);
        }
}

TEST_CASE("the story of a call needs the right to inspect, and who looked is recorded") {
    Service service;
    CHECK(service.get("/v1/calls/R1", "report").status == 403);
    CHECK(service.get("/v1/calls/R9", "inspect").status == 404);
    CHECK(service.accesses() == 0);
    auto response = service.get("/v1/calls/R1", "inspect");
    CHECK(response.status == 200);
    CHECK(boost::json::parse(response.body).at("id") == "R1");
    CHECK(service.accesses() == 1);
    CHECK(service.get("/v1/calls/R1?format=text", "inspect").body.starts_with("警情 call R1"));
    CHECK(service.get("/v1/calls/R1?format=csv", "inspect").status == 400);
    CHECK(service.accesses() == 2);
    auto events = boost::json::parse(service.get("/v1/calls/R1", "inspect").body).at("events");
    CHECK(events.at(0).at("kind") == "access");
}

TEST_CASE("what a reader throws reaches the caller, and the next one reads again") {
    asio::io_context io;
    test::TempFolder folder;
    {
        auto store = std::move(*store::Store::open(folder.path().string(), store::Store::Runner::inline_io));
        store->run_now([](store::Connection& db) { db.exec("INSERT INTO meta VALUES ('a', 'b')"); });
    }
    store::ReadThread thread((folder / "pingjing.db").string());
    std::function<void(store::Connection&)> breaks = [](store::Connection&) { throw std::runtime_error("on purpose"); };
    CHECK_THROWS_AS(test::run(io, thread.run(breaks)), std::runtime_error);
    std::function<void(store::Connection&)> writes = [](store::Connection& db) { db.exec("DELETE FROM meta"); };
    CHECK_THROWS_AS(test::run(io, thread.run(writes)), store::SqlError);
    std::string value;
    std::function<void(store::Connection&)> reads = [&](store::Connection& db) {
        store::Snapshot snapshot(db);
        store::Statement read(db, "SELECT value FROM meta WHERE key = 'a'");
        if (read.step()) value = read.text(0);
    };
    test::run(io, thread.run(reads));
    CHECK(value == "b");
}
