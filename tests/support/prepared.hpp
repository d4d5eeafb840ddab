// Every statement that a connection has prepared so far, as it was written.
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

}  // namespace pingjing::test
