// A file that somebody delivered, held open: however it is renamed, moved or removed meanwhile, this tells whether its writer goes on.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "daemon/core/clock.hpp"

namespace pingjing::intake {

struct FileLook {
    std::int64_t size = 0;                // bytes
    std::int64_t changed_at = 0;          // of its content, in nanoseconds since 1970, by the clock of its disk
    std::uint64_t device = 0, inode = 0;  // which file it is
    bool is_changed(const FileLook& before) const { return size != before.size || changed_at != before.changed_at; }
    Instant changed() const { return from_millis(changed_at / 1'000'000); }
};

// nullopt: there is no regular file of this name (a link is none).
std::optional<FileLook> look_at(const std::filesystem::path& path);

class HeldFile {
public:
    static std::optional<HeldFile> open(const std::filesystem::path& path);  // nullopt: no regular file that we may read
    HeldFile(HeldFile&& other) noexcept;
    HeldFile& operator=(HeldFile&& other) noexcept;
    ~HeldFile();

    std::optional<FileLook> look() const;  // nullopt: its disk does not know it any more
    // Has anybody it open for writing. nullopt: nobody can say: it is another account's file and we lack CAP_LEASE, or it lies on a disk
    // of another machine. Then size and time are all there is.
    std::optional<bool> has_writer() const;
    std::optional<HeldFile> again() const;  // the same file, held once more; nullopt: not possible
    std::optional<std::filesystem::perms> rights() const;
    // What stands from `at` on into `bytes`, as much as there is room for; how much it was, 0: that is its end. nullopt: it cannot be read.
    std::optional<std::size_t> read(std::int64_t at, std::string& bytes) const;

private:
    explicit HeldFile(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace pingjing::intake
