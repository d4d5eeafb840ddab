#include "daemon/reply/words.hpp"

#include <doctest/doctest.h>

#include <string>

#include "daemon/reply/read.hpp"
#include "daemon/reply/tables.hpp"

using pingjing::Scale;
using namespace pingjing::reply;

namespace {
std::string label(std::string_view text) { return label_text(read(Scale::three_110, text), Scale::three_110); }
}  // namespace

TEST_CASE("words are read with the whole phrase of their negation") {
    struct { const char* text; const char* label; } cases[] = {
        {"满意", "satisfied"}, {"特别满意", "satisfied"}, {"没得说", "satisfied"}, {"没有什么不满意的", "satisfied"}, {"very satisfied", "satisfied"},
        {"رازى", "satisfied"}, {"巴适", "satisfied"}, {"👍", "satisfied"},
        {"基本满意", "basically_satisfied"}, {"一般", "basically_satisfied"}, {"马马虎虎", "basically_satisfied"}, {"麻麻地", "basically_satisfied"},
        {"不满意", "dissatisfied"}, {"不太满意", "dissatisfied"}, {"不是很满意", "dissatisfied"}, {"不怎么满意", "dissatisfied"},
        {"谈不上满意", "dissatisfied"}, {"没法满意", "dissatisfied"}, {"哪里满意了", "dissatisfied"}, {"没有满意的地方", "dissatisfied"},
        {"唔滿意", "dissatisfied"}, {"bu manyi", "dissatisfied"}, {"نارازى", "dissatisfied"}, {"not satisfied at all", "dissatisfied"},
        {"有什么好满意的", "dissatisfied"}, {"没有一个人让我满意", "dissatisfied"}, {"我不觉得满意", "dissatisfied"}, {"民警不负责", "dissatisfied"},
        {"等了2个小时", "dissatisfied"}, {"👎", "dissatisfied"}, {"0分", "dissatisfied"},
        {"不是不满意", "ambiguous"}, {"不能说不满意", "ambiguous"}, {"抓到人我就满意", "ambiguous"}, {"还没处理完", "ambiguous"}, {"满意吗", "ambiguous"},
        {"不要太满意", "satisfied"}, {"冇乜嘢唔滿意", "satisfied"}, {"怎么会不满意", "satisfied"}, {"不瞒意", "dissatisfied"}, {"bu tai man yi", "dissatisfied"},
        {"만족하지 않습니다", "dissatisfied"}, {"满意？做梦", "dissatisfied"}, {"毫无责任心", "dissatisfied"}, {"民警不肯立案", "dissatisfied"}, {"很有耐心", "satisfied"},
        {"谈不上很满意，还行", "basically_satisfied"}, {"基本满意，就是慢", "basically_satisfied"}, {"呵呵，真满意", "ambiguous"}, {"态度好，但是来得慢", "ambiguous"},
        {"耐心等待", "none"}, {"对方不接电话", "none"}, {"天气很好", "none"}, {"满意率", "none"},
        {"一般多久立案", "none"}, {"可以告诉我吗", "none"}, {"满意度调查是谁搞的", "none"}, {"我没报警", "none"}, {"谢谢", "none"}, {"好的", "none"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(label(c.text) == c.label);
    }
}

TEST_CASE("words that look like a grade are read for what they say") {
    struct { const char* text; const char* label; } cases[] = {
        {"不客气", "none"}, {"不客气哈", "none"}, {"说话很不客气", "dissatisfied"},
        {"冇嘢唔滿意", "satisfied"}, {"超级无敌满意", "satisfied"}, {"马马夫夫", "basically_satisfied"},
        {"真中", "satisfied"}, {"真中奖了", "none"},
        {"not bad not great", "basically_satisfied"}, {"still waiting for the result", "ambiguous"}, {"happy bday bro!!", "none"},
        {"报警3次没有一次有结果", "dissatisfied"}, {"报案三年没破", "dissatisfied"},
        {"也没见你们破过案", "dissatisfied"}, {"偏袒本地人 为啥让我赔钱 明明是他先动手的", "dissatisfied"},
        {"人抓到了没有", "none"}, {"没什么投诉,满意", "satisfied"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(label_text(read(Scale::three_110, c.text), Scale::three_110) == c.label);
    }
}

TEST_CASE("what stands in another clause, or in the question, is not heard as the answer") {
    struct { const char* text; const char* label; } cases[] = {
        // the question's own word given back
        {"你问我满不满意?我不满意", "dissatisfied"}, {"问我满意不满意,我说满意", "satisfied"}, {"满意?我等到现在连个人影都没见着!", "dissatisfied"},
        {"满意?", "ambiguous"}, {"满意?不满意?说不好", "ambiguous"}, {"先把我的事办了再说满意不满意", "ambiguous"}, {"是的,很满意", "satisfied"}, {"是的", "ambiguous"},
        // a complaint that is told, beside a question; and one that is asked
        {"都一个月了还没人联系我,是不是忘了", "dissatisfied"}, {"赔钱了吗", "none"},
        // not over yet, beside a clear complaint and beside praise
        {"没结果,太差了", "dissatisfied"}, {"没抓到人很失望", "dissatisfied"}, {"还没处理完,民警态度好", "ambiguous"},
        // a 但是 that complains of nothing, and one that does
        {"满意,就是天太热辛苦你们了", "satisfied"}, {"很满意,希望继续保持", "satisfied"}, {"满意,但是态度差", "ambiguous"},
        // promises
        {"你们把欠我的工资要回来我给你们打100分", "ambiguous"}, {"先破案再给好评", "ambiguous"},
        // a vice denied, a vice told, and words that only hold one
        {"没有推诿", "satisfied"}, {"没有推诿,满意", "satisfied"}, {"推诿", "dissatisfied"}, {"不满意,因为民警骂我", "dissatisfied"},
        {"没有因为事小就不管,满意", "satisfied"}, {"多亏民警及时赶到,不然后果不堪设想,谢谢", "satisfied"},
        // what anybody may do is told of us only where we are named
        {"民警坐在车里玩手机", "dissatisfied"}, {"小孩玩手机打的", "none"}, {"民警一直陪着我", "satisfied"}, {"帮我查下进度", "none"},
        // one letter for 不, a mark within the word
        {"b满意", "dissatisfied"}, {"伐满意", "dissatisfied"}, {"不-满-意", "dissatisfied"}, {"满*意", "satisfied"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(label(c.text) == c.label);
    }
}

TEST_CASE("a phone that answers for its owner says nothing, and a complaint that quotes one is a complaint") {
    struct { const char* text; const char* label; } cases[] = {
        {"您好,我现在有事不在,一会再和您联系", "none"}, {"您好,机主正在开会,稍后联系您", "none"}, {"自动回复:您好,我在开会,稍后回复", "none"}, {"我在开车,稍后给你评", "none"},
        {"无法接听,满意", "none"}, {"I'm in a meeting, call you later", "none"}, {"您的快件满意请回1,不满意请联系", "none"},
        {"打电话说在开会,态度很差", "dissatisfied"}, {"说稍后联系,一直没联系,不满意", "dissatisfied"}, {"说晚点联系就没下文了,太差劲了", "dissatisfied"},
        {"打电话说现在有事不在,态度很差", "dissatisfied"}, {"the officer said he was in a meeting. terrible service", "dissatisfied"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(label(c.text) == c.label);
    }
}

TEST_CASE("politeness, spaces, width and punctuation never change a rating") {
    for (std::string text : {"满意", "很满意", "不满意", "不太满意", "基本满意", "谈不上满意", "太差了", "还行", "没有不满意", "敷衍了事"}) {
        auto before = label(text);
        std::string spaced;
        for (std::size_t at = 0; at < text.size(); at += 3) spaced += text.substr(at, 3) + " ";  // Han takes three bytes
        for (const auto& changed : {text + "谢谢", text + "，谢谢", "谢谢，" + text, "你好，" + text, text + "。", text + "！！", "  " + text + "　", spaced,
                                    "【" + text + "】", text + "\n发自我的iPhone"}) {
            CAPTURE(changed);
            CHECK(label(changed) == before);
        }
    }
}

TEST_CASE("a negation around praise never leaves praise") {
    for (std::string praise : {"满意", "很满意", "非常满意", "很好", "给力", "好评", "负责任"})
        for (std::string negation : {"不", "不是", "谈不上", "不能说", "没法", "并不是", "哪里", "怎么可能"}) {
            CAPTURE(negation + praise);
            CHECK(label(negation + praise) != "satisfied");
        }
}

// We do not know how these languages deny: any word that no table has may do it.
TEST_CASE("praise in a listed language beside a word that nobody knows is for a person") {
    int seen = 0;
    for (auto section : {"satisfied", "satisfied.strong", "good", "fair"})
        for (auto line : lines("listed.txt", section))
            for (auto word : split(line)) {
                if (word.find('<') != word.npos || word.front() == '=') continue;
                const auto plain = std::string(word);
                CAPTURE(plain);
                const bool letters = plain.front() >= 'a' && plain.front() <= 'z';
                const std::string unknown = letters ? "qwyz" : plain.starts_with("満") || plain.starts_with("不") ? "ぬる" : "ةظغ";
                for (const auto& text : {plain + " " + unknown, unknown + " " + plain, plain + ", " + unknown}) {
                    CAPTURE(text);
                    const auto said = label(text);
                    CHECK_FALSE((said == "satisfied" || said == "basically_satisfied"));
                }
                ++seen;
            }
    CHECK(seen > 150);
}

// A phrase that is spelled otherwise than the reader spells is never found.
TEST_CASE("each word of a listed language alone is read as its section says") {
    struct { const char* section; const char* label; } sections[] = {
        {"satisfied", "satisfied"}, {"satisfied.strong", "satisfied"}, {"good", "satisfied"}, {"fair", "basically_satisfied"},
        {"dissatisfied", "dissatisfied"}, {"dissatisfied.strong", "dissatisfied"}, {"bad", "dissatisfied"}, {"bad.detail", "dissatisfied"},
    };
    for (const auto& s : sections)
        for (auto line : lines("listed.txt", s.section))
            for (auto word : split(line)) {
                if (word.find('<') != word.npos) continue;
                if (word.front() == '=') word.remove_prefix(1);
                const auto plain = std::string(word);
                CAPTURE(plain);
                CHECK(label(plain) == s.label);
            }
}

TEST_CASE("a digit beside words of a listed language is the answer, unless they contradict it") {
    CHECK(label("1 رازى") == "satisfied");
    CHECK(label("3 رازى ئەمەس") == "dissatisfied");
    CHECK(label("1 رازى ئەمەس") == "ambiguous");
    CHECK(label("1 만족하지 않아요") == "ambiguous");
    CHECK(label("3 満足") == "ambiguous");
    CHECK(label("1 no estoy satisfecho") == "ambiguous");
}
