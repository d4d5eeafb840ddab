// Walking through UTF-8 that may be broken, and what kind of character stands where. No locale.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pingjing::text {

struct Character {
    char32_t code = 0;  // U+FFFD where the bytes are broken
    std::size_t bytes = 0;
};

Character decode_at(std::string_view utf8, std::size_t at);
// `at` is before the end. ASCII and what has three bytes (Han among it) without a call: the reader asks ten thousand times a reply.
inline Character character_at(std::string_view utf8, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(utf8[at + i]); };
    if (byte(0) < 0x80) return {byte(0), 1};
    if (byte(0) > 0xE0 && byte(0) < 0xED && at + 2 < utf8.size() && (byte(1) & 0xC0) == 0x80 && (byte(2) & 0xC0) == 0x80)
        return {static_cast<char32_t>((byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F)), 3};
    return decode_at(utf8, at);
}
Character character_before(std::string_view utf8, std::size_t at);  // `at` is after the begin; well-formed UTF-8 only
void append(std::string& out, char32_t code);

char32_t without_marks(char32_t code);  // é is e, for Latin letters only

bool is_han(char32_t code);
bool is_word(
    char32_t code);  // letters, Han and numbers: what a sentence is made of; false for punctuation, spaces and emoji
bool is_space(char32_t code);

}  // namespace pingjing::text
