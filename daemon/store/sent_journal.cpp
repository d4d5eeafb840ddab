#include "daemon/store/sent_journal.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <system_error>

#include "daemon/core/tree.hpp"
#include "daemon/log/log.hpp"

namespace pingjing::store {
namespace {

// More than one append ever writes. Power loss tears at random what was not synced, and only the last append can be that; nobody
// was texted because of it.
constexpr std::size_t longest_append = 128 * 1024;

// Segments are named after their first sequence number, so their order is that of their names as numbers.
std::vector<std::int64_t> segments(const Disk& disk, const std::filesystem::path& folder) {
    std::vector<std::int64_t> found;
    for (const auto& name : disk.list(folder)) {
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

// A torn line, overwritten in its place.
constexpr char blot = '#';
bool is_blotted(std::string_view line) { return line.find_first_not_of(blot) == line.npos; }

// Whole lines only: what power loss left of a last one has no end.
std::vector<std::string_view> whole_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return lines;
}

}  // namespace

Result<SentJournal> SentJournal::open(const std::filesystem::path& folder, bool durable, Disk& disk) {
    SentJournal journal(disk);
    journal.folder_ = folder;
    journal.durable_ = durable;
    try {
        disk.make_folder(folder);
        auto found = segments(disk, folder);
        if (found.empty()) {
            journal.start_segment();
            return journal;
        }
        journal.first_of_segment_ = found.back();
        journal.last_ = found.back() - 1;
        auto path = segment_path(folder, found.back());
        auto text = disk.read(path).value_or("");
        int number = 0;
        for (auto line : whole_lines(text)) {
            auto begin = static_cast<std::size_t>(journal.bytes_);
            journal.bytes_ += static_cast<std::int64_t>(line.size()) + 1;
            ++number;
            if (is_blotted(line)) continue;
            auto read = read_line(std::string(line));
            bool torn = !read && text.size() - begin <= longest_append;
            if (torn) {
                log::warn("journal.torn", {{"line", number}});
                std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(begin), line.size(), blot);
                continue;
            }
            // Numbers may be missing: a crash or a full disk between a COMMIT and its line leaves a claim that was never sent.
            if (!read || read->sequence <= journal.last_)
                return fail(Error::Kind::internal, fmt::format("{}: line {} is damaged. Move this file to another folder, keep it, and start again: what the store knows of it is "
                                                               "written anew", path.string(), number));
            journal.last_ = read->sequence;
            journal.last_ref_ = read->ref;
        }
        journal.file_ = disk.open(path);
        journal.file_->cut(journal.bytes_);
        // What we read may never reach the disk: after a failed fsync the kernel shows what it has given up writing. Written anew, it does.
        journal.file_->write(std::string_view(text).substr(0, static_cast<std::size_t>(journal.bytes_)), 0);
        if (durable) journal.file_->sync();
    } catch (const std::system_error& error) {
        return fail(Error::Kind::unavailable, fmt::format("cannot use {}: {}", folder.string(), error.what()));
    }
    return journal;
}

SentJournal SentJournal::look(const std::filesystem::path& folder, Disk& disk) {
    SentJournal journal(disk);
    journal.folder_ = folder;
    std::vector<std::int64_t> found;
    try {
        found = segments(disk, folder);
    } catch (const std::system_error& error) {
        if (error.code() != std::errc::no_such_file_or_directory) throw;
    }
    if (found.empty()) return journal;  // nothing was ever sent
    journal.first_of_segment_ = found.back();
    journal.last_ = found.back() - 1;
    auto text = disk.read(segment_path(folder, found.back())).value_or("");
    for (auto line : whole_lines(text))
        if (auto read = read_line(std::string(line)); read && read->sequence > journal.last_) journal.last_ = read->sequence, journal.last_ref_ = read->ref;
    return journal;
}

void SentJournal::start_segment() {
    file_.reset();
    first_of_segment_ = last_ + 1;
    bytes_ = 0;
    auto file = disk_->open(segment_path(folder_, first_of_segment_));
    disk_->sync_folder(folder_);  // a file whose name is not on the disk is none: then the next line tries again
    file_ = std::move(file);
}

void SentJournal::append(const std::vector<SentLine>& lines) {
    if (lines.empty()) return;
    if (!file_ || last_ + 1 - first_of_segment_ >= disk_->lines_per_segment) start_segment();
    std::string out;
    for (const auto& line : lines) out += write_line(line) + '\n';
    try {
        file_->write(out, bytes_);
        if (durable_) file_->sync();
    } catch (const std::system_error&) {
        try {
            file_->cut(bytes_);
        } catch (const std::system_error&) {
            // Best effort: what is left of a half line is cut off again when the journal is opened.
        }
        throw;
    }
    bytes_ += static_cast<std::int64_t>(out.size());
    last_ = lines.back().sequence;
    last_ref_ = lines.back().ref;
}

std::filesystem::path SentJournal::last_file() const { return segment_path(folder_, first_of_segment_); }

// A segment is named after the line behind the last one of the segment before it.
bool SentJournal::is_whole_after(std::int64_t sequence) const {
    auto found = segments(*disk_, folder_);
    if (last_ < sequence || found.empty() || found.front() > sequence + 1) return false;
    for (std::size_t i = 0; i + 1 < found.size(); ++i) {
        if (found[i + 1] <= sequence + 1) continue;
        auto text = disk_->read(segment_path(folder_, found[i])).value_or("");
        std::int64_t last = found[i] - 1;
        for (auto line : whole_lines(text))
            if (auto read = read_line(std::string(line))) last = read->sequence;
        if (last + 1 != found[i + 1]) return false;
    }
    return true;
}

Result<std::vector<SentLine>> SentJournal::after(std::int64_t sequence) const {
    std::vector<SentLine> lines;
    auto found = segments(*disk_, folder_);
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (i + 1 < found.size() && found[i + 1] <= sequence + 1) continue;  // wholly before
        auto text = disk_->read(segment_path(folder_, found[i])).value_or("");
        for (auto line : whole_lines(text)) {
            if (is_blotted(line)) continue;
            auto read = read_line(std::string(line));
            if (!read) return fail(Error::Kind::internal, fmt::format("sent.{} is damaged", found[i]));
            if (read->sequence > sequence) lines.push_back(std::move(*read));
        }
    }
    return lines;
}

}  // namespace pingjing::store
