#include <doctest/doctest.h>

#include <cmath>

#include "daemon/reports/compare.hpp"
#include "daemon/reports/score.hpp"

using namespace pingjing;
using namespace pingjing::reports;

namespace {

Tally tally(std::int64_t s, std::int64_t b, std::int64_t d, double expected = 0.889) {
    Tally t;
    t.rate(Grade::satisfied, {}, s);
    t.rate(Grade::basically_satisfied, {}, b);
    t.rate(Grade::dissatisfied, {}, d);
    t.expected_sum = expected * static_cast<double>(t.n());
    t.eligible = 3 * t.n();
    t.sent = 2 * t.n();
    t.delivered = 2 * t.n();
    t.answered = t.n();
    t.ended_delivered = t.delivered;
    t.ended_rated = t.n();
    return t;
}

Subject officer(std::string badge, std::string unit, Tally t) {
    Subject s;
    s.code = std::move(badge);
    s.parent = std::move(unit);
    s.tally = t;
    return s;
}

Subject unit(std::string code, std::optional<std::string> parent, Level level, Tally t) {
    Subject s;
    s.code = std::move(code);
    s.parent = std::move(parent);
    s.level = level;
    s.tally = t;
    return s;
}

std::string notes(const std::vector<ReportRow>& rows) {
    std::string out;
    for (const auto& row : rows) out += (out.empty() ? "" : " ") + (row.note == Note::none ? std::string("ok") : std::string(note_code(row.note)));
    return out;
}

// To the decimals of the source it is checked against.
double percent(double p, int decimals = 0) {
    auto scale = std::pow(10.0, decimals);
    return std::round(p * 100 * scale) / scale;
}

// Twenty officers with fifty ratings each, of which `dissatisfied[i]` are bad.
std::vector<Subject> peers(const std::vector<std::int64_t>& dissatisfied, Tally& force) {
    std::vector<Subject> out;
    for (std::size_t i = 0; i < dissatisfied.size(); ++i) {
        out.push_back(officer("P" + std::to_string(i), "U", tally(50 - dissatisfied[i], 0, dissatisfied[i])));
        force += out.back().tally;
    }
    return out;
}

std::string funnels(const std::vector<ReportRow>& rows) {
    std::string out;
    for (const auto& row : rows) out += !row.funnel ? '.' : *row.funnel == Funnel::below ? '-' : *row.funnel == Funnel::above ? '+' : '=';
    return out;
}

}  // namespace

TEST_CASE("the headline rate is the one Dongguan published") {
    auto dongguan = tally(6554, 731, 496);
    CHECK(dongguan.n() == 7781);
    auto row = score({officer("d", "u", dongguan)}, dongguan, {}).at(0);
    CHECK(percent(*row.rate, 2) == 88.93);
    CHECK(percent(*row.satisfied_share, 2) == 84.23);
    CHECK(percent(*row.positive_share, 2) == 93.63);
    CHECK(percent(*row.dissatisfied_share, 2) == 6.37);
}

TEST_CASE("a row shows no more than its number of ratings allows") {
    struct { std::int64_t n; bool counts, rates; const char* note; } cases[] = {
        {0, false, false, "n<5"}, {4, false, false, "n<5"}, {5, true, false, "n<10"}, {9, true, false, "n<10"},
        {10, true, true, "small_sample"}, {29, true, true, "small_sample"}, {30, true, true, ""},
    };
    for (const auto& c : cases) {
        CAPTURE(c.n);
        auto subject = officer("012345", "u", tally(c.n, 0, 0));
        auto row = score({subject}, subject.tally, {}).at(0);
        CHECK(row.n == c.n);
        CHECK(row.eligible == 3 * c.n);
        CHECK(row.sent == 2 * c.n);
        for (const auto& count : {row.delivered, row.answered, row.satisfied, row.basically_satisfied, row.dissatisfied, row.unconfirmed, row.late, row.ambiguous})
            CHECK(count.has_value() == c.counts);
        for (const auto& rate : {row.rate, row.wilson_low, row.wilson_high, row.satisfied_share, row.positive_share, row.positive_low, row.positive_high,
                                 row.dissatisfied_share, row.shrunk, row.expected, row.response_rate})
            CHECK(rate.has_value() == c.rates);
        CHECK(note_code(row.note) == c.note);

        Rules raw;
        raw.raw = true;
        auto all = score({subject}, subject.tally, raw).at(0);
        CHECK(all.satisfied == c.n);
        CHECK(all.rate.has_value() == (c.n > 0));
        CHECK(note_code(all.note) == c.note);
    }
}

TEST_CASE("by day of answer, what was sent has no meaning") {
    Rules rules;
    rules.by_answer = true;
    auto subject = officer("012345", "u", tally(40, 0, 0));
    auto row = score({subject}, subject.tally, rules).at(0);
    CHECK_FALSE(row.eligible);
    CHECK_FALSE(row.sent);
    CHECK_FALSE(row.delivered);
    CHECK_FALSE(row.response_rate);
    CHECK(row.rate);
    CHECK(row.answered == 40);
}

TEST_CASE("a hidden row cannot be had by subtraction") {
    auto n = [](std::int64_t count) { return tally(count, 0, 0); };
    struct { const char* given; std::vector<Subject> rows; const char* expected; } cases[] = {
        {"one hidden: the smallest other goes too", {officer("a", "u", n(3)), officer("b", "u", n(40)), officer("c", "u", n(31))}, "n<5 ok withheld"},
        {"two hidden protect each other", {officer("a", "u", n(3)), officer("b", "u", n(1)), officer("c", "u", n(31))}, "n<5 n<5 ok"},
        {"a row without ratings protects nobody", {officer("a", "u", n(3)), officer("b", "u", n(0)), officer("c", "u", n(31))}, "n<5 n<5 withheld"},
        {"and needs no protection", {officer("a", "u", n(0)), officer("b", "u", n(31))}, "n<5 ok"},
        {"units are apart", {officer("a", "u", n(3)), officer("b", "v", n(31)), officer("c", "u", n(50))}, "n<5 ok withheld"},
        {"alone in its unit", {officer("a", "u", n(3))}, "n<5"},
        {"a withheld sub-bureau must not be the sum of its stations",
         {unit("A1", "A", Level::station, n(20)), unit("A2", "A", Level::station, n(10)), unit("B1", "B", Level::station, n(3)),
          unit("C1", "C", Level::station, n(60)), unit("A", {}, Level::sub_bureau, n(30)), unit("B", {}, Level::sub_bureau, n(3)),
          unit("C", {}, Level::sub_bureau, n(60)), unit("F", {}, Level::force, n(93))},
         "small_sample withheld n<5 ok withheld n<5 ok ok"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.given);
        CHECK(notes(score(c.rows, n(93), {})) == c.expected);
    }

    auto hidden = score(cases[0].rows, n(93), {}).at(2);
    CHECK(hidden.n == 31);
    CHECK(hidden.sent == 62);
    CHECK_FALSE(hidden.satisfied);
    CHECK_FALSE(hidden.rate);
    Rules raw;
    raw.raw = true;
    CHECK(notes(score(cases[0].rows, n(93), raw)) == "n<5 ok ok");
}

TEST_CASE("the funnel speaks of outliers among enough comparable rows, and ranks nobody") {
    Tally force;
    std::vector<std::int64_t> even(20, 5);
    even.front() = 20;
    auto rows = peers(even, force);
    CHECK(funnels(score(rows, force, {})) == "-===================");

    // The limits themselves: μ ± 1.96·√(σ²/n), here with φ = 1.
    auto limit = 1.96 * std::sqrt(force.variance() / 50);
    for (std::int64_t bad : {5, 9, 10, 11}) {
        rows.back().tally = tally(50 - bad, 0, bad);
        auto expected = 1 - static_cast<double>(bad) / 50 < *force.mean() - limit ? Funnel::below : Funnel::within;
        CHECK(score(rows, force, {}).back().funnel == expected);
    }
    rows.back().tally = tally(45, 0, 5);

    SUBCASE("under 30 ratings there is no flag") {
        rows.front().tally = tally(10, 0, 19);
        CHECK(funnels(score(rows, force, {})) == ".===================");
    }
    SUBCASE("nor while many words-only ratings wait for a person") {
        rows.front().tally.unconfirmed = 6;
        CHECK(funnels(score(rows, force, {})) == ".===================");
        rows.front().tally.unconfirmed = 5;
        CHECK(funnels(score(rows, force, {})) == "-===================");
    }
    SUBCASE("nor among fewer than ten") {
        rows.resize(9);
        CHECK(funnels(score(rows, force, {})) == ".........");
        rows.push_back(officer("last", "U", tally(45, 0, 5)));
        CHECK(funnels(score(rows, force, {})) == "-=========");
    }
    SUBCASE("nobody at the scene is no officer") {
        rows.front().code.reset();
        CHECK(funnels(score(rows, force, {})) == ".===================");
    }
    SUBCASE("all alike") {
        Tally same;
        auto alike = peers(std::vector<std::int64_t>(12, 0), same);
        CHECK(funnels(score(alike, same, {})) == "============");
    }
    SUBCASE("where everybody differs more than chance, the limits are wider") {
        Tally wide;
        auto spread = peers({0, 1, 2, 3, 5, 8, 12, 14, 16, 18, 20, 22}, wide);
        CHECK(funnels(score(spread, wide, {})) == "============");
    }
}

TEST_CASE("groups of ten and more tell how far chance spreads them, though only those of thirty are flagged") {
    // Five officers with n = 12 differ wildly; without them the fifteen others would set the limits.
    Tally force;
    std::vector<std::int64_t> even(15, 5);
    even.front() = 16;
    auto rows = peers(even, force);
    CHECK(Comparison(rows, Level::officer, force, {}).spread() == 1);
    CHECK(funnels(score(rows, force, {})) == "-==============");
    for (int i = 0; i < 10; ++i) {
        rows.push_back(officer("S" + std::to_string(i), "U", i % 2 ? tally(12, 0, 0) : tally(4, 0, 8)));
        force += rows.back().tally;
    }
    CHECK(Comparison(rows, Level::officer, force, {}).spread() > 2);
    CHECK(funnels(score(rows, force, {})) == "===============..........");
}

TEST_CASE("the dissatisfied are few, so their limits are exact, and an alarm needs both periods") {
    Tally force;
    std::vector<std::int64_t> few(20, 1);
    few.front() = 7;
    auto rows = peers(few, force);
    Comparison comparison(rows, Level::officer, force, {});
    auto worst = comparison.of(rows.front());
    REQUIRE(worst);
    CHECK(worst->dissatisfied_warn == Funnel::above);
    CHECK(worst->dissatisfied_alarm == Funnel::above);  // P(X ≥ 7) of 50 at 2.6 % is 0.0004
    CHECK(comparison.of(rows.back())->dissatisfied_warn == Funnel::within);
    CHECK(twice(Funnel::above, Funnel::above));
    CHECK_FALSE(twice(Funnel::above, Funnel::below));
    CHECK_FALSE(twice(Funnel::within, Funnel::within));
}

TEST_CASE("other weights give other rates") {
    Weights weights{1, 0.8, 0.2};
    Tally t;
    t.rate(Grade::satisfied, weights, 10);
    t.rate(Grade::basically_satisfied, weights, 10);
    t.rate(Grade::dissatisfied, weights, 10);
    CHECK(*t.mean() == doctest::Approx(2.0 / 3));
    CHECK(t.variance() == doctest::Approx(30.0 / 29 * ((1 + 0.64 + 0.04) / 3 - 4.0 / 9)));
}

TEST_CASE("the columns are those of the contract, in its order") {
    std::string names;
    for (const auto& column : score_table("officers", {}).columns) names += column.name + " ";
    CHECK(names == "officer name parent level eligible sent delivered answered satisfied basically_satisfied dissatisfied unconfirmed late ambiguous n rate "
                   "wilson_low wilson_high satisfied_share positive_share positive_low positive_high dissatisfied_share shrunk expected funnel response_rate note ");
    CHECK(score_table("units", {}).columns.front().name == "unit");
    CHECK(score_table("force", {}).columns.front().name == "unit");
    CHECK(balance_table().columns.size() == 29);
    CHECK(balance_table().columns.back().name == "holds");
}
