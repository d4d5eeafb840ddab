#include "daemon/intake/folder.hpp"

#include <doctest/doctest.h>

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
    CHECK(drop.read("calls.csv.result.csv") == "line,id,outcome,reason\n2,a,unchanged,\n3,d,accepted,\n");
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
    CHECK(drop.names().find("strange.csv.error") == std::string::npos);
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
    CHECK(drop.read("calls.csv.result.csv") == "line,id,outcome,reason\n2,a,unchanged,\n3,b,unchanged,\n");
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
    CHECK(drop.names() == "calls.csv.done calls.csv.result.csv");
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

    drop.settings.done_folder.clear();
    drop.settings.erase_done = true;
    drop.start();
    drop.write("calls.csv", head + row("b"));
    drop.look();
    drop.look(5s);
    CHECK(drop.names() == "calls.csv.result.csv");
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
