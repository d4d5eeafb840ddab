// Data codings that protocols share, and texts cut by octets where a character has one, two or four. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pingjing::link {

// By the groups of 23.038: the charset as read_octets() knows it.
std::string charset_of_group(std::uint8_t coding);

bool is_printable_ascii(std::string_view text);  // 0x20 to 0x7E, CR and LF

// The octets of each part; one where `single` holds them all. No character is cut. nullopt: the charset lacks one of them.
std::optional<std::vector<std::string>> cut_octets(std::string_view utf8, const std::string& charset, std::size_t single, std::size_t part);

// The text of a message as the Chinese protocols carry it: format 0 where it is plain ASCII, 15 (GBK) where that is wanted and has
// every character, else 8 (UTF-16BE). A part leaves room for its header. nullopt: not UTF-8, or a NUL in it.
struct FormattedText {
    std::uint8_t format = 0;
    std::vector<std::string> parts{};
};
std::optional<FormattedText> format_text(const std::string& utf8, bool gbk, bool wide_reference);
// Of what has every character there, as what begins such a text has.
std::string octets_in_format(const std::string& utf8, std::uint8_t format);
std::string charset_of_format(std::uint8_t format);

}  // namespace pingjing::link
