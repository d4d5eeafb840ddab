#include <doctest/doctest.h>

#include "daemon/core/clock.hpp"

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
