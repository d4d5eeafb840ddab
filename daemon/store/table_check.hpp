// Whether the file is sound: every row of a table is found by each of its indexes, and by an index nothing is found but what the table holds.
// Reports and promises find their rows by indexes, so an index that was edited or damaged changes what they say and no row.
//
// SQLite says it in one go (`integrity_check`, which also looks at pages, NULLs and checks), five times as fast as statements of ours could. Of a
// table with millions of rows that would hold a moment of the books for minutes, and with it the write-ahead log: then table and indexes are
// walked in slices, each a moment of its own, and every row that one of them shows is looked for in the other.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct sqlite3_value;

namespace pingjing::store {
class Connection;
class Statement;

class TableCheck {
public:
    struct Sizes {
        // Rows, and as many for each index. A table with more is walked. Four million are a second of one core where the file is in memory.
        std::int64_t entries_at_once = 4'000'000;
        std::int64_t rows_a_step = 2'000;    // with ten indexes on a disk that has none of them in memory half a second, otherwise a tenth of that
        // Of a table that is walked only the rows whose number, a negative one too, leaves `share` (0 and up) when divided by this are
        // looked for: finding a row is what costs, ten times what reading it does. A million surveys whole: half a minute of a core, much
        // more where the disk has to be asked.
        std::int64_t one_of = 1, share = 0;
    };
    TableCheck() : TableCheck(Sizes()) {}
    explicit TableCheck(Sizes sizes) : sizes_(sizes) {}

    bool step(Connection& db);  // false: that was the last
    // "cases row 17 is not found by its index …"; at most some of each table. A page that cannot be read is one too.
    const std::vector<std::string>& findings() const { return findings_; }

private:
    struct Forget { void operator()(sqlite3_value* value) const noexcept; };
    using Value = std::unique_ptr<sqlite3_value, Forget>;
    // `condition`: of a partial index, else "1".
    struct Index {
        std::string name{}, condition{};
        std::vector<std::string> columns{};
        std::string find_in_it{}, find_in_table{};  // a row, by all of these columns and its key
    };
    // Rows in the order of `order`, which tells them apart, so many at a time.
    struct Walk {
        std::string from{}, where{};
        std::vector<std::string> order{}, also{};
        std::vector<Value> last{};   // of the last row that was read; empty at the beginning
        std::size_t equal = 0;       // so many of its first values the next ones share
    };

    bool is_sound_as_a_whole(Connection& db);
    void list_tables(Connection& db);
    bool look_at_table(Connection& db);
    bool begin_table(Connection& db);
    void read_indexes(Connection& db);
    void ask_sqlite(Connection& db);
    void begin_walk();
    bool walk_on(Connection& db);  // false: this walk is at its end
    bool is_mine(const Statement& row) const;
    std::int64_t read_slice(Connection& db, std::int64_t most);
    void compare_with_indexes(Connection& db, const Statement& row);
    void compare_with_table(Connection& db, const Statement& row);
    void found(std::string detail);
    std::string as_table() const { return rowid_ ? table() + " NOT INDEXED" : table() + " INDEXED BY sqlite_autoindex_" + table() + "_1"; }
    const std::string& table() const { return tables_[table_]; }

    Sizes sizes_;
    bool listed_ = false, walking_ = false;
    std::vector<std::string> tables_;
    std::size_t table_ = 0;
    int found_here_ = 0;
    std::int64_t entries_asked_ = 0;  // in this step
    // Of the table that is walked. Walk 0 is the table's own; walk n the one of index n - 1.
    bool rowid_ = true;
    std::vector<std::string> key_;
    std::vector<Index> indexes_;
    std::size_t walk_number_ = 0;
    Walk walk_{};
    std::string said_of_whole_{};  // by SQLite
    std::vector<std::string> findings_;
};

}  // namespace pingjing::store
