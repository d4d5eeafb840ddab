#include "daemon/followup/appeals.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/local_time.hpp"

namespace pingjing::followup {
namespace {

using enum AppealState;
using Problem = Error::Kind;

// 督察 of a higher level, by name, and no party.
Result<void> check_decider(const store::Appeal& a, const Person& person) {
    auto who = identity_of(person.who, person.badge);
    if (trimmed(person.name).empty()) return fail(Problem::forbidden, "a decision is somebody's: use a token that names a person, or --as NAME");
    if (!person.inspects) return fail(Problem::forbidden, "appeals are decided with the scope inspect");
    if (is_party(a, who, person.unit)) return fail(Problem::forbidden, "who was rated, his unit and who filed it do not decide about an appeal");
    bool above = std::ranges::all_of(a.parties.units, [&](const auto& unit) { return is_above(person.unit, unit); });
    if (!person.unit.empty() && !above) return fail(Problem::forbidden, "an appeal is decided on the next higher level");
    return {};
}

Result<void> check_open(const store::Appeal& a) {
    if (!is_settled(a.state)) return {};
    return fail(Problem::conflict, fmt::format("the appeal is {}: {}", is_decided(a.state) ? "decided" : "over", appeal_state_name(a.state)));
}

Result<store::AppealMove> propose(const store::Appeal& a, const AppealStep& step) {
    if (a.state != filed) return fail(Problem::conflict, fmt::format("the appeal is {}; what was proposed is confirmed or returned first", appeal_state_name(a.state)));
    auto outcome = parse_appeal_state(step.outcome);
    if (!outcome || !is_decided(*outcome)) return fail(Problem::invalid_input, "outcome: expected upheld or not_upheld");
    if (step.note.empty()) return fail(Problem::invalid_input, "note: expected what it rests on");
    return store::AppealMove{.to = proposed, .step = "proposed", .who = {}, .note = step.note, .proposed = outcome};
}

// A second person, about the same: what came in since was judged by nobody.
Result<store::AppealMove> second(const store::Appeal& a, const AppealStep& step, const Person& person) {
    if (a.state != proposed) return fail(Problem::conflict, fmt::format("the appeal is {}; nothing is proposed", appeal_state_name(a.state)));
    if (same_person(a.proposer, identity_of(person.who, person.badge))) return fail(Problem::forbidden, "nobody confirms or returns his own proposal");
    if (step.name == "return") {
        if (step.note.empty()) return fail(Problem::invalid_input, "note: expected what he does not agree with");
        return store::AppealMove{.to = filed, .step = "returned", .who = {}, .note = step.note, .proposed = {}};
    }
    if (a.standing_rating != a.rating_id) return fail(Problem::conflict, "the rating is another one since that was proposed; return it");
    return store::AppealMove{.to = *a.proposed, .step = "confirmed", .who = {}, .note = step.note, .proposed = {}};
}

}  // namespace

bool is_party(const store::Appeal& a, const Identity& who, const std::string& unit) {
    bool is_theirs = (!a.badge.empty() && a.badge == who.badge) || (!a.unit.empty() && a.unit == unit);
    return is_theirs || a.parties.has(who.badge, unit) || same_person(a.filer, who);  // who typed a paper in has filed it, too
}

Instant last_filing(Instant closed_at, const Rules& rules) { return rules.working_days.later(closed_at + rules.answers_until, rules.appeal_days, rules.zone); }

Result<store::NewAppeal> plan_appeal(const store::AppealedCase& about, const std::string& ground, const std::string& note, const Rules& rules, Instant now) {
    if (!is_ground(ground)) {
        std::string names;
        for (const auto& g : grounds) names += fmt::format("{}{}", names.empty() ? "" : ", ", g.name);
        return fail(Problem::invalid_input, fmt::format("ground: expected one of {}; that the result is unwelcome is no ground", names));
    }
    if (note.empty()) return fail(Problem::invalid_input, "note: expected what it rests on");
    if (!about.closed_at) return fail(Problem::conflict, "the call is not closed");
    if (auto last = last_filing(*about.closed_at, rules); now > last)
        return fail(Problem::conflict, fmt::format("too late: an appeal about this call could be filed until {}", format_local(last, rules.zone)));
    if (about.open_already >= rules.appeals_open)
        return fail(Problem::conflict, fmt::format("{} appeals of yours wait for a decision; one more can be filed when one of them is decided", about.open_already));
    store::NewAppeal appeal;
    appeal.case_id = about.id, appeal.ground = ground, appeal.note = note;
    appeal.due_at = rules.working_days.later(now, rules.appeal_decision_days, rules.zone);
    return appeal;
}

Result<store::AppealMove> plan_appeal_step(const store::Appeal& appeal, const AppealStep& step, const Person& person) {
    if (step.name != "propose" && step.name != "confirm" && step.name != "return")
        return fail(Problem::invalid_input, fmt::format("step \"{}\": expected propose, confirm or return", step.name));
    if (auto may = check_decider(appeal, person); !may) return tl::unexpected(may.error());
    if (auto open = check_open(appeal); !open) return tl::unexpected(open.error());
    if (step.name != "propose" && !step.outcome.empty()) return fail(Problem::invalid_input, "outcome: expected with propose only");
    auto planned = step.name == "propose" ? propose(appeal, step) : second(appeal, step, person);
    if (planned) planned->who = person.who;
    return planned;
}

Result<store::AppealMove> plan_withdrawal(const store::Appeal& appeal, const std::string& note, const Person& person) {
    if (trimmed(person.name).empty()) return fail(Problem::forbidden, "an appeal is withdrawn by somebody: use a token that names a person, or --as NAME");
    if (auto open = check_open(appeal); !open) return tl::unexpected(open.error());
    if (note.empty()) return fail(Problem::invalid_input, "note: expected why");
    return store::AppealMove{.to = withdrawn, .step = "withdrawn", .who = person.who, .note = note, .proposed = {}};
}

}  // namespace pingjing::followup
