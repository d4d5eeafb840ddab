#include <doctest/doctest.h>

#include "daemon/core/templates.hpp"
#include "daemon/text/segments.hpp"
#include "daemon/text/template.hpp"

using namespace pingjing;

TEST_CASE("a template takes known placeholders and nothing cleverer") {
    std::set<std::string> allowed = {"sign", "day"};
    struct { const char* source; const char* expected; } cases[] = {
        {"【{{sign}}】{{day}}日", ""},
        {"{{sign", "'{{' without '}}' behind it"},
        {"{{sign}} {{code:800000000}}", "{{code:800000000}} is unknown here; known: day sign"},
        {"{{ sign }}", "a placeholder is {{name}}, letters, digits and '_' only"},
        {"{{}}", "a placeholder is {{name}}, letters, digits and '_' only"},
        {"only {{day}}", "{{sign}} is missing"},
        {"sign}}", "'}}' without '{{' before it"},
        {"\xff", "not UTF-8"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.source);
        auto made = Template::parse(c.source, allowed, {"sign"});
        CHECK((made ? "" : made.error().detail) == c.expected);
    }
}

TEST_CASE("what is filled in is not read again, and stays within bounds") {
    auto made = *Template::parse("{{a}}{{b}}", {"a", "b"});
    CHECK(*made.fill({{"a", "{{b}}"}, {"b", "{0:99999}%s"}}) == "{{b}}{0:99999}%s");
    CHECK_FALSE(made.fill({{"a", ""}}));
    CHECK_FALSE(made.fill({{"a", std::string(40'000, 'x')}, {"b", std::string(40'000, 'x')}}));
    CHECK_FALSE(Template::parse(std::string(Template::longest_source + 1, 'x'), {}));
}

TEST_CASE("every text that is built in can be sent as it is") {
    struct { const char* name; int parts; } cases[] = {{"survey", 1}, {"survey_neutral", 1}, {"thanks", 1}, {"thanks_dissatisfied", 1}, {"unclear", 1},
                                                       {"emergency", 1}, {"opt_out", 1}, {"help", 1}, {"done", 1}};
    for (const auto& c : cases) {
        CAPTURE(c.name);
        auto source = built_in_template("zh-CN/" + std::string(c.name) + ".txt");
        REQUIRE(source);
        auto made = parse_text(c.name, source->substr(0, source->find_last_not_of("\r\n") + 1));
        REQUIRE(made);
        auto filled = made->fill({{"sign", "XX公安"}, {"month", "12"}, {"day", "31"}, {"sms_alarm", "12110"}});
        REQUIRE(filled);
        auto segments = cut_segments(*filled);
        REQUIRE(segments);
        CHECK(segments->parts.size() == static_cast<std::size_t>(c.parts));
        if (std::string(c.name) == "survey") CHECK(segments->units == 66);
    }
}

TEST_CASE("a text for citizens has its signature first, and no link") {
    for (const char* refused : {"您好", "您好【{{sign}}】", "【{{sign}}】看 https://example.cn", "【{{sign}}】{{officer}}", "【{{sign}}】【x】"}) {
        CAPTURE(refused);
        CHECK_FALSE(parse_text("thanks", refused));
    }
    CHECK_FALSE(parse_text("thanks", "【{{sign}}】{{day}}日"));
    CHECK(parse_text("survey", "【{{sign}}】{{day}}日"));
}
