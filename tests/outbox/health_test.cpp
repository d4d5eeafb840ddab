#include "daemon/outbox/health.hpp"

#include <doctest/doctest.h>

using namespace pingjing;
using namespace pingjing::outbox;
using namespace pingjing::provider;
using State = ChannelHealth::State;

namespace {
struct Channel {
    ChannelHealth health{4};
    SeededRandom random{1};
    Steady now{};
    int in_flight = 0, in_doubt = 0;
    void end(Outcome outcome) {
        in_doubt += std::holds_alternative<Ambiguous>(outcome);
        health.ended(outcome, now, random);
    }
    // Gives it whatever it may be given for that long; everything ends after ten seconds as `how` says.
    template <class How>
    void live(Steady time, How how) {
        for (auto until = now + time; now < until; now += 10s)
            for (int n = health.room(0, now); n > 0; --n) end(how());
    }
};
}  // namespace

TEST_CASE("three refusals in a row open the breaker, an answer closes it") {
    Channel c;
    c.end(Retry{"x"}), c.end(Retry{"x"});
    CHECK(c.health.usable(c.now));
    c.end(Retry{"x"});
    CHECK(c.health.state() == State::down);
    CHECK_FALSE(c.health.usable(c.now));
    CHECK(c.health.room(0, c.now) == 0);
    c.now += 10s;
    CHECK(c.health.room(0, c.now) == 1);  // one that finds out
    CHECK(c.health.room(1, c.now) == 0);
    c.end(Accepted{});
    CHECK(c.health.usable(c.now));
    CHECK(c.health.room(0, c.now) == 4);
}

TEST_CASE("a window of refusals is one outage, and the next try comes as soon as after three") {
    for (const Outcome& refusal : {Outcome(Retry{"connection refused"}), Outcome(Permanent{Permanent::config, "x"}), Outcome(ChannelDown{ChannelDown::auth, "401"})}) {
        CAPTURE(outcome_name(refusal));
        Channel few, many;
        for (int i = 0; i < 3; ++i) few.end(refusal);
        for (int i = 0; i < 16; ++i) many.end(refusal);
        auto longest = std::holds_alternative<ChannelDown>(refusal) ? 45s : 3s;
        CHECK(few.health.room(0, longest) == 1);
        CHECK(many.health.room(0, longest) == 1);
        // Whoever tries after that and is refused waits longer each time.
        for (int i = 0; i < 6; ++i) many.now = *many.health.opens_at(many.now), many.end(refusal);
        CHECK(many.health.room(0, many.now + 20s) == 0);
    }
}

TEST_CASE("refusals of a number or a text are answers: they speak for the channel") {
    for (const Outcome& answer : {Outcome(Permanent{Permanent::number, "x"}), Outcome(Permanent{Permanent::content, "x"}), Outcome(OptedOut{}), Outcome(Partial{{"a"}, "x"}),
                                  Outcome(Throttled{Throttled::number, 1s})}) {
        Channel c;
        for (int i = 0; i < 3; ++i) c.end(Ambiguous{"x"}), c.end(answer);
        CHECK(c.health.state() == State::up);
    }
}

TEST_CASE("a wrong key or an empty purse stops the channel at the first refusal") {
    Channel c;
    c.end(ChannelDown{ChannelDown::auth, "401"});
    CHECK(c.health.state() == State::down);
    CHECK(c.health.room(0, c.now + 14s) == 0);
    CHECK(c.health.room(0, c.now + 31s) == 1);
}

TEST_CASE("asked to slow down it pauses for that long and no longer than ten minutes") {
    Channel c;
    c.end(Throttled{Throttled::channel, 30s});
    CHECK(c.health.room(0, c.now + 29s) == 0);
    CHECK(c.health.opens_at(c.now) == c.now + 30s);
    CHECK(c.health.room(0, c.now + 30s) == 4);
    c.end(Throttled{Throttled::channel, 24h});
    CHECK(c.health.usable(c.now + 10min));
}

TEST_CASE("black hole: a window of silence makes it suspect, then one at a time, and a second window stops it") {
    Channel c;
    for (int i = 0; i < 4; ++i) c.end(Ambiguous{"x"});
    CHECK(c.health.state() == State::suspect);
    CHECK(c.health.room(0, c.now) == 0);
    CHECK(c.health.room(0, c.now + 1h) == 1);
    CHECK(c.health.room(1, c.now + 1h) == 0);
    c.live(24h * 30, [] { return Ambiguous{"x"}; });
    CHECK(c.health.state() == State::stopped);
    CHECK(c.in_doubt == 8);
    CHECK(c.health.room(0, c.now + 24h * 365) == 0);
    c.health.release();
    CHECK(c.health.room(0, c.now) == 4);
}

TEST_CASE("silence mixed with refusals is silence still: two windows in doubt at most") {
    Channel c;
    int n = 0;
    c.live(24h * 30, [&]() -> Outcome { return ++n % 3 == 0 ? Outcome(Ambiguous{"x"}) : Outcome(Retry{"x"}); });
    CHECK(c.health.state() == State::stopped);
    CHECK(c.in_doubt <= 8);
}

TEST_CASE("a sign of life clears the suspicion, and the count begins anew") {
    Channel c;
    for (int i = 0; i < 7; ++i) c.end(Ambiguous{"x"});
    c.health.sign_of_life();
    CHECK(c.health.state() == State::up);
    for (int i = 0; i < 3; ++i) c.end(Ambiguous{"x"});
    CHECK(c.health.state() == State::up);
    Channel down;
    down.end(ChannelDown{ChannelDown::balance, "x"});
    down.health.sign_of_life();  // a receipt for yesterday's text pays no bill
    CHECK(down.health.state() == State::down);
}
