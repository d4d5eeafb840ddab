#include "daemon/intake/held_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

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

std::optional<HeldFile> HeldFile::again() const {
    int fd = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return std::nullopt;
    return HeldFile(fd);
}

std::optional<std::filesystem::perms> HeldFile::rights() const {
    struct stat facts;
    if (::fstat(fd_, &facts) != 0) return std::nullopt;
    return static_cast<std::filesystem::perms>(facts.st_mode & 0777);
}

std::optional<std::size_t> HeldFile::read(std::int64_t at, std::string& bytes) const {
    for (;;) {
        auto count = ::pread(fd_, bytes.data(), bytes.size(), at);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return std::nullopt;
    }
}

}  // namespace pingjing::intake
