// `report funnel`, for 督察 alone: everybody's intervals, and who is further from the force mean than chance explains. Outside 95 % is a
// warning; outside 99.8 % in this period and in the one before it is an alarm.
#pragma once
#include <map>
#include <string>
#include <utility>

#include "daemon/reports/compare.hpp"
#include "daemon/reports/subjects.hpp"

namespace pingjing::reports {

// What a period says of everybody who can be compared, by level and code.
struct PeriodCompared {
    PeriodCompared(const Figures& figures, const Names& names, const Rules& rules);
    const Comparison& of_level(Level level) const { return levels.at(level); }
    std::optional<Compared> of(const Subject& subject) const;

    std::vector<Subject> officers, units;
    Tally force;
    std::map<Level, Comparison> levels{};
};

Table funnel_report(const PeriodCompared& now, const PeriodCompared& before, const Rules& rules);

}  // namespace pingjing::reports
