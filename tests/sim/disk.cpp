#include "tests/sim/disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

namespace pingjing::sim {

namespace fs = std::filesystem;

constexpr std::int64_t sector_bytes = 512;

// What is seen of a file, and what it takes to get back to what is safe.
struct Node {
    struct Undo { std::int64_t at = 0, size_before = 0, length = 0; std::string old{}; bool cut = false; };
    std::string bytes{};
    std::vector<Undo> unsynced{};
    std::int64_t synced_size = 0;
    std::map<std::int64_t, std::string> forgotten{};  // sectors that a failed sync dropped: seen, and never on the disk
    std::vector<std::unique_ptr<char[]>> shared_memory{};
    int mapped = 0;

    std::shared_ptr<Node> copy() const {
        auto other = std::make_shared<Node>();
        other->bytes = bytes, other->unsynced = unsynced, other->synced_size = synced_size, other->forgotten = forgotten;
        return other;
    }
    void put(std::string_view what, std::int64_t at) {
        auto end = at + static_cast<std::int64_t>(what.size());
        auto size = static_cast<std::int64_t>(bytes.size());
        Undo undo{at, size, static_cast<std::int64_t>(what.size())};
        if (at < size) undo.old = bytes.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(std::min(end, size) - at));
        unsynced.push_back(std::move(undo));
        if (at > size) bytes.resize(static_cast<std::size_t>(at));
        bytes.replace(static_cast<std::size_t>(at), std::min(what.size(), bytes.size() - static_cast<std::size_t>(at)), what);
        for (auto s = at / sector_bytes; !forgotten.empty() && s * sector_bytes < end; ++s) forgotten.erase(s);  // dirty once more
    }
    void lose(Random& random, Fired& fired);
    void forget_dirty();

private:
    // Puts back `old` where `lost` says so.
    template <class Lost>
    void put_back(const Undo& undo, Lost lost) {
        for (auto at = undo.at; at < undo.at + undo.length;) {
            auto end = std::min((at / sector_bytes + 1) * sector_bytes, undo.at + undo.length);
            if (lost(at / sector_bytes))
                for (auto i = at; i < std::min<std::int64_t>(end, static_cast<std::int64_t>(bytes.size())); ++i) {
                    auto from = static_cast<std::size_t>(i - undo.at);
                    bytes[static_cast<std::size_t>(i)] = from < undo.old.size() ? undo.old[from] : '\0';
                }
            at = end;
        }
    }
};

void Node::lose(Random& random, Fired& fired) {
    std::map<std::int64_t, bool> fate;
    double share = random.below(3) == 0 ? 1.0 : random.unit();
    auto lost = [&](std::int64_t sector) {
        auto [it, fresh] = fate.try_emplace(sector, false);
        if (fresh) it->second = random.unit() < share;
        return it->second;
    };
    bool cut_undone = random.below(2) == 0;
    auto grown_to = static_cast<std::int64_t>(bytes.size());
    bool kept_later = false, torn = false, reordered = false;
    for (auto undo = unsynced.rbegin(); undo != unsynced.rend(); ++undo) {
        if (undo->cut) {
            if (cut_undone && undo->size_before > static_cast<std::int64_t>(bytes.size())) {
                bytes.resize(static_cast<std::size_t>(undo->at));
                bytes += undo->old;
                grown_to = std::max(grown_to, undo->size_before);
            }
            continue;
        }
        bool some = false, all = true;
        for (auto s = undo->at / sector_bytes; s * sector_bytes < undo->at + undo->length; ++s) (lost(s) ? some : all) = lost(s);
        torn = torn || (some && !all);
        reordered = reordered || (some && kept_later);
        kept_later = kept_later || !all;
        put_back(*undo, lost);
    }
    for (const auto& [sector, old] : forgotten) {
        auto at = static_cast<std::size_t>(sector * sector_bytes);
        if (at >= bytes.size() || random.below(4) == 0) continue;
        bytes.replace(at, std::min(old.size(), bytes.size() - at), old.substr(0, bytes.size() - at));
        ++fired["power loss: what a failed sync forgot is gone"];
    }
    if (auto size = static_cast<std::int64_t>(bytes.size()); size > synced_size) {
        auto kind = random.below(3);
        if (kind == 1) size = synced_size;
        if (kind == 2) size = synced_size + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size - synced_size)));
        if (size < static_cast<std::int64_t>(bytes.size())) ++fired["power loss: a file is shorter"];
        bytes.resize(static_cast<std::size_t>(size));
    }
    if (std::any_of(fate.begin(), fate.end(), [](const auto& f) { return f.second; })) ++fired["power loss: writes dropped"];
    if (torn) ++fired["power loss: a write torn"];
    if (reordered) ++fired["power loss: a later write kept, an earlier one lost"];
    unsynced.clear();
    forgotten.clear();
    synced_size = static_cast<std::int64_t>(bytes.size());
}

// The kernel marks pages clean whose writing failed: they are seen until they leave the cache.
void Node::forget_dirty() {
    Node before = {};
    before.bytes = bytes;
    for (auto undo = unsynced.rbegin(); undo != unsynced.rend(); ++undo)
        if (!undo->cut) before.put_back(*undo, [](std::int64_t) { return true; });
    for (const auto& undo : unsynced)
        for (auto s = undo.at / sector_bytes; !undo.cut && s * sector_bytes < undo.at + undo.length; ++s) {
            auto at = static_cast<std::size_t>(s * sector_bytes);
            if (at < before.bytes.size()) forgotten.try_emplace(s, before.bytes.substr(at, sector_bytes));
        }
    unsynced.clear();
    synced_size = static_cast<std::int64_t>(bytes.size());
}

// --- SQLite's side ---------------------------------------------------------------------------------------------------

namespace {

std::map<std::string, Disk*, std::less<>> disks;  // by folder
SeededRandom sqlite_chance(0);

Disk* disk_of(std::string_view path) {
    auto end = path.find('/', std::string_view("/sim/").size());  // "/sim/7", whatever lies below
    auto it = disks.find(path.substr(0, end));
    return it == disks.end() ? nullptr : it->second;
}

struct OpenFile {
    sqlite3_file base;
    std::shared_ptr<Node>* node;
    Disk* disk;
    bool names_folder;  // the first sync makes its name durable, as in SQLite's own VFS
};
OpenFile& of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }

int as_sqlite(int error, int code) { return error == 0 ? SQLITE_OK : error == ENOSPC ? SQLITE_FULL : code; }

int file_close(sqlite3_file* f) {
    delete of(f).node;
    of(f).node = nullptr;
    return SQLITE_OK;
}
int file_read(sqlite3_file* f, void* into, int n, sqlite3_int64 at) {
    if (of(f).disk->reading() != 0) return SQLITE_IOERR_READ;
    const auto& bytes = (*of(f).node)->bytes;
    auto have = std::clamp<sqlite3_int64>(static_cast<sqlite3_int64>(bytes.size()) - at, 0, n);
    if (have > 0) std::memcpy(into, bytes.data() + at, static_cast<std::size_t>(have));
    if (have == n) return SQLITE_OK;
    std::memset(static_cast<char*>(into) + have, 0, static_cast<std::size_t>(n - have));
    return SQLITE_IOERR_SHORT_READ;
}
int file_write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
    return as_sqlite(of(f).disk->write(**of(f).node, {static_cast<const char*>(from), static_cast<std::size_t>(n)}, at), SQLITE_IOERR_WRITE);
}
int file_truncate(sqlite3_file* f, sqlite3_int64 size) { return as_sqlite(of(f).disk->cut(**of(f).node, size), SQLITE_IOERR_TRUNCATE); }
int file_sync(sqlite3_file* f, int) {
    if (int error = of(f).disk->sync(**of(f).node)) return as_sqlite(error, SQLITE_IOERR_FSYNC);
    if (!of(f).names_folder) return SQLITE_OK;
    try {
        of(f).disk->sync_folder("");
        of(f).names_folder = false;
    } catch (const std::system_error&) {
        return SQLITE_IOERR_DIR_FSYNC;
    }
    return SQLITE_OK;
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>((*of(f).node)->bytes.size());
    return SQLITE_OK;
}
// One process, one connection: nobody to keep out.
int file_lock(sqlite3_file*, int) { return SQLITE_OK; }
int file_is_reserved(sqlite3_file*, int* result) {
    *result = 0;
    return SQLITE_OK;
}
int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int file_sector_size(sqlite3_file*) { return 4096; }
int file_device(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
int file_shm_map(sqlite3_file* f, int region, int size, int extend, void volatile** out) {
    auto& node = **of(f).node;
    auto wanted = static_cast<std::size_t>(region);
    *out = nullptr;
    if (wanted >= node.shared_memory.size() && !extend) return SQLITE_OK;
    while (node.shared_memory.size() <= wanted) node.shared_memory.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
    if (region == 0) ++node.mapped;
    *out = node.shared_memory[wanted].get();
    return SQLITE_OK;
}
int file_shm_lock(sqlite3_file*, int, int, int) { return SQLITE_OK; }
void file_shm_barrier(sqlite3_file*) {}
int file_shm_unmap(sqlite3_file* f, int) {
    (*of(f).node)->shared_memory.clear();
    return SQLITE_OK;
}

constexpr sqlite3_io_methods file_methods = {2, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_lock, file_is_reserved, file_control,
                                             file_sector_size, file_device, file_shm_map, file_shm_lock, file_shm_barrier, file_shm_unmap, nullptr, nullptr};

int vfs_open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out_flags) {
    of(f) = {};
    auto* disk = name ? disk_of(name) : nullptr;
    if (!disk) return SQLITE_CANTOPEN;  // temporary files: the store keeps those in memory
    auto node = disk->find(name);
    if (!node && !(flags & SQLITE_OPEN_CREATE)) return SQLITE_CANTOPEN;
    if (!node) node = disk->find_or_make(name);
    if (!node) return SQLITE_IOERR;
    of(f).node = new std::shared_ptr<Node>(std::move(node));
    of(f).disk = disk;
    of(f).names_folder = (flags & SQLITE_OPEN_CREATE) && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL));
    of(f).base.pMethods = &file_methods;
    if (out_flags) *out_flags = flags;
    return SQLITE_OK;
}
int vfs_delete(sqlite3_vfs*, const char* name, int) {
    auto* disk = disk_of(name);
    if (!disk || !disk->find(name)) return SQLITE_IOERR_DELETE_NOENT;
    return as_sqlite(disk->remove(name), SQLITE_IOERR_DELETE);
}
int vfs_access(sqlite3_vfs*, const char* name, int, int* result) {
    auto* disk = disk_of(name);
    *result = disk && disk->find(name) ? 1 : 0;
    return SQLITE_OK;
}
int vfs_full_path(sqlite3_vfs*, const char* name, int n, char* out) {
    sqlite3_snprintf(n, out, "%s", name);
    return SQLITE_OK;
}
int vfs_randomness(sqlite3_vfs*, int n, char* out) {
    for (int i = 0; i < n; ++i) out[i] = static_cast<char>(sqlite_chance.below(256));
    return n;
}
int vfs_sleep(sqlite3_vfs*, int) { return 0; }
int vfs_last_error(sqlite3_vfs*, int, char*) { return 0; }
int vfs_time(sqlite3_vfs*, sqlite3_int64* now) {
    *now = 212'000'000'000'000;
    return SQLITE_OK;
}
int vfs_time_as_days(sqlite3_vfs*, double* now) {
    *now = 2'460'000.5;
    return SQLITE_OK;
}

sqlite3_vfs our_vfs = {2, sizeof(OpenFile), 512, nullptr, "sim", nullptr, vfs_open, vfs_delete, vfs_access, vfs_full_path, nullptr, nullptr, nullptr, nullptr, vfs_randomness,
                       vfs_sleep, vfs_time_as_days, vfs_last_error, vfs_time, nullptr, nullptr, nullptr};

sqlite3_mem_methods usual_memory;
std::int64_t until_failure = 0, failures_left = 0, failed = 0;

bool allocation_fails() {
    if (until_failure == 0 || --until_failure > 0) return false;
    ++failed;
    until_failure = failures_left > 0 ? 1 : 0;
    if (failures_left > 0) --failures_left;
    return true;
}
void* allocate(int n) { return allocation_fails() ? nullptr : usual_memory.xMalloc(n); }
void* reallocate(void* p, int n) { return allocation_fails() ? nullptr : usual_memory.xRealloc(p, n); }

}  // namespace

void Disk::take_over_sqlite() {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual_memory);
    auto ours = usual_memory;
    ours.xMalloc = allocate, ours.xRealloc = reallocate;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &ours);
    sqlite3_vfs_register(&our_vfs, 1);
}

void Disk::reseed(std::uint64_t seed) {
    sqlite_chance = SeededRandom(seed);
    sqlite3_randomness(0, nullptr);
}

void Disk::fail_allocation(std::int64_t n, std::int64_t more) { until_failure = n, failures_left = more; }
std::int64_t Disk::failed_allocations() { return failed; }

// --- the disk --------------------------------------------------------------------------------------------------------

Disk::Disk(Random& random, Fired& fired) : random_(random), fired_(fired) {
    static int next = 0;
    folder_ = "/sim/" + std::to_string(++next);
    disks[folder_] = this;
    pages_between_checkpoints = 60;
    lines_per_segment = 20;
}

Disk::~Disk() { disks.erase(folder_); }

const char* Disk::vfs() const { return our_vfs.zName; }

std::shared_ptr<Disk> Disk::fork() const {
    auto other = std::make_shared<Disk>(random_, fired_);
    std::map<const Node*, std::shared_ptr<Node>> copies;
    auto copy = [&](const std::shared_ptr<Node>& node) {
        auto& c = copies[node.get()];
        if (!c && node) c = node->copy();
        return c;
    };
    auto moved = [&](const std::string& name) { return other->folder_ + name.substr(folder_.size()); };
    for (const auto& [name, node] : names_) other->names_[moved(name)] = copy(node);
    for (const auto& change : unsynced_names_) {
        other->unsynced_names_.emplace_back();
        for (const auto& [name, was] : change.was) other->unsynced_names_.back().was.emplace_back(moved(name), copy(was));
    }
    other->pages_between_checkpoints = pages_between_checkpoints;
    other->lines_per_segment = lines_per_segment;
    return other;
}

void Disk::lose_power() {
    ++fired_["power lost"];
    auto kept = random_.below(unsynced_names_.size() + 1);
    if (kept < unsynced_names_.size()) ++fired_["power loss: a new name is gone"];
    while (unsynced_names_.size() > kept) {
        auto& change = unsynced_names_.back();
        for (auto it = change.was.rbegin(); it != change.was.rend(); ++it)
            if (it->second) names_[it->first] = it->second;
            else names_.erase(it->first);
        unsynced_names_.pop_back();
    }
    unsynced_names_.clear();
    for (auto& [name, node] : names_) node->lose(random_, fired_);
}

void Disk::end() { ended_ = true; }

std::unique_ptr<void, std::function<void(void*)>> Disk::quietly() {
    auto was = std::exchange(ended_, true);
    return {this, [this, was](void*) { ended_ = was; }};
}

void Disk::crash() {
    if (crashed) std::exchange(crashed, nullptr)();
    ended_ = true;
}

Steady Disk::busy_for() {
    if (ended_ || slowest == Steady::zero()) return {};
    ++fired_["a disk at work while others come"];
    return Steady(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(slowest.count()))));
}

Disk::Step Disk::step() {
    if (ended_) return Step::as_asked;
    ++steps_;
    if (steps_ == faults.crash_at_step) return Step::crash;
    bool error = faults.error_at_step > 0 && steps_ >= faults.error_at_step && steps_ < faults.error_at_step + faults.errors;
    return error ? Step::fails : Step::as_asked;
}

int Disk::write(Node& node, std::string_view bytes, std::int64_t at) {
    auto part = [&] { return bytes.substr(0, random_.below(bytes.size())); };
    switch (step()) {
        case Step::as_asked: break;
        case Step::fails:
            ++fired_["I/O error at a write"];
            if (random_.below(2)) node.put(part(), at);
            return EIO;
        case Step::crash:
            ++fired_["crash at a write"];
            if (auto how = random_.below(3); how > 0) node.put(how == 1 ? part() : bytes, at);
            crash();
    }
    if (!ended_ && faults.full && at + static_cast<std::int64_t>(bytes.size()) > static_cast<std::int64_t>(node.bytes.size()) && faults.full()) {
        ++fired_["disk full"];
        if (random_.below(2)) {
            ++fired_["disk full: a part of the write fits"];
            node.put(part(), at);
        }
        return ENOSPC;
    }
    if (!ended_ && faults.short_write > 0 && random_.unit() < faults.short_write) {
        ++fired_["a write fell short"];
        node.put(part(), at);
        return EIO;
    }
    node.put(bytes, at);
    return 0;
}

int Disk::cut(Node& node, std::int64_t size) {
    switch (step()) {
        case Step::as_asked: break;
        case Step::fails: return ++fired_["I/O error at a cut"], EIO;
        case Step::crash: ++fired_["crash at a cut"], crash();
    }
    if (auto now = static_cast<std::int64_t>(node.bytes.size()); size < now) {
        Node::Undo undo{size, now, now - size, node.bytes.substr(static_cast<std::size_t>(size)), true};
        node.unsynced.push_back(std::move(undo));
    }
    node.bytes.resize(static_cast<std::size_t>(size));
    return 0;
}

int Disk::sync(Node& node) {
    ++syncs_;
    auto failing = step();
    if (failing == Step::crash) {
        ++fired_["crash at a sync"];
        crash();
    }
    if (failing == Step::fails || (!ended_ && faults.failed_sync > 0 && random_.unit() < faults.failed_sync)) {
        ++fired_["a sync failed"];
        if (random_.below(2)) {
            ++fired_["a failed sync forgot its pages"];
            node.forget_dirty();
        }
        return EIO;
    }
    node.unsynced.clear();
    node.synced_size = static_cast<std::int64_t>(node.bytes.size());
    return 0;
}

int Disk::reading() {
    if (ended_ || faults.failed_read_at == 0 || ++reads_ != faults.failed_read_at) return 0;
    ++fired_["I/O error at a read"];
    return EIO;
}

std::shared_ptr<Node> Disk::find(const std::string& name) const {
    auto it = names_.find(name);
    return it == names_.end() ? nullptr : it->second;
}

bool Disk::change_names(NameChange change) {
    switch (step()) {
        case Step::as_asked: break;
        case Step::fails: return ++fired_["I/O error at a new name"], false;
        case Step::crash: ++fired_["crash at a new name"], crash();
    }
    unsynced_names_.push_back(std::move(change));
    return true;
}

std::shared_ptr<Node> Disk::find_or_make(const std::string& name) {
    if (auto known = find(name)) return known;
    NameChange change;
    change.was.emplace_back(name, nullptr);
    if (!change_names(std::move(change))) return nullptr;
    return names_[name] = std::make_shared<Node>();
}

int Disk::remove(const std::string& name) {
    NameChange change;
    change.was.emplace_back(name, find(name));
    if (!change_names(std::move(change))) return EIO;
    names_.erase(name);
    return 0;
}

namespace {

class FileOnDisk final : public store::Disk::File {
public:
    FileOnDisk(Disk& disk, std::shared_ptr<Node> node) : disk_(disk), node_(std::move(node)) {}
    void write(std::string_view bytes, std::int64_t at) override { or_throw(disk_.write(*node_, bytes, at), "write"); }
    void cut(std::int64_t size) override { or_throw(disk_.cut(*node_, size), "cut"); }
    void sync() override { or_throw(disk_.sync(*node_), "sync"); }

private:
    static void or_throw(int error, const char* what) {
        if (error) throw std::system_error(error, std::generic_category(), what);
    }
    Disk& disk_;
    std::shared_ptr<Node> node_;
};

}  // namespace

std::vector<std::string> Disk::list(const fs::path& folder) const {
    std::vector<std::string> found;
    for (const auto& [name, node] : names_)
        if (fs::path(name).parent_path() == folder) found.push_back(fs::path(name).filename().string());
    return found;
}

std::optional<std::string> Disk::read(const fs::path& file, std::int64_t at, std::size_t most) const {
    auto node = find(file.string());
    return node ? std::optional(node->bytes.substr(std::min(static_cast<std::size_t>(at), node->bytes.size()), most)) : std::nullopt;
}

std::optional<std::uint64_t> Disk::size(const fs::path& file) const {
    auto node = find(file.string());
    return node ? std::optional<std::uint64_t>(node->bytes.size()) : std::nullopt;
}

std::unique_ptr<store::Disk::File> Disk::open(const fs::path& file) {
    auto node = find_or_make(file.string());
    if (!node) throw std::system_error(EIO, std::generic_category(), "open");
    return std::make_unique<FileOnDisk>(*this, std::move(node));
}

void Disk::rename(const fs::path& from, const fs::path& to) {
    auto node = find(from.string());
    NameChange change;
    change.was.emplace_back(to.string(), find(to.string()));
    change.was.emplace_back(from.string(), node);
    if (!node || !change_names(std::move(change))) throw std::system_error(EIO, std::generic_category(), "rename");
    names_.erase(from.string());
    names_[to.string()] = std::move(node);
}

void Disk::sync_folder(const fs::path&) {
    auto failing = step();
    if (failing == Step::crash) {
        ++fired_["crash at a folder's sync"];
        crash();
    }
    if (failing == Step::fails) {
        ++fired_["a folder's sync failed"];
        throw std::system_error(EIO, std::generic_category(), "sync folder");
    }
    unsynced_names_.clear();
}

std::uint64_t Disk::digest() const {
    std::uint64_t hash = 14695981039346656037u;
    auto add = [&hash](std::string_view bytes) {
        for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 8))) {
            std::uint64_t eight = bytes.size();
            std::memcpy(&eight, bytes.data(), std::min<std::size_t>(bytes.size(), 8));
            hash = (hash ^ eight) * 1099511628211u;
            hash ^= hash >> 32;
        }
    };
    for (const auto& [name, node] : names_) add(std::string_view(name).substr(folder_.size())), add(node->bytes);
    return hash;
}

// The rollback journal too: a database whose first pages were being written stands on it, for it had no WAL yet.
constexpr const char* database_files[] = {"/pingjing.db", "/pingjing.db-wal", "/pingjing.db-journal"};

Disk::Copy Disk::copy_database(const std::string& below) const {
    Copy copy;
    for (const char* file : database_files)
        if (auto node = find(folder_ + below + file)) copy[file] = node->bytes;
    return copy;
}

void Disk::put_back(const Copy& database, const std::string& below) {
    for (const char* file : database_files) names_.erase(folder_ + below + file);
    for (const auto& [file, bytes] : database) {
        auto node = std::make_shared<Node>();
        node->bytes = bytes, node->synced_size = static_cast<std::int64_t>(bytes.size());
        names_[folder_ + below + file] = std::move(node);
    }
}

void Disk::remove_folder(const std::string& below) {
    std::erase_if(names_, [&](const auto& named) { return named.first.starts_with(folder_ + below + "/"); });
    unsynced_names_.clear();  // whoever did that synced the folder
}

}  // namespace pingjing::sim
