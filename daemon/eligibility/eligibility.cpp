#include "daemon/eligibility/eligibility.hpp"

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

}  // namespace

Planned decide_case(store::Connection& db, const store::Seal& seal, const SiteRules& site, const ClosedCall& call, std::int64_t case_id,
                    Instant now) {
    Planned planned;
    planned.due_at = call.closed_at ? due_at(*call.closed_at, now, site.timing, spread_fraction(seal, call.id)) : now;

    Facts facts{.call = call};
    facts.category = site.categories.find(call.category);
    facts.mode = site.mode;
    facts.since = site.since;
    facts.pilot_unit = site.pilot_units.contains(call.unit);
    facts.zone = site.timing.zone;
    facts.stale = call.closed_at && is_stale(*call.closed_at, now, site.max_age);
    if (call.calling) {
        auto key = seal.phone_key(*call.calling);
        facts.staff_phone = site.staff_keys.contains(key);
        facts.phone_hold = store::has_safety_hold(db, key, case_id, now - site.safety_hold);
        facts.opt_out = store::is_opted_out(db, key);
        auto others = store::survey_times(db, key, case_id, planned.due_at - std::chrono::hours(24 * 30));
        facts.capped = is_capped(planned.due_at, others, site.per_phone_24h, site.per_phone_30d);
    }
    auto decision = decide(facts);
    planned.verdict = store::Verdict{decision.code, decision.rule, decision.kind, site.sha256, decision.safety};
    return planned;
}

void apply(store::Connection& db, const store::Seal& seal, Random& random, const SiteRules& site, const ClosedCall& call, std::int64_t case_id,
           const Planned& planned, Instant now) {
    if (planned.verdict.code) {
        store::cancel_waiting_of_case(db, case_id, *planned.verdict.code, now);
    } else {
        // A conflict is no error here: the citizen was asked, the case stays surveyed, and is never asked again.
        (void)store::plan_survey(db, random, case_id, seal.phone_key(*call.calling), planned.due_at, *call.closed_at + site.max_age, now);
    }
    if (!planned.verdict.safety) return;
    for (const auto& phone : {call.calling, call.contact})
        if (phone) store::cancel_waiting_surveys_to(db, seal.phone_key(*phone), case_id, Code::phone_hold, now);
}

}  // namespace pingjing::eligibility
