#include "daemon/followup/appeals.hpp"

#include <doctest/doctest.h>

using namespace pingjing;
using namespace pingjing::followup;

namespace {

const auto closed = *parse_rfc3339("2026-11-20T10:00:00+08:00");  // a Friday
const Person inspector{"3/张三", "张三", "320102000000", "900001", true}, second{"4/李四", "李四", "320100000000", "", true};

store::Appeal by_officer(AppealState state = AppealState::filed) {
    store::Appeal a;
    a.id = 1, a.badge = "012345", a.filed_by = "9/王杰", a.filer = identity_of("9/王杰", "012345"), a.ground = "slip", a.state = state;
    a.parties = {{"012345", "F00231"}, {"320102430000"}};
    a.standing_rating = 7;
    if (state == AppealState::proposed) a.proposed = AppealState::upheld, a.proposed_by = inspector.who, a.proposer = identity_of(inspector.who, inspector.badge), a.rating_id = 7;
    return a;
}
constexpr const char* kinds[] = {"invalid", "not found", "forbidden", "conflict", "unavailable", "internal"};
std::string outcome(const store::Appeal& a, const AppealStep& step, const Person& who) {
    auto planned = plan_appeal_step(a, step, who);
    return planned ? planned->step + " " + std::string(appeal_state_name(planned->to)) : kinds[static_cast<int>(planned.error().kind)];
}
std::string filing(const char* ground, const char* note, Instant now, std::optional<Instant> closed_at = closed) {
    auto planned = plan_appeal({1, "a", closed_at}, ground, note, Rules{}, now);
    return planned ? format_utc(planned->due_at) : kinds[static_cast<int>(planned.error().kind)];
}
const AppealStep uphold{"propose", "upheld", "the caller says so himself"}, reject{"propose", "not_upheld", "no proof"}, confirm{"confirm", "", ""}, send_back{"return", "", "read the text again"};

}  // namespace

TEST_CASE("an appeal is filed until five working days after the last moment at which the call could be rated in time") {
    // Closed on Friday, answered at the latest six days later, on Thursday; then Friday, Monday, Tuesday, Wednesday, Thursday.
    auto last = *parse_rfc3339("2026-12-03T10:00:00+08:00");
    CHECK(last_filing(closed, Rules{}) == last);
    CHECK(filing("slip", "he told me", last) == "2026-12-10T02:00:00Z");  // five working days to decide
    CHECK(filing("slip", "he told me", last + Millis(1)) == "conflict");
    CHECK(filing("slip", "he told me", closed) == "2026-11-27T02:00:00Z");
    Rules site;
    site.appeal_days = 1, site.appeal_decision_days = 1, site.answers_until = std::chrono::hours(24);
    CHECK(last_filing(closed, site) == *parse_rfc3339("2026-11-23T10:00:00+08:00"));
}

TEST_CASE("an appeal has one of four grounds, and that the result is unwelcome is none") {
    for (const char* ground : {"wrong_person", "other_service", "malice", "slip"}) CHECK(filing(ground, "because", closed) != "invalid");
    for (const char* none : {"unwelcome", "", "Slip", "result unwelcome"}) CHECK(filing(none, "because", closed) == "invalid");
    CHECK(filing("slip", "", closed) == "invalid");
    CHECK(filing("slip", "because", closed, std::nullopt) == "conflict");  // not closed
}

TEST_CASE("two persons decide, the second of whom may send it back") {
    CHECK(outcome(by_officer(), uphold, inspector) == "proposed proposed");
    CHECK(outcome(by_officer(), reject, second) == "proposed proposed");
    CHECK(outcome(by_officer(), confirm, inspector) == "conflict");    // nothing is proposed
    CHECK(outcome(by_officer(), send_back, inspector) == "conflict");
    auto a = by_officer(AppealState::proposed);
    CHECK(outcome(a, confirm, second) == "confirmed upheld");
    CHECK(outcome(a, send_back, second) == "returned filed");
    CHECK(outcome(a, uphold, second) == "conflict");
    a.proposed = AppealState::not_upheld;
    CHECK(outcome(a, confirm, second) == "confirmed not_upheld");
    a.standing_rating = 8;  // it came since, and the first of them has not seen it
    CHECK(outcome(a, confirm, second) == "conflict");
    CHECK(outcome(a, send_back, second) == "returned filed");
    for (auto decided : {AppealState::upheld, AppealState::not_upheld})
        for (const auto& step : {uphold, confirm, send_back}) CHECK(outcome(by_officer(decided), step, second) == "conflict");
}

TEST_CASE("the second person is another one, however he spells himself") {
    auto a = by_officer(AppealState::proposed);
    for (const Person& same : {inspector, Person{"8/张三", "张三", "", "", true}, Person{"control/张三 ", "张三 ", "", "", true}, Person{"8/zhang", "zhang", "", "900001", true}}) {
        CAPTURE(same.who);
        CHECK(outcome(a, confirm, same) == "forbidden");
        CHECK(outcome(a, send_back, same) == "forbidden");
    }
    CHECK(outcome(a, confirm, {"8/张三", "张三", "", "900002", true}) == "confirmed upheld");  // another one of that name
}

TEST_CASE("neither a party nor whoever filed it decides, nor anybody who is not a level above") {
    struct { const char* who; Person person; bool may; } cases[] = {
        {"the rated officer", {"5/x", "x", "", "012345", true}, false},
        {"who was with him", {"5/x", "x", "", "F00231", true}, false},
        {"his unit", {"5/x", "x", "320102430000", "", true}, false},
        {"himself by another token", {"5/王杰", "王杰", "", "", true}, false},
        {"a neighbouring station", {"5/x", "x", "320102440000", "", true}, false},
        {"another sub-bureau", {"5/x", "x", "320104000000", "", true}, false},
        {"a station without the right", {"5/x", "x", "320102000000", "", false}, false},
        {"nobody", {"control", "", "", "", true}, false},
        {"a blank", {"control/ ", " ", "", "", true}, false},
        {"the sub-bureau", {"5/x", "x", "320102000000", "", true}, true},
        {"the city", {"5/x", "x", "320100000000", "", true}, true},
        {"the force", {"5/x", "x", "", "", true}, true},
    };
    for (const auto& c : cases) {
        CAPTURE(c.who);
        CHECK(outcome(by_officer(), uphold, c.person) == (c.may ? "proposed proposed" : "forbidden"));
        CHECK(outcome(by_officer(AppealState::proposed), confirm, c.person) == (c.may ? "confirmed upheld" : "forbidden"));
    }
    // A paper that somebody typed in for the officer: he has filed it, too. And a unit that filed it, though the call is another's by now.
    auto paper = by_officer();
    paper.filed_by = "control/赵六", paper.filer = identity_of("control/赵六");
    CHECK(outcome(paper, uphold, {"control/赵六", "赵六", "", "", true}) == "forbidden");
    auto by_unit = by_officer();
    by_unit.badge = "", by_unit.unit = "320102550000";
    CHECK(outcome(by_unit, uphold, {"5/x", "x", "320102550000", "", true}) == "forbidden");
}

TEST_CASE("an appeal is withdrawn until it is decided, by name and with a reason") {
    const Person self{"9/王杰", "王杰", "320102430000", "012345", false};
    auto taken_back = [](const store::Appeal& a, const char* note, const Person& who) {
        auto planned = plan_withdrawal(a, note, who);
        return planned ? planned->step + " by " + planned->who : kinds[static_cast<int>(planned.error().kind)];
    };
    CHECK(taken_back(by_officer(), "the recording shows me", self) == "withdrawn by 9/王杰");
    CHECK(taken_back(by_officer(AppealState::proposed), "the recording shows me", self) == "withdrawn by 9/王杰");  // of which he knows nothing
    CHECK(taken_back(by_officer(), "", self) == "invalid");
    CHECK(taken_back(by_officer(), "why", {"9/", "", "", "012345", false}) == "forbidden");
    for (auto over : {AppealState::upheld, AppealState::not_upheld, AppealState::withdrawn}) CHECK(taken_back(by_officer(over), "why", self) == "conflict");
    for (const auto& step : {uphold, confirm, send_back}) CHECK(outcome(by_officer(AppealState::withdrawn), step, second) == "conflict");
    CHECK(outcome(by_officer(), {"propose", "withdrawn", "because"}, inspector) == "invalid");
}

TEST_CASE("every step of an appeal says what it wants") {
    CHECK(outcome(by_officer(), {"dance", "", ""}, inspector) == "invalid");
    CHECK(outcome(by_officer(), {"propose", "", "because"}, inspector) == "invalid");
    CHECK(outcome(by_officer(), {"propose", "filed", "because"}, inspector) == "invalid");
    CHECK(outcome(by_officer(), {"propose", "upheld", ""}, inspector) == "invalid");
    CHECK(outcome(by_officer(AppealState::proposed), {"return", "", ""}, second) == "invalid");
    CHECK(outcome(by_officer(AppealState::proposed), {"confirm", "upheld", ""}, second) == "invalid");
}
