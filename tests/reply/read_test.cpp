#include "daemon/reply/read.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "daemon/commands/parse.hpp"
#include "daemon/text/normalise.hpp"
#include "tests/support/source.hpp"

using pingjing::Scale;
using namespace pingjing::reply;
namespace json = boost::json;

namespace {

bool is_rating(const std::string& label, std::initializer_list<const char*> of) {
    return std::any_of(of.begin(), of.end(), [&](const char* one) { return label == one; });
}
std::string as_text(const json::value& label) {
    return label.is_string() ? std::string(label.get_string()) : std::to_string(label.to_number<int>());
}

}  // namespace

namespace {

struct Score {
    int rows = 0, right = 0, emergencies = 0, emergencies_missed = 0, false_emergencies = 0, opt_outs_missed = 0;
};

// Never a dissatisfied reply as a satisfied one, whatever else is wrong.
Score score(const char* name) {
    std::ifstream file(pingjing::test::source_root / "tests/data" / name);
    Score s;
    for (std::string line; std::getline(file, line); ++s.rows) {
        auto row = json::parse(line).as_object();
        auto scale = pingjing::parse_scale(row.at("scale").as_string()).value();
        auto verdict = read(scale, row.at("text").as_string());
        auto got = label_text(verdict, scale), wanted = as_text(row.at("label"));
        bool ok = got == wanted;
        if (const auto* accept = row.if_contains("accept"))
            for (const auto& also : accept->as_array()) ok = ok || got == as_text(also);
        s.right += ok;
        CAPTURE(line);
        CAPTURE(verdict.why);
        if (is_rating(wanted, {"dissatisfied", "1", "2"})) CHECK_FALSE(is_rating(got, {"satisfied", "4", "5"}));
        const bool emergency = row.contains("emergency") && row.at("emergency").as_bool();
        s.emergencies += emergency;
        s.emergencies_missed += emergency && !verdict.emergency;
        s.false_emergencies += !emergency && verdict.emergency;
        s.opt_outs_missed += wanted == "opt_out" && got != "opt_out";
        if (const auto* comment = row.if_contains("comment")) CHECK(verdict.comment.find(comment->as_string().c_str()) != std::string::npos);
        if (const auto* rating = row.if_contains("rating"); rating && rating->is_int64()) CHECK(verdict.rating == rating->as_int64());
    }
    return s;
}

}  // namespace

TEST_CASE("the labelled replies are read as people labelled them") {
    auto s = score("replies.jsonl");
    CHECK(s.rows > 500);
    CHECK(s.right >= s.rows * 99 / 100);
    CHECK(s.emergencies_missed == 0);
    CHECK(s.false_emergencies <= 1);
    CHECK(s.opt_outs_missed == 0);
}

TEST_CASE("our own replies that the rules were made with are read as labelled") {
    auto s = score("replies/tuned.jsonl");
    CHECK(s.rows > 3000);
    CHECK(s.right >= s.rows * 98 / 100);
    CHECK(s.emergencies_missed <= s.emergencies / 100);
    CHECK(s.false_emergencies <= s.rows * 4 / 1000);  // one alarm too many is cheaper than one too few
    CHECK(s.opt_outs_missed == 0);
}

// Most of them once held back, and mended by since: what they were read at when they were new stands in README.md.
TEST_CASE("our own replies that were held back before are read as labelled") {
    for (auto name : {"replies/held.jsonl", "replies/tuned2.jsonl", "replies/held2.jsonl", "replies/tuned3.jsonl", "replies/held3.jsonl", "replies/held4.jsonl"}) {
        CAPTURE(name);
        auto s = score(name);
        CHECK(s.rows > 500);
        CHECK(s.right >= s.rows * 97 / 100);
        CHECK(s.emergencies_missed == 0);
        CHECK(s.false_emergencies <= s.rows * 4 / 1000);  // one alarm too many is cheaper than one too few
        CHECK(s.opt_outs_missed == 0);
    }
}

TEST_CASE("the smaller sets that were written after each mending are read as labelled") {
    for (auto name : {"replies/held5.jsonl", "replies/held6.jsonl", "replies/held7.jsonl"}) {
        CAPTURE(name);
        auto s = score(name);
        CHECK(s.rows > 130);
        CHECK(s.right >= s.rows * 93 / 100);
        CHECK(s.emergencies_missed + s.opt_outs_missed == 0);
        CHECK(s.false_emergencies <= 2);
    }
}

// Read at 0.936 and 0.900 when they were new. Five of the first's texts alarm out of caution: 那天他拿刀砍我.
TEST_CASE("replies of another hand, the first mended by and the second only where it missed an opt-out, are read as labelled") {
    for (auto name : {"replies/held8.jsonl", "replies/held9.jsonl"}) {
        CAPTURE(name);
        auto s = score(name);
        CHECK(s.rows > 300);
        CHECK(s.right >= s.rows * 90 / 100);
        CHECK(s.emergencies_missed + s.opt_outs_missed == 0);
        CHECK(s.false_emergencies <= 5);
    }
}

// Read at 0.943 when it was new; what is left is for a person to read, but for one that tells of a knife on another day, which alarms.
TEST_CASE("a stranger's replies are read as labelled, and none of them as praise that is none") {
    auto s = score("replies/stranger.jsonl");
    CHECK(s.rows > 640);
    CHECK(s.right >= s.rows * 94 / 100);
    CHECK(s.emergencies_missed + s.opt_outs_missed == 0);
    CHECK(s.false_emergencies <= 1);
}

// 18 of 54 complaints of the second were once read as praise: what stood beside it was not known.
TEST_CASE("replies in the listed languages are read as labelled, and never a complaint as praise") {
    for (auto name : {"replies/languages.jsonl", "replies/languages_held.jsonl"}) {
        CAPTURE(name);
        auto s = score(name);
        CHECK(s.rows > 80);
        CHECK(s.right >= s.rows * 97 / 100);
        CHECK(s.emergencies_missed + s.false_emergencies + s.opt_outs_missed == 0);
    }
}

TEST_CASE("a complaint without a code and without a word of the scale is heard") {
    for (auto name : {"replies/bare.jsonl", "replies/bare_held.jsonl", "replies/bare_last.jsonl"}) {
        CAPTURE(name);
        auto s = score(name);
        CHECK(s.rows > 100);
        CHECK(s.right >= s.rows * 84 / 100);
        CHECK(s.false_emergencies <= 1);
    }
}

TEST_CASE("replies as most people send them are read as labelled") {
    auto s = score("replies/plain.jsonl");
    CHECK(s.rows > 150);
    CHECK(s.right >= s.rows * 99 / 100);
    CHECK(s.emergencies_missed + s.false_emergencies + s.opt_outs_missed == 0);
}

// What fresh eyes found the reader to miss, and what must not be taken for it.
TEST_CASE("replies that an attack found to be misread are read as labelled") {
    auto s = score("replies/attacked.jsonl");
    CHECK(s.rows > 105);
    CHECK(s.right == s.rows);
    CHECK(s.emergencies > 30);
    CHECK(s.emergencies_missed + s.false_emergencies + s.opt_outs_missed == 0);
}

// Line ends and spaces too: a loop over them once did not end.
TEST_CASE("any bytes are read, in bounded time") {
    std::string noise;
    for (int i = 0; i < 40000; ++i) noise += static_cast<char>((i * 7919 + i / 3) & 0xFF);
    std::string long_text;
    for (int i = 0; i < 20000; ++i) long_text += "没有不满意";
    for (const auto& text : {noise, long_text, std::string(50000, '1'), std::string(50000, ' '), std::string(50000, '\n'), "满意\n\n \r\n\t 谢谢" + std::string(9, '\n'), std::string("\xff\xfe\x00\x80", 4), std::string("\xe6\xbb")})
        CHECK_NOTHROW(read(Scale::three_110, text));
    CHECK(read(Scale::three_110, "\xff 1").rating == 1);
}

TEST_CASE("what is normalised stays as it is") {
    for (auto text : {"\uffbd\uffcb", "ﾏﾝｿﾞｸ", "ㅁㅏㄴ", "一 点 都 不 满 意", "①②③", "Ⅲ", "é", "滿意", " 1  2 "}) {
        CAPTURE(text);
        auto once = pingjing::text::normalise(text).text;
        CHECK(pingjing::text::normalise(once).text == once);
    }
}

TEST_CASE("parse --jsonl answers every line in order, a bad one with an error") {
    std::istringstream in(R"({"id":[1],"text":"5","scale":"csat-5"})" "\nnonsense\n" R"({"id":"b","text":"1 退订"})" "\n" R"({"id":7,"text":5})" "\n"
                          R"({"id":8,"text":"1","text":"3"})" "\n" R"({"id":9,"text":"1","x":1e400})" "\n");
    std::ostringstream out;
    CHECK(pingjing::commands::parse(Scale::three_110, {}, true, in, out) == 1);
    std::istringstream lines(out.str());
    std::vector<json::object> answers;
    for (std::string line; std::getline(lines, line);) answers.push_back(json::parse(line).as_object());
    REQUIRE(answers.size() == 6);
    CHECK(answers[0].at("label") == json::value(5));
    CHECK(answers[0].at("id") == json::value(json::array{1}));
    CHECK(answers[1].contains("error"));
    CHECK(answers[2].at("label") == json::value("opt_out"));
    CHECK(answers[2].at("rating") == json::value(1));
    CHECK(answers[3].at("id") == json::value(7));
    CHECK(answers[3].contains("error"));
    CHECK(answers[4].at("error") == json::value("\"text\": expected each key once"));
    CHECK(answers[5].contains("error"));
}
