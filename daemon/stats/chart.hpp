// A share over time: W. A. Shewhart's p-chart, with the run rule of the Western Electric handbook (1956): one point beyond three sigma, or
// eight in a row on one side of the centre.
#pragma once
#include <vector>

#include "daemon/stats/funnel.hpp"

namespace pingjing::stats {

struct ChartPoint {
    double share = 0, low = 0, high = 1;  // centre ± sigmas·√(p̄(1 − p̄)/n), within [0, 1]
    bool beyond = false;                  // outside them
    bool run = false;                     // the last of at least `run_length` on its side; a point at the centre ends a run
};
struct Chart {
    double centre = 0;  // p̄: all counts over all n
    std::vector<ChartPoint> points{};
};
// `weeks` in the order of time, none with n = 0.
Chart p_chart(const std::vector<Share>& weeks, double sigmas = 3, int run_length = 8);

}  // namespace pingjing::stats
