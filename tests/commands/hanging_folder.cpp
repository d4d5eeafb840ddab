// Loaded before the program: an fsync of a file that is still unfinished does not come back while the file $HANGING_FOLDER is there, as on a
// mount whose server has gone.
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace {

bool is_unfinished(int fd) {
    char path[4096];
    auto length = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
    return length > 0 && std::string_view(path, static_cast<std::size_t>(length)).ends_with(".jsonl.unfinished");
}

}  // namespace

extern "C" int fsync(int fd) {
    const char* sign = std::getenv("HANGING_FOLDER");
    if (sign && is_unfinished(fd))
        while (::access(sign, F_OK) == 0) ::usleep(20'000);
    return static_cast<int>(::syscall(SYS_fsync, fd));
}
