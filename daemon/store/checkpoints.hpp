// Signed heads of the ledger, kept with what others put their names to, and the proofs that lead to them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/signed_note.hpp"

namespace pingjing::store {
class Connection;

// Signs what is committed before this transaction, unless the newest one says it already; the note, or nullopt for an empty ledger.
std::optional<std::string> make_checkpoint(Connection& db, const NoteSigner& signer, Instant now);
// One that was made elsewhere of what is committed: the export's manifest carries it.
void keep_checkpoint(Connection& db, const std::string& note, Instant now);

struct KeptCheckpoint { std::uint64_t size = 0; Instant at{}; std::string note{}; };
std::optional<KeptCheckpoint> newest_checkpoint(Connection& db);
std::optional<KeptCheckpoint> find_checkpoint(Connection& db, std::uint64_t size);
std::vector<KeptCheckpoint> all_checkpoints(Connection& db);

// The ledger says by which key it is signed. A row for each change, in its order; none in a store that never had a key.
struct LedgerKey {
    Instant at{};
    std::uint64_t after_size = 0;  // checkpoints of more rows than this are signed by it
    std::string verifier{};        // as NoteVerifier writes it
};
std::vector<LedgerKey> ledger_keys(Connection& db);
// At every start, before anything is signed: true if it is another key than the one before, or the first.
bool remember_ledger_key(Connection& db, const NoteSigner& signer, Instant now);

// That line `seq` is in the tree of the checkpoint: a c2sp.org/tlog-proof@v1 whose `extra` is the entry. not_found: no such line, or
// the checkpoint is older.
Result<std::string> inclusion_proof(Connection& db, std::int64_t seq, const KeptCheckpoint& checkpoint);
// That the tree of the checkpoint begins with that of `old_size`: "old SIZE", the hashes, an empty line, the note, which is what
// a witness of c2sp.org/tlog-witness is told.
Result<std::string> consistency_proof(Connection& db, std::uint64_t old_size, const KeptCheckpoint& checkpoint);

// The checkpoint as it is kept here, or would be, with the signatures that the cosigners have put under `note`, once each. Reads the
// ledger up to there. invalid_input: not ours, a cosigner has one of our own keys, a signature does not hold, or none is of a cosigner's; conflict: the ledger was never
// this tree.
Result<std::string> cosign(Connection& db, const NoteSigner& signer, std::string_view note, const std::vector<NoteVerifier>& cosigners);
// Keeps what cosign() gave, beside signatures that came meanwhile.
void keep_cosigned(Connection& db, const std::string& note, Instant now);

}  // namespace pingjing::store
