#include "daemon/stats/interval.hpp"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>

namespace pingjing::stats {
namespace {

using Binomial = boost::math::binomial_distribution<double>;
using Beta = boost::math::beta_distribution<double>;

double at_most(std::int64_t k, std::int64_t n, double p) {
    if (k < 0) return 0;
    if (k >= n) return 1;
    return boost::math::cdf(Binomial(static_cast<double>(n), p), static_cast<double>(k));
}

double at_least(std::int64_t k, std::int64_t n, double p) {
    if (k <= 0) return 1;
    if (k > n) return 0;
    return boost::math::cdf(boost::math::complement(Binomial(static_cast<double>(n), p), static_cast<double>(k - 1)));
}

// The first of 0 … n for which `holds`, which never ceases to hold once it does; n + 1 where it does for none.
template <class Holds> std::int64_t first_that(std::int64_t n, Holds holds) {
    std::int64_t low = 0, high = n + 1;
    while (low < high) {
        auto middle = low + (high - low) / 2;
        if (holds(middle)) high = middle;
        else low = middle + 1;
    }
    return low;
}

}  // namespace

Interval wilson(double p, std::int64_t n, double z) {
    if (n <= 0) return {};
    auto count = static_cast<double>(n);
    auto z2 = z * z;
    auto scale = 1 + z2 / count;
    auto centre = (p + z2 / (2 * count)) / scale;
    auto half = z * std::sqrt(std::max(0.0, p * (1 - p)) / count + z2 / (4 * count * count)) / scale;
    return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

Interval clopper_pearson(std::int64_t k, std::int64_t n, double both_tails) {
    if (n <= 0) return {};
    auto some = static_cast<double>(k), others = static_cast<double>(n - k);
    Interval limits;
    if (k > 0) limits.low = boost::math::quantile(Beta(some, others + 1), both_tails / 2);
    if (k < n) limits.high = boost::math::quantile(boost::math::complement(Beta(some + 1, others), both_tails / 2));
    return limits;
}

double two_sided_tail(std::int64_t k, std::int64_t n, double p) {
    if (n <= 0) return 1;
    return std::min(1.0, 2 * std::min(at_most(k, n, p), at_least(k, n, p)));
}

Counts counts_within(std::int64_t n, double p, double both_tails) {
    if (n <= 0) return {};
    auto low = first_that(n, [&](std::int64_t k) { return 2 * at_most(k, n, p) >= both_tails; });
    auto high = first_that(n, [&](std::int64_t k) { return 2 * at_least(k, n, p) < both_tails; }) - 1;
    return {low, high};
}

}  // namespace pingjing::stats
