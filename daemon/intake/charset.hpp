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

// Text that is declared GB18030 and is UTF-8. An even number of hanzi in UTF-8 is mostly legal GB18030 (家暴 is 瀹舵毚): nothing fails, and
// what was a warning reads as nonsense. By chance honest GB18030 is UTF-8 too, one character of seven, but as letters of two octets; so we
// count the hanzi that UTF-8 would make of it (three octets), which everyday characters (the first level of GB2312) never give, and never
// decide by one alone:
// - a document is UTF-8 if there are two of them and more than octets that are no UTF-8, every second one in GB18030. Of it all rows
//   that are not ASCII are refused.
// - in any other, a line is UTF-8 if all of it is, with two hanzi: somebody joined two files. Measured with 3 million words of GB18030,
//   rare characters among them: of lines with nothing else than three or four characters, three in a million; none with more.
inline constexpr char utf8_not_gb18030[] = "text in gb18030, as it was declared or as the rest of it is; this is UTF-8";
class Utf8Instead {
public:
    explicit Utf8Instead(std::string_view document);
    bool anywhere() const { return all_ || in_lines_; }
    // `text`: a row or more of the document.
    bool in(std::string_view text) const;

private:
    bool all_ = false, in_lines_ = false;
};
bool is_ascii(std::string_view bytes);
std::string_view without_bom(std::string_view bytes);

}  // namespace pingjing::intake
