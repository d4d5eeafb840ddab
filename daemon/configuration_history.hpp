// Which rules were in force: every load of a configuration that differs from the one before leaves its hash and the difference
// in the ledger, so that a decision's rules_sha256 leads to words.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/settings.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing {

// What it is that changed, "[survey] mode" or "list officers", each once. Nullopt: nothing changed since the last load. Empty, too, where
// it is nothing that may be shown, such as staff phones.
std::optional<std::vector<std::string>> record_configuration(store::Connection& db, const config::Settings& settings, Instant now);

// What a reload read and does not put in force: a fact of its own, so that the one above is not taken for more than it says.
void record_waiting_settings(store::Connection& db, const std::vector<std::string>& needs_restart, Instant now);

}  // namespace pingjing
