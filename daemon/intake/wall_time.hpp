// Times as a clock on a wall shows them, which is how tables of 110 systems hold them. Pure.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"

namespace date {
class time_zone;
}

namespace pingjing::intake {

struct WallTime {
    int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, millis = 0;
    bool ok() const;
};

// By a format of %Y (four digits), %m %d %H %M %S (one or two) and %f (".0", ".123" or nothing), all else as it stands; nothing where
// the text is not the whole of it. Of several formats the first that fits.
std::optional<WallTime> read_wall_time(std::string_view text, std::string_view format);
std::optional<WallTime> read_wall_time(std::string_view text, const std::vector<std::string>& formats);

// A time as the format wants it, to be shown: "2026-11-21T10:02:11.0".
std::string example_of(std::string_view format);

// Null: no such zone.
const date::time_zone* find_zone(const std::string& name);
// The one moment this local time names. The hour that comes twice, or never, is refused, with what was expected: a guess would be an
// hour off.
tl::expected<Instant, std::string> to_instant(const WallTime& time, const date::time_zone& zone);

}  // namespace pingjing::intake
