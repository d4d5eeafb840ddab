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

// Domain 7.4: whatever stands between the number and the words, nobody can tell which of them was meant.
TEST_CASE("a bare number outside the scale beside rating words is for a person") {
    struct { const char* text; const char* label; } cases[] = {
        {"0满意", "ambiguous"}, {"0 满意", "ambiguous"}, {"0,满意", "ambiguous"}, {"0。满意", "ambiguous"}, {"0:满意", "ambiguous"}, {"0\n满意", "ambiguous"},
        {"４满意", "ambiguous"}, {"4 满意", "ambiguous"}, {"5满意", "ambiguous"}, {"5、非常满意", "ambiguous"}, {"7 满意", "ambiguous"}, {"9 不满意", "ambiguous"},
        {"9不满意", "ambiguous"}, {"10满意", "ambiguous"}, {"10 满意", "ambiguous"}, {"1.5满意", "ambiguous"}, {"1.5 不满意", "ambiguous"}, {"12 满意", "ambiguous"},
        {"00 满意", "ambiguous"}, {"你好,5 满意", "ambiguous"}, {"6 很好 谢谢", "ambiguous"}, {"满意 7", "ambiguous"}, {"满意0", "ambiguous"},
        {"不满意 9", "ambiguous"}, {"8,民警态度好", "ambiguous"}, {"100 满意", "ambiguous"},
        // no codes: praise in points, times, dates, counts, numbers of telephones and houses
        {"100分", "satisfied"}, {"满分", "satisfied"}, {"10分满意", "satisfied"}, {"100分满意", "satisfied"}, {"5星好评", "satisfied"}, {"0分", "dissatisfied"},
        {"110满意", "satisfied"}, {"666 满意", "satisfied"}, {"10分钟就到了 满意", "satisfied"}, {"5分钟就到了,满意", "satisfied"}, {"8点来的 满意", "satisfied"},
        {"12号报的警 不满意", "dissatisfied"}, {"5次才来,差评", "dissatisfied"}, {"5个民警都很好", "satisfied"}, {"满意,5分钟就到", "satisfied"},
        {"满意 13855201234", "satisfied"}, {"11月3日的 满意", "satisfied"}, {"30分钟还没来 不满意", "dissatisfied"}, {"24小时服务,满意", "satisfied"},
        // corrected, or beside a code of the scale
        {"不是5,是1", "satisfied"}, {"5 改成 1", "satisfied"}, {"1 满意", "satisfied"}, {"三 不满意", "dissatisfied"}, {"5 满意 1", "ambiguous"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(label(c.text) == c.label);
    }
    CHECK(label("6 满意", Scale::csat_5) == "ambiguous");
    CHECK(label("0 不满意", Scale::csat_5) == "ambiguous");
    CHECK(label("5 满意", Scale::csat_5) == "5");
}

TEST_CASE("points and stars are no code of three, and a code that is promised is none") {
    struct { const char* text; const char* label; } cases[] = {
        {"1 star", "ambiguous"}, {"one star", "ambiguous"}, {"1分,不能再多", "ambiguous"}, {"1分也不给", "ambiguous"}, {"3 stars", "ambiguous"}, {"1星差评", "dissatisfied"},
        {"1分 不满意", "dissatisfied"}, {"1 分局的人没来", "satisfied"}, {"如果能把车找回来我给1", "ambiguous"}, {"只要公平我给1", "ambiguous"}, {"3车还没挪走", "dissatisfied"},
        {"之前发的1作废,以3为准", "dissatisfied"}, {"在开车,1", "satisfied"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(label(c.text) == c.label);
    }
    CHECK(label("four stars", Scale::csat_5) == "4");
    CHECK(label("4 来得有点慢,其他都好", Scale::csat_5) == "4");
}

TEST_CASE("who changes his mind within one text is taken at his last word") {
    struct { const char* text; const char* label; } cases[] = {
        {"刚才手滑发了1，其实是3", "dissatisfied"}, {"先选1的，想了想还是2吧", "basically_satisfied"},
        {"我先选了1,后来想想还是3", "dissatisfied"}, {"别给我记3啊，我说的是1", "satisfied"},
        {"本来想给1，算了给3吧", "dissatisfied"}, {"不小心发了3 我想发的是1", "satisfied"}, {"要么1要么2你们看着填", "ambiguous"}, {"1 或是3", "ambiguous"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(label(c.text) == c.label);
    }
}

TEST_CASE("lessons and pages are counted, and a code beside an oath is for a person") {
    for (auto text : {"作业第3题", "第3课还没背", "看到第3章了"}) {
        CAPTURE(text);
        CHECK(label(text) == "none");
    }
    for (auto text : {"1你大爷的", "1 他妈的", "1，去你妈的"}) {
        CAPTURE(text);
        CHECK(label(text) == "ambiguous");
    }
    CHECK(label("1中不中") == "satisfied");
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
