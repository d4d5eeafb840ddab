// Loaded before the program: an fsync of the write-ahead log fails once, as the kernel tells it, when the file $FAILING_FSYNC is there.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

bool is_wal(int fd) {
    char path[4096];
    auto length = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
    return length > 0 && std::string_view(path, static_cast<std::size_t>(length)).ends_with("-wal");
}

}  // namespace

extern "C" int fdatasync(int fd) {
    const char* sign = std::getenv("FAILING_FSYNC");
    if (sign && is_wal(fd) && ::unlink(sign) == 0) {
        errno = EIO;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fdatasync, fd));
}
