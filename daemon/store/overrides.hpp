// What people may do by hand. Each leaves in the ledger who did what; why is in his own words, which may name a citizen: they are sealed, can be
// read again by whoever has the key, and go with the case's texts, or when texts of their age go.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/phone.hpp"
#include "daemon/core/result.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

struct ByHand { std::string who{}, reason{}; };  // "control/zhang"; empty where none was said

// Keeps what was done, by whom and why; the id of the row. `what`: a word of ours.
std::int64_t keep_words_of(Connection& db, const Seal& seal, std::string_view what, std::optional<std::int64_t> case_id, const ByHand& by, Instant now);
// What stands in the open in a row that has a reason (holds, opt-outs): who, and where his words are kept. And back: his words and who; what
// the program itself wrote there stays as it is.
std::string open_reason(std::int64_t words_id, const ByHand& by);
std::string read_reason(Connection& db, const Seal& seal, const std::string& open);

// What people wrote before reasons were sealed stands in the open: in holds, opt-outs and decisions by hand. Puts it among the sealed words, once for a
// store, in one transaction; a line of the ledger says so. False: it was done before.
bool seal_open_reasons(Connection& db, const Seal& seal, Instant now);

struct Override { Instant at{}; std::string what{}, who{}; std::optional<std::string> reason{}; };  // nullopt: erased, or none was said
// By the number of its row; and by what stands in the open: nullopt for what the program itself wrote there.
std::optional<Override> find_override(Connection& db, const Seal& seal, std::int64_t id);
std::optional<Override> override_behind(Connection& db, const Seal& seal, const std::string& open);
std::vector<Override> overrides_of(Connection& db, const Seal& seal, std::int64_t case_id);

// Before it was sent. not_found: no such case; conflict: it is on its way or was called off before. Returns the phone's id.
Result<std::int64_t> cancel_case(Connection& db, const Seal& seal, std::string_view record, const ByHand& by, Instant now);
// in_doubt or unknown → due: the only override of "never twice". conflict in every other state, and where the case is refused by
// a code meanwhile.
Result<void> resend_case(Connection& db, const Seal& seal, std::string_view record, const ByHand& by, Instant now);

struct Released {
    int released = 0;
    std::vector<std::string> left{};  // records that stay held: their number was texted since the backup
};
// Held(restored) → due, of the cases named, or of all. Where a text left to the number of which this store knows nothing, it may have
// been the question: such a case goes only where `accept_possible_double`. not_found, conflict: one of those named is not held so,
// or may have been asked; then nothing was changed.
Result<Released> release_restored(Connection& db, const Seal& seal, const std::vector<std::string>& records, bool all, bool accept_possible_double,
                                  const ByHand& by, Instant now);

// Held(content) → due: what a carrier proved to have refused for its words, once the text is corrected or registered. Of at most
// `limit` messages, the oldest first; returns of how many.
int release_refused(Connection& db, const Seal& seal, int limit, const ByHand& by, Instant now);

struct OptOutRow { std::string masked{}, source{}, reason{}; Instant at{}; };
std::vector<OptOutRow> list_opt_outs(Connection& db, const Seal& seal);

}  // namespace pingjing::store
