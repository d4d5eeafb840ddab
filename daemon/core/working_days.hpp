// Working days of a place: Monday to Friday, but for holidays and for the weekends that are worked instead (调休). Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "daemon/core/clock.hpp"

namespace pingjing {

class WorkingDays {
public:
    // `day`: YYYY-MM-DD. A later word about the same day counts.
    void set(std::string day, bool working) { special_[std::move(day)] = working; }
    bool contains(std::string_view day) const;
    // So many working days after the local day of `from`, at the same time by the clock on the wall. 0: `from`.
    Instant later(Instant from, int days, const std::string& zone) const;
    bool knows_year(std::string_view year) const;  // YYYY: some day of it is listed

private:
    std::map<std::string, bool, std::less<>> special_;
};

}  // namespace pingjing
