#include <cstdlib>

#include "daemon/store/cases.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/phones.hpp"
#include "tests/flow/world.hpp"
#include "tests/support/prepared.hpp"

using namespace pingjing;
using test::World;
using namespace std::chrono_literals;

namespace {

const std::string opening = "2026-11-21T08:00:00+08:00";
const char* const two_channels =
    "[[channel]]\nname = \"a\"\nprovider = \"simulated\"\nsource = \"106900110\"\nextension_digits = 2\n{}\n"
    "[[channel]]\nname = \"b\"\nprovider = \"simulated\"\nsource = \"106800110\"\nextension_digits = 2\n";
const char* const two_routes = "[[route]]\nprefixes = [\"138\"]\nchannels = [\"a\"]\n[[route]]\nprefixes = [\"139\"]\nchannels = [\"b\"]\n";

// Calls of the night to numbers that only channel a reaches, all due at five past ten: in the middle of those for b.
void queue_for_a(World& w, int calls) {
    auto now = w.clock.now();
    for (int first = 0; first < calls; first += 2000)
        w.store->run_now([&](store::Connection& db) {
            for (int i = first; i < std::min(first + 2000, calls); ++i) {
                auto phone = store::keep_phone(db, w.seal, *Phone::mobile(fmt::format("138{:08}", i)), now);
                auto id = db.next_id("cases");
                store::Statement add(db, "INSERT INTO cases(id, record, content_key, state, unit, category, source, linked_to, language, phone_id, call_taker, reported_at, "
                                         "closed_at, received_at, changed_at, kind, safety, flags) VALUES (?1, 'N' || ?1, x'00', 'closed', '320102430000', '0101', '', '', '', ?2, '', ?3, "
                                         "?3, ?3, ?3, 'survey', 0, '')");
                add.bind(1, id).bind(2, phone).bind(3, now - 6h).run();
                REQUIRE(store::plan_survey(db, w.random, id, phone, now - 6h, now + 125min, now + 66h, now));
            }
        });
}

std::int64_t steps(World& w) {
    std::int64_t sum = 0;
    w.store->run_now([&](store::Connection& db) { sum = test::steps_since(db); });
    return sum;
}

struct Morning {
    std::vector<Millis> late{};  // of the surveys by b, from when they were due to when they were given to it
    double steps_a_send = 0;     // of b's, once those for a were looked at
    std::string a{};             // the state of channel a at the end
    int asked_by_a = 0;
};

struct Death {
    std::string name;
    std::function<void(World&)> kill;
    std::string setting{}, becomes = "down";
    bool is_probed = true;  // now and then one of those who wait finds out whether it lives
};

Morning morning(const Death& death, int queued) {
    constexpr int calls = 60;
    World w(opening, {.channels = fmt::format(fmt::runtime(two_channels), death.setting), .routes = two_routes});
    death.kill(w);
    queue_for_a(w, queued);
    w.pass(3min);
    for (int i = 0; i < calls; ++i) {
        w.call("B" + std::to_string(i), fmt::format("139{:08}", i));
        w.pass(17s);
    }
    auto sent_by_b = [&] { return std::count_if(w.sent.begin(), w.sent.end(), [](const test::Sent& s) { return s.channel == "b"; }); };
    w.pass(*parse_rfc3339("2026-11-21T10:10:00+08:00") - w.clock.now());
    steps(w);
    auto before = sent_by_b();
    w.pass(20min);
    Morning m;
    m.steps_a_send = static_cast<double>(steps(w)) / static_cast<double>(sent_by_b() - before);
    w.store->run_now([&](store::Connection& db) {
        store::Statement sent(db, "SELECT claimed_at - due_at FROM messages WHERE channel = 'b' AND purpose = 'survey' AND state = 'accepted' ORDER BY claimed_at - due_at");
        while (sent.step()) m.late.emplace_back(sent.integer(0));
    });
    REQUIRE(m.late.size() == calls);
    m.a = w.gateway().dispatcher().status()[0].state;
    m.asked_by_a = static_cast<int>(static_cast<std::ptrdiff_t>(w.sent.size()) - sent_by_b());
    return m;
}

Death answers(std::string name, provider::Outcome outcome, std::string becomes = "down") {
    return {std::move(name), [outcome](World& w) { w.carrier(0).says = [outcome](const test::Sent&, provider::Outcome) { return outcome; }; }, "", std::move(becomes)};
}

int queued(int in_the_suite) {
    const char* many = std::getenv("PINGJING_QUEUED");
    return many ? std::atoi(many) : in_the_suite;
}

// By the other channel texts leave when they are due, as if nobody waited for this one; and what the store does for one of them does not
// depend on how many wait. A probe looks at a few hundred of them, once in a while.
void nothing_changes(const Death& death, int rows) {
    CAPTURE(death.name);
    auto alone = morning(death, 0), few = morning(death, 600), many = morning(death, rows);
    CHECK(many.a == death.becomes);
    CHECK(many.asked_by_a < 60);
    for (std::size_t place : {0u, 29u, 53u, 59u}) CHECK(many.late[place] <= alone.late[place] + 100ms);
    const auto& like = death.is_probed ? few : alone;
    CHECK_MESSAGE(many.steps_a_send < like.steps_a_send * (death.is_probed ? 1.25 : 1.05), many.steps_a_send << " steps a send, and " << like.steps_a_send << " where hardly anybody waits");
    MESSAGE(death.name << ", " << rows << " wait: at most " << many.late.back().count() << " ms late (alone " << alone.late.back().count() << "), " << many.steps_a_send
                       << " steps a send (600 wait: " << few.steps_a_send << ", alone " << alone.steps_a_send << ")");
}

}  // namespace

TEST_CASE("a carrier that cannot be reached while very many wait for it: by the other one texts leave as ever, and cost as much") {
    nothing_changes(answers("cannot be reached", provider::Retry{"connection refused"}), queued(20'000));
}

TEST_CASE("whatever is wrong with a channel, the other one does not notice those who wait for it") {
    const Death deaths[] = {
        answers("refuses our account", provider::ChannelDown{provider::ChannelDown::auth, "401"}),
        answers("takes and says nothing", provider::Ambiguous{"no answer in time"}, "suspect"),
        {"on hold", [](World& w) { w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", "a", "looked at", w.clock.now()); }); }, "", "up", false},
        {"at its ceiling", [](World&) {}, "daily_ceiling = 5\n", "up", false},
        {"outside its hours", [](World&) {}, "hours = \"20:00-21:00\"\n", "up", false},
    };
    for (const auto& death : deaths) nothing_changes(death, queued(2'000));
}

// What was postponed because of a text under way had found out meanwhile that the routes lead to a dead channel.
TEST_CASE("an answer leaves by the channel on which the citizen wrote, also where the routes of his number lead to a dead one") {
    World w(opening, {.channels = fmt::format(fmt::runtime(two_channels), ""), .routes = two_routes});
    w.carrier(0).says = [](const test::Sent&, provider::Outcome) { return provider::Retry{"connection refused"}; };
    queue_for_a(w, 10);
    w.pass(130min);
    REQUIRE(w.gateway().dispatcher().status()[0].state == "down");
    const std::string mover = "13899999999";  // ported to the other carrier
    provider::InboundText first, second;
    first.from = second.from = Phone::sender(mover), first.text = Text("帮助"), first.key = "1", second.text = Text("T"), second.key = "2";
    w.carrier(1).takes = 4s;  // the second answer waits for the first
    w.hear(first, "b");
    w.pass(1s);
    w.hear(second, "b");
    w.pass(2min);
    int by_b = 0;
    for (const auto& s : w.sent) by_b += s.phone == mover && s.channel == "b";
    CHECK(by_b == 2);
    CHECK(w.value("SELECT count(*) FROM messages WHERE purpose <> 'survey' AND state <> 'accepted'") == "0");
}
