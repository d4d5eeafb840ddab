// Who is further from the common mean than chance explains: D. Spiegelhalter, Statistics in Medicine 24 (2005) 1185–1202, "Funnel plots for
// comparing institutional performance", with multiplicative over-dispersion after winsorising. It speaks of outliers and ranks nobody.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/stats/interval.hpp"

namespace pingjing::stats {

struct Group { std::int64_t n = 0; double mean = 0; };

// Σ(x − x̄)²/(n − 1) of n values with this sum and sum of squares; 0 of fewer than two.
double sample_variance(std::int64_t n, double sum, double sum_of_squares);

// (mean − μ)/√(σ²/n); 0 where σ² = 0, for then all observations are alike.
double z_score(const Group& group, double centre, double variance);

// φ: the mean of the squared z-scores, the ⌊0.1·k⌋ lowest and highest of the k pulled in to the next one; at least 1.
double overdispersion(std::vector<double> z_scores);

struct FunnelRules {
    double warn = 1.96, alarm = 3.09;                  // z: 95 % and 99.8 % of what chance does
    double warn_tails = 0.05, alarm_tails = 0.002;     // the same for exact limits: both tails together
    std::int64_t least_spread = 10;                    // φ is estimated from groups of at least so many …
    std::size_t least_groups = 10;                     // … where there are at least so many; elsewhere it is 1
    std::int64_t least_flag = 30;                      // smaller groups are compared with nobody
    std::size_t least_comparable = 10;                 // and nobody is where fewer groups than that are that large
};

// φ of these groups about the centre.
double spread_of(const std::vector<Group>& groups, double centre, double variance, const FunnelRules& rules);

// μ ± z·√(φσ²/n)
Interval funnel_limits(double centre, double variance, std::int64_t n, double spread, double z);

enum class Place { below, within, above };
// A group exactly at the limit is within.
Place place_of(double z_score, double spread, double limit);

// A count among n, as that of the surveys that were answered.
struct Share { std::int64_t count = 0, n = 0; };

// One share beside the pooled one of all. Rare things make no bell curve: besides the limit of the funnel it has to pass the
// exact two-sided binomial tail.
struct Judged {
    double expected = 0;  // the pooled share
    double z = 0, spread = 1, tail = 1;
    Place warn = Place::within, alarm = Place::within;
};
// In the order given; nullopt: too small to be compared.
std::vector<std::optional<Judged>> judge(const std::vector<Share>& shares, const FunnelRules& rules);

}  // namespace pingjing::stats
