#include "daemon/followup/steps.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/person.hpp"

namespace pingjing::followup {
namespace {

using enum FollowupState;
using Kind = Error::Kind;

// How often it was tried, of calls that lie an hour apart: who does not hear a telephone at 10:59 does not at 11:00 either.
std::size_t times_tried(const std::vector<Instant>& calls) {
    std::size_t times = 0;
    Instant last{};
    for (auto at : calls)
        if (times == 0 || at - last >= std::chrono::hours(1)) last = at, ++times;
    return times;
}

bool has_something_to_rectify(const store::Followup& f) { return f.finding == Finding::valid || f.finding == Finding::partly; }

struct Context {
    const store::Followup& f;
    const Step& step;
    const Person& person;
    const Rules& rules;
    Instant now;
    Instant working_days(int days) const { return rules.working_days.later(now, days, rules.zone); }
};

tl::unexpected<Error> not_now(const Context& c, std::string_view expected) {
    return fail(Kind::conflict, fmt::format("the follow-up is {}; {} comes {}", followup_state_name(c.f.state), c.step.name, expected));
}

Result<void> check_person(const Context& c) {
    if (trimmed(c.person.name).empty()) return fail(Kind::forbidden, "each step is somebody's: use a token that names a person, or --as NAME");
    if (c.f.parties.has_badge(c.person.badge))
        return fail(Kind::forbidden, "who was at the call takes no step in its follow-up");
    bool of_ordered_unit = !c.f.ordered_unit.empty() && c.person.unit == c.f.ordered_unit;
    if (c.step.name == "rectify") {
        if (!c.person.inspects && !of_ordered_unit) return fail(Kind::forbidden, "the work order is another unit's");
        return {};
    }
    if (!c.person.inspects) return fail(Kind::forbidden, fmt::format("{} needs the scope inspect", c.step.name));
    if (c.f.parties.has_unit(c.person.unit) || (!c.person.unit.empty() && of_ordered_unit)) return fail(Kind::forbidden, "a unit does not follow up its own call: this is for the next level");
    return {};
}

Result<Planned> call(const Context& c) {
    if (c.f.state != opened) return not_now(c, "first");
    if (c.f.no_callback) return fail(Kind::conflict, "the caller does not want to be called; verify without him");
    Planned out;
    out.move.due_at = c.f.due_at;  // the limit of the call-back is that of the work order too
    if (c.step.outcome == "no_answer") out.move.step = "no_answer", out.move.to = opened, out.move.missed_call = true;
    else if (c.step.outcome == "reached" || c.step.outcome == "declined") out.move.step = "called_back", out.move.to = called_back, out.move.no_callback = c.step.outcome == "declined";
    else return fail(Kind::invalid_input, "outcome: expected reached, no_answer or declined");
    if (c.step.outcome == "reached" && c.step.note.empty()) return fail(Kind::invalid_input, "note: expected what the caller said");
    return out;
}

Result<Planned> verify(const Context& c) {
    auto finding = parse_finding(c.step.finding);
    if (!finding) return fail(Kind::invalid_input, "finding: expected valid, partly, invalid or unreachable");
    if (c.step.note.empty()) return fail(Kind::invalid_input, "note: expected what it rests on");
    if (*finding == Finding::unreachable) {
        if (c.f.state != opened) return not_now(c, "while nobody has been reached");
        auto tried = times_tried(c.f.missed_calls);
        if (tried < static_cast<std::size_t>(c.rules.call_attempts))
            return fail(Kind::conflict, fmt::format("unreachable is who did not answer {} times, an hour apart at least; so far {}", c.rules.call_attempts, tried));
    } else {
        if (c.f.state != called_back && !(c.f.state == opened && c.f.no_callback)) return not_now(c, "after the call-back");
        if (!is_topic(c.step.topic)) {
            std::string names;
            for (const auto& topic : topics()) names += (names.empty() ? "" : ", ") + std::string(topic.name);
            return fail(Kind::invalid_input, "topic: expected one of " + names);
        }
    }
    Planned out;
    out.move.step = "verified", out.move.to = verified, out.move.finding = finding, out.move.topic = c.step.topic, out.move.place = c.step.place;
    bool to_order = *finding == Finding::valid || *finding == Finding::partly;
    out.move.due_at = to_order ? c.f.due_at : c.working_days(c.rules.review_days);
    return out;
}

Result<Planned> order(const Context& c) {
    if (c.f.state != verified || !has_something_to_rectify(c.f)) return not_now(c, "after a complaint was found valid, or partly so");
    auto unit = c.step.unit.empty() ? c.f.unit : c.step.unit;
    if (unit.size() != 12 || !std::ranges::all_of(unit, [](char d) { return d >= '0' && d <= '9'; })) return fail(Kind::invalid_input, "unit: expected 12 digits");
    if (c.step.person.empty()) return fail(Kind::invalid_input, "person: expected who is to put it right");
    Planned out;
    out.move.step = "rectifying", out.move.to = rectifying, out.move.ordered_unit = unit, out.move.ordered_to = c.step.person;
    out.move.due_at = c.working_days(c.rules.rectify_days);
    return out;
}

Result<Planned> rectify(const Context& c) {
    if (c.f.state != rectifying) return not_now(c, "after a work order");
    if (c.step.note.empty()) return fail(Kind::invalid_input, "note: expected what was done");
    Planned out;
    out.move.step = "rectified", out.move.to = rectified;
    out.move.due_at = c.working_days(c.rules.review_days);
    return out;
}

Result<Planned> review(const Context& c) {
    bool of_finding = c.f.state == verified && !has_something_to_rectify(c.f);
    if (c.f.state != rectified && !of_finding) return not_now(c, "after the unit's report, or after a finding of invalid or unreachable");
    if (same_person(of_finding ? c.f.verifier : c.f.rectifier, identity_of(c.person.who, c.person.badge))) return fail(Kind::forbidden, "nobody reviews his own step");
    if (!c.step.agreed) return fail(Kind::invalid_input, "agreed: expected true or false");
    Planned out;
    if (*c.step.agreed) {
        out.move.step = "reviewed", out.move.to = reviewed, out.move.due_at = c.working_days(c.rules.told_days);
        return out;
    }
    if (c.step.note.empty()) return fail(Kind::invalid_input, "note: expected what is missing");
    out.move.step = "returned", out.move.to = of_finding ? opened : rectifying;
    out.move.due_at = of_finding ? c.now + c.rules.call_back : c.working_days(c.rules.rectify_days);
    return out;
}

Result<Planned> tell_the_caller(const Context& c) {
    if (c.f.state != reviewed) return not_now(c, "after the review");
    if (c.f.finding == Finding::unreachable) return fail(Kind::conflict, "nobody could be reached; close it");
    Planned out;
    if (c.step.how == "call" && c.f.no_callback) return fail(Kind::conflict, "the caller does not want to be called; expected sms or letter");
    if (c.step.how == "sms" && !c.f.safe_to_text) return fail(Kind::conflict, "this case's number is not texted of it (safety code, or others may read the phone); expected call or letter");
    if (c.step.how == "sms" && c.f.finding == Finding::invalid) return fail(Kind::conflict, "the text says that something was put right; expected call or letter");
    if (c.step.how == "sms" && !c.f.phone_id) return fail(Kind::conflict, "there is no mobile number to text; expected call or letter");
    if (c.step.how != "sms" && c.step.how != "call" && c.step.how != "letter") return fail(Kind::invalid_input, "how: expected sms, call or letter");
    out.text = c.step.how == "sms";
    out.move.step = "told", out.move.to = told, out.move.how = c.step.how, out.move.due_at = c.working_days(c.rules.told_days);
    return out;
}

Result<Planned> close(const Context& c) {
    bool nobody_to_tell = c.f.state == reviewed && (c.f.finding == Finding::unreachable || c.f.no_callback);
    if (c.f.state != told && !nobody_to_tell) return not_now(c, "when the caller has been told");
    Planned out;
    out.move.step = "closed", out.move.to = closed, out.move.due_at = c.f.due_at;
    return out;
}

// It was no complaint: a person said so of the words that had been read as one. Another one than he ends it, and says why.
Result<Planned> drop(const Context& c) {
    if (c.f.state == closed || c.f.state == told) return not_now(c, "before the caller has been told");
    if (c.f.refuted_by.empty()) return fail(Kind::conflict, "the rating that opened it stands: it is owed an answer");
    if (same_person(c.f.refuter, identity_of(c.person.who, c.person.badge))) return fail(Kind::forbidden, "nobody ends what he himself said was no complaint");
    if (c.step.note.empty()) return fail(Kind::invalid_input, "note: expected why nothing is owed");
    Planned out;
    out.move.step = "dropped", out.move.to = closed, out.move.due_at = c.f.due_at;
    return out;
}

}  // namespace

Result<Planned> plan_step(const store::Followup& followup, const Step& step, const Person& person, const Rules& rules, Instant now) {
    constexpr std::pair<std::string_view, Result<Planned> (*)(const Context&)> steps[] = {
        {"call", call}, {"verify", verify}, {"order", order}, {"rectify", rectify}, {"review", review}, {"tell", tell_the_caller}, {"close", close}, {"drop", drop}};
    auto known = std::ranges::find(steps, std::string_view(step.name), [](const auto& s) { return s.first; });
    if (known == std::end(steps)) return fail(Kind::invalid_input, fmt::format("step \"{}\": expected call, verify, order, rectify, review, tell, close or drop", step.name));
    Context context{followup, step, person, rules, now};
    if (auto may = check_person(context); !may) return tl::unexpected(may.error());
    auto planned = known->second(context);
    if (planned) planned->move.who = person.who, planned->move.note = step.note;
    return planned;
}

}  // namespace pingjing::followup
