#include "daemon/intake/document_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/intake/charset.hpp"

namespace pingjing::intake {
namespace {

constexpr std::size_t read_bytes = 256 * 1024;  // enough to tell a form by

// JSON lines have an object on each line; a document has one array, or one object over several.
bool is_one_document(std::string_view beginning) {
    if (beginning.starts_with('[')) return true;
    auto end = beginning.find('\n');
    if (end == beginning.npos) return false;
    auto line = beginning.substr(0, end);
    auto last = line.find_last_not_of(" \t\r"), next = beginning.find_first_not_of(" \t\r\n", end);
    return line[last] != '}' && next != beginning.npos && beginning[next] != '{';
}

bool is_ascii(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

DocumentFile::DocumentFile(int fd, std::string name, FileForm form)
    : fd_(fd), name_(std::move(name)), form_(std::move(form)) {}

DocumentFile::DocumentFile(DocumentFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)), form_(std::move(other.form_)), splitter_(std::move(other.splitter_)), whole_(std::move(other.whole_)),
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
    beginning.remove_prefix(std::min(beginning.find_first_not_of(" \t\r\n\xEF\xBB\xBF"), beginning.size()));
    bool json = form_.lines.value_or(beginning.starts_with('{') || beginning.starts_with('['));
    if (json && is_one_document(beginning)) whole_.emplace();
    form_.lines = json && !whole_;
    if (!json) return;
    splitter_ = LineSplitter(), form_.mapping.clear();
    if (form_.encoding == "auto") form_.encoding = "utf-8";
}

Result<void> DocumentFile::take_whole(std::string_view bytes) {
    *whole_ += bytes;
    if (whole_->size() > max_json_bytes)
        return fail(Error::Kind::invalid_input, fmt::format("{} is one JSON document of more than {} MiB: expected JSON lines, an object on each", name_, max_json_bytes >> 20));
    if (ended_) pieces_.push_back({*std::exchange(whole_, std::string()), 1});
    return {};
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
        if (ended_ && read_ == 0 && have == 0 && !*form_.lines && !whole_) pieces_.emplace_back();  // an empty file lacks its head row, and is told so
        read_ += static_cast<std::int64_t>(have);
        if (whole_) {
            if (auto taken = take_whole(sample); !taken) return tl::unexpected(taken.error());
            continue;
        }
        for (auto& piece : splitter_.feed(sample)) pieces_.push_back(std::move(piece));
        if (ended_)
            for (auto& piece : splitter_.finish()) pieces_.push_back(std::move(piece));
    }
    if (pieces_.empty()) return std::optional<Piece>();
    std::optional<Piece> piece = std::move(pieces_.front());
    pieces_.pop_front();
    // A piece is whole rows, so it ends inside no character.
    if (form_.encoding == "auto" && !is_ascii(piece->bytes)) form_.encoding = detect_charset(piece->bytes);
    return piece;
}

Document DocumentFile::document(const Piece& piece) const {
    auto type = whole_ ? "application/json" : form_.lines.value_or(false) ? "application/x-ndjson" : "text/csv";
    return Document{.bytes = piece.bytes, .content_type = type, .charset = form_.encoding,
                    .mapping = form_.mapping, .first_line = piece.first_line};
}

}  // namespace pingjing::intake
