// Somebody sets the clock, by an hour or to the year 2038, and sets it right again: what may come of that and what may not. The table of all
// rules that count time is in daemon/core/README.md.
#include "daemon/store/followups.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/receipts.hpp"
#include "tests/flow/mailbox.hpp"

using namespace pingjing;
using test::Mailbox;
using test::Site;
using test::World;
using namespace std::chrono_literals;

namespace {

const std::string morning = "2026-11-21T09:00:00+08:00";
const std::string zhang = "13812345678", li = "13912345678";
constexpr Millis twelve_years = 24h * 365 * 12;
const Site bare{.channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\nsource = \"106900110\"\n"};  // no digits behind its number

// `noticed`: the daemon has looked, as it does each second, and the hold stands. Otherwise this is the second before.
void set_clock(World& w, Millis by, bool noticed = true) {
    w.clock.jump(by);
    if (noticed) w.run_for([&]() -> asio::awaitable<void> { co_await w.gateway().look_at_clock(); });
}
void release(World& w) {
    w.store->run_now([&](store::Connection& db) { store::release_holds(db, "clock", std::nullopt, "it is right", w.clock.now()); });
    w.gateway().dispatcher().wake();
}
void set_right(World& w, Millis by) {
    set_clock(w, Millis(0));  // noticed by now
    set_clock(w, -by);
    release(w);
}

// One question at a citizen, taken by the carrier.
struct Asked : Mailbox {
    explicit Asked(Site site = {}) : Mailbox(morning, std::move(site)) {
        REQUIRE(call("A1", zhang) == "accepted");
        pass(2h + 1min);
        REQUIRE(surveys() == "1 accepted");
        ref = sent[0].ref, digits = sent[0].extension;
    }
    std::string ref, digits;
};

}  // namespace

TEST_CASE("an answer counts whatever the clock is set to while its question is open, with digits and without") {
    for (const auto& site : {Site{}, bare})
        for (Millis by : {Millis(1h), Millis(24h), Millis(100h), twelve_years, Millis(-10min), Millis(-1h), Millis(-24h)}) {
            CAPTURE(by.count());
            CAPTURE(site.channels);
            Asked w(site);
            w.pass(15min);
            set_clock(w, by);
            w.pass(1h);  // whatever closes windows has had its turn
            CHECK(w.value("SELECT open FROM messages") == "1");
            w.reply(zhang, "3", w.digits);
            CHECK(w.value("SELECT class FROM inbound") == "rated");
            CHECK(w.value("SELECT count(*) FROM ratings r JOIN messages m ON m.case_id = r.case_id WHERE m.purpose = 'survey' AND r.at BETWEEN m.claimed_at AND m.answer_until") == "1");
        }
}

TEST_CASE("it counts as well when it comes after the clock was set right, and in the second in which it is set") {
    Asked later(bare);
    later.pass(15min);
    set_clock(later, twelve_years);
    later.pass(2h);
    set_right(later, twelve_years);
    later.reply(zhang, "3");
    CHECK(later.value("SELECT class FROM inbound") == "rated");

    Asked now(bare);
    set_clock(now, twelve_years, false);
    now.reply(zhang, "3");
    CHECK(now.value("SELECT class FROM inbound") == "rated");
}

TEST_CASE("a window that ends by a clock that is trusted is closed, and an answer after it is late") {
    Asked w(bare);
    w.pass(73h);
    CHECK(w.value("SELECT open FROM messages") == "0");
    w.reply(zhang, "3");
    CHECK(w.value("SELECT class FROM inbound") == "late");
}

TEST_CASE("what a carrier has, and what is in doubt, stays so while the clock is in doubt, and comes to its end by the right one") {
    Mailbox w(morning);
    w.carrier().says = [](const test::Sent& s, provider::Outcome outcome) { return s.phone == zhang ? provider::Outcome(provider::Ambiguous{"silence"}) : std::move(outcome); };
    w.call("A1", zhang), w.call("A2", li);
    w.pass(2h + 1min);
    REQUIRE(w.surveys() == "1 accepted, 1 in_doubt");
    set_clock(w, twelve_years);
    w.pass(1h);
    CHECK(w.surveys() == "1 accepted, 1 in_doubt");
    set_right(w, twelve_years);
    w.pass(1h);
    CHECK(w.surveys() == "1 accepted, 1 in_doubt");
    w.pass(24h * 8);
    CHECK(w.surveys() == "1 no_report, 1 unknown");
    CHECK(w.sent.size() == 2);
}

TEST_CASE("what waits is neither sent nor called off by a clock that is ahead, from the very moment at which it is set") {
    for (bool noticed : {false, true})
        for (Millis by : {Millis(1h), Millis(24h), twelve_years}) {
            CAPTURE(noticed);
            CAPTURE(by.count());
            Mailbox w(morning);
            w.call("A1", zhang);
            w.pass(1h + 30min);
            set_clock(w, by, noticed);
            w.pass(20min);
            CHECK(w.surveys() == "1 due");
            set_right(w, by);
            w.pass(1h);
            CHECK(w.surveys() == "1 accepted");
        }
}

TEST_CASE("a call that comes while the clock is ahead is not too old to be asked about") {
    for (bool noticed : {false, true}) {
        CAPTURE(noticed);
        Mailbox w(morning);
        w.pass(20min);
        w.closed_at(w.clock.now());
        set_clock(w, twelve_years, noticed);
        CHECK(w.call("A1", zhang) == "accepted");
        w.pass(20min);
        CHECK(w.surveys() == "1 due");
        set_right(w, twelve_years);
        w.pass(3h);
        CHECK(w.surveys() == "1 accepted");
        CHECK(w.sent.size() == 1);
    }
}

TEST_CASE("one that is too old indeed is not asked about either when the clock is right again") {
    Mailbox w(morning);
    w.pass(20min);
    w.closed_at(w.clock.now() - Millis(80h));
    set_clock(w, 1h);
    CHECK(w.call("A1", zhang) == "accepted");
    set_right(w, 1h);
    w.pass(30min);
    CHECK(w.surveys() == "1 cancelled");
    CHECK(w.sent.empty());
}

TEST_CASE("an answer of ours that waits for a carrier outlives a clock that is ahead, and goes only if it is fresh by the right one") {
    for (bool fresh : {true, false}) {
        CAPTURE(fresh);
        Asked w;
        w.carrier().says = [](const test::Sent&, provider::Outcome) { return provider::Outcome(provider::Retry{"closed"}); };
        w.reply(zhang, "T", w.digits);
        w.pass(10s);
        REQUIRE(w.value("SELECT state FROM messages WHERE purpose = 'opt_out'") == "due");
        auto before = w.sent.size();
        set_clock(w, twelve_years);
        w.pass(fresh ? 2min : 30min);
        CHECK(w.value("SELECT state FROM messages WHERE purpose = 'opt_out'") == "due");
        w.carrier().says = {};
        set_right(w, twelve_years);
        w.gateway().dispatcher().release(std::nullopt);
        w.pass(5min);
        CHECK(w.value("SELECT state FROM messages WHERE purpose = 'opt_out'") == (fresh ? "accepted" : "cancelled"));
        if (!fresh) CHECK(w.sent.size() == before);
    }
}

TEST_CASE("a person's answer to a letter is not called off by a clock that is ahead") {
    Mailbox w("2026-11-20T22:00:00+08:00");
    w.reply(li, "请问我上个月丢的电动车有消息了吗");
    w.pass(1h);
    REQUIRE(w.answer("1", "仍在侦办,有进展会电话告知。").status == 200);  // it keeps the hours
    REQUIRE(w.sent.empty());
    set_clock(w, 100h);
    w.pass(12h);
    CHECK(w.sent.empty());
    set_right(w, 100h);
    w.pass(2h);
    CHECK(w.texted("仍在侦办", li) == 1);
}

TEST_CASE("a number on hold gets no thanks from a clock by which its hold would be over") {
    for (bool noticed : {false, true}) {
        CAPTURE(noticed);
        Asked w;
        REQUIRE(w.call("B1", zhang, "0201") == "excluded dv");
        set_clock(w, twelve_years, noticed);
        w.reply(zhang, "1", w.digits);
        CHECK(w.value("SELECT class FROM inbound") == "rated");
        CHECK(w.sent.size() == 1);
        CHECK(w.call("A2", zhang) == "excluded phone_hold");
    }
}

TEST_CASE("who was told that he is unsubscribed is not told again because the clock is ahead") {
    Asked w;
    w.reply(zhang, "T", w.digits);
    REQUIRE(w.texted("已为您退订", zhang) == 1);
    set_clock(w, twelve_years);
    w.reply(zhang, "退订", w.digits);
    CHECK(w.texted("已为您退订", zhang) == 1);
    w.reply(zhang, "救命", w.digits);  // that rather twice than not at all
    CHECK(w.texted(test::emergency_words, zhang) == 1);
}

TEST_CASE("a receipt that waits for its message is not given up, and half a text not read alone, by a clock that is ahead") {
    Asked w;
    auto half = [&](int number) {
        provider::InboundText in;
        in.from = Phone::sender(li), in.to = "106900110", in.text = Text("片段"), in.part.emplace();
        in.part->group = "g", in.part->number = number, in.part->total = 2, in.part->octets = std::string("\x4e\x00", 2), in.part->charset = "UTF-16BE";
        w.hear(std::move(in));
    };
    w.receipt("", provider::ReceiptState::delivered, "nobody's");
    half(1);
    set_clock(w, twelve_years);
    w.pass(10min);
    CHECK(w.value("SELECT step FROM receipts") == "parked");
    CHECK(w.value("SELECT count(*) FROM inbound_parts WHERE joined_at IS NULL") == "1");
    // The age of what comes now is known: nobody waits for years.
    w.receipt("", provider::ReceiptState::delivered, "nobody else's");
    w.pass(2h);
    CHECK(w.value("SELECT group_concat(step) FROM receipts") == "parked,unknown");
    set_right(w, twelve_years);
    w.pass(2h);
    CHECK(w.value("SELECT group_concat(step) FROM receipts") == "unknown,unknown");
    CHECK(w.value("SELECT count(*) FROM inbound_parts WHERE joined_at IS NULL") == "0");
}

TEST_CASE("the ceiling of a day holds through a clock that says it is tomorrow") {
    Mailbox w(morning, {.channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\nsource = \"106900110\"\ndaily_ceiling = 1\n"});
    w.call("A1", zhang), w.call("A2", li);
    w.pass(2h + 1min);
    REQUIRE(w.surveys() == "1 accepted, 1 due");
    set_clock(w, 24h);
    w.pass(10min);
    set_right(w, 24h);
    w.pass(1h);
    CHECK(w.surveys() == "1 accepted, 1 due");
    w.pass(24h);
    CHECK(w.surveys() == "2 accepted");
}

TEST_CASE("a refusal that a clock set back has put before its own message is not believed against a report of its arrival") {
    Mailbox w(morning);
    w.carrier().takes = 30s;
    w.carrier().says = [](const test::Sent&, provider::Outcome) { return provider::Outcome(provider::Retry{"queue full"}); };
    w.call("A1", zhang);
    w.pass(2h + 10s);
    REQUIRE(w.surveys() == "1 sending");
    set_clock(w, -1h);
    w.receipt(w.sent[0].ref);
    w.pass(1min);
    CHECK(w.surveys() == "1 delivered");
    w.carrier().says = {};
    set_right(w, -1h);
    w.pass(5h);
    CHECK(w.sent.size() == 1);
}

TEST_CASE("what was sent and opened by a clock that was ahead, and that somebody believed, is of today when it is set right") {
    Mailbox w(morning);
    w.pass(20min);
    set_clock(w, twelve_years);
    release(w);
    w.call("A1", zhang), w.call("A2", li);
    w.pass(2h + 1min);
    REQUIRE(w.surveys() == "2 accepted");
    REQUIRE(w.sent[0].phone == zhang);
    w.reply(li, "3", w.sent[1].extension);
    REQUIRE(w.value("SELECT state FROM followups") == "opened");
    set_clock(w, -twelve_years);
    w.receipt("", provider::ReceiptState::delivered, "main-1");  // of a message that is still to be sent
    w.pass(1h);
    release(w);
    w.pass(2min);
    CHECK(w.value("SELECT state FROM messages WHERE ref = '" + w.sent[0].ref + "'") == "delivered");
    auto now = std::to_string(to_millis(w.clock.now()));
    CHECK(w.value("SELECT count(*) FROM messages WHERE purpose = 'survey' AND claimed_at <= " + now + " AND answer_until - claimed_at BETWEEN 72 * 3600000 AND 73 * 3600000") == "2");
    CHECK(w.value("SELECT due_at - " + now + " BETWEEN 0 AND 24 * 3600000 FROM followups") == "1");
    w.reply(zhang, "3", w.sent[0].extension);
    CHECK(w.value("SELECT class FROM inbound ORDER BY id DESC") == "rated");
    w.pass(80h);
    CHECK(w.value("SELECT count(*) FROM messages WHERE open = 1") == "0");
}

TEST_CASE("a stop that was released by a clock that was ahead does not hide a flood of strange receipts for years") {
    Mailbox w(morning);
    w.pass(20min);
    set_clock(w, twelve_years);
    w.store->run_now([&](store::Connection& db) {
        store::place_hold(db, "stop", std::nullopt, "wait", w.clock.now());
        store::release_holds(db, "stop", std::nullopt, "go on", w.clock.now());
    });
    set_right(w, twelve_years);
    for (int i = 0; i < 60; ++i) w.receipt("", provider::ReceiptState::delivered, "strange" + std::to_string(i));
    w.pass(3min);
    CHECK(w.value("SELECT count(*) FROM holds WHERE of = 'stop' AND released_at IS NULL") == "1");
}
