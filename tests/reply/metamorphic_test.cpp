// What must not change a reading, and what must, over every labelled row that we have.
#include <doctest/doctest.h>

#include <array>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "daemon/reply/read.hpp"
#include "daemon/reply/spelling.hpp"
#include "daemon/reply/tables.hpp"
#include "daemon/text/normalise.hpp"
#include "tests/support/source.hpp"

using pingjing::Scale;
using namespace pingjing::reply;
namespace json = boost::json;

namespace {

struct Row {
    std::string text, lang;
    Scale scale;
};

std::vector<Row> all_rows() {
    std::vector<Row> rows;
    for (auto name : {"replies.jsonl", "replies/tuned.jsonl", "replies/held.jsonl", "replies/tuned2.jsonl", "replies/held2.jsonl", "replies/tuned3.jsonl",
                      "replies/held3.jsonl", "replies/held4.jsonl", "replies/held5.jsonl", "replies/held6.jsonl",
                      "replies/held7.jsonl", "replies/held8.jsonl", "replies/held9.jsonl",
                      "replies/plain.jsonl", "replies/attacked.jsonl", "replies/languages.jsonl",
                      "replies/languages_held.jsonl", "replies/bare.jsonl", "replies/bare_held.jsonl", "replies/bare_last.jsonl"}) {
        std::ifstream file(pingjing::test::source_root / "tests/data" / name);
        for (std::string line; std::getline(file, line);) {
            auto row = json::parse(line).as_object();
            rows.push_back({std::string(row.at("text").as_string()), std::string(row.at("lang").as_string()), pingjing::parse_scale(row.at("scale").as_string()).value()});
        }
    }
    return rows;
}

const std::vector<Row>& rows() {
    static const auto all = all_rows();
    return all;
}

bool is_rating(const Verdict& v) { return v.label == Label::rating; }

// Every row with a rating keeps it under the change; an emergency and an opt-out stay what they are.
template <typename Change>
void keeps_its_rating(Change change) {
    int tried = 0;
    for (const auto& row : rows()) {
        auto before = read(row.scale, row.text);
        if (!is_rating(before) && !before.emergency && before.label != Label::opt_out) continue;
        auto changed = change(row.text);
        if (changed.empty()) continue;
        ++tried;
        auto after = read(row.scale, changed);
        CAPTURE(row.text);
        CAPTURE(changed);
        CAPTURE(before.why);
        CAPTURE(after.why);
        if (is_rating(before)) CHECK(after.rating == before.rating);
        if (before.emergency) CHECK(after.emergency);
        if (before.label == Label::opt_out) CHECK(after.label == Label::opt_out);
    }
    CHECK(tried > 1000);
}

// A bare word of thanks or of one letter may become part of what stands beside it.
bool says_more(const std::string& text) {
    auto plain = pingjing::text::normalise(text).text;
    return plain.size() > 4 && plain.find("谢") == plain.npos && plain.find("顺利") == plain.npos;
}
// "110" is a cry only as the whole text.
bool is_word_alone(const std::string& text) { return pingjing::text::normalise(text).text.size() <= 9; }

// ASCII letters, digits and marks in the width that Chinese input methods give them.
std::string full_width(const std::string& text) {
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (byte > 0x20 && byte < 0x7F) {
            auto code = 0xFF00 + byte - 0x20;
            for (int part : {0xE0 | code >> 12, 0x80 | (code >> 6 & 0x3F), 0x80 | (code & 0x3F)}) out += static_cast<char>(part);
        } else {
            out += c == ' ' ? std::string("\u3000") : std::string(1, c);
        }
    }
    return out;
}

bool of_han_only(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        auto c = pingjing::text::character_at(text, at);
        if (!pingjing::text::is_han(c.code)) return false;
        at += c.bytes;
    }
    return !text.empty();
}

std::string spread_out(const std::string& text) {
    if (!of_han_only(text) || text.size() < 9) return "";  // 三差 may be a code and a word
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        auto bytes = pingjing::text::character_at(text, at).bytes;
        out += text.substr(at, bytes) + " ";
        at += bytes;
    }
    return out;
}

}  // namespace

TEST_CASE("thanks behind a reply change no rating, no emergency, no opt-out") {
    keeps_its_rating([](const std::string& text) { return text + "，谢谢"; });
}
TEST_CASE("thanks and a greeting before a reply change nothing either") {
    keeps_its_rating([](const std::string& text) { return "你好，" + text; });
    keeps_its_rating([](const std::string& text) { return "谢谢，" + text; });
}
TEST_CASE("an excuse or a filler word before a reply and a wish behind it change nothing") {
    for (std::string head : {"同志你好，", "那个，", "刚看到，", "不好意思才看到。", "抱歉回复晚了\n", "早上好，"}) keeps_its_rating([&](const std::string& text) { return says_more(text) ? head + text : ""; });
    for (std::string tail : {"，祝好", "。张先生", "\n辛苦了", "。新年快乐", "，辛苦你们了"}) keeps_its_rating([&](const std::string& text) { return says_more(text) ? text + tail : ""; });
}
// No rating, thanks, complaint or visit of the past makes a danger past.
TEST_CASE("what is said beside a danger leaves the alarm") {
    int tried = 0;
    for (const auto& row : rows()) {
        if (!read(row.scale, row.text).emergency || is_word_alone(row.text)) continue;
        ++tried;
        for (const auto& changed : {"不满意，" + row.text, "3，" + row.text, "1，" + row.text, "谢谢你们，" + row.text, row.text + "，没人管", row.text + "，警察不管", "昨天你们来过，" + row.text, row.text + "。不满意"}) {
            CAPTURE(changed);
            CHECK(read(row.scale, changed).emergency);
        }
    }
    CHECK(tried > 800);
}
TEST_CASE("spaces and line ends around a reply change nothing") {
    keeps_its_rating([](const std::string& text) { return " \n " + text + " \u3000\n"; });
}
TEST_CASE("spaces between Han characters change nothing") { keeps_its_rating(spread_out); }
TEST_CASE("full width changes nothing") { keeps_its_rating(full_width); }
TEST_CASE("a telephone's signature changes nothing") {
    keeps_its_rating([](const std::string& text) { return text + "\n发自我的iPhone"; });
}
TEST_CASE("a full stop or exclamation marks behind a reply change nothing") {
    keeps_its_rating([](const std::string& text) { return text + "。"; });
    keeps_its_rating([](const std::string& text) { return text + "！！"; });
}
TEST_CASE("what nobody sees changes nothing, inside a word either") {
    keeps_its_rating([](const std::string& text) {
        auto first = pingjing::text::character_at(text, 0);
        if (first.bytes >= text.size()) return "\u200b" + text + "\ufeff";
        auto second = pingjing::text::character_at(text, first.bytes);
        // Emoji and digits in boxes are several characters that belong together.
        if (!pingjing::text::is_word(first.code) || !pingjing::text::is_word(second.code)) return "\u200b" + text;
        return text.substr(0, first.bytes) + "\u200b" + text.substr(first.bytes);
    });
}

// Each takes a whole phrase of praise behind it.
TEST_CASE("praise wrapped in a negation is praise no more") {
    int tried = 0;
    for (const auto& row : rows()) {
        if (row.scale != Scale::three_110 || !of_han_only(row.text) || row.text.size() > 24) continue;
        auto before = read(row.scale, row.text);
        if (before.rating != 1 || before.method != Method::words || !is_rating(before)) continue;
        ++tried;
        for (std::string negation : {"谈不上", "怎么可能", "我不觉得", "哪里", "难以说", "不是", "并不是", "不能说"}) {
            auto after = read(row.scale, negation + row.text);
            CAPTURE(negation + row.text);
            CAPTURE(after.why);
            CHECK(after.rating != 1);
        }
    }
    CHECK(tried > 100);
}

TEST_CASE("a code wrapped in a negation is that code no more") {
    for (std::string code : {"1", "2", "3", "①", "一", "叁"})
        for (std::string negation : {"不是", "不选", "不给", "绝不是", "肯定不是", "不可能选"}) {
            CAPTURE(negation + code);
            CHECK_FALSE(read(Scale::three_110, negation + code).rating.has_value());
        }
}

// A phrase in another spelling would never be found, for the text has been respelled before it is looked up.
TEST_CASE("the tables are spelled as the reader spells") {
    int phrases_seen = 0;
    for (const auto& file : std::filesystem::directory_iterator(pingjing::test::source_root / "templates/language")) {
        auto name = file.path().filename().string();
        if (name != "praise.txt" && name != "complaint.txt" && name != "words.txt" && name != "signs.txt" && name != "codes.txt") continue;
        std::ifstream in(file.path());
        for (std::string line; std::getline(in, line);) {
            if (line.starts_with('#') || (line.starts_with('[') && line.find('|') == std::string::npos)) continue;
            for (auto phrase : split(line)) {
                if (!of_han_only(std::string(phrase))) continue;
                ++phrases_seen;
                auto normal = pingjing::text::normalise(phrase).text;
                if (normal != phrase) continue;  // 一 alone is a digit
                CAPTURE(name);
                CHECK(spell(pingjing::text::normalise(phrase)).text == phrase);
            }
        }
    }
    CHECK(phrases_seen > 3000);
}
