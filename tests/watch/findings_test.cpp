#include "daemon/watch/findings.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "daemon/store/schema.hpp"
#include "daemon/store/watch.hpp"
#include "tests/support/planter.hpp"
#include "tests/support/prepared.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::watch;
using namespace std::chrono_literals;

namespace {

const Instant noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

std::string ms(Instant when) { return std::to_string(to_millis(when)); }

// A store of two days ago that was verified and signed last night.
struct House {
    House() {
        REQUIRE(store::migrate(db));
        store::append(db, noon - 48h, "test", std::nullopt, "{}");
        put("INSERT INTO exports VALUES ('2026-11-20', 1, 1, 0, 'x')");
        put("INSERT INTO checkpoints VALUES (1, " + ms(noon - 1h) + ", 'x')");
        store::keep_verification(db, {noon - 11h, ""});
        put("INSERT INTO phones VALUES (1, zeroblob(16), x'00', 0)");
        settings.service.timezone = "Asia/Shanghai";
        settings.survey.hours = {8h, 21h}, settings.survey.spread = 30min;
        settings.desk.main.kind = config::Desk::Kind::webhook, settings.desk.main.ack_within = 3min;
    }
    void put(const std::string& sql) { db.exec(sql.c_str()); }
    // A message to number 1, in this state, and due then.
    void message(const char* state, Instant due, const char* code = nullptr) {
        auto id = db.next_id("messages");
        store::Statement add(db, "INSERT INTO messages(id, ref, purpose, template, priority, state, code, phone_id, text, attempt, made_at, due_at, stale_at) "
                                 "VALUES (?1, ?1, 'thanks', 'thanks', 1, ?2, ?3, 1, x'00', 1, 0, ?4, ?4)");
        add.bind(1, id).bind(2, state).bind(3, code ? std::optional<std::string_view>(code) : std::nullopt).bind(4, due).run();
    }
    // All of them wait for the first [[route]], whose channels have these hours.
    void of_route(const std::vector<config::Hours>& hours) {
        put("UPDATE messages SET route = 0");
        auto& route = settings.routes.emplace_back();
        for (const auto& h : hours) {
            auto& channel = settings.channels.emplace_back();
            channel.name = std::to_string(settings.channels.size()), channel.hours = h;
            route.channels.push_back(channel.name);
        }
    }
    void goes_back(Instant since) {
        settings.writeback.to = config::Writeback::To::folder;
        put(fmt::format("INSERT INTO writeback(id, key, at, unit, line) VALUES (1, x'01', {}, '', x'00')", ms(since)));
    }
    void carries(Instant since) {
        settings.reports.deliveries.emplace_back().name = "bureau";
        put(fmt::format("INSERT INTO deliveries(id, target, day, version, planned_at, attempts, why) VALUES (1, 'bureau', '2026-11-20', 1, {}, 3, 'nobody answers')", ms(since)));
    }
    void erased(const std::string& day) { put("INSERT INTO meta(key, value) VALUES ('erased_day', '" + day + "')"); }
    void text(Instant received, const char* step = "new") {
        auto id = db.next_id("inbound");
        put(fmt::format("INSERT INTO inbound(id, channel, key, to_number, extension, received_at, step, class) VALUES ({0}, 'main', '{0}', '', '', {1}, '{2}', {3})", id, ms(received), step,
                        std::string(step) == "new" ? "NULL" : "'none'"));
    }
    void letter(Instant at) {
        text(at, "done");
        put(fmt::format("INSERT INTO letters(id, inbound_id, at) VALUES ({0}, {0}, {1})", db.next_id("inbound") - 1, ms(at)));
    }
    void emergency(const char* received_at) {
        text(noon - 1h, "done");
        put(fmt::format("INSERT INTO alarms(id, inbound_id, at, do_not_contact, received_at) VALUES ('a{0}', {0}, 0, 0, {1})", db.next_id("inbound") - 1, received_at));
    }
    void hold(const char* of, const char* channel, const char* reason) { put(fmt::format("INSERT INTO holds(id, of, channel, at, reason) VALUES ({}, '{}', {}, 0, '{}')", db.next_id("holds"), of, channel, reason)); }

    // "name about: detail" of each.
    std::string said(Instant now = noon, bool signs = true) {
        std::string out;
        for (const auto& f : about_store(db, Site(settings), signs, now)) {
            CHECK(find_kind(f.name));
            out += f.name + (f.about.empty() ? "" : " " + f.about) + ": " + f.detail + "\n";
        }
        return out;
    }

    store::Connection db{":memory:"};
    config::Settings settings;
};

}  // namespace

TEST_CASE("what is wrong in a store, each by itself and in words") {
    struct Case {
        const char* what;
        std::function<void(House&)> wrong;
        std::string says;  // empty: it is no trouble
        Instant now = noon;
    };
    const Case cases[] = {
        {"nothing", [](House&) {}, ""},
        {"a person stopped it", [](House& h) { h.hold("stop", "NULL", "a visitor"); }, "sending_stopped: since 1970-01-01T00:00:00Z: a visitor\n"},
        {"a person stopped a channel", [](House& h) { h.hold("stop", "'main'", "moved"); }, "sending_stopped main: since 1970-01-01T00:00:00Z: moved\n"},
        {"the clock", [](House& h) { h.hold("clock", "NULL", "it jumped"); }, "clock_held: since 1970-01-01T00:00:00Z: it jumped\n"},
        {"the ceiling", [](House& h) { h.hold("ceiling", "'main'", "5000"); }, "ceiling_reached main: since 1970-01-01T00:00:00Z: 5000\n"},
        {"strangers", [](House& h) { h.hold("stop", "NULL", "many receipts for messages that this store never sent: is it an old one?"); },
         "receipts_of_strangers: since 1970-01-01T00:00:00Z: many receipts for messages that this store never sent: is it an old one?\n"},
        {"one that was released", [](House& h) { h.hold("stop", "NULL", "x"), h.put("UPDATE holds SET released_at = 1"); }, ""},
        {"no route", [](House& h) { h.message("held", noon, "no_route"); }, "no_route: 1 message\n"},
        {"after a restore", [](House& h) { h.message("held", noon, "restored"), h.message("held", noon, "restored"); }, "restored_held: 2 messages\n"},
        {"for a person", [](House& h) { h.message("held", noon, "content"), h.message("held", noon, "refused_by_store"); }, "rows_held: 1 content, 1 refused_by_store\n"},
        {"held by the ceiling, which speaks for itself", [](House& h) { h.message("held", noon, "ceiling"); }, ""},
        {"due for half an hour", [](House& h) { h.message("due", noon - 30min - 1s); }, "backlog: 1 message is due for more than 30 minutes\n"},
        {"due for less", [](House& h) { h.message("due", noon - 30min); }, ""},
        {"due since before the opening, and it has just opened", [](House& h) { h.message("due", noon - 12h); }, "", noon - 3h - 1s},
        {"due since before the opening, when its time is over", [](House& h) { h.message("due", noon - 12h); }, "backlog: 1 message is due for more than 30 minutes\n", noon - 3h},
        {"due at night", [](House& h) { h.message("due", noon), h.put("INSERT INTO exports VALUES ('2026-11-21', 1, 1, 0, 'x')"); }, "", noon + 9h},
        {"due while all is stopped", [](House& h) { h.message("due", noon - 5h), h.hold("stop", "NULL", "x"); }, "sending_stopped: since 1970-01-01T00:00:00Z: x\n"},
        {"due on a channel that opens later", [](House& h) { h.message("due", noon - 3h), h.of_route({{13h, 15h}}); }, ""},
        {"due on a channel that has just opened", [](House& h) { h.message("due", noon - 3h), h.of_route({{11h + 1min, 15h}}); }, ""},
        {"due on a channel that is open for long", [](House& h) { h.message("due", noon - 3h), h.of_route({{11h, 15h}}); }, "backlog: 1 message is due for more than 30 minutes\n"},
        {"due where one of two channels is open", [](House& h) { h.message("due", noon - 3h), h.of_route({{13h, 15h}, {}}); }, "backlog: 1 message is due for more than 30 minutes\n"},
        {"due in shadow", [](House& h) { h.message("due", noon - 5h), h.settings.survey.mode = config::Mode::shadow; }, ""},
        {"the 110 system takes nothing", [](House& h) { h.goes_back(noon - 31min - 1ms); }, "writeback_waits: 1 line\n"},
        {"the 110 system has time yet", [](House& h) { h.goes_back(noon - 31min); }, ""},
        {"nothing is to go back any more", [](House& h) { h.goes_back(noon - 2h), h.settings.writeback.to = config::Writeback::To::nobody; }, ""},
        {"no export of yesterday", [](House& h) { h.put("DELETE FROM exports"); }, "export_missing: 2026-11-20\n"},
        {"no export, and its night has been over for less than two hours", [](House& h) { h.put("UPDATE exports SET day = '2026-11-19'"); }, "", noon - 9h - 30min - 1ms},
        {"no export, and its night has been over for two hours", [](House& h) { h.put("UPDATE exports SET day = '2026-11-19'"); }, "export_missing: 2026-11-20\n", noon - 9h - 30min},
        {"no export, and the night is at six", [](House& h) { h.put("UPDATE exports SET day = '2026-11-19'"), h.settings.reports.nightly_at = 6h; }, "", noon - 4h - 1ms},
        {"no export is wanted", [](House& h) { h.put("DELETE FROM exports"), h.settings.reports.export_nightly = false; }, ""},
        {"nightly files that wait", [](House& h) { h.carries(noon - 2h); }, ""},
        {"nightly files that wait for too long", [](House& h) { h.carries(noon - 2h - 1ms); }, "delivery_waits bureau: 2026-11-20 v1, tried 3 times: nobody answers\n"},
        {"nightly files for whom nobody is to have them any more", [](House& h) { h.carries(noon - 9h), h.settings.reports.deliveries.clear(); }, ""},
        {"an emergency waits", [](House& h) { h.emergency("NULL"); }, "desk_unreachable: 1 emergency waits\n"},
        {"a letter of this morning", [](House& h) { h.letter(noon - 3h); }, ""},
        {"a letter that nobody reads", [](House& h) { h.letter(noon - 49h); }, "letters_unread: 1 letter waits for more than two days\n"},
        {"nobody acknowledges", [](House& h) { h.emergency(ms(noon - 3min - 1ms).c_str()); }, "desk_unanswered: 1 emergency\n"},
        {"there is still time to acknowledge", [](House& h) { h.emergency(ms(noon - 3min).c_str()); }, ""},
        {"nobody can acknowledge", [](House& h) { h.emergency(ms(noon - 1h).c_str()), h.settings.desk.main.kind = config::Desk::Kind::log; }, ""},
        {"acknowledged", [](House& h) { h.emergency(ms(noon - 1h).c_str()), h.put("UPDATE alarms SET acknowledged_at = 1"); }, ""},
        {"verified, and something does not hold", [](House& h) { store::keep_verification(h.db, {noon - 1h, "ledger: row 3 was changed"}); },
         "verify_failed: at 2026-11-21T03:00:00Z: ledger: row 3 was changed\n"},
        {"not verified since yesterday", [](House& h) { store::keep_verification(h.db, {noon - 26h - 1ms, ""}); }, "verify_missing: last at 2026-11-20T01:59:59.999Z\n"},
        {"never verified", [](House& h) { h.put("DELETE FROM meta WHERE key LIKE 'verif%'"); }, "verify_missing: never\n"},
        {"nothing was erased since three nights ago", [](House& h) { h.erased("2026-11-18"); }, "erasure_missing: last on 2026-11-18\n"},
        {"nothing was erased in two nights", [](House& h) { h.erased("2026-11-19"); }, ""},
        {"nothing was erased since three nights ago, the last of which has been over for less than two hours", [](House& h) { h.erased("2026-11-18"), h.put("UPDATE exports SET day = '2026-11-19'"); }, "", noon - 9h - 30min - 1ms},
        {"never erased, in a store of three days", [](House& h) { h.put("DROP TRIGGER ledger_stays; UPDATE ledger SET at = at - 86400000"); }, "erasure_missing: never\n"},
        {"erased by a clock that was ahead", [](House& h) { h.erased("2038-11-18"); }, "erasure_missing: last on 2038-11-18, by a clock that was ahead\n"},
        {"not signed for three hours", [](House& h) { store::append(h.db, noon - 3h - 1ms, "test", std::nullopt, "{}"); }, "ledger_unsigned: not since 2026-11-21T00:59:59.999Z\n"},
        {"many in doubt", [](House& h) { for (int i = 0; i < 51; ++i) h.message("in_doubt", noon); }, "in_doubt: 51 messages\n"},
        {"as many in doubt as there may be", [](House& h) { for (int i = 0; i < 50; ++i) h.message("in_doubt", noon); }, ""},
        {"texts that nobody reads", [](House& h) { h.text(noon - 1min - 1ms); }, "unread_texts: 1 text\n"},
        {"one that has just come", [](House& h) { h.text(noon - 1min); }, ""},
        {"all at once", [](House& h) { h.hold("clock", "NULL", "x"), h.message("held", noon, "no_route"), h.text(noon - 1h); },
         "clock_held: since 1970-01-01T00:00:00Z: x\nno_route: 1 message\nunread_texts: 1 text\n"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        House house;
        c.wrong(house);
        CHECK(house.said(c.now) == c.says);
    }
    House keyless;
    store::append(keyless.db, noon, "test", std::nullopt, "{}");
    CHECK(keyless.said(noon, false) == "ledger_unsigned: there is no ledger.key in key_dir\n");
}

TEST_CASE("where appeals take more than a twentieth of the ratings out, the unit or the force is named") {
    House h;
    test::Planter plant(h.db);
    std::vector<std::int64_t> of_one, of_other;
    auto rate = [&](std::vector<std::int64_t>& all, const char* unit, int many) {
        for (int i = 0; i < many; ++i) all.push_back(plant.rated({.unit = unit}, "dissatisfied"));
    };
    auto uphold = [&](std::int64_t case_id, const char* state = "upheld") {
        h.put(fmt::format("INSERT INTO appeals(id, case_id, filed_at, filed_by, badge, unit, ground, state, due_at, proposed_by, proposed, rating_id, decided_by, decided_at) "
                          "SELECT {0}, {0}, 0, '9/z', '012345', '', 'slip', '{1}', 0, '3/x', '{1}', id, '4/y', 1 FROM ratings WHERE case_id = {0}", case_id, state));
    };
    auto said = [&] {
        std::string out;
        for (const auto& f : about_appeals(h.db, Site(h.settings), noon)) {
            CHECK(find_kind(f.name));
            out += f.name + (f.about.empty() ? "" : " " + f.about) + ": " + f.detail + "\n";
        }
        return out;
    };
    rate(of_one, "320102430000", 20), rate(of_other, "320102440000", 39);
    uphold(of_one[0]);
    CHECK(said() == "");                                 // one of twenty is a twentieth
    uphold(of_one[1]);
    CHECK(said() == "ratings_taken_out 320102430000: 2 of 20 ratings of the last 30 days, 10.0 %\n");
    uphold(of_other[0]), uphold(of_other[1], "not_upheld");
    CHECK(said() == "ratings_taken_out 320102430000: 2 of 20 ratings of the last 30 days, 10.0 %\nratings_taken_out: 3 of 59 ratings of the last 30 days, 5.1 %\n");
    // One alone is no habit, of however few; and who sent a better one since is rated by that.
    plant.answer(of_one[1], {.effect = "replaces"});
    CHECK(said() == "");
    uphold(of_other[2]), h.settings.alarms.taken_out_share = 0.2;
    CHECK(said() == "");
    h.settings.alarms.taken_out_share = 0.05;
    CHECK(said() == "ratings_taken_out 320102440000: 2 of 39 ratings of the last 30 days, 5.1 %\nratings_taken_out: 3 of 59 ratings of the last 30 days, 5.1 %\n");
    h.put("UPDATE cases SET recoded_after = 1 WHERE id = " + std::to_string(of_other[2]));
    CHECK(said() == "");                                 // it counts nowhere anyhow
    // Two that nobody decides: filed about whatever calls, they keep as many out for weeks.
    for (auto id : {of_one[2], of_one[3]})
        h.put(fmt::format("INSERT INTO appeals(id, case_id, filed_at, filed_by, badge, unit, ground, state, due_at) VALUES ({0}, {0}, 0, '9/z', '012345', '', 'slip', 'filed', 0)", id));
    CHECK(said() == "ratings_left_out 320102430000: 2 of 20 ratings of the last 30 days, 10.0 %\n");
    CHECK(about_appeals(h.db, Site(h.settings), noon + 24h * 31).empty());
}

TEST_CASE("a fresh store is in no trouble, whatever has not had its time yet") {
    store::Connection db(":memory:");
    REQUIRE(store::migrate(db));
    config::Settings settings;
    CHECK(about_store(db, Site(settings), true, noon).empty());
    store::append(db, noon - 1h, "test", std::nullopt, "{}");
    CHECK(about_store(db, Site(settings), true, noon).empty());
}

TEST_CASE("what is wrong on the disk: room, a log that grows, files that were taken away") {
    test::TempFolder folder;
    std::filesystem::create_directory(folder / "journal");
    auto write = [&](const char* name, std::size_t bytes = 1) {
        std::ofstream(folder / name) << "x";
        std::filesystem::resize_file(folder / name, bytes);
    };
    for (const char* name : {"pingjing.db", "pingjing.db-wal", "journal/epoch"}) write(name);
    config::Alarms limits;
    limits.disk_free_mib = 0, limits.wal_mib = 3;
    auto said = [&] {
        std::string out;
        for (const auto& f : about_disk((folder / "pingjing.db").string(), limits)) {
            CHECK(find_kind(f.name));
            out += f.name + ": " + f.detail + "\n";
        }
        return out;
    };
    CHECK(said() == "");
    CHECK(about_disk(":memory:", limits).empty());

    limits.disk_free_mib = 1'000'000'000;
    CHECK(said().starts_with("disk_nearly_full: "));
    CHECK(said().ends_with(" MiB free\n"));
    limits.disk_free_mib = 0;

    write("pingjing.db-wal", (3 << 20) - 1);
    CHECK(said() == "");
    write("pingjing.db-wal", 3 << 20);
    CHECK(said() == "wal_grows: 3 MiB\n");
    write("pingjing.db-wal");

    std::filesystem::remove(folder / "pingjing.db-wal");
    CHECK(said() == "files_gone: pingjing.db-wal\n");
    std::filesystem::remove_all(folder / "journal");
    std::filesystem::remove(folder / "pingjing.db");
    CHECK(said() == "files_gone: pingjing.db, pingjing.db-wal, epoch\n");
}

TEST_CASE("a look at the store costs the same however much is settled in it") {
    House small, large;
    for (int i = 0; i < 3000; ++i) {
        large.text(noon - 24h + i * 1s, "done");
        large.message("delivered", noon - 24h + i * 1s);
        store::append(large.db, noon - 24h + i * 1s, "test", std::nullopt, "{}");
    }
    large.put("INSERT INTO checkpoints VALUES (3001, " + ms(noon - 1h) + ", 'x')");
    (void)small.said(), (void)large.said();
    test::steps_since(small.db), test::steps_since(large.db);
    CHECK(small.said() == large.said());
    auto alone = test::steps_since(small.db), among_many = test::steps_since(large.db);
    CHECK(alone > 50);
    CHECK(among_many < alone + 100);
}
