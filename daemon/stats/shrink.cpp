#include "daemon/stats/shrink.hpp"

#include <algorithm>

namespace pingjing::stats {

double shrink(double expected, double prior, double sum, std::int64_t n) {
    return (prior * expected + sum) / (prior + static_cast<double>(n));
}

double prior_by_moments(const std::vector<Group>& groups, double variance, std::int64_t least_n) {
    std::vector<double> means;
    double chance = 0;
    for (const auto& group : groups) {
        if (group.n < least_n) continue;
        means.push_back(group.mean);
        chance += variance / static_cast<double>(group.n);
    }
    if (means.size() < 2) return 20;

    auto count = static_cast<double>(means.size());
    double centre = 0, spread = 0;
    for (auto mean : means) centre += mean / count;
    for (auto mean : means) spread += (mean - centre) * (mean - centre) / (count - 1);
    auto between = spread - chance / count;
    if (between <= 0) return 200;
    return std::clamp(variance / between, 10.0, 200.0);
}

}  // namespace pingjing::stats
