// Canaries: test texts to members of staff who agreed, one a number, channel and day, by the same way as surveys. What comes back tells
// whether the way back is open. No case, no rating.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/clock.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/core/random.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/watch.hpp"

namespace pingjing::store {

// False: it stands already, or the number does not want to be texted.
bool plan_canary(Connection& db, const Seal& seal, Random& random, std::string_view channel, const Phone& phone, std::string_view day, Instant stale_at, Instant now);

std::string day_of_canary(Connection& db, std::int64_t message_id);

// Whatever a number writes on a channel answers its newest canary there, if that is still open. True: it was one.
bool answer_canary(Connection& db, std::int64_t phone_id, std::string_view channel, std::int64_t inbound_id, Instant claimed_since, Instant now);

// Of a path, the newest day whose canaries have had their time, or were answered.
struct CanaryDay {
    std::string day{};
    std::int64_t sent = 0, reported = 0, answered = 0, failed = 0;  // failed: refused by the carrier for good
};
// Claimed before `had_time`, or answered; days since `first_day`. One that never left is not counted.
std::map<Path, CanaryDay> newest_canaries(Connection& db, std::string_view first_day, Instant had_time);

}  // namespace pingjing::store
