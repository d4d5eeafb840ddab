// The disk under the store. In service it is the machine's: SQLite's own VFS and a few calls for what stands beside the database.
// The simulation puts one of its own here, which tears, forgets and fills up.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"

namespace pingjing::store {

// Everything throws std::system_error with what was tried, unless it says otherwise.
class Disk {
public:
    class File {
    public:
        virtual ~File() = default;
        // All of it, or an error after any part of it.
        virtual void write(std::string_view bytes, std::int64_t at) = 0;
        virtual void cut(std::int64_t size) = 0;
        virtual void sync() = 0;
    };
    virtual ~Disk() = default;

    virtual const char* vfs() const = 0;  // SQLite's name of it; null: the system's
    virtual void make_folder(const std::filesystem::path& folder) = 0;
    // The file and its folder, for a file can be deleted under who holds it. Until what is returned goes away; null: somebody else has it.
    virtual std::shared_ptr<void> lock(const std::filesystem::path& file) = 0;
    virtual std::vector<std::string> list(const std::filesystem::path& folder) const = 0;
    // From `at`, as much as there is but no more than `most`; nullopt: there is no such file.
    virtual std::optional<std::string> read(const std::filesystem::path& file, std::int64_t at, std::size_t most) const = 0;
    std::optional<std::string> read(const std::filesystem::path& file) const { return read(file, 0, std::string::npos); }
    virtual std::optional<std::uint64_t> size(const std::filesystem::path& file) const = 0;
    virtual std::unique_ptr<File> open(const std::filesystem::path& file) = 0;             // for writing; made where there is none
    virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
    // So that names made in it survive power loss.
    virtual void sync_folder(const std::filesystem::path& folder) = 0;

    // How long jobs of a store that runs inline wait from now on, so that they come together as on a thread of its own while the disk is at work.
    virtual Steady busy_for() { return {}; }

    // How much lies between two of them; few in the simulation, where a story is short.
    int pages_between_checkpoints = 16'000;
    std::int64_t lines_per_segment = 100'000;  // of the sent journal
};

Disk& machine_disk();

}  // namespace pingjing::store
