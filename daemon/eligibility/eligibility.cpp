#include "daemon/eligibility/eligibility.hpp"

#include <iterator>
#include <sstream>
#include <vector>

#include "daemon/store/outbox.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::eligibility {
namespace {

// Where in the spread after opening this case goes: the same on every machine and at every try.
double spread_fraction(const store::Seal& seal, const std::string& record) {
    auto hash = seal.keyed_hash(record);
    auto value = static_cast<unsigned char>(hash[0]) << 16 | static_cast<unsigned char>(hash[1]) << 8 | static_cast<unsigned char>(hash[2]);
    return value / 16777216.0;
}

// The exclusion codes that the record itself carries, whatever else is true: kept beside the case for the decision at sending.
std::string own_codes(const ClosedCall& call, const SiteRules& site) {
    std::string out;
    auto add = [&](std::string_view code) { out.append(out.empty() ? "" : " ").append(code); };
    for (const auto& flag : call.flags) add(flag);
    if (is_minor(call.caller_birth, call.reported_at, site.timing.zone, site.adult_age)) add(code_name(Code::minor));
    return out;
}

std::vector<std::string> split_codes(const std::string& codes) {
    std::istringstream in(codes);
    return {std::istream_iterator<std::string>(in), {}};
}

std::size_t service_of(const SiteRules& site, const ClosedCall& call) { return site.services.of(call.source, call.lead() != nullptr); }
std::size_t service_of(const SiteRules& site, const store::StoredCase& stored) { return site.services.of(stored.source, stored.attended); }

struct Number {
    std::string key{};
    std::optional<std::int64_t> id{};  // none: never seen, so nothing is known of it
};

// What rules need beside the record. `others`: the times of the number's other surveys that count for its caps.
Facts gather(store::Connection& db, const SiteRules& site, std::size_t service, const ClosedCall& call, const std::optional<Number>& number, std::int64_t case_id,
             Instant now, Instant sending, const std::vector<Instant>& others) {
    Facts facts{.call = call};
    facts.category = site.categories_of(service).find(call.category);
    facts.unknown_source = !site.services.knows(call.source);
    facts.mode = site.mode;
    facts.since = site.since;
    facts.pilot_unit = site.pilot_units.contains(call.unit);
    facts.zone = site.timing.zone;
    facts.adult_age = site.adult_age;
    // By a clock in doubt nothing is too old: whoever is left out for that is asked no more. At its sending it is decided again.
    facts.stale = call.closed_at && is_stale(*call.closed_at, now, site.max_age) && !store::is_clock_held(db);
    if (!number) return facts;
    facts.staff_phone = site.staff_keys.contains(number->key);
    if (!number->id) return facts;
    auto stands = store::standing_of(db, *number->id, case_id, now - site.safety_hold);
    facts.phone_hold = stands.safety_hold, facts.opt_out = stands.opted_out;
    facts.capped = is_capped(sending, others, site.per_phone_24h, site.per_phone_30d);
    return facts;
}

// How it is asked, and whom the answer is about: survey, survey_neutral; with _unit or _taker where it is not the officer.
std::string kind_of(const Decision& decision, const SiteRules& site, std::size_t service) {
    if (service == 0 || (decision.kind != "survey" && decision.kind != "survey_neutral")) return decision.kind;
    using enum ServiceRules::Rated;
    switch (site.others[service - 1].rated) {
        case call_taker: return decision.kind + "_taker";
        case unit: return decision.kind + "_unit";
        case officer: break;
    }
    return decision.kind;
}

store::Verdict verdict_of(const Decision& decision, const SiteRules& site, std::size_t service, std::string flags) {
    return store::Verdict{decision.code, decision.rule, kind_of(decision, site, service), site.sha256, decision.safety, std::move(flags)};
}

constexpr Millis month = std::chrono::hours(24 * 30);

}  // namespace

Planned decide_case(store::Connection& db, const store::Seal& seal, const SiteRules& site, const ClosedCall& call, std::int64_t case_id,
                    Instant now) {
    Planned planned;
    auto service = service_of(site, call);
    planned.due_at = call.closed_at ? due_at(*call.closed_at, now, site.timing_of(service), spread_fraction(seal, call.id)) : now;
    std::optional<Number> number;
    std::vector<Instant> others;
    if (call.calling) {
        number.emplace(call.keys.calling.empty() ? seal.phone_key(*call.calling) : call.keys.calling);
        number->id = store::find_phone_id(db, number->key);
        if (number->id) others = store::survey_times(db, *number->id, case_id, planned.due_at - month);
    }
    auto facts = gather(db, site, service, call, number, case_id, now, planned.due_at, others);
    planned.verdict = verdict_of(decide(facts), site, service, own_codes(call, site));
    return planned;
}

// What the rules look at, of a case that is stored. Where it has a number that is a mobile one; which one is sealed and of no
// interest here.
ClosedCall as_call(const store::StoredCase& stored) {
    ClosedCall call;
    call.id = stored.record;
    call.source = stored.source;
    call.state = stored.state;
    static const auto some_mobile = Phone::mobile("13000000000");
    if (stored.phone_id != 0) call.calling = some_mobile;
    call.category = stored.category;
    call.flags = split_codes(stored.flags);
    call.linked_to = stored.linked_to;
    call.unit = stored.unit;
    call.reported_at = stored.reported_at;
    call.closed_at = stored.closed_at;
    return call;
}

store::Verdict decide_again(store::Connection& db, const SiteRules& site, const store::StoredCase& stored, const std::string& phone_key, std::vector<Instant> others, Instant now) {
    auto call = as_call(stored);
    std::erase_if(others, [&](Instant at) { return at < now - month; });
    auto service = service_of(site, stored);
    auto facts = gather(db, site, service, call, Number{phone_key, stored.phone_id}, stored.id, now, now, others);
    return verdict_of(decide(facts), site, service, stored.flags);
}

void reconsider_capped(store::Connection& db, const store::Seal& seal, Random& random, const SiteRules& site, std::int64_t phone_id, Instant now) {
    Number number{store::phone_key_of(db, phone_id), phone_id};
    auto since = store::is_clock_held(db) ? Instant{} : now - site.max_age;
    for (auto id : store::capped_cases_of(db, phone_id, since)) {
        if (store::is_called_off(db, id)) continue;
        auto stored = store::load_case(db, id);
        auto call = as_call(stored);
        auto service = service_of(site, stored);
        auto when = due_at(*stored.closed_at, now, site.timing_of(service), spread_fraction(seal, stored.record));
        auto facts = gather(db, site, service, call, number, id, now, when, store::survey_times(db, phone_id, id, when - month));
        auto verdict = verdict_of(decide(facts), site, service, stored.flags);
        if (verdict.code == Code::capped) continue;
        store::record_decision(db, id, "reconsidered", verdict.code ? "excluded" : "accepted", verdict, now);
        store::set_case_code(db, id, verdict.code, verdict.kind, now);
        if (!verdict.code) (void)store::plan_survey(db, random, id, phone_id, *stored.closed_at, when, *stored.closed_at + site.max_age, now);
    }
}

Instant next_sending_time(const SiteRules& site, const store::Seal& seal, const store::StoredCase& about, Instant now) {
    const auto& timing = site.timing_of(service_of(site, about));
    return due_at(now - std::max(timing.delay, timing.min_delay), now, timing, spread_fraction(seal, about.record));
}

void apply(store::Connection& db, const store::Seal& seal, Random& random, const SiteRules& site, const ClosedCall& call, const store::RecordedCase& recorded,
           const Planned& planned, Instant now) {
    bool called_off = false;
    if (recorded.is_new) {
        if (!planned.verdict.code)
            store::plan_first_survey(db, random, recorded.id, *recorded.phone_id, *call.closed_at, planned.due_at, *call.closed_at + site.max_age, now);
    } else if (planned.verdict.code) {
        called_off = store::cancel_waiting_of_case(db, recorded.id, *planned.verdict.code, now) > 0;
    } else {
        // A conflict is no error here: the citizen was asked, the case stays surveyed, and is never asked again.
        (void)store::plan_survey(db, random, recorded.id, *recorded.phone_id, *call.closed_at, planned.due_at, *call.closed_at + site.max_age, now);
    }
    if (planned.verdict.safety) {
        if (planned.verdict.code && !recorded.is_new) store::mark_recoded_after_sending(db, recorded.id, now);
        for (auto phone : {recorded.phone_id, recorded.contact_id})
            if (phone) {
                store::cancel_waiting_surveys_to(db, *phone, recorded.id, Code::phone_hold, now, planned.verdict.rules_sha256);
                reconsider_capped(db, seal, random, site, *phone, now);  // the survey that stood before them is gone; what keeps them now is the hold
            }
    } else if (called_off && recorded.phone_id) {
        reconsider_capped(db, seal, random, site, *recorded.phone_id, now);
    }
}

}  // namespace pingjing::eligibility
