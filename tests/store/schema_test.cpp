#include <doctest/doctest.h>

#include "daemon/core/message.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/sqlite.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {
struct Fixture {
    Connection db{":memory:"};
    Fixture() {
        REQUIRE(migrate(db));
        db.exec("INSERT INTO phones VALUES (1, zeroblob(16), x'00', 0)");
        for (const char* id : {"1", "2"})
            db.exec(("INSERT INTO cases(id, record, content_key, state, unit, category, source, linked_to, language, call_taker, reported_at, "
                     "received_at, changed_at, kind, safety, flags) VALUES (" + std::string(id) + ", 'r" + id + "', x'00', 'closed', '', '', '', '', '', '', 0, 0, 0, 'survey', 0, '')").c_str());
    }
    void survey(int id, int case_id, int slot, const char* purpose = "survey") {
        Statement add(db, "INSERT INTO messages(id, ref, case_id, purpose, template, priority, state, phone_id, text, parts, slot, open, made_at, due_at, "
                          "stale_at) VALUES (?1, ?2, ?3, ?4, 'survey', 2, 'due', 1, x'00', 1, ?5, 1, 0, 0, 0)");
        add.bind(1, id).bind(2, "ref" + std::to_string(id)).bind(3, case_id).bind(4, purpose).bind(5, slot).run();
    }
};
}  // namespace

TEST_CASE("the database itself refuses a second survey for a case") {
    Fixture f;
    f.survey(1, 1, 1);
    CHECK_THROWS_AS(f.survey(2, 1, 2), SqlError);
    CHECK_NOTHROW(f.survey(3, 1, 3, "thanks"));
    CHECK_NOTHROW(f.survey(4, 2, 2));
    CHECK_THROWS_AS(f.db.exec("DELETE FROM messages WHERE id = 1"), SqlError);  // to make room for another
}

TEST_CASE("the database itself refuses two open surveys in one reply slot") {
    Fixture f;
    f.survey(1, 1, 7);
    CHECK_THROWS_AS(f.survey(2, 2, 7), SqlError);
    f.db.exec("UPDATE messages SET open = 0 WHERE id = 1");
    CHECK_NOTHROW(f.survey(2, 2, 7));
}

TEST_CASE("the database itself holds message states to the arrows of core/message") {
    for (int from = 0; from <= static_cast<int>(MessageState::cancelled); ++from)
        for (int to = 0; to <= static_cast<int>(MessageState::cancelled); ++to) {
            auto f = static_cast<MessageState>(from), t = static_cast<MessageState>(to);
            CAPTURE(message_state_name(f));
            CAPTURE(message_state_name(t));
            Fixture fixture;
            Statement add(fixture.db, "INSERT INTO messages(id, ref, case_id, purpose, template, priority, state, attempt, phone_id, text, parts, made_at, due_at, "
                                      "stale_at) VALUES (1, 'a', 1, 'survey', 'survey', 2, ?1, 1, 1, x'00', 1, 0, 0, 0)");
            add.bind(1, message_state_name(f)).run();
            Statement move(fixture.db, "UPDATE messages SET state = ?1 WHERE id = 1");
            move.bind(1, message_state_name(t));
            if (f == t || may_follow(f, t)) CHECK_NOTHROW(move.run());
            else CHECK_THROWS_AS(move.run(), SqlError);
        }
}

TEST_CASE("a message cannot be born sent, and an inbound text cannot be done without a class") {
    Fixture f;
    CHECK_THROWS_AS(f.db.exec("INSERT INTO messages(id, ref, case_id, purpose, template, priority, state, phone_id, text, parts, made_at, due_at, stale_at) "
                              "VALUES (1, 'a', 1, 'survey', 'survey', 2, 'accepted', 1, x'00', 1, 0, 0, 0)"), SqlError);
    CHECK_THROWS_AS(f.db.exec("INSERT INTO inbound(id, channel, key, to_number, extension, received_at, step) VALUES (1, 'c', 'k', '', '', 0, 'done')"), SqlError);
    CHECK_NOTHROW(f.db.exec("INSERT INTO inbound(id, channel, key, to_number, extension, received_at, step) VALUES (1, 'c', 'k', '', '', 0, 'new')"));
    CHECK_THROWS_AS(f.db.exec("INSERT INTO inbound(id, channel, key, to_number, extension, received_at, step) VALUES (2, 'c', 'k', '', '', 0, 'new')"), SqlError);
}

TEST_CASE("a phone's row stays, for its id would be given to somebody else, an erased number is an empty one") {
    Fixture f;
    CHECK_THROWS_AS(f.db.exec("DELETE FROM phones"), SqlError);
    CHECK_NOTHROW(f.db.exec("UPDATE phones SET sealed = x''"));
}

TEST_CASE("a store of a newer program is refused and left as it is") {
    Connection db(":memory:");
    db.exec("PRAGMA user_version = 99");
    auto migrated = migrate(db);
    REQUIRE_FALSE(migrated);
    CHECK(migrated.error().kind == Error::Kind::conflict);
    CHECK(schema_version(db) == 99);
}

TEST_CASE("migrating twice changes nothing") {
    Connection db(":memory:");
    REQUIRE(migrate(db));
    REQUIRE(migrate(db));
    CHECK(schema_version(db) == newest_schema());
}

TEST_CASE("a store whose tables are not those of the schema it names is not opened, and not touched") {
    Connection db(":memory:");
    REQUIRE(migrate(db));
    CHECK(migrate(db));
    CHECK(schema_differences(db).empty());
    db.exec("ALTER TABLE ledger DROP COLUMN mark; PRAGMA user_version = 1");
    auto refused = migrate(db);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().detail.find("its table ledger has the columns") != std::string::npos);
    CHECK(schema_version(db) == 1);
}

TEST_CASE("a guard that was taken away, changed or added is named") {
    Connection db(":memory:");
    REQUIRE(migrate(db));
    db.exec("DROP TRIGGER ratings_stay; DROP INDEX one_survey_a_case; CREATE INDEX one_survey_a_case ON messages(case_id); "
            "CREATE TRIGGER kinder AFTER INSERT ON ratings BEGIN SELECT 1; END");
    CHECK(schema_differences(db) == std::vector<std::string>{"index one_survey_a_case is another than this program makes", "trigger ratings_stay is missing",
                                                              "trigger kinder is not this program's"});
}

TEST_CASE("a new store is a copy of what all steps come to, and a write-ahead log's like any other") {
    test::TempFolder folder;
    auto path = (folder.path() / "new.db").string();
    Connection at_once(path), by_steps(":memory:");
    REQUIRE(migrate(at_once));
    for (int to = 1; to <= newest_schema(); ++to) REQUIRE(migrate(by_steps, to));
    auto all = [](Connection& db, const char* sql) {
        std::string out;
        for (Statement rows(db, sql); rows.step();) out += rows.text(0) + "\n";
        return out;
    };
    CHECK(schema_differences(at_once).empty());
    CHECK(schema_differences(by_steps).empty());
    CHECK(schema_version(at_once) == newest_schema());
    for (const char* sql : {"SELECT type || name || coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY 1", "SELECT key || ' ' || value FROM meta ORDER BY key"})
        CHECK(all(at_once, sql) == all(by_steps, sql));
    CHECK(all(at_once, "PRAGMA journal_mode") == "wal\n");
    CHECK(all(at_once, "PRAGMA integrity_check") == "ok\n");
    at_once.exec("INSERT INTO phones VALUES (1, zeroblob(16), x'00', 0)");
    at_once.checkpoint();
    Connection reader(path, Connection::Access::read_only);
    CHECK(all(reader, "SELECT count(*) FROM phones") == "1\n");
}
