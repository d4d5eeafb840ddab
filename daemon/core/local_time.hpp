// Days and hours by the wall clock of a place. A zone must be known to the system's tz database: known_zone() is for
// `check`, everything else throws std::runtime_error. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/clock.hpp"

namespace pingjing {

bool known_zone(const std::string& zone);

std::string local_day(Instant t, const std::string& zone);  // YYYY-MM-DD
int local_hour(Instant t, const std::string& zone);         // 0 … 23
// RFC 3339 with the place's offset, "2026-11-21T10:02:11+08:00"; milliseconds are left out.
std::string format_local(Instant t, const std::string& zone);

struct DayRange {
    Instant from{}, to{};  // to is excluded
};
std::optional<DayRange> day_range(std::string_view day, const std::string& zone);  // nullopt: not a day
std::optional<std::string> days_later(std::string_view day, int days);             // nullopt: not a day

std::optional<int> weekday_of(std::string_view day);  // 0 Sunday … 6; nullopt: not a day

}  // namespace pingjing
