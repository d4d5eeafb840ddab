// A drop folder and whoever delivers into it, on virtual time.
#pragma once
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <sstream>

#include "daemon/intake/folder.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

namespace pingjing::test {

namespace fs = std::filesystem;

inline const auto night = *parse_rfc3339("2026-11-21T00:30:00+08:00");

struct Drop {
    asio::io_context io{};
    TempFolder state{}, in{};
    store::Seal seal = store::Seal::from_seed(1);
    SeededRandom random{1};
    VirtualClock clock{night};
    std::unique_ptr<store::Store> store = std::move(*store::Store::open(state.path().string(), store::Store::Runner::inline_io));
    intake::Intake intake{*store, seal, random};
    std::shared_ptr<intake::IntakeRules> rules = std::make_shared<intake::IntakeRules>();
    config::Intake settings{};
    std::optional<intake::Folder> folder{};
    int arrivals = 0;
    bool clock_is_trusted = true;
    std::function<void()> on_arrival = [] {};

    Drop() {
        rules->site.categories = *eligibility::CategoryMap::read_csv("code,name,rule\n01,盗窃,survey\n");
        rules->site.since = night - std::chrono::hours(24 * 20);
        settings.folder = in.path();
        settings.settle = 5s;
        settings.keep_done = std::chrono::hours(24 * 365 * 100);  // these files are of the machine's time, not of ours
        start();
    }
    void start() {
        auto may_erase = [this]() -> asio::awaitable<bool> { co_return clock_is_trusted; };
        folder.emplace(intake, settings, [this] { return rules; }, clock, [this] { ++arrivals, on_arrival(); }, may_erase);
    }
    void write(const std::string& name, const std::string& bytes, bool append = false) {
        std::ofstream out(in.path() / name, std::ios::binary | (append ? std::ios::app : std::ios::trunc));
        out << bytes;
    }
    std::string read(const std::string& name) {
        std::ifstream file(in.path() / name, std::ios::binary);
        std::stringstream out;
        out << file.rdbuf();
        return out.str();
    }
    // This file, as if it had been written then.
    void age(const fs::path& path, Instant at) {
        timespec then{to_millis(at) / 1000, 0};
        timespec times[] = {then, then};
        REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
    }
    // And nobody has it open any more.
    void age_all(Instant at) {
        for (const auto& entry : fs::directory_iterator(in.path())) age(entry.path(), at);
        start();
    }
    std::string troubles(Millis backlog = 30min) {
        std::string out;
        for (const auto& t : folder->troubles(backlog)) out += (t.kind == intake::Folder::Trouble::Kind::refused ? "refused " : "waits ") + t.about + ": " + t.detail + "\n";
        return out;
    }
    void look(Steady later = 0s) {
        clock.move_to(clock.steady() + later);
        run(io, folder->look());
    }
    std::string names() {
        std::set<std::string> all;
        for (const auto& entry : fs::directory_iterator(in.path())) all.insert(entry.path().filename().string());
        std::string out;
        for (const auto& name : all) out += (out.empty() ? "" : " ") + name;
        return out;
    }
    std::int64_t cases() {
        std::int64_t count = 0;
        store->run_now([&](store::Connection& db) {
            store::Statement read_count(db, "SELECT count(*) FROM cases");
            read_count.step();
            count = read_count.integer(0);
        });
        return count;
    }
};

// A program that has a file open for writing, as long as it is not closed.
struct Writer {
    explicit Writer(const fs::path& path) : fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) { REQUIRE(fd >= 0); }
    ~Writer() { close(); }
    void write(const std::string& bytes) const { REQUIRE(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())); }
    void close() {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
    int fd;
};

inline const std::string head = "id,state,calling_line,category,unit,reported_at,closed_at\n";
inline std::string row(const std::string& id, const std::string& phone = "13900000001") {
    return id + ",closed," + phone + ",010100,320302120000,2026-11-20 20:00:00,2026-11-20 22:00:00\n";
}

}  // namespace pingjing::test
