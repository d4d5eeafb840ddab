#include "daemon/writeback/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace pingjing::writeback {
namespace {

[[noreturn]] void broken(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

class File {
public:
    File(const std::filesystem::path& path, int flags) : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0640)) {
        if (fd_ < 0) broken("open " + path_.string());
    }
    ~File() { ::close(fd_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
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
    std::filesystem::path path_;
    int fd_;
};

}  // namespace

void write_file(const std::filesystem::path& folder, const std::vector<Line>& lines) {
    auto name = fmt::format("pingjing-{:012}-{:012}.jsonl", lines.front().seq, lines.back().seq);
    auto hidden = folder / ("." + name + ".unfinished");
    std::string bytes;
    for (const auto& line : lines) bytes += line.json + "\n";
    {
        // Whatever stands there is ours from before, or no file at all: a pipe would be waited for.
        ::unlink(hidden.c_str());
        File out(hidden, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
        out.write(bytes);
        out.sync();
    }
    if (::rename(hidden.c_str(), (folder / name).c_str()) != 0) broken("rename " + hidden.string());
    File(folder, O_RDONLY | O_DIRECTORY).sync();
}

}  // namespace pingjing::writeback
