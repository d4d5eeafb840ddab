#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "daemon/admin/verify.hpp"
#include "daemon/nightly.hpp"
#include "daemon/store/checkpoints.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/row_facts.hpp"
#include "daemon/store/watch.hpp"
#include "tests/flow/world.hpp"

using namespace pingjing;
using namespace pingjing::test;
using store::Connection;
using store::Statement;

namespace {

// A morning in which a little of everything happens.
void live_a_morning(World& w) {
    for (int i = 0; i < 14; ++i) {
        w.call("case" + std::to_string(i), "1381234500" + std::to_string(i % 10), i == 5 ? "02" : i == 6 ? "04" : "0101");
        w.pass(std::chrono::minutes(2));
    }
    w.pass(std::chrono::hours(3));
    auto sent = w.sent;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        if (i % 4 != 3) w.receipt(sent[i].ref, i % 5 == 4 ? provider::ReceiptState::failed : provider::ReceiptState::delivered);
        const char* words[] = {"1", "3", "2", "退订", "不满意", "救命", "谢谢", "1"};
        if (i % 5 != 4) w.reply(sent[i].phone, words[i % 8], sent[i].extension);
    }
    w.call("case3", "13812345003", "0101", R"(,"call_taker":"080011")");
    w.receipt("nobody", provider::ReceiptState::delivered, "x1");
    w.store->run_now([&](Connection& db) {
        store::ByHand by{"control/zhang", "a test"};
        store::place_hold(db, "stop", std::nullopt, store::open_reason(store::keep_words_of(db, w.seal, "hold", std::nullopt, by, w.clock.now()), by), w.clock.now());
        store::keep_words_of(db, w.seal, "forget", 1, by, w.clock.now());
        for (const auto& seal : {store::Seal::from_seed(99), w.seal}) store::remember_ledger_key(db, *seal.ledger_signer(), w.clock.now());
        store::record_opt_out(db, store::keep_phone(db, w.seal, *Phone::mobile("13900000077"), w.clock.now()), true, "operator", "asked for it", w.clock.now());
    });
    w.pass(std::chrono::hours(1));
}

// Whoever has the file: no trigger, no check, no index in his way.
void disarm(Connection& db) {
    std::vector<std::string> drops;
    {
        Statement find(db, "SELECT type, name FROM sqlite_master WHERE type = 'trigger' OR (type = 'index' AND sql IS NOT NULL)");
        while (find.step()) drops.push_back(fmt::format("DROP {} {}", find.text(0), find.text(1)));
    }
    db.exec("PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON");
    for (const auto& drop : drops) db.exec(drop.c_str());
}

struct Column { std::string name, type; bool key = false; };
struct Table {
    std::string name;
    std::vector<Column> columns;
    bool rowid = true;
    std::string key() const {
        std::string out;
        for (const auto& c : columns)
            if (c.key) out += (out.empty() ? "" : ", ") + c.name;
        return out;
    }
};

std::vector<Table> tables_to_attack(Connection& db) {
    std::vector<Table> all;
    std::vector<std::string> names{"ledger"};
    for (const auto& fact : store::fact_tables()) names.push_back(fact.name);
    for (const auto& name : names) {
        Statement any(db, fmt::format("SELECT count(*) FROM {}", name));
        any.step();
        if (any.integer(0) < 2) continue;
        Table table{name, {}};
        Statement columns(db, fmt::format("SELECT name, type, pk FROM pragma_table_info('{}')", name));
        while (columns.step()) table.columns.push_back({columns.text(0), columns.text(1), columns.integer(2) > 0});
        Statement sql(db, "SELECT sql LIKE '%WITHOUT ROWID%' FROM sqlite_master WHERE name = ?1");
        sql.bind(1, name).step();
        table.rowid = sql.integer(0) == 0;
        all.push_back(std::move(table));
    }
    return all;
}

class Attacker {
public:
    Attacker(Connection& db, std::uint64_t seed) : db_(db), random_(seed), tables_(tables_to_attack(db)) {}

    // What it did, "" if it came to nothing.
    std::string strike() {
        const auto& table = tables_[random_.below(tables_.size())];
        try {
            switch (random_.below(5)) {
                case 0: return remove(table);
                case 1: return exchange(table);
                case 2: return date_anew(table);
                case 3: return random_.below(4) == 0 ? add(table) : edit(table);
                default: return edit(table);
            }
        } catch (const store::SqlError&) {
            return "";  // UNIQUE or NOT NULL stood in the way
        }
    }
    std::size_t tables() const { return tables_.size(); }

private:
    // A row by its place: all of its key's columns.
    std::string any_row(const Table& table) {
        Statement count(db_, fmt::format("SELECT count(*) FROM {}", table.name));
        count.step();
        auto place = random_.below(static_cast<std::uint64_t>(count.integer(0)));
        return fmt::format("({0}) = (SELECT {0} FROM {1} ORDER BY {0} LIMIT 1 OFFSET {2})", table.key(), table.name, place);
    }
    const Column& any_column(const Table& table) { return table.columns[random_.below(table.columns.size())]; }
    std::string done(std::string what, const char* sql) {
        db_.exec(sql);
        return db_.changes() > 0 ? what + ": " + sql : "";
    }
    std::string remove(const Table& t) { return done("deleted", fmt::format("DELETE FROM {} WHERE {}", t.name, any_row(t)).c_str()); }
    std::string add(const Table& t) {
        if (t.key() != t.columns[0].name || t.columns[0].type != "INTEGER") return "";
        std::string rest;
        for (std::size_t i = 1; i < t.columns.size(); ++i) rest += ", " + (t.columns[i].name == "key" || t.columns[i].name == "record" || t.columns[i].name == "ref" || t.columns[i].name == "hash" ? t.columns[i].name + " || 'x'" : t.columns[i].name);
        return done("added", fmt::format("INSERT INTO {0} SELECT (SELECT max({1}) + 1 FROM {0}){2} FROM {0} WHERE {3}", t.name, t.key(), rest, any_row(t)).c_str());
    }
    std::string date_anew(const Table& t) {
        const auto& c = any_column(t);
        if (c.type != "INTEGER" || (c.name != "at" && !c.name.ends_with("_at") && !c.name.ends_with("_until"))) return "";
        auto by = static_cast<std::int64_t>(1 + random_.below(86'400'000)) * (random_.below(2) ? 1 : -1);
        return done("dated anew", fmt::format("UPDATE {0} SET {1} = {1} + {2} WHERE {1} IS NOT NULL AND {3}", t.name, c.name, by, any_row(t)).c_str());
    }
    std::string edit(const Table& t) {
        const auto& c = any_column(t);
        if (c.key) return "";
        std::string value = c.type == "INTEGER" ? fmt::format("CASE WHEN {0} IS NULL THEN 1 ELSE {0} + {1} END", c.name, 1 + random_.below(1000))
                            : c.type == "REAL"  ? fmt::format("CASE WHEN {0} IS NULL THEN 0.5 ELSE {0} + 0.001 END", c.name)
                            : c.type == "TEXT"  ? fmt::format("CASE WHEN {0} IS NULL OR {0} = '' THEN 'x' WHEN {1} THEN substr({0}, 2) ELSE {0} || 'x' END", c.name, random_.below(2))
                                                : fmt::format("CASE WHEN {0} IS NULL THEN x'01' WHEN {1} OR length({0}) < 2 THEN x'' ELSE CAST(substr({0}, 1, length({0}) - 1) || x'00' AS BLOB) END", c.name, random_.below(2));
        return done("edited", fmt::format("UPDATE {0} SET {1} = {2} WHERE {1} IS NOT {2} AND {3}", t.name, c.name, value, any_row(t)).c_str());
    }
    // Two rows change places, or two neighbours' values of one column do.
    std::string exchange(const Table& t) {
        if (t.key() == t.columns[0].name && t.columns[0].type == "INTEGER" && random_.below(2)) {
            auto key = t.key();
            Statement two(db_, fmt::format("SELECT {0} FROM {1} ORDER BY random() LIMIT 2", key, t.name));
            two.step();
            auto a = two.integer(0);
            two.step();
            auto b = two.integer(0);
            two.run();
            return done("reordered", fmt::format("UPDATE {0} SET {1} = -1 WHERE {1} = {2}; UPDATE {0} SET {1} = {2} WHERE {1} = {3}; UPDATE {0} SET {1} = {3} WHERE {1} = -1", t.name, key, a, b).c_str());
        }
        const auto& c = any_column(t);
        if (c.key) return "";
        auto from = any_row(t), to = any_row(t);
        return done("exchanged", fmt::format("UPDATE {0} SET {1} = (SELECT {1} FROM {0} WHERE {2}) WHERE {1} IS NOT (SELECT {1} FROM {0} WHERE {2}) AND {3}", t.name, c.name, from, to).c_str());
    }

    Connection& db_;
    SeededRandom random_;
    std::vector<Table> tables_;
};

}  // namespace

TEST_CASE("every table is one of facts, whose rows the ledger tells of, or is known not to be") {
    World w("2026-11-21T09:00:00+08:00");
    const std::set<std::string> others{"ledger", "ledger_head", "checkpoints", "meta", "slots", "channel_days", "receipt_keys", "hook_bodies", "inbound_parts", "watch_alarms", "path_days", "canaries", "writeback_cases", "writeback_units", "day_sums", "survey_sums", "sent_unknown"};
    w.store->run_now([&](Connection& db) {
        std::set<std::string> facts;
        for (const auto& table : store::fact_tables()) {
            CAPTURE(table.name);
            facts.insert(table.name);
            CHECK(store::fact_table(table.number) == &table);
            Statement columns(db, "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid");
            columns.bind(1, table.name);
            std::string key, names;
            std::istringstream listed(table.columns);
            for (int i = 0; columns.step(); ++i) {
                std::string column;
                listed >> column;
                CHECK(column.substr(0, column.find('*')) == columns.text(0));
                if (columns.integer(2) == 0) continue;
                CHECK(columns.integer(2) == i + 1);  // the key's columns come first
                key += columns.text(1) == "INTEGER" ? 'i' : 't';
                names += (names.empty() ? "" : ", ") + columns.text(0);
            }
            CHECK(key == table.key);
            CHECK(names == table.key_columns());
            std::string more;
            listed >> more;
            CHECK(more.empty());
        }
        Statement all(db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
        while (all.step()) {
            CAPTURE(all.text(0));
            CHECK(facts.count(all.text(0)) + others.count(all.text(0)) == 1);
        }
    });
}

TEST_CASE("random edits, deletions, additions, reorderings and re-datings in the file are all found") {
    World w("2026-11-21T09:00:00+08:00");
    live_a_morning(w);
    auto file = w.folder / "copy.db";
    {
        Connection source(w.store->path(), Connection::Access::read_only);
        Statement copy(source, "VACUUM INTO ?1");
        copy.bind(1, file.string()).run();
    }
    Connection db(file.string());
    disarm(db);
    auto check = [&] {
        store::LedgerCheck ledger;
        while (ledger.step(db)) {}
        return ledger.findings();
    };
    REQUIRE(check().empty());
    Attacker attacker(db, 20261121);
    CHECK(attacker.tables() >= 12);
    const char* wanted = std::getenv("PINGJING_TAMPERINGS");
    int count = wanted ? std::atoi(wanted) : 1000, done = 0;
    std::map<std::string, int> kinds;
    for (int tries = 0; done < count && tries < 20 * count; ++tries) {
        db.exec("BEGIN");
        if (auto what = attacker.strike(); !what.empty()) {
            CAPTURE(what);
            CHECK_FALSE(check().empty());
            ++done, ++kinds[what.substr(0, what.find(':'))];
        }
        db.exec("ROLLBACK");
    }
    CHECK(done == count);
    CHECK(kinds.size() == 6);
    CHECK(check().empty());
}

TEST_CASE("verify names what was changed, and tells a missing row from an erased one") {
    World w("2026-11-21T09:00:00+08:00");
    live_a_morning(w);
    Connection db(w.store->path());
    auto failures = [&](const char* sql) {
        db.exec("BEGIN");
        // Whoever can take the triggers away can put them back.
        std::string away, back;
        {
            Statement triggers(db, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name <> 'messages_forward'");
            while (triggers.step()) away += "DROP TRIGGER " + triggers.text(0) + ";\n", back += triggers.text(1) + ";\n";
        }
        db.exec(away.c_str());
        db.exec(sql);
        db.exec(back.c_str());
        std::string all;
        for (const auto& failure : admin::verify(db).failures) all += failure.check + ": " + failure.detail + "\n";
        db.exec("ROLLBACK");
        return all;
    };
    CHECK(failures("SELECT 1").empty());
    CHECK(failures("DROP TRIGGER messages_forward") == "schema: trigger messages_forward is missing\n");
    CHECK(failures("UPDATE ratings SET grade = 'satisfied' WHERE id = 2").find("rows: ratings row 2 is not as ledger row ") == 0);
    CHECK(failures("DELETE FROM opt_outs WHERE id = 1").find("rows: opt_outs row 1 is missing; ledger row ") == 0);
    CHECK(failures("INSERT INTO holds VALUES (77, 'stop', NULL, 1, 'r', NULL, NULL)").find("rows: holds row 77 was written by no ledger row") == 0);
    CHECK(failures("UPDATE attempts SET channel = 'other' WHERE message_id = 1").find("rows: attempts row 1 1 is not as ledger row ") == 0);
    CHECK(failures("UPDATE ledger_keys SET after_size = 99 WHERE id = 2").find("rows: ledger_keys row 2 is not as ledger row ") == 0);
    CHECK(failures("UPDATE override_words SET who = 'control/li' WHERE id = 1").find("rows: override_words row 1 is not as ledger row ") == 0);
    CHECK(failures("DELETE FROM override_words WHERE id = 2").find("rows: override_words row 2 is missing; ledger row ") == 0);
    CHECK(failures("UPDATE alarms SET at = at + 1").find("rows: alarms row ") == 0);
    CHECK(failures("UPDATE ledger SET at = at + 1 WHERE seq = 9").find("ledger: ledger row 9 was changed\n") == 0);
    CHECK(failures("DELETE FROM ledger WHERE seq = 9").find("ledger: ledger row 9 is missing\n") == 0);
    // Under numbers that no line has: whoever asks for the lines of a kind finds them all the same.
    const char* line = "INSERT INTO ledger(seq, at, kind, case_id, data, rows, mark) SELECT {}, at, 'resend', 1, data, x'', mark FROM ledger WHERE seq = 9";
    CHECK(failures(fmt::format(fmt::runtime(line), -5).c_str()).find("ledger: ledger row -5 stands before the first\n") == 0);
    CHECK(failures(fmt::format(fmt::runtime(line), 0).c_str()).find("ledger: ledger row 0 stands before the first\n") == 0);
    CHECK(failures(fmt::format(fmt::runtime(line), "9223372036854775807").c_str()).find("ledger row 9223372036854775807 was changed\n") != std::string::npos);
    // Cut at the end, with a head to match, it is the rows that miss their lines.
    CHECK(failures("DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)").find("ledger: the ledger has ") == 0);
}

TEST_CASE("the ledger is checked in small steps, with little memory, while the store is in use") {
    World w("2026-11-21T09:00:00+08:00");
    live_a_morning(w);
    store::LedgerCheck whole;
    Connection reader(w.store->path(), Connection::Access::read_only);
    while (whole.step(reader)) {}
    CHECK(whole.findings().empty());
    store::LedgerCheck::Sizes sizes;
    sizes.lines_a_step = 40, sizes.rows_a_step = 9, sizes.rows_a_pass = 100;
    store::LedgerCheck check(sizes);
    int steps = 0;
    while (check.step(reader)) {
        if (++steps % 3 == 0) w.call("meanwhile" + std::to_string(steps), fmt::format("139{:08}", steps));
        if (steps % 7 == 0) w.pass(std::chrono::minutes(3));
        REQUIRE(steps < 20'000);
    }
    for (const auto& finding : check.findings()) MESSAGE(finding.check << ": " << finding.detail);
    CHECK(check.findings().empty());
    CHECK(steps > 50);
    CHECK(check.rows() > whole.rows());
}

TEST_CASE("what a job changed and was taken back is in no line") {
    World w("2026-11-21T09:00:00+08:00");
    w.store->run_now([&](Connection& db) {
        store::place_hold(db, "stop", std::nullopt, "one", w.clock.now());
        // A row that no fact tells of, then a savepoint whose fact takes it along and is taken back.
        db.exec("UPDATE holds SET reason = 'two'");
        {
            store::Savepoint alone(db);
            store::place_hold(db, "clock", std::nullopt, "three", w.clock.now());
        }
    });
    CHECK(w.value("SELECT count(*) FROM holds") == "1");
    CHECK(w.value("SELECT kind FROM ledger ORDER BY seq DESC LIMIT 1") == "rows");
    w.store->run_now([&](Connection& db) {
        for (const auto& failure : admin::verify(db).failures) MESSAGE(failure.check << ": " << failure.detail);
        CHECK(admin::verify(db).failures.empty());
    });
}

TEST_CASE("a page that cannot be read is what the night says of the store, and the nights go on") {
    World w("2026-11-21T09:00:00+08:00");
    live_a_morning(w);
    std::int64_t page = 0, bytes = 0;
    {
        Connection db(w.store->path());
        Statement root(db, "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master WHERE name = 'decisions'");
        REQUIRE(root.step());
        page = root.integer(0), bytes = root.integer(1);
        root.run();
        REQUIRE(db.checkpoint());
    }
    auto settings = w.settings();
    // A connection of its own for each look, as after a start: nothing of the page is remembered.
    store::Reader read = [&](std::function<void(Connection&)> work) -> asio::awaitable<void> {
        Connection db(w.store->path(), Connection::Access::read_only);
        work(db);
        co_return;
    };
    auto night = [&] {
        w.run_for([&]() -> asio::awaitable<void> {
            Nightly nightly(read, *w.store, w.seal, w.clock, [&]() -> const config::Settings& { return settings; });
            co_await nightly.verify();
        });
        std::optional<store::LastVerification> said;
        w.store->run_now([&](Connection& db) { said = store::last_verification(db); });
        return said ? said->failure : "nothing was said";
    };
    CHECK(night().empty());
    {
        std::fstream file(w.store->path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp((page - 1) * bytes);
        file << std::string(static_cast<std::size_t>(bytes), '\x5A');
    }
    CHECK(night().find("file: decisions") == 0);
    // Of a disk that reads nothing at all it is said, too.
    store::Reader broken = [](std::function<void(Connection&)>) -> asio::awaitable<void> { throw store::SqlError(266, "disk I/O error"); co_return; };
    read = broken;
    CHECK(night() == "file: the store cannot be read: disk I/O error");
}
