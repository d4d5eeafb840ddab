// 综合考评: several components, each from 0 to 1, into one figure by weights that somebody chose. It is no estimate of anything; the
// weights are policy, so every component stands beside the sum.
#pragma once
#include <optional>
#include <vector>

namespace pingjing::stats {

struct Component { double weight = 0; std::optional<double> value{}; };
struct Assessed {
    double score = 0;    // Σ weight·value / Σ weight, over the components that have a value
    double covered = 1;  // the share of all weights that those have
};
// nullopt: none has both a weight and a value.
std::optional<Assessed> assess(const std::vector<Component>& components);

}  // namespace pingjing::stats
