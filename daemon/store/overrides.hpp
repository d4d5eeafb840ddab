// What people may do to a survey by hand. Each leaves who-did-what in the ledger, with the reason.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/phone.hpp"
#include "daemon/core/result.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

// Before it was sent. not_found: no such case; conflict: it is on its way or was called off before. Returns the phone's id.
Result<std::int64_t> cancel_case(Connection& db, const Seal& seal, std::string_view record, std::string_view reason, Instant now);
// in_doubt or unknown → due: the only override of "never twice". conflict in every other state, and where the case is refused by
// a code meanwhile.
Result<void> resend_case(Connection& db, const Seal& seal, std::string_view record, std::string_view reason, Instant now);

// Held(restored) → due, of the cases named, or of all. not_found: one of them is not held so; then nothing was changed. Returns how many.
Result<int> release_restored(Connection& db, const Seal& seal, const std::vector<std::string>& records, bool all, std::string_view reason, Instant now);

struct OptOutRow { std::string masked{}, source{}, reason{}; Instant at{}; };
std::vector<OptOutRow> list_opt_outs(Connection& db, const Seal& seal);

}  // namespace pingjing::store
