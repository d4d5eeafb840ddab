#include "daemon/store/read_thread.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <thread>

#include "daemon/async/task_group.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {

const char* const without_end = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";

}  // namespace

TEST_CASE("whoever is told to stop is not kept by a statement that would never end, and the next reader begins anew") {
    test::TempFolder folder;
    auto path = (folder / "some.db").string();
    { Connection db(path); db.exec("CREATE TABLE t(a); INSERT INTO t VALUES (7)"); }
    asio::io_context io;
    ReadThread reader(path);
    std::promise<void> begun;
    bool was_read = false, was_begun_behind_it = false;
    {
        TaskGroup group(io.get_executor(), [](const std::string&, std::exception_ptr) { FAIL_CHECK("a reader failed"); });
        std::function<void(Connection&)> endless = [&](Connection& db) {
            begun.set_value();
            Statement(db, without_end).run();
            was_read = true;
        };
        std::function<void(Connection&)> behind_it = [&](Connection&) { was_begun_behind_it = true; };
        group.spawn("endless", reader.run(endless));
        group.spawn("behind it", reader.run(behind_it));
        io.poll();
        begun.get_future().wait();
        group.stop();
        test::run(io, group.join());
    }
    CHECK_FALSE(was_read);
    CHECK_FALSE(was_begun_behind_it);
    std::int64_t value = 0;
    std::function<void(Connection&)> next = [&](Connection& db) {
        Statement read(db, "SELECT a FROM t");
        if (read.step()) value = read.integer(0);
    };
    test::run(io, reader.run(next));
    CHECK(value == 7);
}

TEST_CASE("what a reader's work throws reaches who asked for it, told to stop or not") {
    test::TempFolder folder;
    auto path = (folder / "some.db").string();
    { Connection db(path); db.exec("CREATE TABLE t(a)"); }
    asio::io_context io;
    ReadThread reader(path);
    std::function<void(Connection&)> breaks = [](Connection& db) { Statement(db, "SELECT b FROM t").run(); };
    CHECK_THROWS_AS(test::run(io, reader.run(breaks)), SqlError);
}

TEST_CASE("what a reader's work holds ends on the thread of who asked for it") {
    test::TempFolder folder;
    auto path = (folder / "some.db").string();
    { Connection db(path); db.exec("CREATE TABLE t(a)"); }
    asio::io_context io;
    std::atomic<int> ended = 0, elsewhere = 0;
    {
        ReadThread reader(path);
        for (int i = 0; i < 10000; ++i) {
            auto end = [&, here = std::this_thread::get_id()](int*) { ++ended, elsewhere += std::this_thread::get_id() != here; };
            std::shared_ptr<int> held(nullptr, end);
            std::function<void(Connection&)> holds = [held = std::move(held)](Connection&) {};
            // Whoever asked is awake: nothing gives the thread the time to let go of what it has.
            bool answered = false;
            asio::co_spawn(io, reader.run(std::move(holds)), [&](std::exception_ptr) { answered = true; });
            io.restart();
            while (!answered) io.poll();
        }
    }
    CHECK(ended == 10000);
    CHECK(elsewhere == 0);
}
