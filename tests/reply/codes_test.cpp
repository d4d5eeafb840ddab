#include "daemon/reply/codes.hpp"

#include <doctest/doctest.h>

#include <string>

#include "daemon/reply/read.hpp"

using pingjing::Scale;
using namespace pingjing::reply;

namespace {
std::string label(std::string_view text, Scale scale = Scale::three_110) { return label_text(read(scale, text), scale); }
}  // namespace

TEST_CASE("a code is known in its frames and spellings") {
    for (auto text : {"1", "１", "①", "❶", "⑴", "㈠", "Ⅰ", "1️⃣", "١", "༡", "᠑", "壹", "一", "[1]", "回复1", "选1", "我选一", "1号", "1吧", "1 谢谢",
                      "第一个", "No.1", "1 1", "111", "不是3,是1", "3打错了,是1", "不选3，选1", "1\n发自我的iPhone", "1,但是来得太慢了",
                      "1 多谢", "1人民警察辛苦了", "1、路上堵了20分钟", "一 希望继续保持", "one", "my answer is 1", "1满意 2基本满意 3不满意 我回1"}) {
        CAPTURE(text);
        CHECK(label(text) == "satisfied");
    }
    for (auto text : {"3根本没人来", "3 家里被偷到现在没人管", "3，第3次报警了", "我给3", "3 slow"}) {
        CAPTURE(text);
        CHECK(label(text) == "dissatisfied");
    }
}

TEST_CASE("several codes, contradictions and numbers outside the scale are for a person") {
    for (auto text : {"1或3", "1/2", "123", "1 2 3", "接警1处警3", "1 不满意", "3 很好谢谢", "1,太差了", "1👎", "0", "4", "9", "10", "1.5", "1?", "1分",
                      "3分", "不是1"}) {
        CAPTURE(text);
        CHECK(label(text) == "ambiguous");
    }
    CHECK(read(Scale::three_110, "0").no_callback);
}

TEST_CASE("numbers that are not ratings") {
    for (auto text : {"13912345678", "皖C·12345", "3点来的", "第3次", "1号楼2单元", "3月5号", "5万块", "2只狗", "12:00", "call me at 3", "1小时后到"}) {
        CAPTURE(text);
        CHECK(label(text) == "none");
    }
}

TEST_CASE("csat-5 counts points and stars") {
    struct { const char* text; const char* label; } cases[] = {
        {"5", "5"}, {"4分", "4"}, {"五分", "5"}, {"3 out of 5", "3"}, {"3/5", "3"}, {"four stars", "4"}, {"6", "ambiguous"}, {"3或4", "ambiguous"},
        {"1 非常满意", "ambiguous"}, {"5 terrible", "ambiguous"}, {"非常满意", "5"}, {"满意", "4"}, {"不满意", "2"}, {"非常不满意", "1"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(label(c.text, Scale::csat_5) == c.label);
    }
}

TEST_CASE("corrections are told, comments are kept as written") {
    CHECK(read(Scale::three_110, "打错了，是1").correction);
    CHECK(read(Scale::three_110, "不是3，是1").correction);
    CHECK_FALSE(read(Scale::three_110, "1").correction);
    CHECK(read(Scale::three_110, "3，態度很差！").comment == "態度很差");
    CHECK(read(Scale::three_110, "来得很快 1").comment == "来得很快");
    CHECK(read(Scale::three_110, "2 太慢了").complaint);
}
