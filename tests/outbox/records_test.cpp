#include "daemon/store/inbox.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/receipts.hpp"
#include "tests/outbox/desk_drawer.hpp"

using namespace pingjing;
using test::Drawer;
using test::noon;

namespace {
struct Record {
    const char* name;
    std::string from, to;  // from every other state it changes nothing
    std::function<void(store::Connection&, Drawer&)> work;
};
const std::vector<std::string> ids{"v1", "v2"};

const std::vector<Record>& records() {
    using store::Connection;
    static const std::vector<Record> all = {
        {"accepted", "sending", "accepted", [](Connection& db, Drawer& d) { store::record_accepted(db, d.attempt, ids, noon, noon + 72h); }},
        {"again", "sending", "due", [](Connection& db, Drawer& d) { store::record_again(db, d.attempt, "retry", "", noon, noon); }},
        {"failed", "sending", "failed", [](Connection& db, Drawer& d) { store::record_failed(db, d.attempt, "permanent_number", "", "number", {}, noon); }},
        {"partial", "sending", "failed", [](Connection& db, Drawer& d) { store::record_failed(db, d.attempt, "partial", "", "partial", ids, noon); }},
        {"held", "sending", "held", [](Connection& db, Drawer& d) { store::record_held(db, d.attempt, "permanent_content", "", noon); }},
        {"in doubt", "sending", "in_doubt", [](Connection& db, Drawer& d) { store::record_in_doubt(db, d.attempt, "ambiguous", "", noon); }},
        {"never sent", "sending", "due", [](Connection& db, Drawer& d) { store::record_never_sent(db, d.attempt, noon); }},
        {"recovered", "sending", "in_doubt", [](Connection& db, Drawer&) { store::recover_sending(db, noon); }},
        {"late yes", "in_doubt", "accepted", [](Connection& db, Drawer& d) { store::record_late(db, "main", d.attempt.ref, true, false, ids, "accepted", "", "", noon, 72h); }},
        {"late no", "in_doubt", "due", [](Connection& db, Drawer& d) { store::record_late(db, "main", d.attempt.ref, false, true, {}, "retry", "", "", noon, 72h); }},
        {"late never", "in_doubt", "failed", [](Connection& db, Drawer& d) { store::record_late(db, "main", d.attempt.ref, false, false, {}, "opted_out", "", "opted_out", noon, 72h); }},
        {"no report", "accepted", "no_report", [](Connection& db, Drawer&) { store::let_time_pass(db, "main", noon + 1h, noon - 1h, noon + 1h); }},
        {"unknown", "in_doubt", "unknown", [](Connection& db, Drawer&) { store::let_time_pass(db, "main", noon - 1h, noon + 1h, noon + 1h); }},
    };
    return all;
}
}  // namespace

TEST_CASE("every end of an attempt moves the message from where it says, and from nowhere else") {
    for (const auto& record : records())
        for (const auto& state : test::all_states) {
            CAPTURE(record.name);
            CAPTURE(state);
            Drawer d;
            d.bring_to(state);
            // That an attempt ended is a fact of its own row; of the message nothing is said.
            const char* lines = "SELECT count(*) FROM ledger WHERE kind <> 'rows'";
            auto before = d.value(lines);
            d.store->run_now([&](store::Connection& db) { record.work(db, d); });
            CHECK(d.state() == (state == record.from ? record.to : state));
            if (state != record.from) CHECK(d.value(lines) == before);
        }
}

TEST_CASE("every end of an attempt is written whole or not at all, wherever the database fails") {
    for (const auto& record : records()) {
        CAPTURE(record.name);
        Drawer d;
        d.bring_to(record.from);
        d.all_or_nothing([&](store::Connection& db) { record.work(db, d); });
        CHECK(d.state() == record.to);
    }
}

TEST_CASE("an attempt has one row, whether or not an earlier build began it at the claim, and its first end stands") {
    for (bool begun : {false, true}) {
        CAPTURE(begun);
        Drawer d;
        d.bring_to("sending");
        d.store->run_now([&](store::Connection& db) {
            if (begun) db.exec("INSERT INTO attempts(message_id, attempt, channel, claimed_at) SELECT id, attempt, channel, claimed_at FROM messages WHERE state = 'sending'");
            store::recover_sending(db, noon + 1min);
            store::record_accepted(db, d.attempt, ids, noon + 2min, noon + 72h);
        });
        CHECK(d.value("SELECT count(*) FROM attempts") == "1");
        CHECK(d.value("SELECT channel || ' ' || outcome || ' ' || (settled_at - claimed_at) FROM attempts") == "main ambiguous 60000");
    }
}

TEST_CASE("what was never sent is known by its name: its claim was taken back with its message, and the number is nobody's, or another's") {
    for (bool another : {true, false}) {
        CAPTURE(another);
        Drawer d;
        auto gone = d.attempt;
        gone.ref = "3n9xzcve2ussiynqrbri";
        if (!another) gone.message = 2;
        d.bring_to("sending");
        std::string before, after;
        d.store->run_now([&](store::Connection& db) { before = test::dump(db); });
        d.store->run_now([&](store::Connection& db) { CHECK_FALSE(store::record_never_sent(db, gone, noon).moved); });
        d.store->run_now([&](store::Connection& db) { after = test::dump(db); });
        CHECK(after == before);
    }
}

TEST_CASE("a message of one part keeps one key that says nothing of its own, one of two parts waits for both") {
    for (bool whole : {true, false}) {
        CAPTURE(whole);
        Drawer d;
        d.bring_to("sending");
        auto report = [&](const char* id) {
            d.store->run_now([&](store::Connection& db) {
                store::ReceiptRow receipt{0, "main", "", id, "delivered", "none", d.key, noon, noon + 1min};
                auto message = store::find_receipt_message(db, receipt);
                REQUIRE(message);
                store::apply_receipt(db, receipt, *message, noon + 1min);
            });
        };
        d.store->run_now([&](store::Connection& db) { store::record_accepted(db, d.attempt, whole ? std::vector<std::string>{"v1"} : ids, noon, noon + 72h); });
        report("v1");
        CHECK(d.state() == (whole ? "delivered" : "accepted"));
        CHECK(d.value("SELECT coalesce(state, 'null') FROM receipt_keys WHERE vendor_id = 'v1'") == (whole ? "null" : "delivered"));
        if (!whole) report("v2");
        CHECK(d.state() == "delivered");
    }
}

TEST_CASE("the claim and what comes before it are whole or not at all") {
    const std::vector<std::function<void(store::Connection&, Drawer&)>> works = {
        [](store::Connection& db, Drawer& d) { d.claim(db); },
        [](store::Connection& db, Drawer& d) { store::cancel_due(db, d.due(db), Code::capped, noon); },
        [](store::Connection& db, Drawer& d) { store::hold_due(db, d.due(db), "content", noon); },
        [](store::Connection& db, Drawer& d) { store::cancel_waiting_surveys_to(db, d.key, 0, Code::phone_hold, noon); },
        [](store::Connection& db, Drawer& d) { store::take_slot(db, d.key, 1, 100, 720h, noon), store::place_hold(db, "stop", std::nullopt, "x", noon); },
        [](store::Connection& db, Drawer& d) { (void)store::plan_survey(db, d.random, 1, store::keep_phone(db, d.seal, *Phone::mobile("13912345678"), noon), noon, noon, noon + 48h, noon); },
    };
    for (const auto& work : works) {
        Drawer d;
        d.all_or_nothing([&](store::Connection& db) { work(db, d); });
    }
}

TEST_CASE("a second attempt does not listen to what the first one has to say") {
    Drawer d;
    d.bring_to("sending");
    auto first = d.attempt;
    d.store->run_now([&](store::Connection& db) {
        store::record_again(db, first, "retry", "", noon, noon);
        d.attempt = d.claim(db);
        CHECK(d.attempt.number == 2);
        CHECK_FALSE(store::record_failed(db, first, "permanent_number", "", "number", {}, noon).moved);
        CHECK_FALSE(store::record_again(db, first, "retry", "", noon, noon).moved);
    });
    CHECK(d.state() == "sending");
}

TEST_CASE("a refusal proves nothing where something says that the text arrived, whether it comes in time or late") {
    for (bool late : {false, true})
        for (std::string evidence : {"a reply that nobody has read yet", "a report on one of two parts", "a report that it is on its way", "a report that it failed"}) {
            CAPTURE(late);
            CAPTURE(evidence);
            Drawer d;
            d.bring_to("sending");
            d.store->run_now([&](store::Connection& db) {
                if (late) store::record_in_doubt(db, d.attempt, "ambiguous", "", noon, ids);
                if (evidence.starts_with("a reply")) {
                    store::NewText text;
                    text.from = Phone::sender("13812345678"), text.text = Text("1");
                    store::keep_text(db, d.seal, "main", text, std::nullopt, noon + 1s);
                } else if (evidence.starts_with("a report")) {
                    store::NewReceipt r{.vendor_id = "v1", .state = evidence.ends_with("parts") ? "delivered" : evidence.ends_with("way") ? "buffered" : "failed"};
                    store::keep_receipt(db, d.seal, "main", r, std::nullopt, noon + 1s, {late ? "applied" : "parked", 1});
                }
                if (late) store::record_late(db, "main", d.attempt.ref, false, true, {}, "retry", "", "", noon + 2s, 72h);
                else store::record_again(db, d.attempt, "retry", "", noon + 2s, noon + 2s);
            });
            CHECK(d.state() == (evidence == "a report that it failed" ? "due" : "in_doubt"));
        }
}

TEST_CASE("a late word counts only from the channel that was given the message last") {
    for (bool accepted : {true, false}) {
        Drawer d;
        d.bring_to("in_doubt");
        d.store->run_now([&](store::Connection& db) { store::record_late(db, "second", d.attempt.ref, accepted, !accepted, {}, "", "", "", noon, 72h); });
        CHECK(d.state() == "in_doubt");
    }
}

TEST_CASE("receipts and replies move a message forward only") {
    struct Row { std::string state, delivered, failed, expired, reply; };
    const Row rows[] = {
        {"due", "due", "due", "due", "due"},
        {"held", "held", "held", "held", "held"},
        {"accepted", "delivered", "failed", "expired", "delivered"},
        {"in_doubt", "delivered", "failed", "failed", "delivered"},
        {"delivered", "delivered", "delivered", "delivered", "delivered"},
        {"failed", "delivered", "failed", "failed", "delivered"},
        {"expired", "delivered", "expired", "expired", "delivered"},
        {"no_report", "delivered", "no_report", "no_report", "delivered"},
        {"unknown", "delivered", "failed", "failed", "delivered"},
        {"cancelled", "cancelled", "cancelled", "cancelled", "cancelled"},
    };
    for (const auto& row : rows)
        for (const auto& [said, expected] : {std::pair{"delivered", row.delivered}, {"failed", row.failed}, {"expired", row.expired}, {"buffered", row.state}, {"reply", row.reply}}) {
            CAPTURE(row.state);
            CAPTURE(said);
            Drawer d;
            d.bring_to(row.state);
            d.store->run_now([&](store::Connection& db) {
                if (std::string(said) == "reply") {
                    store::lift_to_delivered(db, 1, "reply", noon);
                    return;
                }
                store::ReceiptRow receipt;
                receipt.id = 1, receipt.channel = "main", receipt.state = said, receipt.received_at = noon;
                store::Statement ref(db, "SELECT ref FROM messages");
                ref.step();
                receipt.ref = ref.text(0);
                auto message = store::find_receipt_message(db, receipt);
                REQUIRE(message);
                store::apply_receipt(db, receipt, *message, noon);
            });
            CHECK(d.state() == expected);
        }
}

TEST_CASE("what the carrier delivers after refusing it, or says to be on its way, is held: sending it again would be the second text") {
    for (const auto& [said, expected] : {std::pair{"delivered", "held delivered_after_refusal"}, {"buffered", "held taken_after_refusal"}, {"failed", "due"}}) {
        CAPTURE(said);
        Drawer d;
        d.bring_to("sending");
        d.store->run_now([&, state = said](store::Connection& db) {
            store::record_again(db, d.attempt, "retry", "", noon, noon);
            store::ReceiptRow receipt;
            receipt.channel = "main", receipt.state = state, receipt.ref = d.attempt.ref, receipt.received_at = noon;
            store::apply_receipt(db, receipt, *store::find_receipt_message(db, receipt), noon);
        });
        CHECK(d.value("SELECT state || coalesce(' ' || code, '') FROM messages") == expected);
    }
}

TEST_CASE("what was refused for its words and delivered all the same is not released with the others") {
    for (const auto& [said, expected] : {std::pair{"delivered", "held delivered_after_refusal"}, {"buffered", "held taken_after_refusal"}, {"failed", "due"}}) {
        CAPTURE(said);
        Drawer d;
        d.bring_to("sending");
        d.store->run_now([&, state = said](store::Connection& db) {
            store::record_held(db, d.attempt, "permanent_content", "", noon);
            store::ReceiptRow receipt;
            receipt.channel = "main", receipt.state = state, receipt.ref = d.attempt.ref, receipt.received_at = noon;
            store::apply_receipt(db, receipt, *store::find_receipt_message(db, receipt), noon);
            store::release_refused(db, store::Seal::from_seed(1), 10, {"control/zhang", "registered"}, noon);
        });
        CHECK(d.value("SELECT state || coalesce(' ' || code, '') FROM messages") == expected);
    }
}

TEST_CASE("what a restore holds is not released with the others once a report says that it went after the backup") {
    for (const auto& [said, expected] : {std::pair{"delivered", "held delivered_after_backup"}, {"buffered", "held taken_after_backup"}, {"failed", "due"}}) {
        CAPTURE(said);
        Drawer d;
        d.store->run_now([&, state = said](store::Connection& db) {
            db.exec("UPDATE messages SET state = 'held', code = 'restored' WHERE state = 'due'");
            store::ReceiptRow receipt;
            receipt.channel = "main", receipt.state = state, receipt.ref = d.attempt.ref, receipt.received_at = noon;
            auto message = store::find_receipt_message(db, receipt);
            REQUIRE(message);
            store::apply_receipt(db, receipt, *message, noon);
            REQUIRE(store::release_restored(db, store::Seal::from_seed(1), {}, true, true, {"control/zhang", "looked"}, noon));
        });
        CHECK(d.value("SELECT state || coalesce(' ' || code, '') FROM messages") == expected);
    }
}

TEST_CASE("of a text in parts every one has to arrive, of half a text an answer is proof, a receipt is not") {
    for (bool partial : {false, true}) {
        Drawer d;
        d.bring_to("sending");
        d.store->run_now([&](store::Connection& db) {
            if (partial) store::record_failed(db, d.attempt, "partial", "", "partial", ids, noon);
            else store::record_accepted(db, d.attempt, ids, noon, noon + 72h);
            auto say = [&](const char* id, const char* state) {
                store::ReceiptRow receipt;
                receipt.channel = "main", receipt.vendor_id = id, receipt.state = state, receipt.received_at = noon;
                auto message = store::find_receipt_message(db, receipt);
                REQUIRE(message);
                store::apply_receipt(db, receipt, *message, noon);
            };
            say("v1", "delivered");
            say("v1", "delivered");
        });
        CHECK(d.state() == (partial ? "failed" : "accepted"));
        d.store->run_now([&](store::Connection& db) {
            store::ReceiptRow receipt;
            receipt.channel = "main", receipt.vendor_id = "v2", receipt.state = "delivered", receipt.received_at = noon;
            store::apply_receipt(db, receipt, *store::find_receipt_message(db, receipt), noon);
        });
        CHECK(d.state() == (partial ? "failed" : "delivered"));
        CHECK(d.value("SELECT open FROM messages") == "1");
    }
}

TEST_CASE("ids recur: the newest message wins, an older one where it alone still waits, and the phone has to be right") {
    Drawer d;
    d.bring_to("sending");
    d.store->run_now([&](store::Connection& db) {
        store::record_accepted(db, d.attempt, {"again"}, noon, noon + 72h);
        auto other = store::keep_phone(db, d.seal, *Phone::mobile("13912345678"), noon);
        store::Attempt second = d.attempt;
        auto key = d.key;
        d.key = other;
        d.plan_case(db, 2);
        second = d.claim(db);
        d.key = key;
        store::record_accepted(db, second, {"again"}, noon + 1h, noon + 72h);
        auto found = [&](const std::optional<std::int64_t>& phone, Instant at) {
            store::ReceiptRow receipt;
            receipt.channel = "main", receipt.vendor_id = "again", receipt.state = "delivered", receipt.phone_id = phone, receipt.received_at = at;
            auto message = store::find_receipt_message(db, receipt);
            return message ? message->id : 0;
        };
        CHECK(found(std::nullopt, noon + 2h) == 2);
        CHECK(found(key, noon + 2h) == 1);
        CHECK(found(other, noon + 2h) == 2);
        CHECK(found(std::nullopt, noon - 1h) == 0);  // it was heard of before anything was sent
    });
}

TEST_CASE("ids recur, and an answer was faster than its report: when that has come, nobody takes the message for one that still waits") {
    Drawer d;
    d.bring_to("sending");
    d.store->run_now([&](store::Connection& db) {
        auto report = [&](Instant at) {
            store::ReceiptRow receipt;
            receipt.channel = "main", receipt.vendor_id = "again", receipt.state = "delivered", receipt.received_at = at;
            auto message = store::find_receipt_message(db, receipt);
            REQUIRE(message);
            store::apply_receipt(db, receipt, *message, at);
            return message->id;
        };
        store::record_accepted(db, d.attempt, {"again"}, noon, noon + 72h);
        store::lift_to_delivered(db, 1, "reply", noon + 1min);
        CHECK(report(noon + 2min) == 1);
        d.key = store::keep_phone(db, d.seal, *Phone::mobile("13912345678"), noon);
        d.plan_case(db, 2);
        auto second = d.claim(db);
        store::record_accepted(db, second, {"again"}, noon + 1h, noon + 72h);
        CHECK(report(noon + 2h) == 2);
        CHECK(report(noon + 3h) == 2);  // said once more
    });
}
