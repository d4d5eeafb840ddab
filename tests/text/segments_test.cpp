#include <doctest/doctest.h>

#include "daemon/text/gsm7.hpp"
#include "daemon/text/segments.hpp"
#include "daemon/text/utf.hpp"

using namespace pingjing;

namespace {

std::string times(int n, const char* text) {
    std::string out;
    while (n-- > 0) out += text;
    return out;
}

std::string units_of(const std::optional<Segments>& segments) {
    std::string out;
    if (!segments) return "refused";
    for (const auto& part : segments->parts) out += (out.empty() ? "" : "+") + std::to_string(part.units);
    return out;
}

std::string unhex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return out;
}

}  // namespace

TEST_CASE("a text is cut where the air cuts it") {
    struct { std::string text; Alphabet alphabet; int units; const char* narrow; const char* wide; } cases[] = {
        {times(160, "a"), Alphabet::gsm7, 160, "160", "160"},
        {times(161, "a"), Alphabet::gsm7, 161, "153+8", "152+9"},
        {times(306, "a"), Alphabet::gsm7, 306, "153+153", "152+152+2"},
        {times(307, "a"), Alphabet::gsm7, 307, "153+153+1", "152+152+3"},
        {times(80, "€"), Alphabet::gsm7, 160, "160", "160"},
        {times(81, "€"), Alphabet::gsm7, 162, "152+10", "152+10"},
        {times(152, "a") + "€" + times(10, "b"), Alphabet::gsm7, 164, "152+12", "152+12"},
        {times(158, "a") + "€", Alphabet::gsm7, 160, "160", "160"},
        {times(159, "a") + "€", Alphabet::gsm7, 161, "153+8", "152+9"},
        {times(70, "中"), Alphabet::ucs2, 70, "70", "70"},
        {times(71, "中"), Alphabet::ucs2, 71, "67+4", "66+5"},
        {times(134, "中"), Alphabet::ucs2, 134, "67+67", "66+66+2"},
        {times(135, "中"), Alphabet::ucs2, 135, "67+67+1", "66+66+3"},
        {times(68, "中") + "😀", Alphabet::ucs2, 70, "70", "70"},
        {times(69, "中") + "😀", Alphabet::ucs2, 71, "67+4", "66+5"},
        {times(66, "中") + "😀" + times(5, "文"), Alphabet::ucs2, 73, "66+7", "66+7"},
        {times(35, "😀"), Alphabet::ucs2, 70, "70", "70"},
        {times(36, "😀"), Alphabet::ucs2, 72, "66+6", "66+6"},
        {"【京东】" + times(66, "验"), Alphabet::ucs2, 70, "70", "70"},
        {"【京东】" + times(67, "验"), Alphabet::ucs2, 71, "67+4", "66+5"},
        {times(66, "中") + "😀" + times(66, "文"), Alphabet::ucs2, 134, "66+67+1", "66+66+2"},
        {"", Alphabet::gsm7, 0, "0", "0"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        auto narrow = cut_segments(c.text);
        REQUIRE(narrow);
        CHECK(narrow->alphabet == c.alphabet);
        CHECK(narrow->units == c.units);
        CHECK(units_of(narrow) == c.narrow);
        CHECK(units_of(cut_segments(c.text, {.wide_reference = true})) == c.wide);
        std::string joined;
        for (const auto& part : narrow->parts) joined += part.text;
        CHECK(joined == c.text);
    }
    CHECK(units_of(cut_segments("\xff")) == "refused");
    CHECK(units_of(cut_segments(std::string("a\0b", 3))) == "refused");
}

TEST_CASE("a grapheme is cut only where the peer cuts it anyway") {
    auto marked = times(66, "中") + "e\u0301" + times(10, "文");
    CHECK(units_of(cut_segments(marked, {.whole_graphemes = false})) == "67+11");
    CHECK(units_of(cut_segments(marked, {.whole_graphemes = true})) == "66+12");
    CHECK(units_of(cut_segments(times(65, "中") + "e\u0301" + times(10, "文"))) == "67+10");
    CHECK(units_of(cut_segments(times(60, "中") + "👨‍👩‍👧‍👦")) == "60+11");
    // A heap of marks longer than a part is cut all the same.
    CHECK(units_of(cut_segments("中" + times(100, "\u0301"))) == "67+34");
}

TEST_CASE("the GSM alphabet, there and back") {
    struct { const char* text; const char* septets; } cases[] = {
        {"Pay €10 [ok] @", "506179201b653130201b3c6f6b1b3e2000"},
        {"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ", "000102030405060708090a0b0c0d0e0f101112131415161718191a"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(to_gsm7(c.text) == unhex(c.septets));
        CHECK(from_gsm7(unhex(c.septets)) == c.text);
    }
    for (const char* text : {"满", "`", "“", "ç", "Α", "\t", "\u00a0"}) {
        CAPTURE(text);
        CHECK_FALSE(to_gsm7(text));
    }
    CHECK(from_gsm7(unhex("1b411b")) == "A");
}

TEST_CASE("old charsets are read, broken ones are not passed on") {
    CHECK(to_utf16be(*decode_utf8("😀测试")) == unhex("d83dde006d4b8bd5"));
    CHECK(utf16be_to_utf8(unhex("feff5f00d83d0031d83dde0000")) == "开\uFFFD1😀");
    CHECK(charset_to_utf8(unhex("b2e2cad4"), "GBK") == "测试");
    CHECK(utf8_to_charset("测试", "GBK") == unhex("b2e2cad4"));
    CHECK_FALSE(utf8_to_charset("😀", "GBK"));
    CHECK_FALSE(charset_to_utf8("x", "no-such-charset"));
    CHECK_FALSE(charset_to_utf8("x", "GBK//IGNORE"));
    for (const char* broken : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe4\xb8"}) CHECK_FALSE(decode_utf8(broken));
}
