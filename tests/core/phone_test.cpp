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
}

TEST_CASE("what a vendor says of a failure is kept without the number he names in it") {
    for (const auto& [said, kept] : {std::pair{"", ""}, {"UNDELIV", "UNDELIV"}, {"4031", "4031"}, {"to 13812345678 is blocked", "to 13**** is blocked"},
                                     {"+8613812345678", "+86****"}, {"1381234567", "1381234567"}, {"号码13812345678", "号码13****"}})
        CHECK(pingjing::without_numbers(said) == kept);
}
