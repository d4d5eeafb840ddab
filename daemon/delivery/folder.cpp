#include "daemon/delivery/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

namespace pingjing::delivery {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void broken(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

class Opened {
public:
    Opened(const fs::path& path, int flags) : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0640)) {
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

std::optional<std::string> bytes_of(const fs::path& path) {
    std::error_code none;
    if (!fs::is_regular_file(fs::symlink_status(path, none))) return std::nullopt;
    std::ifstream in(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    return in.bad() ? std::nullopt : std::optional(std::move(bytes));
}

void write_new(const fs::path& path, std::string_view bytes) {
    // Whatever stands there is ours from before, or no file at all: a pipe would be waited for.
    ::unlink(path.c_str());
    Opened out(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    out.write(bytes);
    out.sync();
}
void sync_folder(const fs::path& path) { Opened(path, O_RDONLY | O_DIRECTORY).sync(); }
void put_in_place(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) broken("rename " + from.string());
    sync_folder(to.parent_path());
}

// What an earlier attempt, of other contents, has left.
void remove_others(const fs::path& folder, const Parcel& parcel) {
    for (const auto& entry : fs::directory_iterator(folder))
        if (std::ranges::find(parcel.files, entry.path().filename().string(), &File::name) == parcel.files.end()) fs::remove_all(entry.path());
}

}  // namespace

Result<int> put_into_folder(const fs::path& folder, const Parcel& parcel, const std::function<void()>& before_step) {
    auto step = [&] {
        if (before_step) before_step();
    };
    if (!fs::is_directory(folder)) return fail(Error::Kind::not_found, fmt::format("{} is not there; is its disk mounted?", folder.string()));
    auto day = folder / parcel.day, target = folder / parcel.folder(), hidden = folder / parcel.unfinished();
    int written = 0;
    if (fs::exists(target)) {
        for (const auto& file : parcel.files)
            if (bytes_of(target / file.name) != file.bytes) return fail(Error::Kind::conflict, fmt::format("another {} stands in {}: its {} differs", parcel.folder(), folder.string(), file.name));
    } else {
        step();
        fs::create_directories(hidden);
        remove_others(hidden, parcel);
        for (const auto& file : parcel.files) {
            if (bytes_of(hidden / file.name) == file.bytes) continue;
            step();
            write_new(hidden / file.name, file.bytes);
            ++written;
        }
        sync_folder(hidden);
        step();
        put_in_place(hidden, target);
        sync_folder(folder);
    }
    auto latest = bytes_of(day / "latest").value_or("");
    if (version_named(latest) >= parcel.version) return written;
    step();
    write_new(day / ".latest.unfinished", parcel.latest());
    step();
    put_in_place(day / ".latest.unfinished", day / "latest");
    return written;
}

}  // namespace pingjing::delivery
