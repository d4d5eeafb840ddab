#include "daemon/reports/funnel.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "daemon/reports/queries.hpp"
#include "daemon/reports/response.hpp"
#include "daemon/reports/trend.hpp"
#include "daemon/store/phones.hpp"
#include "tests/support/planter.hpp"

using namespace pingjing;
using namespace pingjing::reports;
using test::Planter;
namespace json = boost::json;

namespace {

const std::string zone = "Asia/Shanghai";
const auto as_of = *parse_rfc3339("2026-12-05T10:00:00+08:00");

struct Town {
    store::Connection db{":memory:"};
    store::Seal seal = store::Seal::from_seed(1);
    Planter plant{migrated(db)};
    static store::Connection& migrated(store::Connection& db) {
        REQUIRE(store::migrate(db));
        return db;
    }
    Rules rules{};

    void rate(int count, const std::string& grade, int unit, const std::string& day, const std::string& category = "010203", int hour = 9) {
        for (int i = 0; i < count; ++i)
            plant.rated({.unit = fmt::format("3201024300{:02}", unit), .officer = fmt::format("0100{:02}", unit), .category = category, .reported = fmt::format("{}T{:02}:00:00+08:00", day, hour),
                         .closed = day + "T23:00:00+08:00"}, grade);
    }
    void ask(int count, int unit, const std::string& day, const std::string& category = "010203", int hour = 9) {
        for (int i = 0; i < count; ++i)
            plant.survey(plant.call({.unit = fmt::format("3201024300{:02}", unit), .category = category, .reported = fmt::format("{}T{:02}:00:00+08:00", day, hour), .closed = day + "T23:00:00+08:00"}));
    }
    json::array rows(const std::string& report, bool raw = false, const std::string& from = "2026-11-01", const std::string& to = "2026-11-30") {
        auto made = make_report(db, {}, rules, {.report = report, .from = from, .to = to, .raw = raw}, zone, as_of, &seal);
        REQUIRE_MESSAGE(made, (made ? "" : made.error().detail));
        return json::parse(render_json(*made)).at("rows").as_array();
    }
    json::value row(const std::string& report, const char* column, const std::string& value, bool raw = false) {
        for (const auto& row : rows(report, raw))
            if (row.at(column).is_string() && row.at(column).as_string() == json::string_view(value)) return row;
        FAIL("no row for ", value);
        return {};
    }
};

double number(const json::value& row, const char* column) { return row.at(column).to_number<double>(); }

}  // namespace

TEST_CASE("outside 99.8 % once is a warning, twice on one side an alarm") {
    for (std::string october : {"good", "bad", "too good"}) {
        CAPTURE(october);
        Town town;
        for (int unit = 1; unit <= 12; ++unit) {
            bool first = unit == 1;
            town.rate(first ? 25 : 46, "satisfied", unit, "2026-11-10"), town.rate(first ? 25 : 4, "dissatisfied", unit, "2026-11-10");
            int good = !first || october == "good" ? 46 : october == "bad" ? 25 : 50;
            town.rate(good, "satisfied", unit, "2026-10-20"), town.rate(50 - good, "dissatisfied", unit, "2026-10-20");
        }
        auto row = town.row("funnel", "code", "320102430001");
        CHECK(row.at("funnel") == "below");
        CHECK(row.at("dissatisfied_funnel") == "above");
        CHECK(row.at("alarm") == (october == "bad"));
        CHECK(row.at("dissatisfied_alarm") == (october == "bad"));
        CHECK(number(row, "difference") == doctest::Approx(number(row, "rate") - number(row, "expected")));
        CHECK(number(row, "exact_low") < 0.5);
        CHECK(number(row, "exact_high") > 0.5);
        CHECK(town.row("funnel", "code", "010001").at("alarm") == (october == "bad"));
        CHECK(town.row("funnel", "code", "320102430002").at("alarm") == false);
    }
}

TEST_CASE("the funnel shows no more than a row allows") {
    Town town;
    for (int unit = 1; unit <= 13; ++unit) town.rate(unit == 1 ? 4 : unit == 2 ? 9 : unit == 3 ? 29 : 40, "satisfied", unit, "2026-11-10");
    town.rate(1, "dissatisfied", 12, "2026-11-10");
    auto shown = [&](int unit, const char* column) { return !town.row("funnel", "code", fmt::format("3201024300{:02}", unit)).at(column).is_null(); };
    struct { int unit; bool rate, z; } cases[] = {{1, false, false}, {2, false, false}, {3, true, false}, {4, true, true}};
    for (auto& c : cases) {
        CAPTURE(c.unit);
        CHECK(shown(c.unit, "n"));
        for (const char* column : {"rate", "satisfied_low", "dissatisfied_share", "exact_high", "difference"}) CHECK(shown(c.unit, column) == c.rate);
        for (const char* column : {"z", "warn_low", "alarm_high", "funnel", "alarm", "dissatisfied_tail", "dissatisfied_within_high"}) CHECK(shown(c.unit, column) == c.z);
    }
    auto small = town.row("funnel", "code", "320102430001", true);
    CHECK(number(small, "rate") == 1);
}

TEST_CASE("who reads the funnel is not warned of himself or his unit") {
    Town town;
    for (int unit = 1; unit <= 3; ++unit) town.rate(12, "satisfied", unit, "2026-11-10");
    auto codes = [&](const std::string& badge, const std::string& unit) {
        auto made = make_report(town.db, {}, town.rules, {.report = "funnel", .from = "2026-11-01", .to = "2026-11-30", .badge = badge, .unit = unit}, zone, as_of);
        REQUIRE(made);
        std::string out;
        for (const auto& row : made->rows)
            if (const auto* code = std::get_if<std::string>(&row.at(1)); code && !code->ends_with("000000")) out += *code + " ";
        return out;
    };
    CHECK(codes("", "") == "320102430001 320102430002 320102430003 010001 010002 010003 ");
    CHECK(codes("010002", "320102430002") == "320102430001 320102430003 010001 010003 ");
}

TEST_CASE("a week has its name by ISO 8601") {
    CHECK(name_of_week("2026-11-23") == "2026-W48");
    CHECK(name_of_week("2026-12-28") == "2026-W53");
    CHECK(name_of_week("2025-12-29") == "2026-W01");
    CHECK(last_weeks("2026-11-29").to == "2026-11-29");
    CHECK(last_weeks("2026-11-29").from == "2026-09-07");
    CHECK(last_weeks("2026-11-30").to == "2026-11-29");
    CHECK(last_weeks("2026-11-28").to == "2026-11-22");
}

TEST_CASE("a unit beside itself, week by week, and only what may be read of it") {
    Town town;
    const char* mondays[] = {"2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23"};
    for (int week = 0; week < 4; ++week)
        for (int unit = 1; unit <= 2; ++unit) {
            bool bad = week == 3 && unit == 1;
            town.rate(bad ? 20 : 38, "satisfied", unit, mondays[week]), town.rate(bad ? 20 : 2, "dissatisfied", unit, mondays[week]);
        }
    town.rate(4, "dissatisfied", 3, mondays[0]), town.rate(20, "satisfied", 3, mondays[1]);
    std::string seen;
    for (const auto& row : town.rows("trend"))
        if (row.at("unit").is_string() && row.at("unit") == "320102430001")
            seen += fmt::format("{} {}{} ", std::string(row.at("week").as_string()), row.at("n").as_int64(), row.at("signal").is_null() ? "" : " " + std::string(row.at("signal").as_string()));
    CHECK(seen == "2026-W45 40 2026-W46 40 2026-W47 40 2026-W48 40 beyond ");
    for (const auto& row : town.rows("trend")) {
        CAPTURE(json::serialize(row));
        if (!row.at("unit").is_string()) continue;
        if (row.at("unit") == "320102430002") CHECK(row.at("signal").is_null());
        bool small = row.at("unit") == "320102430003" && row.at("n") == 4;
        if (small) CHECK(row.at("note") == "n<5");
        if (small || row.at("note") == "withheld")
            for (const char* column : {"rate", "dissatisfied_share", "centre", "low", "high", "signal"}) CHECK(row.at(column).is_null());
        // Of the third station the second week alone is shown, so the centre is that week's and tells nothing of the first.
        if (row.at("unit") == "320102430003" && row.at("n") == 20) CHECK(number(row, "centre") == 0);
    }
    CHECK(town.rows("trend", false, "2026-11-03", "2026-11-08").empty());  // no whole week
}

TEST_CASE("a week that is not over is not drawn") {
    Town town;
    town.rate(40, "satisfied", 1, "2026-12-01");
    CHECK(town.rows("trend", false, "2026-11-30", "2026-12-06").empty());
}

TEST_CASE("who answers: by unit, category, carrier and hour of the report, of windows that have ended") {
    Town town;
    town.rate(20, "satisfied", 1, "2026-11-10", "010203", 9), town.ask(60, 1, "2026-11-10", "010203", 9);
    town.rate(10, "dissatisfied", 1, "2026-11-10", "020000", 23), town.ask(90, 1, "2026-11-10", "020000", 23);
    town.rate(4, "satisfied", 2, "2026-11-10", "030000", 5);
    auto phone = store::keep_phone(town.db, town.seal, *Phone::mobile("13800000001"), as_of);
    town.db.exec(fmt::format("UPDATE messages SET phone_id = {} WHERE case_id <= 80", phone).c_str());
    auto open = town.plant.call({.unit = "320102430001", .category = "010203", .reported = "2026-11-10T09:00:00+08:00", .closed = "2026-11-10T23:00:00+08:00"});
    town.plant.survey(open, {.answer_until = "2026-12-30T00:00:00+08:00"});
    struct { const char* by; const char* value; int rated, delivered; double rate; } cases[] = {
        {"unit", "320102430001", 30, 180, 30.0 / 180}, {"category", "01", 20, 80, 0.25}, {"category", "02", 10, 100, 0.1}, {"hour", "09", 20, 80, 0.25}, {"hour", "23", 10, 100, 0.1},
        {"carrier", "移动", 20, 80, 0.25},
    };
    auto rows = town.rows("response");
    for (auto& c : cases) {
        CAPTURE(c.value);
        bool found = false;
        for (const auto& row : rows) {
            if (row.at("by") != json::value(c.by) || !row.at("value").is_string() || row.at("value") != json::value(c.value)) continue;
            found = true;
            CHECK(row.at("rated") == c.rated);
            CHECK(row.at("delivered") == c.delivered);
            CHECK(number(row, "response_rate") == doctest::Approx(c.rate).epsilon(1e-4));
        }
        CHECK(found);
    }
    for (const auto& row : rows)
        if (row.at("rated") == 4) {
            CHECK(row.at("delivered").is_null());
            CHECK(row.at("response_rate").is_null());
            CHECK(row.at("note") == "n<5");
        }
    // 80 and 100 of 180 with 20 and 10 answers; the open survey is eligible, too.
    auto unit = town.row("response", "value", "320102430001", true);
    auto strata = std::vector<stats::Stratum>{{81, 20, 20}, {100, 10, 0}};
    CHECK(number(unit, "rate") == doctest::Approx(2.0 / 3).epsilon(1e-4));
    CHECK(number(unit, "weighted_rate") == doctest::Approx(stats::post_stratify(strata)->rate).epsilon(1e-4));
    CHECK(number(unit, "largest_weight") == doctest::Approx(stats::post_stratify(strata)->largest_weight).epsilon(1e-4));
    CHECK(town.row("response", "by", "category").at("weighted_rate").is_null());
}
