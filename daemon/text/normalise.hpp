// One spelling for what a citizen can write in twenty: NFKC, no zero-width or control characters, simplified
// characters, lower case, ASCII digits for every digit and for numerals that stand alone ("一", "Ⅰ", "❶", "١").
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pingjing::text {

struct Normalised {
    std::string text;
    std::vector<std::size_t> origin;  // for each byte of text, and for its end: the offset in what was written
};

// Broken UTF-8 becomes U+FFFD. Only the first `characters` are read, so that the time is bounded for any input.
Normalised normalise(std::string_view utf8, std::size_t characters = 2000);

}  // namespace pingjing::text
