// What an officer sees of himself: how his ratings stand, by months that are over and together where one brought few. Never from whom: a row
// has `least` ratings at least, and the next one is shown when it has as many, so that nobody learns from one look to the next what
// the caller of yesterday said.
#pragma once
#include <string>

#include "daemon/reports/queries.hpp"

namespace pingjing::reports {

// {"from","to","n","satisfied","basically_satisfied","dissatisfied","rate","note"}, months such as 2026-11. Counted are the ratings that count for him in `officers`.
Table own_report(store::Connection& db, const Rules& rules, const std::string& badge, const std::string& zone, Instant as_of);

// Whether somebody rated a call of that period at which the holder of `badge` was, or which was his unit's. He reads raw figures of others only:
// not of a table with his own in it, for a row that is left out is what the others leave of the sum.
bool has_own_ratings(store::Connection& db, const Period& period, const std::string& badge, const std::string& unit);

}  // namespace pingjing::reports
