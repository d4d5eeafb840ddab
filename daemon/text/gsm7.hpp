// The default alphabet of GSM 03.38: what it can say, and in how many septets.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace pingjing {

// 1, or 2 for a character of the extension table; 0: the alphabet does not have it and the whole text goes as UCS-2.
int gsm7_septets(char32_t c);
// One septet per octet, as SMPP carries it. nullopt: something does not fit, or the text is not UTF-8.
std::optional<std::string> to_gsm7(std::string_view utf8);
// Unknown escapes show the plain character, an escape at the end is dropped (23.038). Octets above 0x7F become U+FFFD.
std::string from_gsm7(std::string_view septets);

}  // namespace pingjing
