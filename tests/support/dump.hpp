// Every row of every table of a store as text, a line each: what an operation changed is what differs.
#pragma once
#include <sqlite3.h>

#include <string>
#include <vector>

#include "daemon/store/sqlite.hpp"

namespace pingjing::test {

inline std::vector<std::string> tables_of(store::Connection& db) {
    store::Statement names(db, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    std::vector<std::string> out;
    while (names.step()) out.push_back(names.text(0));
    return out;
}

inline std::string dump(store::Connection& db) {
    std::string out;
    for (const auto& table : tables_of(db)) {
        store::Statement rows(db, "SELECT * FROM " + table);
        while (rows.step()) {
            out += table;
            for (int c = 0; c < sqlite3_column_count(rows.handle()); ++c) out += "|" + rows.text(c);
            out += "\n";
        }
    }
    return out;
}

}  // namespace pingjing::test
