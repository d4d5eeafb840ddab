#include "daemon/core/silence.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace pingjing {

double binomial_tail(std::int64_t k, std::int64_t n, double p) {
    if (k >= n || p <= 0) return 1;
    if (k < 0 || p >= 1) return 0;
    double sum = 0;
    for (std::int64_t i = 0; i <= k; ++i) {
        auto a = static_cast<double>(i), b = static_cast<double>(n - i);
        sum += std::exp(std::lgamma(a + b + 1) - std::lgamma(a + 1) - std::lgamma(b + 1) + a * std::log(p) + b * std::log1p(-p));
    }
    return std::min(sum, 1.0);
}

double expected_share(std::int64_t seen, std::int64_t sent, double general, double weight) {
    return std::min((static_cast<double>(seen) + weight * general) / (static_cast<double>(sent) + weight), 0.9);
}

Silence judge_silence(const std::vector<bool>& came, double share, double threshold) {
    constexpr double windows[] = {10, 15, 20, 30, 60};
    Silence out;
    if (share <= 0) return out;
    std::size_t at = 0;
    std::int64_t seen = 0;
    for (auto expected : windows) {
        auto texts = static_cast<std::size_t>(std::ceil(expected / share - 1e-9));
        if (texts > came.size()) break;
        for (; at < texts; ++at) seen += came[at];
        auto probability = binomial_tail(seen, static_cast<std::int64_t>(texts), share);
        if (expected == windows[0]) out.alive = static_cast<double>(seen) >= expected / 2;
        if (out.texts > 0 && probability >= out.probability) continue;
        out.probability = probability, out.expected = static_cast<double>(texts) * share, out.seen = seen, out.texts = static_cast<std::int64_t>(texts);
    }
    out.silent = out.probability < threshold;
    return out;
}

}  // namespace pingjing
