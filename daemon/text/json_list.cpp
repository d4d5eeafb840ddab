#include "daemon/text/json_list.hpp"

#include <algorithm>
#include <cstdint>

namespace pingjing {
namespace {

constexpr auto nowhere = std::string_view::npos;
constexpr std::size_t deepest = 40;  // beyond what anybody reads of it

std::size_t behind_blanks(std::string_view text, std::size_t at) { return std::min(text.find_first_not_of(" \t\r\n", at), text.size()); }

// `at`: the opening quote. What follows the closing one.
std::size_t behind_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\') ++at;
        else if (text[at] == '"') return at + 1;
    }
    return nowhere;
}

std::size_t behind_brackets(std::string_view text, std::size_t at) {
    std::string open;  // the brackets that have to close
    while (at < text.size()) {
        char c = text[at];
        if (c == '"') {
            at = behind_string(text, at);
            if (at == nowhere) return nowhere;
            continue;
        }
        if (c == '{' || c == '[') open += c == '{' ? '}' : ']';
        if (open.size() > deepest) return nowhere;
        ++at;
        if (c != '}' && c != ']') continue;
        if (open.back() != c) return nowhere;
        open.pop_back();
        if (open.empty()) return at;
    }
    return nowhere;
}

std::size_t behind_value(std::string_view text, std::size_t at) {
    if (at >= text.size()) return nowhere;
    if (text[at] == '"') return behind_string(text, at);
    if (text[at] == '{' || text[at] == '[') return behind_brackets(text, at);
    auto end = std::min(text.find_first_of(",]} \t\r\n", at), text.size());
    return end > at ? end : nowhere;
}

// Behind the comma or the bracket that has to follow.
struct Next { std::size_t at = 0; bool closed = false; };
std::optional<Next> behind_comma(std::string_view text, std::size_t at, char closing) {
    at = behind_blanks(text, at);
    if (at >= text.size() || (text[at] != ',' && text[at] != closing)) return std::nullopt;
    return Next{at + 1, text[at] == closing};
}

// The value of that key in the object that begins at `at`. A key that stands twice is none that could be named.
std::size_t find_member(std::string_view text, std::size_t at, std::string_view key) {
    std::size_t found = nowhere;
    at = behind_blanks(text, at + 1);
    if (at < text.size() && text[at] == '}') return nowhere;
    for (;;) {
        at = behind_blanks(text, at);
        if (at >= text.size() || text[at] != '"') return nowhere;
        auto end = behind_string(text, at);
        if (end == nowhere) return nowhere;
        auto name = text.substr(at + 1, end - at - 2);
        at = behind_blanks(text, end);
        if (at >= text.size() || text[at] != ':') return nowhere;
        at = behind_blanks(text, at + 1);
        if (name == key) {
            if (found != nowhere) return nowhere;
            found = at;
        }
        at = behind_value(text, at);
        if (at == nowhere) return nowhere;
        auto next = behind_comma(text, at, '}');
        if (!next) return nowhere;
        if (next->closed) return found;
        at = next->at;
    }
}

std::optional<JsonList> read_list(std::string_view text, std::size_t at) {
    JsonList list{at, 0, {}};
    at = behind_blanks(text, at + 1);
    if (at < text.size() && text[at] == ']') return list.end = at + 1, list;
    for (;;) {
        at = behind_blanks(text, at);
        auto end = behind_value(text, at);
        if (end == nowhere) return std::nullopt;
        list.elements.push_back(text.substr(at, end - at));
        auto next = behind_comma(text, end, ']');
        if (!next) return std::nullopt;
        at = next->at;
        if (next->closed) return list.end = at, list;
    }
}

std::optional<std::uint32_t> escaped_unit(std::string_view text, std::size_t at) {
    if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
    std::uint32_t unit = 0;
    for (char c : text.substr(at + 2, 4)) {
        bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!letter && (c < '0' || c > '9')) return std::nullopt;
        unit = unit << 4 | static_cast<std::uint32_t>(letter ? (c | 0x20) - 'a' + 10 : c - '0');
    }
    return unit;
}

}  // namespace

std::optional<JsonList> find_json_list(std::string_view text, std::string_view pointer) {
    auto at = behind_blanks(text, 0);
    while (!pointer.empty()) {
        if (at >= text.size() || text[at] != '{' || pointer.front() != '/') return std::nullopt;
        pointer.remove_prefix(1);
        auto key = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(key.size());
        at = find_member(text, at, key);
        if (at == nowhere) return std::nullopt;
    }
    if (at >= text.size() || text[at] != '[') return std::nullopt;
    return read_list(text, at);
}

std::string with_whole_escapes(std::string_view json, std::vector<std::size_t>* halves) {
    constexpr std::size_t escape = 6;  // "\ud83d"
    std::string out;
    for (std::size_t at = 0; at < json.size();) {
        if (json[at] != '\\') {
            out += json[at++];
            continue;
        }
        auto unit = escaped_unit(json, at);
        bool first = unit && *unit >= 0xD800 && *unit < 0xDC00, second = unit && *unit >= 0xDC00 && *unit < 0xE000;
        auto next = first ? escaped_unit(json, at + escape) : std::nullopt;
        bool pair = next && *next >= 0xDC00 && *next < 0xE000;
        auto length = pair ? 2 * escape : unit ? escape : std::min<std::size_t>(2, json.size() - at);
        bool half = (first || second) && !pair;
        if (half && halves) halves->push_back(at);
        if (half) out += "\\ufffd";
        else out += json.substr(at, length);
        at += length;
    }
    return out;
}

}  // namespace pingjing
