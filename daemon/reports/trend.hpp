// `report trend`: a unit week by week (ISO 8601, by the day of closing), and a p-chart of its share of dissatisfied ratings: whether it
// has changed, not how it stands beside others. Only whole weeks, and of those none whose figures may not be read: the
// centre is made of what is shown, so that nothing can be had from it that is not.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "daemon/reports/queries.hpp"
#include "daemon/stats/chart.hpp"

namespace pingjing::reports {
class Counting;

constexpr int trend_weeks = 12;

struct TrendPoint {
    std::string week{}, from{}, to{};
    ReportRow row{};
    std::optional<stats::ChartPoint> chart{};  // nullopt: too few ratings in that week
    bool signal = false;                       // beyond the limits with enough ratings for a flag, or the end of a run
};
struct Trend {
    Subject subject{};                 // of the last week in which it had cases
    double centre = 0;
    std::vector<TrendPoint> weeks{};
};

// The whole weeks that lie between the days. Stations, sub-bureaus and the force, in the order of their codes.
std::vector<Trend> read_trends(Counting& counting, const Names& names, const std::string& from, const std::string& to, std::size_t service);
Table trend_report(const std::vector<Trend>& trends);

// The last `trend_weeks` whole weeks that end with that day or before.
struct Weeks { std::string from{}, to{}; };
Weeks last_weeks(const std::string& to);
std::string name_of_week(const std::string& monday);  // 2026-W48

}  // namespace pingjing::reports
