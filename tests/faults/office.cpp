#include "tests/faults/office.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <stdexcept>

#include "daemon/configuration_history.hpp"
#include "daemon/desk/alarms.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/admin/tokens.hpp"
#include "daemon/site_rules.hpp"
#include "daemon/store/checkpoints.hpp"
#include "daemon/store/followups.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/parts.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/store/receipts.hpp"
#include "daemon/store/watch.hpp"
#include "tests/sim/chance.hpp"
#include "tests/support/dump.hpp"
#include "tests/support/run.hpp"

namespace pingjing::test {
namespace {

using store::Connection;
using store::Statement;

config::Settings make_settings() {
    config::Settings s;
    s.service.sign = "示范公安";
    s.rules_sha256 = "faults";
    s.lists.categories_text = "code,name,rule\n01,盗窃,survey\n06,家暴,dv\n";
    s.survey.since = "2026-01-01";
    for (const char* text : {"survey", "survey_neutral"}) s.texts[text] = "【{{sign}}】请回复1满意 2基本满意 3不满意。回T退订";
    for (const char* text : {"thanks", "thanks_dissatisfied", "unclear", "emergency", "opt_out", "help", "done"}) s.texts[text] = fmt::format("【{{{{sign}}}}】{}", text);
    config::Channel c;
    c.name = "main", c.provider = "simulated", c.source = "106900110", c.extension_digits = 2;
    s.channels.push_back(c);
    s.routes.push_back({.channels = {"main"}});
    return s;
}

sim::Fired fired;
SeededRandom disk_chance(11);

std::string number(int n) { return fmt::format("138000000{:02}", n); }

void take(Office& office, const std::string& ndjson, Instant now) {
    const auto& f = furniture();
    office.store().run_now([&](Connection& db) { intake::take_batch(db, f.seal, office.random, *f.rules, f.rows(ndjson, now), "test", now); });
}

void send(Office& office, const std::string& record, Instant now) {
    auto row = office.due(record);
    auto work = [&](Connection& db, Office&) {
        store::ClaimFacts facts;
        facts.channel = "main", facts.text_name = "survey", facts.sealed_text = furniture().seal.seal("x", store::message_text_context(row.ref)), facts.answer_until = now + 72h;
        facts.slot = store::take_slot(db, row.phone_id, *row.case_id, 100, std::chrono::hours(24 * 30), now).number;
        store::record_decision(db, *row.case_id, "sending", "accepted", {}, now);
        store::claim(db, row, facts, now);
        office.store().will_send(db, row.ref, row.phone_key);
    };
    REQUIRE(office.does(work));
}

void write_to_us(Office& office, const std::string& phone, const std::string& text, const std::string& key, Instant now) {
    office.store().run_now([&](Connection& db) {
        store::NewText said;
        said.key = key, said.from = *Phone::mobile(phone), said.to = "10690011000", said.extension = "00", said.text = Text(text), said.at = now;
        REQUIRE(store::keep_text(db, furniture().seal, "main", said, std::nullopt, now));
    });
}

void read_as(Connection& db, std::int64_t inbound, const char* what, const char* label, std::optional<int> rating, std::int64_t case_id, Instant now) {
    store::Reading reading;
    reading.what = what, reading.label = label, reading.rating = rating, reading.case_id = case_id, reading.match = "slot", reading.method = "code", reading.why = "code";
    store::record_reading(db, inbound, reading, now);
}

// A case of two years ago that is told to its end: asked, answered, followed up, forgotten by nobody yet.
void furnish_old(Office& office) {
    auto then = noon - std::chrono::hours(24 * 365 * 4);
    auto closed = format_utc(then - 3h);
    auto row = fmt::format(R"({{"id":"old","state":"closed","calling_line":"{}","category":"01","unit":"320102430000","officers":[{{"badge":"01","role":"lead"}}],)"
                           R"("reported_at":"{}","closed_at":"{}"}})", number(90), closed, closed);
    take(office, row, then);
    office.store().run_now([&](Connection& db) { db.exec("UPDATE cases SET code = NULL, kind = 'survey' WHERE record = 'old'"); });
    office.store().run_now([&](Connection& db) {
        REQUIRE(store::plan_survey(db, office.random, office.case_of("old"), office.phone_of("old"), then - 3h, then, then + 72h, then));
    });
    send(office, "old", then);
    write_to_us(office, number(90), "3", "m-old", then + 1h);
    office.store().run_now([&](Connection& db) {
        store::record_accepted(db, office.attempt("old"), {"v-old"}, then, then + 72h);
        auto inbound = office.id("SELECT id FROM inbound WHERE key = 'v:m-old'");
        read_as(db, inbound, "rated", "dissatisfied", 3, office.case_of("old"), then + 1h);
        store::lift_to_delivered(db, office.attempt("old").message, "reply", then + 1h);
        auto rating = store::record_rating(db, {office.case_of("old"), inbound, then + 1h, Grade::dissatisfied, 3, "code", "first"}, then + 1h);
        store::open_followup(db, office.case_of("old"), rating, false, false, then + 1h, then + 25h);
        db.exec("UPDATE followups SET state = 'closed'");
        db.exec(fmt::format("INSERT INTO followup_steps(id, followup_id, at, who, state) SELECT {}, id, 0, '3/x', 'closed' FROM followups", db.next_id("followup_steps")).c_str());
        store::close_ended_windows(db, then + 100h);
        store::keep_body(db, furniture().seal, db.next_id("hook_bodies"), "main", "body", true, then);
    });
}

void furnish(Office& office) {
    const auto& f = furniture();
    furnish_old(office);
    auto dawn = noon - 2h - 50min;  // 09:10
    std::string calls;
    int people = 0;
    for (const char* id : {"due", "due2", "held", "restored", "sending", "sending2", "doubt", "accepted", "silent", "answered", "asked", "cancelled", "unknown", "reserve"})
        calls += call_json(id, number(++people)) + "\n";
    take(office, calls, dawn);
    take(office, call_json("capped", number(1), R"(,"version":1)"), dawn + 1min);  // behind "due"
    take(office, call_json("safety", number(80), R"(,"category":"06")"), dawn + 2min);
    for (const char* id : {"sending", "sending2", "doubt", "accepted", "silent", "answered", "asked", "unknown"}) send(office, id, noon - 30min);
    office.store().run_now([&](Connection& db) {
        store::hold_due(db, office.due("held"), "content", noon - 20min);
        store::hold_due(db, office.due("restored"), "restored", noon - 20min);
        store::record_in_doubt(db, office.attempt("doubt"), "ambiguous", "", noon - 20min);
        store::record_in_doubt(db, office.attempt("unknown"), "ambiguous", "", noon - 20min);
        db.exec("UPDATE messages SET state = 'unknown' WHERE id = (SELECT id FROM messages WHERE case_id = (SELECT id FROM cases WHERE record = 'unknown'))");
        for (const char* id : {"accepted", "silent", "answered", "asked"}) store::record_accepted(db, office.attempt(id), {std::string("v-") + id + "-1", std::string("v-") + id + "-2"}, noon - 20min, noon + 72h);
        REQUIRE(store::cancel_case(db, f.seal, "cancelled", {"control/zhang", "looked at"}, noon - 20min));
    });
    auto phone = [&](const char* record) { return store::find_phone(office.connection(), f.seal, office.phone_of(record))->reveal(); };
    write_to_us(office, phone("answered"), "3", "m1", noon - 10min);
    write_to_us(office, phone("asked"), "1", "m2", noon - 5min);
    write_to_us(office, number(70), "救命", "m3", noon - 5min);
    write_to_us(office, phone("accepted"), "?", "m4", noon - 4min);
    office.store().run_now([&](Connection& db) {
        auto answered = office.case_of("answered");
        auto inbound = office.id("SELECT id FROM inbound WHERE key = 'v:m1'");
        read_as(db, inbound, "rated", "dissatisfied", 3, answered, noon - 9min);
        store::lift_to_delivered(db, office.attempt("answered").message, "reply", noon - 9min);
        auto rating = store::record_rating(db, {answered, inbound, noon - 10min, Grade::dissatisfied, 3, "code", "first"}, noon - 9min);
        store::open_followup(db, answered, rating, false, false, noon - 9min, noon + 24h);
        for (const char* key : {"v:m3", "v:m4"}) {
            auto text = office.id(fmt::format("SELECT id FROM inbound WHERE key = '{}'", key));
            store::Reading reading;
            reading.what = "unmatched", reading.why = "nobody";
            store::record_reading(db, text, reading, noon - 4min);
        }
        store::raise_alarm(db, office.random, office.id("SELECT id FROM inbound WHERE key = 'v:m3'"), std::nullopt, false, noon - 4min);

        store::NewReceipt receipt;
        receipt.key = "k-new", receipt.vendor_id = "v-accepted-1", receipt.state = "delivered", receipt.meaning = "none";
        REQUIRE(store::keep_receipt(db, f.seal, "main", receipt, std::nullopt, noon - 3min));
        receipt.key = "k-parked", receipt.vendor_id = "v-sending-1";
        REQUIRE(store::keep_receipt(db, f.seal, "main", receipt, std::nullopt, noon - 3h));
        store::park_receipt(db, office.id("SELECT id FROM receipts WHERE key = 'k-parked'"), std::nullopt);
        store::NewPart part;
        part.text = "13800000060|106|7", part.number = 1, part.total = 2, part.payload = "half a text";
        store::keep_part(db, f.seal, "main", part, noon - 2min);
        store::record_opt_out(db, store::keep_phone(db, f.seal, *Phone::mobile(number(50)), noon), true, "sms", "", noon);
        store::place_hold(db, "ceiling", "main", "test", noon - 26h);
        REQUIRE(admin::create_token(db, office.random, {"intake"}, {}, noon));
        store::keep_watch_alarm(db, {"channel_down", "main", "x", noon, noon, std::nullopt, std::nullopt});
        store::keep_path_day(db, {"main", "138"}, "2026-11-20", {5, 4, 3});
        store::add_surveys_of_day(db, "main", "2026-11-21", 8);
        record_configuration(db, f.settings, noon);
    });
    office.store().run_now([&](Connection& db) { store::make_checkpoint(db, *f.seal.ledger_signer(), noon); });
    office.store().run_now([&](Connection& db) { store::append(db, noon, "test", std::nullopt, "{}"); });
    auto wrong = office.verify();
    REQUIRE_MESSAGE(wrong.empty(), wrong);
}

const sim::Disk& furnished() {
    static const auto disk = [] {
        auto fresh = std::make_shared<sim::Disk>(disk_chance, fired);
        Office office(fresh);
        furnish(office);
        office.close();
        return fresh;
    }();
    return *disk;
}

}  // namespace

Furniture::Furniture() : seal(store::Seal::from_seed(1)), settings(make_settings()) {
    auto read = site_rules(settings, seal, noon);
    if (!read) throw std::runtime_error(read.error().detail);
    rules = std::make_shared<const eligibility::SiteRules>(std::move(*read));
    provider::Abilities able;
    able.extension = true;
    auto made = sending_policy(settings, rules, seal, policy_random, {&able});
    if (!made) throw std::runtime_error(made.error().detail);
    policy = *made;
}

std::vector<intake::ParsedRow> Furniture::rows(const std::string& ndjson, Instant now) const {
    std::vector<intake::ParsedRow> out;
    intake::Document document{.bytes = ndjson, .content_type = "application/x-ndjson"};
    auto take_one = [&](intake::ParsedRow row) { out.push_back(std::move(row)); };
    if (auto read = intake::read_document(document, record_rules(settings, now), take_one); !read) throw std::runtime_error(read.error().detail);
    return out;
}

const Furniture& furniture() {
    static const Furniture one;
    return one;
}

std::string call_json(const std::string& id, const std::string& phone, const std::string& more) {
    std::string category = more.find("category") == more.npos ? R"("category":"01",)" : "";
    return fmt::format(R"({{"id":"{}","state":"closed","calling_line":"{}",{}"unit":"320102430000","officers":[{{"badge":"01","role":"lead"}},{{"badge":"02","role":"co"}}],)"
                       R"("reported_at":"2026-11-21T08:00:00+08:00","closed_at":"2026-11-21T09:00:00+08:00"{}}})", id, phone, category, more);
}

void seed_office() { sim::seed_all_chance(17); }

Office::Office() : Office(furnished().fork()) {}

Office::Office(std::shared_ptr<sim::Disk> disk) : disk_(std::move(disk)) {
    seed_office();
    disk_->pages_between_checkpoints = 4000;  // as in service: it is no part of an operation
    auto opened = store::Store::open(disk_->folder(), store::Store::Runner::inline_io, store::Store::Durability::full, *disk_);
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().detail));
    store_ = std::move(*opened);
    store_->run_now([&](Connection& db) { connection_ = &db; });
}

bool Office::does(const std::function<asio::awaitable<void>(Office&)>& act) {
    try {
        run(io_, act(*this));
        return true;
    } catch (const std::exception& error) {
        why_ = error.what();
        return false;
    }
}

bool Office::does(const std::function<void(store::Connection&, Office&)>& work) {
    auto act = [&work](Office& office) -> asio::awaitable<void> {
        auto job = [&](Connection& db) { work(db, office); };
        co_await office.store().run(std::ref(job));
    };
    return does(std::function<asio::awaitable<void>(Office&)>(act));
}

std::string Office::everything() {
    auto quiet = disk_->quietly();
    store_->run_now([](Connection&) {});  // as whoever comes next finds it
    return dump(*connection_);
}

std::map<std::string, std::int64_t> Office::counts() {
    auto quiet = disk_->quietly();
    std::map<std::string, std::int64_t> out;
    for (const auto& table : tables_of(*connection_))
        if (table != "checkpoints") out[table] = id("SELECT count(*) FROM " + table);
    return out;
}

std::string Office::verify() {
    auto quiet = disk_->quietly();
    std::string out;
    for (const auto& failure : admin::verify(*connection_).failures) out += failure.check + ": " + failure.detail + "\n";
    return out;
}

std::int64_t Office::id(const std::string& sql) {
    Statement find(*connection_, sql);
    if (!find.step()) throw std::runtime_error("nothing for " + sql);
    return find.integer(0);
}
std::int64_t Office::case_of(const std::string& record) { return id(fmt::format("SELECT id FROM cases WHERE record = '{}'", record)); }
std::int64_t Office::phone_of(const std::string& record) { return id(fmt::format("SELECT phone_id FROM cases WHERE record = '{}'", record)); }

store::Attempt Office::attempt(const std::string& record) {
    Statement find(*connection_, fmt::format("SELECT m.id, m.attempt, m.ref, m.phone_id, m.channel, m.case_id, m.claimed_at FROM messages m WHERE m.purpose = 'survey' AND m.case_id = {}", case_of(record)));
    if (!find.step()) throw std::runtime_error("no survey of " + record);
    return {find.integer(0), static_cast<int>(find.integer(1)), find.text(2), find.integer(3), find.text(4), find.maybe_integer(5), true, find.instant(6)};
}

store::DueRow Office::due(const std::string& record) {
    auto wanted = case_of(record);
    for (int route = -1; route <= 0; ++route)
        for (auto& row : store::find_due(*connection_, route, 2, noon + 24h, 1000))
            if (row.case_id == wanted) return row;
    throw std::runtime_error("not due: " + record);
}

}  // namespace pingjing::test
