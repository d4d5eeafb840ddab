#include <doctest/doctest.h>

#include "daemon/eligibility/schedule.hpp"

using namespace pingjing;
using namespace pingjing::eligibility;

namespace {
Instant at(const char* text) { return *parse_rfc3339(text); }
std::string utc(Instant t) { return format_utc(t); }
}  // namespace

TEST_CASE("a survey goes two hours after closing, in opening hours, spread after the door opens") {
    Timing timing;
    struct { const char *given, *closed, *now, *expected; double fraction; } cases[] = {
        {"by day",                   "2026-11-20T10:00:00+08:00", "2026-11-20T10:01:00+08:00", "2026-11-20T12:00:00+08:00", 0.5},
        {"in the evening",           "2026-11-20T19:30:00+08:00", "2026-11-20T19:31:00+08:00", "2026-11-21T08:15:00+08:00", 0.5},
        {"the last moment",          "2026-11-20T18:59:59+08:00", "2026-11-20T19:00:00+08:00", "2026-11-20T20:59:59+08:00", 0.5},
        {"closing time is outside",  "2026-11-20T19:00:00+08:00", "2026-11-20T19:00:00+08:00", "2026-11-21T08:00:00+08:00", 0},
        {"at night, before opening", "2026-11-20T04:00:00+08:00", "2026-11-20T05:00:00+08:00", "2026-11-20T08:07:30+08:00", 0.25},
        {"imported late, by day",    "2026-11-19T10:00:00+08:00", "2026-11-20T10:00:00+08:00", "2026-11-20T10:00:00+08:00", 0.5},
    };
    for (auto& c : cases) {
        CAPTURE(c.given);
        CHECK(utc(due_at(at(c.closed), at(c.now), timing, c.fraction)) == utc(at(c.expected)));
    }
    timing.delay = 5min;
    CHECK(due_at(at("2026-11-20T10:00:00+08:00"), at("2026-11-20T10:00:00+08:00"), timing, 0) == at("2026-11-20T10:30:00+08:00"));
}

TEST_CASE("open all day means never waiting") {
    Timing timing;
    timing.hours = *parse_hours("00:00-24:00");
    CHECK(due_at(at("2026-11-20T21:59:00+08:00"), at("2026-11-20T22:00:00+08:00"), timing, 0.9) == at("2026-11-20T23:59:00+08:00"));
    CHECK(inside_hours(at("2026-11-21T00:00:00+08:00"), timing));
    for (auto* text : {"8:00-21:00", "21:00-08:00", "08:00-24:01", "08:00-08:00", "08:00 21:00", "", "08:60-21:00"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_hours(text));
    }
}

TEST_CASE("opening hours follow the wall clock over a change of the clocks") {
    Timing timing;
    timing.zone = "America/New_York";
    // Clocks go forward on 8 March 2026 at 02:00, back on 1 November 2026 at 02:00.
    CHECK(next_opening(at("2026-03-07T23:00:00-05:00"), timing) == at("2026-03-08T08:00:00-04:00"));
    CHECK(next_opening(at("2026-10-31T23:00:00-04:00"), timing) == at("2026-11-01T08:00:00-05:00"));

    timing.hours = *parse_hours("02:30-05:00");  // an opening that does not exist that day: the jump is inside
    CHECK(next_opening(at("2026-03-08T01:00:00-05:00"), timing) == at("2026-03-08T03:00:00-04:00"));
    timing.hours = *parse_hours("02:00-03:00");  // a whole window that does not exist: the next day
    CHECK(next_opening(at("2026-03-08T01:00:00-05:00"), timing) == at("2026-03-09T02:00:00-04:00"));
    timing.hours = *parse_hours("01:30-05:00");  // an opening that comes twice
    CHECK(next_opening(at("2026-11-01T00:00:00-04:00"), timing) == at("2026-11-01T01:30:00-04:00"));
    CHECK(next_opening(at("2026-11-01T01:10:00-05:00"), timing) == at("2026-11-01T01:30:00-05:00"));
}

TEST_CASE("stale is over max_age, not at it") {
    auto closed = at("2026-11-20T10:00:00Z");
    CHECK_FALSE(is_stale(closed, closed + 72h, 72h));
    CHECK(is_stale(closed, closed + 72h + Millis(1), 72h));
}
