// Charts of a report as SVG, to stand in its page: drawn here and not by a script, black on white as well as in colour, for every mark has a
// shape of its own and every line a pattern. Each with title, axes with their units, a legend, and words for who does not see it. None is
// a ranking: points stand where their number of ratings puts them. Pure; the same figures are the same bytes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pingjing::reports {

// Rates over numbers of ratings, with the limits within which chance alone would leave nearly all of them.
struct FunnelChart {
    std::string title{}, english{};
    double centre = 0, deviation = 0;     // of one rating, widened by the spread: limits are centre ± z·deviation/√n, within [0, 1]
    double warn = 1.96, alarm = 3.09;     // z
    std::int64_t least = 30;              // smaller ones are not drawn, and the limits begin there
    struct Point { std::string code{}, name{}; std::int64_t n = 0; double rate = 0; };
    std::vector<Point> points{};
};

struct ChartWeek {
    enum class Mark { none, beyond, run };
    struct Value { double at = 0, low = 0, high = 1; Mark mark = Mark::none; };
    std::string name{};            // 2026-W48
    std::int64_t n = 0;
    std::optional<Value> value{};  // nullopt: not shown, and the line has a gap
};
// Shares of dissatisfied ratings week by week, within control limits about their own centre.
struct ControlChart {
    std::string title{}, english{};
    double centre = 0;
    std::vector<ChartWeek> weeks{};
};
// Rates week by week, each with its interval.
struct RateChart {
    std::string title{}, english{};
    std::vector<ChartWeek> weeks{};
};
using Chart = std::variant<FunnelChart, ControlChart, RateChart>;

// A <figure>. Names in it are text, whatever they hold. One without a point says so in words.
std::string render_chart(const Chart& chart);

}  // namespace pingjing::reports
