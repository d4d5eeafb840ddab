#include "daemon/stats/assess.hpp"

namespace pingjing::stats {

std::optional<Assessed> assess(const std::vector<Component>& components) {
    double all = 0, weights = 0, sum = 0;
    for (const auto& component : components) {
        all += component.weight;
        if (!component.value) continue;
        weights += component.weight, sum += component.weight * *component.value;
    }
    if (weights <= 0) return std::nullopt;
    return Assessed{sum / weights, weights / all};
}

}  // namespace pingjing::stats
