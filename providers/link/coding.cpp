#include "providers/link/coding.hpp"

#include <algorithm>

#include "daemon/text/segments.hpp"
#include "daemon/text/utf.hpp"

namespace pingjing::link {
namespace {

constexpr std::size_t single_octets = 140, part_octets = 134;  // with an eight-bit reference

}  // namespace

std::string charset_of_group(std::uint8_t coding) {
    if ((coding & 0xF0) == 0xF0) return coding & 0x04 ? "ISO-8859-1" : "GSM";
    if ((coding & 0xF0) == 0xE0) return "UTF-16BE";
    if ((coding & 0xC0) == 0x00) return (coding & 0x0C) == 0x08 ? "UTF-16BE" : (coding & 0x0C) == 0x04 ? "ISO-8859-1" : "GSM";
    return "GSM";
}

bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return (c >= 0x20 && c <= 0x7E) || c == '\r' || c == '\n'; });
}

std::optional<std::vector<std::string>> cut_octets(std::string_view utf8, const std::string& charset, std::size_t single, std::size_t part) {
    auto text = decode_utf8(utf8);
    auto whole = text ? utf8_to_charset(utf8, charset) : std::nullopt;
    if (!whole) return std::nullopt;
    if (whole->size() <= single) return std::vector<std::string>{*whole};
    std::vector<std::string> parts(1);
    for (auto c : *text) {
        auto octets = utf8_to_charset(encode_utf8(std::u32string_view(&c, 1)), charset);
        if (!octets) return std::nullopt;
        if (parts.back().size() + octets->size() > part) parts.emplace_back();
        parts.back() += *octets;
    }
    return parts;
}

std::optional<FormattedText> format_text(const std::string& utf8, bool gbk, bool wide_reference) {
    auto text = decode_utf8(utf8);
    if (!text || text->find(U'\0') != text->npos) return std::nullopt;
    auto part = part_octets - (wide_reference ? 1 : 0);
    if (is_printable_ascii(utf8)) return FormattedText{0, *cut_octets(utf8, "ASCII", single_octets, part)};
    // glibc's GBK has a euro sign, which the standard has not: what the two codings do not say alike goes as UCS-2.
    if (gbk && utf8_to_charset(utf8, "GBK") == utf8_to_charset(utf8, "GB18030"))
        if (auto parts = cut_octets(utf8, "GBK", single_octets, part)) return FormattedText{15, std::move(*parts)};
    Cutting how;
    how.wide_reference = wide_reference, how.ucs2 = true;
    auto segments = cut_segments(utf8, how);
    FormattedText out;
    out.format = 8;
    for (const auto& segment : segments->parts) out.parts.push_back(to_utf16be(*decode_utf8(segment.text)));
    return out;
}

std::string octets_in_format(const std::string& utf8, std::uint8_t format) {
    if (format == 8) return to_utf16be(*decode_utf8(utf8));
    return format == 15 ? *utf8_to_charset(utf8, "GBK") : utf8;
}

std::string charset_of_format(std::uint8_t format) {
    switch (format) {
        case 0: return "ASCII";
        case 3: case 4: return "ISO-8859-1";
        case 8: return "UTF-16BE";
        case 15: return "GB18030";
        default: return charset_of_group(format);
    }
}

}  // namespace pingjing::link
