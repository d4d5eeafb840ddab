#include "tests/outbox/desk_drawer.hpp"

using namespace pingjing;
using test::Drawer;
using test::noon;

namespace {
// Cases 1 … n of one phone; each takes its slot and is sent.
struct Phone24 : Drawer {
    std::optional<int> ask(store::Connection& db, std::int64_t id, int slots, Instant now) {
        if (id > 1) {
            store::Statement known(db, "SELECT 1 FROM cases WHERE id = ?1");
            if (!known.bind(1, id).step()) plan_case(db, id);
        }
        auto slot = store::take_slot(db, key, id, slots, 720h, now);
        if (!slot.number) {
            free_at = slot.free_at;
            return std::nullopt;
        }
        store::Statement send(db, "UPDATE messages SET state = 'sending', text = x'00', attempt = attempt + 1, slot = ?2, open = 1, claimed_at = ?3, answer_until = ?4 WHERE case_id = ?1");
        send.bind(1, id).bind(2, *slot.number).bind(3, now).bind(4, now + 72h).run();
        store::Statement take(db, "UPDATE messages SET state = 'accepted', accepted_at = ?2 WHERE case_id = ?1");
        take.bind(1, id).bind(2, now).run();
        return slot.number;
    }
    std::optional<Instant> free_at;
};
}  // namespace

TEST_CASE("each survey has a slot of its own, keeps it over attempts, and none is given twice while it is open") {
    Phone24 p;
    p.store->run_now([&](store::Connection& db) {
        for (int id = 1; id <= 10; ++id) CHECK(p.ask(db, id, 10, noon) == id - 1);
        CHECK(p.ask(db, 11, 10, noon) == std::nullopt);
        REQUIRE(p.free_at);
        CHECK(*p.free_at == noon + 72h + 720h);
        CHECK(store::take_slot(db, p.key, 3, 10, 720h, noon).number == 2);
    });
}

TEST_CASE("a slot rests for thirty days after its window, then the one that rested longest comes first") {
    Phone24 p;
    p.store->run_now([&](store::Connection& db) {
        CHECK(p.ask(db, 1, 2, noon) == 0);
        CHECK(p.ask(db, 2, 2, noon + 1h) == 1);
        store::close_ended_windows(db, noon + 80h);
        CHECK(p.ask(db, 3, 2, noon + 80h) == std::nullopt);
        CHECK(p.ask(db, 3, 2, noon + 72h + 720h) == 0);
        CHECK(p.ask(db, 4, 2, noon + 72h + 720h) == std::nullopt);
        CHECK(p.ask(db, 4, 2, noon + 73h + 720h) == 1);
    });
}

TEST_CASE("the bare number is one slot that rests not at all, but waits for its survey to end") {
    Phone24 p;
    p.store->run_now([&](store::Connection& db) {
        CHECK(p.ask(db, 1, 1, noon) == 0);
        CHECK(p.ask(db, 2, 1, noon + 1h) == std::nullopt);
        CHECK(*p.free_at == noon + 72h);
        store::close_ended_windows(db, noon + 72h + 1ms);
        CHECK(p.ask(db, 2, 1, noon + 72h + 1ms) == 0);
    });
}

TEST_CASE("windows that ended while nobody ran are closed a part at a time, the oldest first") {
    Phone24 p;
    p.store->run_now([&](store::Connection& db) {
        db.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) INSERT INTO messages(ref, purpose, template, priority, state, phone_id, text, "
                "made_at, due_at, stale_at, attempt, open, answer_until) SELECT 'old' || i, 'thanks', 't', 1, 'delivered', (SELECT id FROM phones), x'00', 0, 0, 0, 1, 1, i FROM n");
        CHECK(store::close_ended_windows(db, from_millis(1101)) == store::of_time_at_once);
        store::Statement oldest(db, "SELECT min(answer_until) FROM messages WHERE open = 1");
        REQUIRE(oldest.step());
        CHECK(oldest.integer(0) == store::of_time_at_once + 1);
        oldest.run();
        CHECK(store::close_ended_windows(db, from_millis(1101)) == store::of_time_at_once);
        CHECK(store::close_ended_windows(db, from_millis(1101)) == 100);
        CHECK(store::close_ended_windows(db, from_millis(1101)) == 0);
    });
}

TEST_CASE("a slot of a time with more digits is not written into fewer") {
    Phone24 p;
    p.store->run_now([&](store::Connection& db) {
        db.exec("INSERT INTO slots VALUES ((SELECT id FROM phones), 57, 1, 0, 0)");
        CHECK(store::take_slot(db, p.key, 1, 10, 720h, noon).number == 0);
    });
}

TEST_CASE("holds: placed, seen, released once, each with its line, a released ceiling counts for the day on which it was placed") {
    Drawer d;
    d.store->run_now([](store::Connection& db) {
        store::place_hold(db, "stop", std::nullopt, "test", noon);
        store::place_hold(db, "ceiling", "main", "full", noon);
        CHECK(store::active_holds(db).size() == 2);
        CHECK(store::release_holds(db, "stop", std::nullopt, "done", noon + 1h) == 1);
        CHECK(store::release_holds(db, "stop", std::nullopt, "done", noon + 1h) == 0);
        CHECK_FALSE(store::was_ceiling_lifted(db, "main", noon - 12h));
        CHECK(store::release_holds(db, "ceiling", "other", "done", noon + 1h) == 0);
        CHECK(store::release_holds(db, "ceiling", "main", "done", noon + 1h) == 1);
        CHECK(store::was_ceiling_lifted(db, "main", noon - 12h));
        CHECK_FALSE(store::was_ceiling_lifted(db, "main", noon + 12h));
        CHECK(store::active_holds(db).empty());
    });
    CHECK(d.value("SELECT count(*) FROM ledger WHERE kind IN ('hold', 'release')") == "4");
}

TEST_CASE("a case is planned once: waiting it follows its newest version, sent it is never planned again") {
    for (const auto& state : test::all_states) {
        CAPTURE(state);
        Drawer d;
        d.bring_to(state);
        d.store->run_now([&](store::Connection& db) {
            auto other = store::keep_phone(db, d.seal, *Phone::mobile("13912345678"), noon);
            auto planned = store::plan_survey(db, d.random, 1, other, noon, noon + 5h, noon + 48h, noon);
            bool waits = state == "due" || state == "held" || state == "cancelled";
            CHECK(planned.has_value() == waits);
            store::Statement row(db, "SELECT phone_id, stale_at, state FROM messages WHERE id = 1");
            row.step();
            CHECK((row.integer(0) == other) == waits);
            CHECK((row.instant(1) == noon + 48h) == waits);
            CHECK(row.text(2) == (state == "cancelled" ? "due" : state));
        });
        CHECK(d.value("SELECT count(*) FROM messages") == "1");
    }
}

TEST_CASE("a safety code after the survey went marks the case, before it, the survey is simply called off") {
    for (const auto& state : test::all_states) {
        Drawer d;
        d.bring_to(state);
        d.store->run_now([](store::Connection& db) { store::mark_recoded_after_sending(db, 1, noon); });
        bool went = state != "due" && state != "held" && state != "cancelled";
        CHECK(d.value("SELECT recoded_after FROM cases") == (went ? "1" : "0"));
    }
}
