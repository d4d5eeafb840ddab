#include "daemon/core/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

namespace pingjing {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void broken(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

class Opened {
public:
    Opened(const fs::path& path, int flags, unsigned mode = 0) : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
        if (fd_ < 0) broken("open " + path_.string());
    }
    ~Opened() { ::close(fd_); }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;
    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            auto n = ::write(fd_, bytes.data(), bytes.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) broken("write " + path_.string());
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    void sync() {
        if (::fsync(fd_) != 0) broken("fsync " + path_.string());
    }

private:
    fs::path path_;
    int fd_;
};

}  // namespace

std::optional<std::string> read_plain_file(const fs::path& path, std::uintmax_t largest) {
    std::error_code none;
    if (!fs::is_regular_file(fs::symlink_status(path, none)) || fs::file_size(path, none) > largest || none) return std::nullopt;
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    return in.bad() ? std::nullopt : std::optional(std::move(bytes));
}

void write_new_file(const fs::path& path, std::string_view bytes, unsigned mode) {
    ::unlink(path.c_str());  // a pipe would be waited for
    Opened out(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    out.write(bytes);
    out.sync();
}

void sync_folder(const fs::path& path) { Opened(path, O_RDONLY | O_DIRECTORY).sync(); }

void put_in_place(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) broken("rename " + from.string());
    sync_folder(to.parent_path());
}

}  // namespace pingjing
