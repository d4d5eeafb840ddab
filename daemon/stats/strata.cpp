#include "daemon/stats/strata.hpp"

#include <algorithm>

namespace pingjing::stats {

void CaseMix::add(const std::string& category, int time_band, double sum, std::int64_t n) {
    for (auto* mean : {&cells_[{category, time_band}], &categories_[category], &force_}) {
        mean->sum += sum;
        mean->n += n;
    }
}

double CaseMix::expected(const std::string& category, int time_band) const {
    if (auto cell = cells_.find({category, time_band}); cell != cells_.end() && cell->second.n >= least_cell_)
        return cell->second.sum / static_cast<double>(cell->second.n);
    if (auto wider = categories_.find(category); wider != categories_.end() && wider->second.n >= least_cell_)
        return wider->second.sum / static_cast<double>(wider->second.n);
    return force_.n > 0 ? force_.sum / static_cast<double>(force_.n) : 0.5;
}

std::optional<PostStratified> post_stratify(const std::vector<Stratum>& strata, double most) {
    double population = 0, answered = 0;
    for (const auto& stratum : strata)
        if (stratum.n > 0) population += static_cast<double>(stratum.population), answered += static_cast<double>(stratum.n);
    if (answered <= 0 || population <= 0) return std::nullopt;

    double weighted = 0, sum = 0, largest = 0;
    for (const auto& stratum : strata) {
        if (stratum.n <= 0) continue;
        auto n = static_cast<double>(stratum.n);
        auto weight = std::clamp(static_cast<double>(stratum.population) / population / (n / answered), 1 / most, most);
        weighted += weight * n, sum += weight * stratum.sum, largest = std::max(largest, weight);
    }
    return PostStratified{sum / weighted, largest * answered / weighted};
}

}  // namespace pingjing::stats
