// The operating system's clocks, and the test clock that may stand in front of them. The only place that asks.
#pragma once
#include <filesystem>
#include <memory>
#include <string_view>

#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"

namespace pingjing {

std::unique_ptr<Clock> system_clock();

struct ClockSpec {
    Instant start{};
    double speed = 1.0;
};
Result<ClockSpec> read_clock_spec(std::string_view spec);  // an error says what was expected

// `spec` is PINGJING_CLOCK: "2026-11-21T00:30:00+08:00" or "…x60" (start and speed). The first command on a state_dir
// writes the real instant to state_dir/test_clock; later commands continue the same timeline.
Result<std::unique_ptr<Clock>> test_clock(std::string_view spec, const std::filesystem::path& state_dir);

}  // namespace pingjing
