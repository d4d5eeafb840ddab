// Whether the database of a state_dir is the one that was there last. Beside it lie the sent journal and the epoch; whatever one of the
// three says must agree with the others, or people would be texted again and what was acknowledged would be missing. An error says what
// is wrong, where, and what to do.
#pragma once
#include <filesystem>
#include <optional>

#include "daemon/core/result.hpp"
#include "daemon/store/epoch.hpp"
#include "daemon/store/sent_journal.hpp"

namespace pingjing::store {
class Connection;

// Before the database is opened: SQLite throws away the write-ahead log of a database that is not there, and lays it over any other.
Result<void> check_files(const Disk& disk, const std::filesystem::path& state_dir, const std::optional<Epoch>& epoch, const SentJournal& journal);
// Before anything is written into it.
Result<void> check_lineage(Connection& db, const std::filesystem::path& state_dir, const std::optional<Epoch>& epoch, const SentJournal& journal);

// The lines that the journal should have after its last one: killed between a COMMIT and its lines, or taken away. Known from the ledger.
std::vector<SentLine> missing_lines(Connection& db, std::int64_t last_in_journal);
std::int64_t journal_mark(Connection& db);  // the claims that the store knows of

}  // namespace pingjing::store
