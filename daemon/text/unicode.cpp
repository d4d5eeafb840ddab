#include "daemon/text/unicode.hpp"

#include <utf8proc.h>

#include <algorithm>

namespace pingjing::text {

Character decode_at(std::string_view utf8, std::size_t at) {
    utf8proc_int32_t code = 0;
    auto rest = utf8.substr(at, 4);
    auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(rest.data()),
                                  static_cast<utf8proc_ssize_t>(rest.size()), &code);
    if (bytes <= 0) return {U'\uFFFD', 1};
    return {static_cast<char32_t>(code), static_cast<std::size_t>(bytes)};
}

Character character_before(std::string_view utf8, std::size_t at) {
    auto begin = at - 1;
    while (begin > 0 && at - begin < 4 && (static_cast<unsigned char>(utf8[begin]) & 0xC0) == 0x80) --begin;
    return {character_at(utf8, begin).code, at - begin};
}

void append(std::string& out, char32_t code) {
    utf8proc_uint8_t bytes[4];
    auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
}

char32_t without_marks(char32_t code) {
    if (code < 0xC0 || (code > 0x24F && (code < 0x1E00 || code > 0x1EFF))) return code;
    utf8proc_int32_t parts[4];
    int boundary = 0;
    auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), parts, 4, UTF8PROC_DECOMPOSE, &boundary);
    return count > 1 && parts[0] < 0x80 ? static_cast<char32_t>(parts[0]) : code;
}

bool is_han(char32_t code) {
    return (code >= 0x3400 && code <= 0x9FFF) || (code >= 0xF900 && code <= 0xFAFF) ||
           (code >= 0x20000 && code <= 0x3FFFF);
}

bool is_word(char32_t code) {
    auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO);
}

bool is_space(char32_t code) { return utf8proc_category(static_cast<utf8proc_int32_t>(code)) == UTF8PROC_CATEGORY_ZS; }

}  // namespace pingjing::text
