// Few ratings move a score little: beta-binomial with a prior worth m ratings (Efron & Morris, JASA 70 (1975)), toward the score
// expected from the kind of work. Shrinking to the force mean would punish units with hard work.
#pragma once
#include <cstdint>
#include <vector>

#include "daemon/stats/funnel.hpp"

namespace pingjing::stats {

// (m·e + Σx)/(m + n)
double shrink(double expected, double prior, double sum, std::int64_t n);

// m = σ²/v̂ within [10, 200], where v̂ is the variance (k − 1) of the means of the k groups with n ≥ `least_n`, less the mean of σ²/n:
// what chance alone would make of them. 200 where v̂ ≤ 0, 20 where fewer than two groups are that large.
double prior_by_moments(const std::vector<Group>& groups, double variance, std::int64_t least_n = 10);

}  // namespace pingjing::stats
