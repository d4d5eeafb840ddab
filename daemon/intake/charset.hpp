// Bytes of a 110 system's export → UTF-8. Strict: nothing is replaced by a question mark.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace pingjing::intake {

bool is_utf8(std::string_view bytes);  // no surrogates, no overlong forms, nothing above U+10FFFF
// nullopt: not valid in that charset.
std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset);
// "utf-8" or "gb18030", by what fits; a file that fits neither is what most of its characters are. A sample may end
// inside a character. Decide once for a file, not for each piece of it.
std::string detect_charset(std::string_view bytes);
// Well-formed UTF-8 throughout, with a character of three octets or more, as 汉字 are: what is declared GB18030 and looks like that is not. 家暴
// would be read as 瀹舵毚, and a victim be texted. Honest GB18030 looks so where nothing but rare characters stand before common ones.
bool is_utf8_beyond_doubt(std::string_view bytes);
std::string_view without_bom(std::string_view bytes);

}  // namespace pingjing::intake
