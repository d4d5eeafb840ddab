#include "daemon/intake/charset.hpp"

#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <type_traits>

namespace pingjing::intake {
namespace {

// Length of the well-formed sequence at `at`; 0: none.
std::size_t utf8_length(std::string_view s, std::size_t at) {
    auto byte = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
    auto tail = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
    auto first = byte(at);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return tail(at + 1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        auto second = byte(at + 1);
        if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
        return tail(at + 1) && tail(at + 2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        auto second = byte(at + 1);
        if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
        return tail(at + 1) && tail(at + 2) && tail(at + 3) ? 4 : 0;
    }
    return 0;
}

struct Shape {
    std::size_t hanzi = 0;   // U+4000 and above, of three octets
    std::size_t broken = 0;  // octets
};
Shape shape_of(std::string_view bytes) {
    Shape out;
    for (std::size_t at = 0; at < bytes.size();) {
        auto length = utf8_length(bytes, at);
        auto first = static_cast<unsigned char>(bytes[at]);
        if (length == 3 && first >= 0xE4 && first <= 0xE9) ++out.hanzi;
        if (length == 0) ++out.broken;
        at += length == 0 ? 1 : length;
    }
    return out;
}

// A line alone, or all lines.
bool is_surely_utf8(const Shape& shape) { return shape.hanzi >= 2 && shape.hanzi > shape.broken; }
bool has_utf8_line(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        auto end = std::min(text.find('\n', at), text.size());
        auto shape = shape_of(text.substr(at, end - at));
        if (shape.broken == 0 && is_surely_utf8(shape)) return true;
        at = end + 1;
    }
    return false;
}

std::optional<std::string> from_gb18030(std::string_view bytes) {
    struct Close {
        void operator()(void* cd) const { iconv_close(cd); }
    };
    static_assert(std::is_same_v<iconv_t, void*>);
    auto raw = iconv_open("UTF-8", "GB18030");
    if (raw == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
    std::unique_ptr<void, Close> converter(raw);
    std::string in(bytes), out(bytes.size() * 2 + 16, '\0');
    char* from = in.data();
    std::size_t left = in.size(), done = 0;
    while (left > 0) {
        char* to = out.data() + done;
        std::size_t room = out.size() - done;
        auto result = iconv(converter.get(), &from, &left, &to, &room);
        done = out.size() - room;
        if (result != static_cast<std::size_t>(-1)) break;
        if (errno != E2BIG) return std::nullopt;
        out.resize(out.size() * 2);
    }
    out.resize(done);
    return out;
}

}  // namespace

bool is_ascii(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_utf8(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        auto length = utf8_length(bytes, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset) {
    // Most cells are ASCII, and opening a converter for each would cost more than reading the row.
    if (charset == "gb18030") return is_ascii(bytes) ? std::optional(std::string(bytes)) : from_gb18030(bytes);
    if (!is_utf8(bytes)) return std::nullopt;
    return std::string(bytes);
}

std::string detect_charset(std::string_view bytes) {
    if (bytes.starts_with("\xEF\xBB\xBF")) return "utf-8";
    std::size_t good = 0, bad = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        auto length = utf8_length(bytes, at);
        if (length > 1) ++good;
        if (length == 0 && at + 4 <= bytes.size()) ++bad;  // nearer to the end a sample may have cut it
        at += length == 0 ? 1 : length;
    }
    return bad == 0 || good > bad ? "utf-8" : "gb18030";
}

Utf8Instead::Utf8Instead(std::string_view document) : all_(is_surely_utf8(shape_of(document))), in_lines_(has_utf8_line(document)) {}

bool Utf8Instead::in(std::string_view text) const { return all_ ? !is_ascii(text) : in_lines_ && has_utf8_line(text); }

std::string_view without_bom(std::string_view bytes) {
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    if (bytes.starts_with("\x84\x31\x95\x33")) bytes.remove_prefix(4);  // the same in GB18030
    return bytes;
}

}  // namespace pingjing::intake
