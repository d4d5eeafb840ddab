#include "daemon/reports/signals.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "daemon/core/phone.hpp"
#include "daemon/store/followups.hpp"
#include "daemon/store/phones.hpp"
#include "tests/support/planter.hpp"

using namespace pingjing;
using namespace pingjing::reports;
using test::Planter;
namespace json = boost::json;

namespace {

const std::string zone = "Asia/Shanghai";
const auto as_of = *parse_rfc3339("2026-12-05T10:00:00+08:00");

// How one station did in one month, one officer with all of it.
struct Month {
    int cases = 100, rated = 40, dissatisfied = 3, quick = 4, excluded = 10;
    std::string month = "2026-11";
};

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

    static std::string station(int number) { return fmt::format("3201024300{:02}", number); }
    static std::string officer(int number) { return fmt::format("0100{:02}", number); }
    test::Call call(int number, const std::string& day) {
        test::Call c;
        c.unit = station(number), c.officer = officer(number), c.reported = day + "T08:00:00+08:00", c.closed = day + "T10:00:00+08:00";
        return c;
    }
    std::int64_t survey(const test::Call& c) {
        auto id = plant.call(c);
        plant.survey(id, {.answer_until = c.closed->substr(0, 10) + "T23:00:00+08:00", .made = c.closed->substr(0, 10) + "T12:00:00+08:00"});
        return id;
    }
    std::int64_t answer(std::int64_t id, const test::Call& c, const std::string& grade, const std::string& time = "12:10:00", const std::string& effect = "first", const std::string& method = "code") {
        plant.answer(id, {.grade = grade, .method = method, .effect = effect, .at = c.closed->substr(0, 10) + "T" + time + "+08:00", .officer = c.officer, .unit = c.unit});
        return id;
    }
    void month(int number, const Month& m) {
        for (int i = 0; i < m.cases; ++i) {
            auto c = call(number, fmt::format("{}-{:02}", m.month, 1 + i % 28));
            auto id = survey(c);
            if (i < m.rated) answer(id, c, i < m.dissatisfied ? "dissatisfied" : "satisfied", i < m.quick ? "12:00:40" : "12:10:00");
        }
        for (int i = 0; i < m.excluded; ++i) {
            auto c = call(number, fmt::format("{}-{:02}", m.month, 1 + i % 28));
            c.code = "invalid";
            plant.call(c);
        }
    }
    // Twelve stations alike, in both months.
    void alike(int from = 1) {
        for (int number = from; number <= 12; ++number)
            for (const char* when : {"2026-10", "2026-11"}) month(number, {.month = when});
    }
    void phone_of(std::int64_t id, std::int64_t phone, const char* column = "phone_id") {
        db.exec(fmt::format("INSERT OR IGNORE INTO phones(id, key, sealed, first_seen) VALUES ({}, randomblob(16), x'00', 0)", phone).c_str());
        db.exec(fmt::format("UPDATE cases SET {} = {} WHERE id = {}", column, phone, id).c_str());
    }
    void everybody_has_a_phone() {
        db.exec("INSERT INTO phones(id, key, sealed, first_seen) SELECT 100000 + id, randomblob(16), x'00', 0 FROM cases WHERE phone_id = 1");
        db.exec("UPDATE cases SET phone_id = 100000 + id WHERE phone_id = 1");
    }
    void version(std::int64_t id, int number, const std::optional<std::string>& code, const std::string& content) {
        store::Statement add(db, "INSERT INTO case_versions(case_id, number, at, outcome, code, content) VALUES (?1, ?2, 0, 'updated', ?3, ?4)");
        add.bind(1, id).bind(2, number).bind(3, code).bind_blob(4, seal.seal(content, fmt::format("case_versions:{}:{}", id, number))).run();
        db.exec(fmt::format("UPDATE cases SET changed_at = received_at + 1 WHERE id = {}", id).c_str());
    }

    Request november(bool cases = false) {
        Request request;
        request.report = "signals", request.from = "2026-11-01", request.to = "2026-11-30", request.cases = cases;
        return *complete(request, {}, zone, as_of);
    }
    json::array rows(const Request& request) { return json::parse(render_json(signals_report(db, &seal, names, rules, request, zone, as_of))).at("rows").as_array(); }
    // "severity code count" of the rows of one signal.
    std::string found(std::string_view signal, const Request& request) {
        std::string out;
        for (const auto& row : rows(request))
            if (row.at("signal").as_string() == json::string_view(signal.data(), signal.size()))
                out += fmt::format("{}{} {} {}", out.empty() ? "" : ", ", std::string(row.at("severity").as_string()), std::string(row.at("code").as_string()), row.at("count").as_int64());
        return out;
    }
    std::string found(std::string_view signal) { return found(signal, november()); }
    std::set<std::string> behind(std::string_view signal, const Request& request) {
        std::set<std::string> out;
        for (const auto& row : rows(request))
            if (row.at("signal").as_string() == json::string_view(signal.data(), signal.size()))
                out.insert(std::string(row.at("case_id").as_string()) + (row.at("detail").is_null() ? "" : " " + std::string(row.at("detail").as_string())));
        return out;
    }
    std::set<std::string> behind(std::string_view signal) { return behind(signal, november(true)); }
};

std::string record(std::int64_t id) { return "R" + std::to_string(id); }

}  // namespace

TEST_CASE("where all stations are alike there is nothing to see") {
    Town town;
    town.alike();
    town.everybody_has_a_phone();
    CHECK(town.rows(town.november()).empty());
    CHECK(town.rows(town.november(true)).empty());
}

TEST_CASE("a share far above that of peers is a warning, and an alarm when it was so in the period before") {
    struct { const char* signal; Month cheats; std::string station_says, officer_says; std::size_t cases; } tricks[] = {
        {"quick_answers", {.quick = 30}, "320102430001 30", "010001 30", 30},
        {"response_high", {.rated = 90, .dissatisfied = 7, .quick = 9}, "320102430001 90", "010001 90", 90},
        {"exclusion_share", {.excluded = 60}, "320102430001 60", "010001 60", 60},
    };
    for (auto& trick : tricks) {
        CAPTURE(trick.signal);
        for (bool before : {false, true}) {
            CAPTURE(before);
            Town town;
            town.alike(2);
            town.month(1, trick.cheats);
            auto october = before ? trick.cheats : Month();
            october.month = "2026-10";
            town.month(1, october);
            town.everybody_has_a_phone();
            std::string severity = before ? "alarm" : "warn";
            CHECK(town.found(trick.signal) == severity + " " + trick.station_says + ", " + severity + " " + trick.officer_says);
            for (const auto& row : town.rows(town.november())) CHECK(row.at("signal") == trick.signal);  // and nothing else
            auto cases = town.behind(trick.signal);
            CHECK(cases.size() == trick.cases);
        }
    }
}

TEST_CASE("fewer than ten that can be compared are compared with nobody") {
    Town town;
    town.alike(5);
    town.month(1, {.quick = 30});
    CHECK(town.found("quick_answers").empty());
    town.month(2, {}), town.month(3, {});
    CHECK(town.found("quick_answers") == "warn 320102430001 30, warn 010001 30");
}

TEST_CASE("a number of the internal list, as the caller's or the contact's") {
    Town town;
    town.alike();
    town.everybody_has_a_phone();
    auto staff = *Phone::mobile("13900000001");
    town.rules.signals.staff_keys = {town.seal.phone_key(staff), town.seal.phone_key(*Phone::mobile("13900000002"))};
    CHECK(town.found("staff_number").empty());
    auto phone = store::keep_phone(town.db, town.seal, staff, as_of);
    auto c = town.call(3, "2026-11-10");
    c.code = "police";
    auto refused = town.plant.call(c);
    town.phone_of(refused, phone);
    CHECK(town.found("staff_number") == "look 010003 1");
    auto d = town.call(4, "2026-11-11");
    auto rated = town.answer(town.survey(d), d, "satisfied");  // he was put on the list afterwards
    town.phone_of(rated, phone);
    auto e = town.call(5, "2026-11-12");
    auto contact = town.plant.call(e);
    town.phone_of(contact, 777), town.phone_of(contact, phone, "contact_id");
    auto october = town.plant.call(town.call(6, "2026-10-12"));
    town.phone_of(october, phone);
    CHECK(town.found("staff_number") == "warn 010004 1, look 010003 1, look 010005 1");
    CHECK(town.behind("staff_number") == std::set{record(refused) + " calling", record(rated) + " calling, rated satisfied", record(contact) + " contact"});
}

TEST_CASE("one number in many cases: of one officer soon, of all later, repeated calls of one incident never") {
    Town town;
    town.alike();
    town.everybody_has_a_phone();
    auto add = [&](int officer, std::int64_t phone, const char* day, const std::optional<std::string>& code = {}) {
        auto c = town.call(officer, day);
        c.code = code;
        town.phone_of(town.plant.call(c), phone);
    };
    for (const char* day : {"2026-11-03", "2026-11-04"}) add(1, 11, day);
    add(1, 11, "2026-10-31");
    for (int i = 0; i < 5; ++i) add(2, 12, "2026-11-05", "duplicate");
    CHECK(town.found("one_number").empty());
    add(1, 11, "2026-11-05");
    CHECK(town.found("one_number") == "warn 010001 3");
    for (int officer = 3; officer <= 8; ++officer) add(officer, 13, "2026-11-06");  // who calls everybody
    CHECK(town.found("one_number") == "warn 010001 3, look 010003 1, look 010004 1, look 010005 1, look 010006 1, look 010007 1, look 010008 1");
    CHECK(town.behind("one_number").size() == 9);
}

TEST_CASE("what was edited in a closed record: its number, or its code") {
    Town town;
    town.alike();
    town.everybody_has_a_phone();
    auto plain = [&](int officer) { return town.plant.call(town.call(officer, "2026-11-10")); };
    auto numbers = [](const char* calling, const char* contact) { return fmt::format(R"({{"bjdh":"{}","bjrlxdh":"{}","fknr":"找 13911112222"}})", calling, contact); };
    auto edited = plain(1), same = plain(2), while_open = plain(3), recoded = plain(4), erased = plain(5), added = plain(6);
    town.version(edited, 1, {}, numbers("13800000001", "13800000001")), town.version(edited, 2, {}, numbers("13800000001", "13800000009"));
    town.version(same, 1, {}, numbers("13800000001", "")), town.version(same, 2, {}, numbers("+86 138-0000-0001", "无"));
    town.version(while_open, 1, "not_closed", numbers("13800000001", "")), town.version(while_open, 2, "dv", numbers("13800000003", ""));
    town.version(recoded, 1, {}, "{}"), town.version(recoded, 2, "dv", "{}"), town.version(recoded, 3, "invalid", "{}");
    town.version(erased, 1, {}, numbers("13800000001", "")), town.version(erased, 2, {}, numbers("13800000002", ""));
    town.db.exec(fmt::format("UPDATE case_versions SET content = x'' WHERE case_id = {}", erased).c_str());
    town.version(added, 1, "capped", numbers("13800000001", "")), town.version(added, 2, {}, numbers("13800000001", "13800000008"));
    CHECK(town.found("number_edited") == "warn 010001 1, warn 010006 1");
    CHECK(town.behind("number_edited") == std::set{record(edited) + " edited: bjrlxdh", record(added) + " edited: bjrlxdh"});
    CHECK(town.found("recoded") == "look 010004 1");
    CHECK(town.behind("recoded") == std::set{record(recoded) + " now dv"});
    CHECK(town.found("recoded_share").empty());
}

TEST_CASE("re-coding more closed cases than others do") {
    Town town;
    town.alike();
    for (int i = 0; i < 20; ++i) {
        auto id = town.plant.call(town.call(7, "2026-11-10"));
        town.version(id, 1, {}, "{}"), town.version(id, 2, "secret", "{}");
    }
    CHECK(town.found("recoded_share") == "warn 320102430007 20, warn 010007 20");
    CHECK(town.found("recoded") == "warn 010007 20");
}

TEST_CASE("a 3, and then a better answer") {
    Town town;
    town.alike();
    auto say = [&](int officer, const std::string& first, const std::string& then, const std::string& effect, const std::string& method = "code") {
        auto c = town.call(officer, "2026-11-10");
        auto id = town.answer(town.survey(c), c, first);
        return town.answer(id, c, then, "12:14:00", effect, method);
    };
    auto pressed = say(1, "dissatisfied", "satisfied", "review");
    say(2, "dissatisfied", "satisfied", "second");           // after the call-back: what one hopes for
    say(3, "satisfied", "satisfied", "repeated");
    say(4, "satisfied", "dissatisfied", "replaces");
    say(5, "dissatisfied", "satisfied", "replaces", "person");  // who decided on a review that is told by itself
    auto later = say(6, "dissatisfied", "basically_satisfied", "repeated"), again = say(6, "dissatisfied", "satisfied", "late");
    CHECK(town.found("three_then_better") == "warn 010006 2, look 010001 1");
    CHECK(town.behind("three_then_better") == std::set{record(pressed) + " 3 then 1, review, after 240 s", record(later) + " 3 then 2, repeated, after 240 s", record(again) + " 3 then 1, late, after 240 s"});
}

TEST_CASE("what was settled by hand") {
    Town town;
    town.alike();
    auto c = town.call(1, "2026-11-10");
    c.code = "cancelled";
    auto called_off = town.plant.call(c);
    auto words = [&](int officer, const std::string& grade, const std::string& decision, const std::optional<std::string>& corrected = {}) {
        auto d = town.call(officer, "2026-11-11");
        auto id = town.survey(d);
        auto text = town.plant.answer(id, {.grade = grade, .method = "words", .at = "2026-11-11T13:00:00+08:00", .officer = d.officer, .unit = d.unit});
        town.plant.review(id, text, decision);
        if (corrected) {
            store::Statement add(town.db, "INSERT INTO ratings(id, case_id, inbound_id, at, grade, value, method, effect, officer, unit) VALUES (?1, ?2, ?3, ?4, ?5, 1, 'person', 'replaces', ?6, ?7)");
            add.bind(1, town.db.next_id("ratings")).bind(2, id).bind(3, text).bind(4, Planter::at("2026-11-11T14:00:00+08:00")).bind(5, *corrected).bind(6, d.officer).bind(7, d.unit).run();
        }
        return id;
    };
    auto refuted = words(2, "dissatisfied", "none"), softened = words(3, "dissatisfied", "corrected", "basically_satisfied");
    words(4, "dissatisfied", "confirmed"), words(5, "satisfied", "none"), words(6, "basically_satisfied", "corrected", "dissatisfied");
    town.db.exec("DROP TRIGGER IF EXISTS reviews_decided_once");
    store::Statement decided(town.db, "UPDATE reviews SET closed_at = ?1");
    decided.bind(1, Planter::at("2026-11-12T09:00:00+08:00")).run();
    auto d = town.call(7, "2026-11-10");
    auto dropped = town.answer(town.survey(d), d, "dissatisfied");
    store::open_followup(town.db, dropped, std::nullopt, true, false, Planter::at("2026-11-10T13:00:00+08:00"), Planter::at("2026-11-11T13:00:00+08:00"));
    auto f = *store::find_followup(town.db, 1);
    REQUIRE(store::move_followup(town.db, town.seal, f, {.step = "dropped", .who = "3/x", .to = FollowupState::closed, .due_at = f.due_at}, Planter::at("2026-11-12T13:00:00+08:00")));
    CHECK(town.found("closed_by_hand") == "look 010001 1, look 010002 1, look 010003 1, look 010007 1");
    CHECK(town.behind("closed_by_hand") == std::set{record(called_off) + " survey called off", record(refuted) + " dissatisfied, then none by a person",
                                                    record(softened) + " dissatisfied, then corrected by a person", record(dropped) + " complaint dropped"});
}

TEST_CASE("a record that is never closed") {
    Town town;
    auto c = town.call(1, "2026-11-20"), fresh = town.call(2, "2026-12-02");
    c.closed.reset(), fresh.closed.reset();
    auto id = town.plant.call(c);
    town.plant.call(fresh);
    CHECK(town.found("open_age") == "look 010001 1");
    CHECK(town.behind("open_age") == std::set{record(id) + " open since its report"});
    town.db.exec("UPDATE cases SET state = 'cancelled'");
    CHECK(town.found("open_age").empty());
}

TEST_CASE("ratings below the funnel and above it are warnings, with the cases behind them") {
    Town town;
    town.alike(3);
    town.month(1, {.dissatisfied = 16}), town.month(2, {.dissatisfied = 0});
    town.everybody_has_a_phone();
    CHECK(town.found("rate_low") == "warn 320102430001 40, warn 010001 40");
    CHECK(town.found("dissatisfied_many") == "warn 320102430001 16, warn 010001 16");
    CHECK(town.behind("dissatisfied_many").size() == 16);
    CHECK(town.found("rate_high") == "warn 320102430002 40, warn 010002 40");
    CHECK(town.found("dissatisfied_few") == "warn 320102430002 0, warn 010002 0");
    CHECK(town.behind("rate_high").size() == 40);
}

TEST_CASE("who reads signals is not told of himself or his unit") {
    Town town;
    town.alike(2);
    town.month(1, {.quick = 30});
    town.everybody_has_a_phone();
    auto as = [&](const std::string& badge, const std::string& unit, bool cases = false) {
        auto request = town.november(cases);
        request.badge = badge, request.unit = unit;
        return request;
    };
    CHECK(town.found("quick_answers", as("", "")) == "warn 320102430001 30, warn 010001 30");
    CHECK(town.found("quick_answers", as("010001", "")) == "warn 320102430001 30");
    CHECK(town.found("quick_answers", as("", "320102430001")).empty());
    CHECK(town.found("quick_answers", as("010002", "320102430002")) == "warn 320102430001 30, warn 010001 30");
    CHECK(town.behind("quick_answers", as("010001", "", true)).empty());  // all of them are his
    CHECK(town.behind("quick_answers", as("010002", "320102430002", true)).size() == 30);
}
