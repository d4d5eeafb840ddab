// A store as a pingjing of an earlier schema would have left it: its rows, as far as they had a place then.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/store/schema.hpp"
#include "daemon/store/sqlite.hpp"
#include "tests/support/dump.hpp"

namespace pingjing::test {

inline std::vector<std::string> columns_of(store::Connection& db, const std::string& table) {
    store::Statement info(db, fmt::format("SELECT name FROM pragma_table_info('{}')", table));
    std::vector<std::string> out;
    while (info.step()) out.push_back(info.text(0));
    return out;
}

// `to` must not be there yet. `vfs` as in Connection.
inline void write_old_store(const std::string& from, const std::string& to, int version, const char* vfs = nullptr) {
    store::Connection old(to, store::Connection::Access::read_write, vfs);
    if (auto made = store::migrate(old, version); !made) throw std::runtime_error(made.error().detail);
    store::Connection now(from, store::Connection::Access::read_only, vfs);
    old.exec("PRAGMA foreign_keys = OFF");
    old.exec(fmt::format("ATTACH '{}' AS now", from).c_str());
    for (const auto& table : tables_of(old)) {
        auto had = columns_of(old, table), has = columns_of(now, table);
        std::string both;
        for (const auto& column : had)
            if (std::find(has.begin(), has.end(), column) != has.end()) both += (both.empty() ? "" : ", ") + column;
        if (!both.empty()) old.exec(fmt::format("INSERT OR REPLACE INTO main.{} ({}) SELECT {} FROM now.{}", table, both, both, table).c_str());
    }
    old.exec("DETACH now");
}

}  // namespace pingjing::test
