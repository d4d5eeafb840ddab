// Which pingjing this is: `--version`, the metrics. The same stands in CMakeLists.txt; a test compares them.
#pragma once
#include <string_view>

namespace pingjing {

constexpr std::string_view version = "0.1.0", version_of = "2026-11-30";

}  // namespace pingjing
