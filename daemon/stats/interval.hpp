// How far a share of few observations can be trusted.
#pragma once
#include <cstdint>

namespace pingjing::stats {

struct Interval { double low = 0, high = 1; };

// E. B. Wilson, JASA 22 (1927): centre (p + z²/2n)/(1 + z²/n), half z·√(p(1−p)/n + z²/4n²)/(1 + z²/n); within [0, 1].
// For a mean of values in [0, 1] it is conservative: none varies more than a yes or no with that mean.
Interval wilson(double p, std::int64_t n, double z = 1.96);

// C. J. Clopper, E. S. Pearson, Biometrika 26 (1934), "exact": quantiles B(α/2; k, n−k+1) and B(1−α/2; k+1, n−k) of the beta
// distribution; 0 below none, 1 above all. α = `both_tails`.
Interval clopper_pearson(std::int64_t k, std::int64_t n, double both_tails = 0.05);

// Of X ~ Binomial(n, p): min(1, 2·min(P(X ≤ k), P(X ≥ k))).
double two_sided_tail(std::int64_t k, std::int64_t n, double p);

// The counts k with two_sided_tail(k, n, p) ≥ α lie from `low` to `high`: exact limits of a funnel. low > high: there are none.
struct Counts { std::int64_t low = 0, high = 0; };
Counts counts_within(std::int64_t n, double p, double both_tails);

}  // namespace pingjing::stats
