// Dissatisfied callers, each of whom is owed an answer: one follow-up a case, its steps append-only.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/followup.hpp"
#include "daemon/store/parties.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store {
class Connection;

// Opens the case's follow-up, with its first step. Where there is one already it is only ever made more pressing: urgent stays
// urgent, "do not call" stays, the earlier limit counts; returns false, and writes nothing where nothing changes.
bool open_followup(Connection& db, std::int64_t case_id, std::optional<std::int64_t> rating_id, bool urgent, bool no_callback, Instant now,
                   Instant due_at);

// The caller does not want to be called. False: there is no follow-up, or it was said before.
bool note_no_callback(Connection& db, std::int64_t case_id, Instant now);

// What is known of one before its next step.
struct Followup {
    std::int64_t id = 0, case_id = 0;
    std::string record{}, unit{};
    Parties parties{};                              // who was there, and whom a rating names
    std::optional<std::int64_t> phone_id{};         // that was asked, whatever the record names now
    bool safe_to_text = true;                       // no safety code, neither at the call nor later, and no category where others may read the phone
    FollowupState state = FollowupState::opened;
    Instant opened_at{}, due_at{};
    bool urgent = false, no_callback = false;
    std::vector<Instant> missed_calls{};            // since it was opened, or opened again
    std::optional<Finding> finding{};
    std::string topic{}, ordered_unit{}, verified_by{}, rectified_by{};
    Identity verifier{}, rectifier{};
    // The words that opened it were read as dissatisfied, a person said that they were not, and nothing else of the caller's says so:
    // who it was. Empty: it stands.
    std::string refuted_by{};
    Identity refuter{};
    int escalated = 0;
};
std::optional<Followup> find_followup(Connection& db, std::int64_t id);
// What was written of it freely; empty: nothing, or erased.
struct FollowupWords { std::string place{}, ordered_to{}; };
FollowupWords followup_words(Connection& db, const Seal& seal, std::int64_t id);

struct FollowupMove {
    std::string step{};                  // the word of the row: a state, no_answer, returned
    std::string who{}, note{}, how{};    // how: by which way the caller was told; for the ledger's line
    FollowupState to = FollowupState::opened;
    Instant due_at{};
    bool missed_call = false, no_callback = false;
    std::optional<Finding> finding{};
    std::string topic{}, place{}, ordered_unit{}, ordered_to{};  // empty: stays
};
// conflict: somebody else has moved it since `before` was read; nothing is written then.
Result<void> move_followup(Connection& db, const Seal& seal, const Followup& before, const FollowupMove& move, Instant now);

// Past their limit, and not yet told to the next level for this limit.
std::vector<std::int64_t> overdue_followups(Connection& db, Instant now, int most);
void escalate_followup(Connection& db, std::int64_t id, Instant now);

// Told by a text that never left or did not arrive: back to where somebody has to tell him.
std::vector<std::int64_t> untold_followups(Connection& db, Instant now, int most);
void take_back_told(Connection& db, std::int64_t id, Instant due_at, Instant now);

std::string followup_note_context(std::int64_t step_id);

}  // namespace pingjing::store
