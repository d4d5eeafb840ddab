// Which rules were in force: every load of a configuration that differs from the one before leaves its hash and the difference
// in the ledger, so that a decision's rules_sha256 leads to words.
#pragma once
#include "daemon/config/settings.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing {

// False: nothing changed since the last load.
bool record_configuration(store::Connection& db, const config::Settings& settings, Instant now);

}  // namespace pingjing
