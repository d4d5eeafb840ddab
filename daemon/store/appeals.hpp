// 民警申诉: one a case, its steps append-only. It names a call and never a rating: whoever files one learns neither that there is a
// rating nor which. While it is open the call's rating counts in no score; where it is upheld the rating that was judged never does;
// where it is withdrawn it counts again. A call is appealed once all the same, or filing and withdrawing would be a switch.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/appeal.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/core/rating.hpp"
#include "daemon/core/result.hpp"
#include "daemon/store/parties.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store {

// A call as whoever may appeal sees it.
struct AppealedCase {
    std::int64_t id = 0;
    std::string record{};
    std::optional<Instant> closed_at{};
    std::int64_t open_already = 0;  // appeals of whoever files this one that wait for a decision
};
// Of this officer or this unit, one of the two: named as the lead, or as the unit, by the call now or in an earlier version, or by its
// rating. nullopt: there is none of theirs, or none at all.
std::optional<AppealedCase> find_case_of(Connection& db, std::string_view record, std::string_view badge, std::string_view unit);

struct NewAppeal {
    std::int64_t case_id = 0;
    std::string filed_by{}, badge{}, unit{};  // "3/张三"; for whom: one of the two
    std::string ground{}, note{};
    Instant due_at{};
};
// conflict: a call is appealed once.
Result<std::int64_t> file_appeal(Connection& db, const Seal& seal, const NewAppeal& appeal, Instant now);

struct Appeal {
    std::int64_t id = 0, case_id = 0;
    std::string record{}, case_unit{};
    Instant filed_at{}, due_at{};
    std::string filed_by{}, badge{}, unit{}, ground{};
    AppealState state = AppealState::filed;
    std::optional<AppealState> proposed{};           // upheld or not
    std::string proposed_by{}, decided_by{};
    std::optional<Instant> decided_at{};
    std::optional<std::int64_t> rating_id{};         // that was judged
    int escalated = 0;
    // For the decision only, see find_appeal().
    Parties parties{};
    Identity filer{}, proposer{};
    std::optional<std::int64_t> standing_rating{};
    std::optional<Grade> standing_grade{};
};
std::optional<Appeal> find_appeal(Connection& db, std::int64_t id);
// Everybody's, or those that this officer and this unit filed; empty: nobody's.
struct AppealsOf { bool everybody = false; std::string badge{}, unit{}; };
// The most pressing first, so many of them; then as many of the newest settled ones.
std::vector<Appeal> list_appeals(Connection& db, const AppealsOf& whose, bool settled_ones_too, int most);

struct AppealMove {
    AppealState to = AppealState::filed;
    std::string step{}, who{}, note{};               // proposed, returned, confirmed, withdrawn
    std::optional<AppealState> proposed{};
};
// conflict: somebody else has moved it since `before` was read; nothing is written then.
Result<void> move_appeal(Connection& db, const Seal& seal, const Appeal& before, const AppealMove& move, Instant now);

std::vector<std::int64_t> overdue_appeals(Connection& db, Instant now, int most);  // and not yet told to the next level
void escalate_appeal(Connection& db, std::int64_t id, Instant now);

// Of the ratings of a time, by unit: how many there are, how many of them an appeal took out (剔除率), and of how many it waits to be decided.
struct TakenOut { std::int64_t rated = 0, taken_out = 0, left_out = 0; };
std::map<std::string, TakenOut> count_taken_out(Connection& db, Instant from, Instant to);

std::string appeal_note_context(std::int64_t step_id);

}  // namespace pingjing::store
