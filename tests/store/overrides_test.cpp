#include <doctest/doctest.h>
#include <fmt/format.h>

#include "daemon/admin/verify.hpp"
#include "daemon/core/survey.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/schema.hpp"
#include "tests/support/dump.hpp"
#include "tests/support/planter.hpp"

using namespace pingjing;
using namespace pingjing::store;

TEST_CASE("what is in doubt can be sent again at one's own risk, unless the case is refused by a code meanwhile") {
    for (bool refused : {false, true}) {
        Connection db(":memory:");
        REQUIRE(migrate(db));
        test::Planter planter(db);
        auto doubt = planter.call({.code = refused ? std::optional<std::string>("dv") : std::nullopt, .record = "R1"});
        planter.survey(doubt, {.state = "in_doubt"});
        auto again = resend_case(db, Seal::from_seed(1), "R1", {"control/zhang", "he called us"}, from_millis(1));
        CHECK(again.has_value() == !refused);
        if (refused) CHECK(again.error().kind == Error::Kind::conflict);
        Statement state(db, "SELECT state FROM messages");
        REQUIRE(state.step());
        CHECK(state.text(0) == (refused ? "in_doubt" : "due"));
    }
}

TEST_CASE("what a carrier refused for its words goes once a person says so, the oldest first, with who and why, and what is held for another reason stays") {
    Connection db(":memory:");
    REQUIRE(migrate(db));
    test::Planter planter(db);
    auto seal = Seal::from_seed(1);
    auto now = test::Planter::at("2026-11-20T14:00:00+08:00");
    std::vector<std::int64_t> refused;
    for (const char* record : {"R1", "R2", "R3"}) refused.push_back(planter.survey(planter.call({.record = record}), {.state = "held", .accepted = false, .code = "content"}));
    auto restored = planter.survey(planter.call({.record = "R4"}), {.state = "held", .accepted = false, .code = "restored"});
    auto state = [&](std::int64_t id) {
        Statement read(db, "SELECT state || ' ' || coalesce(code, '-') FROM messages WHERE id = ?1");
        read.bind(1, id).step();
        return read.text(0);
    };
    CHECK(release_refused(db, seal, 2, {"control/zhang", "the text is registered"}, now) == 2);
    CHECK(state(refused[0]) == "due -");
    CHECK(state(refused[1]) == "due -");
    CHECK(state(refused[2]) == "held content");
    CHECK(release_refused(db, seal, 2, {"control/zhang", "the text is registered"}, now) == 1);
    CHECK(release_refused(db, seal, 2, {"control/zhang", "the text is registered"}, now) == 0);
    CHECK(state(refused[2]) == "due -");
    CHECK(state(restored) == "held restored");
    Statement of(db, "SELECT case_id FROM messages WHERE id = ?1");
    REQUIRE(of.bind(1, refused[2]).step());
    auto by_hand = overrides_of(db, seal, of.integer(0));
    REQUIRE(by_hand.size() == 1);
    CHECK(by_hand[0].who == "control/zhang");
    CHECK(by_hand[0].reason == "the text is registered");
    Statement told(db, "SELECT count(*) FROM ledger WHERE kind = 'released'");
    REQUIRE(told.step());
    CHECK(told.integer(0) == 3);
}

TEST_CASE("what a person called off stays off, whatever later versions of the record say") {
    Connection db(":memory:");
    REQUIRE(migrate(db));
    test::Planter planter(db);
    auto seal = Seal::from_seed(1);
    SeededRandom random(1);
    auto now = test::Planter::at("2026-11-20T14:00:00+08:00");
    auto plan = [&](std::int64_t id) {
        Statement phone(db, "SELECT phone_id FROM messages WHERE case_id = ?1");
        phone.bind(1, id).step();
        return plan_survey(db, random, id, phone.integer(0), now, now, now + std::chrono::hours(72), now).has_value();
    };
    auto state = [&](std::int64_t id) {
        Statement read(db, "SELECT m.state || ' ' || coalesce(m.code, '-') || ' ' || coalesce(c.code, '-') FROM messages m JOIN cases c ON c.id = m.case_id WHERE c.id = ?1");
        read.bind(1, id).step();
        return read.text(0);
    };
    auto by_person = planter.call({.record = "R1"}), by_rule = planter.call({.record = "R2"});
    for (auto id : {by_person, by_rule}) planter.survey(id, {.state = "due", .accepted = false});
    REQUIRE(cancel_case(db, seal, "R1", {"control/zhang", "the carrier's list says that he was asked"}, now));
    cancel_waiting_of_case(db, by_rule, Code::duplicate, now);
    CHECK_FALSE(plan(by_person));
    CHECK(state(by_person) == "cancelled cancelled cancelled");
    CHECK(plan(by_rule));
    CHECK(state(by_rule) == "due - -");
}

TEST_CASE("what a clock wrote that was years ahead waits no longer than until its hold is released") {
    Connection db(":memory:");
    REQUIRE(migrate(db));
    test::Planter planter(db);
    auto now = test::Planter::at("2026-11-20T14:00:00+08:00"), ahead = test::Planter::at("2038-01-19T11:00:00+08:00");
    auto late = planter.survey(planter.call(), {.state = "due", .accepted = false}), sent = planter.survey(planter.call(), {.state = "in_doubt"});
    auto answer = planter.message(planter.call(), "opt_out", {.state = "due", .accepted = false});
    auto held = planter.message(planter.call(), "thanks", {.state = "held", .accepted = false, .code = "content"});
    auto set = [&](const char* column, std::int64_t id) { Statement(db, std::string("UPDATE messages SET ") + column + " = ?2 WHERE id = ?1").bind(1, id).bind(2, ahead).run(); };
    set("due_at", late), set("claimed_at", sent);
    for (const char* column : {"made_at", "due_at", "stale_at"}) set(column, answer), set(column, held);

    place_hold(db, "clock", std::nullopt, "it jumped", now);
    CHECK(release_holds(db, "clock", std::nullopt, "set right", now) == 1);
    auto at = [&](const char* column, std::int64_t id) {
        Statement read(db, std::string("SELECT ") + column + " FROM messages WHERE id = ?1");
        read.bind(1, id).step();
        return read.instant(0);
    };
    CHECK(at("due_at", late) == now);       // and is decided anew
    CHECK(at("claimed_at", sent) == now);   // so that a receipt fits it, and its doubt ends
    CHECK(at("due_at", answer) == now);
    CHECK(at("due_at", held) == now);       // or, once released, it would wait for years
    CHECK(at("stale_at", held) == now);
    CHECK(at("stale_at", answer) == now);   // an answer is given within minutes or not at all
}

TEST_CASE("why a person overrode something is sealed, read again with who it was, and goes with the case's texts") {
    Connection db(":memory:");
    REQUIRE(migrate(db));
    test::Planter planter(db);
    auto seal = Seal::from_seed(1);
    auto now = test::Planter::at("2026-11-20T14:00:00+08:00");
    auto waits = planter.call({.record = "R1"}), doubt = planter.call({.record = "R2"});
    planter.survey(waits, {.state = "due", .accepted = false});
    planter.survey(doubt, {.state = "in_doubt"});
    const std::string words = "王小明的母亲打来电话";
    REQUIRE(cancel_case(db, seal, "R1", {"control/zhang", words}, now));
    REQUIRE(resend_case(db, seal, "R2", {"control/li", words}, now));

    auto of = overrides_of(db, seal, waits);
    REQUIRE(of.size() == 1);
    CHECK(of[0].what == "cancelled_by_operator");
    CHECK(of[0].who == "control/zhang");
    CHECK(of[0].reason == words);
    CHECK(overrides_of(db, seal, doubt).at(0).who == "control/li");
    CHECK_FALSE(overrides_of(db, Seal::from_seed(2), waits).at(0).reason);

    // Holds and opt-outs name in the open who and where his words are.
    ByHand by{"control/zhang", words};
    auto open = open_reason(keep_words_of(db, seal, "hold", std::nullopt, by, now), by);
    place_hold(db, "stop", std::nullopt, open, now);
    CHECK(open.find(words) == open.npos);
    CHECK(read_reason(db, seal, open) == words + " (by control/zhang)");
    CHECK(read_reason(db, seal, "1000 surveys today") == "1000 surveys today");  // what the program wrote itself
    ByHand silent{"control/zhang", ""};
    CHECK(read_reason(db, seal, open_reason(keep_words_of(db, seal, "opt_out", std::nullopt, silent, now), silent)) == "by control/zhang");

    // In no column of any row, and in no line of the ledger.
    CHECK(test::dump(db).find(words) == std::string::npos);

    db.exec("UPDATE override_words SET words = x'' WHERE id = 1");
    CHECK_FALSE(overrides_of(db, seal, waits).at(0).reason);
    CHECK(overrides_of(db, seal, waits).at(0).who == "control/zhang");
    CHECK_THROWS_AS(db.exec("UPDATE override_words SET words = x'01' WHERE id = 2"), SqlError);
    CHECK_THROWS_AS(db.exec("UPDATE override_words SET words = NULL WHERE id = 2"), SqlError);
    CHECK_THROWS_AS(db.exec("DELETE FROM override_words"), SqlError);
}

TEST_CASE("what people wrote in the open before reasons were sealed is sealed at the first start with the key, once, and nothing else of those rows changes") {
    Connection db(":memory:");
    REQUIRE(migrate(db, 17));
    auto now = test::Planter::at("2026-11-20T14:00:00+08:00");
    auto seal = Seal::from_seed(1);
    test::Planter planter(db);
    auto phone = keep_phone(db, seal, *Phone::mobile("13812345001"), now), gone = keep_phone(db, seal, *Phone::mobile("13812345002"), now);
    auto called = planter.call({.record = "R1"}), erased = planter.call({.record = "R2"});
    auto decide = [&](std::int64_t of, const char* stage, const char* rule) {
        Verdict verdict;
        verdict.code = Code::cancelled, verdict.rule = rule;
        record_decision(db, of, stage, "excluded", verdict, now);
    };
    place_hold(db, "stop", std::nullopt, "old Wang said so", now);
    release_holds(db, "stop", std::nullopt, "old Wang wants no surveys today", now);
    place_hold(db, "ceiling", "main", "1000 surveys today", now);
    release_holds(db, "ceiling", std::nullopt, "a new day", now);
    place_hold(db, "clock", std::nullopt, "the clock jumped by 7 minutes", now);
    record_opt_out(db, phone, true, "operator", "old Wang's mother rang", now);
    record_opt_out(db, gone, true, "operator", "old Li's mother rang", now);
    for (int i = 3; i < 6; ++i) record_opt_out(db, keep_phone(db, seal, *Phone::mobile(fmt::format("1381234500{}", i)), now), true, "import", "the list of old Wang", now);
    decide(called, "operator", "old Wang's father rang"), decide(erased, "operator", "old Li's father rang"), decide(called, "sending", "past max_age");
    db.exec("UPDATE cases SET erased_at = 1 WHERE record = 'R2'");
    Statement(db, fmt::format("INSERT INTO erasures(id, at, why, phone_id, reason, cases, texts, numbers, ratings) VALUES (1, {}, 'forget', {}, x'', 0, 0, 0, 0)", to_millis(now), gone)).run();
    // The one that is sealed already stays so.
    ByHand zhang{"control/zhang", "because"};
    auto sealed = open_reason(keep_words_of(db, seal, "hold", std::nullopt, zhang, now), zhang);
    place_hold(db, "stop", "main", sealed, now);
    write_head(db);

    REQUIRE(migrate(db));
    CHECK_THROWS(db.exec("UPDATE opt_outs SET reason = 'x'"));
    CHECK_THROWS(db.exec("UPDATE decisions SET rule = 'x'"));
    CHECK(seal_open_reasons(db, seal, now));
    CHECK_FALSE(seal_open_reasons(db, seal, now));
    CHECK_THROWS(db.exec("UPDATE opt_outs SET reason = 'x'"));
    CHECK_THROWS(db.exec("UPDATE decisions SET rule = 'x'"));
    write_head(db);
    CHECK(test::dump(db).find("old ") == std::string::npos);
    auto reasons = [&](const char* sql) {
        std::string all;
        Statement find(db, sql);
        while (find.step()) all += read_reason(db, seal, find.text(0)) + "; ";
        return all;
    };
    CHECK(reasons("SELECT reason FROM holds ORDER BY id") == "old Wang said so (by operator); 1000 surveys today; the clock jumped by 7 minutes; because (by control/zhang); ");
    CHECK(reasons("SELECT release_reason FROM holds WHERE released_at > 0 ORDER BY id") == "old Wang wants no surveys today (by operator); a new day; ");
    CHECK(reasons("SELECT reason FROM opt_outs ORDER BY id") == "old Wang's mother rang (by operator); by operator, whose words are erased; the list of old Wang (by operator); "
                                                             "the list of old Wang (by operator); the list of old Wang (by operator); ");
    CHECK(reasons("SELECT DISTINCT reason FROM opt_outs WHERE source = 'import'") == "the list of old Wang (by operator); ");
    CHECK(reasons("SELECT rule FROM decisions ORDER BY id").ends_with("by hand; by hand; past max_age; "));
    CHECK(overrides_of(db, seal, called).at(0).reason == "old Wang's father rang");
    CHECK_FALSE(overrides_of(db, seal, erased).at(0).reason);
    for (const auto& failure : admin::verify(db).failures) CHECK_MESSAGE(failure.check != "rows", failure.detail);
}
