#include "daemon/stats/funnel.hpp"

#include <algorithm>
#include <cmath>

namespace pingjing::stats {
namespace {

constexpr double rounding = 1e-9;  // a group exactly at the limit is within

double share_of(const Share& share) { return share.n > 0 ? static_cast<double>(share.count) / static_cast<double>(share.n) : 0; }

Share pooled(const std::vector<Share>& shares) {
    Share all;
    for (const auto& share : shares) all.count += share.count, all.n += share.n;
    return all;
}

}  // namespace

double sample_variance(std::int64_t n, double sum, double sum_of_squares) {
    if (n < 2) return 0;
    auto count = static_cast<double>(n);
    return std::max(0.0, (sum_of_squares - sum * sum / count) / (count - 1));
}

double z_score(const Group& group, double centre, double variance) {
    if (group.n <= 0 || variance <= 0) return 0;
    return (group.mean - centre) / std::sqrt(variance / static_cast<double>(group.n));
}

double overdispersion(std::vector<double> z_scores) {
    if (z_scores.empty()) return 1;
    std::sort(z_scores.begin(), z_scores.end());
    auto cut = z_scores.size() / 10;
    auto low = z_scores[cut], high = z_scores[z_scores.size() - 1 - cut];
    double squares = 0;
    for (auto z : z_scores) squares += std::clamp(z, low, high) * std::clamp(z, low, high);
    return std::max(1.0, squares / static_cast<double>(z_scores.size()));
}

double spread_of(const std::vector<Group>& groups, double centre, double variance, const FunnelRules& rules) {
    std::vector<double> z_scores;
    for (const auto& group : groups)
        if (group.n >= rules.least_spread) z_scores.push_back(z_score(group, centre, variance));
    return z_scores.size() >= rules.least_groups ? overdispersion(std::move(z_scores)) : 1;
}

Interval funnel_limits(double centre, double variance, std::int64_t n, double spread, double z) {
    if (n <= 0) return {};
    auto half = z * std::sqrt(spread * variance / static_cast<double>(n));
    return {centre - half, centre + half};
}

Place place_of(double z, double spread, double limit) {
    if (std::abs(z) <= limit * std::sqrt(spread) + rounding) return Place::within;
    return z < 0 ? Place::below : Place::above;
}

std::vector<std::optional<Judged>> judge(const std::vector<Share>& shares, const FunnelRules& rules) {
    std::vector<std::optional<Judged>> out(shares.size());
    auto comparable = std::count_if(shares.begin(), shares.end(), [&](const Share& share) { return share.n >= rules.least_flag; });
    if (static_cast<std::size_t>(comparable) < rules.least_comparable) return out;

    auto centre = share_of(pooled(shares));
    auto variance = centre * (1 - centre);
    std::vector<Group> groups;
    for (const auto& share : shares) groups.push_back({share.n, share_of(share)});
    auto spread = spread_of(groups, centre, variance, rules);
    for (std::size_t i = 0; i < shares.size(); ++i) {
        if (shares[i].n < rules.least_flag) continue;
        Judged judged{centre, z_score(groups[i], centre, variance), spread, two_sided_tail(shares[i].count, shares[i].n, centre)};
        if (judged.tail < rules.warn_tails) judged.warn = place_of(judged.z, spread, rules.warn);
        if (judged.tail < rules.alarm_tails) judged.alarm = place_of(judged.z, spread, rules.alarm);
        out[i] = judged;
    }
    return out;
}

}  // namespace pingjing::stats
