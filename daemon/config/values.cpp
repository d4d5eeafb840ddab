#include "daemon/config/values.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace pingjing::config {

std::optional<std::chrono::minutes> parse_minutes(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    int hour = 0, minute = 0;
    auto read = [&](std::size_t at, int& out) {
        auto [stop, bad] = std::from_chars(text.data() + at, text.data() + at + 2, out);
        return bad == std::errc{} && stop == text.data() + at + 2;
    };
    if (!read(0, hour) || !read(3, minute) || minute > 59 || hour > 24 || (hour == 24 && minute > 0)) return std::nullopt;
    return std::chrono::minutes(hour * 60 + minute);
}

Hours read_hours(Section& section, const std::string& key, Hours fallback) {
    auto text = section.text(key, "");
    if (text.empty()) return fallback;
    auto from = text.size() == 11 && text[5] == '-' ? parse_minutes(std::string_view(text).substr(0, 5)) : std::nullopt;
    auto to = from ? parse_minutes(std::string_view(text).substr(6)) : std::nullopt;
    if (from && to && *from < *to) return {*from, *to};
    section.problem(key, fmt::format("{} = \"{}\": expected hours of one day such as \"08:00-21:00\"", key, text));
    return fallback;
}

std::size_t read_size(Section& section, const std::string& key, std::size_t fallback, std::size_t most) {
    auto text = section.text(key, "");
    if (text.empty()) return fallback;
    std::size_t number = 0;
    auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    auto unit = std::string_view(text).substr(static_cast<std::size_t>(stop - text.data()));
    std::size_t factor = unit == "KiB" ? 1u << 10 : unit == "MiB" ? 1u << 20 : unit == "B" ? 1 : 0;
    if (bad == std::errc{} && factor > 0 && number > 0 && number <= most / factor) return number * factor;
    section.problem(key, fmt::format("{} = \"{}\": expected a size such as \"16MiB\", at most {} MiB", key, text, most >> 20));
    return fallback;
}

bool is_date(const std::string& text) { return text.size() == 10 && parse_rfc3339(text + "T00:00:00Z").has_value(); }

bool made_of(std::string_view text, std::string_view marks) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.find(c) != marks.npos;
    });
}

// What the server will take: an address, no name, for a name may be of several.
bool is_listen_address(std::string_view text) {
    constexpr std::size_t longest_path = 107;  // of a socket, says Linux
    if (text.starts_with("unix:/")) return text.substr(5).size() <= longest_path;
    auto colon = text.rfind(':');
    if (colon == text.npos) return false;
    auto host = std::string(text.substr(0, colon));
    auto port = text.substr(colon + 1);
    unsigned number = 0;
    auto [stop, bad] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (port.empty() || bad != std::errc{} || stop != port.data() + port.size() || number > 65535) return false;
    bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (auto scope = host.find('%'); bracketed && scope != host.npos) host.resize(scope);
    unsigned char address[16];
    return inet_pton(bracketed ? AF_INET6 : AF_INET, host.c_str(), address) == 1;
}

bool is_public_url(std::string_view text) {
    for (std::string_view scheme : {"http://", "https://"})
        if (text.starts_with(scheme)) {
            text.remove_prefix(scheme.size());
            return !text.empty() && text.front() != '/' && text.find_first_of("?# \t\"<>") == text.npos;
        }
    return false;
}

bool lies_inside(const Path& inner, const Path& outer) {
    auto a = std::filesystem::absolute(inner).lexically_normal(), b = std::filesystem::absolute(outer).lexically_normal();
    auto [rest_b, rest_a] = std::mismatch(b.begin(), b.end(), a.begin(), a.end());
    return rest_b == b.end() || (std::next(rest_b) == b.end() && rest_b->empty());
}

int whole(Section& s, const std::string& key, int fallback, int least, int most) { return static_cast<int>(s.integer(key, fallback, least, most)); }

std::optional<std::string> whole_file(const Path& path) {
    std::error_code none;
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path, none)) return std::nullopt;  // a folder opens, and throws when it is read
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (in.bad()) return std::nullopt;
    return text;
}

}  // namespace pingjing::config
