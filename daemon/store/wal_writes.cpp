#include "daemon/store/wal_writes.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pingjing::store {
namespace {

// The format of the WAL (sqlite.org/fileformat2.html, 4.1): 24 bytes before each page, of which the second four are not zero in the last
// frame of a commit.
constexpr int frame_head = 24;
bool ends_a_commit(const void* head) {
    const auto* bytes = static_cast<const unsigned char*>(head) + 4;
    return std::any_of(bytes, bytes + 4, [](unsigned char b) { return b != 0; });
}
// SQLite's VFS for Unix takes 128 KiB less one byte in one call, and of more only what is left of it modulo that.
constexpr std::size_t most_kept_back = 96 * 1024, largest_write = 128 * 1024 - 1;

// Frames that were appended and are not below yet: head, page, head, page …, perhaps a head at the end.
struct Frames {
    std::string bytes{};
    sqlite3_int64 at = 0;       // of the first
    sqlite3_int64 reached = 0;  // the end of all that was ever written, kept back or not
    bool page_missing = false, commit = false;

    // Only what stands behind everything else: a frame that is written anew, also by SQLite's own correction of checksums, is none.
    bool follows(int size, sqlite3_int64 where) const {
        bool in_line = bytes.empty() ? where >= reached : where == reached;
        return in_line && (page_missing ? size > frame_head : size == frame_head);
    }
    void add(const void* data, int size, sqlite3_int64 where) {
        if (bytes.empty()) at = where;
        bytes.append(static_cast<const char*>(data), static_cast<std::size_t>(size));
        reached = where + size;
        page_missing = size == frame_head;
        if (page_missing) commit = ends_a_commit(data);
    }
    sqlite3_int64 end() const { return at + static_cast<sqlite3_int64>(bytes.size()); }
    bool holds(int size, sqlite3_int64 where) const { return where >= at && where + size <= end(); }
    bool reaches_into(int size, sqlite3_int64 where) const { return !bytes.empty() && where < end() && where + size > at; }
    bool must_go() const { return !page_missing && (commit || bytes.size() >= most_kept_back); }
    void forget() { bytes.clear(), page_missing = commit = false; }
};

// SQLite's memory; the file of the disk below follows it.
struct WalFile {
    sqlite3_file base;
    Frames* frames;
};
WalFile& own(sqlite3_file* f) { return *reinterpret_cast<WalFile*>(f); }
sqlite3_file* below(sqlite3_file* f) { return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(f) + sizeof(WalFile)); }
const sqlite3_io_methods& real(sqlite3_file* f) { return *below(f)->pMethods; }

// What could not be written is gone, and SQLite learns it: it takes the whole transaction back.
int let_go(sqlite3_file* f) {
    auto& frames = *own(f).frames;
    int rc = SQLITE_OK;
    for (std::size_t from = 0; from < frames.bytes.size() && rc == SQLITE_OK; from += largest_write) {
        auto piece = std::string_view(frames.bytes).substr(from, largest_write);
        rc = real(f).xWrite(below(f), piece.data(), static_cast<int>(piece.size()), frames.at + static_cast<sqlite3_int64>(from));
    }
    frames.forget();
    return rc;
}

int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 at) {
    auto& frames = *own(f).frames;
    if (!frames.follows(size, at)) {
        if (int rc = let_go(f); rc != SQLITE_OK) return rc;
        frames.reached = at == 0 ? size : std::max(frames.reached, at + size);  // at 0 the log begins anew
        return real(f).xWrite(below(f), data, size, at);
    }
    try {
        frames.add(data, size, at);
    } catch (const std::bad_alloc&) {
        return SQLITE_IOERR_NOMEM;
    }
    return frames.must_go() ? let_go(f) : SQLITE_OK;
}
// What could not be written is gone, and a statement that meets a full disk while it reads would go on with its transaction: of any other
// error SQLite takes all of it back.
int let_go_for_reader(sqlite3_file* f) {
    int rc = let_go(f);
    return rc == SQLITE_OK ? rc : SQLITE_IOERR_WRITE;
}
int read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
    const auto& frames = *own(f).frames;
    if (frames.holds(size, at)) {
        std::memcpy(to, frames.bytes.data() + (at - frames.at), static_cast<std::size_t>(size));
        return SQLITE_OK;
    }
    if (frames.reaches_into(size, at))
        if (int rc = let_go_for_reader(f); rc != SQLITE_OK) return rc;
    return real(f).xRead(below(f), to, size, at);
}
int truncate(sqlite3_file* f, sqlite3_int64 size) {
    if (int rc = let_go(f); rc != SQLITE_OK) return rc;
    own(f).frames->reached = size;
    return real(f).xTruncate(below(f), size);
}
int sync(sqlite3_file* f, int flags) {
    if (int rc = let_go(f); rc != SQLITE_OK) return rc;
    return real(f).xSync(below(f), flags);
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
    int rc = real(f).xFileSize(below(f), size);
    if (const auto& frames = *own(f).frames; rc == SQLITE_OK && !frames.bytes.empty()) *size = std::max(*size, frames.end());
    return rc;
}
// What is still kept back belongs to a transaction that never ended.
int close(sqlite3_file* f) {
    delete own(f).frames;
    own(f).frames = nullptr;
    return real(f).xClose(below(f));
}

const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods all = [] {
        sqlite3_io_methods m{};
        m.iVersion = 1;  // locks and shared memory are the database's, not the WAL's
        m.xClose = close, m.xRead = read, m.xWrite = write, m.xTruncate = truncate, m.xSync = sync, m.xFileSize = file_size;
        m.xLock = [](sqlite3_file* f, int level) { return real(f).xLock(below(f), level); };
        m.xUnlock = [](sqlite3_file* f, int level) { return real(f).xUnlock(below(f), level); };
        m.xCheckReservedLock = [](sqlite3_file* f, int* out) { return real(f).xCheckReservedLock(below(f), out); };
        m.xFileControl = [](sqlite3_file* f, int op, void* arg) { return real(f).xFileControl(below(f), op, arg); };
        m.xSectorSize = [](sqlite3_file* f) { return real(f).xSectorSize(below(f)); };
        m.xDeviceCharacteristics = [](sqlite3_file* f) { return real(f).xDeviceCharacteristics(below(f)); };
        return m;
    }();
    return all;
}

}  // namespace

struct WalWrites::Vfs : sqlite3_vfs {
    explicit Vfs(sqlite3_vfs& b) : sqlite3_vfs(b), below(&b) {
        static std::atomic<int> count{0};
        own_name = fmt::format("wal-writes-{}", ++count);
        pNext = nullptr, zName = own_name.c_str(), xOpen = open, szOsFile = static_cast<int>(sizeof(WalFile)) + b.szOsFile;
    }
    static int open(sqlite3_vfs* self, sqlite3_filename name, sqlite3_file* f, int flags, int* out) {
        auto* disk = static_cast<Vfs*>(self)->below;
        if (!(flags & SQLITE_OPEN_WAL)) return disk->xOpen(disk, name, f, flags, out);  // as if we were not there
        f->pMethods = nullptr;
        auto* frames = new (std::nothrow) Frames;
        if (!frames) return SQLITE_NOMEM;
        int rc = disk->xOpen(disk, name, store::below(f), flags, out);
        if (store::below(f)->pMethods) own(f).frames = frames, f->pMethods = &methods();
        else delete frames;
        return rc;
    }
    sqlite3_vfs* below;
    std::string own_name{};
};

WalWrites::WalWrites(const char* below) {
    auto* disk = sqlite3_vfs_find(below);
    if (!disk) throw std::runtime_error(fmt::format("there is no disk {}", below ? below : "at all"));
    vfs_ = std::make_unique<Vfs>(*disk);
    sqlite3_vfs_register(vfs_.get(), 0);
}

WalWrites::~WalWrites() { sqlite3_vfs_unregister(vfs_.get()); }

const char* WalWrites::name() const { return vfs_->zName; }

}  // namespace pingjing::store
