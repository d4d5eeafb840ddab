#include "daemon/text/json_list.hpp"

#include <doctest/doctest.h>

#include "daemon/core/random.hpp"

using namespace pingjing;

namespace {

std::string elements(std::string_view text, std::string_view pointer = "") {
    auto list = find_json_list(text, pointer);
    if (!list) return "none";
    CHECK(text[list->begin] == '[');
    CHECK(text[list->end - 1] == ']');
    std::string out;
    for (auto e : list->elements) out += std::string(e) + "|";
    return out;
}

}  // namespace

TEST_CASE("the elements of a list in JSON are found as they were written, broken ones too") {
    CHECK(elements("[]") == "");
    CHECK(elements(" [ 1 , \"a,]\\\"\" ,{\"b\":[2]}]") == "1|\"a,]\\\"\"|{\"b\":[2]}|");
    CHECK(elements("[{\"a\":1},{\"a\":\xFF},{\"a\":x y}]") == "{\"a\":1}|{\"a\":\xFF}|{\"a\":x y}|");
    CHECK(elements(R"({"n":[0],"data":{"x":"}","items":[1,2]}})", "/data/items") == "1|2|");
    for (const char* none : {"", "{}", "1", "[1", "[1,]", "[1}", "[{\"a\":1]", "[\"a]", "[1 2]"}) {
        CAPTURE(none);
        CHECK(elements(none) == "none");
    }
    for (const char* none : {"[1]", R"({"items":1})", R"({"other":[1]})", R"({"items":[1],"items":[2]})", R"({"items":[1])", R"({"items" [1]})"}) {
        CAPTURE(none);
        CHECK(elements(none, "/items") == "none");
    }
    CHECK(elements(std::string(100'000, '[')) == "none");
    SeededRandom random(3);
    for (int i = 0; i < 3000; ++i) {
        std::string text = R"({"items":[{"a":"b\"c"},[1,2],"d"]})";
        for (int k = 0; k < 3; ++k) text[random.below(text.size())] = "{}[]\",\\x"[random.below(8)];
        (void)find_json_list(text, "/items");
    }
}

TEST_CASE("a half of a character in an escape becomes a replacement, whole ones stay") {
    CHECK(with_whole_escapes(R"("3\ud83d")") == R"("3\ufffd")");
    CHECK(with_whole_escapes(R"("\ude00 3")") == R"("\ufffd 3")");
    CHECK(with_whole_escapes(R"("\ud83d\ude00\ud83dx")") == R"("\ud83d\ude00\ufffdx")");
    CHECK(with_whole_escapes(R"("\\ud83d\u6551\n")") == R"("\\ud83d\u6551\n")");
    for (const char* cut : {"\\", "\\u", "\\ud8", "\\ud83d\\"}) (void)with_whole_escapes(cut);
}
