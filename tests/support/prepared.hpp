// The statements that a connection has prepared so far: as they were written, and what they cost.
#pragma once
#include <sqlite3.h>

#include <string>
#include <vector>

#include "daemon/store/sqlite.hpp"

namespace pingjing::test {

inline std::vector<std::string> prepared_statements(store::Connection& db) {
    std::vector<std::string> out;
    for (auto* s = sqlite3_next_stmt(db.handle(), nullptr); s; s = sqlite3_next_stmt(db.handle(), s)) out.emplace_back(sqlite3_sql(s));
    return out;
}

// What SQLite's machine did for them since it was asked last.
inline std::int64_t steps_since(store::Connection& db) {
    std::int64_t sum = 0;
    for (auto* s = sqlite3_next_stmt(db.handle(), nullptr); s; s = sqlite3_next_stmt(db.handle(), s)) sum += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1);
    return sum;
}

}  // namespace pingjing::test
