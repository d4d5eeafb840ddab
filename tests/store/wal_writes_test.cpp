#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <map>

#include "daemon/core/random.hpp"
#include "daemon/store/sqlite.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/watched_disk.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {

using Rows = std::map<std::int64_t, std::string>;

Rows read_rows(Connection& db) {
    Rows rows;
    for (Statement read(db, "SELECT id, words FROM t ORDER BY id"); read.step();) rows[read.integer(0)] = read.text(1);
    return rows;
}
std::string integrity(Connection& db) {
    Statement check(db, "PRAGMA integrity_check");
    check.step();
    return check.text(0);
}
void put(Connection& db, Rows& rows, std::int64_t id, std::string words) {
    Statement put(db, "INSERT INTO t(id, words) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET words = excluded.words");
    put.bind(1, id).bind(2, words).run();
    rows[id] = std::move(words);
}

}  // namespace

TEST_CASE("however many pages a commit has, they reach the disk together and before anybody may read them") {
    test::TempFolder folder;
    test::WatchedDisk disk(folder.path());
    auto file = (folder / "db").string();
    Connection db(file);
    db.exec("PRAGMA synchronous=NORMAL; CREATE TABLE t(id INTEGER PRIMARY KEY, words TEXT NOT NULL)");
    Rows rows;
    put(db, rows, 1, "the WAL begins");
    int writes = 0;
    disk.on_step = [&] { ++writes; };
    db.exec("BEGIN");
    for (int i = 0; i < 40; ++i) put(db, rows, i, std::string(1500, 'x'));
    CHECK(writes == 0);
    db.exec("COMMIT");
    CHECK(writes == 1);
    Connection reader(file, Connection::Access::read_only);
    CHECK(read_rows(reader) == rows);
    disk.on_step = nullptr;
}

TEST_CASE("commits too large for the memory, parts of them taken back, whole ones taken back: every reader sees what was committed") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        SeededRandom random(seed);
        test::TempFolder folder;
        auto file = (folder / "db").string();
        auto db = std::make_unique<Connection>(file);
        db->exec("PRAGMA synchronous=NORMAL; PRAGMA cache_size=12; CREATE TABLE t(id INTEGER PRIMARY KEY, words TEXT NOT NULL)");
        Rows committed;
        for (int turn = 0; turn < 40; ++turn) {
            auto rows = committed;
            db->exec("BEGIN IMMEDIATE");
            for (auto n = random.below(random.below(4) == 0 ? 400 : 12); n > 0; --n) {
                auto back = rows;
                bool part = random.below(8) == 0;
                if (part) db->exec("SAVEPOINT part");
                put(*db, rows, static_cast<std::int64_t>(random.below(500)), std::string(random.below(3000), static_cast<char>('a' + random.below(26))));
                if (part && random.below(2) == 0) db->exec("ROLLBACK TO part"), rows = back;
                if (part) db->exec("RELEASE part");
            }
            bool stands = random.below(4) > 0;
            db->exec(stands ? "COMMIT" : "ROLLBACK");
            if (stands) committed = rows;
            Connection reader(file, Connection::Access::read_only);
            REQUIRE(read_rows(reader) == committed);
            if (random.below(10) == 0) db->checkpoint();
            if (random.below(10) > 0) continue;
            db->leave_wal_when_closed();
            db = std::make_unique<Connection>(file);
            db->exec("PRAGMA synchronous=NORMAL; PRAGMA cache_size=12");
        }
        CHECK(integrity(*db) == "ok");
    }
}

TEST_CASE("a disk that is full for a moment while a large commit is on its way takes the whole transaction back, whoever meets it") {
    // With a cache of twelve pages a transaction reads back what it wrote itself, and pages leave for the disk in the middle of it.
    int refused = 0;
    for (int nth = 1; nth <= 60; ++nth) {
        CAPTURE(nth);
        test::TempFolder folder;
        test::WatchedDisk disk(folder.path());
        auto file = (folder / "db").string();
        auto db = std::make_unique<Connection>(file);
        db->exec("PRAGMA synchronous=NORMAL; PRAGMA cache_size=12; CREATE TABLE t(id INTEGER PRIMARY KEY, words TEXT NOT NULL)");
        Rows committed;
        for (int i = 0; i < 60; ++i) put(*db, committed, i, std::string(1500, 'a'));
        int writes = 0;
        disk.on_write = [&](bool wal) { return wal && ++writes == nth ? SQLITE_FULL : SQLITE_OK; };
        SeededRandom random(static_cast<std::uint64_t>(nth));
        auto rows = committed;
        db->exec("BEGIN IMMEDIATE");
        // Each statement that fails is left out, as one would who looks only at its own: if SQLite lets the rest be committed, all of the rest is there.
        for (int i = 0; i < 400 && db->in_transaction(); ++i) {
            auto id = static_cast<std::int64_t>(random.below(60));
            try {
                put(*db, rows, id, std::string(1200 + random.below(1500), static_cast<char>('b' + random.below(20))));
            } catch (const SqlError&) {
                ++refused;
            }
        }
        bool stands = false;
        if (db->in_transaction()) {
            try {
                db->exec("COMMIT");
                stands = true;
            } catch (const SqlError&) {
                ++refused;
            }
        }
        if (db->in_transaction()) db->exec("ROLLBACK");
        disk.on_write = nullptr;
        CHECK(read_rows(*db) == (stands ? rows : committed));
        CHECK(integrity(*db) == "ok");
        put(*db, stands ? rows : committed, 1000, "goes on");
        Connection reader(file, Connection::Access::read_only);
        CHECK(read_rows(reader) == (stands ? rows : committed));
        db->leave_wal_when_closed();
        db = std::make_unique<Connection>(file);  // as after a crash: the WAL is read frame by frame
        CHECK(read_rows(*db) == (stands ? rows : committed));
        CHECK(integrity(*db) == "ok");
    }
    CHECK(refused > 10);
}
