#include <doctest/doctest.h>

#include "daemon/eligibility/rules.hpp"

using namespace pingjing;
using namespace pingjing::eligibility;

namespace {

const auto noon = *parse_rfc3339("2026-11-20T12:00:00+08:00");

ClosedCall good_call() {
    ClosedCall call;
    call.id = "A1";
    call.state = CaseState::closed;
    call.calling = Phone::mobile("13812345678");
    call.category = "010203";
    call.unit = "320102430000";
    call.reported_at = noon;
    call.closed_at = noon + 1h;
    return call;
}

const CategoryMap& categories() {
    static const auto map = *CategoryMap::read_csv("code,name,rule\n01,theft,survey\n0105,killing,death_serious\n0605,\"violence, at home\",dv\n"
                                                   "0606,quarrel,survey_neutral\n0701,complaint,survey_unit\n08,prank,invalid\n");
    return map;
}

// What is decided after `change` was made to a call and facts that would be asked.
template <class Change>
Decision after(Change change) {
    auto call = good_call();
    Facts facts{.call = call};
    change(call, facts);
    facts.category = categories().find(call.category);
    return decide(facts);
}

}  // namespace

TEST_CASE("categories: the longest prefix wins and what is not mapped is not asked") {
    CHECK(categories().find("010203")->prefix == "01");
    CHECK(categories().find("010599")->code == Code::death_serious);
    CHECK(categories().find("990900") == nullptr);
    CHECK(categories().find("0") == nullptr);
    CHECK(after([](auto& call, auto&) { call.category = "99"; }).code == Code::unknown_category);
    CHECK(after([](auto& call, auto&) { call.category = "060600"; }).kind == "survey_neutral");
    CHECK(after([](auto& call, auto&) { call.category = "070100"; }).kind == "survey_unit");
    CHECK_FALSE(CategoryMap::read_csv("01,theft,surveys\n"));
    CHECK_FALSE(CategoryMap::read_csv("01,theft,survey\n01,theft,dv\n"));
    auto toml = CategoryMap::read_toml("[[category]]\ncode = \"06\"\nname = \"x\"\nrule = \"dv\"\n");
    REQUIRE(toml);
    CHECK(toml->find("0605")->code == Code::dv);
}

TEST_CASE("every refusal, and the order in which two of them count") {
    struct { const char* given; void (*change)(ClosedCall&, Facts&); std::optional<Code> expected; bool safety; } cases[] = {
        {"nothing against it", [](ClosedCall&, Facts&) {}, std::nullopt, false},
        {"still on scene", [](ClosedCall& c, Facts&) { c.state = CaseState::on_scene; }, Code::not_closed, false},
        {"reopened", [](ClosedCall& c, Facts&) { c.state = CaseState::reopened; }, Code::not_closed, false},
        {"open, and violence at home", [](ClosedCall& c, Facts&) { c.state = CaseState::open; c.category = "0605"; }, Code::not_closed, true},
        {"closed before since", [](ClosedCall&, Facts& f) { f.since = noon + 2h; }, Code::history, false},
        {"another unit's pilot", [](ClosedCall&, Facts& f) { f.mode = Mode::pilot; }, Code::pilot, false},
        {"its own pilot", [](ClosedCall&, Facts& f) { f.mode = Mode::pilot; f.pilot_unit = true; }, std::nullopt, false},
        {"a prank with a dv flag", [](ClosedCall& c, Facts&) { c.category = "08"; c.flags = {"dv"}; }, Code::invalid, true},
        {"linked", [](ClosedCall& c, Facts&) { c.linked_to = "A0"; }, Code::duplicate, false},
        {"fixed line", [](ClosedCall& c, Facts&) { c.calling.reset(); }, Code::no_mobile, false},
        {"dv before minor", [](ClosedCall& c, Facts&) { c.flags = {"minor", "dv"}; }, Code::dv, true},
        {"17 years old", [](ClosedCall& c, Facts&) { c.caller_birth = "2008-11-21"; }, Code::minor, true},
        {"18 today", [](ClosedCall& c, Facts&) { c.caller_birth = "2008-11-20"; }, std::nullopt, false},
        {"a colleague with unsafe flag", [](ClosedCall& c, Facts& f) { c.flags = {"unsafe_flag"}; f.staff_phone = true; }, Code::police, true},
        {"held phone, unknown category", [](ClosedCall& c, Facts& f) { c.category = "99"; f.phone_hold = true; }, Code::phone_hold, false},
        {"opted out and capped", [](ClosedCall&, Facts& f) { f.opt_out = f.capped = true; }, Code::opt_out, false},
        {"capped and stale", [](ClosedCall&, Facts& f) { f.capped = f.stale = true; }, Code::capped, false},
        {"stale", [](ClosedCall&, Facts& f) { f.stale = true; }, Code::stale, false},
    };
    for (auto& c : cases) {
        CAPTURE(c.given);
        auto decision = after(c.change);
        CHECK(decision.code == c.expected);
        CHECK(decision.safety == c.safety);
        CHECK_FALSE(decision.rule.empty());
        CHECK(decision.kind.empty() == c.expected.has_value());
    }
}

TEST_CASE("a minor is one by the local day of the report, and a leap day's child until 1 March") {
    auto at = [](const char* text) { return *parse_rfc3339(text); };
    CHECK_FALSE(is_minor("2008-11-21", at("2026-11-20T16:30:00Z"), "Asia/Shanghai"));  // 00:30 of the birthday there
    CHECK(is_minor("2008-11-21", at("2026-11-20T15:30:00Z"), "Asia/Shanghai"));
    CHECK(is_minor("2008-02-29", at("2026-02-28T12:00:00+08:00"), "Asia/Shanghai"));
    CHECK_FALSE(is_minor("2008-02-29", at("2026-03-01T00:00:00+08:00"), "Asia/Shanghai"));
    CHECK_FALSE(is_minor("", noon, "Asia/Shanghai"));
}

TEST_CASE("caps look both ways from the planned time") {
    CHECK_FALSE(is_capped(noon, {}));
    CHECK(is_capped(noon, {noon + 23h}));
    CHECK_FALSE(is_capped(noon, {noon - 24h}));
    CHECK_FALSE(is_capped(noon, {noon - 48h, noon - 72h}));
    CHECK(is_capped(noon, {noon - 48h, noon - 72h, noon + 96h}));
    CHECK_FALSE(is_capped(noon, {noon - 48h, noon - 72h, noon - 24h * 30}));
}
