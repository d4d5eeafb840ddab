#include "daemon/intake/finished.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "daemon/core/phone.hpp"
#include "daemon/intake/drop_names.hpp"
#include "daemon/intake/new_file.hpp"
#include "daemon/log/log.hpp"

namespace pingjing::intake {
namespace {

namespace fs = std::filesystem;

constexpr auto sweep_every = std::chrono::minutes(1);
constexpr auto watched_for = std::chrono::hours(1);    // after its last change
constexpr auto copied_within = std::chrono::hours(1);  // a copy that is not claimed by then was left by a kill
constexpr std::size_t most_watched = 100;              // each is an open file
constexpr Millis read_within = std::chrono::hours(72); // what somebody has to read stays over a weekend
constexpr std::string_view result_head = "line,id,outcome,reason\n";
constexpr std::string_view reason_head = "pingjing: ";  // what begins so is ours, and may be erased

Error cannot(std::string_view what, const std::error_code& why) { return {Error::Kind::unavailable, fmt::format("{}: {}", what, why.message())}; }

bool is_taken(const fs::path& path) {
    std::error_code failed;
    return fs::exists(fs::symlink_status(path, failed));
}

// Written beside its place and moved there whole, so that nobody reads half an answer.
Result<void> write_whole(const fs::path& path, const std::string& text) {
    auto half = with(path, ".tmp");
    auto out = NewFile::open(half);
    if (!out) return tl::unexpected(out.error());
    out->write(text);
    std::error_code failed = std::make_error_code(std::errc::no_space_on_device), ignored;
    if (out->close()) fs::rename(half, path, failed);
    if (!failed) return {};
    fs::remove(half, ignored);
    return tl::unexpected(cannot("cannot write the reason", failed));
}

// Of what may be anybody's file, of any length: no more than that of it.
std::string first_line(const fs::path& path) {
    std::string line(300, '\0');
    std::ifstream in(path, std::ios::binary);
    in.read(line.data(), static_cast<std::streamsize>(line.size()));
    line.resize(static_cast<std::size_t>(in.gcount()));
    return line.substr(0, line.find('\n'));
}

// What we wrote about a refused file; nullopt: it is somebody else's, or there is none.
std::optional<std::string> reason_in(const fs::path& path) {
    auto line = look_at(path) ? first_line(path) : std::string();
    if (!line.starts_with(reason_head)) return std::nullopt;
    return line.substr(reason_head.size());
}

bool is_result(const fs::path& path) {
    return first_line(path) + "\n" == result_head;
}

std::set<std::string> names_in(const fs::path& folder) {
    std::set<std::string> out;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) out.insert(at->path().filename().string());
    return out;
}

// Halves that nobody shall find, however we leave.
struct LeftOver {
    std::vector<fs::path> paths;
    ~LeftOver() {
        std::error_code ignored;
        for (const auto& path : paths) fs::remove(path, ignored);
    }
};

// "calls.csv" of "calls.csv.done"; empty: it does not end so.
std::string without(const std::string& name, std::string_view suffix) {
    return !suffix.empty() && name.size() > suffix.size() && name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : std::string();
}

}  // namespace

fs::path FinishedFiles::done_path(const std::string& stem) const {
    return is_done_elsewhere() ? settings_.done_folder / stem : with(settings_.folder / stem, settings_.done_suffix);
}

Millis FinishedFiles::answers_stay() const { return std::max(settings_.keep_done, read_within); }

// One more than the highest that anything of this file bears.
int FinishedFiles::next_number(const std::string& name) const {
    int highest = 0;
    for (const auto& entry : names_in(settings_.folder)) highest = std::max(highest, number_of(entry, name, settings_, false));
    if (is_done_elsewhere())
        for (const auto& entry : names_in(settings_.done_folder)) highest = std::max(highest, number_of(entry, name, settings_, true));
    return highest + 1;
}

// Under the next number, which nobody else takes meanwhile: between the look at the names and the last rename nothing is awaited.
Result<std::string> FinishedFiles::place(const std::string& name, const Pair& from, std::error_code& failed) {
    std::error_code ignored;
    auto stem = numbered(name, next_number(name));
    auto result = with(done_folder() / stem, result_suffix);
    fs::rename(from.result, result, failed);
    if (failed) return tl::unexpected(cannot("taken, but its result cannot be written", failed));
    if (settings_.keep_done == Millis(0)) fs::remove(from.file, failed);
    else fs::rename(from.file, done_path(stem), failed);
    if (!failed) return stem;
    fs::rename(result, from.result, ignored);  // the next try would give it a number of its own
    return tl::unexpected(cannot("taken, but cannot be put away", failed));
}

// A result first: without one beside it a file in done_folder is anybody's.
asio::awaitable<Result<void>> FinishedFiles::bring_over(Pair from, Pair to) {
    static constexpr config::Path Pair::* both[] = {&Pair::result, &Pair::file};
    for (auto one : both) {
        if (one == &Pair::file && settings_.keep_done == Millis(0)) continue;
        auto file = HeldFile::open(from.*one);
        if (!file) co_return fail(Error::Kind::unavailable, fmt::format("taken, but {} cannot be read", (from.*one).filename().string()));
        auto copying = copies_.copy(*file, to.*one);
        auto copied = co_await std::move(copying);
        if (!copied) co_return fail(Error::Kind::unavailable, fmt::format("taken, but cannot be put away: {}", copied.error().detail));
    }
    co_return Result<void>();
}

asio::awaitable<Result<void>> FinishedFiles::put_away(std::string name, HeldFile file, FileLook taken) {
    std::error_code failed, ignored;
    if (is_done_elsewhere()) fs::create_directories(settings_.done_folder, failed);
    if (failed) co_return tl::unexpected(cannot("taken, but done_folder cannot be made", failed));
    Pair here{with(with(settings_.folder / name, result_suffix), ".tmp"), with(settings_.folder / name, taking_suffix)};
    auto placed = place(name, here, failed);
    if (!placed && failed == std::errc::cross_device_link) {
        auto there = done_folder() / name;
        auto suffix = copy_suffix(settings_);
        Pair near{with(with(there, result_suffix), suffix), with(there, suffix)};
        LeftOver half{{near.result, near.file}};
        auto bringing = bring_over(here, near);
        auto brought = co_await std::move(bringing);
        if (!brought) co_return tl::unexpected(brought.error());
        if (settings_.keep_done == Millis(0)) near.file = here.file;
        placed = place(name, near, failed);
        if (placed) fs::remove(here.result, ignored), fs::remove(here.file, failed);
        if (placed && failed) {  // it would be taken again and again, and there would be ever more of them
            fs::remove(done_path(*placed), ignored), fs::remove(with(done_folder() / *placed, result_suffix), ignored);
            placed = tl::unexpected(cannot("taken, but cannot be removed", failed));
        }
    }
    if (!placed) co_return tl::unexpected(placed.error());
    watch(name, done_path(*placed), std::move(file), taken);
    co_return Result<void>();
}

Result<void> FinishedFiles::put_aside(const std::string& name, const std::string& why, std::optional<HeldFile> file) {
    auto stem = numbered(name, next_number(name));
    auto error = with(settings_.folder / stem, error_suffix), bad = with(settings_.folder / stem, bad_suffix(settings_));
    auto taken = file ? file->look() : std::nullopt;
    // Without its reason beside it nobody would know whose it is, and it would stay for ever.
    if (auto written = write_whole(error, std::string(reason_head) + hide_mobiles(why) + "\n"); !written) return written;
    std::error_code failed, ignored;
    fs::rename(with(settings_.folder / name, taking_suffix), bad, failed);
    if (failed) {
        fs::remove(error, ignored);
        return tl::unexpected(cannot("cannot be read, nor put aside", failed));
    }
    if (taken) watch(name, bad, std::move(*file), *taken);
    sweep_at_.reset();  // it is among the refused ones with the next look
    return {};
}

void FinishedFiles::watch(const std::string& name, fs::path path, HeldFile file, const FileLook& taken) {
    if (watched_.size() >= most_watched) watched_.erase(watched_.begin());
    auto now = clock_.steady();
    watched_.push_back({name, std::move(path), std::move(file), taken, taken, now, now + watched_for});
}

bool FinishedFiles::is_watched(const FileLook& look) const {
    return std::any_of(watched_.begin(), watched_.end(), [&](const Watched& w) { return w.last.device == look.device && w.last.inode == look.inode; });
}

asio::awaitable<void> FinishedFiles::look(bool may_erase) {
    may_erase_ = may_erase;
    auto now = clock_.steady();
    bool is_due = !sweep_at_ || now >= *sweep_at_;
    if (is_due) trouble_.clear();
    for (std::size_t i = 0; i < watched_.size();) {
        auto looking = is_through(watched_[i]);
        bool through = co_await std::move(looking);
        if (through) watched_.erase(watched_.begin() + static_cast<std::ptrdiff_t>(i));
        else ++i;
    }
    std::erase_if(refused_, [](const Refused& file) { return !look_at(file.path); });  // somebody has seen to it
    if (!is_due) co_return;
    sweep_at_ = now + sweep_every;
    sweep();
}

// Nobody needs to look at it any more.
asio::awaitable<bool> FinishedFiles::is_through(Watched& file) {
    auto now = clock_.steady();
    auto look = file.file.look();
    if (!look) co_return true;
    if (look->is_changed(file.last)) file.last = *look, file.since = now, file.until = now + watched_for;
    if (!file.last.is_changed(file.taken)) co_return now >= file.until;
    if (!has_gone_on(file)) co_return false;
    auto taking = take_again(file);
    co_return co_await std::move(taking);
}

// And has come to its end by now.
bool FinishedFiles::has_gone_on(Watched& file) { return clock_.steady() - file.since >= settings_.settle && file.file.has_writer() != true; }

// True: it lies where it is claimed, and is watched anew when it is through.
asio::awaitable<bool> FinishedFiles::take_again(Watched& file) {
    auto there = look_at(file.path);
    if (there && there->inode == file.last.inode && there->device == file.last.device) co_return claim_again(file.name, file.path);
    // Erased, or copied to another disk: what was written since is in our hand alone.
    auto half = with(with(settings_.folder / file.name, taking_suffix), ".tmp");
    auto copying = copies_.copy(file.file, half);
    auto copied = co_await std::move(copying);
    if (!copied) {
        trouble_ = fmt::format("{}: its writer went on after it was put away, and it cannot be copied", shown(file.name));
        co_return false;
    }
    if (claim_again(file.name, half)) file.taken = file.last;
    co_return false;  // its writer may go on once more
}

bool FinishedFiles::claim_again(const std::string& name, const fs::path& path) {
    auto claimed = with(settings_.folder / name, taking_suffix);
    if (is_taken(claimed)) return false;  // its namesake comes first
    std::error_code failed;
    fs::rename(path, claimed, failed);
    if (failed) trouble_ = fmt::format("{}: its writer went on after it was put away, and it cannot be taken again: {}", shown(name), failed.message());
    else log::warn("folder.went_on", {{"file", name}});
    return !failed;
}

void FinishedFiles::sweep() {
    refused_.clear();
    bool is_start = std::exchange(has_swept_, true) == false;
    auto names = names_in(settings_.folder);
    sweep_copies(settings_.folder, names, is_start);
    sweep_files(settings_.folder, names);
    sweep_answers(settings_.folder, names);
    if (!is_done_elsewhere()) return;
    names = names_in(settings_.done_folder);
    sweep_copies(settings_.done_folder, names, is_start);
    sweep_files(settings_.done_folder, names);
    sweep_answers(settings_.done_folder, names);
}

void FinishedFiles::sweep_files(const fs::path& folder, const std::set<std::string>& names) {
    bool is_elsewhere = folder != settings_.folder;
    for (const auto& entry : names) {
        // In a folder of their own they have no suffix: what has no result beside it may be anybody's.
        auto stem = !is_elsewhere ? without(entry, settings_.done_suffix) : names.contains(entry + std::string(result_suffix)) ? entry : std::string();
        if (auto name = plain_name(stem, settings_); !name.empty()) look_at_done(folder / entry, name, with(folder / stem, result_suffix));
        stem = is_elsewhere ? std::string() : without(entry, bad_suffix(settings_));
        if (!plain_name(stem, settings_).empty()) look_at_bad(folder / entry, with(folder / stem, error_suffix));
    }
}

void FinishedFiles::look_at_done(const fs::path& path, const std::string& name, const fs::path& answer) {
    auto file = look_at(path), result = look_at(answer);
    if (!file) return;
    // Written to while we did not run: it is newer than what we answered. (In done_folder it may be a file of another service.)
    bool went_on = !is_done_elsewhere() && result && file->changed_at > result->changed_at && !is_watched(*file);
    if (went_on && read_again_.emplace(file->inode, file->changed_at).second && claim_again(name, path)) return;
    auto since = (result ? result : file)->changed();
    if (clock_.now() - since >= settings_.keep_done) erase(path);
}

void FinishedFiles::look_at_bad(const fs::path& path, const fs::path& error) {
    auto file = look_at(path), reason = look_at(error);
    if (!file) return;
    auto why = reason_in(error);
    if (!reason || !why) return refused_.push_back({path, "no reason of ours lies beside it", std::nullopt});  // it may be anybody's
    auto until = reason->changed() + answers_stay();
    if (clock_.now() >= until && may_erase_) erase(path);
    else refused_.push_back({path, shown(*why), until});
}

// Half copies: here of files whose writers went on, in done_folder of those that are brought there. Those that lie there at our start
// are of one who was killed.
void FinishedFiles::sweep_copies(const fs::path& folder, const std::set<std::string>& names, bool is_start) {
    bool is_elsewhere = folder != settings_.folder;
    for (const auto& entry : names) {
        auto stem = without(entry, is_elsewhere ? copy_suffix(settings_) : std::string(taking_suffix) + ".tmp");
        if (auto of_result = without(stem, result_suffix); is_elsewhere && !of_result.empty()) stem = of_result;
        auto file = look_at(folder / entry);
        if (stem.empty() || !is_for_us(stem, settings_) || !file) continue;
        if (is_start || clock_.now() - file->changed() >= copied_within) erase(folder / entry);
    }
}

// Results and reasons go when their file is gone, and has been for long enough to be read.
void FinishedFiles::sweep_answers(const fs::path& folder, const std::set<std::string>& names) {
    for (const auto& entry : names) {
        bool is_error = entry.ends_with(error_suffix);
        auto stem = without(entry, is_error ? error_suffix : result_suffix);
        auto answer = look_at(folder / entry);
        if (plain_name(stem, settings_).empty() || !answer || clock_.now() - answer->changed() < answers_stay()) continue;
        if (is_taken(is_error ? with(folder / stem, bad_suffix(settings_)) : done_path(stem))) continue;
        if (is_error ? reason_in(folder / entry).has_value() : is_result(folder / entry)) erase(folder / entry);
    }
}

void FinishedFiles::erase(const fs::path& path) {
    if (!may_erase_) return;
    std::error_code failed;
    auto name = path.filename().string();
    if (fs::remove(path, failed)) log::info("folder.erased", {{"file", name}});
    if (failed) trouble_ = fmt::format("{} cannot be erased: {}", shown(name), failed.message());
}

}  // namespace pingjing::intake
