#include <doctest/doctest.h>

#include <cmath>

#include "daemon/stats/assess.hpp"
#include "daemon/stats/chart.hpp"
#include "daemon/stats/interval.hpp"
#include "daemon/stats/shrink.hpp"
#include "daemon/stats/strata.hpp"

using namespace pingjing::stats;

namespace {

// To the decimals of the source it is checked against.
double percent(double p, int decimals = 0) {
    auto scale = std::pow(10.0, decimals);
    return std::round(p * 100 * scale) / scale;
}

std::vector<Group> groups(std::size_t count, Group one) { return std::vector<Group>(count, one); }

std::string signals(const std::vector<Share>& weeks) {
    std::string out;
    for (const auto& point : p_chart(weeks).points) out += point.beyond ? '!' : point.run ? '8' : '.';
    return out;
}

}  // namespace

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

TEST_CASE("the exact interval is Clopper's and Pearson's") {
    // None of n: the upper limit is 1 − (α/2)^(1/n); their paper's own example is read off a chart, so the rest is R's to say.
    CHECK(clopper_pearson(0, 10).low == 0);
    CHECK(clopper_pearson(0, 10).high == doctest::Approx(1 - std::pow(0.025, 0.1)));
    CHECK(clopper_pearson(10, 10).low == doctest::Approx(std::pow(0.025, 0.1)));
    CHECK(clopper_pearson(10, 10).high == 1);
    CHECK(clopper_pearson(0, 0).low == 0);
    CHECK(clopper_pearson(0, 0).high == 1);
}

TEST_CASE("binomial tails and the counts between them can be counted by hand") {
    CHECK(two_sided_tail(0, 4, 0.5) == doctest::Approx(2.0 / 16));
    CHECK(two_sided_tail(1, 4, 0.5) == doctest::Approx(10.0 / 16));
    CHECK(two_sided_tail(2, 4, 0.5) == 1);
    CHECK(two_sided_tail(0, 0, 0.5) == 1);
    CHECK(two_sided_tail(1, 3, 0) == 0);
    CHECK(two_sided_tail(0, 3, 0) == 1);
    CHECK(two_sided_tail(3, 3, 1) == 1);
    auto wide = counts_within(4, 0.5, 0.1), narrow = counts_within(4, 0.5, 0.2);
    CHECK(wide.low == 0);
    CHECK(wide.high == 4);
    CHECK(narrow.low == 1);
    CHECK(narrow.high == 3);
    CHECK(counts_within(10, 0, 0.05).high == 0);
    CHECK(counts_within(10, 1, 0.05).low == 10);
}

TEST_CASE("few ratings move a score little") {
    struct { double sum; std::int64_t n; double shrunk; } cases[] = {{1, 1, 89.4}, {0, 1, 84.7}, {8, 10, 85.9}, {27, 30, 89.6}, {0, 0, 88.9}};
    for (const auto& c : cases) {
        CAPTURE(c.sum);
        CHECK(percent(shrink(0.889, 20, c.sum, c.n), 1) == c.shrunk);
    }
}

TEST_CASE("the prior by moments is strong where officers differ by chance alone, weak where they truly differ") {
    std::vector<Group> apart;
    for (int i = 0; i < 10; ++i) apart.push_back({100, i % 2 ? 1.0 : 0.2});
    CHECK(prior_by_moments(groups(10, {50, 0.9}), 0.09) == 200);
    CHECK(prior_by_moments(apart, 0.24) == 10);
    CHECK(prior_by_moments({{9, 1.0}, {51, 0.98}}, 0.09) == 20);  // one with n ≥ 10 says nothing about spread

    std::vector<Group> between{{100, 1.0}, {100, 0.9}, {100, 0.8}};  // v = 0.01, chance = 0.09/100
    CHECK(prior_by_moments(between, 0.09) == doctest::Approx(10));
    CHECK(prior_by_moments(between, 0.30) == doctest::Approx(0.30 / 0.007));
}

TEST_CASE("a variance is that of a sample") {
    CHECK(sample_variance(0, 0, 0) == 0);
    CHECK(sample_variance(1, 1, 1) == 0);
    CHECK(sample_variance(2, 1, 1) == doctest::Approx(0.5));  // 0 and 1
    CHECK(sample_variance(3, 1.5, 0.75) == 0);
}

TEST_CASE("over-dispersion: a tenth on each side is pulled in, and it never narrows the limits") {
    CHECK(overdispersion({}) == 1);
    CHECK(overdispersion({0.1, 0.1, 0.1}) == 1);
    CHECK(overdispersion({2, -2, 2, -2}) == doctest::Approx(4));
    CHECK(overdispersion({100, 2, 2, 2, 2, -2, -2, -2, -2, -100}) == doctest::Approx(4));
    CHECK(overdispersion({100, 2, 2, 2, -2, -2, -2, -2, -100}) > 1000);  // of nine, none is pulled in

    std::vector<Group> ten;
    for (int i = 0; i < 10; ++i) ten.push_back({10, i % 2 ? 1.0 : 0.0});
    CHECK(spread_of(ten, 0.5, 0.25, {}) == doctest::Approx(10));
    ten.back().n = 9;
    CHECK(spread_of(ten, 0.5, 0.25, {}) == 1);  // of nine nobody knows
}

TEST_CASE("a share is flagged when both the funnel and the exact tail say so") {
    std::vector<Share> units(20, {10, 100});
    units[0] = {30, 100};
    units[1] = {0, 29};  // too small to be compared
    auto said = judge(units, {});
    REQUIRE(said[0]);
    CHECK(said[0]->warn == Place::above);
    CHECK(said[0]->alarm == Place::above);
    CHECK_FALSE(said[1]);
    CHECK(said[2]->warn == Place::within);
    units.resize(9);
    CHECK_FALSE(judge(units, {})[0]);

    // One of thirty where a thousandth is common: z = 5, but three in a hundred such groups have one.
    std::vector<Share> rare(40, {1, 1000});
    rare[0] = {1, 30};
    auto one = judge(rare, {})[0];
    REQUIRE(one);
    CHECK(one->z > 4);
    CHECK(one->tail > 0.05);
    CHECK(one->warn == Place::within);
}

TEST_CASE("a chart signals one week beyond three sigma, or the eighth on one side") {
    CHECK(signals({{5, 100}, {5, 100}, {5, 100}, {30, 100}}) == "...!");
    CHECK(signals(std::vector<Share>(20, {5, 100})) == "....................");  // all at the centre: on no side
    std::vector<Share> shifted(8, {4, 100});
    shifted.insert(shifted.end(), 9, {7, 100});
    CHECK(signals(shifted) == ".......8.......88");
    shifted[4] = {6, 100};  // crosses the centre: no run of eight below
    CHECK(signals(shifted) == "...............88");
    CHECK(p_chart({}).points.empty());
    auto chart = p_chart({{1, 10}, {3, 30}});
    CHECK(chart.centre == doctest::Approx(0.1));
    CHECK(chart.points[0].low == 0);  // no share is below
    CHECK(chart.points[1].high == doctest::Approx(0.1 + 3 * std::sqrt(0.09 / 30)));
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

TEST_CASE("a post-stratified rate is what it would be if all kinds of callers had answered alike") {
    // Half of the work by night, where few answer and those are cross.
    auto said = post_stratify({{500, 80, 80}, {500, 40, 20}});
    REQUIRE(said);
    CHECK(said->rate == doctest::Approx(0.75));  // (1 + 0.5)/2; the plain rate is 100/120
    CHECK(said->largest_weight == doctest::Approx(1.5));

    // A weight of ten is cut to three, the other is 0.5/0.95; then both are made to mean one.
    auto cut = post_stratify({{500, 95, 95}, {500, 5, 0}});
    REQUIRE(cut);
    auto heavy = 3.0, light = 0.5 / 0.95, scale = 100 / (95 * light + 5 * heavy);
    CHECK(cut->rate == doctest::Approx(95 * light * scale / 100));
    CHECK(cut->largest_weight == doctest::Approx(heavy * scale));

    CHECK(post_stratify({{500, 10, 9}, {500, 0, 0}})->rate == doctest::Approx(0.9));  // of the silent nothing is known
    CHECK_FALSE(post_stratify({{500, 0, 0}}));
    CHECK_FALSE(post_stratify({}));
}

TEST_CASE("an assessment is made of the components that there are, and says how much of the weight that is") {
    auto whole = assess({{0.5, 0.9}, {0.5, 0.7}});
    REQUIRE(whole);
    CHECK(whole->score == doctest::Approx(0.8));
    CHECK(whole->covered == 1);
    auto part = assess({{0.5, 0.9}, {0.3, {}}, {0.2, 0.2}});
    REQUIRE(part);
    CHECK(part->score == doctest::Approx((0.45 + 0.04) / 0.7));
    CHECK(part->covered == doctest::Approx(0.7));
    CHECK_FALSE(assess({{0.5, {}}, {0, 0.9}}));
    CHECK_FALSE(assess({}));
}
