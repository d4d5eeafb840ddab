#include "daemon/intake/folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "daemon/async/timer.hpp"
#include "daemon/intake/new_file.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::intake {
namespace {

namespace fs = std::filesystem;

constexpr auto retry_pause = std::chrono::seconds(30);
constexpr Millis longest_wait = std::chrono::hours(24 * 30);
constexpr std::size_t most_named = 10;  // refused files that have an alarm of their own

// A cell of the result. An id comes from the file, and a spreadsheet must not run it as a formula.
std::string cell(const std::string& text) {
    bool formula = !text.empty() && std::string_view("=+-@").find(text[0]) != std::string_view::npos;
    if (!formula && text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = formula ? "\"'" : "\"";
    for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + '"';
}

FileForm form_of(const std::string& name, const config::Intake& settings) {
    bool lines = name.ends_with(".jsonl") || name.ends_with(".ndjson");
    return FileForm{.written = lines ? FileForm::Written::lines : FileForm::Written::csv, .encoding = settings.encoding,
                    .mapping = lines ? std::string() : settings.mapping, .follow_links = false};
}

// "calls.csv" of "calls.csv.taking"; empty: it is not claimed.
std::string claimed_name(const std::string& name) {
    return name.ends_with(taking_suffix) ? name.substr(0, name.size() - taking_suffix.size()) : std::string();
}

std::string say_refused(const FinishedFiles::Refused& file) {
    return file.erased_at ? fmt::format("{}; it is erased at {}", file.why, format_utc(*file.erased_at)) : fmt::format("{}; it stays until somebody removes it", file.why);
}

}  // namespace

asio::awaitable<void> Folder::run() {
    for (;;) {
        co_await look();
        co_await sleep_for(settings_.poll);
    }
}

asio::awaitable<void> Folder::look() {
    bool may_erase = true;
    if (may_erase_) may_erase = co_await may_erase_();
    auto looking = finished_.look(may_erase);
    co_await std::move(looking);
    auto all = names();
    note_waiting(all);
    for (const auto& entry : all) {
        auto name = claimed_name(entry);
        if (!name.empty() && is_for_us(name, settings_) && may_retry(name)) co_await take(name);
    }
    std::erase_if(seen_, [&](const auto& entry) { return !all.contains(entry.first); });
    for (const auto& name : all)
        if (is_for_us(name, settings_) && is_complete(name) && claim(name)) co_await take(name);
}

std::set<std::string> Folder::names() {
    std::set<std::string> out;  // in the order of their names: numbered files are taken as they were numbered
    std::error_code failed;
    for (fs::directory_iterator at(settings_.folder, failed), end; !failed && at != end; at.increment(failed)) out.insert(at->path().filename().string());
    unreadable_ = failed ? fmt::format("cannot read the folder: {}", failed.message()) : "";
    if (failed) complain("folder", fmt::format("cannot read {}: {}", settings_.folder.string(), failed.message()));
    else complaints_.erase("folder");
    return out;
}

void Folder::note_waiting(const std::set<std::string>& names) {
    if (!unreadable_.empty()) return;
    std::set<std::string> here;
    for (const auto& entry : names) {
        auto claimed = claimed_name(entry);
        const auto& name = claimed.empty() ? entry : claimed;
        auto file = is_for_us(name, settings_) ? look_at(settings_.folder / entry) : std::nullopt;
        if (!file) continue;
        here.insert(name);
        // What we find at our start has waited since it was written: a restart must not say that it is over.
        auto before = has_looked_ ? Millis(0) : std::clamp<Millis>(clock_.now() - file->changed(), Millis(0), longest_wait);
        waiting_.try_emplace(name, clock_.steady() - before);
    }
    has_looked_ = true;
    std::erase_if(waiting_, [&](const auto& entry) { return !here.contains(entry.first); });
}

bool Folder::may_retry(const std::string& name) {
    if (!look_at(with(settings_.folder / name, taking_suffix))) return false;
    auto pause = not_before_.find(name);
    return pause == not_before_.end() || clock_.steady() >= pause->second;
}

// A file, no link and no pipe, whose size and time have stood still for `settle`, and that nobody has open for writing.
bool Folder::is_complete(const std::string& name) {
    auto look = look_at(settings_.folder / name);
    if (!look) return false;
    auto now = clock_.steady();
    auto [it, is_new] = seen_.try_emplace(name, Seen{*look, now});
    auto& seen = it->second;
    if (look->is_changed(seen.last)) seen = Seen{*look, now};
    if (now - seen.since < settings_.settle) return false;
    auto file = HeldFile::open(settings_.folder / name);
    return !file || file->has_writer() != true;
}

bool Folder::claim(const std::string& name) {
    auto from = settings_.folder / name, to = with(from, taking_suffix);
    std::error_code failed;
    if (fs::exists(fs::symlink_status(to, failed))) return false;  // one of that name waits for the store
    fs::rename(from, to, failed);
    if (failed) {
        complain(name, fmt::format("cannot claim it: {}; pingjing needs to write in the folder", failed.message()));
        return false;
    }
    seen_.erase(name);
    return true;
}

asio::awaitable<void> Folder::take(std::string name) {
    auto claimed = with(settings_.folder / name, taking_suffix);
    auto held = HeldFile::open(claimed);
    auto before = held ? held->look() : std::nullopt;
    if (held && held->has_writer() == true) {
        try_later(name, "somebody has it open for writing");
        co_return;
    }
    auto file = DocumentFile::open(claimed, form_of(name, settings_));
    if (!file && file.error().kind == Error::Kind::invalid_input) put_aside(name, file.error().detail, std::move(held));
    else if (!file || !before) try_later(name, file ? "it cannot be looked at" : file.error().detail);
    if (!file || !before) co_return;
    Reading reading;
    auto rows = take_rows(name, std::move(*file), reading);
    co_await std::move(rows);
    if (reading.end == End::later) co_return;
    auto finishing = finish(name, std::move(reading), std::move(*held), *before);
    co_await std::move(finishing);
}

asio::awaitable<void> Folder::take_rows(std::string name, DocumentFile file, Reading& reading) {
    auto half = with(with(settings_.folder / name, result_suffix), ".tmp");
    auto result = NewFile::open(half);
    if (!result) {  // before anything is taken, lest the same rows be taken with each try
        try_later(name, fmt::format("its result: {}", result.error().detail));
        co_return;
    }
    auto executor = co_await asio::this_coro::executor;
    result->write("line,id,outcome,reason\n");
    bool news = false;
    try {
        for (;;) {
            auto piece = file.next();
            if (!piece) {
                reading.problem = piece.error().detail;
                break;
            }
            if (!*piece) break;
            auto rules = rules_();
            auto records = rules->records;
            records.now = clock_.now();
            records.source = settings_.source;
            auto taking = intake_.take(file.document(**piece), std::move(records), rules->site, "folder");
            auto taken = co_await std::move(taking);
            if (!taken) {
                reading.problem = taken.error().detail;
                break;
            }
            for (const auto& a : *taken) {
                result->write(fmt::format("{},{},{},{}\n", a.line, cell(a.id), a.outcome, cell(a.reason)));
                ++reading.outcomes[a.outcome];
                news = news || (a.outcome != "rejected" && a.outcome != "unchanged");
            }
            if (news && arrived_) arrived_();
            // A piece without a row asks nobody for anything, and there may be hundreds of them.
            co_await asio::post(executor, asio::use_awaitable);
        }
    } catch (const boost::system::system_error&) {
        throw;  // we are being stopped: the file stays claimed for the next start
    } catch (const std::exception& error) {
        try_later(name, error.what());
        co_return;
    }
    bool is_written = result->close();
    reading.end = !reading.problem.empty() ? End::bad : is_written ? End::done : End::later;
    if (reading.end == End::later) try_later(name, "cannot write its result; pingjing needs space and the right to write in the folder");
}

// The rows are in the store. A writer that had only paused has written more, or still has it open.
asio::awaitable<void> Folder::finish(std::string name, Reading reading, HeldFile held, FileLook before) {
    auto now = held.look();
    bool went_on = !now || now->is_changed(before);
    if (went_on || held.has_writer() == true) {
        try_later(name, went_on ? "it grew while it was read: its writer had only paused" : "somebody has it open for writing");
        co_return;
    }
    if (reading.end == End::bad) {
        std::error_code ignored;
        fs::remove(with(with(settings_.folder / name, result_suffix), ".tmp"), ignored);
        put_aside(name, reading.problem, std::move(held));
        co_return;
    }
    auto putting = finished_.put_away(name, std::move(held), before);
    auto put = co_await std::move(putting);
    if (!put) {
        try_later(name, put.error().detail);
        co_return;
    }
    complaints_.erase(name);
    not_before_.erase(name);
    waiting_.erase(name);
    auto& outcomes = reading.outcomes;
    log::info("folder.taken", {{"file", name}, {"accepted", outcomes["accepted"]}, {"updated", outcomes["updated"]},
                               {"unchanged", outcomes["unchanged"]}, {"excluded", outcomes["excluded"]}, {"rejected", outcomes["rejected"]}});
    metrics::count("intake_files_total", {{"outcome", "done"}});
}

void Folder::put_aside(const std::string& name, const std::string& why, std::optional<HeldFile> held) {
    if (auto put = finished_.put_aside(name, why, std::move(held)); !put) return try_later(name, put.error().detail);
    complaints_.erase(name);
    not_before_.erase(name);
    waiting_.erase(name);
    log::warn("folder.bad", {{"file", name}, {"why", why}});
    metrics::count("intake_files_total", {{"outcome", "bad"}});
}

std::vector<Folder::Trouble> Folder::troubles(Millis backlog) const {
    std::vector<Trouble> out;
    const auto& refused = finished_.refused();
    auto of_service = settings_.source.empty() ? std::string() : settings_.source + ": ";
    for (std::size_t i = 0; i < std::min(refused.size(), most_named); ++i)
        out.push_back({Trouble::Kind::refused, of_service + shown(refused[i].path.filename().string()), say_refused(refused[i])});
    if (refused.size() > most_named) out.push_back({Trouble::Kind::refused, settings_.source, fmt::format("{} more", refused.size() - most_named)});
    std::string waits;
    for (const auto& why : {unreadable_, finished_.trouble(), say_waiting(backlog)})
        if (!why.empty()) waits += (waits.empty() ? "" : "; ") + why;
    if (!waits.empty()) out.push_back({Trouble::Kind::waits, settings_.source, waits});
    return out;
}

std::string Folder::say_waiting(Millis backlog) const {
    std::size_t count = 0;
    std::string first;
    for (const auto& [name, since] : waiting_) {
        if (clock_.steady() - since <= backlog || count++ > 0) continue;
        auto why = complaints_.find(name);
        first = shown(name) + (why == complaints_.end() ? "" : ": " + shown(why->second));
    }
    if (count == 0) return {};
    auto minutes = std::chrono::duration_cast<std::chrono::minutes>(backlog).count();
    return count == 1 ? fmt::format("1 file waits for more than {} minutes, {}", minutes, first) : fmt::format("{} files wait for more than {} minutes, the first is {}", count, minutes, first);
}

void Folder::complain(const std::string& about, const std::string& why) {
    auto& said = complaints_[about];
    if (said == why) return;
    said = why;
    log::warn("folder.trouble", {{"file", about}, {"why", why}});
}

void Folder::try_later(const std::string& name, const std::string& why) {
    not_before_[name] = clock_.steady() + retry_pause;
    complain(name, why);
}

}  // namespace pingjing::intake
