#include "tests/flow/world.hpp"

#include <fcntl.h>
#include <unistd.h>

using namespace pingjing;
using test::World;
using namespace std::chrono_literals;

namespace {
const std::string morning = "2026-11-21T09:00:00+08:00";
const std::string zhang = "13812345678", li = "13912345678";
std::string phone(int i) { return fmt::format("1380000{:04}", i); }
}  // namespace

TEST_CASE("a crash leaves what was being sent in doubt, and nobody is texted twice by whoever comes after it") {
    World before(morning);
    before.carrier().takes = 30s;
    for (int i = 0; i < 40; ++i) before.call("A" + std::to_string(i), phone(i));
    before.pass(2h + 10s);
    REQUIRE(before.surveys() == "24 due, 16 sending");
    auto after = before.crash();
    CHECK(after->gateway().recovered() == 16);
    CHECK(after->surveys() == "24 due, 16 in_doubt");
    after->pass(30min);
    CHECK(after->surveys() == "24 accepted, 16 in_doubt");
    std::map<std::string, int> texts;
    for (const auto& s : before.sent) ++texts[s.phone];
    for (const auto& s : after->sent) ++texts[s.phone];
    CHECK(texts.size() == 40);
    for (const auto& [number, count] : texts) CHECK(count == 1);
    // Evidence comes to the new process.
    after->receipt(before.sent[0].ref);
    CHECK(after->surveys() == "24 accepted, 1 delivered, 15 in_doubt");
    CHECK(after->books_balance());
}

TEST_CASE("a journal that cannot be written: nobody is texted, the row is due again and goes when the disk is well") {
    World w(morning);
    w.call("A1", zhang);
    // The journal's file becomes a device that is always full.
    auto journal = w.folder / "state" / "journal";
    std::filesystem::path segment;
    for (const auto& entry : std::filesystem::directory_iterator(journal))
        if (entry.path().filename().string().starts_with("sent.")) segment = entry.path();
    REQUIRE(!segment.empty());
    int full = ::open("/dev/full", O_WRONLY);
    REQUIRE(full >= 0);
    int fd = -1, saved = -1;
    for (int candidate = 3; candidate < 256 && fd < 0; ++candidate) {
        std::error_code error;
        if (std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(candidate), error) == segment && !error) fd = candidate;
    }
    REQUIRE(fd >= 0);
    saved = ::dup(fd);
    ::dup2(full, fd);
    w.pass(2h + 30s);
    CHECK(w.sent.empty());
    CHECK(w.surveys() == "1 due");
    ::dup2(saved, fd);
    ::close(saved);
    ::close(full);
    w.pass(1min);
    CHECK(w.surveys() == "1 accepted");
    CHECK(w.sent.size() == 1);
    CHECK(w.value("SELECT surveys < 5 FROM channel_days") == "1");
    CHECK(w.books_balance());
}

TEST_CASE("a text that was planned and claimed in a commit that failed is gone with it, and those after it go") {
    World w(morning);
    w.call("A1", zhang);
    w.pass(3h);
    REQUIRE(w.sent.size() == 1);
    auto thank = [&w](store::Connection& db) {
        store::NewMessage thanks;
        thanks.purpose = Purpose::thanks, thanks.text_name = "thanks", thanks.case_id = 1, thanks.phone_id = 1, thanks.channel = "main";
        thanks.due_at = w.clock.now(), thanks.stale_at = w.clock.now() + 10min;
        store::plan_message(db, w.random, thanks, w.clock.now());
    };
    w.run_for([&]() -> asio::awaitable<void> {
        auto planned_in_vain = [&](store::Connection& db) {
            thank(db);
            db.exec("PRAGMA defer_foreign_keys = ON; INSERT INTO attempts(message_id, attempt, channel, claimed_at) VALUES (999, 1, 'main', 1)");
        };
        w.gateway().dispatcher().wake();  // its claim comes into the same commit
        bool failed = false;
        try {
            co_await w.store->run(std::ref(planned_in_vain));
        } catch (const store::SqlError&) {
            failed = true;
        }
        CHECK(failed);
    });
    w.pass(1min);
    CHECK(w.value("SELECT count(*) FROM messages WHERE purpose = 'thanks'") == "0");
    w.store->run_now(thank);
    w.gateway().dispatcher().wake();
    w.pass(1min);
    CHECK(w.sent.size() == 2);
    CHECK(w.value("SELECT state FROM messages WHERE purpose = 'thanks'") == "accepted");
}

TEST_CASE("a survey that cannot be claimed is put aside for a person, and those behind it go") {
    World w(morning);
    for (int i = 0; i < 5; ++i) w.call("A" + std::to_string(i), phone(i));
    w.exec("CREATE TRIGGER poison BEFORE UPDATE ON messages WHEN NEW.id = 2 AND NEW.state = 'sending' BEGIN SELECT RAISE(ABORT, 'poison'); END");
    w.pass(3h);
    CHECK(w.surveys() == "4 accepted, 1 held");
    CHECK(w.value("SELECT code FROM messages WHERE id = 2") == "refused_by_store");
    CHECK(w.books_balance());
}

TEST_CASE("a late response that the store refuses is not told for ever, with others behind it") {
    World w(morning);
    w.carrier().takes = 60s;  // longer than we wait
    w.call("A1", zhang);
    w.pass(2h + 2min);
    REQUIRE(w.surveys() == "1 in_doubt");
    w.exec("CREATE TRIGGER poison BEFORE UPDATE ON messages WHEN NEW.state = 'accepted' BEGIN SELECT RAISE(ABORT, 'poison'); END");
    CHECK_NOTHROW(w.late(w.sent[0].ref, provider::Accepted{{"late-1"}}));
    CHECK(w.surveys() == "1 in_doubt");
}

TEST_CASE("a step of time that the store refuses is told") {
    World w(morning);
    w.call("A1", zhang);
    w.pass(3h);
    REQUIRE(w.surveys() == "1 accepted");
    REQUIRE(w.gateway().failing().empty());
    w.exec("CREATE TRIGGER poison BEFORE UPDATE ON messages WHEN OLD.open = 1 AND NEW.open = 0 BEGIN SELECT RAISE(ABORT, 'poison'); END");
    w.exec("UPDATE messages SET answer_until = 1");
    w.pass(10min);
    CHECK(w.gateway().failing().size() == 1);
    w.exec("DROP TRIGGER poison");
    w.pass(10min);
    CHECK(w.value("SELECT open FROM messages") == "0");
    CHECK(w.gateway().failing().empty());
}

TEST_CASE("an end that cannot be written is in doubt, and does not keep us from stopping") {
    {
        World w(morning);
        for (int i = 0; i < 2; ++i) w.call("A" + std::to_string(i), phone(i));
        w.exec("CREATE TRIGGER poison BEFORE UPDATE ON messages WHEN NEW.id = 1 AND NEW.state = 'accepted' BEGIN SELECT RAISE(ABORT, 'poison'); END");
        w.pass(3h);
        CHECK(w.surveys() == "1 accepted, 1 in_doubt");
        w.exec("CREATE TRIGGER worse BEFORE UPDATE ON messages WHEN OLD.state = 'sending' BEGIN SELECT RAISE(ABORT, 'worse'); END");
        w.call("B", zhang);
        w.pass(3h);
        CHECK(w.surveys() == "1 accepted, 1 in_doubt, 1 sending");
    }
    CHECK(true);  // it stopped
}

TEST_CASE("an end that a disk has lost for good keeps nobody from stopping, and is in doubt at the next start") {
    World w(morning);
    w.carrier().takes = 30s;
    w.call("A1", zhang);
    w.pass(2h + 10s);
    REQUIRE(w.surveys() == "1 sending");
    CHECK_THROWS_AS(w.store->run_now([](store::Connection&) { throw store::SqlError(store::SqlError::unsynced, "the disk did not keep what was written"); }), store::SqlError);
    REQUIRE(w.store->failed());
    w.pass(1min);  // the carrier has answered
    auto before = w.clock.steady();
    w.run_for([&]() -> asio::awaitable<void> { co_await w.gateway().stop(); });
    CHECK(w.clock.steady() - before < 1s);
    CHECK(w.sent.size() == 1);
    auto after = w.crash();
    CHECK(after->surveys() == "1 in_doubt");
    CHECK(after->sent.empty());
}

TEST_CASE("what a channel had in hand that is configured no more comes to its end") {
    World before(morning);
    before.call("A1", zhang);
    before.pass(3h);
    REQUIRE(before.surveys() == "1 accepted");
    World after(before.clock.now(), {.channels = "[[channel]]\nname = \"new\"\nprovider = \"simulated\"\n"}, &before);
    after.pass(75h);
    CHECK(after.surveys() == "1 no_report");
}

TEST_CASE("a reply that cannot be written is set aside with its alarm, and those behind it are read") {
    World w(morning);
    w.call("A1", zhang);
    w.pass(2h + 1min);
    w.exec("CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.purpose = 'emergency' BEGIN SELECT RAISE(ABORT, 'poison'); END");
    provider::InboundText one, two;
    one.from = Phone::sender(li), one.text = Text("救命"), one.key = "1";
    two.from = Phone::sender(zhang), two.text = Text("1"), two.extension = w.sent[0].extension, two.key = "2";
    w.run_for([&]() -> asio::awaitable<void> {
        std::vector<provider::Inbound> both{one, two};
        co_await w.gateway().inbox().take("main", std::move(both));
    });
    w.pass(5s);
    CHECK(w.value("SELECT group_concat(class, ' ') FROM (SELECT class FROM inbound ORDER BY id)") == "quarantined rated");
    CHECK(w.value("SELECT count(*) FROM alarms") == "1");
    CHECK(w.books_balance());
}

TEST_CASE("a receipt that cannot be written does not keep the others") {
    World w(morning);
    for (int i = 0; i < 2; ++i) w.call("A" + std::to_string(i), phone(i));
    w.pass(2h + 1min);
    REQUIRE(w.sent.size() == 2);
    w.exec("CREATE TRIGGER poison BEFORE UPDATE ON messages WHEN NEW.id = 1 AND NEW.state = 'delivered' BEGIN SELECT RAISE(ABORT, 'poison'); END");
    for (const auto& s : std::vector<test::Sent>(w.sent)) w.receipt(s.ref);
    CHECK(w.surveys() == "1 accepted, 1 delivered");
}

TEST_CASE("a carrier that takes and says nothing gets two windows at most, however it mixes silence with refusals") {
    for (bool flaps : {false, true}) {
        World w(morning, {.channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\nwindow = 5\n"});
        for (int i = 0; i < 60; ++i) w.call("A" + std::to_string(i), phone(i));
        int n = 0;
        w.carrier().says = [&](const test::Sent&, provider::Outcome) -> provider::Outcome {
            ++n;
            if (flaps && n > 10 && n % 2 == 0) return provider::Retry{"refused"};
            return provider::Ambiguous{"silence"};
        };
        w.pass(11h);
        CHECK(std::stoi(w.value("SELECT count(*) FROM messages WHERE state = 'in_doubt'")) <= 10);
        CHECK(w.gateway().dispatcher().status()[0].state == "stopped");
        w.carrier().says = nullptr;
        w.gateway().dispatcher().release(std::nullopt);
        w.pass(30min);
        CHECK(std::stoi(w.value("SELECT count(*) FROM messages WHERE state = 'accepted'")) >= 50);
    }
}

TEST_CASE("a hundred days of chance: nobody twice, every case in one book") {
    World w(morning, {.channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\nextension_digits = 2\n[[channel]]\nname = \"second\"\nprovider = \"simulated\"\nextension_digits = 2\n"});
    SeededRandom chance(3);
    for (std::size_t c = 0; c < 2; ++c)
        w.carrier(c).says = [&](const test::Sent&, provider::Outcome usual) -> provider::Outcome {
            switch (chance.below(12)) {
                case 0: return provider::Ambiguous{"silence"};
                case 1: return provider::Retry{"refused"};
                case 2: return provider::Throttled{};
                case 3: return provider::Permanent{provider::Permanent::number, "X"};
                case 4: return provider::Permanent{provider::Permanent::config, "X"};
                case 5: return provider::Partial{{"p" + std::to_string(chance())}, "part"};
                default: return usual;
            }
        };
    std::size_t answered = 0;
    for (int step = 0; step < 400; ++step) {
        auto number = phone(static_cast<int>(chance.below(60)));
        auto id = "A" + std::to_string(chance.below(300));
        w.call(id, number, chance.below(12) == 0 ? "0201" : "0101", "", chance.below(8) == 0 ? "reopened" : "closed");
        w.pass(std::chrono::minutes(chance.below(60)));
        for (; answered < w.sent.size(); ++answered) {
            auto s = w.sent[answered];
            const char* said[] = {"1", "3", "2 太慢了", "T", "1或3", "救命", "谢谢", "0"};
            if (chance.below(2) == 0) w.receipt(s.ref, chance.below(4) == 0 ? provider::ReceiptState::failed : provider::ReceiptState::delivered);
            if (chance.below(2) == 0) w.reply(s.phone, said[chance.below(8)], s.extension);
        }
        if (step % 50 == 0) CHECK(w.books_balance());
    }
    w.pass(100h);
    CHECK(w.books_balance());
    // A ref is a message, and a message is one survey of a case: it is with a carrier once, unless the first try was refused for certain.
    CHECK(w.value("SELECT count(*) FROM (SELECT message_id FROM attempts WHERE outcome IN ('accepted', 'ambiguous', 'partial') GROUP BY message_id HAVING count(*) > 1)") == "0");
    // A report on what a carrier had refused contradicts it: that one waits for a person, and nothing else waits.
    CHECK(w.value("SELECT count(*) FROM messages WHERE purpose = 'survey' AND state IN ('due', 'sending', 'held') AND coalesce(code, '') <> 'delivered_after_refusal'") == "0");
    CHECK(w.value("SELECT count(*) FROM messages m WHERE code = 'delivered_after_refusal' AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.message_id = m.id "
                  "AND a.outcome NOT IN ('accepted', 'partial', 'ambiguous'))") == "0");
    CHECK(w.value("SELECT count(*) FROM receipts WHERE step IN ('new', 'parked')") == "0");
    CHECK(w.value("SELECT count(*) FROM inbound WHERE step = 'new'") == "0");
    w.store->run_now([](store::Connection& db) { CHECK(store::recompute(db).has_value()); });
}

TEST_CASE("many receipts for messages that were never sent stop sending: the store may be an old one") {
    World w(morning);
    for (int i = 0; i < 49; ++i) w.receipt("", provider::ReceiptState::delivered, "stranger-" + std::to_string(i));
    w.pass(2min);
    w.receipt("", provider::ReceiptState::delivered, "one more");
    CHECK(w.value("SELECT count(*) FROM holds") == "0");
    w.pass(2min);
    w.receipt("", provider::ReceiptState::delivered, "and one that looks");
    CHECK(w.value("SELECT of || ' ' || (released_at IS NULL) FROM holds") == "stop 1");
    // A person looked and goes on: the same receipts do not stop it again.
    w.exec("UPDATE holds SET released_at = (SELECT max(received_at) FROM receipts)");
    w.pass(2min);
    w.receipt("", provider::ReceiptState::delivered, "another one");
    w.pass(2min);
    CHECK(w.value("SELECT count(*) FROM holds WHERE released_at IS NULL") == "0");
}
