#include "providers/simulated/journal.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace pingjing::simulated {
namespace {

std::string as_json(std::string_view text) { return boost::json::serialize(boost::json::value(boost::json::string_view(text.data(), text.size()))); }

}  // namespace

Line::Line(Instant at, std::string_view direction, std::string_view kind) {
    add("time", format_utc(at)).add("direction", direction).add("kind", kind);
}

void Line::key(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    text_ += as_json(name) + ':';
}

Line& Line::add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    key(name);
    text_ += as_json(value);
    return *this;
}

Line& Line::add(std::string_view name, const std::vector<std::string>& values) {
    if (values.empty()) return *this;
    key(name);
    text_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) text_ += (i ? "," : "") + as_json(values[i]);
    text_ += ']';
    return *this;
}

Line& Line::count(std::string_view name, std::uint64_t value) {
    key(name);
    text_ += std::to_string(value);
    return *this;
}

Line& Line::flag(std::string_view name, bool value) {
    if (!value) return *this;
    key(name);
    text_ += "true";
    return *this;
}

std::uint64_t Journal::count_of(const std::string& name) const {
    auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
}

}  // namespace pingjing::simulated
