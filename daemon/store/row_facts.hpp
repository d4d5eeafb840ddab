// Which tables hold facts, and what a ledger line says of their rows after each change. SQLite itself tells of every change, so that
// no statement can be forgotten; `LedgerCheck` reads the tables against it.
//
// Most columns of a table never change again: of these a line holds one hash when the row is made. Those of everyday UPDATEs, the
// moving ones (state, attempt, times), are told one by one each time they are set, which is a quarter of the work of a hash of all.
//
// Nothing can be guessed from such a hash. What may be erased is sealed, and a sealed value carries 24 random bytes that go when
// it goes: they are the salt of the commitment.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_value;

namespace pingjing::store {

struct FactTable {
    std::uint8_t number;    // in the ledger for ever: never given to another table
    const char* name;
    std::string_view key;   // what its first columns, the primary key, are: i a number, t a text
    const char* columns;    // all, in order; a moving one with a star
    std::string key_columns() const;  // "case_id, number"
};
std::span<const FactTable> fact_tables();
const FactTable* fact_table(std::uint8_t number);

using RowHash = std::array<unsigned char, 16>;  // BLAKE2b of the table's number and every standing column with its type

// Bytes under construction, many times a second: kept and written over.
struct RowBytes {
    std::string kept = std::string(256, '\0');
    std::size_t size = 0;
    void clear(char first) { kept[0] = first, size = 1; }
    char* room(std::size_t bytes) {
        if (size + bytes > kept.size()) kept.resize(2 * (size + bytes));
        return kept.data() + size;
    }
    std::string_view view() const { return std::string_view(kept).substr(0, size); }
};

// What a transaction's rows have become, one behind the other. SQLite shows a changed row to us, and where there is no memory for that the
// change happens all the same: what was told of that row is then not whole, and the transaction must not stand.
struct ToldRows {
    std::string bytes{};
    std::size_t whole_until = std::string::npos;
    void cut(std::size_t size) {
        bytes.resize(size);
        if (size <= whole_until) whole_until = std::string::npos;
    }
    bool whole() const { return whole_until == std::string::npos; }
};

// Adds to `out` whatever becomes of a fact table's row, as RowFacts reads it. On our own connection only: who changes the file with
// another program leaves no such trace. It outlives the connection's last statement, `out` outlives it.
class RowWatcher {
public:
    RowWatcher(sqlite3* db, ToldRows& out);
    RowWatcher(const RowWatcher&) = delete;
    RowWatcher& operator=(const RowWatcher&) = delete;
    // Whose changes come next. The text stays where it is, and the same place always holds the same text; nullptr: not known.
    void runs(const std::string* sql) { running_ = sql; }
    // Since it was asked last: a row of `phones` is another than it was, or gone.
    bool phones_rewritten() { return std::exchange(phones_rewritten_, false); }

private:
    using Columns = std::uint64_t;  // a bit each
    const FactTable* find(std::string_view name) const;
    Columns set_by_running(const FactTable& table);
    void deleted(sqlite3* db, const FactTable& table);
    void stands(sqlite3* db, const FactTable& table);
    void moved(sqlite3* db, const FactTable& table, std::int64_t id, Columns columns);
    sqlite3_value* shown(sqlite3* db, int column, int (*from)(sqlite3*, int, sqlite3_value**));  // null: no memory for it
    void tell();

    std::array<const FactTable*, 256> by_name_{};
    std::unordered_map<const std::string*, Columns> updates_{};
    const std::string* running_ = nullptr;
    ToldRows& out_;
    bool whole_ = true;  // of the row at hand
    bool phones_rewritten_ = false;
    RowBytes row_{}, told_{};
};

struct RowKey {
    std::uint8_t table = 0;
    std::int64_t a = 0, b = 0;  // the key's numbers; of a key with a text a hash
    bool operator==(const RowKey&) const = default;
};
// A row as the ledger knows it: of the standing columns the hash, of the moving ones the values, one behind the other.
struct RowState {
    RowHash standing{};
    std::string moving{};
    bool operator==(const RowState&) const = default;
};
struct RowFact {
    enum class Kind { stands, moved, gone } kind = Kind::gone;
    RowKey key{};
    std::string name{};       // "messages row 17", "attempts row 17 2"; only if it was asked for
    RowState state{};         // stands: all of it; moved: in `moving` place, value, place, value …
    void apply(RowState& to) const;  // of moved
};

// Reads what RowWatcher wrote.
class RowFacts {
public:
    explicit RowFacts(std::string_view bytes, bool names = false) : rest_(bytes), names_(names) {}
    std::optional<RowFact> next();  // nullopt at the end, or where it is broken
    bool broken() const { return broken_; }

private:
    bool take_state(const FactTable& table, std::uint8_t head, RowFact& row);
    std::string_view rest_;
    bool names_, broken_ = false;
};

// The row that a `SELECT *` stands on.
RowFact read_row(const FactTable& table, sqlite3_stmt* row, bool name = false);

}  // namespace pingjing::store
