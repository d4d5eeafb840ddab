// Replies put together of a reason, a separator and a verdict, as people write them: thousands that no hand would write, and none of
// which may come out as its contrary.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/reply/read.hpp"

using pingjing::Scale;
using namespace pingjing::reply;

namespace {

using Words = std::vector<std::string>;

std::string label(const std::string& text) { return label_text(read(Scale::three_110, text), Scale::three_110); }

const Words separators = {"", " ", ",", "。", "\n", "!"};

struct Count {
    int all = 0, right = 0;
};

// The reason before the verdict and behind it.
template <typename Judge>
Count compose(const Words& reasons, const Words& verdicts, const std::string& wanted, Judge never) {
    Count count;
    for (const auto& reason : reasons)
        for (const auto& verdict : verdicts)
            for (const auto& separator : separators)
                for (const auto& text : {reason + separator + verdict, verdict + separator + reason}) {
                    const auto got = label(text);
                    CAPTURE(text);
                    CHECK_FALSE(never(got));
                    ++count.all;
                    count.right += got == wanted;
                }
    return count;
}

}  // namespace

TEST_CASE("a reason to complain beside 不满意 never makes praise of it") {
    const Words reasons = {"没来", "没人来", "没人管", "没解决", "问题没解决", "没处理好", "没结果", "没有结果", "没下文", "还没来", "30分钟还没来", "没给说法", "没有答复", "没出警",
                           "没立案", "不立案", "不处理", "不管", "不出警", "不作为", "推诿", "太慢了", "等了一个小时", "态度差", "态度不好", "没耐心", "没礼貌", "不耐烦", "不负责任",
                           "不公平", "偏袒对方", "和稀泥", "敷衍", "走过场", "民警骂我", "没调监控", "没抓到人", "钱没追回来", "没做笔录", "没说清楚", "没去现场", "电话没人接",
                           "让我私了", "没有用", "没起作用", "白报警了", "没有做任何处理"};
    const Words verdicts = {"不满意", "不太满意", "很不满意", "非常不满意", "不满", "差评", "很失望", "3", "选3"};
    const auto count = compose(reasons, verdicts, "dissatisfied", [](const std::string& got) { return got == "satisfied" || got == "basically_satisfied"; });
    CHECK(count.all > 5000);
    CHECK(count.right >= count.all * 99 / 100);
}

TEST_CASE("a reason to praise beside 满意 never makes a complaint of it") {
    const Words reasons = {"没多久就到了", "没几分钟就来了", "没想到这么快", "没等多久", "没到十分钟就来了", "不到五分钟就到了", "没有推诿", "没有架子", "没有不耐烦", "没有嫌麻烦",
                           "不怕麻烦", "不收一分钱", "没要一分钱", "没喝一口水", "不推脱", "不嫌烦", "没有拖拉", "没有敷衍", "没有偏袒", "没让我多跑", "没让我等", "不用跑第二趟",
                           "问题解决了", "人抓到了", "手机找回来了", "民警很耐心", "态度很好", "出警快", "来得快", "处理及时", "认真负责", "效率高", "帮了大忙", "没的说", "没毛病",
                           "没意见", "无可挑剔", "没什么好说的", "太感谢了", "希望继续保持", "再接再厉"};
    const Words verdicts = {"满意", "很满意", "非常满意", "好评", "1", "选1"};
    const auto count = compose(reasons, verdicts, "satisfied", [](const std::string& got) { return got == "dissatisfied"; });
    CHECK(count.all > 2500);
    CHECK(count.right >= count.all * 98 / 100);
}

TEST_CASE("what is conceded with 虽然 gives way to the verdict behind it") {
    for (std::string conceded : {"虽然没找回来", "虽然没抓到人", "尽管等了一会", "虽说结果不理想"}) {
        for (std::string verdict : {",很满意", ",但是很满意", "但还是满意的", ",好评", ",1", " 选1"}) {
            CAPTURE(conceded + verdict);
            CHECK(label(conceded + verdict) == "satisfied");
        }
    }
    for (std::string text : {"虽然来得快,但是不满意", "虽然态度好,不满意", "就算抓到人我也不满意"}) {
        CAPTURE(text);
        CHECK(label(text) == "dissatisfied");
    }
}

TEST_CASE("praise that is denied, asked back or looked for in vain is none") {
    const Words frames = {"不", "不太", "不是很", "不怎么", "没有", "没", "谈不上", "说不上", "算不上", "不能说", "很难", "无法", "没法", "并不", "一点都不", "一点也不", "根本不",
                          "从来不", "毫不", "怎么能", "怎么可能", "怎么会", "哪能", "哪里", "凭什么", "叫我怎么", "不可能", "不会", "没觉得", "不觉得", "没看出来", "看不出", "看不出哪里",
                          "没看出哪里", "看不到哪里", "没感觉", "鬼才", "谁会", "谁说", "没让我", "没有让我感到", "难以让人", "不配", "不值得", "别想让我", "毫无", "没有一个", "没人"};
    const Words praise = {"满意", "很满意", "很好", "负责", "认真", "专业", "公正", "及时", "耐心", "热情", "给力", "到位", "高效", "靠谱", "好评"};
    int all = 0;
    for (const auto& frame : frames)
        for (const auto& word : praise)
            for (std::string end : {"", "。", "啊", "吗", "的", "!", "?"}) {
                const auto text = frame + word + end;
                CAPTURE(text);
                CHECK(label(text) != "satisfied");
                ++all;
            }
    CHECK(all > 4000);
}

TEST_CASE("praise that is mocked, claimed or asked for is none") {
    const Words before = {"这也叫", "算哪门子", "谈何", "口口声声", "嘴上", "表面", "本该", "所谓的", "就这", "少跟我说", "难说", "毫无", "假装", "还", "呵呵,", "不配谈", "说好的", "号称"};
    const Words behind = {"个屁", "才怪", "就怪了", "?笑话", "在哪里", "从何谈起", "可言才怪", "?呵呵", "得让人寒心", "一点行吗"};
    const Words praise = {"满意", "负责", "专业", "公正", "认真", "敬业", "热情"};
    for (std::string whom : {"", "民警", "你们的处理"})
        for (const auto& word : praise) {
            for (const auto& head : before) {
                const auto text = whom + head + word + (head == "还" || head == "说好的" ? "呢" : "");
                CAPTURE(text);
                CHECK(label(text) != "satisfied");
            }
            for (const auto& tail : behind) {
                CAPTURE(whom + word + tail);
                CHECK(label(whom + word + tail) != "satisfied");
            }
        }
}
