// Which tables hold facts, and what a ledger line says of their rows: after each change of a row its key and a hash of all its
// columns. SQLite itself tells of every change, so that no statement can be forgotten; `LedgerCheck` reads the tables against it.
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

struct sqlite3;
struct sqlite3_stmt;

namespace pingjing::store {

struct FactTable {
    std::uint8_t number;    // in the ledger for ever: never given to another table
    const char* name;
    std::string_view key;   // what its first columns, the primary key, are: i a number, t a text
    const char* key_columns;
};
std::span<const FactTable> fact_tables();
const FactTable* fact_table(std::uint8_t number);

using RowHash = std::array<unsigned char, 16>;  // BLAKE2b of the table's number and every column with its type

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

// Adds to `out` whatever becomes of a fact table's row, as RowFacts reads it. On our own connection only: who changes the file with
// another program leaves no such trace. It outlives the connection's last statement, `out` outlives it.
class RowWatcher {
public:
    RowWatcher(sqlite3* db, std::string& out);
    RowWatcher(const RowWatcher&) = delete;
    RowWatcher& operator=(const RowWatcher&) = delete;

private:
    const FactTable* find(const char* name);
    void deleted(sqlite3* db, const FactTable& table);
    void stands(sqlite3* db, const FactTable& table);
    struct Known { std::string kept{}; const FactTable* table = nullptr; };
    std::array<Known, 64> known_{};
    std::string& out_;
    RowBytes row_{}, key_{};
};

struct RowKey {
    std::uint8_t table = 0;
    std::int64_t a = 0, b = 0;  // the key's numbers; of a key with a text a hash
    bool operator==(const RowKey&) const = default;
};
struct RowFact {
    RowKey key{};
    std::string name{};             // "messages 17", "attempts 17 2"; only if it was asked for
    std::optional<RowHash> hash{};  // nullopt: the row was deleted
};

// Reads what RowWatcher wrote.
class RowFacts {
public:
    explicit RowFacts(std::string_view bytes, bool names = false) : rest_(bytes), names_(names) {}
    std::optional<RowFact> next();  // nullopt at the end, or where it is broken
    bool broken() const { return broken_; }

private:
    std::string_view rest_;
    bool names_, broken_ = false;
};

// The row that a `SELECT *` stands on.
RowFact read_row(const FactTable& table, sqlite3_stmt* row, bool name = false);

}  // namespace pingjing::store
