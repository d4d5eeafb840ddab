#include "daemon/reports/queries.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "daemon/core/local_time.hpp"
#include "daemon/core/random.hpp"
#include "daemon/store/receipts.hpp"
#include "tests/support/planter.hpp"

using namespace pingjing;
using namespace pingjing::reports;
using test::Answer;
using test::Call;
using test::Planter;
using test::Survey;

namespace {

const std::string zone = "Asia/Shanghai";
const auto a_week_later = *parse_rfc3339("2026-11-27T10:00:00+08:00");

struct Books {
    store::Connection db{":memory:"};
    Planter plant;
    Names names{};
    Rules rules{};

    Books() : plant((migrate_now(db), db)) {}
    static void migrate_now(store::Connection& fresh) { REQUIRE(store::migrate(fresh)); }

    Table table(Request request, Instant as_of = a_week_later) {
        auto made = make_report(db, names, rules, request, zone, as_of);
        REQUIRE(made);
        return *made;
    }
    boost::json::value json(const std::string& report, bool raw = true, const std::string& basis = "closed", Instant as_of = a_week_later) {
        return boost::json::parse(render_json(table({.report = report, .basis = basis, .raw = raw}, as_of)));
    }
    // The row whose first column is `code`; "" is null.
    boost::json::value row(const std::string& report, const std::string& code, bool raw = true, const std::string& basis = "closed",
                           Instant as_of = a_week_later) {
        auto all = json(report, raw, basis, as_of);
        auto key = report == "officers" ? "officer" : "unit";
        for (const auto& r : all.at("rows").as_array())
            if (code.empty() ? r.at(key).is_null() : r.at(key) == boost::json::value(code)) return r;
        FAIL("no row for ", code);
        return {};
    }
    std::int64_t force(const char* column, const std::string& basis = "closed") {
        return row("force", "", true, basis).at(column).to_number<std::int64_t>();
    }
    std::int64_t book(const char* column) { return json("balance").at(column).to_number<std::int64_t>(); }
};

}  // namespace

TEST_CASE("every case is in exactly one class of the books, whatever became of its survey") {
    struct { const char* state; bool accepted; const char* book; int sent, eligible; } cases[] = {
        {"due", false, "waiting", 0, 1},
        {"held", false, "waiting", 0, 1},
        {"not_sent", false, "waiting", 0, 1},
        {"cancelled", false, "excluded", 0, 0},
        {"sending", false, "pending", 0, 1},
        {"accepted", true, "pending", 1, 1},
        {"in_doubt", false, "in_doubt", 1, 1},
        {"delivered", true, "delivered", 1, 1},
        {"failed", true, "failed", 1, 1},
        {"failed", false, "failed", 0, 1},
        {"expired", true, "expired", 1, 1},
        {"no_report", true, "no_report", 1, 1},
        {"unknown", false, "unknown", 1, 1},
    };
    for (auto& c : cases) {
        CAPTURE(c.state);
        CAPTURE(c.accepted);
        Books books;
        books.plant.survey(books.plant.call({.code = std::string(c.state) == "cancelled" ? std::optional<std::string>("stale") : std::nullopt}),
                           {.state = c.state, .accepted = c.accepted});
        auto json = books.json("balance");
        CHECK(json.at("cases") == 1);
        CHECK(json.at(c.book) == 1);
        CHECK(json.at("excluded").as_int64() + json.at("surveyed").as_int64() + json.at("waiting").as_int64() == 1);
        CHECK(json.at("holds").as_bool());
        CHECK(books.force("sent") == c.sent);
        CHECK(books.force("eligible") == c.eligible);
    }
    Books books;
    books.plant.call({.code = "dv"});
    CHECK(books.book("excluded") == 1);
    CHECK(books.force("eligible") == 0);
}

TEST_CASE("a survey in doubt counts as sent, and still does when a report settles it, whatever it says") {
    for (std::string said : {"delivered", "failed"}) {
        CAPTURE(said);
        Books books;
        books.plant.survey(books.plant.call(), {.state = "in_doubt", .accepted = false});
        CHECK(books.force("sent") == 1);
        store::ReceiptRow receipt;
        receipt.channel = "main", receipt.ref = "ref1", receipt.state = said, receipt.received_at = a_week_later;
        auto message = store::find_receipt_message(books.db, receipt);
        REQUIRE(message);
        REQUIRE(store::apply_receipt(books.db, receipt, *message, a_week_later));
        CHECK(books.book(said.c_str()) == 1);
        CHECK(books.force("sent") == 1);
    }
}

TEST_CASE("under the books stands by what reason how many surveys are in doubt, and no other text") {
    Books books;
    struct { const char* state; const char* outcome; const char* detail; int many; } doubts[] = {
        {"in_doubt", "ambiguous", "no answer in time", 3}, {"in_doubt", "ambiguous", "stopped while the carrier had it", 2}, {"unknown", "ambiguous", "", 1}, {"delivered", "accepted", "", 4}};
    for (const auto& d : doubts)
        for (int i = 0; i < d.many; ++i) {
            auto id = books.plant.survey(books.plant.call(), {.state = d.state, .accepted = false});
            store::Statement add(books.db, "INSERT INTO attempts(message_id, attempt, channel, claimed_at, settled_at, outcome, detail) VALUES (?1, 1, 'main', 1, 1, ?2, nullif(?3, ''))");
            add.bind(1, id).bind(2, d.outcome).bind(3, d.detail).run();
        }
    books.plant.message(books.plant.call(), "thanks", {.state = "in_doubt", .accepted = false});
    auto shown = render_terminal(books.table({.report = "balance"}));
    CHECK(shown.find("存疑 in_doubt: 3 (main) — no answer in time") != std::string::npos);
    CHECK(shown.find("存疑 in_doubt: 2 (main) — stopped while the carrier had it") != std::string::npos);
    CHECK(shown.find("未知 unknown: 1 (main) — ambiguous") != std::string::npos);
    CHECK(shown.find("— accepted") == std::string::npos);
    CHECK(books.book("in_doubt") == 5);
    CHECK(books.book("unknown") == 1);
}

TEST_CASE("a case that is re-coded after it was asked stays surveyed, its rating is left out and counted") {
    Books books;
    for (int i = 0; i < 6; ++i) books.plant.rated({}, "satisfied");
    books.plant.rated({.code = "dv", .recoded_after = true}, "dissatisfied");
    CHECK(books.book("surveyed") == 7);
    CHECK(books.book("excluded") == 0);
    CHECK(books.force("eligible") == 7);
    CHECK(books.force("dissatisfied") == 0);
    CHECK(books.force("n") == 6);
    CHECK(books.json("exclusions").at("rows").as_array().empty());
    auto raw = render_terminal(books.table({.report = "units", .raw = true}));
    CHECK(raw.find("320102430000 1") != std::string::npos);
    CHECK(raw.find("1 answers are left out") != std::string::npos);
    // Shown, they leave by fives, for a unit can re-code its cases one by one and look in between.
    auto shown = [&] {
        auto force = books.row("force", "", false);
        return fmt::format("{} of {}", force.at("dissatisfied").as_int64(), force.at("n").as_int64());
    };
    CHECK(shown() == "1 of 7");
    for (int i = 0; i < 3; ++i) books.plant.rated({.code = "dv", .recoded_after = true}, "dissatisfied");
    CHECK(shown() == "4 of 10");
    books.plant.rated({.unit = "320102440000", .code = "dv", .recoded_after = true}, "dissatisfied");  // another unit's is no fifth
    CHECK(shown() == "5 of 11");
    books.plant.rated({.code = "dv", .recoded_after = true}, "dissatisfied");
    CHECK(shown() == "1 of 7");
    CHECK(render_terminal(books.table({.report = "units"})).find("5 answers are left out") != std::string::npos);
}

TEST_CASE("the books count rows, texts and alarms, and say when they do not balance") {
    Books books;
    books.plant.batch(10, 3, 1, 2, 1, 3);
    books.plant.batch(1, 1, 0, 0, 0, 0);
    auto id = books.plant.call();
    for (const char* cls : {"rated", "repeated", "late", "ambiguous", "opt_out", "help", "none"}) books.plant.text(id, cls);
    auto strange = books.plant.text(std::nullopt, "unmatched");
    books.plant.text(std::nullopt, "quarantined");
    books.plant.text(std::nullopt, "");  // not looked at yet: not in the books
    books.db.exec(("INSERT INTO alarms(id, inbound_id, at, do_not_contact) VALUES ('a', " + std::to_string(strange) + ", 0, 0)").c_str());
    auto json = books.json("balance");
    CHECK(json.at("rows_received") == 11);
    CHECK(json.at("accepted") == 4);
    CHECK(json.at("rows_excluded") == 3);
    CHECK(json.at("inbound") == 9);
    for (const char* cls : {"rated", "repeated", "late", "ambiguous", "opt_out", "help", "none", "unmatched", "quarantined", "alarms"}) {
        CAPTURE(cls);
        CHECK(json.at(cls) == 1);
    }
    CHECK(json.at("holds").as_bool());

    books.plant.survey(id, {.state = "lost in space"});
    CHECK_FALSE(books.json("balance").at("holds").as_bool());
}

TEST_CASE("which of several ratings stands") {
    struct { const char* given; std::vector<const char*> effects, grades; int satisfied, dissatisfied; } cases[] = {
        {"one answer",               {"first"},             {"satisfied"},                     1, 0},
        {"a worse one replaces",     {"first", "replaces"}, {"satisfied", "dissatisfied"},     0, 1},
        {"said again",               {"first", "repeated"}, {"satisfied", "satisfied"},        1, 0},
        {"a better one is reviewed", {"first", "review"},   {"dissatisfied", "satisfied"},     0, 1},
        {"after the follow-up",      {"first", "second"},   {"dissatisfied", "satisfied"},     0, 1},
        {"too late",                 {"late"},              {"dissatisfied"},                  0, 0},
    };
    for (auto& c : cases) {
        CAPTURE(c.given);
        Books books;
        auto id = books.plant.call();
        books.plant.survey(id);
        for (std::size_t i = 0; i < c.effects.size(); ++i) books.plant.answer(id, {.grade = c.grades[i], .effect = c.effects[i]});
        CHECK(books.force("satisfied") == c.satisfied);
        CHECK(books.force("dissatisfied") == c.dissatisfied);
        CHECK(books.force("answered") == 1);
    }
}

TEST_CASE("a survey is late or ambiguous where that is all that came of it") {
    struct { const char* given; std::vector<const char*> classes; bool rated; int late, ambiguous, answered; } cases[] = {
        {"nothing came",                 {},                         false, 0, 0, 0},
        {"late",                         {"late"},                   false, 1, 0, 1},
        {"ambiguous",                    {"ambiguous"},              false, 0, 1, 1},
        {"ambiguous, then late",         {"ambiguous", "late"},      false, 1, 0, 1},
        {"ambiguous, then clear",        {"ambiguous"},              true,  0, 0, 1},
        {"an opt-out is an answer too",  {"opt_out"},                false, 0, 0, 1},
        {"a text of nobody known",       {"unmatched"},              false, 0, 0, 0},
        {"not read yet",                 {""},                       false, 0, 0, 0},
    };
    for (auto& c : cases) {
        CAPTURE(c.given);
        Books books;
        auto id = books.plant.call();
        books.plant.survey(id);
        for (auto* cls : c.classes) books.plant.text(id, cls);
        if (c.rated) books.plant.answer(id);
        CHECK(books.force("late") == c.late);
        CHECK(books.force("ambiguous") == c.ambiguous);
        CHECK(books.force("answered") == c.answered);
    }
}

TEST_CASE("words alone count for the unit at once, for the officer when a person confirmed them") {
    for (const char* method : {"words", "emoji"}) {
        CAPTURE(method);
        Books books;
        auto id = books.plant.call();
        books.plant.survey(id);
        auto text = books.plant.answer(id, {.grade = "dissatisfied", .method = method});
        auto check = [&](int officer_n, int unconfirmed) {
            CHECK(books.row("officers", "012345").at("n") == officer_n);
            CHECK(books.row("officers", "012345").at("unconfirmed") == unconfirmed);
            CHECK(books.row("units", "320102430000").at("n") == 1);
            CHECK(books.row("units", "320102430000").at("unconfirmed") == unconfirmed);
            CHECK(books.force("unconfirmed") == unconfirmed);
        };
        check(0, 1);
        books.plant.review(id, text, std::nullopt);  // waits for a person
        books.plant.review(id, text, "rejected");
        books.plant.review(id, text, "confirmed", "appeal");
        books.plant.review(id, text + 1, "confirmed");  // another text
        check(0, 1);
        books.plant.review(id, text, "confirmed");
        check(1, 0);
    }
    Books books;
    books.plant.rated({}, "satisfied", "code");
    CHECK(books.row("officers", "012345").at("n") == 1);
    CHECK(books.row("officers", "012345").at("unconfirmed") == 0);
}

TEST_CASE("an answer counts for whom the record named then, silence for whom it names now") {
    Books books;
    auto answered = books.plant.call({.unit = "320102440000", .officer = "new"});  // changed after the answer
    books.plant.survey(answered);
    books.plant.answer(answered, {.officer = "old", .unit = "320102430000"});
    books.plant.survey(books.plant.call({.unit = "320102440000", .officer = "new"}));
    CHECK(books.row("officers", "old").at("n") == 1);
    CHECK(books.row("officers", "old").at("delivered") == 1);
    CHECK(books.row("officers", "old").at("response_rate") == 1);
    CHECK(books.row("officers", "new").at("n") == 0);
    CHECK(books.row("officers", "new").at("delivered") == 1);
    CHECK(books.row("units", "320102430000").at("n") == 1);
    CHECK(books.row("units", "320102440000").at("eligible") == 1);
}

TEST_CASE("nobody at the scene, and complaints about police, stand under no officer") {
    Books books;
    books.plant.rated({.officer = std::nullopt}, "satisfied");
    books.plant.rated({.kind = "survey_unit"}, "dissatisfied");
    books.plant.survey(books.plant.call({.kind = "survey_unit"}));
    auto nobody = books.row("officers", "");
    CHECK(nobody.at("n") == 2);
    CHECK(nobody.at("eligible") == 3);
    CHECK(nobody.at("parent").is_null());
    CHECK(books.json("officers").at("rows").as_array().size() == 1);
    CHECK(books.row("units", "320102430000").at("n") == 2);
}

TEST_CASE("units are stations, sub-bureaus above them and the force, under the names of the list") {
    Books books;
    books.names.units["320102430000"] = "城南派出所";
    books.names.units["320102000000"] = "第一分局";
    books.names.officers["012345"] = {"王小明", "320102430000"};
    books.plant.rated({}, "satisfied");
    books.plant.rated({.unit = "320102440000", .officer = "F00231"}, "satisfied");
    books.plant.rated({.unit = "320102000000"}, "satisfied");  // the sub-bureau itself
    books.plant.rated({.unit = "ABC"}, "satisfied");
    std::vector<std::string> rows;
    auto json = books.json("units");
    for (const auto& row : json.at("rows").as_array()) {
        auto word = [&](const char* key) { return row.at(key).is_null() ? std::string("-") : std::string(row.at(key).as_string()); };
        rows.push_back(word("unit") + " " + word("name") + " " + word("parent") + " " + word("level") + " " + std::to_string(row.at("n").as_int64()));
    }
    CHECK(rows == std::vector<std::string>{"- 全局 - force 4", "320102000000 第一分局 - sub_bureau 3", "320102430000 城南派出所 320102000000 station 1",
                                           "320102440000 - 320102000000 station 1", "ABC - - station 1"});
    CHECK(books.row("officers", "012345").at("name") == "王小明");
    CHECK(books.row("officers", "012345").at("parent") == "320102430000");
    CHECK(books.row("officers", "F00231").at("name").is_null());
    CHECK(books.row("officers", "F00231").at("parent") == "320102440000");
}

TEST_CASE("days are local and inclusive, of closing or of the answer") {
    Books books;
    auto id = books.plant.call({.closed = "2026-11-20T23:59:59+08:00"});
    books.plant.survey(id);
    books.plant.answer(id, {.at = "2026-11-22T00:00:00+08:00"});
    auto n = [&](const char* from, const char* to, const char* basis) {
        auto table = books.table({.report = "force", .from = from, .to = to, .basis = basis});
        return boost::json::parse(render_json(table)).at("rows").at(0).at("n").as_int64();
    };
    CHECK(n("2026-11-20", "2026-11-20", "closed") == 1);
    CHECK(n("2026-11-21", "2026-11-21", "closed") == 0);
    CHECK(n("2026-11-19", "2026-11-19", "closed") == 0);
    CHECK(n("2026-11-22", "2026-11-22", "answered") == 1);
    CHECK(n("2026-11-21", "2026-11-21", "answered") == 0);
    CHECK(n("2026-11-01", "2026-11-30", "answered") == 1);

    auto row = books.row("force", "", true, "answered");
    for (const char* key : {"eligible", "sent", "delivered", "response_rate"}) CHECK(row.at(key).is_null());
    CHECK(row.at("answered") == 1);

    auto unreadable = books.plant.call({.closed = "2026-11-20T23:59:59+08:00"});
    books.plant.survey(unreadable);
    books.plant.text(unreadable, "ambiguous", "2026-11-23T00:00:00+08:00");
    CHECK(books.force("ambiguous", "answered") == 1);
}

TEST_CASE("the last 30 days are meant where none are named, today included") {
    auto request = complete({.report = "units"}, {}, zone, a_week_later);
    REQUIRE(request);
    CHECK(request->from == "2026-10-29");
    CHECK(request->to == "2026-11-27");
    CHECK(complete({.report = "units", .to = "2026-03-01"}, {}, zone, a_week_later)->from == "2026-01-31");
    struct { Request asked; const char* expected; } wrong[] = {
        {{.report = "ranking"}, "report: expected officers, units, force, balance, exclusions, paths, desk, appeals, register, funnel, trend, response, assessment or signals"},
        {{.report = "units", .from = "2026-02-30"}, "from: expected a day such as 2026-11-21"},
        {{.report = "units", .to = "yesterday"}, "to: expected a day such as 2026-11-21"},
        {{.report = "units", .from = "2026-11-28"}, "from: expected a day not after 2026-11-27"},
        {{.report = "units", .basis = "sent"}, "basis: expected closed or answered"},
    };
    for (auto& c : wrong) {
        auto refused = complete(c.asked, {}, zone, a_week_later);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().detail == c.expected);
    }
}

TEST_CASE("the response rate waits for the end of the answer window") {
    Books books;
    for (int i = 0; i < 4; ++i) books.plant.survey(books.plant.call());
    books.plant.rated({}, "satisfied");
    auto open = books.plant.call();
    books.plant.survey(open, {.answer_until = "2026-11-30T00:00:00+08:00"});
    books.plant.answer(open);
    CHECK(books.row("force", "").at("response_rate").to_number<double>() == doctest::Approx(0.2));
    auto before = books.row("force", "", true, "closed", Planter::at("2026-11-22T00:00:00+08:00"));
    CHECK(before.at("response_rate").is_null());
    auto at_the_end = books.row("force", "", true, "closed", Planter::at("2026-11-23T12:00:00+08:00"));
    CHECK(at_the_end.at("response_rate").to_number<double>() == doctest::Approx(0.2));
}

TEST_CASE("who is expected what follows from his kind of work and its hours") {
    Books books;
    // 40 quarrels by night go badly for everybody, 40 by day well; thefts are few.
    for (int i = 0; i < 40; ++i) {
        books.plant.rated({.officer = "night", .category = "010203", .reported = "2026-11-20T05:59:59+08:00"}, i % 2 ? "satisfied" : "dissatisfied");
        books.plant.rated({.officer = "day", .category = "019999", .reported = "2026-11-20T06:00:00+08:00"}, "satisfied");
    }
    for (int i = 0; i < 10; ++i) books.plant.rated({.officer = "thief", .category = "020000"}, "satisfied");
    CHECK(books.row("officers", "night").at("expected").to_number<double>() == doctest::Approx(0.5));
    CHECK(books.row("officers", "day").at("expected").to_number<double>() == doctest::Approx(1));
    CHECK(books.row("officers", "thief").at("expected").to_number<double>() == doctest::Approx(70.0 / 90));  // cell and category under 30: the force
}

TEST_CASE("too few answers are not shown, not even by subtraction, unless by right") {
    Books books;
    auto at_station = [&](const std::string& unit, int n) {
        for (int i = 0; i < n; ++i) books.plant.rated({.unit = unit}, "satisfied");
    };
    at_station("320102430000", 3);
    at_station("320102440000", 12);
    at_station("320102450000", 40);
    CHECK(books.row("units", "320102430000", false).at("note") == "n<5");
    CHECK(books.row("units", "320102430000", false).at("satisfied").is_null());
    CHECK(books.row("units", "320102440000", false).at("note") == "withheld");
    CHECK(books.row("units", "320102440000", false).at("satisfied").is_null());
    CHECK(books.row("units", "320102450000", false).at("satisfied") == 40);
    CHECK(books.row("units", "320102430000", true).at("satisfied") == 3);
}

TEST_CASE("exclusions are counted by unit and code, and their share is of all cases") {
    Books books;
    books.plant.survey(books.plant.call());
    books.plant.call({.code = "dv"});
    books.plant.call({.code = "not_closed", .closed = std::nullopt});  // has no day of closing: the day it was reported
    books.plant.survey(books.plant.call({.unit = "320102440000"}), {.state = "cancelled", .code = "cancelled"});
    books.plant.survey(books.plant.call({.code = "sexual"}), {.state = "delivered"});  // asked before it was re-coded
    books.plant.call({.code = "dv", .closed = "2026-09-01T10:00:00+08:00"});           // another time
    std::vector<std::string> rows;
    auto json = books.json("exclusions");
    for (const auto& row : json.at("rows").as_array()) {
        auto unit = row.at("unit").is_null() ? std::string("-") : std::string(row.at("unit").as_string());
        rows.push_back(unit + " " + std::string(row.at("code").as_string()) + " " + std::to_string(row.at("count").as_int64()) + " " +
                       std::to_string(row.at("share").to_number<double>()));
    }
    CHECK(rows == std::vector<std::string>{"- cancelled 1 0.200000", "- dv 1 0.200000", "- not_closed 1 0.200000", "320102430000 dv 1 0.250000",
                                           "320102430000 not_closed 1 0.250000", "320102440000 cancelled 1 1.000000"});
    CHECK(render_terminal(books.table({.report = "exclusions"})).find("涉家庭暴力 dv") != std::string::npos);
}
