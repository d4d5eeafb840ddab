// Loaded before the program: while the file $READ_ONLY_SIGN is there, whatever would change a file below $READ_ONLY_BELOW fails as on a
// file system that the kernel has made read-only after an error.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

bool is_read_only() {
    const char* sign = std::getenv("READ_ONLY_SIGN");
    return sign && ::access(sign, F_OK) == 0;
}
bool below(std::string_view path) {
    const char* folder = std::getenv("READ_ONLY_BELOW");
    return folder && path.starts_with(folder);
}
bool refused(int fd) {
    char path[4096];
    auto length = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
    if (length <= 0 || !below({path, static_cast<std::size_t>(length)}) || !is_read_only()) return false;
    errno = EROFS;
    return true;
}
bool refused(const char* path) {
    if (!below(path) || !is_read_only()) return false;
    errno = EROFS;
    return true;
}
template <class Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int open_file(const char* name, const char* path, int flags, mode_t mode) {
    bool writes = (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0;
    return writes && refused(path) ? -1 : real<int (*)(const char*, int, ...)>(name)(path, flags, mode);
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t n) { return refused(fd) ? -1 : real<ssize_t (*)(int, const void*, size_t)>("write")(fd, bytes, n); }
ssize_t pwrite(int fd, const void* bytes, size_t n, off_t at) { return refused(fd) ? -1 : real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite")(fd, bytes, n, at); }
ssize_t pwrite64(int fd, const void* bytes, size_t n, off64_t at) { return refused(fd) ? -1 : real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64")(fd, bytes, n, at); }
int fsync(int fd) { return refused(fd) ? -1 : real<int (*)(int)>("fsync")(fd); }
int fdatasync(int fd) { return refused(fd) ? -1 : real<int (*)(int)>("fdatasync")(fd); }
int ftruncate(int fd, off_t size) noexcept { return refused(fd) ? -1 : real<int (*)(int, off_t)>("ftruncate")(fd, size); }
int ftruncate64(int fd, off64_t size) noexcept { return refused(fd) ? -1 : real<int (*)(int, off64_t)>("ftruncate64")(fd, size); }
int rename(const char* from, const char* to) noexcept { return refused(to) ? -1 : real<int (*)(const char*, const char*)>("rename")(from, to); }
int unlink(const char* path) noexcept { return refused(path) ? -1 : real<int (*)(const char*)>("unlink")(path); }
int open(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    auto mode = static_cast<mode_t>(va_arg(more, int));
    va_end(more);
    return open_file("open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    auto mode = static_cast<mode_t>(va_arg(more, int));
    va_end(more);
    return open_file("open64", path, flags, mode);
}

}
