#include "daemon/admin/verify.hpp"
#include "daemon/nightly.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/erasure.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/ratings.hpp"
#include "tests/flow/world.hpp"

using namespace pingjing;
using namespace pingjing::test;
using store::Connection;
using store::Statement;

namespace {

const char* const one = "13812345001";
const char* const other = "13812345002";

// Asked at noon, answered, delivered.
void ask_and_rate(World& w, const std::string& id, const char* phone, const std::string& words) {
    w.call(id, phone);
    w.pass(std::chrono::hours(3));
    auto sent = w.sent.back();
    REQUIRE(sent.phone == phone);
    w.receipt(sent.ref);
    w.reply(phone, words, sent.extension);
    w.pass(std::chrono::minutes(5));
}

void check_whole(World& w, const char* when) {
    CAPTURE(when);
    w.store->run_now([&](Connection& db) {
        for (const auto& failure : admin::verify(db, w.seal.ledger_signer()).failures) FAIL_CHECK(failure.check << ": " << failure.detail);
    });
}

Result<store::Erased> forget(World& w, const char* phone) {
    Result<store::Erased> done = store::Erased();
    w.store->run_now([&](Connection& db) {
        auto named = store::find_named(db, w.seal, *Phone::mobile(phone));
        done = named ? store::forget(db, w.seal, *named, {"control/zhang", "asked by letter"}, w.clock.now()) : tl::unexpected(named.error());
    });
    return done;
}

store::Erased night(World& w) {
    store::Erased done;
    auto settings = w.settings();
    w.run_for([&]() -> asio::awaitable<void> {
        Nightly nightly(store::read_on(*w.store), *w.store, w.seal, w.clock, [&]() -> const config::Settings& { return settings; });
        done = co_await nightly.erase();
    });
    return done;
}


// The same site so much later; nobody waits through the days between.
std::unique_ptr<World> later(const World& w, int days) {
    auto world = std::make_unique<World>(w.clock.now() + Millis(std::chrono::hours(24)) * days, Site{}, &w);
    // After a week without a fact a person has to say that the clock is right; then what waited for an answer no longer does.
    world->store->run_now([&](Connection& db) { store::release_holds(db, "clock", std::nullopt, "we were away", world->clock.now()); });
    world->pass(std::chrono::minutes(11));
    return world;
}

}  // namespace

TEST_CASE("a forgotten number is nowhere any more, and the books and the ledger are whole") {
    World w("2026-11-21T09:00:00+08:00");
    ask_and_rate(w, "a", one, "2");
    ask_and_rate(w, "b", other, "1");
    auto before = w.value("SELECT group_concat(grade) FROM ratings");
    w.store->run_now([&](Connection& db) { store::make_checkpoint(db, *w.seal.ledger_signer(), w.clock.now()); });
    check_whole(w, "before");
    auto sealed = [&](const char* phone) { return w.value(fmt::format("SELECT count(*) FROM phones WHERE length(sealed) > 0 AND key = x'{}'", to_hex(w.seal.phone_key(*Phone::mobile(phone))))); };
    CHECK(sealed(one) == "1");

    auto done = forget(w, one);
    REQUIRE(done);
    CHECK(done->cases == 1);
    CHECK(done->texts >= 3);  // the record, the question, the answer, the thanks
    CHECK(done->numbers == 1);
    CHECK(sealed(one) == "0");
    CHECK(sealed(other) == "1");
    CHECK(w.value("SELECT sum(length(content)) FROM case_versions WHERE case_id = (SELECT id FROM cases WHERE record = 'a')") == "0");
    CHECK(w.value("SELECT sum(length(content)) > 0 FROM case_versions WHERE case_id = (SELECT id FROM cases WHERE record = 'b')") == "1");
    CHECK(w.value("SELECT sum(length(text)) FROM messages m JOIN cases c ON c.id = m.case_id WHERE record = 'a'") == "0");
    CHECK(w.value("SELECT sum(length(text)) FROM inbound i JOIN cases c ON c.id = i.case_id WHERE record = 'a'") == "0");
    CHECK(w.value("SELECT group_concat(grade) FROM ratings") == before);
    CHECK(w.value("SELECT kind FROM ledger ORDER BY seq DESC LIMIT 1") == "erased");
    check_whole(w, "after");
    w.store->run_now([&](Connection& db) { CHECK(admin::verify(db).erased >= 5); });
    // The reason is there for who may open it, and not in the ledger.
    w.store->run_now([&](Connection& db) {
        Statement read(db, "SELECT id, reason FROM erasures");
        REQUIRE(read.step());
        CHECK(w.seal.open(read.text(1), store::erasure_reason_context(read.integer(0))).value() == "asked by letter");
        Statement leaks(db, "SELECT count(*) FROM ledger WHERE data LIKE '%letter%'");
        leaks.step();
        CHECK(leaks.integer(0) == 0);
    });

    // Emptied by hand a text is not erased but changed.
    Connection file(w.store->path());
    file.exec("BEGIN");
    file.exec("UPDATE inbound SET text = x'' WHERE case_id = (SELECT id FROM cases WHERE record = 'b')");
    CHECK(admin::verify(file).failures.size() == 1);
    file.exec("ROLLBACK");
}

TEST_CASE("what people said when they did something by hand goes with the call, or when it is as old as texts may be, and who did it stays") {
    World w("2026-11-21T09:00:00+08:00");
    w.call("a", one);
    w.call("b", other);
    w.store->run_now([&](Connection& db) {
        REQUIRE(store::cancel_case(db, w.seal, "a", {"control/zhang", "his mother rang up"}, w.clock.now()));
        REQUIRE(store::cancel_case(db, w.seal, "b", {"control/li", "his father rang up"}, w.clock.now()));
        store::keep_words_of(db, w.seal, "release", std::nullopt, {"control/li", "the carrier is back"}, w.clock.now());
    });
    auto words = [](World& world) { return world.value("SELECT group_concat(who || ' ' || (length(words) > 0), ', ') FROM (SELECT * FROM override_words ORDER BY id)"); };
    auto done = forget(w, one);
    REQUIRE(done);
    // The last one says why it was forgotten.
    CHECK(words(w) == "control/zhang 0, control/li 1, control/li 1, control/zhang 1");
    auto old = later(w, 181);
    night(*old);
    CHECK(words(*old) == "control/zhang 0, control/li 0, control/li 0, control/zhang 0");
    check_whole(*old, "old");
}

TEST_CASE("why a number was forgotten goes when it is as old as texts may be, or when the number is forgotten again") {
    World w("2026-11-21T09:00:00+08:00");
    auto reasons = [](World& world) { return world.value("SELECT group_concat(length(reason) > 0) FROM (SELECT * FROM erasures WHERE why = 'forget' ORDER BY id)"); };
    auto words = [](World& world) { return world.value("SELECT group_concat(length(words) > 0) FROM (SELECT * FROM override_words ORDER BY id)"); };
    w.call("a", one);
    REQUIRE(forget(w, one));
    CHECK(reasons(w) == "1");
    CHECK(words(w) == "1");
    w.pass(std::chrono::hours(1));
    w.reply(one, "2", "99");
    w.pass(std::chrono::minutes(5));
    REQUIRE(forget(w, one));
    CHECK(reasons(w) == "0,1");
    CHECK(words(w) == "0,1");
    CHECK_THROWS(w.exec("DELETE FROM erasures"));
    CHECK_THROWS(w.exec("UPDATE erasures SET reason = x'01'"));
    check_whole(w, "forgotten twice");
    auto old = later(w, 179);
    night(*old);
    CHECK(reasons(*old) == "0,1");
    auto older = later(*old, 2);
    night(*older);
    CHECK(reasons(*older) == "0,0");
    CHECK(words(*older) == "0,0");
    check_whole(*older, "old");
}

TEST_CASE("whoever forgets a number is told what was called off, what stays, and how long it is recognised") {
    World w("2026-11-21T09:00:00+08:00");
    w.call("a", one);
    auto called = w.clock.now();
    auto done = forget(w, one);
    REQUIRE(done);
    CHECK(done->called_off == 1);
    CHECK_FALSE(done->opted_out);
    CHECK(done->recognised_from == called);
    w.call("b", other);
    ask_and_rate(w, "c", "13812345003", "退订");
    w.pass(std::chrono::hours(1));
    done = forget(w, "13812345003");
    REQUIRE(done);
    CHECK(done->opted_out);
    CHECK(done->called_off == 0);
}

TEST_CASE("what waits for a forgotten number is called off, he is still recognised for a month, then not") {
    World w("2026-11-21T09:00:00+08:00");
    w.call("a", one);
    REQUIRE(w.surveys() == "1 due");
    auto done = forget(w, one);
    REQUIRE(done);
    CHECK(w.surveys() == "1 cancelled");
    CHECK(w.value("SELECT code FROM cases") == "cancelled");
    w.pass(std::chrono::hours(6));
    CHECK(w.sent.empty());
    check_whole(w, "called off");
    auto key = to_hex(w.seal.phone_key(*Phone::mobile(one)));
    CHECK(w.value("SELECT hex(key) = upper('" + key + "') FROM phones") == "1");
    // He calls again: the same row, the number sealed anew, and what was before still counts for caps and holds.
    CHECK(w.call("b", one) == "accepted");
    CHECK(w.value("SELECT count(*) FROM phones") == "1");
    CHECK(w.value("SELECT length(sealed) > 0 FROM phones") == "1");
    REQUIRE(forget(w, one));
    CHECK(night(w).numbers == 0);
    auto month = later(w, 31);
    CHECK(night(*month).numbers == 1);
    CHECK(month->value("SELECT count(*) FROM phones WHERE key IS NULL AND length(sealed) = 0") == "1");
    CHECK(forget(*month, one).error().kind == Error::Kind::not_found);
    check_whole(*month, "a month later");
}

TEST_CASE("no later version of a call whose number was forgotten plans its survey, whatever stopped it until then") {
    // Closed but not asked about; dv, then harmless; above the cap; and one that is new.
    World w("2026-11-21T09:00:00+08:00");
    REQUIRE(w.call("dv", one, "02", R"(,"version":1)").starts_with("excluded"));
    REQUIRE(w.call("capped", "13812345002", "0101", R"(,"version":1)") == "accepted");
    REQUIRE(w.call("over", "13812345002", "0101", R"(,"version":1)") == "excluded capped");
    REQUIRE(forget(w, one));
    REQUIRE(forget(w, "13812345002"));
    CHECK(w.call("dv", one, "0101", R"(,"version":2)") == "updated cancelled");
    CHECK(w.call("capped", "13812345002", "0101", R"(,"version":2,"result":"x")") == "updated cancelled");
    CHECK(w.call("over", "13812345002", "0101", R"(,"version":2,"result":"x")").starts_with("updated c"));
    w.pass(std::chrono::hours(48));
    CHECK(w.sent.empty());
    check_whole(w, "forgotten");
}

TEST_CASE("a victim who is forgotten while the hold lasts is still recognised, also where the number was only the case's contact") {
    World w("2026-11-21T09:00:00+08:00");
    CHECK(w.call("violence", other, "0201", fmt::format(R"(,"contact_phone":"{}")", one)) == "excluded dv");
    REQUIRE(forget(w, one));
    CHECK(w.value("SELECT count(*) FROM phones WHERE key IS NULL") == "0");
    CHECK(w.call("later", one) == "excluded phone_hold");
    w.pass(std::chrono::hours(5));
    CHECK(w.sent.empty());
    check_whole(w, "forgotten on hold");
}

TEST_CASE("forgotten by a clock that is years ahead a victim is still recognised, and no night lets her go before the clock is trusted again") {
    World w("2026-11-21T09:00:00+08:00");
    CHECK(w.call("violence", one, "0201") == "excluded dv");
    auto ahead = later(w, 365 * 12);
    ahead->store->run_now([&](Connection& db) { store::place_hold(db, "clock", std::nullopt, "12 years ahead", ahead->clock.now()); });
    auto done = forget(*ahead, one);
    REQUIRE(done);
    CHECK(done->numbers == 1);
    CHECK(done->recognised_from == w.clock.now());
    auto back = later(*ahead, -365 * 12);
    CHECK(back->call("again", one) == "excluded phone_hold");
    check_whole(*back, "the clock is right again");
}

TEST_CASE("who cried for help and wants no texts is recognised when she is forgotten, though nobody ever called or asked from her number") {
    World w("2026-11-21T09:00:00+08:00");
    w.reply(one, "救命,别回短信", "");
    w.pass(std::chrono::minutes(5));
    REQUIRE(w.value("SELECT count(*) FROM alarms WHERE do_not_contact = 1") == "1");
    w.store->run_now([&](Connection& db) { db.exec("UPDATE alarms SET acknowledged_at = at, acknowledged_by = 'desk'"); });
    auto done = forget(w, one);
    REQUIRE(done);
    CHECK(done->recognised_from);
    CHECK(w.call("later", one) == "excluded phone_hold");
    REQUIRE(forget(w, one));
    CHECK(night(w).numbers == 0);
    auto month = later(w, 31);
    CHECK(night(*month).numbers == 1);
    check_whole(*month, "a month later");
}

TEST_CASE("what left to a number before a restore is known for as long as the number would be, whoever forgets it") {
    World w("2026-11-21T09:00:00+08:00");
    w.reply(one, "你们好,我想问一下案子", "");  // known by a letter alone
    w.pass(std::chrono::minutes(5));
    auto restored_at = w.clock.now();
    w.store->run_now([&](Connection& db) {
        Statement since(db, "INSERT INTO meta(key, value) VALUES ('no_send_before', ?1)");
        since.bind(1, std::to_string(to_millis(restored_at))).run();
        Statement left(db, "INSERT INTO sent_unknown(ref, phone_key) VALUES ('r', ?1)");
        left.bind_blob(1, w.seal.phone_key(*Phone::mobile(one))).run();
    });
    auto known = [&](World& at) { return at.value("SELECT count(*) FROM sent_unknown u JOIN phones p ON p.key = u.phone_key"); };
    auto done = forget(w, one);
    REQUIRE(done);
    CHECK(done->recognised_from == restored_at);
    CHECK(known(w) == "1");
    auto month = later(w, 29);
    CHECK(night(*month).numbers == 0);
    CHECK(known(*month) == "1");
    auto after = later(*month, 2);
    CHECK(night(*after).numbers == 1);
    CHECK(after->value("SELECT count(*) FROM sent_unknown") == "0");
    check_whole(*after, "a month later");
}

TEST_CASE("what was in doubt when its number was forgotten is not sent again, though the 110 system sends the call and the number anew") {
    World w("2026-11-21T09:00:00+08:00");
    w.call("a", one, "0101", R"(,"version":1)");
    w.exec("UPDATE messages SET state = 'sending', attempt = 1, text = x'00', claimed_at = made_at");
    w.exec("UPDATE messages SET state = 'in_doubt'");
    REQUIRE(forget(w, one));
    CHECK(w.call("a", one, "0101", R"(,"version":2,"result":"x")").starts_with("updated"));
    w.store->run_now([&](Connection& db) {
        auto again = store::resend_case(db, w.seal, "a", {"control/zhang", "it may be"}, w.clock.now());
        REQUIRE_FALSE(again);
        CHECK(again.error().detail == "the number of case a was forgotten: nobody may be asked about it");
    });
    w.pass(std::chrono::hours(24));
    CHECK(w.sent.empty());
}

TEST_CASE("an opt-out survives being forgotten") {
    World w("2026-11-21T09:00:00+08:00");
    ask_and_rate(w, "a", one, "退订");
    w.pass(std::chrono::hours(1));
    auto done = forget(w, one);
    REQUIRE(done);
    CHECK(done->numbers == 0);
    w.store->run_now([&](Connection& db) {
        auto id = store::find_phone_id(db, w.seal.phone_key(*Phone::mobile(one)));
        REQUIRE(id);
        CHECK(store::is_opted_out(db, *id));
        CHECK(store::find_phone(db, w.seal, *id));  // so that keys can be rotated
    });
    CHECK(w.value("SELECT sum(length(text)) FROM inbound") == "0");
    CHECK(w.call("b", one) == "excluded opt_out");
    check_whole(w, "forgotten");
}

TEST_CASE("an emergency that the desk has not acknowledged is not forgotten") {
    World w("2026-11-21T09:00:00+08:00");
    ask_and_rate(w, "a", one, "救命");
    CHECK(forget(w, one).error().kind == Error::Kind::conflict);
    CHECK(forget(w, other).error().kind == Error::Kind::not_found);
    CHECK(w.value("SELECT count(*) FROM ledger WHERE kind = 'erased'") == "0");
}

TEST_CASE("after 180 days records, texts and numbers go, after three years the ratings, what is still followed up stays") {
    World asked("2026-11-21T09:00:00+08:00");
    ask_and_rate(asked, "a", one, "1");
    ask_and_rate(asked, "b", other, "3");
    CHECK(night(asked).cases == 0);
    auto before = later(asked, 179);
    CHECK(night(*before).cases == 0);
    auto half_a_year = later(*before, 2);
    auto& w = *half_a_year;
    auto done = night(w);
    CHECK(done.cases == 1);
    CHECK(done.numbers == 1);
    CHECK(done.texts >= 3);
    CHECK(done.ratings == 0);
    CHECK(w.value("SELECT group_concat(record) FROM cases WHERE erased_at IS NOT NULL") == "a");  // b is followed up still
    CHECK(w.value("SELECT count(*) FROM phones WHERE key IS NULL AND length(sealed) = 0") == "1");
    CHECK(w.value("SELECT count(*) FROM ratings") == "2");
    check_whole(w, "half a year");
    CHECK(night(w).cases == 0);

    w.exec("INSERT INTO followup_steps(id, followup_id, at, who, state) SELECT max(id) + 1, 1, 0, '3/x', 'closed' FROM followup_steps; UPDATE followups SET state = 'closed'");
    done = night(w);
    CHECK(done.cases == 1);
    CHECK(w.value("SELECT sum(length(content)) FROM case_versions") == "0");
    CHECK(w.value("SELECT sum(length(text)) FROM messages") == "0");
    CHECK(w.value("SELECT sum(length(text)) FROM inbound") == "0");
    CHECK(w.value("SELECT count(*) FROM phones WHERE key IS NOT NULL") == "0");
    check_whole(w, "the follow-up closed");

    // A new version of an erased case brings its record back, for as long again.
    w.closed_at(w.clock.now() - Millis(std::chrono::hours(24 * 181)));
    CHECK(w.call("a", one, "0101", R"(,"call_taker":"080012")").substr(0, 7) == "updated");
    CHECK(w.value("SELECT erased_at FROM cases WHERE record = 'a'") == "null");
    CHECK(night(w).cases == 1);

    // What a program thought of a text, and what was named when it was asked, is as much his as the rating.
    w.store->run_now([&](Connection& db) {
        db.exec(fmt::format("INSERT INTO suggestions(inbound_id, at, said) SELECT min(id), {}, 'dissatisfied' FROM inbound", to_millis(w.clock.now())).c_str());
        store::keep_topic(db, 1, 1, "attitude", w.clock.now());
    });
    CHECK_THROWS(w.exec("DELETE FROM suggestions"));
    auto three_years = later(w, 3 * 366);
    auto& then = *three_years;
    done = night(then);
    CHECK(done.ratings == 2);
    CHECK(then.value("SELECT count(*) FROM ratings") == "0");
    CHECK(then.value("SELECT (SELECT count(*) FROM suggestions) + (SELECT count(*) FROM asked_topics)") == "0");
    CHECK(then.value("SELECT count(*) FROM inbound WHERE label IS NOT NULL OR rating IS NOT NULL") == "0");
    CHECK(then.value("SELECT count(*) FROM cases") == "2");
    CHECK(then.value("SELECT count(*) FROM meta WHERE key = 'erasing_ratings'") == "0");
    CHECK_THROWS(then.exec("INSERT INTO ratings VALUES (9, (SELECT id FROM cases LIMIT 1), NULL, 1, 'satisfied', 3, 'code', 'first', NULL, 'u'); DELETE FROM ratings"));
    check_whole(then, "three years");
}

TEST_CASE("the number of a contact stays as long as the newest case that names it") {
    World w("2026-11-21T09:00:00+08:00");
    CHECK(w.call("old", one, "0201") == "excluded dv");
    auto months = later(w, 100);
    auto& then = *months;
    CHECK(then.call("new", other, "0201", fmt::format(R"(,"contact_phone":"{}")", one)) == "excluded dv");
    auto key = to_hex(w.seal.phone_key(*Phone::mobile(one)));
    auto known = [&](World& world) { return world.value("SELECT count(*) FROM phones WHERE length(sealed) > 0 AND key = x'" + key + "'"); };
    auto half_a_year = later(then, 90);
    CHECK(night(*half_a_year).cases == 1);
    CHECK(known(*half_a_year) == "1");
    auto a_year = later(*half_a_year, 100);
    CHECK(night(*a_year).cases == 1);
    CHECK(known(*a_year) == "0");
    check_whole(*a_year, "a year");
}

TEST_CASE("the erasure of a night is all or nothing, and is made up for") {
    World asked("2026-11-21T09:00:00+08:00");
    for (int i = 0; i < 3; ++i) ask_and_rate(asked, "a" + std::to_string(i), (std::string("1381234500") + std::to_string(i)).c_str(), "1");
    auto half_a_year = later(asked, 181);
    auto& w = *half_a_year;
    auto days = [&](int n) { return w.clock.now() - Millis(std::chrono::hours(24)) * n; };
    store::Limits limits{days(180), days(1100), days(30)};
    store::Expired expired;
    w.store->run_now([&](Connection& db) { expired = store::find_expired(db, limits, store::Round::texts, store::Ids()); });
    REQUIRE(expired.cases.size() == 3);
    // A look at some ids finds what is theirs, and all looks together find everything.
    w.store->run_now([&](Connection& db) {
        CHECK(store::next_ids(db, store::Ids::lowest, 2)->last == 2);
        CHECK(store::next_ids(db, 3, 2)->first == 3);
        CHECK_FALSE(store::next_ids(db, 1'000'000, 2));
        CHECK(store::find_expired(db, limits, store::Round::texts, {1, 1}).cases == std::vector<std::int64_t>{1});
        CHECK(store::find_expired(db, limits, store::Round::texts, {2, 3}).cases == std::vector<std::int64_t>{2, 3});
        CHECK(store::find_expired(db, limits, store::Round::numbers, {2, 2}).phones == std::vector<std::int64_t>{2});
    });
    auto share = expired.take(100);
    CHECK_THROWS(w.store->run_now([&](Connection& db) {
        store::erase_expired(db, share, limits, w.clock.now());
        throw store::SqlError(13, "disk full");
    }));
    check_whole(w, "taken back");
    CHECK(w.value("SELECT count(*) FROM cases WHERE erased_at IS NOT NULL") == "0");
    w.store->run_now([&](Connection& db) { CHECK(store::erase_expired(db, share, limits, w.clock.now()).cases == 3); });
    check_whole(w, "done");
}
