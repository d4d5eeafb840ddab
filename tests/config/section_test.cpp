#include <doctest/doctest.h>

#include "daemon/config/section.hpp"

using namespace pingjing::config;
using namespace std::chrono_literals;

namespace {

// Reads one document with `read` and gives what was said about it.
template <class Read>
std::string said(const std::string& text, Read read) {
    Problems problems;
    auto document = Document::parse(text, "p.toml", problems);
    if (document) {
        Section root(*document, problems);
        read(root);
        root.finish();
    }
    return problems.text();
}

}  // namespace

TEST_CASE("a wrong value is named with its line, its text and what was expected") {
    struct { const char* text; const char* expected; } cases[] = {
        {"tps = \"fast\"", "p.toml:1: tps = \"fast\": expected a whole number from 1 to 500"},
        {"\ntps = 501", "p.toml:2: tps = 501: expected a whole number from 1 to 500"},
        {"tps = 1.0", "p.toml:1: tps = 1.0: expected a whole number from 1 to 500"},
        {"tps = [1]", "p.toml:1: tps = a list: expected a whole number from 1 to 500"},
        {"tps = 5\ntsp = 5", "p.toml:2: the file has no setting 'tsp'"},
        {"tps = 5\nname = \"x", "p.toml:2: Error while parsing string: encountered end-of-file"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        auto text = said(c.text, [](Section& s) { s.integer("tps", 50, 1, 500); s.text("name", ""); });
        if (std::string(c.expected).find("Error") != std::string::npos) CHECK(text.starts_with("p.toml:2: "));
        else CHECK(text == c.expected);
    }
    CHECK(said("on = 1", [](Section& s) { s.flag("on", false); }) == "p.toml:1: on = 1: expected true or false");
    CHECK(said("k = 'x'", [](Section& s) { s.one_of("k", "a", {"a", "b"}); }) == "p.toml:1: k = \"x\": expected one of \"a\", \"b\"");
    CHECK(said("l = ['x', 1]", [](Section& s) { s.texts("l"); }) == "p.toml:1: l = a list: expected a list of texts in quotes");
}

TEST_CASE("durations have one number and one unit") {
    struct { const char* value; std::chrono::milliseconds read; bool good; } cases[] = {
        {"90s", 90s, true}, {"120m", 120min, true}, {"72h", 72h, true}, {"14d", 336h, true}, {"250ms", 250ms, true},
        {"5", 7s, false}, {"-5s", 7s, false}, {"1h30m", 7s, false}, {"", 7s, false}, {"9999999999d", 7s, false}, {"400d", 7s, false},
    };
    for (const auto& c : cases) {
        CAPTURE(c.value);
        auto text = said("d = \"" + std::string(c.value) + "\"", [&](Section& s) { CHECK(s.duration("d", 7s, 0ms, 365 * 24h) == c.read); });
        CHECK(text.empty() == c.good);
    }
}

TEST_CASE("all problems come at once, in the order of the file, each said once") {
    auto text = said("[[channel]]\nname = \"main\"\nsouce = \"1069\"\ntps = \"fast\"\n", [](Section& root) {
        for (auto& s : root.children("channel")) {
            s.text("name");
            s.integer("tps", 1, 1, 500);
            s.integer("tps", 1, 1, 500);
            s.text("source");
            s.finish();
        }
    });
    CHECK(text == "p.toml:1: channel 'main' needs 'source'\n"
                  "p.toml:3: channel 'main' has no setting 'souce'\n"
                  "p.toml:4: tps = \"fast\": expected a whole number from 1 to 500");
}

TEST_CASE("what must be there must say something") {
    auto text = said("[[channel]]\nname = \"g\"\nprovider = \"\"\nsource = 1069\n", [](Section& root) {
        for (auto& s : root.children("channel"))
            for (const char* key : {"name", "provider", "source"}) s.text(key);
    });
    CHECK(text == "p.toml:3: provider = \"\": expected a text that is not empty\n"
                  "p.toml:4: source = 1069: expected a text in quotes");
}

TEST_CASE("a secret is never printed") {
    auto text = said("[a]\npassword = 12345\npassword_file = \"/nowhere/at/all\"\n[b]\npassword = \"hunter2\"\npassword_file = \"x\"\n[c]\n", [](Section& root) {
        for (const char* name : {"a", "b", "c"}) {
            auto s = root.child(name);
            s.secret("password", true);
            s.finish();
        }
    });
    CHECK(text.find("12345") == std::string::npos);
    CHECK(text.find("hunter2") == std::string::npos);
    CHECK(text.find("p.toml:6: 'password' and 'password_file' both") != std::string::npos);
    CHECK(text.find("[c] needs 'password' or 'password_file'") != std::string::npos);
}

TEST_CASE("what a preset says holds until the channel says otherwise") {
    Problems problems;
    auto own = Document::parse("method = \"POST\"\n[query]\nto = \"own\"\n[[rule]]\nn = 1\n", "own.toml", problems);
    auto preset = Document::parse("method = \"GET\"\nbody = \"query\"\nodd = 1\n[query]\nto = \"preset\"\ntext = \"preset\"\n[[rule]]\nn = 2\n", "preset.toml", problems);
    Section s(*own, problems);
    s.set_defaults(preset);
    CHECK(s.text("method") == "POST");
    CHECK(s.text("body") == "query");
    auto query = s.child("query");
    CHECK(query.text("to") == "own");
    CHECK(query.text("text") == "preset");
    std::string order;
    for (auto& rule : s.children("rule")) order += std::to_string(rule.integer("n", 0, 0, 9));
    CHECK(order == "12");
    s.finish();
    CHECK(problems.text() == "preset.toml:3: the file has no setting 'odd'");
}
