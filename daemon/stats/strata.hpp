// Kinds of work, by category and time of day: what is expected of somebody with this work, and what a rate would be if all kinds of
// callers had answered alike.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pingjing::stats {

// The force mean by kind of work, everybody's own ratings included. Filled with all ratings first, asked afterwards.
class CaseMix {
public:
    explicit CaseMix(std::int64_t least_cell = 30) : least_cell_(least_cell) {}
    void add(const std::string& category, int time_band, double sum, std::int64_t n);
    // The mean of the cell; of the category where the cell has fewer ratings than `least_cell`; of the force where that has too; 0.5 without any.
    double expected(const std::string& category, int time_band) const;

private:
    struct Mean { double sum = 0; std::int64_t n = 0; };
    std::int64_t least_cell_;
    std::map<std::pair<std::string, int>, Mean> cells_;
    std::map<std::string, Mean> categories_;
    Mean force_;
};

// One kind of work: how many could have rated (N_h), how many did (n_h), and the sum of their ratings.
struct Stratum { std::int64_t population = 0, n = 0; double sum = 0; };
struct PostStratified { double rate = 0, largest_weight = 1; };
// Σ w_h·n_h·p_h / Σ w_h·n_h, where w_h = (N_h/N)/(n_h/n) is cut to [1/most, most], then rescaled so that Σ w_h·n_h = n; the weight told is the
// largest after that. Without a cut it is Σ(N_h/N)·p_h (D. Holt, T. M. F. Smith, JRSS A 142 (1979)). Of strata in which nobody
// answered nothing is known: they are left out of N. nullopt: nobody answered at all.
std::optional<PostStratified> post_stratify(const std::vector<Stratum>& strata, double most = 3);

}  // namespace pingjing::stats
