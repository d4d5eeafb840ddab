// Digits that stand as an answer, and the numbers that do not (domain.md §7, rules 1–4 and 8).
#pragma once
#include <string_view>
#include <vector>

#include "daemon/core/rating.hpp"
#include "daemon/reply/tables.hpp"

namespace pingjing::reply {

struct Codes {
    std::vector<int> values;    // distinct, as written, negated ones left out, after words of correction were heard
    std::vector<Span> spans;    // with their frames: what is left beside them is comment
    bool correction = false;    // 打错, 不是3
    bool negated = false;       // a code was taken back
    bool questioned = false;    // 1?
    bool points = false;        // 3分: the scale asked for a code, not for points
    bool out_of_range = false;  // 0, 7, 100 as the whole answer
    bool outside = false;       // such a number before or behind words, which do not tell what it was to mean: "7 满意"
    bool zero = false;
    bool run_together = false;   // 23
    bool other_numbers = false;  // times, plates, counts
};

// `neighbours`: words a code may touch, see find_neighbours.
Codes find_codes(Scale scale, std::string_view text, const std::vector<Span>& neighbours);

}  // namespace pingjing::reply
