// The figures of one day as files that others may keep: DIR/2026-11-20/v1/{officers,…}.{csv,json,xlsx,html}, manifest.json, and
// DIR/2026-11-20/latest, which names the newest version. `register` among them is of the last week, Monday to Sunday, that was over by its end,
// `trend` of the last twelve such weeks; `signals` and `funnel`, which are 督察's alone to read, of thirty days.
//
// A version fixes its cut (ledger size, as-of) when it is first written. Asked again, the day is counted anew as of that cut:
// while its figures are the same there is nothing to do, else the next version says what changed. The books are of the whole
// store and move every minute; they are in every version and make none by themselves.
//
// Three steps, for the daemon as for a command without one: prepare_export (a read-only connection), write_export (files),
// record_export (the store). Killed between two of them, at worst a hidden folder is left behind, which the next run replaces.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/signed_note.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/store/kept_sums.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::reports {
namespace asio = boost::asio;

struct Edition {
    std::string day{};
    std::int64_t version = 1;
    bool fresh = true;         // false: an earlier run wrote it, nothing has changed since
    bool recorded = false;     // its row stands in the store
    std::int64_t ledger_size = 0;
    std::string ledger_root{};
    std::string checkpoint{};  // signed; empty: there is no key
    Instant as_of{};
    std::string sha256{};      // of the figures, without the books
    std::map<std::string, std::string> files{};  // by name, manifest.json among them; empty unless fresh
    std::vector<Edition> unrecorded{};           // earlier ones found on disk without a row
    store::SumsChange sums{};             // what the statistics counted, for the next night
};

struct ExportWish {
    std::string day{};                // local
    std::filesystem::path folder{};   // DIR
    Names names{};
    Rules rules{};
    std::string rules_sha256{};       // of the configuration in force, for the manifest
    std::string zone{};
    const store::Seal* seal = nullptr;   // opens the places of the register, to compare them
    const NoteSigner* signer = nullptr;  // of the ledger: the manifest carries a checkpoint of the cut
};

// invalid_input: not a day. Reads the earlier version from its files to say what changed.
Result<Edition> prepare_export(store::Connection& db, const ExportWish& wish, Instant now);
// Complete or not at all: into a hidden folder, fsynced, then renamed. `before_step` is called before each thing done to the
// disk: a test kills us there. Throws std::system_error.
void write_export(const std::filesystem::path& folder, const Edition& edition, const std::function<void()>& before_step = {});
// The rows of the version, and of those found without one, each with its line in the ledger; once, however often it is called.
void record_export(store::Connection& db, const Edition& edition, Instant now);

// All three, off the io thread.
asio::awaitable<Result<Edition>> export_day(store::Reader read, store::Store& store, ExportWish wish, Instant now);

}  // namespace pingjing::reports
