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
#include "daemon/intake/fields.hpp"

namespace pingjing::intake {
namespace {
constexpr std::size_t read_bytes = 256 * 1024;  // enough to tell a charset by

using Written = FileForm::Written;

// Whether an object that begins here is still open where its line ends, and what follows belongs to it. A line that broke off in the
// middle is followed by the next object, which in the middle of an object is only right behind a colon, or in a list.
bool is_over_several_lines(std::string_view text) {
    std::string open;  // the brackets that have to close
    char last = 0;     // that is no blank
    bool in_text = false;
    for (std::size_t at = 0; at < text.size() && text[at] != '\n'; ++at) {
        char c = text[at];
        if (c != ' ' && c != '\t' && c != '\r') last = c;
        if (in_text && c == '\\') ++at;
        else if (c == '"') in_text = !in_text;
        else if (!in_text && (c == '{' || c == '[')) open += c;
        else if (!in_text && (c == '}' || c == ']') && !open.empty()) open.pop_back();
        if (open.empty()) return false;
    }
    auto next = text.find('\n') == std::string_view::npos ? std::string_view::npos : text.find_first_not_of(" \t\r\n", text.find('\n'));
    if (in_text || next == std::string_view::npos) return false;
    return text[next] != '{' || last == ':' || (open.back() == '[' && (last == '[' || last == ','));
}

Written how_written(std::string_view beginning) {
    auto text = trim(without_bom(beginning));
    if (text.starts_with('[')) return Written::json;
    if (!text.starts_with('{')) return Written::csv;
    return is_over_several_lines(text) ? Written::json : Written::lines;
}
}  // namespace

DocumentFile::DocumentFile(int fd, std::string name, FileForm form)
    : fd_(fd), name_(std::move(name)), form_(std::move(form)) {}

DocumentFile::DocumentFile(DocumentFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)), form_(std::move(other.form_)), splitter_(std::move(other.splitter_)),
      pieces_(std::move(other.pieces_)), json_(std::move(other.json_)), read_(other.read_), ended_(other.ended_) {}

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
    if (!form_.written) form_.written = how_written(beginning);
    if (form_.written == Written::csv) return;
    splitter_ = LineSplitter();
    form_.mapping.clear();
}

// Not before there is something to decide it by, and then by a piece that is large enough.
Result<void> DocumentFile::learn_charset(std::string& bytes) {
    if (form_.encoding != "auto" || is_ascii(bytes)) return {};
    auto first = std::find_if(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }) - bytes.begin();
    if (auto more = read_more(bytes); !more) return more;
    form_.encoding = detect_charset(std::string_view(bytes).substr(static_cast<std::size_t>(first)));
    return {};
}

// Adds read_bytes, or what is left.
Result<void> DocumentFile::read_more(std::string& bytes) {
    auto have = bytes.size();
    const auto wanted = have + read_bytes;
    bytes.resize(wanted);
    while (have < wanted && !ended_) {
        auto count = ::read(fd_, bytes.data() + have, wanted - have);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(Error::Kind::unavailable, fmt::format("cannot read {} to its end: {}", name_, std::strerror(errno)));
        have += static_cast<std::size_t>(count);
        ended_ = count == 0;
    }
    bytes.resize(have);
    return {};
}

Result<void> DocumentFile::take(std::string bytes) {
    if (form_.written == Written::json) {
        json_ += bytes;
        if (json_.size() > form_.longest_json)
            return fail(Error::Kind::invalid_input,
                        fmt::format("{}: expected a JSON array or object of at most {} bytes; one object a line (JSON lines) may be longer", name_,
                                    form_.longest_json));
        if (ended_) pieces_.push_back(Piece{std::move(json_), 1});
        return {};
    }
    for (auto& piece : splitter_.feed(bytes)) pieces_.push_back(std::move(piece));
    if (ended_)
        for (auto& piece : splitter_.finish()) pieces_.push_back(std::move(piece));
    return {};
}

Result<std::optional<Piece>> DocumentFile::next() {
    while (pieces_.empty() && !ended_) {
        std::string bytes;
        if (auto read = read_more(bytes); !read) return tl::unexpected(read.error());
        if (read_ == 0) learn_form(bytes);
        // An empty file lacks its head row, and is told so.
        if (bytes.empty() && read_ == 0 && form_.written == Written::csv) pieces_.emplace_back();
        if (auto learnt = learn_charset(bytes); !learnt) return tl::unexpected(learnt.error());
        read_ += static_cast<std::int64_t>(bytes.size());
        if (auto taken = take(std::move(bytes)); !taken) return tl::unexpected(taken.error());
    }
    if (pieces_.empty()) return std::optional<Piece>();
    std::optional<Piece> piece = std::move(pieces_.front());
    pieces_.pop_front();
    return piece;
}

Document DocumentFile::document(const Piece& piece) const {
    auto written = form_.written.value_or(Written::csv);
    auto type = written == Written::csv ? "text/csv" : written == Written::lines ? "application/x-ndjson" : "application/json";
    return Document{.bytes = piece.bytes, .content_type = type, .charset = form_.encoding,
                    .mapping = form_.mapping, .first_line = piece.first_line};
}

}  // namespace pingjing::intake
