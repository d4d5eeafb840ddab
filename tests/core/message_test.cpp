#include <doctest/doctest.h>

#include "daemon/core/message.hpp"

using namespace pingjing;
using enum MessageState;

TEST_CASE("message states move forward only") {
    CHECK(may_follow(due, sending));
    CHECK(may_follow(sending, in_doubt));
    CHECK(may_follow(in_doubt, delivered));
    CHECK(may_follow(failed, delivered));
    CHECK_FALSE(may_follow(accepted, due));
    CHECK_FALSE(may_follow(accepted, sending));
    CHECK_FALSE(may_follow(failed, due));
    for (auto to : {due, held, sending, accepted, in_doubt, not_sent, failed, expired, no_report, unknown, cancelled})
        CHECK_FALSE(may_follow(delivered, to));
}
