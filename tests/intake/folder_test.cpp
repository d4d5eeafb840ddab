#include "daemon/intake/folder.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <functional>

#include "daemon/async/task_group.hpp"
#include "tests/intake/drop_folder.hpp"

using namespace pingjing;
using namespace pingjing::intake;
using store::Connection;
using store::Statement;
using test::Drop, test::Writer, test::head, test::row, test::night;
namespace fs = std::filesystem;

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

TEST_CASE("drop folder: the loop comes round while a file of nothing but blank lines is read, and it costs no memory") {
    for (const char* name : {"blank.csv", "blank.jsonl"}) {
        CAPTURE(name);
        Drop drop;
        drop.settings.pattern = "*";
        drop.start();
        constexpr int pieces = 12;
        auto blank = std::string(pieces * max_document_bytes, '\n');
        drop.write(name, (name == std::string("blank.csv") ? head : "") + blank);
        int turns = 0;
        std::function<void()> next = [&] { ++turns, asio::post(drop.io, next); };
        asio::post(drop.io, next);
        drop.look();
        auto before = turns;
        drop.look(5s);
        CHECK(turns - before >= pieces);
        CHECK(fs::exists(drop.in.path() / (std::string(name) + ".done")));
        CHECK(drop.read(std::string(name) + ".result.csv") == "line,id,outcome,reason\n");
    }
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
