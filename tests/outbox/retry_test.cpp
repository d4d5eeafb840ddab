#include "daemon/outbox/retry.hpp"

#include <doctest/doctest.h>

using namespace pingjing;
using namespace pingjing::outbox;
using namespace pingjing::provider;
using Step = Next::Step;

TEST_CASE("how an attempt ended decides what happens next: only a proved refusal is tried again") {
    struct Row { Outcome outcome; Step step; const char* code; Steady least, most; };
    const Row rows[] = {
        {Accepted{{"a"}}, Step::accepted, "", {}, {}},
        {Accepted{}, Step::accepted, "", {}, {}},
        {Retry{"x"}, Step::again, "", 1s, 2s},
        {Ambiguous{"x"}, Step::in_doubt, "", {}, {}},
        {Throttled{Throttled::channel, 5s}, Step::again, "", 5s, 10s},
        {Throttled{Throttled::number, 0s}, Step::again, "", 1s, 2s},
        {Throttled{Throttled::number, 24h}, Step::again, "", 10min, 20min},
        {Permanent{Permanent::number, "x"}, Step::failed, "number", {}, {}},
        {Permanent{Permanent::content, "x"}, Step::held, "content", {}, {}},
        {Permanent{Permanent::config, "x"}, Step::again, "", 30s, 1min},
        {OptedOut{"x"}, Step::failed, "opted_out", {}, {}},
        {ChannelDown{ChannelDown::auth, "x"}, Step::again, "", 5s, 10s},
        {ChannelDown{ChannelDown::balance, "x"}, Step::again, "", 5s, 10s},
        {Partial{{"a"}, "x"}, Step::failed, "partial", {}, {}},
    };
    SeededRandom random(1);
    for (const auto& row : rows) {
        CAPTURE(outcome_name(row.outcome));
        auto next = next_step(row.outcome, 1, random);
        CHECK(next.step == row.step);
        CHECK(next.code == row.code);
        CHECK(next.pause >= row.least);
        CHECK(next.pause <= row.most);
    }
}

TEST_CASE("the pause grows with the attempts and ends somewhere") {
    SeededRandom random(1);
    for (int attempt = 1; attempt < 60; ++attempt) {
        CHECK(next_step(Retry{}, attempt, random).pause <= 10min);
        CHECK(next_step(Permanent{Permanent::config, ""}, attempt, random).pause <= 1h);
    }
    CHECK(next_step(Retry{}, 30, random).pause >= 5min);
}
