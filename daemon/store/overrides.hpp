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

struct Released {
    int released = 0;
    std::vector<std::string> left{};  // records that stay held: their number was texted since the backup
};
// Held(restored) → due, of the cases named, or of all. Where a text left to the number of which this store knows nothing, it may have
// been the question: such a case goes only where `accept_possible_double`. not_found, conflict: one of those named is not held so,
// or may have been asked; then nothing was changed.
Result<Released> release_restored(Connection& db, const Seal& seal, const std::vector<std::string>& records, bool all, bool accept_possible_double,
                                  std::string_view reason, Instant now);

struct OptOutRow { std::string masked{}, source{}, reason{}; Instant at{}; };
std::vector<OptOutRow> list_opt_outs(Connection& db, const Seal& seal);

}  // namespace pingjing::store
