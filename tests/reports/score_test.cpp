#include <doctest/doctest.h>

#include <cmath>

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

TEST_CASE("the interval is Wilson's") {
    struct { double p; std::int64_t n; double low, high; } cases[] = {
        {1.0, 5, 57, 100}, {28.0 / 30, 30, 79, 98}, {0.0, 5, 0, 43}, {0.5, 10, 24, 76}, {0.5, 0, 0, 100},
    };
    for (const auto& c : cases) {
        CAPTURE(c.p);
        CAPTURE(c.n);
        auto interval = wilson(c.p, c.n);
        CHECK(percent(interval.low) == c.low);
        CHECK(percent(interval.high) == c.high);
    }
}

TEST_CASE("few ratings move a score little") {
    struct { double sum; std::int64_t n; double shrunk; } cases[] = {{1, 1, 89.4}, {0, 1, 84.7}, {8, 10, 85.9}, {27, 30, 89.6}, {0, 0, 88.9}};
    for (const auto& c : cases) {
        CAPTURE(c.sum);
        CHECK(percent(shrink(0.889, 20, c.sum, c.n), 1) == c.shrunk);
    }
}

TEST_CASE("the prior by moments is strong where officers differ by chance alone, weak where they truly differ") {
    std::vector<Tally> alike(10, tally(45, 0, 5)), apart;
    for (int i = 0; i < 10; ++i) apart.push_back(i % 2 ? tally(100, 0, 0) : tally(20, 0, 80));
    CHECK(prior_by_moments(alike, 0.09) == 200);
    CHECK(prior_by_moments(apart, 0.24) == 10);
    CHECK(prior_by_moments({tally(9, 0, 0), tally(50, 0, 1)}, 0.09) == 20);  // one row with n ≥ 10 says nothing about spread

    std::vector<Tally> between{tally(100, 0, 0), tally(90, 0, 10), tally(80, 0, 20)};  // v = 0.01, chance = 0.09/100
    CHECK(prior_by_moments(between, 0.09) == doctest::Approx(10));
    CHECK(prior_by_moments(between, 0.30) == doctest::Approx(0.30 / 0.007));
}

TEST_CASE("what is expected of an officer follows his kind of work, where there is enough of it") {
    CaseMix mix;
    CHECK(mix.expected("01", 0) == 0.5);
    mix.add("01", 0, 15, 30);  // enough of its own
    mix.add("01", 1, 29, 29);  // too little: the category
    mix.add("02", 0, 2, 10);   // even the category: the force
    CHECK(mix.expected("01", 0) == 0.5);
    CHECK(mix.expected("01", 1) == doctest::Approx(44.0 / 59));
    CHECK(mix.expected("01", 7) == doctest::Approx(44.0 / 59));
    CHECK(mix.expected("02", 0) == doctest::Approx(46.0 / 69));
    CHECK(mix.expected("99", 0) == doctest::Approx(46.0 / 69));
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

TEST_CASE("overdispersion: a tenth on each side is pulled in, and it never narrows the limits") {
    CHECK(overdispersion({}) == 1);
    CHECK(overdispersion({0.1, 0.1, 0.1}) == 1);
    CHECK(overdispersion({2, -2, 2, -2}) == doctest::Approx(4));
    CHECK(overdispersion({100, 2, 2, 2, 2, -2, -2, -2, -2, -100}) == doctest::Approx(4));
}

TEST_CASE("other weights give other rates") {
    Weights weights{1, 0.8, 0.2};
    Tally t;
    t.rate(Grade::satisfied, weights, 10);
    t.rate(Grade::basically_satisfied, weights, 10);
    t.rate(Grade::dissatisfied, weights, 10);
    CHECK(*t.mean() == doctest::Approx(2.0 / 3));
    CHECK(t.variance() == doctest::Approx((1 + 0.64 + 0.04) / 3 - 4.0 / 9));
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
