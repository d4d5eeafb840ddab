// Gathers the facts of a case from the store, asks the rules, records what follows: the survey, or what is called off.
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "daemon/core/case.hpp"
#include "daemon/core/random.hpp"
#include "daemon/core/services.hpp"
#include "daemon/eligibility/rules.hpp"
#include "daemon/eligibility/schedule.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store { class Connection; }

namespace pingjing::eligibility {

// What another service than the 110 call has of its own.
struct ServiceRules {
    enum class Rated { officer, call_taker, unit } rated = Rated::officer;
    std::optional<CategoryMap> categories{};  // none: those of the site
    Timing timing{};
};

// The rules of one site, complete and checked. `sha256` names them in every decision.
struct SiteRules {
    CategoryMap categories{};
    Mode mode = Mode::on;
    Instant since{};
    std::set<std::string> pilot_units{};
    std::set<std::string> staff_keys{};  // phone keys of the internal list
    Timing timing{};
    Millis max_age = std::chrono::hours(72);
    Millis safety_hold = std::chrono::hours(24 * 30);
    int per_phone_24h = 1, per_phone_30d = 3;
    int adult_age = 18;
    std::string sha256{};
    Services services{};
    std::vector<ServiceRules> others{};  // of services[1], services[2] …

    const Timing& timing_of(std::size_t service) const { return service == 0 ? timing : others[service - 1].timing; }
    const CategoryMap& categories_of(std::size_t service) const {
        return service == 0 || !others[service - 1].categories ? categories : *others[service - 1].categories;
    }
};

struct Planned {
    store::Verdict verdict{};
    Instant due_at{};
};

// `case_id` is 0 for a call that is not stored yet. Writes nothing.
Planned decide_case(store::Connection& db, const store::Seal& seal, const SiteRules& site, const ClosedCall& call, std::int64_t case_id,
                    Instant now);

// The same rules at the moment of sending, over all cases of the number as they are now. Only surveys that really went (or
// may have gone) count for the caps: one that is planned for later must not call off the one before it. `phone_key`: of its number; `others`: when its
// other surveys went.
store::Verdict decide_again(store::Connection& db, const SiteRules& site, const store::StoredCase& stored, const std::string& phone_key, std::vector<Instant> others, Instant now);

// `now` inside the opening hours of its service, else this case's share of the spread after the next opening.
Instant next_sending_time(const SiteRules& site, const store::Seal& seal, const store::StoredCase& about, Instant now);

// A survey to this number was called off before it went: cases that it alone had capped, and that are not too old, are decided
// again and planned if nothing else stands against them.
void reconsider_capped(store::Connection& db, const store::Seal& seal, Random& random, const SiteRules& site, std::int64_t phone_id, Instant now);

// After record_case(): plans the survey or calls it off, and lets a safety code follow its numbers. What was sent stays sent.
void apply(store::Connection& db, const store::Seal& seal, Random& random, const SiteRules& site, const ClosedCall& call, const store::RecordedCase& recorded,
           const Planned& planned, Instant now);

}  // namespace pingjing::eligibility
