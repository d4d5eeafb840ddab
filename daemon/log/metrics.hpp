// Counters and gauges by name and labels, rendered as Prometheus text. Values never hold a number or a text. What each name means
// stands in metric_names.cpp.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace pingjing::metrics {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

void count(std::string_view name, Labels labels = {}, double by = 1);
void gauge(std::string_view name, Labels labels, double value);
// Sorted by name, `# HELP` and `# TYPE` before each; "pingjing_" stands before every name. A counter without labels is there from the
// beginning, as 0: a rise from nothing would be none for Prometheus.
std::string render();
void clear();          // for tests

}  // namespace pingjing::metrics
