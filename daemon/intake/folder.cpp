#include "daemon/intake/folder.hpp"

#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <boost/system/system_error.hpp>
#include <fstream>

#include "daemon/async/timer.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::intake {
namespace {

namespace fs = std::filesystem;

constexpr auto retry_pause = std::chrono::seconds(30);
constexpr std::string_view taking_suffix = ".taking", result_suffix = ".result.csv", error_suffix = ".error";

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
    return FileForm{.lines = lines, .encoding = settings.encoding, .mapping = lines ? std::string() : settings.mapping, .follow_links = false};
}

// Written beside its place and moved there whole, so that nobody reads half an answer.
bool write_whole(const fs::path& path, const std::string& text) {
    auto half = path;
    half += ".tmp";
    std::ofstream out(half, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    std::error_code failed;
    if (out) fs::rename(half, path, failed);
    return out && !failed;
}

fs::path with(fs::path path, std::string_view suffix) { return path += suffix; }

bool is_file(const fs::path& path, struct stat& facts) { return ::lstat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode); }

// The done folder may be on another disk, where a rename does not reach.
void move_file(const fs::path& from, const fs::path& to, std::error_code& failed) {
    fs::rename(from, to, failed);
    if (failed != std::errc::cross_device_link) return;
    fs::copy_file(from, to, fs::copy_options::overwrite_existing, failed);
    if (!failed) fs::remove(from, failed);
}

}  // namespace

bool is_for_us(const std::string& name, const config::Intake& settings) {
    if (name.starts_with('.') || ::fnmatch(settings.pattern.c_str(), name.c_str(), FNM_PERIOD) != 0) return false;
    for (std::string_view ours : {taking_suffix, result_suffix, error_suffix, std::string_view(settings.done_suffix),
                                  std::string_view(settings.bad_suffix), std::string_view(".tmp"), std::string_view(".part")})
        if (!ours.empty() && name.ends_with(ours)) return false;
    return true;
}

asio::awaitable<void> Folder::run() {
    for (;;) {
        co_await look();
        co_await sleep_for(settings_.poll);
    }
}

asio::awaitable<void> Folder::look() {
    auto all = names();
    for (auto name : all) {
        if (!name.ends_with(taking_suffix)) continue;
        name.resize(name.size() - taking_suffix.size());
        if (is_for_us(name, settings_) && may_retry(name)) co_await take(name);
    }
    std::erase_if(seen_, [&](const auto& entry) { return !all.contains(entry.first); });
    for (const auto& name : all)
        if (is_for_us(name, settings_) && is_complete(name) && claim(name)) co_await take(name);
}

std::set<std::string> Folder::names() {
    std::set<std::string> out;  // in the order of their names: numbered files are taken as they were numbered
    std::error_code failed;
    for (fs::directory_iterator at(settings_.folder, failed), end; !failed && at != end; at.increment(failed)) out.insert(at->path().filename().string());
    if (failed) complain("folder", fmt::format("cannot read {}: {}", settings_.folder.string(), failed.message()));
    else complaints_.erase("folder");
    return out;
}

bool Folder::may_retry(const std::string& name) {
    struct stat facts;
    if (!is_file(with(settings_.folder / name, taking_suffix), facts)) return false;
    auto pause = not_before_.find(name);
    return pause == not_before_.end() || clock_.steady() >= pause->second;
}

// A file, no link and no pipe, whose size and time have stood still for `settle`.
bool Folder::is_complete(const std::string& name) {
    struct stat facts;
    if (!is_file(settings_.folder / name, facts)) return false;
    auto changed_at = static_cast<std::int64_t>(facts.st_mtim.tv_sec) * 1'000'000'000 + facts.st_mtim.tv_nsec;
    auto now = clock_.steady();
    auto [it, is_new] = seen_.try_emplace(name, Seen{facts.st_size, changed_at, now});
    auto& seen = it->second;
    if (seen.size != facts.st_size || seen.changed_at != changed_at) seen = Seen{facts.st_size, changed_at, now};
    return now - seen.since >= settings_.settle;
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
    auto file = DocumentFile::open(with(settings_.folder / name, taking_suffix), form_of(name, settings_));
    if (!file && file.error().kind == Error::Kind::invalid_input) put_aside(name, file.error().detail);
    else if (!file) try_later(name, file.error().detail);
    if (!file) co_return;
    std::string problem;
    auto rows = take_rows(name, std::move(*file), problem);
    auto end = co_await std::move(rows);
    if (end == End::later) co_return;
    complaints_.erase(name);
    not_before_.erase(name);
    if (end == End::done) finish(name);
    else put_aside(name, problem);
}

asio::awaitable<Folder::End> Folder::take_rows(std::string name, DocumentFile file, std::string& problem) {
    auto half = with(with(settings_.folder / name, result_suffix), ".tmp");
    std::ofstream result(half, std::ios::binary | std::ios::trunc);
    result << "line,id,outcome,reason\n";
    std::map<std::string, std::int64_t> outcomes;
    bool news = false;
    try {
        for (;;) {
            auto piece = file.next();
            if (!piece) {
                problem = piece.error().detail;
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
                problem = taken.error().detail;
                break;
            }
            for (const auto& a : *taken) {
                result << a.line << ',' << cell(a.id) << ',' << a.outcome << ',' << cell(a.reason) << '\n';
                ++outcomes[a.outcome];
                news = news || (a.outcome != "rejected" && a.outcome != "unchanged");
            }
            if (news && arrived_) arrived_();
        }
    } catch (const boost::system::system_error&) {
        throw;  // we are being stopped: the file stays claimed for the next start
    } catch (const std::exception& error) {
        try_later(name, error.what());
        co_return End::later;
    }
    result.close();
    std::error_code failed;
    struct stat facts;
    if (problem.empty() && is_file(with(settings_.folder / name, taking_suffix), facts) && facts.st_size != file.bytes_read()) {
        try_later(name, "it grew while it was read: its writer had only paused");
        co_return End::later;
    }
    if (problem.empty()) {
        if (result) fs::rename(half, with(settings_.folder / name, result_suffix), failed);
        if (!result || failed) {
            try_later(name, "cannot write its result; pingjing needs space and the right to write in the folder");
            co_return End::later;
        }
        log::info("folder.taken", {{"file", name}, {"accepted", outcomes["accepted"]}, {"updated", outcomes["updated"]},
                                   {"unchanged", outcomes["unchanged"]}, {"excluded", outcomes["excluded"]}, {"rejected", outcomes["rejected"]}});
        co_return End::done;
    }
    fs::remove(half, failed);
    co_return End::bad;
}

// The rows are in the store; a later file of the same name replaces this one and its result.
void Folder::finish(const std::string& name) {
    auto claimed = with(settings_.folder / name, taking_suffix);
    auto result = with(settings_.folder / name, result_suffix);
    std::error_code failed;
    fs::remove(with(settings_.folder / name, error_suffix), failed);  // of an earlier try
    failed.clear();
    if (settings_.erase_done) {
        fs::remove(claimed, failed);
    } else if (settings_.done_folder.empty()) {
        fs::rename(claimed, with(settings_.folder / name, settings_.done_suffix), failed);
    } else {
        fs::create_directories(settings_.done_folder, failed);
        if (!failed) move_file(result, with(settings_.done_folder / name, result_suffix), failed);
        if (!failed) move_file(claimed, settings_.done_folder / name, failed);
    }
    if (failed) try_later(name, fmt::format("taken, but cannot be put away: {}", failed.message()));
    metrics::count("intake_files_total", {{"outcome", "done"}});
}

void Folder::put_aside(const std::string& name, const std::string& why) {
    std::error_code failed;
    write_whole(with(settings_.folder / name, error_suffix), why + "\n");
    auto suffix = settings_.bad_suffix.empty() ? std::string(".bad") : settings_.bad_suffix;  // under its own name it would be taken again
    fs::rename(with(settings_.folder / name, taking_suffix), with(settings_.folder / name, suffix), failed);
    if (failed) try_later(name, fmt::format("cannot be read, nor put aside: {}", failed.message()));
    log::warn("folder.bad", {{"file", name}, {"why", why}});
    metrics::count("intake_files_total", {{"outcome", "bad"}});
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
