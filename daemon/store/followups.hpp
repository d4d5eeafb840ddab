#pragma once
#include <cstdint>
#include <optional>

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
// Idempotent on the case. False: it stands already.
bool open_followup(Connection& db, std::int64_t case_id, std::int64_t rating_id, bool urgent, bool no_callback, Instant now, Instant due_at);
bool note_no_callback(Connection& db, std::int64_t case_id, Instant now);
}  // namespace pingjing::store
