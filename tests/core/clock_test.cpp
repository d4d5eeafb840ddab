#include <doctest/doctest.h>

#include "daemon/core/clock.hpp"
#include "daemon/core/clock_watch.hpp"

using namespace pingjing;

TEST_CASE("a time is read only with its zone") {
    struct { const char* text; const char* utc; } cases[] = {
        {"2026-11-21T00:30:00+08:00", "2026-11-20T16:30:00Z"},
        {"2026-11-21T00:30:00Z", "2026-11-21T00:30:00Z"},
        {"2026-11-21T00:30:00.125-05:30", "2026-11-21T06:00:00.125Z"},
        {"2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"},
        {"2026-11-21T00:30:00", ""}, {"2026-02-29T12:00:00Z", ""}, {"2026-11-21T24:00:00Z", ""},
        {"2026-11-21T00:30:00+8", ""}, {"2026-11-21T00:30:00+08:00x", ""}, {"", ""}, {"2026-11-21", ""}, {"2026-11-21T00:30:00.Z", ""},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        auto read = parse_rfc3339(c.text);
        CHECK((read ? format_utc(*read) : "") == c.utc);
    }
}

namespace {
struct Hands final : Clock {
    Instant now() const override { return wall; }
    Steady steady() const override { return since_start; }
    double speed() const override { return fast; }
    Instant wall{std::chrono::hours(500'000)};
    Steady since_start{};
    double fast = 1;
};
}  // namespace

TEST_CASE("a clock that is set is seen to jump, in either direction, until that is dealt with, and one that only goes is not") {
    Hands hands;
    ClockWatch watch(hands);
    auto pass = [&](std::chrono::seconds time) { hands.wall += std::chrono::duration_cast<Millis>(time * hands.fast), hands.since_start += time; };
    pass(std::chrono::hours(1000));
    CHECK_FALSE(watch.has_jumped());
    hands.wall += std::chrono::minutes(4);
    CHECK_FALSE(watch.has_jumped());
    for (Millis by : {Millis(std::chrono::minutes(10)), Millis(-std::chrono::hours(1)), Millis(std::chrono::hours(24 * 365 * 12))}) {
        watch.compare_from(watch.read());
        hands.wall += by;
        CHECK(watch.has_jumped());
        CHECK(watch.jump_until(watch.read()) == by);
        pass(std::chrono::hours(1));
        CHECK(watch.has_jumped());
    }
    hands.fast = 1000;
    watch.compare_from(watch.read());
    pass(std::chrono::seconds(3));
    hands.wall += std::chrono::minutes(30);  // two seconds of such a clock are as much
    CHECK_FALSE(watch.has_jumped());
}
