// A disk that knows what is really on it. Under SQLite, for the files of one folder: every write is remembered until an fsync of
// its file has ended, so what a power cut leaves can be asked for at any moment; and an fsync can be held up or fail.
#pragma once
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/core/random.hpp"

namespace pingjing::test {

class WatchedDisk {
public:
    struct Sync {
        bool wal;      // else the database itself
        bool flusher;  // asked for by us between COMMIT and answer, not by SQLite
    };
    explicit WatchedDisk(std::filesystem::path folder) : folder_(std::move(folder)), below_(sqlite3_vfs_find(nullptr)), vfs_(*below_) {
        vfs_.zName = "watched", vfs_.pNext = nullptr, vfs_.xOpen = open, vfs_.xDelete = remove, vfs_.szOsFile = static_cast<int>(sizeof(File)) + below_->szOsFile;
        current() = this;
        sqlite3_vfs_register(&vfs_, 1);
    }
    ~WatchedDisk() {
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(below_, 1);
        current() = nullptr;
    }
    WatchedDisk(const WatchedDisk&) = delete;
    WatchedDisk& operator=(const WatchedDisk&) = delete;

    // Called before anything is done to a file.
    std::function<void()> on_step;
    // Called before each write, of the WAL or of another file. Not SQLITE_OK: it fails with this.
    std::function<int(bool wal)> on_write;
    // Called before each fsync, on its thread. Not SQLITE_OK: it fails with this.
    std::function<int(Sync)> on_sync;

    // What a power cut at this moment leaves in `to`: all that was synced, and of the rest nothing, or a choice of single writes.
    void cut_power(const std::filesystem::path& to, Random* chance = nullptr) {
        std::lock_guard guard(mutex_);
        for (const auto& [name, file] : files_) {
            if (file.removed) continue;
            auto bytes = file.synced;
            for (const auto& write : file.unsynced)
                if (chance && (*chance)() % 2 == 0) apply(bytes, write);
            std::ofstream(to / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        }
    }

private:
    struct Write {
        sqlite3_int64 at;
        std::string bytes;
        bool cut;  // the file ends at `at`
    };
    struct Content {
        std::string synced;
        std::deque<Write> unsynced;
        std::uint64_t forgotten = 0;  // writes that were synced: the number of the first in `unsynced`
        bool removed = false;
    };
    struct File {  // SQLite's memory; the file of the VFS below follows it
        sqlite3_file base;
        Content* content;  // null: not in our folder
        bool wal;
    };

    static WatchedDisk*& current() {
        static WatchedDisk* disk = nullptr;
        return disk;
    }
    static File& own(sqlite3_file* f) { return *reinterpret_cast<File*>(f); }
    static sqlite3_file* below(sqlite3_file* f) { return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(f) + sizeof(File)); }
    static const sqlite3_io_methods& real(sqlite3_file* f) { return *below(f)->pMethods; }

    static void apply(std::string& bytes, const Write& write) {
        auto at = static_cast<std::size_t>(write.at);
        if (write.cut) return bytes.resize(at);
        bytes.resize(std::max(bytes.size(), at + write.bytes.size()));
        bytes.replace(at, write.bytes.size(), write.bytes);
    }
    void begin_step() const {
        if (on_step) on_step();
    }
    void remember(sqlite3_file* f, Write write) {
        std::lock_guard guard(mutex_);
        if (auto* content = own(f).content) content->unsynced.push_back(std::move(write));
    }

    static int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* f, int flags, int* out) {
        auto& disk = *current();
        auto& file = own(f);
        file.base.pMethods = nullptr, file.content = nullptr;
        file.wal = (flags & SQLITE_OPEN_WAL) != 0;
        int rc = disk.below_->xOpen(disk.below_, name, below(f), flags, out);
        if (below(f)->pMethods) file.base.pMethods = &methods();
        if (rc == SQLITE_OK && name && std::filesystem::path(name).parent_path() == disk.folder_) {
            std::lock_guard guard(disk.mutex_);
            file.content = &disk.files_[std::filesystem::path(name).filename().string()];
            file.content->removed = false;
        }
        return rc;
    }
    static int remove(sqlite3_vfs*, const char* name, int sync_folder) {
        auto& disk = *current();
        disk.begin_step();
        int rc = disk.below_->xDelete(disk.below_, name, sync_folder);
        std::lock_guard guard(disk.mutex_);
        auto file = disk.files_.find(std::filesystem::path(name).filename().string());
        if (rc == SQLITE_OK && file != disk.files_.end() && std::filesystem::path(name).parent_path() == disk.folder_) {
            file->second.synced.clear();
            file->second.forgotten += file->second.unsynced.size();
            file->second.unsynced.clear();
            file->second.removed = true;
        }
        return rc;
    }
    static int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 at) {
        current()->begin_step();
        if (const auto& on_write = current()->on_write)
            if (int rc = on_write(own(f).wal); rc != SQLITE_OK) return rc;
        int rc = real(f).xWrite(below(f), data, size, at);
        if (rc == SQLITE_OK && own(f).content) current()->remember(f, {at, std::string(static_cast<const char*>(data), static_cast<std::size_t>(size)), false});
        return rc;
    }
    static int truncate(sqlite3_file* f, sqlite3_int64 size) {
        current()->begin_step();
        int rc = real(f).xTruncate(below(f), size);
        if (rc == SQLITE_OK && own(f).content) current()->remember(f, {size, {}, true});
        return rc;
    }
    static int sync(sqlite3_file* f, int flags) {
        auto& disk = *current();
        disk.begin_step();
        auto* content = own(f).content;
        if (!content) return real(f).xSync(below(f), flags);
        std::uint64_t until = 0;
        {
            std::lock_guard guard(disk.mutex_);
            until = content->forgotten + content->unsynced.size();
        }
        if (disk.on_sync)
            if (int rc = disk.on_sync({own(f).wal, (flags & SQLITE_SYNC_DATAONLY) != 0}); rc != SQLITE_OK) return rc;
        int rc = real(f).xSync(below(f), flags);
        std::lock_guard guard(disk.mutex_);
        for (; rc == SQLITE_OK && content->forgotten < until; ++content->forgotten) {
            apply(content->synced, content->unsynced.front());
            content->unsynced.pop_front();
        }
        return rc;
    }
    static const sqlite3_io_methods& methods() {
        static const sqlite3_io_methods all = [] {
            sqlite3_io_methods m{};
            m.iVersion = 2;
            m.xClose = [](sqlite3_file* f) { return real(f).xClose(below(f)); };
            m.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) { return real(f).xRead(below(f), to, size, at); };
            m.xWrite = write, m.xTruncate = truncate, m.xSync = sync;
            m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return real(f).xFileSize(below(f), size); };
            m.xLock = [](sqlite3_file* f, int level) { return real(f).xLock(below(f), level); };
            m.xUnlock = [](sqlite3_file* f, int level) { return real(f).xUnlock(below(f), level); };
            m.xCheckReservedLock = [](sqlite3_file* f, int* out) { return real(f).xCheckReservedLock(below(f), out); };
            m.xFileControl = [](sqlite3_file* f, int op, void* arg) { return real(f).xFileControl(below(f), op, arg); };
            m.xSectorSize = [](sqlite3_file* f) { return real(f).xSectorSize(below(f)); };
            m.xDeviceCharacteristics = [](sqlite3_file* f) { return real(f).xDeviceCharacteristics(below(f)); };
            m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) { return real(f).xShmMap(below(f), page, size, extend, out); };
            m.xShmLock = [](sqlite3_file* f, int first, int n, int flags) { return real(f).xShmLock(below(f), first, n, flags); };
            m.xShmBarrier = [](sqlite3_file* f) { real(f).xShmBarrier(below(f)); };
            m.xShmUnmap = [](sqlite3_file* f, int remove) { return real(f).xShmUnmap(below(f), remove); };
            return m;
        }();
        return all;
    }

    std::filesystem::path folder_;
    sqlite3_vfs* below_;
    sqlite3_vfs vfs_;
    std::mutex mutex_;
    std::map<std::string, Content> files_;  // places stay where they are
};

}  // namespace pingjing::test
