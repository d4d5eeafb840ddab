#include "daemon/store/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstddef>
#include <cstring>

namespace pingjing::store {

namespace {

// Once, before SQLite is first used. Nobody asks how much memory SQLite has, and counting it takes a lock at every allocation.
bool configure_library() { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK; }

bool names_ledger(std::string_view sql) { return sql.find("ledger") != sql.npos; }

}  // namespace

std::string SqlError::reason() const { return code_ == 0 ? what() : sqlite3_errstr(code_); }
bool SqlError::is_constraint() const { return (code_ & 0xFF) == SQLITE_CONSTRAINT; }
bool SqlError::is_refusal() const { return code_ == 0 || is_constraint(); }
bool SqlError::is_full() const { return (code_ & 0xFF) == SQLITE_FULL; }
bool SqlError::is_damage() const { return (code_ & 0xFF) == SQLITE_CORRUPT || (code_ & 0xFF) == SQLITE_NOTADB; }
const int SqlError::unsynced = SQLITE_IOERR_FSYNC;
bool SqlError::is_unsynced() const { return code_ == SQLITE_IOERR_FSYNC || code_ == SQLITE_IOERR_DIR_FSYNC; }

void Connection::Close::operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
void Connection::Finalize::operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }

Connection::Connection(const std::string& path, Access access, const char* vfs) {
    [[maybe_unused]] static const bool configured = configure_library();
    if (access == Access::read_write && path != ":memory:") vfs = disk_.emplace(vfs).name();
    sqlite3* raw = nullptr;
    int flags = access == Access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int rc = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, vfs);
    db_.reset(raw);  // SQLite hands out a handle even when open fails
    if (rc != SQLITE_OK)
        throw SqlError(rc, fmt::format("cannot open {}: {}; the daemon needs to write there and in its folder", path, sqlite3_errstr(rc)));
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
    // A statement is planned once. Without this SQLite looks whether a bound state makes a partial index usable, and plans anew
    // at every binding.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
    // temp_store=MEMORY is no matter of speed: without it SQLite 3.40.1 moves what a savepoint may have to put back into a
    // temporary file when it grows, and then says at random that the disk is full (reproduced with groups of a few hundred rows).
    exec("PRAGMA busy_timeout=2000; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; "
         "PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=0");
    if (access == Access::read_only)
        sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    else
        exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000");
    auto count_pages = [](void* self, sqlite3*, const char*, int pages) {
        auto& connection = *static_cast<Connection*>(self);
        connection.wal_pages_ = pages;
        ++connection.commits_;
        // Fewer than there were: the WAL began anew.
        if (pages < connection.checkpointed_pages_) connection.checkpointed_pages_ = 0;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(raw, count_pages, this);
    auto forget = [](void* self) { static_cast<Connection*>(self)->phone_ids_.forget(); };
    sqlite3_rollback_hook(raw, forget, this);
    if (access == Access::read_write) watcher_.emplace(raw, ledger_.rows());
}

Connection::~Connection() = default;

void Connection::exec(const char* sql) {
    if (watcher_) watcher_->runs(nullptr);
    if (names_ledger(sql)) write_lines(*this);
    if (int rc = sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr); rc != SQLITE_OK)
        throw SqlError(rc, fmt::format("{} in: {}", sqlite3_errmsg(db_.get()), sql));
}

void Connection::take_back_to(const char* savepoint) {
    phone_ids_.forget();
    Statement(*this, fmt::format("ROLLBACK TO {}", savepoint)).run();
}

PhoneIds* Connection::phone_ids() {
    if (!watcher_) return nullptr;
    if (watcher_->phones_rewritten()) phone_ids_.forget();
    return &phone_ids_;
}

std::optional<PhoneIds::Key> PhoneIds::as_key(std::string_view bytes) {
    Key key;
    if (bytes.size() != key.size()) return std::nullopt;
    std::memcpy(key.data(), bytes.data(), key.size());
    return key;
}

std::size_t PhoneIds::FirstBytes::operator()(const Key& key) const {
    std::size_t hash = 0;
    std::memcpy(&hash, key.data(), sizeof hash);
    return hash;
}

std::optional<std::int64_t> PhoneIds::find(std::string_view bytes) const {
    auto key = as_key(bytes);
    if (!key) return std::nullopt;
    auto known = ids_.find(*key);
    return known == ids_.end() ? std::nullopt : std::optional(known->second);
}

void PhoneIds::remember(std::string_view bytes, std::int64_t id) {
    if (ids_.size() >= most) ids_.clear();
    if (auto key = as_key(bytes)) ids_.emplace(*key, id);
    nobody_.reset();
}

int Connection::changes() const { return sqlite3_changes(db_.get()); }
std::int64_t Connection::total_changes() const { return sqlite3_total_changes64(db_.get()); }
bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

std::int64_t Connection::next_id(std::string_view table) {
    auto it = ids_.find(table);
    if (it == ids_.end()) {
        Statement last(*this, fmt::format("SELECT coalesce(max(id), 0) FROM {}", table));
        last.step();
        it = ids_.emplace(table, last.integer(0)).first;
    }
    return ++it->second;
}

// Not SQLite's own opening of the WAL: that one belongs to the connection's thread, and an error that its fsync has met there would
// never be told to ours. Through the VFS all the same.
class Connection::OwnFile {
public:
    OwnFile(sqlite3_vfs& vfs, const char* path) : memory_(std::make_unique<std::max_align_t[]>(static_cast<std::size_t>(vfs.szOsFile) / sizeof(std::max_align_t) + 1)) {
        // CREATE: so the first sync brings the name of a new file to the disk as well.
        int rc = vfs.xOpen(&vfs, path, file(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL, nullptr);
        if (rc != SQLITE_OK) throw SqlError(rc, fmt::format("cannot open {}: {}", path, sqlite3_errstr(rc)));
    }
    ~OwnFile() {
        if (file()->pMethods) file()->pMethods->xClose(file());
    }
    OwnFile(const OwnFile&) = delete;
    OwnFile& operator=(const OwnFile&) = delete;
    void sync() {
        if (int rc = file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY); rc != SQLITE_OK)
            throw SqlError(rc, std::string("the disk did not keep what was written: ") + sqlite3_errstr(rc));
    }

private:
    sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.get()); }
    std::unique_ptr<std::max_align_t[]> memory_;  // the VFS says how much it needs
};

void Connection::sync_wal() {
    if (!wal_) {
        const char* path = sqlite3_db_filename(db_.get(), "main");
        sqlite3_vfs* vfs = nullptr;
        sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_VFS_POINTER, static_cast<void*>(&vfs));
        if (!path || !*path || !vfs) return;  // in memory
        wal_ = std::make_unique<OwnFile>(*vfs, sqlite3_filename_wal(path));
    }
    wal_->sync();
}

bool Connection::checkpoint() {
    int pages = -1, moved = -1;
    int rc = sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
    checkpointed_pages_ = wal_pages_;
    if (rc != SQLITE_OK && (rc & 0xFF) != SQLITE_BUSY && (rc & 0xFF) != SQLITE_LOCKED)
        throw SqlError(rc, std::string("the write-ahead log cannot be moved into the database: ") + sqlite3_errstr(rc));
    return rc == SQLITE_OK && pages >= 0 && pages == moved;
}

void Connection::leave_wal_when_closed(bool leave) { sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave ? 1 : 0, nullptr); }

Statement::Statement(Connection& db, std::string_view sql) : db_(db) { take(find(sql)); }

Connection::Prepareds::value_type* Statement::find(std::string_view sql) {
    auto known = db_.prepared_.find(sql);
    if (known == db_.prepared_.end()) known = db_.prepared_.emplace(sql, Connection::Kept{nullptr, names_ledger(sql)}).first;
    return &*known;
}

void Statement::take(Connection::Prepareds::value_type* place) {
    place_ = place;
    if (place_->second.names_ledger) write_lines(db_);
    if (place_->second.statement) {
        stmt_ = std::move(place_->second.statement);
        return;
    }
    const auto& sql = place_->first;
    sqlite3_stmt* raw = nullptr;
    int rc = sqlite3_prepare_v3(db_.handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    stmt_.reset(raw);
    check(rc);
}

Statement::~Statement() {
    if (!stmt_) return;
    sqlite3_reset(stmt_.get());
    sqlite3_clear_bindings(stmt_.get());
    place_->second.statement = std::move(stmt_);
}

void Statement::check(int rc) const {
    if (rc != SQLITE_OK) throw SqlError(rc, fmt::format("{} in: {}", sqlite3_errmsg(db_.handle()), place_->first));
}

Statement& Statement::bind(int index, std::int64_t value) {
    check(sqlite3_bind_int64(stmt_.get(), index, value));
    return *this;
}
Statement& Statement::bind(int index, std::string_view value) {
    check(sqlite3_bind_text(stmt_.get(), index, value.data() ? value.data() : "", static_cast<int>(value.size()), SQLITE_TRANSIENT));
    return *this;
}
Statement& Statement::bind_blob(int index, std::string_view value) {
    check(sqlite3_bind_blob(stmt_.get(), index, value.data() ? value.data() : "", static_cast<int>(value.size()), SQLITE_TRANSIENT));
    return *this;
}
Statement& Statement::lend(int index, std::string_view value) {
    check(sqlite3_bind_text(stmt_.get(), index, value.data() ? value.data() : "", static_cast<int>(value.size()), SQLITE_STATIC));
    return *this;
}
Statement& Statement::lend_blob(int index, std::string_view value) {
    check(sqlite3_bind_blob(stmt_.get(), index, value.data() ? value.data() : "", static_cast<int>(value.size()), SQLITE_STATIC));
    return *this;
}
Statement& Statement::bind_real(int index, double value) {
    check(sqlite3_bind_double(stmt_.get(), index, value));
    return *this;
}
Statement& Statement::bind_null(int index) {
    check(sqlite3_bind_null(stmt_.get(), index));
    return *this;
}

bool Statement::step() {
    if (db_.watcher_) db_.watcher_->runs(&place_->first);
    int rc = sqlite3_step(stmt_.get());
    if (rc == SQLITE_ROW) return true;
    if (rc == SQLITE_DONE) return false;
    throw SqlError(rc, fmt::format("{} in: {}", sqlite3_errmsg(db_.handle()), place_->first));
}

void Statement::run() {
    while (step()) {}
}

bool Statement::is_null(int column) const { return sqlite3_column_type(stmt_.get(), column) == SQLITE_NULL; }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(stmt_.get(), column); }
double Statement::real(int column) const { return sqlite3_column_double(stmt_.get(), column); }
std::string Statement::text(int column) const { return std::string(view(column)); }
std::string_view Statement::view(int column) const {
    auto* data = static_cast<const char*>(sqlite3_column_blob(stmt_.get(), column));
    return data ? std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(stmt_.get(), column))) : std::string_view();
}
std::optional<std::int64_t> Statement::maybe_integer(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
}
std::optional<std::string> Statement::maybe_text(int column) const {
    return is_null(column) ? std::nullopt : std::optional(text(column));
}
std::optional<Instant> Statement::maybe_instant(int column) const {
    return is_null(column) ? std::nullopt : std::optional(instant(column));
}

Savepoint::Savepoint(Connection& db) : db_(db), mark_(db.ledger().mark()) {
    write_lines(db_);
    Statement(db_, "SAVEPOINT row").run();
}

void Savepoint::keep() {
    Statement(db_, "RELEASE row").run();
    kept_ = true;
}

Savepoint::~Savepoint() {
    if (kept_ || !db_.in_transaction()) return;  // disk full, I/O: SQLite has taken back everything
    db_.ledger().forget_since(mark_);
    try {
        db_.take_back_to("row");
        Statement(db_, "RELEASE row").run();
    } catch (const SqlError&) {
        // The transaction cannot be trusted any more, and will not commit either.
    }
}

Snapshot::Snapshot(Connection& db) : db_(db), ours_(!db.in_transaction()) {
    if (ours_) Statement(db_, "BEGIN").run();
}

Snapshot::~Snapshot() {
    if (!ours_ || !db_.in_transaction()) return;
    try {
        Statement(db_, "COMMIT").run();
    } catch (const SqlError&) {
        // Nothing was written. A connection that cannot even end its reading fails at its next statement.
    }
}

}  // namespace pingjing::store
