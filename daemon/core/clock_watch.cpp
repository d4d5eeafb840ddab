#include "daemon/core/clock_watch.hpp"

#include <algorithm>

namespace pingjing {

Millis ClockWatch::jump_until(const Look& look) const {
    std::lock_guard lock(mutex_);
    auto passed = std::chrono::duration<double, std::milli>(look.steady - from_.steady).count() * clock_.speed();
    auto off = look.wall - from_.wall - Millis(static_cast<std::int64_t>(passed));
    // A test clock that runs fast makes hours of a moment in which the machine gave us no time.
    auto fast = Millis(static_cast<std::int64_t>(2000 * clock_.speed()));
    return std::chrono::abs(off) > std::max(tolerated, fast) ? off : Millis(0);
}

void ClockWatch::compare_from(const Look& look) {
    std::lock_guard lock(mutex_);
    from_ = look;
}

}  // namespace pingjing
