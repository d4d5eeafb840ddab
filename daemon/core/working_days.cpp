#include "daemon/core/working_days.hpp"

#include "daemon/core/local_time.hpp"

namespace pingjing {

bool WorkingDays::contains(std::string_view day) const {
    if (auto known = special_.find(day); known != special_.end()) return known->second;
    auto weekday = weekday_of(day);
    return weekday && *weekday != 0 && *weekday != 6;
}

Instant WorkingDays::later(Instant from, int days, const std::string& zone) const {
    if (days <= 0) return from;
    auto day = local_day(from, zone);
    auto into_day = from - day_range(day, zone)->from;
    for (int left = days; left > 0;) {
        day = *days_later(day, 1);
        if (contains(day)) --left;
    }
    return day_range(day, zone)->from + into_day;
}

bool WorkingDays::knows_year(std::string_view year) const {
    auto first = special_.lower_bound(std::string(year) + "-01-01");
    return first != special_.end() && first->first.starts_with(year);
}

}  // namespace pingjing
