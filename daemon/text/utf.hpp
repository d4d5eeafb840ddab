// UTF-8, UTF-16BE and the old charsets of carriers. Strict: broken input is refused, never passed on.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace pingjing {

std::optional<std::u32string> decode_utf8(std::string_view text);  // overlong forms and surrogates are broken
void append_utf8(std::string& out, char32_t c);
std::string encode_utf8(std::u32string_view text);

std::string to_utf16be(std::u32string_view text);        // no BOM
// A BOM goes, a half unit at the end goes, a lone surrogate becomes U+FFFD: what came from outside is kept as far as it can be read.
std::string utf16be_to_utf8(std::string_view bytes);

// Through iconv; `charset` as peers name them ("GBK", "GB18030", "UTF-16BE", "ISO-8859-1"). nullopt: an unknown charset or
// something that cannot be said in it.
std::optional<std::string> charset_to_utf8(std::string_view bytes, const std::string& charset);
// Never refused: U+FFFD for each octet that cannot be read.
std::string charset_to_utf8_as_far(std::string_view bytes, const std::string& charset);
std::optional<std::string> utf8_to_charset(std::string_view text, const std::string& charset);

}  // namespace pingjing
