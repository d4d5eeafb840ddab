#include "daemon/core/person.hpp"

#include <doctest/doctest.h>

#include "daemon/core/appeal.hpp"

using namespace pingjing;

TEST_CASE("two spellings of a name are one person, two badges are two") {
    struct { const char* what; Identity one, other; bool same; } cases[] = {
        {"one token", {3, "张三", ""}, {3, "李四", ""}, true},
        {"two tokens of one badge", {3, "张三", "900001"}, {4, "zhang", "900001"}, true},
        {"a badge in full width", {3, "张三", "900001"}, {4, "zhang", "９００００１"}, true},
        {"a name with a space behind it", {3, "张三", ""}, {0, "张三 ", ""}, true},
        {"with an ideographic one before it", {3, "张三", "900001"}, {0, "\u3000张三", ""}, true},
        {"with one that cannot be seen", {3, "张三", ""}, {4, "张\u200b三", ""}, true},
        {"with a space between two Hanzi", {3, "张三", ""}, {4, "张 三", ""}, true},
        {"with a space between two words", {3, "Zhang San", ""}, {4, "ZhangSan", ""}, false},
        {"in full width and capitals", {3, "Zhang San", ""}, {4, "ＺＨＡＮＧ  ｓａｎ", ""}, true},
        {"two of one name, each with a badge", {3, "张伟", "900001"}, {4, "张伟", "900002"}, false},
        {"two names", {3, "张三", ""}, {4, "李四", ""}, false},
        {"two names, one with a badge", {3, "张三", "900001"}, {4, "李四", ""}, false},
        {"nobody and nobody", {0, "", ""}, {0, "", ""}, false},
        {"two whose names are no text", {0, "\xff", ""}, {0, "\xfe", ""}, false},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        CHECK(same_person(c.one, c.other) == c.same);
        CHECK(same_person(c.other, c.one) == c.same);
    }
}

TEST_CASE("who stands beside a step says which token he had, if any") {
    auto check = [](const char* who, std::int64_t token, const char* name) {
        CAPTURE(who);
        auto identity = identity_of(who, "1");
        CHECK(identity.token == token);
        CHECK(identity.name == name);
        CHECK(identity.badge == "1");
    };
    check("3/张三", 3, "张三");
    check("3/a/b", 3, "a/b");
    check("3/", 3, "");
    check("control/张三", 0, "张三");
    check("3x/张三", 0, "张三");
    check("control", 0, "");
    check("", 0, "");
}

TEST_CASE("outer spaces of any script go, inner ones stay") {
    CHECK(trimmed(" \t张 三\u3000\u00a0") == "张 三");
    CHECK(trimmed("\u200b\u2003") == "");
    CHECK(trimmed("") == "");
    CHECK(trimmed("a\xff ") == "a\xff");
    CHECK(trimmed("张三") == "张三");
}

TEST_CASE("the next level is above by the code, and no neighbour is") {
    CHECK(is_above("320102000000", "320102430000"));
    CHECK(is_above("320100000000", "320102430000"));
    CHECK(is_above("320000000000", "320102000000"));
    CHECK(is_above("320110000000", "320110430000"));   // its own zero is no level
    CHECK(is_above("320102430000", "320102430100"));
    CHECK_FALSE(is_above("320102430000", "320102430000"));
    CHECK_FALSE(is_above("320102440000", "320102430000"));
    CHECK_FALSE(is_above("320102430000", "320102000000"));
    CHECK_FALSE(is_above("320104000000", "320102430000"));
    CHECK_FALSE(is_above("320110000000", "320112430000"));
    CHECK(is_above("督察", "320102430000"));           // codes of which nobody knows
    CHECK_FALSE(is_above("X1", "X1"));
}
