#include "daemon/reports/picture.hpp"

#include <fmt/format.h>

namespace pingjing::reports {

std::string interval_picture(double low, double at, double high) {
    constexpr double width = 100;
    // Quarters are marked faintly, so that two rows can be compared across a page.
    return fmt::format(R"~(<svg class="interval" viewBox="0 0 {0} 12" role="img" aria-label="{1:.1f}% ({2:.1f}%–{3:.1f}%)">)~"
                       R"(<path class="grid" d="M0 1v10M25 3v6M50 3v6M75 3v6M{0} 1v10"/>)"
                       R"(<rect class="range" x="{4:.2f}" y="4" width="{5:.2f}" height="4"/><path class="point" d="M{6:.2f} 1v10"/></svg>)",
                       width, at * 100, low * 100, high * 100, low * width, (high - low) * width, at * width);
}

}  // namespace pingjing::reports
