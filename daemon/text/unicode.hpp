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

Character character_at(std::string_view utf8, std::size_t at);      // `at` is before the end
Character character_before(std::string_view utf8, std::size_t at);  // `at` is after the begin; well-formed UTF-8 only
void append(std::string& out, char32_t code);

char32_t without_marks(char32_t code);  // é is e, for Latin letters only

bool is_han(char32_t code);
bool is_word(
    char32_t code);  // letters, Han and numbers: what a sentence is made of; false for punctuation, spaces and emoji
bool is_space(char32_t code);

}  // namespace pingjing::text
