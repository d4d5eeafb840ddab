#include <doctest/doctest.h>

#include "daemon/core/phone.hpp"

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
                             "2026-11-21 09:12:33", "192.168.13.123:8110", "010.020.030.004", "1/3", "84420000", "", "\xff\xef\xbc", "空号"})
        CHECK(hide_phones(code) == code);
    struct { const char* said; const char* hidden; } cases[] = {
        {"13812348000", "138****8000"}, {"+8613812348000", "+138****8000"}, {"ERR13812348000X", "ERR138****8000X"}, {"138 1234 8000", "***"},
        {"02584420000", "***"}, {"025-84420000", "***"}, {"(025)84420000 busy", "(*** busy"}, {"0516 8321 1234", "***"}, {"0516-8321123", "***"}, {"862584420000", "***"},
        {"86-25-84420000", "***"}, {"+86 25 84420000", "+***"}, {"008625 84420000", "***"}, {"+447700900001", "+***"}, {"＋44 7700 900001", "＋***"}, {"0044 7700 900001", "***"},
        {"447700900001", "***"}, {"6591234567", "***"}, {"+65 9123 4567", "+***"}, {"to:2025550123", "to:***"}, {"０２５８４４２００００", "***"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.said);
        CHECK(hide_phones(c.said) == c.hidden);
        CHECK(hide_phones(c.hidden) == c.hidden);
    }
}
