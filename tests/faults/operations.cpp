#include "tests/faults/operations.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "daemon/admin/tokens.hpp"
#include "daemon/configuration_history.hpp"
#include "daemon/desk/alarms.hpp"
#include "daemon/gateway.hpp"
#include "daemon/inbound/inbox.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/outbox/claims.hpp"
#include "daemon/ratings/answers.hpp"
#include "daemon/reports/export.hpp"
#include "daemon/site_rules.hpp"
#include "daemon/store/kept_sums.hpp"
#include "daemon/store/keys.hpp"
#include "daemon/store/appeals.hpp"
#include "daemon/store/canaries.hpp"
#include "daemon/store/checkpoints.hpp"
#include "daemon/store/deliveries.hpp"
#include "daemon/store/erasure.hpp"
#include "daemon/store/followups.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/letters.hpp"
#include "daemon/store/notices.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/parts.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/store/receipts.hpp"
#include "daemon/store/reveals.hpp"
#include "daemon/store/reviews.hpp"
#include "daemon/store/suggestions.hpp"
#include "daemon/store/watch.hpp"
#include "daemon/writeback/lines.hpp"

namespace pingjing::test {
namespace {

using store::Connection;

const store::Seal& seal() { return furniture().seal; }
Phone phone(const char* number) { return *Phone::mobile(number); }

// Of everything that the ledger knows, as if the feed had been on from the beginning.
void plan_writeback(Connection& db) {
    db.exec("INSERT INTO meta(key, value) VALUES ('writeback_position', '0') ON CONFLICT (key) DO UPDATE SET value = '0'");
    while (writeback::plan_lines(db, seal(), {true, true, 1}, noon)) {}
    if (writeback::count_waiting(db) == 0) throw std::logic_error("nothing is to be told");
}

// On the store's thread, like the stages do.
Operation in_store(std::string name, std::function<void(Connection&, Office&)> work, bool announces = false) {
    auto act = [work = std::move(work)](Office& office) -> asio::awaitable<void> {
        auto job = [&](Connection& db) {
            office.random = SeededRandom(5);  // a work may run twice
            work(db, office);
        };
        co_await office.store().run(std::ref(job));
    };
    return {std::move(name), std::move(act), announces};
}

struct Noon final : Clock {
    Instant now() const override { return noon; }
    Steady steady() const override { return std::chrono::hours(1); }
};
const Noon noon_clock;

store::ClaimFacts facts_of(const store::DueRow& row) {
    store::ClaimFacts facts;
    facts.channel = "main", facts.text_name = "survey", facts.sealed_text = seal().seal("x", store::message_text_context(row.ref)), facts.answer_until = noon + 72h, facts.slot = 3;
    return facts;
}

store::ReceiptRow receipt_row(Connection& db, const std::string& state, const std::string& vendor_id) {
    auto rows = store::find_new_receipts(db, 10);
    auto row = rows.at(0);
    row.state = state, row.vendor_id = vendor_id;
    return row;
}

store::NewMessage thanks(Office& o) {
    store::NewMessage message;
    message.case_id = o.case_of("answered"), message.text_name = "thanks", message.phone_id = o.phone_of("answered"), message.channel = "main";
    message.due_at = noon, message.stale_at = noon + 10min;
    return message;
}

std::int64_t filed_appeal(Connection& db, Office& o) {
    store::NewAppeal appeal;
    appeal.case_id = o.case_of("answered"), appeal.filed_by = "9/z", appeal.badge = "01", appeal.ground = "slip", appeal.note = "he rang up", appeal.due_at = noon + 24h;
    auto id = store::file_appeal(db, seal(), appeal, noon);
    if (!id) throw std::logic_error(id.error().detail);
    return *id;
}

std::vector<Operation> about_cases() {
    auto one_call = [](Connection& db, Office& o, const std::string& json) {
        auto rows = furniture().rows(json);
        auto known = store::find_case(db, rows.at(0).call->id);
        store::Verdict verdict;
        verdict.kind = "survey", verdict.rule = "test", verdict.rules_sha256 = "faults";
        auto recorded = store::record_case(db, seal(), known, *rows.at(0).call, verdict, known ? "updated" : "accepted", noon);
        (void)store::plan_survey(db, o.random, recorded.id, *recorded.phone_id, *rows.at(0).call->closed_at, noon + 1h, noon + 72h, noon);
        if (!known) store::record_batch(db, "test", {.accepted = 1}, noon);
    };
    return {
        in_store("record_case new", [=](Connection& db, Office& o) { one_call(db, o, call_json("fresh", "13800000061", R"(,"contact_phone":"13800000062")")); }),
        in_store("record_case again", [=](Connection& db, Office& o) { one_call(db, o, call_json("due", "13800000063", R"(,"version":2)")); }),
        in_store("raise_version", [](Connection& db, Office&) { store::raise_version(db, store::find_case(db, "due")->id, 7, noon); }),
        in_store("plan_first_survey", [=](Connection& db, Office& o) {
            auto rows = furniture().rows(call_json("fresh", "13800000061"));
            store::make_keys(seal(), *rows.at(0).call);
            store::Verdict verdict;
            verdict.kind = "survey", verdict.rule = "test", verdict.rules_sha256 = "faults";
            auto recorded = store::record_case(db, seal(), std::nullopt, *rows.at(0).call, verdict, "accepted", noon);
            store::plan_first_survey(db, o.random, recorded.id, *recorded.phone_id, *rows.at(0).call->closed_at, noon + 1h, noon + 72h, noon);
            store::record_batch(db, "test", {.accepted = 1}, noon);
        }),
        in_store("record_decision", [](Connection& db, Office& o) { store::record_decision(db, o.case_of("due"), "sending", "accepted", {}, noon); }),
        in_store("plan_survey of a cancelled one", [](Connection& db, Office& o) {
            auto id = o.case_of("cancelled");
            store::set_case_code(db, id, std::nullopt, "survey", noon);
            (void)store::plan_survey(db, o.random, id, o.phone_of("cancelled"), noon - 3h, noon, noon + 72h, noon);
        }),
        in_store("cancel_waiting_of_case", [](Connection& db, Office& o) {
            store::cancel_waiting_of_case(db, o.case_of("due"), Code::invalid, noon);
            store::set_case_code(db, o.case_of("due"), Code::invalid, "", noon);
        }),
        in_store("cancel_waiting_surveys_to", [](Connection& db, Office& o) { store::cancel_waiting_surveys_to(db, o.phone_of("due"), 0, Code::phone_hold, noon); }),
        in_store("mark_recoded_after_sending", [](Connection& db, Office& o) { store::mark_recoded_after_sending(db, o.case_of("answered"), noon); }),
        in_store("set_case_code", [](Connection& db, Office& o) { store::set_case_code(db, o.case_of("safety"), Code::secret, "", noon); }),
        in_store("record_batch", [](Connection& db, Office&) { store::record_batch(db, "test", {.unchanged = 2}, noon); }),
        in_store("record_rejection", [](Connection& db, Office&) { store::record_rejection(db, store::record_batch(db, "test", {.rejected = 1}, noon), 7, "closed_at", "a time"); }),
        in_store("take_row", [](Connection& db, Office& o) {
            intake::take_row(db, seal(), o.random, *furniture().rules, furniture().rows(call_json("fresh", "13800000061")).at(0), noon);
            store::record_batch(db, "test", {.accepted = 1}, noon);
        }),
        in_store("take_batch", [](Connection& db, Office& o) {
            auto rows = furniture().rows(call_json("fresh", "13800000061") + "\n" + call_json("due2", "13800000002", R"(,"version":2,"category":"06")") + "\n{}\n");
            intake::take_batch(db, seal(), o.random, *furniture().rules, rows, "test", noon);
        }),
        // Called off by a new version, which lets go on what it had capped.
        in_store("apply", [](Connection& db, Office& o) {
            auto rows = furniture().rows(call_json("due", "13800000001", R"(,"version":3,"state2":"x")"));
            auto known = store::find_case(db, "due");
            eligibility::Planned planned;
            planned.verdict.code = Code::invalid, planned.verdict.rule = "test";
            auto recorded = store::record_case(db, seal(), known, *rows.at(0).call, planned.verdict, "updated", noon);
            eligibility::apply(db, seal(), o.random, *furniture().rules, *rows.at(0).call, recorded, planned, noon);
        }),
        in_store("reconsider_capped", [](Connection& db, Office& o) {
            store::cancel_due(db, o.due("due"), Code::stale, noon);
            eligibility::reconsider_capped(db, seal(), o.random, *furniture().rules, o.phone_of("due"), noon);
        }),
        in_store("keep_phone", [](Connection& db, Office&) { store::keep_phone(db, seal(), phone("13912345678"), noon); }),
        in_store("record_opt_out", [](Connection& db, Office& o) { store::record_opt_out(db, o.phone_of("answered"), true, "sms", "", noon); }),
    };
}

std::vector<Operation> about_sending() {
    auto late = [](bool accepted, bool refused) {
        return [=](Connection& db, Office& o) {
            store::record_late(db, "main", o.attempt("doubt").ref, accepted, refused, {"v-late"}, accepted ? "accepted" : "retry", "", accepted || refused ? "" : "number", noon, 72h);
        };
    };
    return {
        in_store("plan_message", [](Connection& db, Office& o) { store::plan_message(db, o.random, thanks(o), noon); }),
        in_store("set_route", [](Connection& db, Office& o) { store::set_route(db, o.due("due").id, 0); }),
        in_store("forget_routes", [](Connection& db, Office& o) {
            store::hold_due(db, o.due("due2"), "no_route", noon);
            store::set_route(db, o.due("due").id, 0);
            store::forget_routes(db, noon);
        }),
        in_store("postpone", [](Connection& db, Office& o) { store::postpone(db, o.due("due").id, noon + 1h); }),
        in_store("cancel_due", [](Connection& db, Office& o) { store::cancel_due(db, o.due("due"), Code::stale, noon); }),
        in_store("move_due_to", [](Connection& db, Office& o) { store::move_due_to(db, o.due("due"), o.phone_of("due2"), noon); }),
        in_store("hold_due", [](Connection& db, Office& o) { store::hold_due(db, o.due("due"), "content", noon); }),
        in_store("take_slot", [](Connection& db, Office& o) { store::take_slot(db, o.phone_of("due"), o.case_of("due"), 100, std::chrono::hours(720), noon); }),
        in_store("claim", [](Connection& db, Office& o) {
            auto row = o.due("due");
            store::claim(db, row, facts_of(row), noon);
            o.store().will_send(db, row.ref, row.phone_key);
        }, true),
        in_store("claim_round", [](Connection& db, Office& o) {
            outbox::ClaimInput input;
            input.policy = furniture().policy, input.views = {{true, 9, false}}, input.now = noon;
            input.announce = [&o](Connection& c, const std::string& ref, const std::string& key) { o.store().will_send(c, ref, key); };
            outbox::claim_round(db, seal(), input);
        }, true),
        in_store("record_accepted", [](Connection& db, Office& o) { store::record_accepted(db, o.attempt("sending"), {"v-sending-1", "v-sending-2"}, noon, noon + 72h); }),
        in_store("record_again", [](Connection& db, Office& o) { store::record_again(db, o.attempt("sending"), "retry", "", noon + 1h, noon); }),
        in_store("record_failed", [](Connection& db, Office& o) { store::record_failed(db, o.attempt("sending"), "permanent_number", "", "number", {}, noon); }),
        in_store("record_failed in part", [](Connection& db, Office& o) { store::record_failed(db, o.attempt("sending"), "partial", "", "partial", {"v-sending-1"}, noon); }),
        in_store("record_held", [](Connection& db, Office& o) { store::record_held(db, o.attempt("sending"), "permanent_content", "", noon); }),
        in_store("record_in_doubt", [](Connection& db, Office& o) { store::record_in_doubt(db, o.attempt("sending"), "ambiguous", "", noon); }),
        in_store("record_never_sent", [](Connection& db, Office& o) { store::record_never_sent(db, o.attempt("sending"), noon); }),
        in_store("record_late yes", late(true, false)),
        in_store("record_late no", late(false, true)),
        in_store("record_late never", late(false, false)),
        in_store("recover_sending", [](Connection& db, Office&) { store::recover_sending(db, noon); }),
        in_store("close_ended_windows", [](Connection& db, Office&) { store::close_ended_windows(db, noon + 100h); }),
        in_store("open_reviews_of_unclear", [](Connection& db, Office& o) {
            store::Statement unclear(db, "UPDATE inbound SET step = 'done', class = 'ambiguous', case_id = ?1 WHERE key = 'v:m2'");
            unclear.bind(1, o.case_of("asked")).run();
            store::lift_to_delivered(db, o.attempt("asked").message, "reply", noon);
            store::UnclearSoFar so_far;
            store::open_reviews_of_unclear(db, so_far, noon + 100h);
        }),
        in_store("let_time_pass", [](Connection& db, Office&) { store::let_time_pass(db, "main", noon + 1h, noon + 1h, noon + 100h); }),
        in_store("add_surveys_of_day", [](Connection& db, Office&) { store::add_surveys_of_day(db, "main", "2026-11-21", 3); }),
        in_store("refused_are_due", [](Connection& db, Office& o) {
            store::record_again(db, o.attempt("sending"), "retry", "", noon + 1h, noon);
            store::refused_are_due(db, std::nullopt, noon);
        }),
        in_store("place_hold", [](Connection& db, Office&) { store::place_hold(db, "stop", std::nullopt, "test", noon); }),
        in_store("release_holds", [](Connection& db, Office&) {
            store::place_hold(db, "clock", std::nullopt, "test", noon);
            store::release_holds(db, "clock", std::nullopt, "looked at", noon);
        }),
        in_store("hold_if_clock_is_off", [](Connection& db, Office&) { hold_if_clock_is_off(db, noon + 1000h); }),
        in_store("cancel_case", [](Connection& db, Office&) { (void)store::cancel_case(db, seal(), "due", {"control/zhang", "because"}, noon); }),
        in_store("resend_case", [](Connection& db, Office&) { (void)store::resend_case(db, seal(), "doubt", {"control/zhang", "because"}, noon); }),
        in_store("keep_words_of", [](Connection& db, Office& o) { store::keep_words_of(db, seal(), "hold", o.case_of("due"), {"control/zhang", "because"}, noon); }),
        in_store("seal_open_reasons", [](Connection& db, Office& o) {
            store::place_hold(db, "stop", std::nullopt, "the carrier is late", noon);
            store::release_holds(db, "stop", std::nullopt, "it is not", noon);
            store::record_opt_out(db, o.phone_of("due"), true, "operator", "his mother asked", noon);
            store::Verdict by_hand;
            by_hand.code = Code::cancelled, by_hand.rule = "his father asked";
            store::record_decision(db, o.case_of("due"), "operator", "excluded", by_hand, noon);
            if (!store::seal_open_reasons(db, seal(), noon)) throw std::logic_error("it was done before");
        }),
        in_store("check_and_remember_keys", [](Connection& db, Office&) { (void)store::check_and_remember_keys(db, seal()); }),
        in_store("release_refused", [](Connection& db, Office&) { (void)store::release_refused(db, seal(), 500, {"control/zhang", "registered"}, noon); }),
        in_store("release_restored", [](Connection& db, Office&) { (void)store::release_restored(db, seal(), {"restored"}, false, false, {"control/zhang", "looked at"}, noon); }),
    };
}

// Stages whose work is their own: on an inbox, or an answers step, of the moment.
Operation take_body() {
    auto act = [](Office& o) -> asio::awaitable<void> {
        inbound::Inbox inbox(o.io().get_executor(), o.store(), seal(), noon_clock, {});
        provider::Receipt receipt;
        receipt.vendor_id = "v-silent-1", receipt.state = provider::ReceiptState::delivered, receipt.phone = phone("13800000009");
        provider::InboundText text;
        text.from = phone("13800000071"), text.to = "106900110", text.text = Text("2"), text.key = "m-new";
        std::vector<provider::Inbound> both{receipt, text};
        co_await inbox.take_body("main", "the raw body", std::move(both));
    };
    return {"keep_body with what was in it", act};
}
Operation hear_a_cry() {
    auto act = [](Office& o) -> asio::awaitable<void> {
        o.random = SeededRandom(5);
        inbound::Hints hints;
        hints.lookout.read = [](std::string_view) { return inbound::Danger{true, false}; };
        hints.lookout.random = &o.random;
        inbound::Inbox inbox(o.io().get_executor(), o.store(), seal(), noon_clock, std::move(hints));
        co_await inbox.quarantine("main", R"({"mobile":"13800000071","text":"help"})", "nobody can read it");
    };
    return {"keep_quarantined with its alarm", act};
}
Operation take_in_part() {
    auto act = [](Office& o) -> asio::awaitable<void> {
        o.random = SeededRandom(5);
        inbound::Hints hints;
        hints.lookout.read = [](std::string_view) { return inbound::Danger{true, false}; };
        hints.lookout.random = &o.random;
        inbound::Inbox inbox(o.io().get_executor(), o.store(), seal(), noon_clock, std::move(hints));
        provider::InboundText text;
        text.from = phone("13800000071"), text.to = "106900110", text.text = Text("2"), text.key = "m-new";
        provider::CallbackRead read;
        read.inbound.emplace_back(text), read.places.push_back("/0");
        read.left.push_back({provider::CallbackRead::Kind::unreadable, "item 2: a reply without a number", R"({"mobile":"13800000072","text":"help"})"});
        co_await inbox.take_body("main", "the raw body", std::move(read));
    };
    return {"keep_rest with what could be read beside it", act};
}
Operation read_new_texts() {
    auto act = [](Office& o) -> asio::awaitable<void> {
        auto rules = std::make_shared<const ratings::AnswerRules>(answer_rules(furniture().settings, 100));
        o.random = SeededRandom(5);
        ratings::Answers answers(o.io().get_executor(), o.store(), seal(), noon_clock, o.random, rules, {});
        auto read = co_await answers.finish();
        if (read == 0) throw std::runtime_error("it stands as new");
    };
    return {"record_reading with all that follows", act};
}

std::vector<Operation> about_what_comes_in() {
    return {
        take_body(),
        hear_a_cry(),
        take_in_part(),
        read_new_texts(),
        in_store("keep_receipt", [](Connection& db, Office&) {
            store::NewReceipt receipt;
            receipt.key = "k-more", receipt.vendor_id = "v-silent-1", receipt.state = "failed", receipt.meaning = "none";
            store::keep_receipt(db, seal(), "main", receipt, std::nullopt, noon);
        }),
        in_store("keep_text", [](Connection& db, Office&) {
            store::NewText text;
            text.from = phone("13800000072"), text.to = "106900110", text.text = Text("3");
            store::keep_text(db, seal(), "main", text, std::nullopt, noon);
        }),
        in_store("begin_text", [](Connection& db, Office&) {
            store::NewText text;
            text.from = phone("13800000072"), text.to = "106900110", text.text = Text("3");
            store::begin_text(db, seal(), "main", text, noon);
            store::append(db, noon, "test", std::nullopt, "{}");
        }),
        in_store("keep_text_as", [](Connection& db, Office& o) {
            store::NewText text;
            text.from = phone("13800000009"), text.to = "106900110", text.text = Text("?");
            store::Reading reading;
            reading.what = "none", reading.why = "nothing", reading.case_id = o.case_of("silent");
            store::keep_text_as(db, seal(), store::begin_text(db, seal(), "main", text, noon), text, std::nullopt, reading);
            store::lift_to_delivered(db, o.attempt("silent").message, "reply", noon);
        }),
        in_store("keep of an answer at the door", [](Connection& db, Office& o) {
            store::Reading reading;
            reading.what = "none", reading.why = "nothing", reading.case_id = o.case_of("asked");
            store::record_reading(db, o.id("SELECT id FROM inbound WHERE step = 'new'"), reading, noon);
            store::lift_to_delivered(db, o.attempt("asked").message, "reply", noon);
            o.random = SeededRandom(5);
            ratings::Answers answers(o.io().get_executor(), o.store(), seal(), noon_clock, o.random, std::make_shared<const ratings::AnswerRules>(answer_rules(furniture().settings, 100)), {});
            store::NewText text;
            text.from = phone("13800000009"), text.to = "106900110", text.text = Text("3 太慢"), text.key = "m-door";
            store::make_ready(seal(), text);
            auto read = answers.at_the_door();
            read->read(text);
            read->begin(db);
            if (read->keep(db, 0, "main", text, std::nullopt, noon) != store::ReadTexts::Kept::settled) throw std::logic_error("it answers one survey");
        }),
        in_store("keep_quarantined", [](Connection& db, Office&) { store::keep_quarantined(db, seal(), "main", "<html>", "not JSON", noon); }),
        in_store("record_taken", [](Connection& db, Office&) {
            store::TakenInPart in_part{db.next_id("hook_bodies"), {"/0"}};
            store::keep_quarantined(db, seal(), "main", "[1,2,3]", "not JSON", noon, {}, &in_part);
            auto kept = store::open_quarantined(db, seal(), in_part.body_id);
            if (!store::record_taken(db, seal(), in_part.body_id, *kept, {"/0", "/1"})) throw std::logic_error("it waits");
        }),
        in_store("mark_reread", [](Connection& db, Office&) {
            store::keep_quarantined(db, seal(), "main", "<html>", "not JSON", noon);
            auto waiting = store::find_quarantined(db, std::nullopt, 0, 10);
            auto kept = store::open_quarantined(db, seal(), waiting.back().id);
            if (!store::mark_reread(db, seal(), waiting.back().id, *kept, noon)) throw std::logic_error("nobody has read it");
        }),
        in_store("record_reading", [](Connection& db, Office& o) {
            store::Reading reading;
            reading.what = "none", reading.why = "nothing", reading.case_id = o.case_of("asked");
            store::record_reading(db, o.id("SELECT id FROM inbound WHERE step = 'new'"), reading, noon);
            store::lift_to_delivered(db, o.attempt("asked").message, "reply", noon);
        }),
        in_store("keep_part the first", [](Connection& db, Office&) {
            store::NewPart part;
            part.text = "13800000064|106|9", part.number = 2, part.total = 3, part.payload = "a third";
            store::keep_part(db, seal(), "main", part, noon);
        }),
        in_store("keep_part the last", [](Connection& db, Office&) {
            store::NewPart part;
            part.text = "13800000060|106|7", part.number = 2, part.total = 2, part.payload = "the other half";
            if (store::keep_part(db, seal(), "main", part, noon).joined.size() != 1) throw std::logic_error("two halves are a whole");
        }),
        in_store("give_up_waiting_parts", [](Connection& db, Office&) { store::give_up_waiting_parts(db, seal(), noon, noon); }),
        in_store("park_receipt", [](Connection& db, Office& o) { store::park_receipt(db, o.id("SELECT id FROM receipts WHERE step = 'new'"), std::nullopt); }),
        in_store("leave_receipt_unknown", [](Connection& db, Office&) { store::leave_receipt_unknown(db, receipt_row(db, "delivered", "x"), noon); }),
        in_store("give_up_parked", [](Connection& db, Office&) { store::give_up_parked(db, noon, noon); }),
        in_store("mark_receipt_applied", [](Connection& db, Office& o) {
            store::mark_receipt_applied(db, o.id("SELECT id FROM receipts WHERE step = 'new'"), o.attempt("silent").message);
        }),
        in_store("apply_receipt", [](Connection& db, Office&) {
            auto receipt = receipt_row(db, "failed", "v-silent-1");
            store::apply_receipt(db, receipt, *store::find_receipt_message(db, receipt), noon);
        }),
        in_store("apply_receipt to a refused one", [](Connection& db, Office& o) {
            store::record_again(db, o.attempt("sending"), "retry", "", noon, noon);
            auto receipt = receipt_row(db, "delivered", "");
            receipt.ref = o.attempt("sending").ref;
            store::apply_receipt(db, receipt, *store::find_receipt_message(db, receipt), noon);
        }),
        in_store("lift_to_delivered", [](Connection& db, Office& o) { store::lift_to_delivered(db, o.attempt("silent").message, "reply", noon); }),
        in_store("close_surveys_to", [](Connection& db, Office& o) { store::close_surveys_to(db, o.phone_of("silent"), noon); }),
        in_store("record_rating", [](Connection& db, Office& o) {
            auto inbound = o.id("SELECT id FROM inbound WHERE key = 'v:m2'");
            store::record_rating(db, {o.case_of("asked"), inbound, noon, Grade::satisfied, 1, "code", "first"}, noon);
        }),
        in_store("raise_alarm", [](Connection& db, Office& o) { store::raise_alarm(db, o.random, o.id("SELECT id FROM inbound WHERE key = 'v:m2'"), o.case_of("asked"), true, noon); }),
        in_store("open_review", [](Connection& db, Office& o) { store::open_review(db, "ambiguous", o.case_of("asked"), o.id("SELECT id FROM inbound WHERE key = 'v:m2'"), noon); }),
        in_store("decide_review", [](Connection& db, Office& o) {
            auto asked = o.case_of("asked");
            auto text = o.id("SELECT id FROM inbound WHERE key = 'v:m2'");
            store::Reading reading;
            reading.what = "ambiguous", reading.why = "several", reading.case_id = asked;
            store::record_reading(db, text, reading, noon);
            store::open_review(db, "ambiguous", asked, text, noon);
            store::NewDecision decision;
            decision.decision = "rated", decision.grade = Grade::dissatisfied, decision.note = Text("he says so");
            auto done = store::decide_review(db, seal(), o.id("SELECT max(id) FROM reviews"), decision, {"control", "", ""}, {}, noon);
            if (!done || !done->followup_opened) throw std::logic_error(done ? "no follow-up" : done.error().detail);
        }),
        in_store("open_notice", [](Connection& db, Office&) {
            if (auto made = store::open_notice(db, seal(), {"flood", "notice_safety", "3/x", Text("rain")}, noon); !made) throw std::logic_error(made.error().detail);
        }),
        in_store("plan_notice", [](Connection& db, Office& o) {
            auto notice = store::open_notice(db, seal(), {"flood", "notice_safety", "3/x", Text("rain")}, noon);
            auto outcome = store::plan_notice(db, seal(), o.random, *notice, "notice_safety", phone("13800000088"), "2026-01-05", {}, noon);
            if (outcome != "planned") throw std::logic_error(outcome);
        }),
        in_store("stop_notice", [](Connection& db, Office& o) {
            auto notice = store::open_notice(db, seal(), {"flood", "notice_safety", "3/x", Text("rain")}, noon);
            store::plan_notice(db, seal(), o.random, *notice, "notice_safety", phone("13800000088"), "2026-01-05", {}, noon);
            if (store::stop_notice(db, seal(), *store::find_notice(db, "flood"), Text("dry again"), "3/x", noon) != 1) throw std::logic_error("nothing was stopped");
        }),
        in_store("open_letter", [](Connection& db, Office& o) { store::open_letter(db, o.id("SELECT id FROM inbound WHERE key = 'v:m2'"), noon); }),
        in_store("answer_letter", [](Connection& db, Office& o) {
            store::open_letter(db, o.id("SELECT id FROM inbound WHERE key = 'v:m2'"), noon);
            auto letter = store::find_letter(db, seal(), o.id("SELECT max(id) FROM letters"));
            if (auto done = store::answer_letter(db, seal(), o.random, *letter, Text("we know"), "3/x", {}, noon); !done) throw std::logic_error(done.error().detail);
        }),
        in_store("close_letter", [](Connection& db, Office& o) {
            store::open_letter(db, o.id("SELECT id FROM inbound WHERE key = 'v:m2'"), noon);
            auto letter = store::find_letter(db, seal(), o.id("SELECT max(id) FROM letters"));
            if (auto done = store::close_letter(db, seal(), *letter, Text("nothing to say"), "3/x", noon); !done) throw std::logic_error(done.error().detail);
        }),
        in_store("keep_topic", [](Connection& db, Office& o) { store::keep_topic(db, o.id("SELECT id FROM inbound WHERE key = 'v:m2'"), o.case_of("asked"), "attitude", noon); }),
        in_store("keep_suggestion", [](Connection& db, Office& o) {
            auto text = o.id("SELECT id FROM inbound WHERE key = 'v:m2'");
            store::Reading reading;
            reading.what = "ambiguous", reading.why = "words.mixed", reading.case_id = o.case_of("asked");
            store::record_reading(db, text, reading, noon);
            store::lift_to_delivered(db, o.id(fmt::format("SELECT id FROM messages WHERE purpose = 'survey' AND case_id = {}", *reading.case_id)), "reply", noon);
            if (!store::keep_suggestion(db, text, "dissatisfied", noon)) throw std::logic_error("the text is not open");
        }),
        in_store("open_followup", [](Connection& db, Office& o) { store::open_followup(db, o.case_of("asked"), std::nullopt, true, false, noon, noon + 24h); }),
        in_store("move_followup", [](Connection& db, Office& o) {
            auto f = store::find_followup(db, o.id(fmt::format("SELECT id FROM followups WHERE case_id = {}", o.case_of("answered"))));
            store::FollowupMove move;
            move.step = "called_back", move.who = "3/x", move.note = "he said so", move.place = "there", move.to = FollowupState::called_back, move.due_at = f->due_at;
            if (!store::move_followup(db, seal(), *f, move, noon)) throw std::logic_error("somebody else moved it");
        }),
        in_store("record_reveal", [](Connection& db, Office& o) {
            store::record_reveal(db, seal(), o.id(fmt::format("SELECT id FROM followups WHERE case_id = {}", o.case_of("answered"))), "3/x", "to call back", noon);
        }),
        in_store("record_text_reveal", [](Connection& db, Office& o) { store::record_text_reveal(db, seal(), o.id("SELECT id FROM inbound WHERE key = 'v:m2'"), "3/x", "to call back", noon); }),
        in_store("plan_lines", [](Connection& db, Office&) { plan_writeback(db); }),
        in_store("take_batch", [](Connection& db, Office&) {
            plan_writeback(db);
            if (writeback::take_batch(db, seal(), 10).empty()) throw std::logic_error("nothing waits");
        }),
        in_store("record_left", [](Connection& db, Office&) {
            plan_writeback(db);
            writeback::record_left(db, writeback::take_batch(db, seal(), 10), noon);
        }),
        in_store("escalate_followup", [](Connection& db, Office& o) {
            store::escalate_followup(db, o.id(fmt::format("SELECT id FROM followups WHERE case_id = {}", o.case_of("answered"))), noon + 48h);
        }),
        in_store("take_back_told", [](Connection& db, Office& o) {
            auto f = store::find_followup(db, o.id(fmt::format("SELECT id FROM followups WHERE case_id = {}", o.case_of("answered"))));
            store::FollowupMove move;
            move.step = "told", move.who = "3/x", move.to = FollowupState::told, move.due_at = f->due_at;
            if (!store::move_followup(db, seal(), *f, move, noon)) throw std::logic_error("somebody else moved it");
            store::take_back_told(db, f->id, noon + 24h, noon);
        }),
        in_store("open_followup more pressing", [](Connection& db, Office& o) { store::open_followup(db, o.case_of("answered"), std::nullopt, true, true, noon, noon + 1h); }),
        in_store("file_appeal", [](Connection& db, Office& o) { filed_appeal(db, o); }),
        in_store("move_appeal", [](Connection& db, Office& o) {
            auto propose = store::AppealMove{.to = AppealState::proposed, .step = "proposed", .who = "3/x", .note = "he said so", .proposed = AppealState::upheld};
            auto filed = *store::find_appeal(db, filed_appeal(db, o));
            if (!store::move_appeal(db, seal(), filed, propose, noon)) throw std::logic_error("somebody else moved it");
            store::AppealMove confirm{.to = AppealState::upheld, .step = "confirmed", .who = "4/y", .note = "", .proposed = {}};
            if (!store::move_appeal(db, seal(), *store::find_appeal(db, filed.id), confirm, noon)) throw std::logic_error("somebody else moved it");
        }),
        in_store("move_appeal to withdrawn", [](Connection& db, Office& o) {
            auto filed = *store::find_appeal(db, filed_appeal(db, o));
            store::AppealMove withdraw{.to = AppealState::withdrawn, .step = "withdrawn", .who = "9/z", .note = "I see", .proposed = {}};
            if (!store::move_appeal(db, seal(), filed, withdraw, noon)) throw std::logic_error("somebody else moved it");
        }),
        in_store("escalate_appeal", [](Connection& db, Office& o) { store::escalate_appeal(db, filed_appeal(db, o), noon + 48h); }),
        in_store("note_no_callback", [](Connection& db, Office& o) { store::note_no_callback(db, o.case_of("answered"), noon); }),
    };
}

std::string signed_head(Connection& db) {
    const auto& head = db.ledger().head();
    return seal().ledger_signer()->sign(Checkpoint{seal().ledger_signer()->name(), head.size(), head.root()});
}

std::vector<Operation> about_the_house() {
    auto alarm = [](Office& o) {
        store::Statement find(o.connection(), "SELECT id FROM alarms");
        find.step();
        return find.text(0);
    };
    const store::Limits limits{noon - std::chrono::hours(24 * 180), noon - std::chrono::hours(24 * 365 * 3), noon - std::chrono::hours(24 * 30)};
    return {
        in_store("append", [](Connection& db, Office&) { store::append(db, noon, "test", std::nullopt, "{}"); }),
        in_store("make_checkpoint", [](Connection& db, Office&) { store::make_checkpoint(db, *seal().ledger_signer(), noon); }),
        in_store("remember_ledger_key", [](Connection& db, Office&) {
            if (!store::remember_ledger_key(db, *store::Seal::from_seed(99).ledger_signer(), noon)) throw std::logic_error("it is the same key");
        }),
        in_store("keep_checkpoint", [](Connection& db, Office&) { store::keep_checkpoint(db, signed_head(db), noon); }),
        in_store("keep_cosigned", [](Connection& db, Office&) { store::keep_cosigned(db, signed_head(db), noon); }),
        in_store("erase_expired", [=](Connection& db, Office&) {
            const store::Ids all;
            auto texts = store::find_expired(db, limits, store::Round::texts, all);
            if (texts.cases.empty() || texts.rated_cases.empty()) throw std::logic_error("nothing is old enough");
            store::erase_expired(db, texts, limits, noon);
            auto numbers = store::find_expired(db, limits, store::Round::numbers, all);
            store::erase_expired(db, numbers, limits, noon);
        }),
        in_store("forget", [=](Connection& db, Office&) {
            auto named = store::find_named(db, seal(), phone("13800000001"));  // "due" and "capped"
            if (!store::forget(db, seal(), *named, {"control/zhang", "asked for it"}, noon)) throw std::logic_error("it is not forgotten");
        }),
        in_store("keep_watch_alarm", [](Connection& db, Office&) { store::keep_watch_alarm(db, {"in_doubt", "", "60 messages", noon, noon, std::nullopt, std::nullopt}); }),
        in_store("drop_watch_alarm", [](Connection& db, Office&) { store::drop_watch_alarm(db, "channel_down", "main"); }),
        in_store("plan_canary", [](Connection& db, Office& o) {
            if (!store::plan_canary(db, seal(), o.random, "main", phone("13800000088"), "2026-11-21", noon + 1h, noon)) throw std::logic_error("it was planned before");
        }),
        in_store("answer_canary", [](Connection& db, Office& o) {
            store::plan_canary(db, seal(), o.random, "main", phone("13800000088"), "2026-11-21", noon + 1h, noon);
            auto phone_id = *store::find_phone_id(db, seal().phone_key(phone("13800000088")));
            for (const auto& row : store::find_due(db, -1, priority(Purpose::canary), noon, 100))
                if (row.phone_id == phone_id) store::claim(db, row, facts_of(row), noon);
            if (!store::answer_canary(db, phone_id, "main", o.id("SELECT id FROM inbound WHERE key = 'v:m2'"), noon, noon)) throw std::logic_error("nobody asked");
        }),
        in_store("keep_verification", [](Connection& db, Office&) { store::keep_verification(db, {noon, "a row is missing"}); }),
        in_store("keep_path_day", [](Connection& db, Office&) { store::keep_path_day(db, {"main", "138"}, "2026-11-20", {9, 8, 7}); }),
        in_store("create_token", [](Connection& db, Office& o) { (void)admin::create_token(db, o.random, {"desk"}, {}, noon); }),
        in_store("revoke_token", [](Connection& db, Office&) { (void)admin::revoke_token(db, 1, noon); }),
        in_store("record_attempt", [=](Connection& db, Office& o) { desk::record_attempt(db, alarm(o)); }),
        in_store("record_received", [=](Connection& db, Office& o) { desk::record_received(db, alarm(o), noon); }),
        in_store("record_escalated", [=](Connection& db, Office& o) { desk::record_escalated(db, alarm(o), noon); }),
        in_store("acknowledge", [=](Connection& db, Office& o) { (void)desk::acknowledge(db, seal(), alarm(o), "3/desk", Text("on its way"), noon); }),
        in_store("record_reminded", [=](Connection& db, Office& o) { desk::record_reminded(db, alarm(o), noon); }),
        in_store("record_export", [](Connection& db, Office&) {
            reports::Edition edition;
            edition.day = "2026-11-20", edition.ledger_size = 3, edition.as_of = noon, edition.sha256 = "x", edition.checkpoint = signed_head(db);
            reports::record_export(db, edition, noon);
        }),
        in_store("keep_sums", [](Connection& db, Office&) {
            store::SumsChange change;
            change.until = 1, change.dropped = {"2026-11-18"}, change.dropped_blocks = {1};
            change.counted.push_back({"2026-11-19", "110", "rules", noon, "1-7", "cases\tX\t7\n", "", ""});
            change.surveys[0] = {{"delivered", 7}};
            store::keep_sums(db, change);
        }),
        in_store("forget_sums", [](Connection& db, Office&) {
            store::SumsChange change;
            change.until = 1, change.surveys[0] = {{"delivered", 7}};
            store::keep_sums(db, change);
            store::forget_sums(db);
            store::append(db, noon, "sums", std::nullopt, "{}");  // for what is forgotten leaves no trace
        }),
        in_store("plan_delivery", [](Connection& db, Office&) { store::plan_delivery(db, {0, "bureau", "2026-11-20", 1, 0}, noon); }),
        in_store("record_delivery_failed", [](Connection& db, Office&) {
            store::plan_delivery(db, {0, "bureau", "2026-11-20", 1, 0}, noon);
            store::record_delivery_failed(db, store::open_deliveries(db, "bureau").at(0).id, "nobody answers", noon);
        }),
        in_store("record_delivered", [](Connection& db, Office&) {
            store::plan_delivery(db, {0, "bureau", "2026-11-20", 1, 0}, noon);
            store::record_delivered(db, store::open_deliveries(db, "bureau").at(0).id, {"/mnt/bureau/2026-11-20/v1", 37, 4096, "x"}, noon);
        }),
        in_store("record_waiting_settings", [](Connection& db, Office&) { record_waiting_settings(db, {"[[channel]] main"}, noon); }),
        in_store("record_configuration", [](Connection& db, Office&) {
            auto settings = furniture().settings;
            settings.rules_sha256 = "another", settings.open_text = "[survey]\n";
            record_configuration(db, settings, noon);
        }),
    };
}

}  // namespace

const std::vector<Operation>& operations() {
    static const auto all = [] {
        std::vector<Operation> out;
        for (auto part : {about_cases(), about_sending(), about_what_comes_in(), about_the_house()}) out.insert(out.end(), part.begin(), part.end());
        return out;
    }();
    return all;
}

const std::function<asio::awaitable<void>(Office&)>& operation(const std::string& name) {
    for (const auto& one : operations())
        if (one.name == name) return one.act;
    throw std::logic_error("no operation " + name);
}

const std::vector<std::string>& readers() {
    static const std::vector<std::string> all = {
        // of rows
        "go_on_or_say_why", "is_sound_as_a_whole", "look_at_table", "read_gauges", "decide_case", "decide_again", "list_tokens", "read_status", "read_marks", "verify", "verify_since", "about_store", "initialised_at", "waiting_alarms", "unanswered_alarms",
        "find_alarm", "find_letter", "find_letters", "find_notice", "is_of_stopped_notice", "find_notices", "find_notice_phones", "may_answer", "find_letter_answer", "asked_topic", "desk_report", "alarms_for_desk", "is_acknowledged", "next_ids", "find_followup", "overdue_followups", "untold_followups", "find_expired", "find_named", "find_new_receipts", "find_receipt_message", "unknown_receipts", "find_due", "find_stale",
        "find_appeal", "find_case_of", "list_appeals", "overdue_appeals", "count_taken_out", "about_appeals", "find_parties", "find_identity", "said",
        "followup_words", "reveals_of", "text_reveals_of", "is_party_of_number", "has_own_ratings", "scale_of_survey", "count_waiting", "is_called_off", "register_report", "own_report",
        "find_next_due", "is_clock_held", "read_held", "has_clock_jumped", "ages_count_from", "other_texts", "proven_channel", "surveys_of_day", "active_holds", "was_ceiling_lifted", "newest_checkpoint", "ledger_keys", "overrides_of", "is_party", "is_party_of_text", "take", "take_access", "take_appeal", "take_forgotten", "take_hold", "take_opt_out", "find_override", "override_behind", "read_reason", "find_checkpoint", "all_checkpoints", "inclusion_proof",
        "consistency_proof", "cosign", "standing_rating", "rated_so_far", "load_answered_case", "load_watch_alarms", "read_paths", "path_counts", "read_doubts", "day_of_canary", "newest_canaries", "last_verification", "last_erased_day",
        "count_quarantined", "find_quarantined", "open_quarantined", "find_folded", "first_unsigned", "recompute", "check_keys", "was_texted_unknown", "count_strangers", "waits_for_review", "Interrupt",
        // of the reports on units and of the signals
        "each_case", "read_responses", "read_trends", "followups_on_time", "repeats_by_unit", "watch_period", "staff_numbers", "same_numbers", "three_then_better", "settled_by_hand", "open_cases",
        "changed_after_closing", "read_signals", "signals_report", "count_day", "differing_sums", "Counting", "list_day_sums", "read_day_sums", "count_surveys", "read_survey_sums", "sums_until", "touched_since", "newest_line",
        "head_at", "roots_of", "find_entry", "find_case", "load_case", "has_safety_hold", "standing_of", "survey_times", "no_send_before", "capped_cases_of",
        "find_phone_id", "phone_key_of", "phone_of_message", "CaseRows", "OfCases", "find_phone", "is_opted_out", "schema_version", "schema_differences", "list_opt_outs", "find_new_texts", "find_unclear_texts", "before_texts_since", "read_up_to", "is_replay",
        "sent_surveys_to", "texts_to", "any_new_texts", "any_new_text_of", "newest_case_of", "find_review", "masked_phone", "surveys_of_review", "find_decider", "may_decide", "count_period", "prepare_export", "public_summary", "unplanned_deliveries", "open_deliveries", "newest_deliveries", "late_deliveries", "read_story", "make_report", "balance_report", "paths_report",
        // of the ledger's check, a step at a time
        "step", "begin", "finish", "go_on", "step_rest", "take_rest", "read_rows_or_leave_table", "list_tables", "begin_table", "read_indexes", "ask_sqlite", "walk_on", "read_slice", "compare_with_indexes", "compare_with_table", "begin_pass", "read_lines", "compare_head", "read_rows", "find_missing", "stands_after_all", "name_of",
        // the store's own: every operation goes through them; migrate() has tests of its own
        "work", "will_send", "write_lines", "write_head", "commit_head", "read_head", "migrate", "check_schema", "check_lineage", "missing_lines", "journal_mark",
        // the dispatcher's, private: a counter, and two rows of the table in one
        "uncount", "opt_out_of",
    };
    return all;
}

}  // namespace pingjing::test
