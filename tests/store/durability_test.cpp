#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <functional>
#include <set>
#include <thread>

#include "daemon/core/random.hpp"
#include "daemon/store/disk.hpp"
#include "daemon/store/store.hpp"
#include "tests/support/announced.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/watched_disk.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {

std::unique_ptr<Store> open(const std::filesystem::path& folder, Store::Runner runner = Store::Runner::own_thread,
                            Store::Durability durability = Store::Durability::full) {
    auto store = Store::open(folder.string(), runner, durability);
    REQUIRE_MESSAGE(store, (store ? "" : store.error().detail));
    return std::move(*store);
}

void add_row(Connection& db, const std::string& key, std::string_view value = "x") {
    append(db, from_millis(1), "test", std::nullopt, "{}");
    Statement add(db, "INSERT INTO meta(key, value) VALUES (?1, ?2)");
    add.bind(1, key).bind(2, value).run();
}

bool has_row(Connection& db, const std::string& key) {
    Statement find(db, "SELECT 1 FROM meta WHERE key = ?1");
    return find.bind(1, key).step();
}

// Callers on one io_context; how each was answered, in order.
struct Callers {
    asio::io_context io;
    std::vector<std::string> answers;

    asio::awaitable<void> call(Store& store, std::function<void(Connection&)> work) { co_await store.run(std::move(work)); }
    void start(Store& store, const std::string& name, std::function<void(Connection&)> work) {
        auto on_done = [this, name](std::exception_ptr error) { answers.push_back(name + (error ? " failed" : "")); };
        asio::co_spawn(io, call(store, std::move(work)), on_done);
        poll();
    }
    void poll() {
        io.restart();
        io.poll();
    }
    void wait_for(std::size_t count) {
        for (int ms = 0; answers.size() < count && ms < 10'000; ++ms) {
            io.restart();
            io.run_for(std::chrono::milliseconds(1));
        }
        REQUIRE(answers.size() >= count);
    }
};

template <class Condition>
void wait_until(Condition condition) {
    for (int ms = 0; !condition() && ms < 10'000; ++ms) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    REQUIRE(condition());
}

using Names = std::vector<std::string>;

// After so many pages, for a while.
struct Checkpoints {
    explicit Checkpoints(int pages) : before(std::exchange(machine_disk().pages_between_checkpoints, pages)) {}
    ~Checkpoints() { machine_disk().pages_between_checkpoints = before; }
    int before;
};

}  // namespace

TEST_CASE("while one group is brought to the disk the next is worked on, and nobody is answered before his own is there") {
    test::TempFolder folder;
    test::WatchedDisk disk(folder.path());
    Callers callers;
    auto store = open(folder.path());
    std::atomic<bool> slow = true, syncing = false;
    disk.on_sync = [&](test::WatchedDisk::Sync sync) {
        if (sync.flusher) syncing = true;
        while (sync.flusher && slow) std::this_thread::yield();
        return SQLITE_OK;
    };
    callers.start(*store, "a", [](Connection& db) { add_row(db, "a"); });
    wait_until([&] { return syncing.load(); });
    std::atomic<int> worked = 0;
    bool saw_a = false;
    callers.start(*store, "read", [&](Connection& db) { saw_a = has_row(db, "a"), ++worked; });
    wait_until([&] { return worked == 1; });
    callers.start(*store, "refused", [&](Connection& db) { ++worked, has_row(db, "a") ? throw std::runtime_error("there is one") : 0; });
    wait_until([&] { return worked == 2; });
    CHECK(saw_a);
    for (int i = 0; i < 20; ++i) callers.poll(), std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(callers.answers.empty());
    slow = false;
    callers.wait_for(3);
    CHECK(callers.answers == Names{"a", "read", "refused failed"});
}

TEST_CASE("after an fsync that failed, ours or one of SQLite's own, the store keeps nothing more and a new start finds what was acknowledged") {
    for (bool flusher : {true, false}) {
        CAPTURE(flusher);
        test::TempFolder folder;
        Checkpoints often(100);
        {
            test::WatchedDisk disk(folder.path());
            Callers callers;
            auto store = open(folder.path());
            callers.start(*store, "kept", [](Connection& db) { add_row(db, "kept"); });
            callers.wait_for(1);
            std::atomic<int> failures = 1;  // the kernel tells it once
            disk.on_sync = [&](test::WatchedDisk::Sync sync) { return sync.wal && sync.flusher == flusher && failures-- > 0 ? SQLITE_IOERR_FSYNC : SQLITE_OK; };
            // So large that the WAL is checkpointed, which syncs it first.
            callers.start(*store, "claim", [&](Connection& db) {
                test::announce(*store, db, "ref");
                for (int i = 0; i < 300; ++i) add_row(db, "large" + std::to_string(i), std::string(4096, 'x'));
            });
            callers.wait_for(2);
            CHECK(store->failed());
            callers.start(*store, "write", [](Connection& db) { add_row(db, "later"); });
            callers.start(*store, "read", [](Connection& db) { has_row(db, "kept"); });
            callers.wait_for(4);
            CHECK(callers.answers == Names{"kept", "claim failed", "write failed", "read failed"});
            CHECK_THROWS_AS(store->run_now([](Connection&) {}), SqlError);
            CHECK(SentJournal::open(folder / "journal")->last_sequence() == 0);
            store.reset();
            CHECK(std::filesystem::file_size(folder / "pingjing.db-wal") > 0);  // not trusted with a checkpoint
        }
        auto again = open(folder.path(), Store::Runner::inline_io);
        again->run_now([](Connection& db) {
            CHECK(has_row(db, "kept"));
            CHECK_FALSE(has_row(db, "later"));
            CHECK(recompute(db));
            add_row(db, "afterwards");
        });
        CHECK_FALSE(again->failed());
    }
}

TEST_CASE("an fsync that fails before any loop runs is not forgotten by those that run later") {
    test::TempFolder folder;
    test::WatchedDisk disk(folder.path());
    Callers callers;
    auto store = open(folder.path());
    bool fails = true;
    disk.on_sync = [&](test::WatchedDisk::Sync) { return std::exchange(fails, false) ? SQLITE_IOERR_FSYNC : SQLITE_OK; };
    CHECK_THROWS_AS(store->run_now([](Connection& db) { add_row(db, "a"); }), SqlError);
    callers.start(*store, "read", [](Connection& db) { has_row(db, "a"); });
    callers.wait_for(1);
    CHECK(callers.answers == Names{"read failed"});
    CHECK(store->failed());
}

TEST_CASE("what a process before us may not have brought to the disk is written once more, and a disk that fails at that is no start") {
    test::TempFolder folder;
    {
        // As if killed: the WAL stays.
        Connection db((folder / "pingjing.db").string());
        db.leave_wal_when_closed();
        db.exec("CREATE TABLE before_us(id INTEGER PRIMARY KEY); DROP TABLE before_us");
    }
    REQUIRE(std::filesystem::file_size(folder / "pingjing.db-wal") > 0);
    for (bool wal : {true, false}) {
        test::WatchedDisk disk(folder.path());
        disk.on_sync = [&](test::WatchedDisk::Sync sync) { return sync.wal == wal ? SQLITE_IOERR_FSYNC : SQLITE_OK; };
        CHECK_FALSE(Store::open(folder.path().string(), Store::Runner::inline_io));
    }
    CHECK(Store::open(folder.path().string(), Store::Runner::inline_io));
}

TEST_CASE("without durability nothing is synced, in memory there is nothing to sync, and both answer") {
    test::TempFolder folder;
    test::WatchedDisk disk(folder.path());
    Callers callers;
    for (auto where : {folder.path(), std::filesystem::path()})
        for (auto runner : {Store::Runner::own_thread, Store::Runner::inline_io}) {
            auto store = open(where, runner, Store::Durability::none);
            std::atomic<int> syncs = 0;
            disk.on_sync = [&](test::WatchedDisk::Sync) { return ++syncs, SQLITE_OK; };
            auto before = callers.answers.size();
            callers.start(*store, "a", [&](Connection& db) {
                test::announce(*store, db, "ref");
                add_row(db, "a" + std::to_string(before));
            });
            callers.wait_for(before + 1);
            CHECK(callers.answers.back() == "a");
            CHECK(syncs == 0);
            disk.on_sync = {};
        }
}

// Twenty callers write rows, every third a claim, through checkpoints and new beginnings of the WAL. At many answers the power goes:
// what the disk has then must open, must not be called an older store, and must hold what was answered.
TEST_CASE("whenever the power goes, what was acknowledged is there, and neither journal nor epoch is ahead of the store") {
    test::TempFolder folder;
    test::WatchedDisk disk(folder.path());
    Checkpoints often(100);
    asio::io_context io;
    auto store = open(folder.path());
    SeededRandom chance(20261121);
    std::set<std::string> acknowledged;
    int answers = 0, cuts = 0;
    std::atomic<int> checkpoints = 0;
    disk.on_sync = [&](test::WatchedDisk::Sync sync) { return checkpoints += sync.wal ? 0 : 1, SQLITE_OK; };

    auto cut = [&](bool choice) {
        test::TempFolder after;
        std::filesystem::create_directory(after / "journal");
        // First what must not be ahead, then the store.
        for (const auto& entry : std::filesystem::directory_iterator(folder / "journal"))
            if (entry.path().extension() != ".unfinished") std::filesystem::copy_file(entry.path(), after.path() / "journal" / entry.path().filename());
        disk.cut_power(after.path(), choice ? &chance : nullptr);
        auto again = Store::open(after.path().string(), Store::Runner::inline_io);
        REQUIRE_MESSAGE(again, (again ? "" : again.error().detail));
        (*again)->run_now([&](Connection& db) {
            std::set<std::string> there;
            Statement rows(db, "SELECT key FROM meta");
            while (rows.step()) there.insert(rows.text(0));
            CHECK(std::includes(there.begin(), there.end(), acknowledged.begin(), acknowledged.end()));
            CHECK(recompute(db));
        });
        ++cuts;
    };
    auto caller = [&](int first) -> asio::awaitable<void> {
        for (int i = first; i < first + 30; ++i) {
            auto key = "row" + std::to_string(i);
            auto work = [&store, key, i](Connection& db) {
                if (i % 3 == 0) test::announce(*store, db, key);
                add_row(db, key, std::string(3'000, 'x'));
            };
            co_await store->run(std::move(work));
            acknowledged.insert(key);
            if (++answers % 30 == 0) cut(answers % 60 == 0);
        }
    };
    int done = 0;
    for (int c = 0; c < 20; ++c) asio::co_spawn(io, caller(c * 30), [&](std::exception_ptr error) { REQUIRE_FALSE(error); ++done; });
    io.run_for(std::chrono::seconds(60));
    CHECK(done == 20);
    CHECK(cuts == 20);
    CHECK(checkpoints >= 3);
}
