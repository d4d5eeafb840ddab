// `report response`: who answers at all. 参评率 by unit, category, carrier of the number and hour of the report, over surveys whose window
// has ended; and, for units and the force, the rate as if all kinds of callers had answered alike. The plain rate stays the headline.
#pragma once
#include <array>
#include <map>
#include <string>

#include "daemon/reports/queries.hpp"
#include "daemon/stats/funnel.hpp"

namespace pingjing::reports {

struct Responses {
    std::map<std::string, stats::Share> categories{}, carriers{};  // count: rated, n: delivered
    std::array<stats::Share, 24> hours{};
};
// `seal` tells the carrier by the number; without it, and of numbers that were erased, it is "".
Responses read_responses(store::Connection& db, const store::Seal* seal, const Period& period, const Services& services, const std::string& zone, Instant as_of);

Table response_report(const Figures& figures, const Responses& responses, const Names& names, const Rules& rules);

}  // namespace pingjing::reports
