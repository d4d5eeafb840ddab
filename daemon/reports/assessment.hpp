// `report assessment`: 综合考评 of units by weights of the configuration, every component beside the sum. Scores go to appraisal as one
// input only, so: 24 hours old at the earliest, in the order of the codes, and none of an officer.
#pragma once
#include <map>
#include <string>

#include "daemon/reports/queries.hpp"
#include "daemon/reports/register.hpp"

namespace pingjing::reports {

constexpr auto settled_after = std::chrono::hours(24);  // a younger rating may be corrected still

struct OnTime { std::int64_t followups = 0, on_time = 0; };
// By unit, of the follow-ups that were opened in the period and whose words were a complaint: no step of which ran over its limit.
std::map<std::string, OnTime> followups_on_time(store::Connection& db, Instant from, Instant to, Instant as_of);

Table assessment_report(const Figures& figures, const std::map<std::string, OnTime>& followups, const std::map<std::string, Repeats>& repeats, const Names& names,
                        const Rules& rules);

}  // namespace pingjing::reports
