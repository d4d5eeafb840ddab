#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>

#include "daemon/store/store.hpp"
#include "tests/support/announced.hpp"
#include "tests/support/fail_after.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {

// Twenty callers at once, of whom the third fails after it has written.
asio::awaitable<int> write_one(Store& store, int id, bool breaks) {
    auto work = [id, breaks](Connection& db) {
        append(db, from_millis(id), "test", std::nullopt, "{}");
        Statement add(db, "INSERT INTO meta(key, value) VALUES (?1, 'x')");
        add.bind(1, std::to_string(id)).run();
        if (breaks) throw std::runtime_error("on purpose");
        return id;
    };
    co_return co_await store.run(std::move(work));
}

std::int64_t count(Connection& db, const char* sql) {
    Statement read(db, sql);
    read.step();
    return read.integer(0);
}

}  // namespace

TEST_CASE("what one caller throws undoes only his own rows, on either runner") {
    for (auto runner : {Store::Runner::own_thread, Store::Runner::inline_io}) {
        asio::io_context io;  // outlives the store's thread
        test::TempFolder folder;
        auto opened = Store::open(folder.path().string(), runner);
        REQUIRE(opened);
        auto& store = **opened;
        int done = 0, failed = 0;
        for (int id = 0; id < 20; ++id) {
            auto on_done = [&](std::exception_ptr error, int) { ++(error ? failed : done); };
            asio::co_spawn(io, write_one(store, id, id == 3), on_done);
        }
        io.run_for(std::chrono::seconds(10));
        CHECK(done == 19);
        CHECK(failed == 1);
        opened->reset();
        auto again = Store::open(folder.path().string(), Store::Runner::inline_io);
        REQUIRE(again);
        (*again)->run_now([&](Connection& db) {
            CHECK(count(db, "SELECT count(*) FROM meta WHERE value = 'x'") == 19);
            CHECK(recompute(db).value().size() == 19);
        });
    }
}

TEST_CASE("a group is all or nothing with its ledger, wherever it fails") {
    for (int steps = 1;; ++steps) {
        CAPTURE(steps);
        auto store = std::move(*Store::open("", Store::Runner::inline_io));
        bool finished = true;
        try {
            store->run_now([&](Connection& db) {
                test::FailAfter fault(db, steps);
                append(db, from_millis(1), "test", std::nullopt, "{}");
                Statement(db, "INSERT INTO meta(key, value) VALUES ('a', 'x')").run();
            });
        } catch (const SqlError&) {
            finished = false;
        }
        store->run_now([&](Connection& db) {
            auto rows = count(db, "SELECT count(*) FROM meta WHERE key = 'a'");
            CHECK(rows == (finished ? 1 : 0));
            CHECK(count(db, "SELECT count(*) FROM ledger") == rows);
            CHECK(recompute(db).value().size() == static_cast<std::uint64_t>(rows));
        });
        if (finished) break;
        REQUIRE(steps < 10'000);
    }
}

TEST_CASE("a second daemon on the same state is kept out") {
    test::TempFolder folder;
    auto first = Store::open(folder.path().string(), Store::Runner::inline_io);
    REQUIRE(first);
    auto second = Store::open(folder.path().string(), Store::Runner::inline_io);
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == Error::Kind::conflict);
    first->reset();
    CHECK(Store::open(folder.path().string(), Store::Runner::inline_io));
}

TEST_CASE("a store that is older than its sent journal does not open") {
    test::TempFolder folder;
    asio::io_context io;
    auto claim = [&] {
        auto store = std::move(*Store::open(folder.path().string(), Store::Runner::own_thread));
        auto work = [&](Connection& db) { test::announce(*store, db, "ref"); return 0; };
        test::run<int>(io, store->run(work));
    };
    claim();
    std::filesystem::copy_file(folder / "pingjing.db", folder / "backup.db");
    claim();
    REQUIRE(Store::open(folder.path().string(), Store::Runner::inline_io));

    std::filesystem::remove(folder / "pingjing.db-wal");
    std::filesystem::remove(folder / "pingjing.db-shm");
    std::filesystem::rename(folder / "backup.db", folder / "pingjing.db");
    auto restored = Store::open(folder.path().string(), Store::Runner::inline_io);
    REQUIRE_FALSE(restored);
    CHECK(restored.error().kind == Error::Kind::conflict);

    std::filesystem::remove(folder / "pingjing.db");  // and neither does an empty one
    CHECK_FALSE(Store::open(folder.path().string(), Store::Runner::inline_io));
}

TEST_CASE("a claim that was rolled back leaves no line in the sent journal") {
    asio::io_context io;
    test::TempFolder folder;
    auto store = std::move(*Store::open(folder.path().string(), Store::Runner::own_thread));
    auto rolled_back = [&](Connection& db) -> int {
        store->will_send(db, "never", std::string(16, 'k'));
        throw std::runtime_error("on purpose");
    };
    CHECK_THROWS_AS(test::run<int>(io, store->run(rolled_back)), std::runtime_error);
    auto journal = SentJournal::open(folder / "journal");
    CHECK(journal->last_sequence() == 0);
}

TEST_CASE("a store that knows less than its state_dir once did refuses to open, though nothing was ever sent") {
    asio::io_context io;
    test::TempFolder folder;
    auto fact = [](Connection& db) { append(db, from_millis(1), "test", std::nullopt, "{}"); };
    auto open = [&] { return Store::open(folder.path().string(), Store::Runner::inline_io); };
    {
        auto store = open();
        REQUIRE(store);
        (*store)->run_now(fact);
    }
    std::filesystem::copy_file(folder / "pingjing.db", folder / "backup.db");
    {
        auto store = open();
        REQUIRE(store);
        (*store)->run_now(fact);
    }
    REQUIRE(open());  // as it was left
    for (bool restored : {true, false}) {
        for (const char* file : {"pingjing.db", "pingjing.db-wal", "pingjing.db-shm"}) std::filesystem::remove(folder / file);
        if (restored) std::filesystem::copy_file(folder / "backup.db", folder / "pingjing.db");
        auto older = open();
        REQUIRE_FALSE(older);
        CHECK(older.error().kind == Error::Kind::conflict);
        CHECK(older.error().detail.find("restore") != std::string::npos);
    }
}

TEST_CASE("whoever throws in a group, every other work stands once, and who announced a text announces it once") {
    for (int culprit : {0, 2, 4}) {
        CAPTURE(culprit);
        asio::io_context io;
        test::TempFolder folder;
        auto store = std::move(*Store::open(folder.path().string(), Store::Runner::inline_io));
        int failed = 0;
        auto task = [&store](auto what) -> asio::awaitable<void> { co_await store->run(std::move(what)); };  // lives as long as its coroutines
        for (int id = 0; id < 5; ++id) {
            auto work = [&store, id, culprit](Connection& db) {
                append(db, from_millis(id), "test", std::nullopt, "{}");
                Statement add(db, "INSERT INTO meta(key, value) VALUES (?1, 'x')");
                add.bind(1, std::to_string(id)).run();
                test::announce(*store, db, "ref" + std::to_string(id));
                if (id == culprit) throw std::runtime_error("on purpose");
            };
            auto on_done = [&](std::exception_ptr error) { failed += error ? 1 : 0; };
            asio::co_spawn(io, task(work), on_done);
        }
        io.run_for(std::chrono::seconds(10));
        CHECK(failed == 1);
        store->run_now([&](Connection& db) {
            CHECK(count(db, "SELECT count(*) FROM meta WHERE value = 'x'") == 4);
            CHECK(count(db, "SELECT count(*) FROM ledger WHERE kind = 'test'") == 4);
            CHECK(count(db, "SELECT value FROM meta WHERE key = 'journal_sequence'") == 4);
            CHECK(recompute(db));
        });
        auto journal = SentJournal::open(folder / "journal");
        REQUIRE(journal);
        CHECK(journal->after(0)->size() == 4);
    }
}
