// When a survey goes: delay, opening hours by the wall clock of the place, spread after opening, age. Pure.
// A zone that the system's tz database does not know throws std::runtime_error (known_zone() of core/local_time tells).
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/clock.hpp"

namespace pingjing::eligibility {

struct Hours {
    std::chrono::minutes opens = std::chrono::hours(8),
                         closes = std::chrono::hours(21);  // of the local day; 24 h is midnight
};
// "08:00-21:00", "00:00-24:00". nullopt for anything else; hours over midnight are two days and refused.
std::optional<Hours> parse_hours(std::string_view text);

struct Timing {
    std::string zone = "Asia/Shanghai";
    Millis delay = std::chrono::minutes(120);
    Millis min_delay = std::chrono::minutes(30);
    Hours hours{};
    Millis spread = std::chrono::minutes(30);
};

bool inside_hours(Instant t, const Timing& timing);
// The first moment at or after t that is inside.
Instant next_opening(Instant t, const Timing& timing);
// max(closed_at + delay, now), or that share (0 ≤ fraction < 1) of `spread` after the next opening.
Instant due_at(Instant closed_at, Instant now, const Timing& timing, double spread_fraction);
// The end of the opening hours in which `t` lies, or of the next ones; where it is always open, a day later.
Instant closing_time(Instant t, const Timing& timing);
bool is_stale(Instant closed_at, Instant now, Millis max_age);

}  // namespace pingjing::eligibility
