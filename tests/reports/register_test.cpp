#include "daemon/reports/register.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "daemon/core/followup.hpp"
#include "daemon/reports/own.hpp"
#include "daemon/store/followups.hpp"
#include "tests/support/planter.hpp"

using namespace pingjing;
using namespace pingjing::reports;
using test::Planter;
namespace json = boost::json;

namespace {

const std::string zone = "Asia/Shanghai", east = "320102430000", west = "320104430000";
const auto as_of = *parse_rfc3339("2026-11-29T10:00:00+08:00"), monday = *parse_rfc3339("2026-11-30T10:00:00+08:00");

// Complaints whose findings are known; numbers of people are ids here.
struct Town {
    store::Connection db{":memory:"};
    store::Seal seal = store::Seal::from_seed(1);
    Planter plant{migrated(db)};
    static store::Connection& migrated(store::Connection& db) {
        REQUIRE(store::migrate(db));
        return db;
    }
    Rules rules{};
    Names names{};

    struct Complaint {
        std::string unit = east, topic = "attitude", day = "2026-11-25", place{}, finding = "valid", officer = "012345";
        int phone = 0;  // 0: somebody new
    };
    std::int64_t complain(const Complaint& c) {
        test::Call call;
        call.unit = c.unit, call.officer = c.officer;
        auto id = plant.call(call);
        auto phone = c.phone ? c.phone : 1000 + static_cast<int>(id);
        db.exec(fmt::format("INSERT OR IGNORE INTO phones(id, key, sealed, first_seen) VALUES ({}, randomblob(16), x'00', 0)", phone).c_str());
        db.exec(fmt::format("UPDATE cases SET phone_id = {} WHERE id = {}", phone, id).c_str());
        auto at = *parse_rfc3339(c.day + "T09:00:00+08:00");
        store::open_followup(db, id, std::nullopt, false, false, at, at + std::chrono::hours(24));
        store::Statement newest(db, "SELECT max(id) FROM followups");
        newest.step();
        auto followup = newest.integer(0);
        auto move = [&](const char* step, FollowupState to, bool found) {
            auto f = *store::find_followup(db, followup);
            store::FollowupMove m;
            m.step = step, m.who = "3/x", m.to = to, m.due_at = f.due_at;
            if (found) m.finding = parse_finding(c.finding), m.topic = c.topic, m.place = c.place;
            REQUIRE(store::move_followup(db, seal, f, m, at));
        };
        move("called_back", FollowupState::called_back, false);
        move("verified", FollowupState::verified, true);
        return followup;
    }
    void drop(std::int64_t followup, const std::string& at) {
        db.exec(fmt::format("INSERT INTO followup_steps(id, followup_id, at, who, state) VALUES ({}, {}, {}, '3/x', 'dropped')", 8000 + followup, followup, to_millis(*parse_rfc3339(at))).c_str());
    }
    void complain(int times, const Complaint& c) {
        for (int i = 0; i < times; ++i) complain(c);
    }
    Request week() {
        Request request;
        request.report = "register", request.week = "2026-W48";
        return *complete(request, {}, zone, monday);
    }
    json::array rows(const Request& request) { return json::parse(render_json(register_report(db, &seal, names, rules, request, zone))).at("rows").as_array(); }
    // "unit topic n" of each row.
    std::string sums(const Request& request) {
        std::string out;
        for (const auto& row : rows(request))
            out += fmt::format("{}{} {} {}", out.empty() ? "" : "; ", row.at("unit").is_null() ? "all" : row.at("unit").as_string().c_str(), row.at("topic").is_null() ? "none" : row.at("topic").as_string().c_str(),
                               row.at("n").as_int64());
        return out;
    }
};

}  // namespace

TEST_CASE("the topics are the closed set of the table") {
    CHECK(topics().size() == 10);
    CHECK(topics().front().name == "response_speed");
    CHECK(topics().front().chinese == "出警速度");
    CHECK(is_topic("integrity"));
    CHECK_FALSE(is_topic("topic"));
    CHECK_FALSE(is_topic(""));
}

TEST_CASE("a week has its Monday and its Sunday") {
    CHECK(read_week("2026-W48")->from == "2026-11-23");
    CHECK(read_week("2026-W48")->to == "2026-11-29");
    CHECK(read_week("2026-W01")->from == "2025-12-29");
    CHECK(read_week("2026-W53")->from == "2026-12-28");
    CHECK(read_week("2027-W01")->from == "2027-01-04");
    for (const char* wrong : {"", "2026-48", "2026-W00", "2026-W54", "2027-W53", "2026-W4x", "20x6-W48"}) CHECK_FALSE(read_week(wrong));
}

TEST_CASE("what is complained of most comes first, and a complaint belongs to the day it was found out") {
    Town town;
    town.complain(6, {});
    town.complain(9, {.topic = "response_speed"});
    town.complain(5, {.unit = west, .topic = "response_speed"});
    town.complain(1, {.day = "2026-11-22"});  // the Sunday before
    town.complain(1, {.day = "2026-11-30"});
    CHECK(town.sums(town.week()) == "all response_speed 14; all attitude 6; 320102430000 response_speed 9; 320102430000 attitude 6; 320104430000 response_speed 5");
    CHECK(town.rows(town.week())[0].at("topic_name").as_string() == "出警速度");
    // No complaint after all, as was known by the end of the week.
    town.drop(7, "2026-11-29T23:59:00+08:00");
    CHECK(town.sums(town.week()).starts_with("all response_speed 13; all attitude 6;"));
}

TEST_CASE("a week that is over stays: looked at again, found out again, or refuted when it was over") {
    Town town;
    town.complain(6, {});
    auto sums = town.sums(town.week());
    CHECK(sums == "all attitude 6; 320102430000 attitude 6");
    town.db.exec("UPDATE followups SET state = 'opened' WHERE id = 1");
    CHECK(town.sums(town.week()) == sums);
    town.db.exec(fmt::format("INSERT INTO followup_steps(id, followup_id, at, who, state) VALUES (9000, 1, {}, '3/x', 'verified')", to_millis(monday)).c_str());
    CHECK(town.sums(town.week()) == sums);
    town.drop(2, "2026-11-30T00:01:00+08:00");
    CHECK(town.sums(town.week()) == sums);
}

TEST_CASE("no sum of few is shown, nor to be had from the others") {
    Town town;
    town.complain(4, {.topic = "integrity"});
    town.complain(7, {});
    town.complain(3, {.unit = west});
    // Ten of attitude: were 7 of the east shown, the west's 3 would be known.
    CHECK(town.sums(town.week()) == "all attitude 10");
    town.complain(6, {.unit = "320105430000"});
    CHECK(town.sums(town.week()) == "all attitude 16; 320102430000 attitude 7");  // 9 are left out, of two or more units
    auto raw = town.week();
    raw.raw = true;
    CHECK(town.sums(raw) == "all attitude 16; all integrity 4; 320102430000 attitude 7; 320102430000 integrity 4; 320104430000 attitude 3; 320105430000 attitude 6");
}

TEST_CASE("who, where, whom and what comes again within ninety days") {
    Town town;
    town.complain({.day = "2026-08-01", .place = "栖霞路12号", .officer = "1", .phone = 7});
    town.complain({.day = "2026-11-24", .place = "栖霞路 １２ 号", .officer = "2", .phone = 7});   // too long ago
    town.complain({.day = "2026-11-25", .place = "栖霞路12号", .officer = "2", .phone = 8});      // the place, the officer, the topic
    town.complain({.topic = "no_answer", .day = "2026-11-26", .place = "别处", .officer = "3", .phone = 7});  // the caller
    town.complain({.unit = west, .day = "2026-11-27", .place = "栖霞路12号", .officer = "4"});    // another unit's place of that name
    auto request = town.week();
    request.cases = true;
    auto rows = town.rows(request);
    REQUIRE(rows.size() == 4);
    auto again = [&](std::size_t row) {
        std::string out;
        for (const char* what : {"caller", "place", "officer", "topic"})
            if (rows[row].at(std::string("again_") + what).as_bool()) out += std::string(what) + " ";
        return out;
    };
    CHECK(again(0) == "");
    CHECK(again(1) == "place officer topic ");
    CHECK(again(2) == "caller ");
    CHECK(again(3) == "");
    CHECK(rows[1].at("place").as_string() == "栖霞路12号");
    CHECK(json::serialize(rows).find("phone") == std::string::npos);
    request.cases = false, request.raw = true;
    auto sums = town.rows(request);
    CHECK(sums[0].at("topic").as_string() == "attitude");
    CHECK(sums[0].at("again_place").as_int64() == 1);
    CHECK(sums[0].at("again_caller").as_int64() == 0);
}

TEST_CASE("nobody reads the cases of his own unit, or at which he was") {
    Town town;
    town.complain({});
    town.complain({.unit = west, .officer = "777777"});
    auto request = town.week();
    request.cases = true;
    CHECK(town.rows(request).size() == 2);
    request.unit = east;
    CHECK(town.rows(request).size() == 1);
    request.unit.clear(), request.badge = "777777";
    CHECK(town.rows(request).size() == 1);
    request.cases = false, request.raw = true;
    CHECK(town.sums(request) == "all attitude 1; 320102430000 attitude 1");
    request.cases = true;
    town.db.exec("INSERT INTO case_officers(case_id, position, badge, role) VALUES (1, 1, '777777', 'co')");
    CHECK(town.rows(request).empty());
}

TEST_CASE("a week or days, and only of the register") {
    Request request;
    request.report = "register";
    CHECK(complete(request, {}, zone, as_of)->from == "2026-11-16");  // on Sunday this week is not over
    CHECK(complete(request, {}, zone, monday)->from == "2026-11-23");
    CHECK(complete(request, {}, zone, monday)->to == "2026-11-29");
    // What two periods differ by would be one complaint.
    struct { const char* from; const char* to; } wrong[] = {{"2026-11-16", "2026-11-21"}, {"2026-11-17", "2026-11-23"}, {"2026-11-09", "2026-11-22"}, {"2026-11-23", "2026-11-29"}, {"2026-11-21", ""}};
    for (auto& days : wrong) {
        CAPTURE(days.from);
        request.from = days.from, request.to = days.to;
        CHECK(complete(request, {}, zone, as_of).error().detail.starts_with("from, to: expected the Monday and the Sunday of one week that is over"));
        request.raw = true;
        CHECK(complete(request, {}, zone, as_of));
        request.raw = false;
    }
    request.from = "2026-11-16", request.to = "2026-11-22";
    CHECK(complete(request, {}, zone, as_of));
    request.to.clear();
    request.week = "2026-W47", request.from = "2026-11-01";
    CHECK(complete(request, {}, zone, as_of).error().detail == "week: expected either a week or days");
    request.from.clear(), request.report = "units";
    CHECK(complete(request, {}, zone, as_of).error().detail == "week: expected the report register with it");
    request.week.clear(), request.cases = true;
    CHECK(complete(request, {}, zone, as_of).error().detail == "cases: expected the report register or signals with it");
}

TEST_CASE("an officer sees himself in months that are over, five ratings at a time") {
    Town town;
    auto rated = [&](const std::string& grade, const std::string& at, const std::string& method = "code") {
        auto id = town.plant.call();
        town.plant.answer(id, {.grade = grade, .method = method, .at = at});
        return id;
    };
    auto mine = [&] { return json::serialize(json::parse(render_json(own_report(town.db, town.rules, "012345", zone, as_of))).at("rows")); };
    for (int i = 0; i < 4; ++i) rated("satisfied", "2026-08-03T10:00:00+08:00");
    CHECK(mine() == "[]");  // four are too few, however old
    rated("dissatisfied", "2026-11-02T10:00:00+08:00");
    CHECK(mine() == "[]");  // November is not over
    rated("dissatisfied", "2026-10-31T23:59:00+08:00");
    rated("satisfied", "2026-10-31T23:59:00+08:00", "words");  // nobody has confirmed it
    CHECK(mine() == R"([{"from":"2026-08","to":"2026-10","n":5,"satisfied":4,"basically_satisfied":0,"dissatisfied":1,"rate":null,"note":"n<10"}])");
    // A correction counts once, another officer's not, nor one of which a person said that it is none.
    auto corrected = rated("dissatisfied", "2026-07-01T10:00:00+08:00");
    town.plant.answer(corrected, {.effect = "replaces", .at = "2026-07-01T10:05:00+08:00"});
    auto other = town.plant.call();
    town.plant.answer(other, {.at = "2026-07-01T10:00:00+08:00", .officer = "777777"});
    CHECK(mine().starts_with(R"([{"from":"2026-07","to":"2026-08","n":5,"satisfied":5,)"));
    // Nor does a month that was shown move because a case was re-coded, which its officer can bring about.
    auto before = mine();
    town.db.exec(fmt::format("UPDATE cases SET recoded_after = 1 WHERE id = {}", corrected).c_str());
    CHECK(mine() == before);
    CHECK(json::serialize(json::parse(render_json(own_report(town.db, town.rules, "nobody", zone, as_of))).at("rows")) == "[]");
}
