// Every metric that we say, as Prometheus wants them told: units in names, counters end in _total. A test compares this table with the calls.
#pragma once
#include <span>
#include <string_view>

namespace pingjing::metrics {

struct Metric {
    std::string_view name;    // without "pingjing_"
    std::string_view labels;  // their names, with blanks between them
    std::string_view help;
    bool is_counter() const { return name.ends_with("_total"); }
};

std::span<const Metric> table();  // in the order of their names
const Metric* find(std::string_view name);

}  // namespace pingjing::metrics
