#include "daemon/text/segments.hpp"

#include <utf8proc.h>

#include <algorithm>

#include "daemon/text/gsm7.hpp"
#include "daemon/text/utf.hpp"

namespace pingjing {
namespace {

struct Piece { std::u32string text; int units = 0; };

// What may not be cut: one character, or one grapheme cluster.
std::vector<Piece> pieces_of(const std::u32string& text, Alphabet alphabet, bool whole_graphemes) {
    std::vector<Piece> out;
    utf8proc_int32_t state = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int units = alphabet == Alphabet::gsm7 ? gsm7_septets(text[i]) : text[i] > 0xFFFF ? 2 : 1;
        bool apart = i == 0 || !whole_graphemes ||
                     utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(text[i - 1]), static_cast<utf8proc_int32_t>(text[i]), &state);
        if (apart) out.emplace_back();
        out.back().text += text[i];
        out.back().units += units;
    }
    return out;
}

// A cluster longer than a whole part is cut between its characters after all.
std::vector<Piece> fitting(std::vector<Piece> pieces, Alphabet alphabet, int most) {
    std::vector<Piece> out;
    for (auto& piece : pieces) {
        if (piece.units <= most) {
            out.push_back(std::move(piece));
            continue;
        }
        for (auto& single : pieces_of(piece.text, alphabet, false)) out.push_back(std::move(single));
    }
    return out;
}

}  // namespace

std::optional<Segments> cut_segments(std::string_view utf8, Cutting how) {
    auto text = decode_utf8(utf8);
    if (!text || text->find(U'\0') != text->npos) return std::nullopt;

    Segments out;
    bool plain = !how.ucs2 && std::all_of(text->begin(), text->end(), [](char32_t c) { return gsm7_septets(c) > 0; });
    out.alphabet = plain ? Alphabet::gsm7 : Alphabet::ucs2;
    auto limits = segment_limits(out.alphabet, how.wide_reference);
    auto pieces = fitting(pieces_of(*text, out.alphabet, how.whole_graphemes), out.alphabet, limits.part);
    for (const auto& piece : pieces) out.units += piece.units;

    int most = out.units <= limits.single ? limits.single : limits.part;
    out.parts.emplace_back();
    for (const auto& piece : pieces) {
        if (out.parts.back().units + piece.units > most) out.parts.emplace_back();
        out.parts.back().text += encode_utf8(piece.text);
        out.parts.back().units += piece.units;
    }
    return out;
}

}  // namespace pingjing
