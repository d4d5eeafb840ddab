#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/followup/api.hpp"
#include "daemon/store/followups.hpp"
#include "daemon/store/phones.hpp"
#include "tests/support/fail_after.hpp"
#include "tests/support/run.hpp"

using namespace pingjing;
using namespace pingjing::followup;
using store::Connection;
using store::Statement;

namespace {

const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

struct Office {
    asio::io_context io{};
    VirtualClock clock{noon};
    store::Seal seal = store::Seal::from_seed(1);
    std::unique_ptr<store::Store> store = std::move(*store::Store::open("", store::Store::Runner::inline_io));
    http::Router router{};
    std::vector<std::string> scopes{};

    Office() {
        auto guard = [this](std::string scope, http::Handler handler) {
            scopes.push_back(scope);
            return handler;
        };
        add_followup_routes(router, guard, *store, seal, clock);
        store->run_now([&](Connection& db) {
            for (int id = 1; id <= 3; ++id) {
                Statement add(db, "INSERT INTO cases(id, record, content_key, state, unit, category, source, linked_to, language, call_taker, reported_at, "
                                  "received_at, changed_at, kind, safety, flags, officer, phone_id) "
                                  "VALUES (?1, ?2, x'00', 'closed', '320302120000', '', '', '', '', '', 0, 0, 0, 'survey', 0, '', '012345', ?3)");
                add.bind(1, id).bind(2, "R" + std::to_string(id));
                add.bind(3, store::keep_phone(db, seal, *Phone::mobile("1390000000" + std::to_string(id)), noon)).run();
            }
            db.exec("INSERT INTO ratings(id, case_id, at, grade, value, method, effect, unit) VALUES (5, 1, 0, 'dissatisfied', 3, 'code', 'first', '')");
        });
    }
    bool open(std::int64_t case_id, bool urgent, bool no_callback, Instant due_at, std::optional<std::int64_t> rating = std::nullopt) {
        bool opened = false;
        store->run_now([&](Connection& db) { opened = store::open_followup(db, case_id, rating, urgent, no_callback, clock.now(), due_at); });
        return opened;
    }
    std::string value(const std::string& sql) {
        std::string out;
        store->run_now([&](Connection& db) {
            Statement read(db, sql);
            if (read.step()) out = read.is_null(0) ? "null" : read.text(0);
        });
        return out;
    }
    http::Response get(const std::string& target) {
        http::Request request;
        request.method = "GET";
        request.target = target;
        request.parameters = http::parse_query(target.find('?') == std::string::npos ? "" : target.substr(target.find('?') + 1));
        request.headers = {{"x-pingjing-who", "3/张三"}};
        return test::run(io, router.handle(std::move(request)));
    }
};

}  // namespace

TEST_CASE("a follow-up is opened once a case, with its step and its ledger line") {
    Office office;
    CHECK(office.open(1, false, false, noon + 24h, 5));
    CHECK_FALSE(office.open(1, false, false, noon + 24h, 5));
    CHECK_FALSE(office.open(1, false, false, noon + 48h));  // a later limit changes nothing
    CHECK(office.value("SELECT count(*) FROM followups") == "1");
    CHECK(office.value("SELECT who || ' ' || state FROM followup_steps") == "pingjing opened");
    CHECK(office.value("SELECT count(*) FROM ledger WHERE kind <> 'rows'") == "1");
    CHECK(office.value("SELECT kind || ' ' || case_id FROM ledger WHERE kind <> 'rows'") == "followup_opened 1");
}

TEST_CASE("a follow-up only ever becomes more pressing") {
    Office office;
    office.open(1, false, false, noon + 48h);
    office.open(1, true, false, noon + 24h);
    office.open(1, false, true, noon + 72h);
    CHECK(office.value("SELECT urgent || ' ' || no_callback || ' ' || due_at FROM followups") == fmt::format("1 1 {}", to_millis(noon + 24h)));
    CHECK(office.value("SELECT count(*) FROM ledger WHERE kind = 'followup_pressed'") == "2");
    CHECK(office.value("SELECT count(*) FROM followup_steps") == "1");
    office.store->run_now([](Connection& db) { db.exec("UPDATE followups SET state = 'rectifying', due_at = due_at + 1000"); });
    office.open(1, true, true, noon);
    CHECK(office.value("SELECT due_at FROM followups") == std::to_string(to_millis(noon + 24h) + 1000));  // that is another limit now
    office.open(2, false, false, noon + 48h);
    office.store->run_now([](Connection& db) { db.exec("UPDATE followups SET state = 'rectifying' WHERE case_id = 2"); });
    office.open(2, true, false, noon + 24h);
    CHECK(office.value("SELECT urgent || ' ' || due_at FROM followups WHERE case_id = 2") == fmt::format("1 {}", to_millis(noon + 48h)));
}

TEST_CASE("who does not want to be called is noted once, and only where there is a follow-up") {
    Office office;
    bool none = true, first = false, second = true;
    office.store->run_now([&](Connection& db) { none = store::note_no_callback(db, 1, noon); });
    office.open(1, true, false, noon + 24h);
    office.store->run_now([&](Connection& db) {
        first = store::note_no_callback(db, 1, noon);
        second = store::note_no_callback(db, 1, noon);
    });
    CHECK_FALSE(none);
    CHECK(first);
    CHECK_FALSE(second);
    CHECK(office.value("SELECT count(*) FROM ledger WHERE kind = 'followup_no_callback'") == "1");
}

TEST_CASE("opening a follow-up is all or nothing, wherever it fails") {
    for (int steps = 1;; ++steps) {
        CAPTURE(steps);
        Office office;
        bool finished = true;
        try {
            office.store->run_now([&](Connection& db) {
                test::FailAfter fault(db, steps);
                store::open_followup(db, 1, 5, true, false, noon, noon + 24h);
            });
        } catch (const store::SqlError&) {
            finished = false;
        }
        for (const char* table : {"followups", "followup_steps", "ledger WHERE kind <> 'rows'"}) CHECK(office.value(std::string("SELECT count(*) FROM ") + table) == (finished ? "1" : "0"));
        if (finished) break;
        REQUIRE(steps < 5'000);
    }
}

TEST_CASE("GET /v1/followups: open ones, urgent first, then by limit, numbers are masked") {
    Office office;
    CHECK(office.scopes == std::vector<std::string>{"inspect,unit"});
    office.open(1, false, false, noon + 24h, 5);
    office.open(2, false, true, noon + 1h);
    office.open(3, true, false, noon + 48h);
    office.clock.move_to(2h);
    auto answer = office.get("/v1/followups");
    CHECK(office.value("SELECT data FROM ledger WHERE kind = 'access'") == R"({"what":"followups","followups":3,"who":"3/张三"})");
    REQUIRE(answer.status == 200);
    auto body = boost::json::parse(answer.body);
    auto& list = body.at("followups").as_array();
    REQUIRE(list.size() == 3);
    CHECK(list[0].at("case_id") == "R3");
    CHECK(list[1].at("case_id") == "R2");
    CHECK(list[1].at("overdue") == true);
    CHECK(list[1].at("no_callback") == true);
    CHECK(list[1].at("grade").is_null());
    CHECK(boost::json::serialize(list[2]) ==
          R"({"id":1,"case_id":"R1","unit":"320302120000","officer":"012345","opened_at":"2026-11-21T04:00:00Z","due_at":"2026-11-22T04:00:00Z","overdue":false,"state":"opened","urgent":false,"no_callback":false,"grade":"dissatisfied","phone":"139****0001"})");
    CHECK(answer.body.find("13900000001") == std::string::npos);

    office.store->run_now([](Connection& db) { db.exec("UPDATE followups SET state = 'closed' WHERE case_id = 2"); });
    CHECK(boost::json::parse(office.get("/v1/followups?state=open").body).at("followups").as_array().size() == 2);
    auto all = boost::json::parse(office.get("/v1/followups?state=all").body).at("followups").as_array();
    REQUIRE(all.size() == 3);
    CHECK(all[1].at("overdue") == false);  // what is closed is late no more
    CHECK(office.get("/v1/followups?state=late").status == 400);
}
