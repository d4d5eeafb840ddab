#include "daemon/intake/held_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/intake/new_file.hpp"

namespace pingjing::intake {
namespace {

FileLook look_of(const struct stat& facts) {
    return {facts.st_size, static_cast<std::int64_t>(facts.st_mtim.tv_sec) * 1'000'000'000 + facts.st_mtim.tv_nsec, facts.st_dev, facts.st_ino};
}

// Where all who write the file are programs of this machine. (NFS and CIFS refuse a lease with the words of a file that is open for
// writing, and know nothing of other machines.)
bool is_local(int fd) {
    constexpr unsigned long f2fs = 0xF2F52010, zfs = 0x2FC12FC1;
    struct statfs disk;
    if (::fstatfs(fd, &disk) != 0) return false;
    switch (static_cast<unsigned long>(disk.f_type)) {
        case EXT4_SUPER_MAGIC:
        case XFS_SUPER_MAGIC:
        case BTRFS_SUPER_MAGIC:
        case TMPFS_MAGIC:
        case OVERLAYFS_SUPER_MAGIC:
        case f2fs:
        case zfs: return true;
        default: return false;
    }
}

}  // namespace

std::optional<FileLook> look_at(const std::filesystem::path& path) {
    struct stat facts;
    if (::lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
    return look_of(facts);
}

std::optional<HeldFile> HeldFile::open(const std::filesystem::path& path) {
    if (!look_at(path)) return std::nullopt;  // a pipe would wake whoever waits at its other end
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return std::nullopt;
    HeldFile file(fd);
    struct stat facts;
    if (::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;  // changed hands meanwhile
    return file;
}

HeldFile::HeldFile(HeldFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

HeldFile& HeldFile::operator=(HeldFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

HeldFile::~HeldFile() {
    if (fd_ >= 0) ::close(fd_);
}

std::optional<FileLook> HeldFile::look() const {
    struct stat facts;
    if (::fstat(fd_, &facts) != 0) return std::nullopt;
    return look_of(facts);
}

// Linux gives a read lease only on what nobody has open for writing. It is given back at once: whoever opens the file for writing would
// have to wait for that, and we would get a signal, for which reason it is one that does nothing (the default, SIGIO, ends a process).
std::optional<bool> HeldFile::has_writer() const {
    if (!is_local(fd_) || ::fcntl(fd_, F_SETSIG, SIGURG) != 0) return std::nullopt;
    if (::fcntl(fd_, F_SETLEASE, F_RDLCK) == 0) {
        ::fcntl(fd_, F_SETLEASE, F_UNLCK);
        return false;
    }
    if (errno == EAGAIN) return true;
    return std::nullopt;
}

bool HeldFile::copy_to(const std::filesystem::path& path) const {
    std::vector<char> piece(256 * 1024);
    auto out = NewFile::open(path);
    if (!out) return false;
    std::int64_t at = 0;
    ssize_t count = 0;
    while ((count = ::pread(fd_, piece.data(), piece.size(), at)) != 0) {
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) break;
        out->write({piece.data(), static_cast<std::size_t>(count)});
        at += count;
    }
    if (out->close() && count == 0) return true;
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return false;
}

}  // namespace pingjing::intake
