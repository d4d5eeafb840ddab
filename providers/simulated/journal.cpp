#include "providers/simulated/journal.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "daemon/text/utf.hpp"

namespace pingjing::simulated {
namespace {

// What is no UTF-8 (a client may send any octets) stands as \\xFF, so that every line is JSON.
std::string as_json(std::string_view text) {
    std::string readable(text);
    if (!decode_utf8(readable)) {
        readable.clear();
        for (unsigned char c : text) readable += c < 0x80 ? std::string(1, static_cast<char>(c)) : fmt::format("\\x{:02X}", c);
    }
    return boost::json::serialize(boost::json::value(boost::json::string_view(readable.data(), readable.size())));
}

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
