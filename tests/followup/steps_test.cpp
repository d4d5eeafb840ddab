#include "daemon/followup/steps.hpp"

#include <doctest/doctest.h>

using namespace pingjing;
using namespace pingjing::followup;
using Kind = Error::Kind;

namespace {

const auto friday = *parse_rfc3339("2026-11-20T10:00:00+08:00");
const Person inspector{"3/张三", "张三", "320100000000", "900001", true}, other{"4/李四", "李四", "", "", true}, unit{"7/王五", "王五", "320102430000", "", false};

store::Followup in(FollowupState state) {
    store::Followup f;
    f.id = 1, f.unit = "320102430000", f.parties = {{"012345", "F00231"}, {"320102430000"}}, f.phone_id = 1, f.state = state, f.opened_at = friday, f.due_at = friday + 24h;
    return f;
}
Step step(std::string name) {
    Step s;
    s.name = std::move(name);
    return s;
}
Step with(std::string name, std::string Step::*field, std::string value, std::string note = "because") {
    auto s = step(std::move(name));
    s.*field = std::move(value), s.note = std::move(note);
    return s;
}
Step verdict(std::string finding) {
    auto s = with("verify", &Step::finding, std::move(finding));
    s.topic = "attitude";
    return s;
}
Step reviewed(bool agreed) {
    auto s = step("review");
    s.agreed = agreed, s.note = "read";
    return s;
}
Result<Planned> plan(const store::Followup& f, const Step& s, const Person& who = inspector, Instant now = friday) { return plan_step(f, s, who, Rules{}, now); }
std::string outcome(const Result<Planned>& planned) {
    if (planned) return std::string(followup_state_name(planned->move.to)) + " " + planned->move.step;
    constexpr const char* kinds[] = {"invalid", "not found", "forbidden", "conflict", "unavailable", "internal"};
    return kinds[static_cast<int>(planned.error().kind)];
}

}  // namespace

TEST_CASE("the way of a complaint that was right, with its limits") {
    auto f = in(FollowupState::opened);
    CHECK(outcome(plan(f, with("call", &Step::outcome, "reached"))) == "called_back called_back");
    CHECK(plan(f, with("call", &Step::outcome, "reached"))->move.due_at == f.due_at);  // the work order belongs to the same day
    f.state = FollowupState::called_back;
    CHECK(outcome(plan(f, verdict("valid"))) == "verified verified");
    f.state = FollowupState::verified, f.finding = Finding::valid;
    auto ordered = plan(f, with("order", &Step::person, "赵六"));
    CHECK(outcome(ordered) == "rectifying rectifying");
    CHECK(ordered->move.ordered_unit == f.unit);
    CHECK(ordered->move.due_at == friday + Millis(24h) * 7);  // five working days over a weekend
    f.state = FollowupState::rectifying, f.ordered_unit = f.unit;
    auto done = plan(f, with("rectify", &Step::note, "spoke with both officers", "spoke with both officers"), unit);
    CHECK(outcome(done) == "rectified rectified");
    f.state = FollowupState::rectified, f.rectified_by = "7/王五", f.rectifier = identity_of("7/王五");
    CHECK(outcome(plan(f, reviewed(true))) == "reviewed reviewed");
    CHECK(outcome(plan(f, reviewed(false))) == "rectifying returned");
    f.state = FollowupState::reviewed;
    auto told = plan(f, with("tell", &Step::how, "sms"));
    CHECK(outcome(told) == "told told");
    CHECK(told->text);
    CHECK_FALSE(plan(f, with("tell", &Step::how, "call"))->text);
    f.state = FollowupState::told;
    CHECK(outcome(plan(f, step("close"))) == "closed closed");
}

TEST_CASE("nobody is unreachable before calls at three different hours, and that is reviewed too") {
    auto f = in(FollowupState::opened);
    CHECK(outcome(plan(f, with("call", &Step::outcome, "no_answer"))) == "opened no_answer");
    f.missed_calls = {friday, friday + 10min, friday + 20min};
    CHECK(outcome(plan(f, verdict("unreachable"))) == "conflict");
    f.missed_calls = {friday + 59min, friday + 60min, friday + 2h};  // at 10:59, 11:00 and 12:00
    CHECK(outcome(plan(f, verdict("unreachable"))) == "conflict");
    f.missed_calls = {friday, friday + 2h, friday + 24h};
    auto found = plan(f, verdict("unreachable"));
    CHECK(outcome(found) == "verified verified");
    f.state = FollowupState::verified, f.finding = Finding::unreachable, f.verifier = identity_of(inspector.who);
    CHECK(outcome(plan(f, with("order", &Step::person, "赵六"))) == "conflict");
    CHECK(outcome(plan(f, reviewed(true))) == "forbidden");  // his own finding
    CHECK(outcome(plan(f, reviewed(true), other)) == "reviewed reviewed");
    CHECK(outcome(plan(f, reviewed(false), other)) == "opened returned");
    f.state = FollowupState::reviewed;
    CHECK(outcome(plan(f, with("tell", &Step::how, "call"))) == "conflict");
    CHECK(outcome(plan(f, step("close"))) == "closed closed");
}

TEST_CASE("who asked not to be called is not, and is still told in writing") {
    auto f = in(FollowupState::opened);
    f.no_callback = true;
    CHECK(outcome(plan(f, with("call", &Step::outcome, "reached"))) == "conflict");
    CHECK(outcome(plan(f, verdict("valid"))) == "verified verified");
    f.state = FollowupState::reviewed;
    CHECK(outcome(plan(f, with("tell", &Step::how, "call"))) == "conflict");
    CHECK(outcome(plan(f, with("tell", &Step::how, "letter"))) == "told told");
    f.safe_to_text = false;
    CHECK(outcome(plan(f, with("tell", &Step::how, "sms"))) == "conflict");
    f.safe_to_text = true, f.finding = Finding::invalid;
    CHECK(outcome(plan(f, with("tell", &Step::how, "sms"))) == "conflict");
    f.finding = Finding::valid, f.phone_id = std::nullopt;
    CHECK(outcome(plan(f, with("tell", &Step::how, "sms"))) == "conflict");
}

TEST_CASE("what was no complaint is dropped: by another than who said so, with a reason, before anybody was told") {
    auto f = in(FollowupState::opened);
    auto because = with("drop", &Step::note, "\"不是不满意\"", "\"不是不满意\"");
    CHECK(outcome(plan(f, because)) == "conflict");  // the rating stands
    f.refuted_by = inspector.who, f.refuter = identity_of(inspector.who, inspector.badge);
    CHECK(outcome(plan(f, because)) == "forbidden");  // he said so himself
    CHECK(outcome(plan(f, step("drop"), other)) == "invalid");
    for (auto state : {FollowupState::opened, FollowupState::called_back, FollowupState::verified, FollowupState::rectifying, FollowupState::rectified, FollowupState::reviewed}) {
        f.state = state;
        CHECK(outcome(plan(f, because, other)) == "closed dropped");
    }
    for (auto state : {FollowupState::told, FollowupState::closed}) {
        f.state = state;
        CHECK(outcome(plan(f, because, other)) == "conflict");
    }
    f.state = FollowupState::opened;
    CHECK(outcome(plan(f, because, unit)) == "forbidden");
}

TEST_CASE("whose step it may not be") {
    auto f = in(FollowupState::opened);
    auto call = with("call", &Step::outcome, "reached");
    CHECK(outcome(plan(f, call, {"control", "", "", "", true})) == "forbidden");            // nobody
    CHECK(outcome(plan(f, call, {"9/x", "x", "", "012345", true})) == "forbidden");         // the rated officer
    CHECK(outcome(plan(f, call, {"9/x", "x", "", "F00231", true})) == "forbidden");         // who was with him
    CHECK(outcome(plan(f, call, {"9/x", "x", "320102430000", "", true})) == "forbidden");   // his shift
    CHECK(outcome(plan(f, call, unit)) == "forbidden");                                     // without the right to inspect
    f.state = FollowupState::rectifying, f.ordered_unit = "320104000000";
    CHECK(outcome(plan(f, with("rectify", &Step::note, "done", "done"), unit)) == "forbidden");  // another unit's order
    f.state = FollowupState::rectified, f.rectifier = identity_of("3/张三", "900001");
    CHECK(outcome(plan(f, reviewed(true))) == "forbidden");
    CHECK(outcome(plan(f, reviewed(true), {"8/张三", "张三", "", "", true})) == "forbidden");    // the same person by another token
    CHECK(outcome(plan(f, reviewed(true), {"8/张三 ", "张三 ", "", "", true})) == "forbidden");   // or by another spelling
    CHECK(outcome(plan(f, reviewed(true), {"8/zhang", "zhang", "", "900001", true})) == "forbidden");
    CHECK(outcome(plan(f, reviewed(true), {"control/张三", "张三", "", "", true})) == "forbidden");
    CHECK(outcome(plan(f, reviewed(true), {"8/张三", "张三", "", "900002", true})) == "reviewed reviewed");  // another one of that name
    CHECK(outcome(plan(f, reviewed(true), other)) == "reviewed reviewed");
    // Whom the rating names stays a party when the call names somebody else.
    f.parties.units.push_back("320103430000"), f.parties.badges.push_back("054321");
    CHECK(outcome(plan(f, reviewed(true), {"4/李四", "李四", "320103430000", "", true})) == "forbidden");
    CHECK(outcome(plan(f, reviewed(true), {"4/李四", "李四", "", "054321", true})) == "forbidden");
}

TEST_CASE("every step says what it wants") {
    auto opened = in(FollowupState::opened), called = in(FollowupState::called_back), verified = in(FollowupState::verified), rectifying = in(FollowupState::rectifying),
         rectified = in(FollowupState::rectified), told = in(FollowupState::reviewed);
    verified.finding = Finding::partly;
    rectifying.ordered_unit = rectifying.unit;
    CHECK(outcome(plan(opened, step("dance"))) == "invalid");
    CHECK(outcome(plan(opened, with("call", &Step::outcome, "perhaps"))) == "invalid");
    CHECK(outcome(plan(opened, with("call", &Step::outcome, "reached", ""))) == "invalid");
    CHECK(outcome(plan(called, with("verify", &Step::finding, "valid"))) == "invalid");  // no topic
    CHECK(outcome(plan(called, with("verify", &Step::finding, "maybe"))) == "invalid");
    CHECK(outcome(plan(verified, step("order"))) == "invalid");
    auto elsewhere = with("order", &Step::person, "赵六");
    elsewhere.unit = "3201";
    CHECK(outcome(plan(verified, elsewhere)) == "invalid");
    CHECK(outcome(plan(rectifying, step("rectify"))) == "invalid");
    CHECK(outcome(plan(rectified, step("review"))) == "invalid");
    CHECK(outcome(plan(told, with("tell", &Step::how, "pigeon"))) == "invalid");
    // And when it is not its turn.
    for (const auto& s : {verdict("valid"), with("order", &Step::person, "赵六"), with("rectify", &Step::note, "x", "x"), reviewed(true), with("tell", &Step::how, "letter"), step("close")})
        CHECK(outcome(plan(opened, s)) == "conflict");
}
