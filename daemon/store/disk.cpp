#include "daemon/store/disk.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace pingjing::store {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void broken(const char* what, const fs::path& where) { throw std::system_error(errno, std::generic_category(), std::string(what) + " " + where.string()); }

class Descriptor {
public:
    Descriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
        if (fd_ < 0) broken("open", path);
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int fd() const { return fd_; }

private:
    int fd_;
};

class MachineFile final : public Disk::File {
public:
    explicit MachineFile(const fs::path& path) : path_(path), file_(path, O_WRONLY | O_CREAT) {}
    void write(std::string_view bytes, std::int64_t at) override {
        while (!bytes.empty()) {
            auto n = ::pwrite(file_.fd(), bytes.data(), bytes.size(), at);
            if (n < 0 && errno == EINTR) continue;
            if (n == 0) errno = ENOSPC;
            if (n <= 0) broken("write", path_);
            bytes.remove_prefix(static_cast<std::size_t>(n));
            at += n;
        }
    }
    void cut(std::int64_t size) override {
        if (::ftruncate(file_.fd(), size) != 0) broken("truncate", path_);
    }
    void sync() override {
        if (::fdatasync(file_.fd()) != 0) broken("fsync", path_);
    }

private:
    fs::path path_;
    Descriptor file_;
};

class MachineDisk final : public Disk {
public:
    using Disk::read;
    const char* vfs() const override { return nullptr; }
    void make_folder(const fs::path& folder) override { fs::create_directories(folder); }
    std::shared_ptr<void> lock(const fs::path& path) override {
        struct Both { Descriptor file, folder; };  // released by the kernel whatever happens to us
        auto both = std::make_shared<Both>(Descriptor(path, O_RDWR | O_CREAT), Descriptor(path.parent_path(), O_RDONLY | O_DIRECTORY));
        bool ours = ::flock(both->file.fd(), LOCK_EX | LOCK_NB) == 0 && ::flock(both->folder.fd(), LOCK_EX | LOCK_NB) == 0;
        return ours ? both : nullptr;
    }
    std::vector<std::string> list(const fs::path& folder) const override {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
        return names;
    }
    std::optional<std::string> read(const fs::path& path, std::int64_t at, std::size_t most) const override {
        if (!fs::exists(path)) return std::nullopt;
        Descriptor file(path, O_RDONLY);
        auto size = static_cast<std::int64_t>(fs::file_size(path));
        std::string all(std::min(most, static_cast<std::size_t>(std::max(size - at, std::int64_t{0}))), '\0');
        std::size_t got = 0;
        while (got < all.size()) {
            auto n = ::pread(file.fd(), all.data() + got, all.size() - got, static_cast<off_t>(at) + static_cast<off_t>(got));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) broken("read", path);
            if (n == 0) break;
            got += static_cast<std::size_t>(n);
        }
        all.resize(got);
        return all;
    }
    std::optional<std::uint64_t> size(const fs::path& path) const override { return fs::exists(path) ? std::optional<std::uint64_t>(fs::file_size(path)) : std::nullopt; }
    std::unique_ptr<File> open(const fs::path& path) override { return std::make_unique<MachineFile>(path); }
    void rename(const fs::path& from, const fs::path& to) override { fs::rename(from, to); }
    void sync_folder(const fs::path& folder) override {
        Descriptor open(folder, O_RDONLY | O_DIRECTORY);
        if (::fsync(open.fd()) != 0) broken("fsync", folder);
    }
};

}  // namespace

Disk& machine_disk() {
    static MachineDisk disk;
    return disk;
}

}  // namespace pingjing::store
