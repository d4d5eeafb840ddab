#include "daemon/intake/finished.hpp"

#include <boost/asio/post.hpp>
#include <cstdlib>

#include "daemon/async/task_group.hpp"
#include "tests/intake/drop_folder.hpp"

using namespace pingjing;
using namespace pingjing::intake;
using store::Connection;
using store::Statement;
using test::Drop, test::Writer, test::head, test::row, test::night;
namespace fs = std::filesystem;

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

namespace {

// How often the loop comes round while it does something else.
struct Turns {
    explicit Turns(asio::io_context& io) : io_(io) { asio::post(io_, [this] { next(); }); }
    Turns(const Turns&) = delete;
    Turns& operator=(const Turns&) = delete;
    void next() { ++count, asio::post(io_, [this] { next(); }); }
    asio::io_context& io_;
    int count = 0;
};

std::string read_all(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// A folder on a disk where no rename of ours reaches; nothing where this machine has none.
struct OtherDisk {
    OtherDisk() {
        std::string name = "/dev/shm/pingjing-test-XXXXXX";
        if (!fs::is_directory("/dev/shm") || !::mkdtemp(name.data())) return;
        path = name;
        test::TempFolder usual;
        std::ofstream(path / "probe") << "x";
        std::error_code failed;
        fs::rename(path / "probe", usual / "probe", failed);
        is_other = failed == std::errc::cross_device_link;
        fs::remove(path / "probe", failed);
    }
    ~OtherDisk() {
        std::error_code ignored;
        if (!path.empty()) fs::remove_all(path, ignored);
    }
    std::string names() const {
        std::set<std::string> all;
        for (const auto& entry : fs::directory_iterator(path)) all.insert(entry.path().filename().string());
        std::string out;
        for (const auto& name : all) out += (out.empty() ? "" : " ") + name;
        return out;
    }
    fs::path path{};
    bool is_other = false;
};

}  // namespace

TEST_CASE("drop folder: a copy of a held file goes into a new file only") {
    test::TempFolder place;
    asio::io_context io;
    FileCopies copies;
    std::ofstream(place / "from") << "rows";
    fs::permissions(place / "from", fs::perms::owner_read | fs::perms::owner_write);
    std::ofstream(place / "precious") << "precious";
    auto from = HeldFile::open(place / "from");
    REQUIRE(from);
    fs::create_symlink(place / "precious", place / "link");
    REQUIRE(::mkfifo((place / "pipe").c_str(), 0600) == 0);
    fs::create_directory(place / "folder");
    auto is_copied = [&](const char* to) { return test::run(io, copies.copy(*from, place / to)).has_value(); };
    CHECK(is_copied("link"));
    CHECK(is_copied("pipe"));
    CHECK_FALSE(is_copied("folder"));
    CHECK(read_all(place / "link") == "rows");
    CHECK(look_at(place / "pipe")->size == 4);
    CHECK(look_at(place / "precious")->size == 8);
    CHECK(fs::exists(place / "folder"));
    CHECK(fs::status(place / "link").permissions() == fs::status(place / "from").permissions());
}

TEST_CASE("drop folder: while a large file is copied the loop comes round with every piece, and whoever stops leaves no half of it") {
    test::TempFolder place;
    asio::io_context io;
    FileCopies copies;
    constexpr int pieces = 24;
    std::string bytes;
    for (int i = 0; i < pieces; ++i) bytes += std::string(1024 * 1024, static_cast<char>('a' + i));
    std::ofstream(place / "large", std::ios::binary) << bytes << "the end";
    auto from = HeldFile::open(place / "large");
    REQUIRE(from);
    Turns turns(io);
    REQUIRE(test::run(io, copies.copy(*from, place / "copy")));
    CHECK(turns.count >= pieces);
    CHECK(read_all(place / "copy") == bytes + "the end");

    TaskGroup group(io.get_executor(), [](const std::string&, std::exception_ptr) { FAIL_CHECK("it was not the stop that ended it"); });
    auto copy_half = [](FileCopies& all, const HeldFile& file, fs::path to) -> asio::awaitable<void> {
        auto copying = all.copy(file, std::move(to));
        auto copied = co_await std::move(copying);
        CHECK_MESSAGE(!copied.has_value(), "it was whole before it was stopped");
    };
    io.restart();
    auto before = turns.count;
    group.spawn("half", copy_half(copies, *from, place / "half"));
    while (!fs::exists(place / "half") && turns.count < before + 10) io.run_one();
    CHECK(fs::exists(place / "half"));
    group.stop();
    test::run(io, group.join());
    CHECK_FALSE(fs::exists(place / "half"));
}

TEST_CASE("drop folder: a done_folder on another disk gets file and result whole, under the next number, and the loop comes round meanwhile") {
    OtherDisk done;
    if (!done.is_other) return;
    Drop drop;
    drop.settings.done_folder = done.path;
    drop.start();
    constexpr int pieces = 8;
    auto large = head + row("a") + std::string(pieces * 1024 * 1024, '\n');
    drop.write("calls.csv", large);
    Turns turns(drop.io);
    drop.look();
    auto before = turns.count;
    drop.look(5s);
    CHECK(turns.count - before >= 2 * pieces);  // while it is read, and while it is copied
    CHECK(drop.names() == "");
    CHECK(done.names() == "calls.csv calls.csv.result.csv");
    CHECK(read_all(done.path / "calls.csv") == large);
    CHECK(read_all(done.path / "calls.csv.result.csv") == "line,id,outcome,reason\n2,a,accepted,\n");

    drop.write("calls.csv", head + row("b"));
    drop.look();
    drop.look(5s);
    CHECK(done.names() == "calls.csv calls.csv.2 calls.csv.2.result.csv calls.csv.result.csv");
    CHECK(drop.cases() == 2);

    // What a kill left of a copy goes at the next start; another service's does not.
    for (const char* name : {"x.csv.taking.tmp", "x.csv.result.csv.taking.tmp", "x.csv.taking-window.tmp", "x.txt.taking.tmp"}) std::ofstream(done.path / name) << "half";
    drop.start();
    drop.look();
    CHECK(done.names() == "calls.csv calls.csv.2 calls.csv.2.result.csv calls.csv.result.csv x.csv.taking-window.tmp x.txt.taking.tmp");
    // Erased at once it leaves its result, and nothing else.
    drop.settings.keep_done = 0s;
    drop.start();
    drop.write("calls.csv", head + row("c"));
    drop.look();
    drop.look(5s);
    CHECK(drop.names() == "");
    CHECK(done.names().find("calls.csv.3.result.csv") != std::string::npos);
    CHECK(done.names().find("calls.csv.3 ") == std::string::npos);
}

TEST_CASE("drop folder: what was written into a file that went to another disk is taken as well") {
    OtherDisk done;
    if (!done.is_other) return;
    Drop drop;
    drop.settings.done_folder = done.path;
    drop.start();
    drop.write("calls.csv", head + row("a"));
    drop.look();
    int fd = ::open((drop.in / "calls.csv").c_str(), O_RDONLY | O_CLOEXEC);
    drop.look(5s);
    REQUIRE(done.names() == "calls.csv calls.csv.result.csv");
    // It has no name any more.
    std::ofstream(fmt::format("/proc/self/fd/{}", fd), std::ios::app | std::ios::binary) << row("b", "13900000002");
    ::close(fd);
    drop.look(1s);
    drop.look(6s);
    drop.look(1s);
    CHECK(drop.cases() == 2);
    CHECK(done.names() == "calls.csv calls.csv.2 calls.csv.2.result.csv calls.csv.result.csv");
}

TEST_CASE("drop folder: what an older version refused stays and is told, is not taken, and nothing is written over it") {
    for (const char* pattern : {"*.csv", "*"}) {
        CAPTURE(pattern);
        Drop drop;
        drop.settings.pattern = pattern;
        drop.settings.keep_done = 1h;
        // As it was left: the reason without our head, one that was begun, one that was answered.
        drop.write("bad.csv.bad", "13900000009,x\n");
        drop.write("bad.csv.error", "no usable head row\n");
        drop.write("lone.csv.error", "no usable head row\n");
        drop.write("begun.csv.taking", head + row("a"));
        drop.write("begun.csv.result.csv.tmp", "line,id,outcome,reason\n");
        drop.write("done.csv.done", head + row("b"));
        drop.write("done.csv.result.csv", "line,id,outcome,reason\n2,b,accepted,\n");
        drop.age_all(drop.clock.now() - 30min);
        drop.look();
        drop.look(5s);
        CHECK(drop.cases() == 1);  // of the one that was begun
        drop.write("bad.csv", "");
        drop.look();
        drop.look(5s);
        CHECK(drop.names() == "bad.csv.2.bad bad.csv.2.error bad.csv.bad bad.csv.error begun.csv.done begun.csv.result.csv done.csv.done done.csv.result.csv lone.csv.error");
        CHECK(drop.read("bad.csv.bad") == "13900000009,x\n");
        CHECK(drop.read("bad.csv.error") == "no usable head row\n");
        drop.look();
        CHECK(drop.troubles().find("refused bad.csv.bad: no reason of ours lies beside it; it stays until somebody removes it\n") != std::string::npos);
        for (int i = 0; i < 3; ++i) drop.look(1h);
        CHECK(drop.names().find("bad.csv.bad bad.csv.error") != std::string::npos);
        CHECK(drop.cases() == 1);
    }
}

TEST_CASE("drop folder: a refused file is never taken again, also where bad_suffix is empty and every name is for us") {
    Drop drop;
    drop.settings.pattern = "*";
    drop.settings.bad_suffix = "";
    drop.start();
    drop.write("bad", "");
    for (int i = 0; i < 4; ++i) drop.look(5s);
    CHECK(drop.names() == "bad.bad bad.error");
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

TEST_CASE("drop folder: by a clock that is not trusted nothing goes, and what is refused stays told") {
    Drop drop;
    drop.settings.keep_done = std::chrono::hours(24 * 7);
    drop.start();
    drop.write("calls.csv", head + row("a"));
    drop.write("bad.csv", "13900000009,x\n");
    drop.look();
    drop.look(5s);
    auto all = drop.names();
    drop.clock_is_trusted = false;
    drop.age_all(drop.clock.now() - std::chrono::hours(24 * 20));
    drop.look(1min);
    CHECK(drop.names() == all);
    CHECK(drop.troubles().find("refused bad.csv.bad") != std::string::npos);
    drop.clock_is_trusted = true;
    drop.look(1min);
    CHECK(drop.names().find("calls.csv.done") == std::string::npos);
    CHECK(drop.names().find("bad.csv.bad") == std::string::npos);
}
