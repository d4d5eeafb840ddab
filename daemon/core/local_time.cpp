#include "daemon/core/local_time.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <cstdlib>

namespace pingjing {
namespace {

using LocalMillis = date::local_time<Millis>;

std::chrono::seconds offset_at(Instant t, const std::string& zone) {
    return date::locate_zone(zone)->get_info(std::chrono::floor<std::chrono::seconds>(t)).offset;
}

LocalMillis to_local(Instant t, const std::string& zone) { return LocalMillis(t.time_since_epoch() + offset_at(t, zone)); }

// A midnight that comes twice begins the day once; one that is skipped means the moment of the jump.
Instant midnight(date::local_days day, const date::time_zone& zone) {
    return Instant(zone.to_sys(LocalMillis(day), date::choose::earliest).time_since_epoch());
}

std::optional<date::year_month_day> read_day(std::string_view day) {
    if (day.size() != 10 || day[4] != '-' || day[7] != '-') return std::nullopt;
    auto number = [&](std::size_t at, std::size_t width) {
        int value = 0;
        for (auto i = at; i < at + width; ++i) {
            if (day[i] < '0' || day[i] > '9') return -1;
            value = value * 10 + (day[i] - '0');
        }
        return value;
    };
    auto y = number(0, 4), m = number(5, 2), d = number(8, 2);
    if (y < 0 || m < 0 || d < 0) return std::nullopt;
    date::year_month_day read = date::year(y) / m / d;
    return read.ok() ? std::optional(read) : std::nullopt;
}

std::string write_day(date::local_days local) {
    date::year_month_day day(local);
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

}  // namespace

bool known_zone(const std::string& zone) {
    try {
        date::locate_zone(zone);
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

std::string local_day(Instant t, const std::string& zone) { return write_day(std::chrono::floor<date::days>(to_local(t, zone))); }

int local_hour(Instant t, const std::string& zone) {
    auto local = to_local(t, zone);
    return static_cast<int>(std::chrono::floor<std::chrono::hours>(local - std::chrono::floor<date::days>(local)).count());
}

std::string format_local(Instant t, const std::string& zone) {
    auto offset = std::chrono::duration_cast<std::chrono::minutes>(offset_at(t, zone)).count();
    auto local = std::chrono::floor<std::chrono::seconds>(to_local(t, zone));
    auto day = std::chrono::floor<date::days>(local);
    auto second = (local - day).count();
    return fmt::format("{}T{:02}:{:02}:{:02}{}{:02}:{:02}", write_day(day), second / 3600, second / 60 % 60, second % 60, offset < 0 ? '-' : '+',
                       std::abs(offset) / 60, std::abs(offset) % 60);
}

std::optional<DayRange> day_range(std::string_view day, const std::string& zone) {
    auto read = read_day(day);
    if (!read) return std::nullopt;
    auto& place = *date::locate_zone(zone);
    date::local_days first(*read);
    return DayRange{midnight(first, place), midnight(first + date::days(1), place)};
}

std::optional<std::string> days_later(std::string_view day, int days) {
    auto read = read_day(day);
    if (!read) return std::nullopt;
    return write_day(date::local_days(*read) + date::days(days));
}

std::optional<int> weekday_of(std::string_view day) {
    auto read = read_day(day);
    if (!read) return std::nullopt;
    return static_cast<int>(date::weekday(date::local_days(*read)).c_encoding());
}

}  // namespace pingjing
