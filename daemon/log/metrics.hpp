// Counters and gauges by name and labels, rendered as Prometheus text. Values never hold a number or a text.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace pingjing::metrics {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

void count(std::string_view name, Labels labels = {}, double by = 1);
void gauge(std::string_view name, Labels labels, double value);
std::string render();  // sorted by name; `# TYPE` before each; "pingjing_" stands before every name
void clear();          // for tests

}  // namespace pingjing::metrics
