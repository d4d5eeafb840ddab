#include "daemon/store/overrides.hpp"
#include "daemon/store/phones.hpp"
#include "tests/flow/world.hpp"
#include "tests/support/fail_after.hpp"

using namespace pingjing;
using namespace std::chrono_literals;

TEST_CASE("a round of claims happens whole or not at all, wherever the database fails, and announces only what it claimed") {
    test::World w("2026-11-21T09:00:00+08:00", {.channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\nextension_digits = 2\ntps = 1\nwindow = 1\n"});
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "test", w.clock.now()); });
    for (int i = 0; i < 3; ++i) w.call("A" + std::to_string(i), fmt::format("1380000{:04}", i));
    w.call("B", "13800000000", "0201");  // a row to be cancelled in the same round, behind intake's back
    w.exec("UPDATE messages SET state = 'due', code = NULL WHERE state = 'cancelled'");
    w.pass(3h);
    w.store->run_now([&](store::Connection& db) { store::release_holds(db, "stop", std::nullopt, "test", w.clock.now()); });

    provider::Abilities able;
    able.extension = true;
    auto policy = sending_policy(w.gateway().settings(), w.gateway().rules(), w.seal, w.random, {&able});
    REQUIRE(policy);
    auto states = [&] { return w.value("SELECT group_concat(state || coalesce(code, '') || attempt, ' ') FROM (SELECT * FROM messages ORDER BY id)"); };
    auto before = states(), facts = w.value("SELECT count(*) FROM ledger");
    REQUIRE(before == "due0 due0 due0");
    int failed = 0, announced = 0;
    bool done = false;
    for (int steps = 1; steps < 20'000 && !done; ++steps) {
        outbox::ClaimInput input;
        input.policy = *policy, input.views = {{true, 9, false}}, input.now = w.clock.now();
        announced = 0;
        input.announce = [&](store::Connection&, const std::string&, const std::string&) { ++announced; };
        outbox::Round round;
        done = true;
        try {
            w.store->run_now([&](store::Connection& db) {
                test::FailAfter fail(db, steps);
                round = outbox::claim_round(db, w.seal, input);
            });
        } catch (const store::SqlError&) {
            done = false;
            ++failed;
            REQUIRE(states() == before);
            REQUIRE(w.value("SELECT count(*) FROM ledger") == facts);
        }
        if (done) CHECK(round.claimed.size() == 2);
    }
    CHECK(done);
    CHECK(failed > 100);
    CHECK(announced == 2);
    CHECK(states() == "cancelledphone_hold0 sending1 sending1");
    w.store->run_now([](store::Connection& db) { CHECK(store::recompute(db).has_value()); });
}

TEST_CASE("what is in no hurry and waits for a text in doubt is looked at again after a tenth of the time that the doubt is old") {
    test::World w("2026-11-21T09:00:00+08:00", {.channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\n"});
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "test", w.clock.now()); });
    w.call("A", "13800000001");
    w.call("B", "13800000002");
    w.pass(3h);
    w.store->run_now([&](store::Connection& db) { store::release_holds(db, "stop", std::nullopt, "test", w.clock.now()); });
    REQUIRE(w.value("SELECT group_concat(state, ' ') FROM messages") == "due due");
    w.exec("UPDATE messages SET phone_id = (SELECT phone_id FROM messages WHERE id = 1) WHERE id = 2");
    w.exec("UPDATE messages SET state = 'sending', attempt = 1, text = x'00' WHERE id = 1");
    w.exec("UPDATE messages SET state = 'in_doubt' WHERE id = 1");

    provider::Abilities able;
    auto policy = sending_policy(w.gateway().settings(), w.gateway().rules(), w.seal, w.random, {&able});
    REQUIRE(policy);
    auto pause_after = [&](Millis age) {
        auto now = w.clock.now();
        w.exec(fmt::format("UPDATE messages SET claimed_at = {} WHERE id = 1", to_millis(now - age)));
        w.exec(fmt::format("UPDATE messages SET due_at = {} WHERE id = 2", to_millis(now)));
        outbox::ClaimInput input;
        input.policy = *policy, input.views = {{true, 9, false}}, input.now = now;
        input.announce = [](store::Connection&, const std::string&, const std::string&) {};
        w.store->run_now([&](store::Connection& db) { CHECK(outbox::claim_round(db, w.seal, input).claimed.empty()); });
        return w.value(fmt::format("SELECT (due_at - {}) / 1000 FROM messages WHERE id = 2", to_millis(now)));
    };
    CHECK(pause_after(-1h) == "60");  // the clock was set back
    CHECK(pause_after(30s) == "60");
    CHECK(pause_after(20min) == "120");
    CHECK(pause_after(20h) == "600");
    w.exec(fmt::format("UPDATE messages SET stale_at = {} WHERE id = 2", to_millis(w.clock.now() + 4min)));  // half of what is left to it
    CHECK(pause_after(20h) == "120");
    w.exec(fmt::format("UPDATE messages SET stale_at = {} WHERE id = 2", to_millis(w.clock.now() + 24h)));
    w.exec("UPDATE messages SET purpose = 'thanks' WHERE id = 2");  // he has just written
    CHECK(pause_after(20h) == "5");
}

TEST_CASE("a text is counted as its channel cuts it, and one that it cannot carry is held") {
    test::World w("2026-11-21T09:00:00+08:00", {.channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\n[[channel]]\nname = \"second\"\nprovider = \"simulated\"\n"});
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "test", w.clock.now()); });
    for (int i = 0; i < 3; ++i) w.call("A" + std::to_string(i), fmt::format("1380000{:04}", i));
    w.pass(3h);
    w.store->run_now([&](store::Connection& db) { store::release_holds(db, "stop", std::nullopt, "test", w.clock.now()); });

    provider::Abilities three, none;
    three.parts_of = [](const std::string& text) { return text.starts_with("【") ? 3 : 1; };  // the sign takes its room
    none.parts_of = [](const std::string&) { return 0; };
    auto claimed = [&](const provider::Abilities& first, const provider::Abilities& second, int room) {
        auto policy = sending_policy(w.gateway().settings(), w.gateway().rules(), w.seal, w.random, {&first, &second});
        REQUIRE(policy);
        outbox::ClaimInput input;
        input.policy = *policy, input.views = {{room > 0, room, false}, {true, 1, false}}, input.now = w.clock.now();
        input.announce = [](store::Connection&, const std::string&, const std::string&) {};
        outbox::Round round;
        w.store->run_now([&](store::Connection& db) { round = outbox::claim_round(db, w.seal, input); });
        return round;
    };
    auto first = claimed(three, {}, 1);
    REQUIRE(first.claimed.size() == 1);
    CHECK(first.claimed[0].parts == 3);
    auto second = claimed(three, {}, 0);
    REQUIRE(second.claimed.size() == 1);
    CHECK(second.claimed[0].channel == 1);
    CHECK(second.claimed[0].parts == 1);
    CHECK(claimed(none, {}, 1).claimed.empty());
    CHECK(w.value("SELECT group_concat(state || coalesce(code, '') || parts, ' ') FROM (SELECT * FROM messages ORDER BY id)") == "sending3 sending1 heldcontent0");

    w.store->run_now([&](store::Connection& db) { CHECK(store::release_refused(db, w.seal, 10, {"control/zhang", "the text is shorter"}, w.clock.now()) == 1); });
    CHECK(claimed({}, {}, 1).claimed.size() == 1);
    CHECK(w.value("SELECT count(*) FROM messages WHERE state = 'sending'") == "3");
}

TEST_CASE("a carrier that adds the sign is told of it, and what it adds is not said twice") {
    for (bool adds : {false, true}) {
        test::World w("2026-11-21T09:00:00+08:00", {.channels = fmt::format("[[channel]]\nname = \"main\"\nprovider = \"simulated\"\ncarrier_adds_sign = {}\n", adds)});
        w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "test", w.clock.now()); });
        w.call("A1", "13800000001");
        w.pass(3h);
        w.store->run_now([&](store::Connection& db) { store::release_holds(db, "stop", std::nullopt, "test", w.clock.now()); });
        provider::Abilities able;
        auto policy = sending_policy(w.gateway().settings(), w.gateway().rules(), w.seal, w.random, {&able});
        REQUIRE(policy);
        outbox::ClaimInput input;
        input.policy = *policy, input.views = {{true, 1, false}}, input.now = w.clock.now();
        input.announce = [](store::Connection&, const std::string&, const std::string&) {};
        outbox::Round round;
        w.store->run_now([&](store::Connection& db) { round = outbox::claim_round(db, w.seal, input); });
        REQUIRE(round.claimed.size() == 1);
        const auto& sent = round.claimed[0].submission;
        CHECK(sent.text.reveal().starts_with("【") == !adds);
        CHECK(sent.carrier_adds.empty() == !adds);
        if (adds) CHECK((sent.carrier_adds.starts_with("【") && sent.carrier_adds.ends_with("】")));
    }
}

TEST_CASE("a number that was erased is not texted: its survey waits for a person, and its refusals still count") {
    test::World w("2026-11-21T09:00:00+08:00", {});
    w.call("A1", "13800000001");
    w.call("B1", "13800000002");
    w.exec("UPDATE phones SET sealed = x'' WHERE id = (SELECT phone_id FROM cases WHERE record = 'A1')");
    w.store->run_now([&](store::Connection& db) {
        store::record_opt_out(db, *store::find_phone_id(db, w.seal.phone_key(*Phone::mobile("13800000001"))), true, "sms", "", w.clock.now());
        auto out = store::list_opt_outs(db, w.seal);
        REQUIRE(out.size() == 1);
        CHECK(out[0].masked == "erased");
    });
    w.pass(3h);
    CHECK(w.value("SELECT m.state || m.code FROM messages m JOIN cases c ON c.id = m.case_id WHERE c.record = 'A1'") == "heldnumber_erased");
    CHECK(w.value("SELECT m.state FROM messages m JOIN cases c ON c.id = m.case_id WHERE c.record = 'B1'") == "accepted");
    w.call("A2", "13800000001");  // it says so again after all: still the same citizen
    CHECK(w.value("SELECT code FROM cases WHERE record = 'A2'") == "opt_out");
    CHECK(w.value("SELECT count(*) FROM phones") == "2");
}

TEST_CASE("what is past max_age is called off whatever stands before it, due or not, and one that the store refuses stops no other") {
    test::World w("2026-11-20T10:00:00+08:00");
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "test", w.clock.now()); });
    for (int i = 0; i < 600; ++i) w.call(fmt::format("c{}", i), fmt::format("138{:08}", i));
    w.pass(std::chrono::hours(4));
    // The last of all, the very last of them due in a year, are the ones that are too old.
    w.exec("UPDATE messages SET stale_at = 1, due_at = due_at + 100000000 WHERE id IN (SELECT id FROM messages ORDER BY due_at DESC, id DESC LIMIT 3)");
    w.exec("UPDATE messages SET due_at = due_at + 31536000000 WHERE id = (SELECT max(id) FROM messages WHERE stale_at = 1)");
    w.exec("CREATE TRIGGER no_luck BEFORE UPDATE OF state ON messages WHEN NEW.state = 'cancelled' AND OLD.id = (SELECT min(id) FROM messages WHERE stale_at = 1) BEGIN SELECT RAISE(ABORT, 'no luck'); END");
    w.pass(std::chrono::minutes(25));
    CHECK(w.value("SELECT count(*) || ' ' || min(stale_at) || ' ' || max(stale_at) FROM messages WHERE state = 'cancelled' AND code = 'stale'") == "2 1 1");
    CHECK(w.value("SELECT state || ' ' || code FROM messages WHERE id = (SELECT min(id) FROM messages WHERE stale_at = 1)") == "held refused_by_store");
    CHECK(w.value("SELECT count(*) FROM messages WHERE state = 'due'") == "597");
}

TEST_CASE("what is past max_age is called off also where nothing may be sent, but not by a clock that is in doubt") {
    for (const char* of : {"stop", "clock"}) {
        CAPTURE(of);
        test::World w("2026-11-20T10:00:00+08:00");
        w.store->run_now([&](store::Connection& db) { store::place_hold(db, of, std::nullopt, "test", w.clock.now()); });
        for (int i = 0; i < 600; ++i) w.call(fmt::format("c{}", i), fmt::format("138{:08}", i));
        w.pass(std::chrono::hours(71));
        CHECK(w.value("SELECT count(*) FROM messages WHERE state = 'due'") == "600");
        w.pass(std::chrono::hours(2));
        bool doubt = std::string_view(of) == "clock";
        CHECK(w.value("SELECT count(*) FROM messages WHERE state = 'cancelled' AND code = 'stale'") == (doubt ? "0" : "600"));
        CHECK(w.value("SELECT count(*) FROM decisions WHERE stage = 'sending' AND code = 'stale'") == (doubt ? "0" : "600"));
    }
}
