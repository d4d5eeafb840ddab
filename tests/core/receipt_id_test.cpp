#include "daemon/core/receipt_id.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pingjing;

TEST_CASE("an id is known again in the spellings of live carriers, from either side") {
    struct { const char *answered, *reported; } pairs[] = {
        {"38601fa", "0059113978"},              // hexadecimal with the answer, ten decimal digits in the report
        {"70BA8A69", "1891273321"}, {"7f3a9c01", "2134547457"}, {"7f3a9c01", "7F3A9C01"},
        {"0000003005", "3005"}, {"00001a2b", "1A2B"}, {"1a2b", "6699"}, {"ffffffffffffffff", "18446744073709551615"},
    };
    for (const auto& pair : pairs) {
        CAPTURE(pair.answered);
        CAPTURE(pair.reported);
        auto has = [](const std::vector<std::string>& all, const char* one) { return std::find(all.begin(), all.end(), one) != all.end(); };
        CHECK(has(other_spellings(pair.reported), pair.answered));
        CHECK(has(other_spellings(pair.answered), pair.reported));
    }
}

TEST_CASE("what is no number has one spelling") {
    for (const char* id : {"", "74e02ee1-7c0c-4d5c-9d0a-1", "msg-1", "-12", "126e85a6edeac1a02020099312479564", "99999999999999999999999", "1 2", "0x12", "+5"}) {
        CAPTURE(id);
        CHECK(other_spellings(id).empty());
    }
    for (const auto& spelling : other_spellings("12")) CHECK(spelling != "12");
}
