// A disk in memory with the manners of a real one: what was not synced may be lost, torn or kept in any order when the power
// goes, a failed fsync may forget what it should have written, writes fail, fall short, and space runs out.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/random.hpp"
#include "daemon/store/disk.hpp"

namespace pingjing::sim {

using Fired = std::map<std::string, int>;  // how often each fault happened, by name

// What is wrong with the disk of one life. Steps are counted over its whole life: writes, cuts, syncs, new names.
struct DiskFaults {
    std::int64_t crash_at_step = 0;                // 0: never; the step itself happens, happens in part or not at all
    std::int64_t error_at_step = 0, errors = 0;    // so many steps fail from there on, then it works again
    double failed_sync = 0, short_write = 0;       // shares
    std::int64_t failed_read_at = 0;               // the n-th read fails
    std::function<bool()> full{};                  // no file may grow now
};

struct Node;  // a file

class Disk final : public store::Disk {
public:
    // SQLite's allocator and default VFS become ours: once, before SQLite is first used.
    static void take_over_sqlite();
    // From now on SQLite's own chance (salts of the WAL) begins anew, so that equal stories have equal bytes.
    static void reseed(std::uint64_t seed);
    // The n-th allocation from now on fails, and `more` after it; 0: none.
    static void fail_allocation(std::int64_t n, std::int64_t more = 0);
    static std::int64_t failed_allocations();

    Disk(Random& random, Fired& fired);
    Disk(const Disk&) = delete;
    ~Disk() override;

    // As it stands, for the next life; this one goes on without consequences.
    std::shared_ptr<Disk> fork() const;
    void lose_power();  // what was not synced is dropped, torn and reordered
    DiskFaults faults{};
    Steady slowest{};  // a group of the store's jobs waits so long at most while others come to it
    std::function<void()> crashed{};  // called in the middle of a step, once; what follows has no consequences
    void end();                       // nothing goes wrong any more: nobody looks at what happens here

    // Until what is returned goes away: whoever looks on must not be what breaks it.
    std::unique_ptr<void, std::function<void(void*)>> quietly();
    std::int64_t syncs() const { return syncs_; }
    std::int64_t steps() const { return steps_; }
    std::int64_t reads() const { return reads_; }  // counted while one of them is to fail
    std::string folder() const { return folder_; }
    std::uint64_t digest() const;  // of all bytes
    // The database as it is now, to be put back one day in place of a newer one.
    using Copy = std::map<std::string, std::string>;
    Copy copy_database(const std::string& below = {}) const;  // below: a folder in ours, "/restoring"
    void put_back(const Copy& database, const std::string& below = {});
    void remove_folder(const std::string& below);

    const char* vfs() const override;
    void make_folder(const std::filesystem::path&) override {}
    std::shared_ptr<void> lock(const std::filesystem::path&) override { return std::make_shared<int>(); }
    std::vector<std::string> list(const std::filesystem::path& folder) const override;
    using store::Disk::read;
    std::optional<std::string> read(const std::filesystem::path& file, std::int64_t at, std::size_t most) const override;
    std::optional<std::uint64_t> size(const std::filesystem::path& file) const override;
    std::unique_ptr<File> open(const std::filesystem::path& file) override;
    void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
    void sync_folder(const std::filesystem::path& folder) override;
    Steady busy_for() override;

    // What SQLite's methods and File do. Return an errno, 0: done.
    int write(Node& node, std::string_view bytes, std::int64_t at);
    int cut(Node& node, std::int64_t size);
    int sync(Node& node);
    int reading();
    int remove(const std::string& name);
    std::shared_ptr<Node> find(const std::string& name) const;
    std::shared_ptr<Node> find_or_make(const std::string& name);  // null: the step failed

private:
    enum class Step { as_asked, fails, crash };
    Step step();
    void crash();

    struct NameChange { std::vector<std::pair<std::string, std::shared_ptr<Node>>> was{}; };  // null: it was not there
    bool change_names(NameChange change);
    Random& random_;
    Fired& fired_;
    std::string folder_;
    std::map<std::string, std::shared_ptr<Node>> names_;
    std::vector<NameChange> unsynced_names_;  // in their order: a journalled file system loses a tail of them
    std::int64_t steps_ = 0, reads_ = 0, syncs_ = 0;
    bool ended_ = false;  // or quiet
};

}  // namespace pingjing::sim
