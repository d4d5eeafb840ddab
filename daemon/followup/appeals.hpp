// What may be filed and decided about an appeal, by whom and until when (domain.md §13). Pure.
#pragma once
#include "daemon/followup/steps.hpp"
#include "daemon/store/appeals.hpp"

namespace pingjing::followup {

// The last moment to file: so many working days after the last one at which the call's survey can be answered in time. It is the same
// whether anybody was asked or answered, so that no refusal tells.
Instant last_filing(Instant closed_at, const Rules& rules);
// conflict: the call is not closed, it is too late, or too many of his wait already; invalid_input: says what was expected. Knows of no rating.
Result<store::NewAppeal> plan_appeal(const store::AppealedCase& about, const std::string& ground, const std::string& note, const Rules& rules, Instant now);

struct AppealStep {
    std::string name{};                // propose, confirm, return; withdraw
    std::string outcome{}, note{};     // propose: upheld or not_upheld
};
// invalid_input, conflict, forbidden as plan_step().
Result<store::AppealMove> plan_appeal_step(const store::Appeal& appeal, const AppealStep& step, const Person& person);
// By whose appeal it is, which is asked before; until it is decided, also while a first person has proposed how.
Result<store::AppealMove> plan_withdrawal(const store::Appeal& appeal, const std::string& note, const Person& person);

// Whoever was rated, his unit and whoever filed it are parties: they decide nothing and see no more than the outcome.
bool is_party(const store::Appeal& appeal, const Identity& who, const std::string& unit);

}  // namespace pingjing::followup
