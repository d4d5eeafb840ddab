#include "daemon/text/gsm7.hpp"

#include <algorithm>
#include <array>

#include "daemon/text/utf.hpp"

namespace pingjing {
namespace {

constexpr char32_t escape = 0x1B;
// 0x09 is the capital Ç (U+00C7); old mapping files have the small one there.
constexpr std::array<char32_t, 128> plain = {
    U'@',    0x00A3, U'$',    0x00A5, 0x00E8, 0x00E9, 0x00F9, 0x00EC, 0x00F2, 0x00C7, U'\n',  0x00D8, 0x00F8, U'\r',  0x00C5, 0x00E5,
    0x0394, U'_',    0x03A6, 0x0393, 0x039B, 0x03A9, 0x03A0, 0x03A8, 0x03A3, 0x0398, 0x039E, 0xFFFF, 0x00C6, 0x00E6, 0x00DF, 0x00C9,
    U' ',    U'!',    U'"',    U'#',    0x00A4, U'%',    U'&',    U'\'', U'(',    U')',    U'*',    U'+',    U',',    U'-',    U'.',    U'/',
    U'0',    U'1',    U'2',    U'3',    U'4',    U'5',    U'6',    U'7',    U'8',    U'9',    U':',    U';',    U'<',    U'=',    U'>',    U'?',
    0x00A1, U'A',    U'B',    U'C',    U'D',    U'E',    U'F',    U'G',    U'H',    U'I',    U'J',    U'K',    U'L',    U'M',    U'N',    U'O',
    U'P',    U'Q',    U'R',    U'S',    U'T',    U'U',    U'V',    U'W',    U'X',    U'Y',    U'Z',    0x00C4, 0x00D6, 0x00D1, 0x00DC, 0x00A7,
    0x00BF, U'a',    U'b',    U'c',    U'd',    U'e',    U'f',    U'g',    U'h',    U'i',    U'j',    U'k',    U'l',    U'm',    U'n',    U'o',
    U'p',    U'q',    U'r',    U's',    U't',    U'u',    U'v',    U'w',    U'x',    U'y',    U'z',    0x00E4, 0x00F6, 0x00F1, 0x00FC, 0x00E0};

struct Extended { char septet; char32_t c; };
constexpr Extended extended[] = {{0x0A, U'\f'}, {0x14, U'^'}, {0x28, U'{'}, {0x29, U'}'}, {0x2F, U'\\'},
                                 {0x3C, U'['}, {0x3D, U'~'}, {0x3E, U']'}, {0x40, U'|'}, {0x65, 0x20AC}};

std::optional<char> plain_septet(char32_t c) {
    auto at = std::find(plain.begin(), plain.end(), c);
    if (at == plain.end() || c == 0xFFFF) return std::nullopt;
    return static_cast<char>(at - plain.begin());
}

std::optional<char> extended_septet(char32_t c) {
    for (const auto& e : extended)
        if (e.c == c) return e.septet;
    return std::nullopt;
}

}  // namespace

int gsm7_septets(char32_t c) { return plain_septet(c) ? 1 : extended_septet(c) ? 2 : 0; }

std::optional<std::string> to_gsm7(std::string_view utf8) {
    auto text = decode_utf8(utf8);
    if (!text) return std::nullopt;
    std::string out;
    for (auto c : *text) {
        if (auto septet = plain_septet(c)) {
            out += *septet;
        } else if (auto second = extended_septet(c)) {
            out += static_cast<char>(escape);
            out += *second;
        } else {
            return std::nullopt;
        }
    }
    return out;
}

std::string from_gsm7(std::string_view septets) {
    std::string out;
    for (std::size_t i = 0; i < septets.size(); ++i) {
        auto value = static_cast<unsigned char>(septets[i]);
        if (value > 0x7F) {
            append_utf8(out, 0xFFFD);
        } else if (value != escape) {
            append_utf8(out, plain[value]);
        } else if (++i < septets.size()) {
            auto second = static_cast<unsigned char>(septets[i]);
            auto at = std::find_if(std::begin(extended), std::end(extended), [&](const Extended& e) { return e.septet == septets[i]; });
            append_utf8(out, at != std::end(extended) ? at->c : second > 0x7F ? 0xFFFD : second == escape ? U' ' : plain[second]);
        }
    }
    return out;
}

}  // namespace pingjing
