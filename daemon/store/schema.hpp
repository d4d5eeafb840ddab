// Numbered steps from an empty file to the schema of today. The promise lives here: whatever code says, a second survey for
// a case, two open surveys in one reply slot, a state that moves backwards and an edited fact are refused by the database.
#pragma once
#include <string>
#include <vector>

#include "daemon/core/result.hpp"

namespace pingjing::store {
class Connection;

int schema_version(Connection& db);   // 0: empty
int newest_schema();
// conflict, as below.
Result<void> check_schema(Connection& db);
// Brings the store up to date, each step one transaction; an empty file in one. conflict: it was written by a newer program, or its tables are not those of
// the schema that it names; then nothing is touched. A step that fails throws SqlError, and the store is as it was before that step.
// `to`: an older one, for tests.
Result<void> migrate(Connection& db, int to = newest_schema());
// What a store of this version has that is missing here, is here and is not of the version, or reads otherwise: "trigger ratings_stay
// is missing". Whoever edits the file takes such a guard away first, or adds one of his own.
std::vector<std::string> schema_differences(Connection& db);

}  // namespace pingjing::store
