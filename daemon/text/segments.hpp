// How a text is cut for the air: in septets or UTF-16 units, never in bytes, and never through a surrogate pair, an escape
// pair or, unless told so, a grapheme. The number of parts is known only after cutting.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pingjing {

enum class Alphabet { gsm7, ucs2 };

// What a single message and a part of a longer one hold; 8-bit references leave one unit more than 16-bit ones.
struct SegmentLimits { int single, part; };
constexpr SegmentLimits segment_limits(Alphabet alphabet, bool wide_reference = false) {
    return alphabet == Alphabet::gsm7 ? SegmentLimits{160, wide_reference ? 152 : 153} : SegmentLimits{70, wide_reference ? 66 : 67};
}

struct Segment { std::string text; int units = 0; };  // UTF-8
struct Segments {
    Alphabet alphabet = Alphabet::gsm7;
    int units = 0;                    // of the whole text
    std::vector<Segment> parts;       // one, empty, for an empty text
};
struct Cutting { bool wide_reference = false; bool whole_graphemes = true; bool ucs2 = false; };  // ucs2: also where GSM-7 could say it

// The alphabet is GSM-7 if every character is in it, else UCS-2. nullopt: not UTF-8, or a NUL in it.
std::optional<Segments> cut_segments(std::string_view utf8, Cutting how = {});

}  // namespace pingjing
