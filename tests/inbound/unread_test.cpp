#include "daemon/inbound/unread.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>

#include "daemon/core/random.hpp"
#include "daemon/inbound/cries.hpp"
#include "daemon/reply/read.hpp"
#include "daemon/text/utf.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;

namespace {

inbound::Danger danger_in(std::string_view text) {
    auto verdict = reply::read(Scale::three_110, text);
    return {verdict.emergency, verdict.do_not_contact};
}

// Our texts in both languages, by file name.
std::vector<std::pair<std::string, std::string>> templates() {
    std::vector<std::pair<std::string, std::string>> out;
    for (const char* language : {"templates/zh-CN", "templates/en"})
        for (const auto& entry : std::filesystem::directory_iterator(test::source_root / language)) {
            if (entry.path().extension() != ".txt") continue;
            std::ifstream file(entry.path());
            std::string text{std::istreambuf_iterator<char>(file), {}};
            while (text.ends_with('\n')) text.pop_back();
            out.emplace_back(entry.path().filename().string(), text);
        }
    REQUIRE(out.size() > 20);
    return out;
}
inbound::OwnWords own_words() {
    std::vector<std::string> texts;
    for (const auto& [name, text] : templates()) texts.push_back(text);
    return inbound::OwnWords(texts);
}
std::string filled(std::string text) {
    for (const auto& [name, value] : {std::pair{"{{sign}}", "XX公安"}, {"{{month}}", "11"}, {"{{day}}", "20"}, {"{{sms_alarm}}", "12110"}})
        for (std::size_t at; (at = text.find(name)) != text.npos;) text.replace(at, std::string(name).size(), value);
    REQUIRE(text.find("{{") == text.npos);
    return text;
}

// "13812345678 救命 | 他在打我": number and first line of each cry.
std::string cries(const std::string& query, const std::string& body) {
    static const auto own = own_words();
    std::string out;
    for (const auto& cry : inbound::together({inbound::listen(inbound::take_apart(query, body), own, danger_in)}).cries)
        out += (out.empty() ? "" : " | ") + (cry.from ? cry.from->reveal() : std::string("?")) + " " + cry.words.reveal().substr(0, cry.words.reveal().find('\n'));
    return out;
}

}  // namespace

TEST_CASE("a cry for help is found in a callback however its carrier writes texts") {
    struct { std::string written; std::string query, body, expected = "13812345678 救命"; } cases[] = {
        {"JSON", "", R"({"mobile":"13812345678","content":"救命"})"},
        {"JSON with the number as a number", "", R"({"mobile":13812345678,"content":"救命"})"},
        {"JSON with escapes", "", R"({"mobile":"13812345678","content":"\u6551\u547d"})"},
        {"JSON with escapes written twice", "", R"({"mobile":"13812345678","content":"\\u6551\\u547D"})"},
        {"JSON that was cut off", "", R"({"mobile":"13812345678","content":"救命)"},
        {"JSON in GB18030", "", *utf8_to_charset(R"({"mobile":"13812345678","content":"救命"})", "GB18030")},
        {"JSON in a string of JSON", "", R"({"data":"{\"mobile\":\"+8613812345678\",\"content\":\"救命\"}"})"},
        {"JSON in a field of a form", "", "reply=%7B%22mobile%22%3A%2213812345678%22%2C%22content%22%3A%22%E6%95%91%E5%91%BD%22%7D"},
        {"JSON in base64", "", "data=eyJtb2JpbGUiOiIxMzgxMjM0NTY3OCIsImNvbnRlbnQiOiLmlZHlkb0ifQ=="},
        {"a query", "from=13812345678&text=%E6%95%91%E5%91%BD", ""},
        {"a query in GB18030", "from=13812345678&text=%BE%C8%C3%FC", ""},
        {"a query in UTF-16", "from=13812345678&text=%65%51%54%7D", ""},
        {"a query in UTF-16 without percents", "from=13812345678&text=eQT}", ""},
        {"a query, encoded twice", "from=13812345678&text=%25E6%2595%2591%25E5%2591%25BD", ""},
        {"the number in the query, the text in the body", "phone=13812345678", "救命"},
        {"a form", "", "mobile=13812345678&content=%E6%95%91%E5%91%BD"},
        {"XML", "", "<?xml version=\"1.0\"?><r><mobile>13812345678</mobile><content>救命</content></r>"},
        {"XML with entities", "", "<r><mobile>13812345678</mobile><content>&#25937;&#x547d;</content></r>"},
        {"XML with CDATA", "", "<r><mobile>13812345678</mobile><content><![CDATA[救命]]></content></r>"},
        {"XML with attributes", "", "<sms mobile=\"13812345678\" content=\"救命\"/>"},
        {"hex of UCS-2", "", R"({"mobile":"13812345678","content":"6551547D"})"},
        {"hex of UTF-8", "", R"({"mobile":"13812345678","content":"e69591e591bd"})"},
        {"hex of GB18030", "", R"({"mobile":"13812345678","content":"BEC8C3FC"})"},
        {"base64 of UTF-8", "", R"({"mobile":"13812345678","content":"5pWR5ZG9"})"},
        {"base64 of GB18030", "", R"({"mobile":"13812345678","content":"vsjD/A=="})"},
        {"base64 of UCS-2", "", R"({"mobile":"13812345678","content":"ZVFUfQ=="})"},
        {"base64 of UTF-16, the other order", "", R"({"mobile":"13812345678","content":"UWV9VA=="})"},
        {"hex of UTF-16, the other order", "", R"({"mobile":"13812345678","content":"51657D54"})"},
        {"a form in parts with base64 over two lines", "", "--b\r\nContent-Disposition: form-data; name=\"m\"\r\n\r\n13812345678\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n5pWR\r\n5ZG9\r\n--b--"},
        {"UTF-16 as a whole", "", "\xFE\xFF" + to_utf16be(*decode_utf8(R"({"mobile":"13812345678","content":"救命"})"))},
        {"parts of a form", "", "--b\r\nContent-Disposition: form-data; name=\"m\"\r\n\r\n13812345678\r\n--b\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\n救命\r\n--b--"},
        {"records by line", "", "13912345678,1069,1\n13812345678,1069,救命", "13812345678 13812345678,1069,救命"},
        {"records by semicolon", "", "13912345678,1069,1;13812345678,1069,救命", "13812345678 13812345678,1069,救命"},
        {"English", "", R"({"mobile":"13812345678","content":"help me, he is killing me"})", "13812345678 help me, he is killing me"},
        {"English in hex", "", R"({"mobile":"13812345678","content":"68656c70206d65"})", "13812345678 help me"},
        {"an event", "", R"({"mobile":"13812345678","content":"他在打我"})", "13812345678 他在打我"},
        {"a broken character beside it", "", "{\"mobile\":\"13812345678\",\"content\":\"救命\xE6\"}", ""},
        {"the number 110 for a text", "", R"({"mobile":"13812345678","msgContent":"110"})", "13812345678 110"},
        {"in angle brackets", "", "mobile=13812345678&content=<救命>"},
        {"no number", "", R"({"content":"救命"})", "? 救命"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.written);
        auto found = cries(c.query, c.body);
        if (c.expected.empty()) CHECK(found.starts_with("13812345678 "));
        else CHECK(found == c.expected);
    }
}

TEST_CASE("what is no cry raises none") {
    for (const std::string& body : std::vector<std::string>{R"({"mobile":"13812345678","content":"3"})", R"({"mobile":"13812345678","content":"很满意,谢谢"})", R"({"mobile":"13812345678","content":"退订"})",
                             R"({"emergency":false,"help":"","sos":0,"mobile":"13812345678","stat":"DELIVRD"})",
                             "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", "", "{\"err\":\"110\",\"desc\":\"110。\"}", "{", "%", "\\u", "&#", "<", "=", "&&&&", "\xFF\xFE", "\xFE\xFF"}) {
        CAPTURE(body);
        CHECK(cries("", body) == "");
    }
}

TEST_CASE("a cry is of the number that stands with it, and of nobody where several do") {
    CHECK(cries("", R"([{"mobile":"13812345678","content":"1"},{"mobile":"13912345678","content":"救命"}])") == "13912345678 救命");
    CHECK(cries("", R"([{"mobile":"13812345678","content":"救命"},{"mobile":"13912345678","content":"他在打我"}])") == "13812345678 救命 | 13912345678 他在打我");
    CHECK(cries("", "<l><m><from>13812345678</from><t>1</t></m><m><from>13912345678</from><t>救命</t></m></l>") == "13912345678 救命");
    // By a sender's name, whatever else looks like a number.
    CHECK(cries("", R"({"mobile":"13812345678","dest":"13700000000","content":"救命"})") == "13812345678 救命");
    CHECK(cries("", R"({"a":"13812345678","b":"13700000000","content":"救命"})") == "? 救命");
    CHECK(cries("", R"({"head":{"x":"13812345678"},"data":{"content":"救命"}})") == "13812345678 救命");
    CHECK(cries("", R"({"head":["13812345678","13700000000"],"data":{"content":"救命"}})") == "? 救命");
    // Never of a neighbour in a list, whether that has words of its own or not.
    CHECK(cries("", R"([{"mobile":"13812345678","content":"1"},{"content":"救命"}])") == "? 救命");
    CHECK(cries("", R"({"items":[{"mobile":"13812345678"},{"content":"救命"}]})") == "? 救命");
    CHECK(cries("", R"([["13812345678","1"],["救命"]])") == "? 救命");
    CHECK(cries("", R"({"mobile":"13912345678","items":[{"mobile":"13812345678","content":"1"},{"content":"救命"}]})") == "? 救命");
    CHECK(cries("", "<l><m><from>13812345678</from><t>1</t></m><m><t>救命</t></m></l>") == "? 救命");
    CHECK(cries("", "13812345678,1069,1\n救命") == "? 救命");
    CHECK(cries("", R"({"content":"救命","contacts":[{"phone":"13812345678"}]})") == "? 救命");
    // What stands in front of a list is of what is in it, and of nobody else.
    CHECK(cries("", R"({"mobile":"13812345678","items":[{"content":"救命"}]})") == "13812345678 救命");
    CHECK(cries("", R"({"from":["13812345678"],"content":"救命"})") == "13812345678 救命");
    CHECK(cries("phone=13812345678", R"({"content":"救命"})") == "13812345678 救命");
    // The number that was written to is nobody's who writes.
    CHECK(cries("", R"({"to":"13812345678","content":"救命"})") == "? 救命");
    // Fixed lines: under a sender's name in any spelling, elsewhere with their area code.
    for (const char* line : {"025-84420000", "02584420000", "(025) 84420000", "+86 25 84420000", "+86-025-84420000"}) {
        CAPTURE(line);
        CHECK(cries("", R"({"from":")" + std::string(line) + R"(","content":"救命"})") == "02584420000 救命");
    }
    CHECK(cries("", R"({"from":"0516-8390000","to":"13812345678","content":"救命"})") == "05168390000 救命");
    CHECK(cries("", "0516-83900000,1069,救命") == "051683900000 0516-83900000,1069,救命");
    CHECK(cries("", R"({"from":"02584420","id":"02584420000","time":"2026-1125","content":"救命"})") == "? 救命");
    CHECK(cries("", R"({"mobile":"+86 138-1234-5678","time":"1732672800000","seq":"20261120138123456789","content":"救命"})") == "13812345678 救命");
}

TEST_CASE("whoever writes from abroad has a number as well, where it stands as the sender's") {
    CHECK(cries("", R"({"from":"+852 9123 4567","words":"救命"})") == "+85291234567 救命");
    CHECK(cries("from=%2B85291234567&words=%E6%95%91%E5%91%BD", "") == "+85291234567 救命");
    CHECK(cries("", R"({"batch":"+85291234567","words":"救命"})") == "? 救命");
    CHECK(cries("", R"([{"from":"13800138000","words":"救命 13900139000"}])") == "13800138000 救命 13900139000");
}

TEST_CASE("our own texts, sent back by a carrier, are nobody's cry") {
    for (const auto& [name, source] : templates()) {
        CAPTURE(name);
        auto text = filled(source);
        auto gb = *utf8_to_charset(text, "GB18030");
        std::string hex, spaced;
        for (unsigned char c : to_utf16be(*decode_utf8(text))) hex += fmt::format("{:02X}", c);
        for (char c : text)
            if (c != ' ') spaced += c;
        std::string json = R"({"mobile":"13812345678","stat":"DELIVRD","content":")";
        for (const auto& body : {text, gb, json + text + "\"}", json + gb + "\"}", json + hex + "\"}", json + spaced + "\"}", "mobile=13812345678&content=" + text, "<r><t>" + text + "</t></r>"}) {
            CAPTURE(body);
            CHECK(cries("", body) == "");
        }
        // Cut at any character, as parts of a long text are.
        auto characters = *decode_utf8(text);
        for (std::size_t at = 1; at < characters.size(); ++at) {
            CAPTURE(at);
            CHECK(cries("", json + encode_utf8(characters.substr(0, at)) + "\"}") == "");
            if (characters.size() - at >= 24) CHECK(cries("", json + encode_utf8(characters.substr(at)) + "\"}") == "");
        }
        // And what a citizen writes beside it is heard.
        CHECK(cries("", json + text + "\",\"reply\":\"救命\"}") == "13812345678 救命");
        CHECK(cries("", json + "救命!快来 //" + text + "\"}").starts_with("13812345678 "));
    }
}

TEST_CASE("of two cries of one number neither hides the other, whichever is shorter") {
    auto words = [](const std::string& body) { return inbound::together({inbound::listen(inbound::take_apart("", body), {}, danger_in)}).cries.at(0).words.reveal(); };
    for (const char* body : {R"([{"mobile":"13812345678","content":"救命"},{"mobile":"13812345678","content":"救命 他在我家 南京路5号"}])",
                             R"([{"mobile":"13812345678","content":"救命 他在我家 南京路5号"},{"mobile":"13812345678","content":"救命"}])"}) {
        CAPTURE(body);
        CHECK(words(body).find("南京路5号") != std::string::npos);
    }
}

TEST_CASE("many cries of one callback are folded into one alarm with their count") {
    std::string body = "[";
    for (int i = 0; i < 30; ++i) body += fmt::format(R"({{"mobile":"138{:08}","content":"救命 {}号楼"}},)", i, i);
    body.back() = ']';
    auto cries = inbound::together({inbound::listen(inbound::take_apart("", body), {}, danger_in)}).cries;
    REQUIRE(cries.size() == inbound::most_cries);
    CHECK(cries[0].from->reveal() == "13800000000");
    CHECK_FALSE(cries.back().from);
    CHECK(cries.back().folded.size() == 11);
    CHECK(cries.back().words.reveal().find("1380000") == std::string::npos);  // each number's words are kept with it alone
    auto rest = store::words_of(cries.back()).reveal();
    CHECK(rest.find("the cries of 11 numbers in one alarm") != std::string::npos);
    CHECK(rest.find("13800000019: 救命 19号楼") != std::string::npos);
    CHECK(rest.find("13800000029: 救命 29号楼") != std::string::npos);
}

TEST_CASE("of one who writes thousands of texts an alarm has the first, and how many there are besides, and none is compared with all others") {
    inbound::Listened piece;
    auto from = Phone::mobile("13812345678");
    for (int i = 0; i < 1500; ++i) piece.cries.push_back({from, std::string(i < 500 ? 1000 : 500, 'a') + fmt::format("救命 {}", i), false});
    auto begun = std::clock();
    auto heard = inbound::together({piece}).cries;
    CHECK(static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC < 1);  // each with each takes several
    REQUIRE(heard.size() == 1);
    auto words = heard[0].words.reveal();
    CHECK(words.size() < 17'000);
    CHECK(words.find("a救命 0\n") != std::string::npos);
    CHECK(words.find("〔另有 1484 条 and 1484 texts more〕") != std::string::npos);
}

TEST_CASE("a callback is looked at up to a limit, and what is left is said") {
    std::string much = R"({"mobile":"13812345678","content":"救命","words":[)";
    for (int i = 0; much.size() < inbound::most_bytes + 1000; ++i) much += fmt::format("\"word {}\",", i);
    auto unread = inbound::take_apart("a=1", much);
    CHECK(unread.bytes_left == much.size() + 3 - inbound::most_bytes);
    CHECK(unread.values_left);
    CHECK(unread.values.size() == inbound::most_values);
    auto heard = inbound::together({inbound::listen(unread, {}, danger_in)});
    CHECK_FALSE(heard.all);
    CHECK(heard.cries.at(0).words.reveal().find("not all of it was looked at") != std::string::npos);
    auto small = inbound::take_apart("a=1", R"({"content":"救命"})");
    CHECK(small.bytes_left == 0);
    CHECK_FALSE(small.values_left);
    CHECK(inbound::together({inbound::listen(small, {}, danger_in)}).all);
    // A long text is looked at in pieces that overlap.
    for (int before = 1700; before < 1900; before += 7) CHECK(cries("", "{\"t\":\"" + std::string(static_cast<std::size_t>(before), 'x') + " 救命 \"}").starts_with("? "));
    std::string numbers = R"([{"mobile":"13812345678","content":"救命"})";
    for (int i = 0; i < 2500; ++i) numbers += fmt::format(R"(,"139{:08}")", i);
    auto crowded = inbound::together({inbound::listen(inbound::take_apart("", numbers + "]"), {}, danger_in)}).cries;
    REQUIRE(crowded.size() == 1);
    CHECK(crowded[0].from->reveal() == "13812345678");
    CHECK(crowded[0].words.reveal().find("more numbers than are looked at") != std::string::npos);
}

TEST_CASE("all pieces of a callback have one budget") {
    inbound::Budget budget;
    std::string words = "[";
    for (int i = 0; i < 6000; ++i) words += fmt::format("\"word {}\",", i);
    CHECK_FALSE(inbound::take_apart("", words, budget).values_left);
    auto second = inbound::take_apart("", words, budget);
    CHECK(second.values_left);
    CHECK(second.values.size() == inbound::most_values - 6000);
    CHECK_FALSE(inbound::together({inbound::listen(second, {}, danger_in)}).all);
    inbound::Budget bytes;
    CHECK(inbound::take_apart("", std::string(inbound::most_bytes, ' '), bytes).bytes_left == 0);
    CHECK(inbound::take_apart("", "13812345678", bytes).bytes_left == 11);
    inbound::Budget numbers;
    std::string many = "[";
    for (int i = 0; i < 1500; ++i) many += fmt::format(R"("139{:08}",)", i);
    CHECK_FALSE(inbound::take_apart("", many, numbers).numbers_left);
    auto crowded = inbound::take_apart("", many + "\"13812345678\"", numbers);
    CHECK(crowded.numbers_left);
    CHECK_FALSE(inbound::together({inbound::listen(crowded, {}, danger_in)}).all);
}

TEST_CASE("what asks for something else than help in danger is told apart, and our own words ask for nothing") {
    inbound::ReadDanger read = [](std::string_view text) { auto v = reply::read(Scale::three_110, text); return inbound::Danger{v.emergency, v.do_not_contact, v.label == reply::Label::opt_out || v.label == reply::Label::help}; };
    auto own = own_words();
    auto heard = [&](const std::string& body) { return inbound::listen({inbound::take_apart("", body)}, own, read); };
    CHECK(heard(R"({"mobile":"13812345678","content":"T"})").request);
    CHECK(heard(R"({"mobile":"13812345678","content":"退订"})").request);
    CHECK_FALSE(heard(R"({"mobile":"13812345678","content":"3"})").request);
    CHECK(heard(R"({"mobile":"13812345678","content":"3"})").text);
    CHECK_FALSE(heard(R"({"mobile":"13812345678","stat":"REJECTD"})").text);
    for (const auto& [name, source] : templates()) {
        CAPTURE(name);
        CHECK_FALSE(heard("{\"content\":\"" + filled(source) + "\"}").request);
    }
}

TEST_CASE("any bytes are taken apart in bounded time") {
    SeededRandom random(3);
    const std::string_view pieces[] = {"{", "}", "[", "\"", "\\u65", "\\", "<", ">", "&#", ";", "%E6", "=", "&", "救命", "\xBE\xC8", "13812345678", "6551547D", "5pWR5ZG9", ":", ",", "\0\x65"};
    for (int round = 0; round < 300; ++round) {
        std::string body;
        for (int i = 0; i < 200; ++i) body += pieces[random.below(std::size(pieces))];
        auto unread = inbound::take_apart(body.substr(0, 40), body);
        CHECK(unread.values.size() <= inbound::most_values);
        for (const auto& value : unread.values) CHECK(value.text.size() <= inbound::longest_value);
    }
    for (char c : {'{', '[', '"', '<', '%', '\\', '&', '=', '>', '\0'}) inbound::take_apart("", std::string(inbound::most_bytes, c));
    std::string tags;
    while (tags.size() < inbound::most_bytes) tags += "<a b=\"1\">";
    inbound::take_apart("", tags);
}
