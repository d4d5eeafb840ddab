// SQLite behind three small classes. Exactly one read-write Connection exists in the whole system (SQLite 3.40.1 loses
// committed rows when two connections checkpoint at once); every other one is read-only and never checkpoints.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "daemon/core/clock.hpp"
#include "daemon/store/ledger.hpp"
#include "daemon/store/row_facts.hpp"
#include "daemon/store/wal_writes.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace pingjing {
class ClockWatch;
}

namespace pingjing::store {

// The database itself failed: disk full, corruption, a bug in our SQL. Thrown, because no caller can do better than give
// up on the operation. Answers such as "no such row" are return values.
class SqlError : public std::runtime_error {
public:
    SqlError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
    int code() const { return code_; }  // SQLite's extended result code
    std::string reason() const;         // in SQLite's words, without the statement
    bool is_constraint() const;         // a promise kept by the schema: unique, check, trigger
    bool is_refusal() const;    // of these rows: a constraint, or what a store function found impossible (code 0)
    bool is_full() const;               // no space left: try again when there is
    bool is_unsynced() const;           // an fsync failed: what was written before it may be lost
    bool is_damage() const;             // what is in the file cannot be: it was overwritten, or a page of it is lost
    static const int unsynced;          // the code of one that we found out ourselves

private:
    int code_;
};

// Which id a number's key has, of numbers met a short while ago: every survey asks five times. Only what this connection wrote or read
// itself, and none of it once anything was taken back.
class PhoneIds {
public:
    std::optional<std::int64_t> find(std::string_view key) const;
    void remember(std::string_view key, std::int64_t id);
    // Nobody has it: who asks again and then adds it need not look a second time.
    void remember_nobody(std::string_view key) { nobody_ = as_key(key); }
    bool is_nobody(std::string_view key) const { return nobody_ && as_key(key) == nobody_; }
    void forget() { ids_.clear(), nobody_.reset(); }

private:
    static constexpr std::size_t most = 1 << 15;
    using Key = std::array<char, 16>;
    static std::optional<Key> as_key(std::string_view bytes);
    struct FirstBytes {  // of a keyed hash: one bit is as good as another
        std::size_t operator()(const Key& key) const;
    };
    std::unordered_map<Key, std::int64_t, FirstBytes> ids_;
    std::optional<Key> nobody_{};
};

class Connection {
public:
    enum class Access { read_write, read_only };
    // ":memory:" is fine in tests. `vfs`: SQLite's name of the disk, null: the system's. Throws SqlError with what was tried and what to do.
    explicit Connection(const std::string& path, Access access = Access::read_write, const char* vfs = nullptr);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void exec(const char* sql);
    int changes() const;          // rows touched by the last statement
    std::int64_t total_changes() const;  // since it was opened
    bool in_transaction() const;  // false after SQLite has rolled back by itself (disk full, I/O error)
    // The next id of a table; never given twice while this connection lives, even if the row was rolled back.
    std::int64_t next_id(std::string_view table);
    // Brings every commit to the disk; the one call that another thread may make. Throws SqlError.
    void sync_wal();
    std::uint64_t commits() const { return commits_; }  // that wrote something
    // Moves committed pages from the WAL into the file, with an fsync of both. Called between groups by the one writer. Throws
    // SqlError; where a reader still needs old pages it only does less, and returns false.
    bool checkpoint();
    // Closing shall not do that either: after a failed fsync nobody but a new start, which checks every frame, may trust the WAL; and
    // a store that is refused stays as it was found.
    void leave_wal_when_closed(bool leave = true);
    // Pages that commits have put into the WAL since the last checkpoint.
    int pages_since_checkpoint() const { return wal_pages_ - checkpointed_pages_; }

    // Undoes what was done since that savepoint, which stays.
    void take_back_to(const char* savepoint);
    // Null: this connection only reads, and somebody else may change what it has read.
    PhoneIds* phone_ids();

    // By whom a jump of the clock is seen before it stands in `holds`; nobody until then.
    void watch_clock(std::shared_ptr<const ClockWatch> watch) { clock_watch_ = std::move(watch); }
    const ClockWatch* clock_watch() const { return clock_watch_.get(); }

    LedgerTail& ledger() { return ledger_; }
    const LedgerTail& ledger() const { return ledger_; }
    sqlite3* handle() const { return db_.get(); }

private:
    friend class Statement;
    class OwnFile;
    struct Close { void operator()(sqlite3* db) const noexcept; };
    struct Finalize { void operator()(sqlite3_stmt* s) const noexcept; };
    using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

    PhoneIds phone_ids_;             // closing rolls back what is open, and a rollback empties this
    std::optional<WalWrites> disk_;  // of one that writes
    std::unique_ptr<sqlite3, Close> db_;
    struct SqlHash {
        using is_transparent = void;
        // Its length and its last words tell our statements apart, and they are looked up a hundred times a survey.
        std::size_t operator()(std::string_view sql) const { return std::hash<std::string_view>()(sql.substr(sql.size() - std::min<std::size_t>(sql.size(), 24))) + sql.size(); }
    };
    // Prepared once, lent to one Statement at a time (then null here). Places stay where they are, so a Statement copies no SQL.
    struct Kept {
        Prepared statement{};
        bool names_ledger = false;  // whose lines wait until somebody looks
    };
    using Prepareds = std::unordered_map<std::string, Kept, SqlHash, std::equal_to<>>;
    Prepareds prepared_;
    std::array<std::pair<const char*, Prepareds::value_type*>, 512> literals_{};
    std::map<std::string, std::int64_t, std::less<>> ids_;
    LedgerTail ledger_;
    std::optional<RowWatcher> watcher_;  // of the read-write connection
    int wal_pages_ = 0, checkpointed_pages_ = 0;
    std::uint64_t commits_ = 0;
    std::shared_ptr<const ClockWatch> clock_watch_;
    std::unique_ptr<OwnFile> wal_;  // opened by the first sync_wal(): the kernel tells a failed write once to every opening of a file
};

class Statement {
public:
    Statement(Connection& db, std::string_view sql);
    // Of a literal, which stays where it is: found by its address, for a hundred of them are looked up a survey.
    template <std::size_t N>
    Statement(Connection& db, const char (&literal)[N]) : db_(db) {
        auto& seen = db.literals_[(reinterpret_cast<std::uintptr_t>(&literal[0]) >> 4) % db.literals_.size()];
        if (seen.first != literal) seen = {literal, find({literal, N - 1})};
        take(seen.second);
    }
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, int value) { return bind(index, static_cast<std::int64_t>(value)); }
    Statement& bind(int index, bool value) { return bind(index, static_cast<std::int64_t>(value)); }
    Statement& bind(int index, Instant value) { return bind(index, to_millis(value)); }
    Statement& bind(int index, std::string_view value);
    Statement& bind(int index, const std::string& value) { return bind(index, std::string_view(value)); }
    Statement& bind(int index, const char* value) { return bind(index, std::string_view(value)); }
    Statement& bind_blob(int index, std::string_view value);
    // Without a copy: what is bound outlives run().
    Statement& lend(int index, std::string_view value);
    Statement& lend_blob(int index, std::string_view value);
    Statement& bind_real(int index, double value);
    Statement& bind_null(int index);
    template <class T>
    Statement& bind(int index, const std::optional<T>& value) {
        return value ? bind(index, *value) : bind_null(index);
    }
    Statement& bind_maybe_blob(int index, const std::optional<std::string>& value) {
        return value ? bind_blob(index, *value) : bind_null(index);
    }

    bool step();  // true while there is a row to read
    void run();   // to the end; an unfinished statement would make COMMIT fail

    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string text(int column) const;  // also blobs; empty for NULL
    std::string_view view(int column) const;  // the same, good until the next step
    Instant instant(int column) const { return from_millis(integer(column)); }
    std::optional<std::int64_t> maybe_integer(int column) const;
    std::optional<std::string> maybe_text(int column) const;
    std::optional<Instant> maybe_instant(int column) const;

    sqlite3_stmt* handle() const { return stmt_.get(); }

private:
    Connection::Prepareds::value_type* find(std::string_view sql);
    void take(Connection::Prepareds::value_type* place);
    void check(int rc) const;
    Connection& db_;
    Connection::Prepareds::value_type* place_ = nullptr;
    Connection::Prepared stmt_;
};

// One row's share of a transaction: unless it is kept, it is undone alone, with the ledger lines it wrote.
class Savepoint {
public:
    explicit Savepoint(Connection& db);
    ~Savepoint();
    Savepoint(const Savepoint&) = delete;
    Savepoint& operator=(const Savepoint&) = delete;
    void keep();

private:
    Connection& db_;
    LedgerTail::Mark mark_;
    bool kept_ = false;
};

// A read transaction: what is read inside is one moment of the books. None of its own where one is open already.
// Short, because a reader keeps the WAL from shrinking (design.md C: two seconds at most).
class Snapshot {
public:
    explicit Snapshot(Connection& db);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

private:
    Connection& db_;
    bool ours_;
};

}  // namespace pingjing::store
