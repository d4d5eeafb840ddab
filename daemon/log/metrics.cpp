#include "daemon/log/metrics.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <utility>

#include "daemon/core/version.hpp"
#include "daemon/log/metric_names.hpp"

namespace pingjing::metrics {
namespace {

struct Series { bool is_counter = true; std::map<std::string, double> values; };
std::mutex mutex;
std::map<std::string, Series, std::less<>>& all() {
    static std::map<std::string, Series, std::less<>> series;
    return series;
}

std::string label_text(Labels labels) {
    if (labels.size() == 0) return "";
    std::string out = "{";
    for (const auto& [key, value] : labels) {
        if (out.size() > 1) out += ',';
        out.append(key).append("=\"");
        for (char c : value) {
            if (c == '"' || c == '\\') out += '\\';
            if (c == '\n') { out += "\\n"; continue; }
            out += c;
        }
        out += '"';
    }
    return out + "}";
}

Series& series(std::string_view name, bool is_counter) {
    auto known = all().find(name);
    auto& s = known == all().end() ? all()[std::string(name)] : known->second;
    s.is_counter = is_counter;
    return s;
}

}  // namespace

void count(std::string_view name, Labels labels, double by) {
    auto text = label_text(labels);  // outside the lock: every thread counts
    std::lock_guard lock(mutex);
    series(name, true).values[std::move(text)] += by;
}

void gauge(std::string_view name, Labels labels, double value) {
    std::lock_guard lock(mutex);
    series(name, false).values[label_text(labels)] = value;
}

std::string render() {
    std::lock_guard lock(mutex);
    series("build_info", false).values[label_text({{"version", version}})] = 1;
    for (const auto& m : table())
        if (m.is_counter() && m.labels.empty()) series(m.name, true).values.try_emplace("", 0);
    std::string out;
    for (const auto& [name, s] : all()) {
        if (const auto* m = find(name)) out += fmt::format("# HELP pingjing_{} {}\n", name, m->help);
        out += fmt::format("# TYPE pingjing_{} {}\n", name, s.is_counter ? "counter" : "gauge");
        for (const auto& [labels, value] : s.values) out += fmt::format("pingjing_{}{} {}\n", name, labels, value);
    }
    return out;
}

void clear() {
    std::lock_guard lock(mutex);
    all().clear();
}

}  // namespace pingjing::metrics
