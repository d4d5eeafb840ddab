#include <doctest/doctest.h>

#include "daemon/core/local_time.hpp"

using namespace pingjing;

namespace {
Instant at(const char* text) { return *parse_rfc3339(text); }
}  // namespace

TEST_CASE("a local day has the hours it has") {
    CHECK(local_day(at("2026-11-20T16:30:00Z"), "Asia/Shanghai") == "2026-11-21");
    auto hours_of = [](const char* day) {
        auto range = day_range(day, "America/New_York");
        REQUIRE(range);
        return std::chrono::duration_cast<std::chrono::hours>(range->to - range->from).count();
    };
    CHECK(hours_of("2026-03-08") == 23);
    CHECK(hours_of("2026-11-01") == 25);
    CHECK(hours_of("2026-11-02") == 24);
    CHECK(day_range("2026-11-21", "Asia/Shanghai")->from == at("2026-11-21T00:00:00+08:00"));
    CHECK_FALSE(day_range("2026-02-30", "Asia/Shanghai"));
    CHECK_FALSE(known_zone("Mars/Olympus"));
}

TEST_CASE("a moment is written as the clock on the wall shows it") {
    CHECK(format_local(at("2026-11-20T16:30:05.250Z"), "Asia/Shanghai") == "2026-11-21T00:30:05+08:00");
    CHECK(format_local(at("2026-11-20T16:30:00Z"), "America/St_Johns") == "2026-11-20T13:00:00-03:30");
    CHECK(local_hour(at("2026-11-20T16:30:00Z"), "Asia/Shanghai") == 0);
    CHECK(local_hour(at("2026-11-20T15:59:59.999Z"), "Asia/Shanghai") == 23);
}

TEST_CASE("days are counted over the ends of months and years") {
    CHECK(days_later("2026-11-30", 1) == "2026-12-01");
    CHECK(days_later("2026-01-01", -1) == "2025-12-31");
    CHECK(days_later("2028-03-01", -1) == "2028-02-29");
    CHECK_FALSE(days_later("2026-02-30", 1));
}
