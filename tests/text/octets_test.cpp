#include "daemon/text/octets.hpp"

#include "daemon/text/gsm7.hpp"
#include "daemon/text/segments.hpp"
#include "daemon/text/utf.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using test::from_hex;
using test::hex_of;

TEST_CASE("what a phone sent is read as far as it can be") {
    struct { const char* charset; std::string octets, text; } rows[] = {
        {"GSM", from_hex("506179201b653130201b3c6f6b1b3e2000"), "Pay €10 [ok] @"},
        {"GSM", from_hex("4180"), "A\uFFFD"},
        {"UTF-16BE", from_hex("30106d4b8bd530114f60597d"), "【测试】你好"},
        {"UTF-16BE", from_hex("d83dde00"), "😀"},
        {"UTF-16BE", from_hex("feff4f6059"), "你"},
        {"UTF-16BE", from_hex("d83d4f60"), "\uFFFD你"},
        {"GBK", from_hex("a1beb2e2cad4a1bfc4e3bac3"), "【测试】你好"},
        {"GBK", from_hex("c4e3ffbac3"), "你\uFFFD好"},
        {"GBK", from_hex("31c4"), "1\uFFFD"},
        {"ASCII", from_hex("31c4e332"), "1\uFFFD\uFFFD2"},
        {"ISO-8859-1", from_hex("e931"), "é1"},
        {"a charset nobody has", "1", "\uFFFD"},
        {"GBK", "", ""},
    };
    for (const auto& row : rows) {
        CAPTURE(row.charset);
        CHECK(read_octets(row.octets, row.charset) == row.text);
    }
}

TEST_CASE("a long text with broken characters is read in one go, whatever stands where") {
    auto times = [](std::size_t n, const std::string& what) {
        std::string out;
        while (n-- > 0) out += what;
        return out;
    };
    for (std::size_t before : {0u, 1u, 255u, 256u, 257u}) {
        CAPTURE(before);
        CHECK(read_octets(std::string(before, 'x') + times(200, "\xc4\xe3") + "\xff" + times(200, "\xba\xc3") + "\xc4", "GBK") ==
              std::string(before, 'x') + times(200, "你") + "\uFFFD" + times(200, "好") + "\uFFFD");
        CHECK(read_octets(std::string(before, 'x') + times(100, "你") + "\xe4\xbd", "UTF-8") == std::string(before, 'x') + times(100, "你") + "\uFFFD\uFFFD");
    }
    CHECK(read_octets(std::string(65'535, '\xff'), "GBK") == times(65'535, "\uFFFD"));
    CHECK(read_octets("\xff/x", "GBK//IGNORE") == "\uFFFD\uFFFD\uFFFD");
    CHECK(read_octets("ab\xff", "") == "ab\uFFFD");
}

TEST_CASE("the vectors of text encoding, both ways") {
    auto v = test::vectors_of("text");
    const std::string all_low = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ";
    for (const auto& [name, text] : {std::pair<const char*, std::string>{"V-TXT-01.1", "Pay €10 [ok] @"}, {"V-TXT-01.2", all_low}}) {
        CAPTURE(name);
        CHECK(hex_of(*to_gsm7(text)) == hex_of(v.at(name)));
        CHECK(from_gsm7(v.at(name)) == text);
    }
    const std::string hello = "【测试】你好";
    CHECK(hex_of(to_utf16be(*decode_utf8(hello))) == hex_of(v.at("V-TXT-04.1")));
    CHECK(utf16be_to_utf8(v.at("V-TXT-04.1")) == hello);
    CHECK(hex_of(*utf8_to_charset(hello, "GBK")) == hex_of(v.at("V-TXT-04.2")));
    CHECK(read_octets(v.at("V-TXT-04.2"), "GBK") == hello);
}

TEST_CASE("a text that has to go as UCS-2 is cut as such") {
    Cutting how;
    how.ucs2 = true;
    auto cut = cut_segments(std::string(71, 'a'), how);
    REQUIRE(cut);
    CHECK(cut->alphabet == Alphabet::ucs2);
    REQUIRE(cut->parts.size() == 2);
    CHECK(cut->parts[0].units == 67);
}
