#include "daemon/inbound/inbox.hpp"

#include "daemon/store/inbox.hpp"
#include "daemon/store/ratings.hpp"
#include "tests/outbox/desk_drawer.hpp"

using namespace pingjing;
using test::Drawer;
using test::noon;

namespace {
store::NewText text(const std::string& from, const std::string& words, const std::string& key = "", std::optional<Instant> at = {}) {
    store::NewText t;
    t.from = Phone::sender(from), t.text = Text(words), t.key = key, t.at = at;
    return t;
}
}  // namespace

TEST_CASE("a text is kept once by the vendor's id, else by number, words and time, without a time every one is kept") {
    struct Row { const char* what; store::NewText first, second; bool same; };
    const std::string zhang = "13812345678", li = "13912345678";
    const Row rows[] = {
        {"the same id", text(zhang, "1", "a"), text(zhang, "1", "a"), true},
        {"the same id, whatever it says", text(zhang, "1", "a"), text(zhang, "2", "a", noon), true},
        {"another id", text(zhang, "1", "a"), text(zhang, "1", "b"), false},
        {"no id, the same time", text(zhang, "1", "", noon), text(zhang, "1", "", noon), true},
        {"another time", text(zhang, "1", "", noon), text(zhang, "1", "", noon + 1s), false},
        {"other words", text(zhang, "1", "", noon), text(zhang, "2", "", noon), false},
        {"another number", text(zhang, "1", "", noon), text(li, "1", "", noon), false},
        {"neither id nor time", text(zhang, "1"), text(zhang, "1"), false},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Drawer d;
        d.store->run_now([&](store::Connection& db) {
            CHECK(store::keep_text(db, d.seal, "main", row.first, std::nullopt, noon));
            CHECK(store::keep_text(db, d.seal, "main", row.second, std::nullopt, noon + 5min) != row.same);
            CHECK(store::keep_text(db, d.seal, "second", row.first, std::nullopt, noon));  // another channel's ids are its own
        });
        CHECK(d.value("SELECT count(*) FROM inbound WHERE channel = 'main'") == (row.same ? "1" : "2"));
        CHECK(d.everything().find(zhang) == std::string::npos);
    }
}

TEST_CASE("equal words within a day count as a replay only where the vendor gives neither id nor time") {
    for (const auto& [key, at, expected] : {std::tuple{std::string(), std::optional<Instant>(), true}, {std::string(), std::optional(noon), false}, {std::string("k"), std::optional<Instant>(), false}}) {
        Drawer d;
        d.store->run_now([&](store::Connection& db) {
            store::keep_text(db, d.seal, "main", text("13812345678", "T", key.empty() ? "" : "k1", at), std::nullopt, noon);
            store::keep_text(db, d.seal, "main", text("13812345678", "T", key.empty() ? "" : "k2", at ? std::optional(*at + 1s) : at), std::nullopt, noon + 1h);
            store::keep_text(db, d.seal, "main", text("13912345678", "T", key.empty() ? "" : "k3", at), std::nullopt, noon + 1h);
            auto rows = store::find_new_texts(db, 10);
            REQUIRE(rows.size() == 3);
            CHECK_FALSE(store::is_replay(db, rows[0], noon - 24h));
            CHECK(store::is_replay(db, rows[1], noon - 23h) == expected);
            CHECK_FALSE(store::is_replay(db, rows[1], noon + 1min));
            CHECK_FALSE(store::is_replay(db, rows[2], noon - 24h));
        });
    }
}

TEST_CASE("a receipt is kept once, a body nobody understands is one row of the books, once") {
    Drawer d;
    d.store->run_now([&](store::Connection& db) {
        store::NewReceipt r{.key = "k", .vendor_id = "v", .state = "delivered"};
        CHECK(store::keep_receipt(db, d.seal, "main", r, std::nullopt, noon));
        CHECK_FALSE(store::keep_receipt(db, d.seal, "main", r, std::nullopt, noon));
        r.key.clear();
        CHECK(store::keep_receipt(db, d.seal, "main", r, std::nullopt, noon));
        CHECK_FALSE(store::keep_receipt(db, d.seal, "main", r, std::nullopt, noon));
        r.state = "failed";
        CHECK(store::keep_receipt(db, d.seal, "main", r, std::nullopt, noon));
        CHECK(store::keep_quarantined(db, d.seal, "main", "<what is this from 13812345678>", "no JSON", noon));
        CHECK_FALSE(store::keep_quarantined(db, d.seal, "main", "<what is this from 13812345678>", "no JSON", noon));
    });
    CHECK(d.value("SELECT class || step FROM inbound") == "quarantineddone");
    CHECK(d.everything().find("13812345678") == std::string::npos);
}

TEST_CASE("a body that nobody understands is a repetition within a day, while the earlier one is unread, on the same channel") {
    Drawer d;
    d.store->run_now([&](store::Connection& db) {
        auto keep = [&](const char* channel, Instant at) {
            return store::keep_quarantined(db, d.seal, channel, "from=13812345678&c=3", "why", at).has_value();
        };
        CHECK(keep("main", noon));
        CHECK_FALSE(keep("main", noon + 24h));
        CHECK(keep("second", noon + 1h));
        CHECK(keep("main", noon + 24h + 1s));
        CHECK_FALSE(keep("main", noon + 25h));
        auto waiting = store::find_quarantined(db, std::string("main"), 0, 10);
        REQUIRE(waiting.size() == 2);
        for (const auto& row : waiting) CHECK(store::mark_reread(db, d.seal, row.id, *store::open_quarantined(db, d.seal, row.id), noon + 25h));
        CHECK(keep("main", noon + 25h));
        CHECK_FALSE(keep("main", noon + 26h));
        // As earlier versions wrote the key.
        store::Statement old(db, "UPDATE inbound SET key = substr(key, 1, instr(key, ':b') - 1) WHERE id = (SELECT max(id) FROM inbound)");
        old.run();
        CHECK_FALSE(keep("main", noon + 27h));
        CHECK(keep("main", noon + 60h));
    });
    CHECK(d.value("SELECT count(*) FROM inbound WHERE class = 'quarantined'") == "5");
}

TEST_CASE("a carrier that counts its ids from the start again reports on another phone: that is no repetition") {
    Drawer d;
    d.store->run_now([&](store::Connection& db) {
        store::NewReceipt first{.vendor_id = "1", .state = "delivered", .code = "DELIVRD", .phone_id = 1}, second = first;
        second.phone_id = 2;
        CHECK(store::keep_receipt(db, d.seal, "main", first, std::nullopt, noon));
        CHECK(store::keep_receipt(db, d.seal, "main", second, std::nullopt, noon + 1h));
        CHECK_FALSE(store::keep_receipt(db, d.seal, "main", first, std::nullopt, noon + 2h));
        CHECK_FALSE(store::keep_receipt(db, d.seal, "main", second, std::nullopt, noon + 2h));
    });
}

TEST_CASE("a text under an id that was used before is kept, the same again is not") {
    Drawer d;
    d.store->run_now([&](store::Connection& db) {
        store::NewText first{.key = "0000000000000007", .from = Phone::sender("13812345678"), .to = "10690011007", .text = Text("1"), .key_recurs = true};
        auto another = first, later = first;
        another.from = Phone::sender("13912345678"), later.text = Text("3");
        for (const auto* text : {&first, &another, &later}) CHECK(store::keep_text(db, d.seal, "main", *text, std::nullopt, noon));
        for (const auto* text : {&first, &another, &later}) CHECK_FALSE(store::keep_text(db, d.seal, "main", *text, std::nullopt, noon + 1h));
        store::Statement keys(db, "SELECT key FROM inbound ORDER BY id");
        REQUIRE(keys.step());
        CHECK(keys.text(0).starts_with("v:0000000000000007:"));
        CHECK(keys.text(0).size() == 19 + 16);
    });
}

TEST_CASE("what is kept, and how it was read, is whole or not at all") {
    const std::vector<std::function<void(store::Connection&, Drawer&)>> works = {
        [](store::Connection& db, Drawer& d) {
            auto body = db.next_id("hook_bodies");
            store::keep_body(db, d.seal, body, "main", "body", true, noon);
            store::keep_text(db, d.seal, "main", text("13912345678", "1", "a"), body, noon);
        },
        [](store::Connection& db, Drawer& d) { store::keep_text(db, d.seal, "main", text("10086", "1"), std::nullopt, noon); },
        [](store::Connection& db, Drawer& d) { store::keep_quarantined(db, d.seal, "main", "body", "why", noon); },
        [](store::Connection& db, Drawer& d) { store::record_opt_out(db, d.key, true, "sms", "", noon); },
        [](store::Connection& db, Drawer& d) {
            store::keep_text(db, d.seal, "main", text("13812345678", "3", "a"), std::nullopt, noon);
            auto id = store::find_new_texts(db, 1).front().id;
            store::record_reading(db, id, {.what = "rated", .case_id = 1}, noon);
            store::record_rating(db, {.case_id = 1, .inbound_id = id, .at = noon, .grade = Grade::dissatisfied, .value = 3, .method = "code", .effect = "first"}, noon);
            store::raise_alarm(db, d.random, id, 1, false, noon);
            store::open_review(db, "words", 1, id, noon);
        },
    };
    for (const auto& work : works) {
        Drawer d;
        d.all_or_nothing([&](store::Connection& db) { work(db, d); });
    }
}

TEST_CASE("a case has one first rating, and the newest that counts is the standing one") {
    Drawer d;
    d.store->run_now([&](store::Connection& db) {
        auto rate = [&](Grade grade, const char* effect, Instant at) {
            store::keep_text(db, d.seal, "main", text("13812345678", "x"), std::nullopt, at);
            store::Statement last(db, "SELECT max(id) FROM inbound");
            last.step();
            store::record_rating(db, {.case_id = 1, .inbound_id = last.integer(0), .at = at, .grade = grade, .value = 1, .method = "code", .effect = effect}, at);
        };
        CHECK_FALSE(store::standing_rating(db, 1));
        rate(Grade::satisfied, "late", noon);
        CHECK_FALSE(store::standing_rating(db, 1));
        rate(Grade::satisfied, "first", noon);
        rate(Grade::dissatisfied, "replaces", noon + 5min);
        rate(Grade::satisfied, "repeated", noon + 50min);
        rate(Grade::satisfied, "second", noon + 50h);
        auto standing = store::standing_rating(db, 1);
        REQUIRE(standing);
        CHECK(standing->grade == Grade::dissatisfied);
        CHECK(standing->first_at == noon);
        CHECK_THROWS_AS(rate(Grade::satisfied, "first", noon), store::SqlError);
    });
}

TEST_CASE("an alarm is raised once for a text, however often it is tried") {
    Drawer d;
    d.store->run_now([&](store::Connection& db) {
        store::keep_text(db, d.seal, "main", text("13812345678", "x"), std::nullopt, noon);
        auto about = store::find_new_texts(db, 1).front().id;
        auto id = store::raise_alarm(db, d.random, about, std::nullopt, false, noon);
        CHECK(store::raise_alarm(db, d.random, about, 1, true, noon + 1h) == id);
    });
    CHECK(d.value("SELECT count(*) FROM alarms") == "1");
}
