// Files of citizens and of habits, the schedule of faults, and what people answer.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/regex.hpp>
#include <sstream>

#include "providers/cmpp/server.hpp"
#include "providers/sgip/server.hpp"
#include "providers/simulated/habits.hpp"
#include "providers/smgp/server.hpp"
#include "providers/smpp/server.hpp"
#include "tests/providers/simulated/town.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;
using namespace pingjing::simulated;

namespace {

std::string wrong_habits(const std::string& toml) {
    std::string problems;
    (void)test::read_habits(toml, smpp::server(), &problems);
    return problems;
}

std::string wrong_citizens(const std::string& toml) {
    std::string problems;
    (void)test::read_citizens(toml, &problems);
    return problems;
}

Schedule schedule(const std::string& faults) { return Schedule(test::read_habits(faults, smpp::server()).faults); }

std::string pattern(Schedule& s, int times, Steady at = {}) {
    SeededRandom random(2);
    std::string out;
    for (int i = 0; i < times; ++i) {
        const auto* fault = s.next(At::submit, at, random);
        out += !fault ? '.' : fault->what == Wrong::throttle ? 't' : 'd';
    }
    return out;
}

}  // namespace

TEST_CASE("what is wrong with a file of habits or citizens is said with its line") {
    CHECK(wrong_habits("[gateway]\nwindow = 0\nwindw = 3\n") == "h.toml:2: window = 0: expected a whole number from 1 to 100000\nh.toml:3: [gateway] has no setting 'windw'");
    CHECK(wrong_habits("[[fault]]\nwhat = \"trottle\"\n").starts_with("h.toml:2: what = \"trottle\": expected one of \"refuse_login\""));
    CHECK(wrong_habits("[[fault]]\nevery = 3\n") == "h.toml:1: a fault needs 'what'");
    CHECK(wrong_habits("[[fault]]\nwhat = \"throttle\"\ntaken = true\n") == "h.toml:3: [[fault]] has no setting 'taken'");
    CHECK(wrong_habits("[[fault]]\nwhat = \"throttle\"\nevery = 2\nshare = 0.5\n") == "h.toml:3: every and share: expected one of them");
    CHECK(wrong_habits("[[fault]]\nwhat = \"outage\"\nfrom = \"2s\"\n") == "h.toml:2: an outage needs 'until'");
    CHECK(wrong_habits("[reports]\nspellings = [\"hex\", \"octal\"]\n").starts_with("h.toml:2: spellings: \"octal\": expected some of"));
    CHECK(wrong_habits("[reports.states]\nDELIVERED = 1\n") == "h.toml:2: DELIVERED: expected a state of at most seven characters");
    CHECK(wrong_habits("[reports]\nafter_least = \"5s\"\nafter_most = \"1s\"\n") == "h.toml:3: after_most is shorter than after_least");
    CHECK(wrong_habits("call_back = 3\n") == "h.toml:1: the file has no setting 'call_back'");
    CHECK(wrong_citizens("[replies]\nsatisfid = 3\n") == "c.toml:2: [replies] has no setting 'satisfid'");
    CHECK(wrong_citizens("[[rule]]\ntext = \"(\"\n").starts_with("c.toml:2: text = \"(\": expected a pattern"));
    CHECK(wrong_citizens("[phones]\n1381 = \"3\"\n") == "c.toml:2: phones: expected a mobile number = \"what its owner answers\"");
}

TEST_CASE("a fault is due by count, by chance, for a time, or so often") {
    auto every = schedule("[[fault]]\nwhat = \"throttle\"\nevery = 3\n");
    CHECK(pattern(every, 9) == "..t..t..t");
    auto first = schedule("[[fault]]\nwhat = \"throttle\"\nfirst = 1\nevery = 4\nmost = 2\n");
    CHECK(pattern(first, 10) == "t...t.....");
    // One does not move the other; where both are due the first in the file is.
    auto both = schedule("[[fault]]\nwhat = \"throttle\"\nevery = 2\n[[fault]]\nwhat = \"drop\"\nevery = 3\n");
    CHECK(pattern(both, 6) == ".tdt.t");
    auto share = schedule("[[fault]]\nwhat = \"drop\"\nshare = 0.25\n");
    auto some = pattern(share, 400);
    auto count = std::count(some.begin(), some.end(), 'd');
    CHECK(count > 60);
    CHECK(count < 140);
    auto times = schedule("[[fault]]\nwhat = \"drop\"\nfrom = \"2s\"\nuntil = \"4s\"\n");
    CHECK(pattern(times, 2, 1s) == "..");
    CHECK(pattern(times, 2, 2s) == "dd");
    CHECK(pattern(times, 2, 4s) == "..");
    SeededRandom random(1);
    CHECK(every.next(At::report, {}, random) == nullptr);
}

TEST_CASE("citizens answer by rule, by number and by shares, each for himself") {
    auto settings = test::read_citizens("[[rule]]\nnumber = \"139\"\ntext = \"回复.*1满意\"\nanswers = [\"1\", \"3\"]\nafter_least = \"1s\"\nafter_most = \"1s\"\nbetween_least = \"2s\"\nbetween_most = \"2s\"\n"
                                        "[[rule]]\nnumber = \"138\"\nanswers = [\"a\", \"b\", \"c\"]\norder = \"backwards\"\n[phones]\n13700000000 = \"2\"\n13700000001 = \"\"\n[replies]\nsilence = 50\nsatisfied = 50\n"
                                        "basically = 0\ndissatisfied = 0\nwords = 0\nambiguous = 0\nnone = 0\nopt_out = 0\nemergency = 0\n");
    auto phone = [](const std::string& number) { return *Phone::mobile(number); };
    const std::string text = "请回复:1满意。回T退订";
    Citizens citizens(settings, 1);
    auto two = citizens.read(phone("13900000000"), text);
    REQUIRE(two.size() == 2);
    CHECK(two[0].text == "1");
    CHECK(two[0].after == 1s);
    CHECK(two[1].text == "3");
    CHECK(two[1].after == 3s);
    CHECK(citizens.read(phone("13900000000"), "谢谢").empty());
    auto three = citizens.read(phone("13800000000"), "谢谢");
    REQUIRE(three.size() == 3);
    CHECK(three[0].text + three[1].text + three[2].text == "cba");
    REQUIRE(citizens.read(phone("13700000000"), text).size() == 1);
    CHECK(citizens.read(phone("13700000001"), text).empty());

    int answered = 0;
    auto all = [&](Citizens& some, bool backwards) {
        std::map<std::string, std::string> said;
        for (int i = 0; i < 200; ++i) {
            auto number = fmt::format("13600000{:03}", backwards ? 199 - i : i);
            for (const auto& answer : some.read(phone(number), text)) said[number] = answer.text + std::to_string(answer.after.count());
        }
        answered = static_cast<int>(said.size());
        return said;
    };
    Citizens again(settings, 1), in_turn(settings, 1), others(settings, 2);
    auto once = all(again, false);
    CHECK(answered > 70);
    CHECK(answered < 130);
    CHECK(once == all(in_turn, true));
    CHECK(once != all(others, false));
}

TEST_CASE("a line of the log is JSON, whatever stands in it") {
    Line line(*parse_rfc3339("2026-11-22T12:00:00+08:00"), "in", "submit");
    line.add("text", "a\"b\\c\n【").add("user", "").count("part", 2).flag("question", true).flag("no", false).add("ids", std::vector<std::string>{"1", "2"});
    CHECK(line.text() == "{\"time\":\"2026-11-22T04:00:00Z\",\"direction\":\"in\",\"kind\":\"submit\",\"text\":\"a\\\"b\\\\c\\n【\",\"part\":2,\"question\":true,\"ids\":[\"1\",\"2\"]}\n");
}

// Who installed nothing but the program has this guide alone, by --help.
TEST_CASE("the guide to simulate names every fault, every spelling and every field and kind of the log") {
    auto guide = test::read_source("providers/simulated/README.md");
    auto named = [&](const std::string& word) {
        CAPTURE(word);
        CHECK(guide.find("`" + word + "`") != std::string::npos);
    };
    for (int i = 0; i <= static_cast<int>(Wrong::outage); ++i) named(name_of(static_cast<Wrong>(i)));
    for (const auto& protocol : {smpp::server(), cmpp::server(cmpp::Version::v2), cmpp::server(cmpp::Version::v3), smgp::server(), sgip::server()}) {
        named(protocol.name);
        for (const auto& spelling : protocol.reports) named(spelling);
        for (const auto& way : protocol.long_texts) named(way);
    }
    // What the gateway writes: the words of its source.
    auto source = test::read_source("providers/simulated/gateway.cpp");
    static const boost::regex field("\\.(?:add|count|flag)\\(\"(\\w+)\""), kind("line\\(id, \"(?:in|out)\", \"(\\w+)\"");
    auto log = guide.substr(guide.find("## The log"), guide.find("## Citizens") - guide.find("## The log"));
    for (const auto* pattern : {&field, &kind})
        for (boost::sregex_iterator at(source.begin(), source.end(), *pattern), end; at != end; ++at) {
            auto word = (*at)[1].str();
            if (word == "fault_") continue;  // with its name behind it
            CAPTURE(word);
            CHECK(boost::regex_search(log, boost::regex("\\b" + word + "\\b")));
        }
}

// The examples of the guide are what the program reads, with the defaults that it has.
TEST_CASE("the guide to simulate names every key as it is") {
    auto guide = test::read_source("providers/simulated/README.md");
    std::vector<std::string> blocks;
    for (std::size_t at = 0; (at = guide.find("```toml\n", at)) != guide.npos;) {
        at += 8;
        blocks.push_back(guide.substr(at, guide.find("```", at) - at));
    }
    REQUIRE(blocks.size() == 2);
    auto citizens = test::read_citizens(blocks[0]);
    CHECK(citizens.replies.silence == Replies{}.silence);
    CHECK(citizens.rules.size() == 1);
    // What belongs to one protocol, or to one fault, is refused elsewhere, and so is the placeholder; nothing else is.
    CHECK(wrong_habits(blocks[1]).find("has no setting 'call_links'") != std::string::npos);
    std::istringstream lines(wrong_habits(blocks[1]));
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        bool expected = false;
        for (const char* word : {"'call_links'", "'call_idle'", "'taken'", "'after'", "'code'", "every and share", "\"…\""}) expected = expected || line.find(word) != line.npos;
        CHECK(expected);
    }
}
