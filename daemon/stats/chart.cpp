#include "daemon/stats/chart.hpp"

#include <algorithm>
#include <cmath>

namespace pingjing::stats {

Chart p_chart(const std::vector<Share>& weeks, double sigmas, int run_length) {
    constexpr double at_the_line = 1e-12;
    Share all;
    for (const auto& week : weeks) all.count += week.count, all.n += week.n;
    Chart chart;
    if (all.n > 0) chart.centre = static_cast<double>(all.count) / static_cast<double>(all.n);
    int run = 0;  // above the centre, or below where it is negative
    for (const auto& week : weeks) {
        ChartPoint point;
        point.share = static_cast<double>(week.count) / static_cast<double>(week.n);
        auto half = sigmas * std::sqrt(chart.centre * (1 - chart.centre) / static_cast<double>(week.n));
        point.low = std::max(0.0, chart.centre - half), point.high = std::min(1.0, chart.centre + half);
        point.beyond = std::abs(point.share - chart.centre) > half + at_the_line;
        auto distance = point.share - chart.centre;
        if (std::abs(distance) <= at_the_line) run = 0;
        else if (distance > 0) run = run > 0 ? run + 1 : 1;
        else run = run < 0 ? run - 1 : -1;
        point.run = std::abs(run) >= run_length;
        chart.points.push_back(point);
    }
    return chart;
}

}  // namespace pingjing::stats
