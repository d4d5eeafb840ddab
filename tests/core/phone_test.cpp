#include <doctest/doctest.h>

#include "daemon/core/phone.hpp"
#include "daemon/core/random.hpp"

using pingjing::Phone;

TEST_CASE("a mobile number is known in every spelling, and nothing else is") {
    struct { const char* raw; const char* digits; } cases[] = {
        {"13812345678", "13812345678"}, {"+8613812345678", "13812345678"}, {"008613812345678", "13812345678"},
        {"8613812345678", "13812345678"}, {"013812345678", "13812345678"}, {" 138 1234-5678 ", "13812345678"},
        {"１３８１２３４５６７８", "13812345678"}, {"＋86 13812345678", "13812345678"},
        {"", ""}, {"12812345678", ""}, {"1381234567", ""}, {"138123456789", ""}, {"13812345678x", ""}, {"051683211234", ""}, {"110", ""},
        {"1064812345678", ""}, {"10086", ""}, {"13812345678/13912345678", ""}, {"\xff\xfe", ""},
    };
    for (const auto& c : cases) {
        CAPTURE(c.raw);
        auto phone = Phone::mobile(c.raw);
        CHECK((phone ? phone->reveal() : "") == c.digits);
    }
}

TEST_CASE("a number is shown only in part") {
    CHECK(Phone::mobile("13812348000")->masked() == "138****8000");
    CHECK(Phone::sender("10086").masked() == "10****86");
    CHECK(Phone::sender("110").masked() == "****");
    CHECK_FALSE(Phone::sender("10086").is_mobile());
    auto grows = Phone::sender(std::string(61, 'C') + "¼");  // to three characters of five octets
    CHECK(grows.reveal() == std::string(61, 'C') + "1");
    CHECK(Phone::sender(grows.reveal()).reveal() == grows.reveal());
}

TEST_CASE("a number among any number of blanks is that number, and no other is cut down to it") {
    auto padded = [](std::string_view blank, int times, std::string_view number) {
        std::string out(number);
        for (int i = 0; i < times; ++i) out += blank;
        return out;
    };
    for (std::string_view blank : {"\t", " ", "　"}) {
        CAPTURE(blank);
        auto sender = Phone::sender(padded(blank, 200, "+8613812348000"));
        CHECK(sender.is_mobile());
        CHECK(sender == *Phone::mobile("13812348000"));
        CHECK_FALSE(Phone::sender(padded(blank, 200, "13812348000") + "9").is_mobile());
    }
    CHECK_FALSE(Phone::sender(std::string(53, ' ') + "138123480001").is_mobile());
    CHECK(Phone::sender(std::string(63, 'C') + "é").reveal() == std::string(63, 'C'));
}

TEST_CASE("words that quote a number lose it, and keep the figures that are none") {
    using pingjing::hide_mobiles, pingjing::hide_numbers;
    struct { const char* said; const char* codes; const char* words; } cases[] = {
        {"13812348000", "138****8000", "138****8000"}, {"打给13812348000吧", "打给138****8000吧", "打给138****8000吧"},
        {"+8613812348000", "+138****8000", "+138****8000"}, {"008613812348000,", "138****8000,", "138****8000,"},
        {"１３８１２３４８０００", "138****8000", "138****8000"}, {"138 1234 8000", "***", "***"}, {"138-1234-8000x", "***x", "***x"},
        {"+86 138 1234 8000", "+***", "+***"}, {"86 13812348000", "***", "***"}, {"138.1234.8000", "***", "***"}, {"1 3 8 1 2 3 4 8 0 0 0", "***", "***"},
        {"13812348000/13912348000", "138****8000/139****8000", "138****8000/139****8000"}, {"192.168.13.123:8110", "192.168.13.123:8110", "192.168.13.123:8110"},
        {"32010020261121000123", "32010020261121000123", "***"}, {"025-84420000", "025-84420000", "025-***"}, {"2026-11-21 09:12", "2026-11-21 09:12", "2026-11-21 09:12"},
        {"320102430000", "320102430000", "***"}, {"1064812345678", "1064812345678", "***"}, {"重复 12 次", "重复 12 次", "重复 12 次"}, {"\xff\xef\xbc", "\xff\xef\xbc", "\xff\xef\xbc"}, {"", "", ""},
    };
    for (const auto& c : cases) {
        CAPTURE(c.said);
        CHECK(hide_mobiles(c.said) == c.codes);
        CHECK(hide_numbers(c.said) == c.words);
    }
}

TEST_CASE("a carrier's codes keep their figures, and a number in them goes, mobile, fixed or foreign, however it is written") {
    using pingjing::hide_phones;
    for (const char* code : {"DELIVRD", "000", "MK:0001", "1007", "40012345", "IC:0151", "CMPPERR:8", "HTTP 503", "0x00000045", "21610", "REJECTD 106900110", "err:000 stat:UNDELIV",
                             "2026-11-21 09:12:33", "192.168.13.123:8110", "010.020.030.004", "HTTP 503 40012345", "2026/11/21 09:12", "20261121 091233", "21610 1007", "1 106900110", "error 400/40012345", "sequence 40012345",
                             "stop 1234567", "refused to 40012345", "1/3", "84420000", "", "\xff\xef\xbc", "空号"})
        CHECK(hide_phones(code) == code);
    struct { const char* said; const char* hidden; } cases[] = {
        {"13812348000", "138****8000"}, {"+8613812348000", "+138****8000"}, {"ERR13812348000X", "ERR138****8000X"}, {"138 1234 8000", "***"},
        {"02584420000", "***"}, {"025-84420000", "***"}, {"(025)84420000 busy", "(*** busy"}, {"0516 8321 1234", "***"}, {"0516-8321123", "***"}, {"862584420000", "***"},
        {"86-25-84420000", "***"}, {"+86 25 84420000", "+***"}, {"008625 84420000", "***"}, {"+447700900001", "+***"}, {"＋44 7700 900001", "＋***"}, {"0044 7700 900001", "***"},
        {"447700900001", "***"}, {"6591234567", "***"}, {"+65 9123 4567", "+***"}, {"to:2025550123", "to:***"}, {"０２５８４４２００００", "***"},
        // With the country's code and no plus, in groups; with signs that come along when it is copied, or as one types them here.
        {"852 9123 4567", "***"}, {"(852) 91234567", "(***"}, {"65-9123-4567", "***"}, {"886-2-2345-6789", "***"}, {"202-555-0123", "***"}, {"1 (202) 555-0123", "***"},
        {"44 7700 900001", "***"}, {"（025）84420000", "（***"}, {"(0)25 8442 0000", "(***"}, {"0258442 0000", "***"}, {"025/84420000", "***"}, {"0755 - 23456789", "***"},
        {"138 - 0013 - 8000", "***"}, {"138\u200b0013\u200b8000", "***"}, {"\u202a138\u202c 0013 8000", "\u202a***"}, {"138\u2212" "0013\u2212" "8000", "***"},
        // As addresses, JSON in a string and pages write it.
        {"to=138%200013%208000", "to=***"}, {"138+0013+8000", "***"}, {"%2B65%209123%204567", "%2B***"}, {"138%2D0013%2D8000", "***"}, {"{\\\"tel\\\":\\\"025\\/84420000\\\"}", "{\\\"tel\\\":\\\"***\\\"}"},
        {"138\\u00a00013\\u00a08000", "***"}, {"\\u002b65 9123 4567", "\\u002b***"}, {"138&nbsp;0013&nbsp;8000", "***"},
        // Behind its name it is no code.
        {"{\"nationcode\":\"852\",\"mobile\":\"91234567\"}", "{\"nationcode\":\"852\",\"mobile\":\"***\"}"}, {"{\\\"phone_number\\\":\\\"84420000\\\"}", "{\\\"phone_number\\\":\\\"***\\\"}"},
        {"to=91234567", "to=***"}, {"%2B85212345", "%2B***"}, {"msisdn%3D9123%204567", "msisdn%3D***"}, {"手机号：91234567", "手机号：***"}, {"phone: 9123-4567 busy", "phone: *** busy"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.said);
        CHECK(hide_phones(c.said) == c.hidden);
        CHECK(hide_phones(c.hidden) == c.hidden);
    }
}

TEST_CASE("what was hidden once stays as it is, whatever it is made of") {
    pingjing::SeededRandom random(5);
    const std::string pieces[] = {"0", "1", "2", "5", "8", "13800138000", "025", "852", "84420000", " ", "-", ".", "+", "/", "%20", "%2B", "(", ")", "\\u00a0", "x", "to=", "\"mobile\":\"", "２", "00", ":"};
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (auto n = random.below(12); n > 0; --n) text += pieces[random.below(std::size(pieces))];
        auto hidden = pingjing::hide_phones(text);
        CAPTURE(text);
        REQUIRE(pingjing::hide_phones(hidden) == hidden);
    }
}
