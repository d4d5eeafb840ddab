// Whether so few replies can still be chance: the statistics of a path that goes silent. Pure.
//
// Of the newest texts of a path as many are taken as should have brought 10, 15, 20, 30 and 60 replies. How probable is it that no more
// came than did, if the path were as good as ever? That is the lower tail of the binomial distribution (e.g. NIST/SEMATECH e-Handbook of
// Statistical Methods, 1.3.6.6.18), summed term by term. Below the threshold it is no chance. Where less than 10 replies could be
// expected nothing is said: a small station's quiet day is no broken carrier.
#pragma once
#include <cstdint>
#include <vector>

namespace pingjing {

// P(X <= k) for X ~ Binomial(n, p).
double binomial_tail(std::int64_t k, std::int64_t n, double p);

// The share that is to be expected of a group: its own history, drawn toward `general` as if that had been seen on `weight` texts. Never
// above 0.9: what is missing is not independent of what else is missing.
double expected_share(std::int64_t seen, std::int64_t sent, double general, double weight = 50);

struct Silence {
    bool silent = false;     // no chance any more
    bool alive = false;      // of the texts that should have brought 10, at least half as many did: an alarm may end
    double expected = 0;     // by the window that is the least probable
    std::int64_t seen = 0, texts = 0;
    double probability = 1;
};
// `came`: whether a reply came, the newest text first; only texts that have had their time.
Silence judge_silence(const std::vector<bool>& came, double share, double threshold);

}  // namespace pingjing
