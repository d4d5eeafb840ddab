#include "daemon/intake/folder.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <sstream>

#include "daemon/async/task_group.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::intake;
using store::Connection;
using store::Statement;
namespace fs = std::filesystem;

namespace {

const auto night = *parse_rfc3339("2026-11-21T00:30:00+08:00");

struct Drop {
    asio::io_context io{};
    test::TempFolder state{}, in{};
    store::Seal seal = store::Seal::from_seed(1);
    SeededRandom random{1};
    VirtualClock clock{night};
    std::unique_ptr<store::Store> store = std::move(*store::Store::open(state.path().string(), store::Store::Runner::inline_io));
    Intake intake{*store, seal, random};
    std::shared_ptr<IntakeRules> rules = std::make_shared<IntakeRules>();
    config::Intake settings{};
    std::optional<Folder> folder{};
    int arrivals = 0;
    std::function<void()> on_arrival = [] {};

    Drop() {
        rules->site.categories = *eligibility::CategoryMap::read_csv("code,name,rule\n01,盗窃,survey\n");
        rules->site.since = night - std::chrono::hours(24 * 20);
        settings.folder = in.path();
        settings.settle = 5s;
        settings.keep_done = std::chrono::hours(24 * 365 * 100);  // these files are of the machine's time, not of ours
        start();
    }
    void start() { folder.emplace(intake, settings, [this] { return rules; }, clock, [this] { ++arrivals, on_arrival(); }); }
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
        for (const auto& t : folder->troubles(backlog)) out += (t.kind == Folder::Trouble::Kind::refused ? "refused " : "waits ") + t.about + ": " + t.detail + "\n";
        return out;
    }
    void look(Steady later = 0s) {
        clock.move_to(clock.steady() + later);
        test::run(io, folder->look());
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
        store->run_now([&](Connection& db) {
            Statement read_count(db, "SELECT count(*) FROM cases");
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

const std::string head = "id,state,calling_line,category,unit,reported_at,closed_at\n";
std::string row(const std::string& id, const std::string& phone = "13900000001") {
    return id + ",closed," + phone + ",010100,320302120000,2026-11-20 20:00:00,2026-11-20 22:00:00\n";
}

}  // namespace

TEST_CASE("drop folder: a file that stopped growing is taken, answered and put away") {
    Drop drop;
    drop.write("calls.csv", head + row("a"));
    drop.look();
    drop.look(4s);
    drop.write("calls.csv", row("b") + "c,broken\n", true);  // still being written: its time begins anew
    drop.look(4s);
    drop.look(4s);
    CHECK(drop.names() == "calls.csv");
    CHECK(drop.cases() == 0);
    drop.look(1s);
    CHECK(drop.names() == "calls.csv.done calls.csv.result.csv");
    CHECK(drop.read("calls.csv.result.csv") == "line,id,outcome,reason\n2,a,accepted,\n3,b,excluded,capped\n4,c,rejected,columns\n");
    CHECK(drop.arrivals == 1);
    drop.look(10s);
    CHECK(drop.names() == "calls.csv.done calls.csv.result.csv");  // the result is no file of calls

    // The same name again, as a nightly job writes it: nothing is asked twice.
    drop.write("calls.csv", head + row("a") + row("d", "13900000004"));
    drop.look();
    drop.look(5s);
    CHECK(drop.names() == "calls.csv.2.done calls.csv.2.result.csv calls.csv.done calls.csv.result.csv");
    CHECK(drop.read("calls.csv.2.result.csv") == "line,id,outcome,reason\n2,a,unchanged,\n3,d,accepted,\n");
}

TEST_CASE("drop folder: only files of calls are touched") {
    Drop drop;
    drop.settings.pattern = "*";
    drop.start();
    test::TempFolder elsewhere;
    std::ofstream(elsewhere / "secret.csv") << head << row("s");
    for (const char* name : {".hidden.csv", "a.csv.tmp", "a.csv.part", "a.csv.done", "a.csv.bad", "a.csv.result.csv", "a.csv.error"}) drop.write(name, head + row("x"));
    fs::create_symlink(elsewhere / "secret.csv", drop.in / "link.csv");
    fs::create_symlink(elsewhere / "secret.csv", drop.in / "claimed.csv.taking");
    fs::create_directory(drop.in / "folder.csv");
    fs::create_directory(drop.in / "folder2.csv.taking");
    auto before = drop.names();
    drop.look();
    drop.look(10s);
    CHECK(drop.names() == before);
    CHECK(drop.cases() == 0);
    CHECK(is_for_us("calls.csv", drop.settings));
    drop.settings.pattern = "110_*.csv";
    CHECK(is_for_us("110_1.csv", drop.settings));
    CHECK_FALSE(is_for_us("calls.csv", drop.settings));
}

TEST_CASE("drop folder: what cannot be read is put aside with the reason, and does not come back") {
    Drop drop;
    drop.write("empty.csv", "");
    drop.write("strange.csv", "a,b\n1,13900000001\n");
    drop.write("good.csv", head + row("a"));
    drop.look();
    drop.look(5s);
    CHECK(drop.names() == "empty.csv.bad empty.csv.error good.csv.done good.csv.result.csv strange.csv.bad strange.csv.error");
    CHECK(drop.read("strange.csv.error").find("head row") != std::string::npos);
    CHECK(drop.read("strange.csv.error").find("13900000001") == std::string::npos);
    CHECK(drop.cases() == 1);
    drop.write("strange.csv", head + row("b", "13900000002"));  // put right by its sender
    drop.look();
    drop.look(5s);
    CHECK(drop.names().find("strange.csv.2.done strange.csv.2.result.csv strange.csv.bad strange.csv.error") != std::string::npos);
    CHECK(drop.cases() == 2);
}

TEST_CASE("drop folder: what a crash left claimed is taken again from its beginning") {
    Drop drop;
    drop.write("calls.csv.taking", head + row("a") + row("b", "13900000002"));
    drop.write("calls.csv.result.csv.tmp", "line,id,outco");
    drop.look();
    CHECK(drop.names() == "calls.csv.done calls.csv.result.csv");
    CHECK(drop.cases() == 2);
    drop.write("calls.csv.taking", head + row("a") + row("b", "13900000002"));
    drop.look();
    CHECK(drop.read("calls.csv.2.result.csv") == "line,id,outcome,reason\n2,a,unchanged,\n3,b,unchanged,\n");
}

TEST_CASE("drop folder: while the store fails a claimed file waits, and its namesake behind it") {
    Drop drop;
    drop.store->run_now([](Connection& db) { db.exec("CREATE TRIGGER broken BEFORE INSERT ON cases BEGIN SELECT RAISE(ABORT, 'disk is full'); END"); });
    drop.write("calls.csv", head + row("a"));
    drop.look();
    drop.look(5s);
    CHECK(drop.names().starts_with("calls.csv.result.csv.tmp calls.csv.taking"));
    drop.write("calls.csv", head + row("b", "13900000002"));
    drop.look();
    drop.look(5s);
    CHECK(drop.cases() == 0);
    drop.store->run_now([](Connection& db) { db.exec("DROP TRIGGER broken"); });
    drop.look(5s);
    CHECK(drop.cases() == 0);  // not tried every two seconds
    drop.look(25s);
    CHECK(drop.cases() == 2);
    CHECK(drop.names() == "calls.csv.2.done calls.csv.2.result.csv calls.csv.done calls.csv.result.csv");
}

TEST_CASE("drop folder: a writer that only paused loses nothing of what it writes after the claim") {
    Drop drop;
    drop.write("calls.csv", head + row("a"));
    drop.on_arrival = [&] {
        if (drop.arrivals == 1) drop.write("calls.csv.taking", row("b", "13900000002"), true);
    };
    drop.look();
    drop.look(5s);
    CHECK(drop.names() == "calls.csv.result.csv.tmp calls.csv.taking");
    drop.look(30s);
    CHECK(drop.cases() == 2);
    CHECK(drop.names() == "calls.csv.done calls.csv.result.csv");
    CHECK(drop.read("calls.csv.result.csv") == "line,id,outcome,reason\n2,a,unchanged,\n3,b,accepted,\n");
}

TEST_CASE("drop folder: finished files go to another folder, or are erased") {
    Drop drop;
    test::TempFolder done;
    drop.settings.done_folder = done / "deep";
    drop.start();
    drop.write("calls.csv", head + row("a"));
    drop.look();
    drop.look(5s);
    CHECK(drop.names().empty());
    CHECK(fs::exists(done / "deep/calls.csv"));
    CHECK(fs::exists(done / "deep/calls.csv.result.csv"));

    drop.write("calls.csv", head + row("a") + row("c", "13900000003"));
    drop.look();
    drop.look(5s);
    CHECK(fs::exists(done / "deep/calls.csv.2"));
    CHECK(fs::exists(done / "deep/calls.csv.2.result.csv"));
    CHECK(fs::file_size(done / "deep/calls.csv") < fs::file_size(done / "deep/calls.csv.2"));

    drop.settings.done_folder.clear();
    drop.settings.keep_done = 0s;
    drop.start();
    drop.write("calls.csv", head + row("b"));
    drop.look();
    drop.look(5s);
    CHECK(drop.names() == "calls.csv.result.csv");
    drop.age(drop.in / "calls.csv.result.csv", drop.clock.now() - 71h);
    drop.look(1min);
    CHECK(drop.names() == "calls.csv.result.csv");
    drop.age(drop.in / "calls.csv.result.csv", drop.clock.now() - 72h);
    drop.look(1min);
    CHECK(drop.names() == "");
}

TEST_CASE("drop folder: a file is not taken while its writer has it open, however long he pauses") {
    Drop drop;
    Writer writer(drop.in / "calls.csv");
    writer.write(head + row("a"));
    drop.age(drop.in / "calls.csv", night);
    drop.look();
    drop.look(5s);
    drop.look(31min);
    CHECK(drop.names() == "calls.csv");
    CHECK(drop.troubles() == "waits : 1 file waits for more than 30 minutes, calls.csv\n");
    writer.write(row("b", "13900000002"));
    writer.close();
    drop.look();
    drop.look(5s);
    CHECK(drop.names() == "calls.csv.done calls.csv.result.csv");
    CHECK(drop.cases() == 2);
    CHECK(drop.troubles() == "");
}

TEST_CASE("drop folder: one who opens the file while it is read is waited for before it is put away") {
    Drop drop;
    std::optional<Writer> writer;
    drop.write("calls.csv", head + row("a"));
    drop.on_arrival = [&] {
        if (!writer) writer.emplace(drop.in / "calls.csv.taking");
    };
    drop.look();
    drop.look(5s);
    drop.look(30s);
    CHECK(drop.names() == "calls.csv.result.csv.tmp calls.csv.taking");
    CHECK(drop.troubles(10s) == "waits : 1 file waits for more than 0 minutes, calls.csv: somebody has it open for writing\n");
    writer->write(row("b", "13900000002"));
    writer->close();
    drop.look(30s);
    CHECK(drop.names() == "calls.csv.done calls.csv.result.csv");
    CHECK(drop.cases() == 2);
}

// As where nobody can tell whether a file is open: it is opened again after it was put away.
TEST_CASE("drop folder: rows that are written after all into a finished file are taken, wherever it was put") {
    test::TempFolder elsewhere;
    struct { const char* where; std::function<void(config::Intake&)> set; fs::path finished; } const cases[] = {
        {"in place", [](config::Intake&) {}, "calls.csv.done"},
        {"in a folder of their own", [&](config::Intake& in) { in.done_folder = elsewhere.path(); }, elsewhere / "calls.csv"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.where);
        Drop drop;
        c.set(drop.settings);
        drop.start();
        drop.write("calls.csv", head + row("a"));
        drop.look();
        drop.look(5s);
        REQUIRE(drop.cases() == 1);
        drop.look(40min);
        Writer late(drop.in.path() / c.finished);  // an absolute path stays as it is
        late.write(row("b", "13900000002"));
        drop.look(6s);
        CHECK(drop.cases() == 1);  // he is at it
        late.close();
        drop.look(5s);
        CHECK(drop.cases() == 2);
        auto place = drop.settings.done_folder.empty() ? drop.in.path() : drop.settings.done_folder;
        CHECK(fs::exists(place / "calls.csv.result.csv"));  // what was answered first stands
        std::ifstream answer(place / "calls.csv.2.result.csv");
        std::stringstream text;
        text << answer.rdbuf();
        CHECK(text.str() == "line,id,outcome,reason\n2,a,unchanged,\n3,b,accepted,\n");
        drop.look(2h);
        CHECK(drop.cases() == 2);
    }
}

TEST_CASE("drop folder: what is written into a file that was erased already is not lost either") {
    Drop drop;
    drop.settings.keep_done = 0s;
    drop.start();
    drop.write("calls.csv", head + row("a"));
    std::optional<Writer> writer;
    drop.look();
    fs::create_hard_link(drop.in / "calls.csv", drop.state / "same");  // our way to a file without a name
    drop.look(5s);
    REQUIRE(drop.names() == "calls.csv.result.csv");
    writer.emplace(drop.state / "same");
    writer->write(row("b", "13900000002"));
    writer->close();
    drop.look(5s);
    drop.look(5s);
    CHECK(drop.cases() == 2);
    CHECK(drop.names() == "calls.csv.2.result.csv calls.csv.result.csv");
}

TEST_CASE("drop folder: what was written into a finished file while nobody ran is taken at the next start, once") {
    Drop drop;
    drop.write("calls.csv", head + row("a"));
    drop.look();
    drop.look(5s);
    drop.write("calls.csv.done", row("b", "13900000002"), true);
    drop.age(drop.in / "calls.csv.done", night + std::chrono::hours(24 * 365 * 50));  // and whose time is of another world
    drop.start();
    drop.look();
    drop.look(1min);
    CHECK(drop.cases() == 2);
    drop.look(1min);
    drop.look(1min);
    CHECK(drop.names() == "calls.csv.2.done calls.csv.2.result.csv calls.csv.result.csv");
}

TEST_CASE("drop folder: a bad file that was only half written is taken when its writer has come to the end") {
    Drop drop;
    drop.write("calls.csv", "");
    drop.look();
    drop.look(5s);
    REQUIRE(drop.names() == "calls.csv.bad calls.csv.error");
    drop.write("calls.csv.bad", head + row("a"), true);
    drop.look(5s);
    drop.look(5s);
    CHECK(drop.names() == "calls.csv.2.done calls.csv.2.result.csv calls.csv.error");
    drop.look(1min);
    CHECK(drop.troubles() == "");
}

TEST_CASE("drop folder: finished files go by themselves, and with them what was said about them") {
    Drop drop;
    drop.settings.keep_done = std::chrono::hours(24 * 7);
    drop.start();
    drop.write("calls.csv", head + row("a"));
    drop.write("bad.csv", "13900000009,x\n");
    drop.look();
    drop.look(5s);
    for (const char* other : {"note.txt.done", "note.txt.result.csv", "other.csv.result.csv", ".calls.csv.done", "later.csv.done.part"}) drop.write(other, "somebody else's");
    fs::create_directory(drop.in / "folder.csv.done");
    fs::create_symlink(drop.in / "note.txt.done", drop.in / "link.csv.done");
    auto all = drop.names();
    drop.age_all(drop.clock.now() - std::chrono::hours(24 * 7) + 1min);
    drop.look();
    CHECK(drop.names() == all);
    drop.look(1min);
    CHECK(drop.names() == ".calls.csv.done folder.csv.done later.csv.done.part link.csv.done note.txt.done note.txt.result.csv other.csv.result.csv");

    // Short as it may be for finished files: somebody has to see the bad ones.
    drop.settings.keep_done = 1h;
    drop.start();
    drop.write("calls.csv", head + row("a"));
    drop.write("bad.csv", "x");
    drop.look();
    drop.look(5s);
    drop.age_all(drop.clock.now() - 71h);
    drop.look(1min);
    CHECK(drop.names().find("bad.csv.bad bad.csv.error") != std::string::npos);
    CHECK(drop.names().find("calls.csv.result.csv") != std::string::npos);
    CHECK(drop.names().find(" calls.csv.done") == std::string::npos);
    drop.age_all(drop.clock.now() - 72h);
    drop.look(1min);
    CHECK(drop.names().find("bad.csv") == std::string::npos);
    CHECK(drop.names().find(" calls.csv") == std::string::npos);
}

TEST_CASE("drop folder: in a done folder that is used by others only what has its result beside it goes") {
    Drop drop;
    test::TempFolder done;
    drop.settings.done_folder = done.path();
    drop.settings.keep_done = std::chrono::hours(24);
    drop.start();
    drop.write("calls.csv", head + row("a"));
    drop.look();
    drop.look(5s);
    std::ofstream(done / "archive.csv") << "theirs";
    for (const auto& entry : fs::directory_iterator(done.path())) drop.age(entry.path(), drop.clock.now() - 100h);
    drop.start();
    drop.look(1min);
    CHECK(fs::exists(done / "archive.csv"));
    CHECK_FALSE(fs::exists(done / "calls.csv"));
    CHECK_FALSE(fs::exists(done / "calls.csv.result.csv"));
}

TEST_CASE("drop folder: what is refused, and why, is there to be told until somebody removes it") {
    Drop drop;
    drop.settings.keep_done = std::chrono::hours(24 * 7);
    drop.start();
    drop.write("13900000009.csv", "13900000001,13900000002\n");
    drop.look();
    drop.look(5s);
    drop.age_all(night);
    drop.look(1min);
    auto said = drop.troubles();
    CHECK(said.starts_with("refused 139****0009.csv.bad: "));
    CHECK(said.ends_with("; it is erased at 2026-11-27T16:30:00Z\n"));
    CHECK(said.find("13900000") == std::string::npos);
    fs::remove(drop.in / "13900000009.csv.bad");
    drop.look();
    CHECK(drop.troubles() == "");

    for (int i = 10; i < 23; ++i) drop.write("bad" + std::to_string(i) + ".csv", "x");
    drop.look();
    drop.look(5s);
    drop.look();
    said = drop.troubles();
    CHECK(std::count(said.begin(), said.end(), '\n') == 11);
    CHECK(said.find("refused : 3 more\n") != std::string::npos);
}

TEST_CASE("drop folder: a folder that cannot be read or written is told") {
    Drop drop;
    drop.settings.source = "window";
    drop.settings.folder = drop.in / "not" / "there";
    drop.start();
    drop.look();
    CHECK(drop.troubles() == "waits window: cannot read the folder: No such file or directory\n");
    fs::create_directories(drop.settings.folder);
    drop.look();
    CHECK(drop.troubles() == "");

    // A folder stands where the finished file is to go: as if we had no right there.
    drop.settings.done_folder = drop.in / "file";
    drop.write("file", "");
    drop.start();
    std::ofstream(drop.settings.folder / "calls.csv") << head << row("a");
    drop.age(drop.settings.folder / "calls.csv", drop.clock.now());
    drop.look();
    drop.look(5s);
    drop.look(30s);
    CHECK(drop.troubles() == "");
    drop.look(30min);
    CHECK(drop.troubles().starts_with("waits window: 1 file waits for more than 30 minutes, calls.csv: taken, but "));
    std::set<std::string> left;
    for (const auto& entry : fs::directory_iterator(drop.settings.folder)) left.insert(entry.path().filename());
    CHECK(left == std::set<std::string>{"calls.csv.taking", "calls.csv.result.csv.tmp"});  // not a result for each try

    // A restart does not make it young.
    drop.start();
    drop.look();
    CHECK(drop.troubles().starts_with("waits window: 1 file waits for more than 30 minutes, calls.csv"));
}

TEST_CASE("drop folder: names are numbered by one rule") {
    config::Intake settings;
    CHECK(numbered("calls.csv", 1) == "calls.csv");
    CHECK(numbered("calls.csv", 2) == "calls.csv.2");
    struct { const char* entry; int number; } const cases[] = {
        {"calls.csv.done", 1}, {"calls.csv.bad", 1}, {"calls.csv.error", 1}, {"calls.csv.result.csv", 1}, {"calls.csv.12.done", 12}, {"calls.csv.2.result.csv", 2},
        {"calls.csv", 0}, {"calls.csv.2", 0}, {"calls.csv.taking", 0}, {"calls.csv.1.done", 0}, {"calls.csv.02.done", 0}, {"calls.csv.-2.done", 0},
        {"calls.csv.2.done.part", 0}, {"calls.csv.99999999999.done", 0}, {"other.csv.2.done", 0}, {"calls.csv2.done", 0},
    };
    for (const auto& c : cases) {
        CAPTURE(c.entry);
        CHECK(number_of(c.entry, "calls.csv", settings, false) == c.number);
    }
    CHECK(number_of("calls.csv", "calls.csv", settings, true) == 1);
    CHECK(number_of("calls.csv.2", "calls.csv", settings, true) == 2);
    CHECK(plain_name("calls.csv.2", settings) == "calls.csv");
    CHECK(plain_name("calls.csv", settings) == "calls.csv");
    CHECK(plain_name("calls.txt.2", settings) == "");
    CHECK(plain_name(".calls.csv", settings) == "");
    CHECK(shown("a\xff.csv") == "a?.csv");
}

TEST_CASE("drop folder: each kind of thing that is not a file of calls is left alone") {
    test::TempFolder elsewhere;
    std::ofstream(elsewhere / "secret.csv") << head << row("s");
    struct { const char* what; std::function<void(const fs::path& folder)> put; } const cases[] = {
        {"hidden", [](const fs::path& f) { std::ofstream(f / ".calls.csv") << head; }},
        {"still being written", [](const fs::path& f) { std::ofstream(f / "calls.csv.tmp") << head; }},
        {"a part", [](const fs::path& f) { std::ofstream(f / "calls.csv.part") << head; }},
        {"a result of a stranger", [](const fs::path& f) { std::ofstream(f / "calls.result.csv") << head; }},
        {"a sign that somebody is done", [](const fs::path& f) { std::ofstream(f / "calls.csv.done"); }},
        {"a reason", [](const fs::path& f) { std::ofstream(f / "calls.csv.error") << "x"; }},
        {"a link", [&](const fs::path& f) { fs::create_symlink(elsewhere / "secret.csv", f / "calls.csv"); }},
        {"a link that is claimed", [&](const fs::path& f) { fs::create_symlink(elsewhere / "secret.csv", f / "calls.csv.taking"); }},
        {"a link among the finished", [&](const fs::path& f) { fs::create_symlink(elsewhere / "secret.csv", f / "calls.csv.done"); }},
        {"a folder", [](const fs::path& f) { fs::create_directory(f / "calls.csv"); }},
        {"a folder that is claimed", [](const fs::path& f) { fs::create_directory(f / "calls.csv.taking"); }},
        {"a folder among the bad", [](const fs::path& f) { fs::create_directory(f / "calls.csv.bad"); }},
        {"a pipe", [](const fs::path& f) { REQUIRE(::mkfifo((f / "calls.csv").c_str(), 0600) == 0); }},
        {"a pipe that is claimed", [](const fs::path& f) { REQUIRE(::mkfifo((f / "calls.csv.taking").c_str(), 0600) == 0); }},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        for (const char* pattern : {"*", "*.csv"}) {
            Drop drop;
            drop.settings.pattern = pattern;
            drop.start();
            c.put(drop.in.path());
            auto before = drop.names();
            drop.look();
            drop.look(10s);
            drop.look(40min);
            CHECK(drop.names() == before);
            CHECK(drop.cases() == 0);
            CHECK(drop.troubles() == "");
        }
    }
    CHECK(fs::exists(elsewhere / "secret.csv"));
}

TEST_CASE("drop folder: a file of many pieces keeps its line numbers and needs no memory for the whole") {
    Drop drop;
    std::string bytes = head;
    int rows = 0;
    while (bytes.size() < 3 * max_document_bytes) bytes += row("r" + std::to_string(rows++), "");
    drop.write("big.csv", bytes);
    auto file = DocumentFile::open(drop.in / "big.csv", {});
    REQUIRE(file);
    int pieces = 0;
    for (auto piece = file->next(); piece && *piece; piece = file->next()) {
        ++pieces;
        CHECK((*piece)->bytes.size() <= max_document_bytes);
    }
    CHECK(pieces >= 3);
    drop.look();
    drop.look(5s);
    CHECK(drop.cases() == rows);
    auto result = drop.read("big.csv.result.csv");
    CHECK(result.ends_with(std::to_string(rows + 1) + ",r" + std::to_string(rows - 1) + ",excluded,no_mobile\n"));
}

TEST_CASE("drop folder: JSON lines, and an id that a spreadsheet would run") {
    Drop drop;
    drop.settings.pattern = "*.jsonl";
    drop.start();
    drop.write("calls.jsonl", R"({"id":"=1+1","state":"closed","calling_line":"13900000001","category":"0101","unit":"3","reported_at":"2026-11-20T20:00:00+08:00","closed_at":"2026-11-20T22:00:00+08:00"})");
    drop.look();
    drop.look(5s);
    CHECK(drop.read("calls.jsonl.result.csv") == "line,id,outcome,reason\n1,\"'=1+1\",accepted,\n");
}

TEST_CASE("drop folder: the loop polls until it is stopped") {
    Drop drop;
    use_virtual_time(drop.io, drop.clock);
    TaskGroup group(drop.io.get_executor(), [](const std::string&, std::exception_ptr) { FAIL("the loop ended"); });
    group.spawn("folder", drop.folder->run());
    drop.write("calls.csv", head + row("a"));
    CHECK(run_virtual(drop.io, [&] { return fs::exists(drop.in / "calls.csv.done"); }));
    group.stop();
    drop.io.poll();
    run_virtual(drop.io, [&] { return group.size() == 0; });
    CHECK(group.size() == 0);
}

TEST_CASE("drop folder: a pipe, a link or a folder under a name that we write neither stops us nor leads us elsewhere") {
    test::TempFolder elsewhere;
    struct { const char* what; std::function<void(const fs::path& place)> put; bool stays; } const cases[] = {
        {"a pipe", [](const fs::path& place) { REQUIRE(::mkfifo(place.c_str(), 0600) == 0); }, false},
        {"a link", [&](const fs::path& place) { fs::create_symlink(elsewhere / "precious", place); }, false},
        {"a folder", [](const fs::path& place) { fs::create_directory(place); }, true},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        std::ofstream(elsewhere / "precious") << "precious";
        Drop drop;
        c.put(drop.in / "calls.csv.result.csv.tmp");
        c.put(drop.in / "empty.csv.error.tmp");
        drop.write("calls.csv", head + row("a"));
        drop.write("empty.csv", "");
        drop.look();
        drop.look(5s);
        drop.look(30s);
        std::ifstream precious(elsewhere / "precious");
        std::string content;
        CHECK((precious >> content && content == "precious"));
        CHECK(drop.cases() == (c.stays ? 0 : 1));  // without a place for the answer nothing is taken
        CHECK(drop.arrivals == (c.stays ? 0 : 1));
        if (!c.stays) {
            CHECK(drop.names() == "calls.csv.done calls.csv.result.csv empty.csv.bad empty.csv.error");
            continue;
        }
        drop.look(40min);
        CHECK(drop.troubles() == "waits : 2 files wait for more than 30 minutes, the first is calls.csv: its result: cannot write calls.csv.result.csv.tmp: File exists\n");
        fs::remove(drop.in / "calls.csv.result.csv.tmp");
        fs::remove(drop.in / "empty.csv.error.tmp");
        drop.look(30s);
        CHECK(drop.names() == "calls.csv.done calls.csv.result.csv empty.csv.bad empty.csv.error");
        CHECK(drop.cases() == 1);
    }
}

TEST_CASE("drop folder: a copy of a held file goes into a new file only") {
    test::TempFolder place;
    std::ofstream(place / "from") << "rows";
    std::ofstream(place / "precious") << "precious";
    auto from = HeldFile::open(place / "from");
    REQUIRE(from);
    fs::create_symlink(place / "precious", place / "link");
    REQUIRE(::mkfifo((place / "pipe").c_str(), 0600) == 0);
    fs::create_directory(place / "folder");
    CHECK(from->copy_to(place / "link"));
    CHECK(from->copy_to(place / "pipe"));
    CHECK_FALSE(from->copy_to(place / "folder"));
    CHECK(look_at(place / "link")->size == 4);
    CHECK(look_at(place / "pipe")->size == 4);
    CHECK(look_at(place / "precious")->size == 8);
    CHECK(fs::exists(place / "folder"));
}

TEST_CASE("drop folder: refused files and reasons that we did not write stay") {
    Drop drop;
    drop.settings.keep_done = 1h;
    drop.start();
    drop.write("ours.csv", "");
    drop.look();
    drop.look(5s);
    REQUIRE(drop.names() == "ours.csv.bad ours.csv.error");
    drop.write("other.csv.error", "theirs");
    drop.write("other.csv.bad", "theirs");
    drop.write("alone.csv.bad", "theirs");
    drop.age_all(drop.clock.now() - 100h);
    drop.look();
    drop.look(11min);
    CHECK(drop.names() == "alone.csv.bad other.csv.bad other.csv.error");
    CHECK(drop.troubles() == "refused alone.csv.bad: no reason of ours lies beside it; it stays until somebody removes it\n"
                             "refused other.csv.bad: no reason of ours lies beside it; it stays until somebody removes it\n");
}

TEST_CASE("drop folder: a half copy that a kill left goes at the next start, or within hours") {
    Drop drop;
    drop.write("calls.csv.taking.tmp", head + row("a"));
    drop.write("note.txt.taking.tmp", "theirs");
    drop.look();
    CHECK(drop.names() == "note.txt.taking.tmp");
    drop.write("calls.csv.taking.tmp", head + row("a"));
    drop.age(drop.in / "calls.csv.taking.tmp", drop.clock.now());
    drop.look(40min);
    CHECK(drop.names() == "calls.csv.taking.tmp note.txt.taking.tmp");
    drop.look(20min);
    CHECK(drop.names() == "note.txt.taking.tmp");
}
