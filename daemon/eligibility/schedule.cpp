#include "daemon/eligibility/schedule.hpp"

#include <date/tz.h>

#include <algorithm>

namespace pingjing::eligibility {
namespace {

using LocalMillis = date::local_time<Millis>;

LocalMillis to_local(Instant t, const date::time_zone& zone) {
    return LocalMillis(t.time_since_epoch() + zone.get_info(std::chrono::floor<std::chrono::seconds>(t)).offset);
}

// A local time that comes twice has two answers; one that is skipped means the moment of the jump.
Instant to_instant(LocalMillis local, const date::time_zone& zone, date::choose which) {
    return Instant(zone.to_sys(local, which).time_since_epoch());
}

bool inside(LocalMillis local, const Hours& hours) {
    auto of_day = local - std::chrono::floor<date::days>(local);
    return of_day >= hours.opens && of_day < hours.closes;
}

}  // namespace

std::optional<Hours> parse_hours(std::string_view text) {
    if (text.size() != 11 || text[2] != ':' || text[5] != '-' || text[8] != ':') return std::nullopt;
    auto two = [&](std::size_t at) {
        bool digits = text[at] >= '0' && text[at] <= '9' && text[at + 1] >= '0' && text[at + 1] <= '9';
        return digits ? (text[at] - '0') * 10 + (text[at + 1] - '0') : 99;
    };
    if (two(3) > 59 || two(9) > 59) return std::nullopt;
    Hours hours{std::chrono::minutes(two(0) * 60 + two(3)), std::chrono::minutes(two(6) * 60 + two(9))};
    if (hours.opens >= hours.closes || hours.closes > std::chrono::hours(24)) return std::nullopt;
    return hours;
}

bool inside_hours(Instant t, const Timing& timing) {
    return inside(to_local(t, *date::locate_zone(timing.zone)), timing.hours);
}

Instant next_opening(Instant t, const Timing& timing) {
    auto& zone = *date::locate_zone(timing.zone);
    if (inside(to_local(t, zone), timing.hours)) return t;
    auto day = std::chrono::floor<date::days>(to_local(t, zone));
    // Today's opening, in the hour that comes twice perhaps the second one, or one of the next days (a jump can swallow
    // a short day).
    for (int i = 0; i < 8; ++i, day += date::days(1))
        for (auto which : {date::choose::earliest, date::choose::latest}) {
            auto opening = to_instant(LocalMillis(day) + timing.hours.opens, zone, which);
            if (opening >= t && inside(to_local(opening, zone), timing.hours)) return opening;
        }
    throw std::runtime_error("no opening within a week in " + timing.zone);
}

Instant due_at(Instant closed_at, Instant now, const Timing& timing, double spread_fraction) {
    auto earliest = std::max(closed_at + std::max(timing.delay, timing.min_delay), now);
    if (inside_hours(earliest, timing)) return earliest;
    auto opening = next_opening(earliest, timing);
    auto room = std::min<Millis>(timing.spread, timing.hours.closes - timing.hours.opens);
    auto share = Millis(
        static_cast<std::int64_t>(static_cast<double>(room.count()) * std::clamp(spread_fraction, 0.0, 0.999999)));
    return inside_hours(opening + share, timing) ? opening + share : opening;
}

Instant closing_time(Instant t, const Timing& timing) {
    constexpr auto day = std::chrono::hours(24);
    if (timing.hours.opens.count() == 0 && timing.hours.closes == day) return t + day;
    auto& zone = *date::locate_zone(timing.zone);
    auto opening = next_opening(t, timing);
    auto midnight = std::chrono::floor<date::days>(to_local(opening, zone));
    return to_instant(LocalMillis(midnight) + timing.hours.closes, zone, date::choose::latest);
}

bool is_stale(Instant closed_at, Instant now, Millis max_age) { return now - closed_at > max_age; }

}  // namespace pingjing::eligibility
