#include "daemon/ratings/strangers.hpp"

#include <doctest/doctest.h>

#include <string>

#include "daemon/reply/read.hpp"

using namespace pingjing;
using namespace pingjing::ratings;

namespace {
std::string normal(const char* text) { return reply::read(Scale::three_110, text).normalised; }
}  // namespace

TEST_CASE("who says that he did not call, or that the number is his now, is known by his words") {
    for (const char* text : {"我没报警", "我没有报警啊", "没报过警", "你们发错人了吧,我没报警", "不是我报的警", "我从来没报过警!", "没打过110", "我没拨打过110电话", "发错号了", "Wrong number", "報警人不是我", "我沒報警"}) {
        CAPTURE(text);
        CHECK(find_stranger(normal(text)) == Stranger::not_the_caller);
    }
    for (const char* text : {"我是新机主", "这号换机主了", "原机主已经不用了,我刚办的号", "这个号以前是别人的", "号码换人了"}) {
        CAPTURE(text);
        CHECK(find_stranger(normal(text)) == Stranger::new_owner);
    }
    for (const char* text : {"1", "满意", "谢谢", "早知道我没报警就好了", "我没报警前他们就打我", "如果我没报警呢", "对方没有报警,是我报的", "没有报警回执吗要不要去派出所拿", "我报警了没人来", "案子还没破", ""}) {
        CAPTURE(text);
        CHECK(find_stranger(normal(text)) == Stranger::none);
    }
}

TEST_CASE("the second question is answered by its letter or by the thing itself, a digit is no answer") {
    struct { const char* text; const char* topic; } rows[] = {
        {"A", "call_taking"}, {"b", "response_speed"}, {"C", "attitude"}, {"选D", "outcome"}, {"回复E。", "fairness"}, {"BC", "response_speed"}, {"态度", "attitude"}, {"主要是态度不好", "attitude"},
        {"出警太慢了", "response_speed"}, {"办案效果", "outcome"}, {"互相推诿", "buck_passing"}, {"不公平", "fairness"}, {"一直没消息", "no_answer"}};
    for (const auto& row : rows) {
        CAPTURE(row.text);
        CHECK(find_topic(normal(row.text)).value_or("-") == row.topic);
    }
    for (const char* text : {"1", "3", "0", "F", "谢谢", "bad", "abcdef", "不满意", "T"}) {
        CAPTURE(text);
        CHECK_FALSE(find_topic(normal(text)));
    }
}
