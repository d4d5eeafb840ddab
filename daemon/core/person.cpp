#include "daemon/core/person.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>

namespace pingjing {
namespace {

bool is_blank(utf8proc_int32_t c) {
    auto category = utf8proc_category(c);
    return c == '\t' || category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_CF;
}

// Bytes of the character at `at`; 0: it is none.
std::size_t character(std::string_view text, std::size_t at, utf8proc_int32_t& c) {
    auto n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at), static_cast<utf8proc_ssize_t>(text.size() - at), &c);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
}

std::string folded(std::string_view text) {
    utf8proc_uint8_t* out = nullptr;
    auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()), &out,
                               static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE));
    std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(out, &std::free);
    return length < 0 ? std::string(text) : std::string(reinterpret_cast<char*>(out), static_cast<std::size_t>(length));
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    std::size_t begin = text.size(), end = text.size();
    for (std::size_t at = 0; at < text.size();) {
        utf8proc_int32_t c = 0;
        auto bytes = character(text, at, c);
        if (bytes == 0 || !is_blank(c)) {
            begin = std::min(begin, at);
            end = at + std::max<std::size_t>(bytes, 1);
        }
        at += std::max<std::size_t>(bytes, 1);
    }
    return begin == text.size() ? std::string_view() : text.substr(begin, end - begin);
}

std::string alike(std::string_view name) {
    auto plain = folded(name);
    std::string out;
    for (auto rest = trimmed(plain); char c : rest)
        if (c != ' ' || !out.ends_with(' ')) out += c;
    // 张 三 is 张三: between characters that are no letters of an alphabet a space says nothing.
    std::string joined;
    for (std::size_t i = 0; i < out.size(); ++i) {
        bool between = out[i] == ' ' && i > 0 && static_cast<unsigned char>(out[i - 1]) >= 0x80 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) >= 0xE0;
        if (!between) joined += out[i];
    }
    return joined;
}

Identity identity_of(std::string_view who, std::string_view badge) {
    Identity out;
    out.badge = badge;
    auto slash = who.find('/');
    if (slash == who.npos) return out;
    out.name = who.substr(slash + 1);
    auto [end, bad] = std::from_chars(who.data(), who.data() + slash, out.token);
    if (bad != std::errc() || end != who.data() + slash) out.token = 0;
    return out;
}

bool same_person(const Identity& one, const Identity& other) {
    if (one.token != 0 && one.token == other.token) return true;
    auto badge = alike(one.badge), others = alike(other.badge);
    if (!badge.empty() && !others.empty()) return badge == others;
    auto name = alike(one.name);
    return !name.empty() && name == alike(other.name);
}

}  // namespace pingjing
