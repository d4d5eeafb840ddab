// A copy of the store as of one moment, and taking such a copy into use without texting anybody again.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"
#include "daemon/store/disk.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store {

struct Copy {
    std::uint64_t facts = 0;   // of the ledger, in the copy
    std::string root{};        // hex
    std::uintmax_t bytes = 0;
};
// Beside a running daemon too: through a read-only connection of its own. `to` must not be there yet; it is when it is whole and
// on the disk, for its owner alone. The sent journal and the keys are not in it: the one must outlive the store, the others lie apart. conflict: a
// store that no daemon would start on, older than what lies beside it or of other keys; nobody shall take its copy for a good one.
Result<Copy> write_backup(const std::filesystem::path& state_dir, const Seal& seal, const std::filesystem::path& to);

struct Restored {
    std::uint64_t facts = 0, facts_before = 0;  // of the ledger: in the copy; the most that this state_dir had had
    int maybe_sent = 0;                         // waiting in the copy, but claimed since: in doubt now
    int held = 0;                               // waiting in the copy: held until a person releases them
    int unknown = 0;                            // claimed since, and the copy has never heard of them: kept, by number, for who releases
    int doubtful = 0;                           // of those held, to a number among the unknown ones: it may have been asked
    bool journal_whole = true;                  // false: more texts may have gone out since than the sent journal knows
    std::filesystem::path aside{};              // where the store that was there is now; empty: there was none
};
// Nothing may run on `state_dir`. The copy must have been sealed with the keys of `seal`. It is verified before anything is touched, prepared beside the old store and put in its
// place last; interrupted, it is run again. What the sent journal knows and the copy does not is in doubt, never due; surveys that
// wait, and those of calls closed before `now` that come again, are held(restored). `answer_window`: how long those in doubt may
// still be answered.
Result<Restored> restore(const std::filesystem::path& state_dir, const Seal& seal, const std::filesystem::path& from, Millis answer_window, Instant now);

// The middle of it: the copy in `folder`, beside the old store, learns what the sent journal of `state_dir` knows. A crash in here
// changes nothing. Nothing may run on either.
Result<Restored> prepare_restored(const std::filesystem::path& state_dir, const std::filesystem::path& folder, Millis answer_window, Instant now, Disk& disk);

}  // namespace pingjing::store
