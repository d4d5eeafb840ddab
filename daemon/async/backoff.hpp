// How long to pause before trying again. Pure.
#pragma once
#include <algorithm>
#include <cmath>

#include "daemon/core/clock.hpp"
#include "daemon/core/random.hpp"

namespace pingjing {

// Doubles from `first` up to `most`; the result lies between half of that and all of it, so that many who failed
// together do not come back together. `attempt` counts from 1.
inline Steady backoff(int attempt, Steady first, Steady most, Random& random) {
    auto full = std::min(static_cast<double>(most.count()), static_cast<double>(first.count()) * std::exp2(std::clamp(attempt, 1, 40) - 1));
    return Steady(static_cast<std::int64_t>(full * (0.5 + 0.5 * random.unit())));
}

}  // namespace pingjing
