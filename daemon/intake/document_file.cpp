#include "daemon/intake/document_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/intake/charset.hpp"

namespace pingjing::intake {
namespace {
constexpr std::size_t read_bytes = 256 * 1024;  // enough to tell a charset by
}

DocumentFile::DocumentFile(int fd, std::string name, FileForm form)
    : fd_(fd), name_(std::move(name)), form_(std::move(form)) {}

DocumentFile::DocumentFile(DocumentFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)), form_(std::move(other.form_)), splitter_(std::move(other.splitter_)),
      pieces_(std::move(other.pieces_)), read_(other.read_), ended_(other.ended_) {}

DocumentFile::~DocumentFile() {
    if (fd_ >= 0) ::close(fd_);
}

Result<DocumentFile> DocumentFile::open(const std::filesystem::path& path, FileForm form) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | (form.follow_links ? 0 : O_NOFOLLOW | O_NONBLOCK));
    if (fd < 0)
        return fail(errno == EACCES || errno == EPERM || errno == ELOOP ? Error::Kind::invalid_input : Error::Kind::unavailable,
                    fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
    DocumentFile file(fd, path.string(), std::move(form));
    struct stat facts;
    if (::fstat(fd, &facts) != 0 || S_ISDIR(facts.st_mode) || (!file.form_.follow_links && !S_ISREG(facts.st_mode)))
        return fail(Error::Kind::invalid_input, fmt::format("cannot read {}: it is no file", path.string()));
    return file;
}

// From what was read first, for what comes through a pipe can be read once.
void DocumentFile::learn_form(std::string_view beginning) {
    if (!form_.lines) {
        auto first = beginning.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
        form_.lines = first != std::string_view::npos && beginning[first] == '{';
    }
    if (*form_.lines) splitter_ = LineSplitter(), form_.encoding = "utf-8", form_.mapping.clear();
    else if (form_.encoding == "auto") form_.encoding = detect_charset(beginning);
}

Result<std::optional<Piece>> DocumentFile::next() {
    std::string bytes;
    while (pieces_.empty() && !ended_) {
        bytes.resize(read_bytes);
        std::size_t have = 0;
        while (have < bytes.size() && !ended_) {
            auto count = ::read(fd_, bytes.data() + have, bytes.size() - have);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail(Error::Kind::unavailable, fmt::format("cannot read {} to its end: {}", name_, std::strerror(errno)));
            have += static_cast<std::size_t>(count);
            ended_ = count == 0;
        }
        auto sample = std::string_view(bytes).substr(0, have);
        if (read_ == 0) learn_form(sample);
        if (ended_ && read_ == 0 && have == 0 && !*form_.lines) pieces_.emplace_back();  // an empty file lacks its head row, and is told so
        read_ += static_cast<std::int64_t>(have);
        for (auto& piece : splitter_.feed(sample)) pieces_.push_back(std::move(piece));
        if (ended_)
            for (auto& piece : splitter_.finish()) pieces_.push_back(std::move(piece));
    }
    if (pieces_.empty()) return std::optional<Piece>();
    std::optional<Piece> piece = std::move(pieces_.front());
    pieces_.pop_front();
    return piece;
}

Document DocumentFile::document(const Piece& piece) const {
    return Document{.bytes = piece.bytes, .content_type = form_.lines.value_or(false) ? "application/x-ndjson" : "text/csv", .charset = form_.encoding,
                    .mapping = form_.mapping, .first_line = piece.first_line};
}

}  // namespace pingjing::intake
