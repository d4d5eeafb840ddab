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

TEST_CASE("a message in doubt whose ids we gave ourselves is found by them, whole and once") {
    auto site = [](World& world) {
        world.carrier().says = [](const test::Sent& sent, provider::Outcome) -> provider::Outcome { return provider::Ambiguous{"silence", {sent.ref + "-1", sent.ref + "-2"}}; };
        world.call("A", "13812345678");
        for (int seconds = 0; world.sent.empty() && seconds < 3 * 3600; seconds += 5) world.pass(5s);
        REQUIRE(world.sent.size() == 1);
        world.pass(1min);
        CHECK(world.surveys() == "1 in_doubt");
        return world.sent[0].ref;
    };
    for (bool answered : {false, true}) {
        CAPTURE(answered);
        World world("2026-11-22T10:00:00+08:00");
        auto ref = site(world);
        world.receipt("", provider::ReceiptState::delivered, ref + "-1");
        CHECK(world.surveys() == "1 in_doubt");  // half of it
        if (answered) {  // late: the same ids again
            world.late(ref, provider::Accepted{{ref + "-1", ref + "-2"}});
            CHECK(world.surveys() == "1 accepted");
        }
        world.receipt("", provider::ReceiptState::delivered, ref + "-2");
        CHECK(world.surveys() == "1 delivered");
        CHECK(world.value("SELECT count(*) FROM receipt_keys") == "2");
        CHECK(world.value("SELECT evidence FROM messages") == "receipt by vendor_id");
    }
    // Proved late that it was refused: it is sent again, and what is asked of the second attempt is not what is missing of the first.
    World world("2026-11-22T10:00:00+08:00");
    auto ref = site(world);
    world.carrier().says = [](const test::Sent& sent, provider::Outcome) -> provider::Outcome { return provider::Accepted{{sent.ref + "-3"}}; };
    world.late(ref, provider::Retry{"refused"});
    world.pass(1min);
    CHECK(world.sent.size() == 2);
    CHECK(world.surveys() == "1 accepted");
    world.receipt("", provider::ReceiptState::delivered, ref + "-3");
    CHECK(world.surveys() == "1 delivered");
    // A report that came before we gave up.
    World early("2026-11-22T10:00:00+08:00");
    early.carrier().takes = Steady(20s);
    early.carrier().says = [](const test::Sent& sent, provider::Outcome) -> provider::Outcome { return provider::Ambiguous{"silence", {sent.ref + "-1"}}; };
    early.call("A", "13812345678");
    for (int seconds = 0; early.sent.empty() && seconds < 3 * 3600; seconds += 5) early.pass(5s);
    early.receipt("", provider::ReceiptState::delivered, early.sent.at(0).ref + "-1");
    CHECK(early.surveys() == "1 sending");
    early.pass(1min);
    CHECK(early.surveys() == "1 delivered");
}

TEST_CASE("a carrier that gives no ids: its reports find the only message to their phone") {
    auto site = [](World& world, int calls = 1) {
        world.carrier().says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Accepted{}; };
        for (int i = 0; i < calls; ++i) world.call("A" + std::to_string(i), "13812345678");
        for (int seconds = 0; world.sent.size() < static_cast<std::size_t>(calls) && seconds < 4 * 3600; seconds += 5) world.pass(5s);
        REQUIRE(world.sent.size() == static_cast<std::size_t>(calls));
    };
    auto parked = [](World& world) { return world.value("SELECT count(*) FROM receipts WHERE step <> 'applied'"); };
    {
        World world("2026-11-22T10:00:00+08:00");
        site(world);
        world.pass(1min);
        CHECK(world.surveys() == "1 accepted");
        world.receipt("", provider::ReceiptState::delivered, "777", "13912345678");
        CHECK(world.surveys() == "1 accepted");  // another's
        world.receipt("", provider::ReceiptState::delivered, "778", "13812345678");
        CHECK(world.surveys() == "1 delivered");
        CHECK(world.value("SELECT evidence FROM messages") == "receipt by phone");
        CHECK(parked(world) == "1");
        CHECK(world.books_balance());
    }
    {  // before its answer is written down
        World world("2026-11-22T10:00:00+08:00");
        world.carrier().takes = Steady(20s);
        site(world);
        CHECK(world.surveys() == "1 sending");
        world.receipt("", provider::ReceiptState::failed, "779", "13812345678");
        CHECK(world.surveys() == "1 sending");
        world.pass(1min);
        CHECK(world.surveys() == "1 failed");
        CHECK(parked(world) == "0");
    }
    {  // every part is reported, and none of the reports is a stranger's; one more is
        World world("2026-11-22T10:00:00+08:00");
        site(world);
        world.exec("UPDATE messages SET parts = 2");
        world.pass(1min);
        for (const char* id : {"780", "781", "782"}) world.receipt("", provider::ReceiptState::delivered, id, "13812345678");
        CHECK(world.surveys() == "1 delivered");
        CHECK(parked(world) == "1");
    }
    {  // two of them cannot be told apart
        World world("2026-11-22T10:00:00+08:00", {.survey = "per_phone_24h = 5\n"});
        site(world, 2);
        world.pass(1min);
        CHECK(world.surveys() == "2 accepted");
        world.receipt("", provider::ReceiptState::delivered, "783", "13812345678");
        CHECK(world.surveys() == "2 accepted");
        CHECK(parked(world) == "1");
    }
    {  // one whose ids are known, or whose report brings a name of its own, is not found by its phone
        World world("2026-11-22T10:00:00+08:00");
        site(world);
        world.receipt("aaaaaaaaaaaaaaaaaaaa", provider::ReceiptState::delivered, "784", "13812345678");
        CHECK(world.surveys() == "1 accepted");
    }
    CHECK(state_after("1", "785") == "1 accepted");
}

TEST_CASE("another spelling counts only for the report's phone") {
    CHECK(state_after("38601fa", "0059113978", "13912345678") == "1 accepted");
    CHECK(state_after("38601fa", "0059113978", "") == "1 accepted");
    CHECK(state_after("38601fa", "38601fa", "") == "1 delivered");
    CHECK(state_after("Ab-1", "ab-1") == "1 accepted");  // no number: as it is written
}
