// A carrier's id for a message, and the same id as its reports have it.
#include "tests/flow/world.hpp"

using namespace pingjing;
using test::World;

namespace {
// One survey accepted as `answered`, reported to `phone` as `reported`; `early`: before the answer.
std::string state_after(const std::string& answered, const std::string& reported, const std::string& phone = "13812345678", bool early = false) {
    World world("2026-11-22T10:00:00+08:00");
    world.carrier().says = [&](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Accepted{{answered}}; };
    world.carrier().takes = early ? Steady(20s) : Steady(50ms);
    world.call("A", "13812345678");
    for (int seconds = 0; world.sent.empty() && seconds < 3 * 3600; seconds += 5) world.pass(5s);
    REQUIRE(world.sent.size() == 1);
    if (!early) world.pass(1min);
    CHECK(world.surveys() == (early ? "1 sending" : "1 accepted"));
    world.receipt("", provider::ReceiptState::delivered, reported, phone);
    world.pass(20min);
    return world.surveys();
}
}  // namespace

TEST_CASE("a report finds its message in whichever spelling of its id, before the answer or after") {
    for (const auto& [answered, reported] : {std::pair{"38601fa", "0059113978"}, {"70BA8A69", "1891273321"}, {"0000000042", "42"}, {"7f3a9c01", "7F3A9C01"}, {"Ab-1", "Ab-1"}}) {
        CAPTURE(answered);
        CHECK(state_after(answered, reported) == "1 delivered");
        CHECK(state_after(answered, reported, "13812345678", true) == "1 delivered");
    }
}

TEST_CASE("another spelling counts only for the report's phone") {
    CHECK(state_after("38601fa", "0059113978", "13912345678") == "1 accepted");
    CHECK(state_after("38601fa", "0059113978", "") == "1 accepted");
    CHECK(state_after("38601fa", "38601fa", "") == "1 delivered");
    CHECK(state_after("Ab-1", "ab-1") == "1 accepted");  // no number: as it is written
}
