// Whether store and keys belong to each other. Under other keys nobody is found again: who opted out would be texted, who was asked
// today would be asked again.
#pragma once
#include "daemon/core/result.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

// Changes nothing. A store that has not been told its keys yet is asked for a number that they open. conflict: it was written under
// others, or under one more than are here.
Result<void> check_keys(Connection& db, const Seal& seal);
// The same, and the store remembers by which keys it lives; in a transaction.
Result<void> check_and_remember_keys(Connection& db, const Seal& seal);

}  // namespace pingjing::store
