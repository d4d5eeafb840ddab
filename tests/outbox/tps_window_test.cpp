#include "daemon/outbox/tps_window.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "daemon/core/random.hpp"

using namespace pingjing;
using namespace pingjing::outbox;

TEST_CASE("never more parts than allowed in any one second, whatever arrives when") {
    SeededRandom random(11);
    for (int round = 0; round < 300; ++round) {
        auto most = 1 + static_cast<int>(random.below(12));
        TpsWindow window(most, Steady(std::chrono::milliseconds(random.below(2000))));
        Steady now{};
        std::vector<Steady> left;
        for (int i = 0; i < 200; ++i) {
            now += std::chrono::milliseconds(random.below(300));
            auto parts = 1 + static_cast<int>(random.below(4));
            auto when = window.reserve(now, parts);
            CHECK(when >= now);
            CHECK((left.empty() || when >= left.back()));
            // A message leaves as a whole with its last place.
            for (int p = 0; p < parts && parts <= most; ++p) left.push_back(when);
        }
        for (std::size_t i = 0; i + static_cast<std::size_t>(most) < left.size(); ++i) CHECK(left[i + static_cast<std::size_t>(most)] - left[i] >= 1s);
    }
}

TEST_CASE("it says how many places there are, and when the next one comes") {
    TpsWindow window(2, 1s);
    CHECK(window.free(0s, 200ms) == 0);
    CHECK(window.opens_at(0s, 200ms) == 800ms);
    CHECK(window.free(800ms, 200ms) == 2);
    CHECK(window.reserve(900ms, 1) == 1s);
    CHECK(window.reserve(900ms, 1) == 1s);
    CHECK(window.free(1s, 200ms) == 0);
    auto opens = window.opens_at(1s, 200ms);
    CHECK(opens == 1800ms);
    CHECK(window.free(opens, 200ms) == 2);
    CHECK(window.free(opens - 1ms, 200ms) == 0);
    CHECK(window.opens_at(5s, 200ms) == 5s);
}
