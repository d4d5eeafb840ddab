#include "daemon/store/table_check.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#include "daemon/admin/verify.hpp"
#include "daemon/store/row_facts.hpp"
#include "tests/support/planter.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {

// A file with forty calls and their surveys, in the hands of somebody who may change whatever is in it.
struct File {
    File() {
        Connection db(path);
        REQUIRE(migrate(db));
        test::Planter planter(db);
        for (int i = 0; i < 40; ++i) {
            auto survey = planter.survey(planter.call({.record = fmt::format("R{:02}", i)}), {.state = i % 4 == 0 ? "in_doubt" : "delivered"});
            Statement(db, fmt::format("UPDATE messages SET claimed_at = {} WHERE id = {}", 1000 + i / 5, survey)).run();
        }
        for (int i = 2; i < 30; ++i) db.exec(fmt::format("INSERT INTO phones VALUES ({}, {}, x'00', 0)", i, i % 3 == 0 ? "NULL" : fmt::format("randomblob(16)")).c_str());
        db.exec("INSERT INTO notices VALUES (1, 'flood', 'notice', 1, 'x', x'00', NULL, NULL, NULL)");
        for (int i = 1; i < 30; ++i) db.exec(fmt::format("INSERT INTO notice_phones VALUES (1, {}, '2026-01-01', {})", i, i).c_str());
    }
    void edit(const std::string& sql) {
        Connection db(path);
        sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
        db.exec("PRAGMA foreign_keys=OFF; PRAGMA writable_schema=ON");
        db.exec(sql.c_str());
    }
    // As if these indexes were not there while the rows are edited: afterwards they say what was before. One that keeps a table's UNIQUE is
    // made an ordinary one for so long.
    void edit_behind(const std::string& index, const std::string& sql) {
        std::string put_back;
        {
            Connection db(path);
            Statement row(db, "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master WHERE name = ?1");
            REQUIRE(row.bind(1, index).step());
            put_back = fmt::format("INSERT INTO sqlite_master VALUES ('index', '{}', '{}', {}, ", index, row.text(2), row.integer(3));
            std::string quoted;
            for (char c : row.text(4)) quoted += c == '\'' ? std::string("''") : std::string(1, c);
            put_back += row.is_null(4) ? "NULL)" : fmt::format("'{}')", quoted);
        }
        edit(fmt::format("DELETE FROM sqlite_master WHERE name = '{}'; PRAGMA schema_version = 1000", index));
        edit(sql);
        edit(put_back + "; PRAGMA schema_version = 1001");
    }
    // Overwrites the first page of a table or index.
    void spoil(const std::string& name) {
        std::int64_t page = 0, bytes = 0;
        {
            Connection db(path);
            Statement root(db, "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master WHERE name = ?1");
            REQUIRE(root.bind(1, name).step());
            page = root.integer(0), bytes = root.integer(1);
            db.checkpoint();
        }
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp((page - 1) * bytes);
        file << std::string(static_cast<std::size_t>(bytes), '\x5A');
    }
    // What a check of this size says: 0 walks through every table, many asks SQLite.
    std::string says(std::int64_t entries_at_once, std::int64_t rows_a_step = 7) {
        Connection db(path, Connection::Access::read_only);
        TableCheck check({entries_at_once, rows_a_step, 1, 0});
        int steps = 0;
        while (check.step(db)) REQUIRE(++steps < 20'000);
        std::string out;
        for (const auto& finding : check.findings()) out += finding + "\n";
        return out;
    }
    // The failures of "file" and of the checks beside it that `verify` reports.
    std::string verify(std::string_view check) {
        Connection db(path, Connection::Access::read_only);
        std::string out;
        for (const auto& failure : admin::verify(db).failures)
            if (failure.check == check) out += failure.detail + "\n";
        return out;
    }
    test::TempFolder folder;
    std::string path = (folder / "pingjing.db").string();
};

bool has(const std::string& text, const std::string& words) { return text.find(words) != text.npos; }

}  // namespace

TEST_CASE("a sound file has no finding, walked in slices of any size or asked at once") {
    File file;
    CHECK(file.says(100'000).empty());
    for (std::int64_t step : {1, 2, 3, 7, 1000}) {
        CAPTURE(step);
        CHECK(file.says(0, step).empty());
    }
}

TEST_CASE("a row that an index does not find, and one that only an index finds, are named") {
    struct { const char* index; const char* edit; const char* walked; } breaks[] = {
        // Hidden from everybody who asks by the number of the phone.
        {"messages_phone", "UPDATE messages SET phone_id = 2 WHERE id = 17", "messages row 17 is not found by its index messages_phone\nindex messages_phone finds messages row 17, which is not there or holds something else\n"},
        {"messages_phone", "INSERT INTO messages SELECT 99, 'another', case_id, inbound_id, 'thanks', template, priority, state, code, phone_id, text, parts, route, channel, slot, open, made_at, due_at, stale_at, attempt, claimed_at, accepted_at, settled_at, answer_until, evidence FROM messages WHERE id = 17",
         "messages row 99 is not found by its index messages_phone\n"},
        {"messages_phone", "DROP TRIGGER messages_stay; DELETE FROM messages WHERE id = 17", "index messages_phone finds messages row 17, which is not there or holds something else\n"},
        // Of partial ones: what is in doubt no longer, and what is so unseen.
        {"messages_in_doubt", "UPDATE messages SET state = 'delivered' WHERE id = 5", "index messages_in_doubt finds messages row 5, which is not there or holds something else\n"},
        {"messages_in_doubt", "UPDATE messages SET state = 'in_doubt' WHERE id = 6", "messages row 6 is not found by its index messages_in_doubt\n"},
        // Of one over an expression.
        {"one_survey_a_case", "UPDATE messages SET purpose = 'thanks' WHERE id = 9", "messages row 9 is not found by its index one_survey_a_case\nindex one_survey_a_case finds messages row 9, which is not there or holds something else\n"},
        {"cases_closed", "UPDATE cases SET closed_at = NULL WHERE id = 3", "cases row 3 is not found by its index cases_closed\nindex cases_closed finds cases row 3, which is not there or holds something else\n"},
    };
    for (const auto& b : breaks) {
        CAPTURE(b.edit);
        File file;
        file.edit_behind(b.index, b.edit);
        CHECK(file.says(0) == b.walked);
        CHECK(has(file.says(100'000), b.index));
        CHECK(has(file.verify("file"), b.index));
    }
}

TEST_CASE("a verification on two threads finds what one finds, and can be left in the middle") {
    File file;
    file.edit_behind("messages_phone", "UPDATE messages SET phone_id = 2 WHERE id = 17");
    file.edit("UPDATE cases SET code = NULL WHERE id = 1");
    auto said = [](const admin::Verification& result) {
        std::string out;
        for (const auto& failure : result.failures) out += failure.check + ": " + failure.detail + "\n";
        return out;
    };
    Connection db(file.path, Connection::Access::read_only);
    auto alone = said(admin::verify(db));
    CHECK(has(alone, "file: messages"));
    CHECK(has(alone, "case_has_decision: case 1"));
    admin::Verifier verifier;
    admin::Beside rest(verifier, file.path);
    while (verifier.step(db)) {}
    while (!rest.has_ended(std::chrono::milliseconds(10))) {}
    auto lines = [](const std::string& text) {
        std::multiset<std::string> all;
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) all.insert(line);
        return all;
    };
    CHECK(lines(said(verifier.result())) == lines(alone));
    CHECK(said(verifier.result()).substr(0, 4) == alone.substr(0, 4));
    admin::Verifier left;
    admin::Beside ends(left, file.path);
}

TEST_CASE("a verification that is left waits for no step that has no end") {
    File file;
    // Whoever looks at the test texts never comes to their end.
    file.edit("DROP TABLE canaries; CREATE VIEW canaries AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT -x AS message_id, 'none' AS channel, 0 AS answered_by FROM n");
    admin::Verifier verifier;
    {
        admin::Beside rest(verifier, file.path);
        CHECK_FALSE(rest.has_ended(std::chrono::milliseconds(500)));
    }
    // Nothing of it is told as if it had been found.
    CHECK(verifier.result().failures.empty());
}

TEST_CASE("of a large table a share of the rows is looked for each night, and all of them in a week") {
    File file;
    file.edit_behind("messages_phone", "UPDATE messages SET phone_id = 2 WHERE id IN (17, 18)");
    int nights = 0;
    for (std::int64_t share = 0; share < 7; ++share) {
        Connection db(file.path, Connection::Access::read_only);
        TableCheck check({0, 7, 7, share});
        while (check.step(db)) {}
        CHECK(check.findings().empty() == (share != 17 % 7 && share != 18 % 7));
        if (!check.findings().empty()) ++nights;
    }
    CHECK(nights == 2);
}

namespace {

// As somebody writes it by hand. Its other values are such that no UNIQUE stands in the way.
std::string planted(Connection& db, const FactTable& table, std::int64_t id) {
    std::string names, values;
    auto add = [&](const std::string& name, const std::string& value) { names += (names.empty() ? "" : ", ") + name, values += (values.empty() ? "" : ", ") + value; };
    Statement without(db, "SELECT sql LIKE '%WITHOUT ROWID%' FROM sqlite_master WHERE type = 'table' AND name = ?1");
    without.bind(1, table.name).step();
    if (table.key != "i" && without.integer(0) == 0) add("rowid", std::to_string(id));
    Statement columns(db, "SELECT name, type FROM pragma_table_info(?1)");
    for (columns.bind(1, table.name); columns.step();) {
        auto type = columns.text(1);
        auto words = fmt::format("'planted{}'", id);
        add(columns.text(0), type == "INTEGER" ? std::to_string(id) : type == "REAL" ? "0.5" : type == "BLOB" ? fmt::format("CAST({} AS BLOB)", words) : words);
    }
    return fmt::format("INSERT INTO {}({}) VALUES ({}); ", table.name, names, values);
}

std::string without_guards(Connection& db) {
    std::string out = "PRAGMA ignore_check_constraints=ON; ";
    Statement all(db, "SELECT name FROM sqlite_master WHERE type = 'trigger'");
    while (all.step()) out += "DROP TRIGGER " + all.text(0) + "; ";
    return out;
}

constexpr std::int64_t odd_ids[] = {-5, std::numeric_limits<std::int64_t>::max()};

}  // namespace

TEST_CASE("a row that somebody planted under whatever number is found in every table of facts") {
    test::TempFolder folder;
    Connection db((folder / "pingjing.db").string());
    REQUIRE(migrate(db));
    db.exec(("PRAGMA foreign_keys=OFF; " + without_guards(db)).c_str());
    LedgerCheck::Sizes small;
    small.rows_a_step = 3;
    for (const auto& table : fact_tables())
        for (auto id : odd_ids) {
            CAPTURE(table.name);
            CAPTURE(id);
            db.exec("BEGIN");
            db.exec(planted(db, table, id).c_str());
            LedgerCheck check(small);
            while (check.step(db)) {}
            REQUIRE(check.findings().size() == 1);
            CHECK(has(check.findings()[0].detail, std::string(table.name) + " "));
            CHECK(has(check.findings()[0].detail, "was written by no ledger row"));
            db.exec("ROLLBACK");
        }
}

TEST_CASE("a row under whatever number that an index does not know is found within one round of nights") {
    File file;
    std::string begin;
    std::vector<std::pair<std::string, std::string>> plants;  // index, rows
    std::set<std::string> expected, found;
    {
        Connection db(file.path);
        begin = without_guards(db);
        for (const auto& table : fact_tables()) {
            Statement index(db, "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL AND sql NOT LIKE '% WHERE %' LIMIT 1");
            if (!index.bind(1, table.name).step()) continue;
            begin += planted(db, table, 700);  // no table shall be empty in the eyes of its index
            std::string rows = "PRAGMA ignore_check_constraints=ON; ";
            for (auto id : odd_ids) rows += planted(db, table, id), expected.insert(fmt::format("{} row {}", table.name, id));
            plants.emplace_back(index.text(0), rows);
        }
    }
    CHECK(plants.size() >= 14);
    file.edit(begin);
    for (const auto& [index, rows] : plants) file.edit_behind(index, rows);
    for (std::int64_t share = 0; share < 7; ++share) {
        Connection db(file.path, Connection::Access::read_only);
        TableCheck check({0, 7, 7, share});
        while (check.step(db)) {}
        for (const auto& finding : check.findings())
            for (const auto& row : expected)
                if (finding.starts_with(row + " ")) CHECK_MESSAGE(found.insert(row).second, finding);  // in one night of the seven
    }
    for (const auto& row : expected) CHECK_MESSAGE(found.contains(row), row);
}

TEST_CASE("a record that stands twice is found, also where its index knows but one of them") {
    // Both of them in the index, which was no UNIQUE one for a moment.
    const char* twice = "INSERT INTO cases SELECT 99, 'R07', version, content_key, state, unit, category, source, linked_to, language, phone_id, contact_id, officer, officer_role, call_taker, reported_at, closed_at, received_at, changed_at, "
                        "code, kind, flags, safety, recoded_after, erased_at FROM cases WHERE id = 8";
    for (bool in_index : {true, false}) {
        CAPTURE(in_index);
        File file;
        const char* loosen = "UPDATE sqlite_master SET sql = replace(sql, 'record TEXT NOT NULL UNIQUE', 'record TEXT NOT NULL') WHERE name = 'cases'; ";
        const char* tighten = "; UPDATE sqlite_master SET sql = replace(sql, 'record TEXT NOT NULL', 'record TEXT NOT NULL UNIQUE') WHERE name = 'cases'; ";
        std::int64_t root = 0;
        {
            Connection db(file.path);
            Statement read(db, "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_cases_1'");
            REQUIRE(read.step());
            root = read.integer(0);
        }
        auto as_ordinary = fmt::format("UPDATE sqlite_master SET name = 'loose', sql = 'CREATE INDEX loose ON cases(record)' WHERE name = 'sqlite_autoindex_cases_1'; ");
        auto put_back = fmt::format("INSERT INTO sqlite_master VALUES ('index', 'sqlite_autoindex_cases_1', 'cases', {}, NULL); ", root);
        file.edit(std::string(loosen) + (in_index ? as_ordinary : "DELETE FROM sqlite_master WHERE name = 'sqlite_autoindex_cases_1'; ") + "PRAGMA schema_version = 1000");
        file.edit(twice);
        file.edit((in_index ? std::string("UPDATE sqlite_master SET name = 'sqlite_autoindex_cases_1', sql = NULL WHERE name = 'loose'") : put_back) + tighten + "PRAGMA schema_version = 1001");
        auto found = file.verify("record_once");
        CHECK(has(found, "case 99 has a record's number that another one has"));
        CHECK((file.says(0) == "cases row 99 is not found by its index sqlite_autoindex_cases_1\n") == !in_index);
        CHECK_FALSE(file.says(100'000).empty());
    }
}

TEST_CASE("a word that takes the guards off and was left behind is a finding") {
    for (const char* word : {"sealing_reasons", "erasing_ratings"}) {
        CAPTURE(word);
        File file;
        CHECK_FALSE(has(file.verify("schema"), word));
        file.edit(fmt::format("INSERT INTO meta(key, value) VALUES ('{}', '1')", word));
        CHECK(has(file.verify("schema"), word));
    }
}

TEST_CASE("a page that cannot be read is a finding with its table, and the other tables are looked at all the same") {
    for (const char* name : {"cases", "ratings", "messages_phone", "ledger"}) {
        CAPTURE(name);
        File file;
        file.edit("UPDATE cases SET code = NULL WHERE id = 1");
        file.spoil(name);
        for (std::int64_t at_once : {0, 100'000}) CHECK(has(file.says(at_once), std::string(name) == "messages_phone" ? "messages" : name));
        auto found = file.verify("file");
        CHECK(has(found, "malformed"));
        CHECK(has(found, std::string(name) == "messages_phone" ? "messages" : name));
        // Nobody decided about these calls: that is still seen where it can be.
        if (std::string(name) != "cases") CHECK(has(file.verify("case_has_decision"), "case 1 has no decision"));
    }
}

TEST_CASE("a small sound store takes one step, and what is wrong beside its tables is said") {
    File file;
    {
        Connection db(file.path, Connection::Access::read_only);
        TableCheck check;
        CHECK_FALSE(check.step(db));
        CHECK(check.findings().empty());
        admin::Verifier verifier;
        int steps = 1;
        while (verifier.step(db)) ++steps;
        CHECK(steps < 10);
    }
    // A page that belongs to nothing.
    {
        Connection db(file.path);
        db.exec("CREATE TABLE gone(a)");
        db.checkpoint();
    }
    file.edit("DELETE FROM sqlite_master WHERE name = 'gone'; PRAGMA schema_version = 2000");
    auto said = file.says(20'000);
    CAPTURE(said);
    CHECK(said.starts_with("the file: "));
    CHECK(file.says(0).empty());  // of a large store only what its tables hold
}
