#include "daemon/reports/assessment.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "daemon/store/followups.hpp"
#include "tests/support/planter.hpp"

using namespace pingjing;
using namespace pingjing::reports;
using test::Planter;
namespace json = boost::json;

namespace {

const std::string zone = "Asia/Shanghai", east = "320102430000";
const auto as_of = *parse_rfc3339("2026-11-29T10:00:00+08:00");

struct Town {
    store::Connection db{":memory:"};
    store::Seal seal = store::Seal::from_seed(1);
    Planter plant{migrated(db)};
    static store::Connection& migrated(store::Connection& db) {
        REQUIRE(store::migrate(db));
        return db;
    }
    Rules rules{};

    // A complaint of that caller, whose follow-up ran over a limit or not.
    void complain(int caller, bool late, bool dropped = false, const std::string& unit = east) {
        auto id = plant.call({.unit = unit});
        db.exec(fmt::format("INSERT OR IGNORE INTO phones(id, key, sealed, first_seen) VALUES ({}, randomblob(16), x'00', 0)", caller).c_str());
        db.exec(fmt::format("UPDATE cases SET phone_id = {} WHERE id = {}", caller, id).c_str());
        auto at = *parse_rfc3339("2026-11-25T09:00:00+08:00");
        store::open_followup(db, id, std::nullopt, false, false, at, at + std::chrono::hours(24 * 30));
        store::Statement newest(db, "SELECT max(id) FROM followups");
        newest.step();
        auto followup = newest.integer(0);
        auto move = [&](const char* step, FollowupState to, bool found) {
            auto f = *store::find_followup(db, followup);
            store::FollowupMove m;
            m.step = step, m.who = "3/x", m.to = to, m.due_at = f.due_at;
            if (found) m.finding = Finding::valid, m.topic = "attitude";
            REQUIRE(store::move_followup(db, seal, f, m, at));
        };
        move("called_back", FollowupState::called_back, false), move("verified", FollowupState::verified, true);
        if (late) store::escalate_followup(db, followup, at);
        if (dropped) move("dropped", FollowupState::closed, false);
    }
    json::value row(const std::string& unit = east, bool raw = false, Instant when = as_of) {
        auto made = make_report(db, {}, rules, {.report = "assessment", .from = "2026-11-01", .to = "2026-11-28", .raw = raw}, zone, when, &seal);
        REQUIRE_MESSAGE(made, (made ? "" : made.error().detail));
        auto said = json::parse(render_json(*made));
        for (const auto& row : said.at("rows").as_array())
            if (row.at("unit").is_string() && row.at("unit").as_string() == json::string_view(unit)) return row;
        FAIL("no row for ", unit);
        return {};
    }
};

double number(const json::value& row, const char* column) { return row.at(column).to_number<double>(); }

}  // namespace

TEST_CASE("an assessment is the sum of components that stand beside it") {
    Town town;
    for (int i = 0; i < 40; ++i) town.plant.rated({}, i < 36 ? "satisfied" : "dissatisfied");
    for (int i = 0; i < 360; ++i) town.plant.survey(town.plant.call());
    auto bare = town.row();
    CHECK(number(bare, "satisfaction") == doctest::Approx(0.9));  // alone in the force, so its own mix is what is expected
    CHECK(number(bare, "response") == doctest::Approx(0.1 / 0.25));
    CHECK(bare.at("followup").is_null());
    CHECK(bare.at("repeats").is_null());
    CHECK(number(bare, "covered") == doctest::Approx(0.6));
    CHECK(number(bare, "score") == doctest::Approx((0.5 * 0.9 + 0.1 * 0.4) / 0.6).epsilon(1e-4));

    for (int i = 0; i < 4; ++i) town.complain(10 + i, i == 0);
    CHECK(town.row().at("followup").is_null());  // of four nothing is said
    CHECK(town.row().at("repeats").is_null());
    town.complain(10, false);
    town.complain(99, true, true);  // no complaint after all
    auto whole = town.row();
    CHECK(number(whole, "followup") == doctest::Approx(4.0 / 5));
    CHECK(number(whole, "repeats") == doctest::Approx(4.0 / 5));  // the first caller came again
    CHECK(number(whole, "covered") == 1);
    CHECK(number(whole, "score") == doctest::Approx(0.5 * number(whole, "satisfaction") + 0.1 * number(whole, "response") + 0.25 * 0.8 + 0.15 * 0.8).epsilon(1e-4));
    CHECK(number(town.row("320102000000"), "score") == doctest::Approx(number(whole, "score")));

    town.rules.assessment = {.satisfaction = 1, .response = 0, .followup = 1, .repeats = 0, .response_target = 0.25};
    CHECK(number(town.row(), "score") == doctest::Approx((number(whole, "satisfaction") + 0.8) / 2).epsilon(1e-4));
    CHECK(number(town.row(), "repeats_weight") == 0);
}

TEST_CASE("a high response rate gains nothing more") {
    Town town;
    for (int i = 0; i < 40; ++i) town.plant.rated({}, "satisfied");
    CHECK(number(town.row(), "response") == 1);
}

TEST_CASE("an assessment waits until ratings are 24 hours old, and shows no unit that its rates do not show") {
    Town town;
    for (int i = 0; i < 9; ++i) town.plant.rated({}, "satisfied");
    CHECK(town.row().at("score").is_null());
    CHECK(number(town.row(east, true), "score") > 0);
    auto id = town.plant.call();
    town.plant.survey(id);
    town.plant.answer(id, {.at = "2026-11-28T11:00:00+08:00"});
    CHECK(town.row().at("n") == 9);
    CHECK(town.row(east, false, as_of + std::chrono::hours(1)).at("n") == 9);
    CHECK(town.row(east, false, as_of + std::chrono::hours(2)).at("n") == 10);
    CHECK_FALSE(town.row(east, false, as_of + std::chrono::hours(2)).at("score").is_null());
}
