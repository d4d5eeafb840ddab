// Numbered steps from an empty file to the schema of today. The promise lives here: whatever code says, a second survey for
// a case, two open surveys in one reply slot, a state that moves backwards and an edited fact are refused by the database.
#pragma once
#include "daemon/core/result.hpp"

namespace pingjing::store {
class Connection;

int schema_version(Connection& db);   // 0: empty
int newest_schema();
// Brings the store up to date, each step one transaction. conflict: it was written by a newer program.
Result<void> migrate(Connection& db);

}  // namespace pingjing::store
