#include "daemon/intake/new_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pingjing::intake {
namespace {
constexpr std::size_t written_at_once = 64 * 1024;
constexpr ::mode_t for_us_and_our_group = 0640;
}  // namespace

Result<NewFile> NewFile::open(const std::filesystem::path& path) {
    ::unlink(path.c_str());  // where that fails the name is taken, which open() says
    int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, for_us_and_our_group);
    if (fd < 0) return fail(Error::Kind::unavailable, fmt::format("cannot write {}: {}", path.filename().string(), std::strerror(errno)));
    return NewFile(fd);
}

NewFile::NewFile(NewFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), good_(other.good_), waiting_(std::move(other.waiting_)) {}

NewFile::~NewFile() {
    if (fd_ >= 0) ::close(fd_);
}

void NewFile::write(std::string_view bytes) {
    waiting_ += bytes;
    if (waiting_.size() >= written_at_once) flush();
}

void NewFile::flush() {
    std::string_view left = waiting_;
    while (good_ && !left.empty()) {
        auto count = ::write(fd_, left.data(), left.size());
        if (count < 0 && errno == EINTR) continue;
        good_ = count > 0;
        if (good_) left.remove_prefix(static_cast<std::size_t>(count));
    }
    waiting_.clear();
}

bool NewFile::close() {
    flush();
    if (::close(std::exchange(fd_, -1)) != 0) good_ = false;
    return good_;
}

}  // namespace pingjing::intake
