// Dissatisfied callers, each of whom is owed an answer: one follow-up a case, its steps append-only.
#pragma once
#include <cstdint>
#include <optional>

#include "daemon/core/clock.hpp"

namespace pingjing::store {
class Connection;

// Opens the case's follow-up, with its first step. Where there is one already it is only ever made more pressing: urgent stays
// urgent, "do not call" stays, the earlier limit counts; returns false, and writes nothing where nothing changes.
bool open_followup(Connection& db, std::int64_t case_id, std::optional<std::int64_t> rating_id, bool urgent, bool no_callback, Instant now,
                   Instant due_at);

// The caller does not want to be called. False: there is no follow-up, or it was said before.
bool note_no_callback(Connection& db, std::int64_t case_id, Instant now);

}  // namespace pingjing::store
