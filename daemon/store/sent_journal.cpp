#include "daemon/store/sent_journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "daemon/core/tree.hpp"

namespace pingjing::store {
namespace {

constexpr std::int64_t lines_per_segment = 100'000;

// Segments are named after their first sequence number, so their order is that of their names as numbers.
std::vector<std::int64_t> segments(const std::filesystem::path& folder) {
    std::vector<std::int64_t> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        auto name = entry.path().filename().string();
        if (!name.starts_with("sent.")) continue;
        std::istringstream number(name.substr(5));
        std::int64_t first = 0;
        if (number >> first && number.eof()) found.push_back(first);
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string write_line(const SentLine& line) { return fmt::format("{} {} {}", line.sequence, line.ref, to_hex(line.phone_key)); }

std::filesystem::path segment_path(const std::filesystem::path& folder, std::int64_t first) { return folder / fmt::format("sent.{}", first); }

// nullopt: not a whole line of ours.
std::optional<SentLine> read_line(const std::string& line) {
    std::istringstream in(line);
    std::int64_t sequence = 0;
    std::string ref, hex, key(16, '\0');
    if (!(in >> sequence >> ref >> hex) || hex.size() != 32) return std::nullopt;
    std::size_t length = 0;
    if (sodium_hex2bin(reinterpret_cast<unsigned char*>(key.data()), key.size(), hex.data(), hex.size(), nullptr, &length, nullptr) != 0)
        return std::nullopt;
    SentLine read(sequence, ref, key);
    if (write_line(read) != line) return std::nullopt;
    return read;
}

void sync_folder(const std::filesystem::path& folder) {
    int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || ::fsync(fd) != 0) {
        int why = errno;
        if (fd >= 0) ::close(fd);
        throw std::system_error(why, std::generic_category(), "fsync " + folder.string());
    }
    ::close(fd);
}

}  // namespace

SentJournal::SentJournal(SentJournal&& other) noexcept
    : folder_(std::move(other.folder_)), fd_(std::exchange(other.fd_, -1)), durable_(other.durable_), last_(other.last_), first_of_segment_(other.first_of_segment_),
      bytes_(other.bytes_) {}

SentJournal::~SentJournal() {
    if (fd_ >= 0) ::close(fd_);
}

Result<SentJournal> SentJournal::open(const std::filesystem::path& folder, bool durable) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail(Error::Kind::unavailable, fmt::format("cannot make {}: {}", folder.string(), error.message()));
    SentJournal journal;
    journal.folder_ = folder;
    journal.durable_ = durable;
    auto found = segments(folder);
    if (found.empty()) {
        journal.start_segment();
        return journal;
    }
    journal.first_of_segment_ = found.back();
    journal.last_ = found.back() - 1;
    auto path = segment_path(folder, found.back());
    std::ifstream in(path, std::ios::binary);
    std::string line;
    int number = 0;
    while (std::getline(in, line) && !in.eof()) {  // eof here: the line had no end
        auto read = read_line(line);
        ++number;
        // Numbers may be missing: a crash or a full disk between a COMMIT and its line leaves a claim that was never sent.
        if (!read || read->sequence <= journal.last_)
            return fail(Error::Kind::internal, fmt::format("{}: line {} is damaged; keep the file and ask `pingjing restore`", path.string(), number));
        journal.last_ = read->sequence;
        journal.bytes_ += static_cast<std::int64_t>(line.size()) + 1;
    }
    journal.fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (journal.fd_ < 0 || ::ftruncate(journal.fd_, journal.bytes_) != 0)
        return fail(Error::Kind::unavailable, fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
    return journal;
}

void SentJournal::start_segment() {
    if (fd_ >= 0) ::close(fd_);
    first_of_segment_ = last_ + 1;
    bytes_ = 0;
    auto path = segment_path(folder_, first_of_segment_);
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "open " + path.string());
    sync_folder(folder_);
}

void SentJournal::append(const std::vector<SentLine>& lines) {
    if (lines.empty()) return;
    if (fd_ < 0 || last_ + 1 - first_of_segment_ >= lines_per_segment) start_segment();
    std::string out;
    for (const auto& line : lines) out += write_line(line) + '\n';
    std::size_t written = 0;
    while (written < out.size()) {
        auto n = ::pwrite(fd_, out.data() + written, out.size() - written, bytes_ + static_cast<off_t>(written));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        written += static_cast<std::size_t>(n);
    }
    if (written < out.size() || (durable_ && ::fdatasync(fd_) != 0)) {
        int why = errno ? errno : ENOSPC;
        // Best effort: what is left of a half line is cut off again when the journal is opened.
        if (::ftruncate(fd_, bytes_) != 0) why = errno;
        throw std::system_error(why, std::generic_category(), "sent journal");
    }
    bytes_ += static_cast<std::int64_t>(out.size());
    last_ = lines.back().sequence;
}

Result<std::vector<SentLine>> SentJournal::after(std::int64_t sequence) const {
    std::vector<SentLine> lines;
    auto found = segments(folder_);
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (i + 1 < found.size() && found[i + 1] <= sequence + 1) continue;  // wholly before
        std::ifstream in(segment_path(folder_, found[i]), std::ios::binary);
        for (std::string line; std::getline(in, line) && !in.eof();) {
            auto read = read_line(line);
            if (!read) return fail(Error::Kind::internal, fmt::format("sent.{} is damaged", found[i]));
            if (read->sequence > sequence) lines.push_back(std::move(*read));
        }
    }
    return lines;
}

}  // namespace pingjing::store
