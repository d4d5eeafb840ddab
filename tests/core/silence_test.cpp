#include "daemon/core/silence.hpp"

#include <doctest/doctest.h>

#include "daemon/core/random.hpp"

using namespace pingjing;

TEST_CASE("the lower tail of the binomial distribution") {
    CHECK(binomial_tail(0, 10, 0.5) == doctest::Approx(1.0 / 1024));
    CHECK(binomial_tail(2, 4, 0.5) == doctest::Approx(11.0 / 16));
    CHECK(binomial_tail(1, 3, 0.2) == doctest::Approx(0.896));
    CHECK(binomial_tail(3, 3, 0.2) == 1);
    CHECK(binomial_tail(0, 100000, 0.2) < 1e-300);  // neither nan nor negative
    CHECK(binomial_tail(20000, 100000, 0.2) == doctest::Approx(0.5).epsilon(0.01));
    CHECK(binomial_tail(0, 0, 0.2) == 1);
    CHECK(binomial_tail(5, 10, 0) == 1);
}

TEST_CASE("a small group's share leans on its channel's, a large one's on its own history") {
    CHECK(expected_share(0, 0, 0.2) == doctest::Approx(0.2));
    CHECK(expected_share(0, 50, 0.2) == doctest::Approx(0.1));
    CHECK(expected_share(1000, 10000, 0.4) == doctest::Approx(0.1).epsilon(0.02));
    CHECK(expected_share(1000, 1000, 1.0) == 0.9);
}

TEST_CASE("silence is said where chance is out of the question, and nothing where little was expected") {
    std::vector<bool> quiet(49, false);
    CHECK_FALSE(judge_silence(quiet, 0.2, 1e-6).silent);  // 9.8 were expected
    quiet.resize(74, false);
    CHECK_FALSE(judge_silence(quiet, 0.2, 1e-6).silent);  // the window of 10 alone: 1.4e-5
    quiet.resize(75, false);
    auto verdict = judge_silence(quiet, 0.2, 1e-6);       // 0.8^75 = 5.4e-8
    CHECK(verdict.silent);
    CHECK_FALSE(verdict.alive);
    CHECK(verdict.texts == 75);
    CHECK(verdict.probability == doctest::Approx(5.4e-8).epsilon(0.01));

    // A history of answers before does not hide it.
    quiet.resize(500, true);
    CHECK(judge_silence(quiet, 0.2, 1e-6).silent);
    // Half as many as ever among the newest: it lives again.
    std::vector<bool> again(50, false);
    for (int i = 0; i < 5; ++i) again[static_cast<std::size_t>(i)] = true;
    again.resize(300, false);
    CHECK(judge_silence(again, 0.2, 1e-6).alive);
    CHECK_FALSE(judge_silence({}, 0.2, 1e-6).silent);
    CHECK_FALSE(judge_silence(again, 0, 1e-6).silent);
}

// 300 texts a day for ten years: a false alarm must be rare enough for people to believe it.
TEST_CASE("a path as good as ever is hardly ever called silent") {
    SeededRandom random(5);
    const int texts = 100'000;
    std::vector<bool> came;
    for (int i = 0; i < texts; ++i) came.push_back(random.below(1000) < 200);
    int alarms = 0;
    for (std::size_t at = 0; at + 300 < came.size(); at += 7) {
        std::vector<bool> newest(came.begin() + static_cast<std::ptrdiff_t>(at), came.begin() + static_cast<std::ptrdiff_t>(at) + 300);
        alarms += judge_silence(newest, 0.2, 1e-6).silent;
    }
    CHECK(alarms == 0);
}
