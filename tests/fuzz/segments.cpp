// Cutting texts for the air, and the alphabets they travel in.
#include "daemon/text/gsm7.hpp"
#include "daemon/text/segments.hpp"
#include "daemon/text/utf.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pingjing::fuzz {
namespace {

int units_of(std::string_view text, Alphabet alphabet) {
    int units = 0;
    auto characters = decode_utf8(text);
    must(characters.has_value(), "a part is UTF-8");
    for (auto c : *characters) units += alphabet == Alphabet::gsm7 ? gsm7_septets(c) : c > 0xFFFF ? 2 : 1;
    return units;
}

void cut(std::string_view text, Cutting how) {
    auto made = cut_segments(text, how);
    auto characters = decode_utf8(text);
    must(made.has_value() == (characters && characters->find(U'\0') == characters->npos), "every text is cut but what is no text");
    if (!made) return;

    std::string joined;
    int units = 0;
    for (const auto& part : made->parts) {
        joined += part.text, units += part.units;
        must(part.units == units_of(part.text, made->alphabet), "units are counted as the carrier counts");
        must(!part.text.empty() || text.empty(), "no part is empty");
    }
    must(joined == text, "the parts joined are the text");
    must(units == made->units && !made->parts.empty(), "the units of the parts are those of the text");

    auto limits = segment_limits(made->alphabet, how.wide_reference);
    bool single = made->parts.size() == 1;
    for (const auto& part : made->parts) must(part.units <= (single ? limits.single : limits.part), "a part fits");
    must(single == (units <= limits.single), "what fits into one message is one");
    // Greedy: two neighbours never fit into one part together, or the carrier would be paid for nothing.
    for (std::size_t i = 1; i < made->parts.size() && !how.whole_graphemes; ++i)
        must(made->parts[i - 1].units + 2 > limits.part, "a part is full before the next begins");
    if (made->alphabet == Alphabet::gsm7) must(to_gsm7(text).has_value(), "what is called GSM-7 can be written in it");
}

void alphabets(std::string_view bytes) {
    if (auto characters = decode_utf8(bytes)) {
        must(encode_utf8(*characters) == bytes, "UTF-8 comes back as it was");
        must(utf16be_to_utf8(to_utf16be(*characters)) == bytes || bytes.starts_with("\xEF\xBB\xBF") || bytes.starts_with("\xEF\xBF\xBE"), "UTF-16 too, but for a mark at its begin");
        if (auto septets = to_gsm7(bytes)) must(from_gsm7(*septets) == bytes, "and the default alphabet");
        for (const char* charset : {"GBK", "GB18030"})
            if (auto said = utf8_to_charset(bytes, charset)) must(charset_to_utf8(*said, charset) == bytes, charset);
    }
    // Whatever a phone sent becomes UTF-8.
    must(decode_utf8(utf16be_to_utf8(bytes)).has_value(), "octets read as UTF-16 are UTF-8");
    must(decode_utf8(from_gsm7(bytes)).has_value(), "octets read as GSM-7 are UTF-8");
    for (const char* charset : {"GBK", "GB18030", "ISO-8859-1", "UTF-16BE"})
        if (auto read = charset_to_utf8(bytes, charset)) must(decode_utf8(*read).has_value(), charset);
}

}  // namespace

void segments(std::string_view input) {
    Input in(input);
    auto how = in.choice(4);
    cut(in.rest(), Cutting{.wide_reference = (how & 1) != 0, .whole_graphemes = (how & 2) != 0});
    alphabets(in.rest());
}

}  // namespace pingjing::fuzz
