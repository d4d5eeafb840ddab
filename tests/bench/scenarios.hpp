// What is measured. Each in a process and a folder of its own.
#pragma once
#include <filesystem>

#include "tests/bench/site.hpp"

namespace pingjing::bench {

// Closed calls over HTTP with a token, in batches of `rows`.
void take_calls(const std::filesystem::path& folder, int count, int rows, int connections);
// From POST /v1/calls to the stored rating: a text out, its receipt and a reply in; where the carrier is thanked for, a second text and
// its receipt. `linked`: over one link of SMPP, to `pingjing simulate` in a process of its own.
// `first`: so many surveys are in the store already; `later`: how long after them, by the clock of the daemon. Returns the daemon's CPU a
// survey, in microseconds, without that of its thread for reports.
double ask_and_rate(const std::filesystem::path& folder, int count, Carrier carrier, int first = 0, Millis later = {});
// The same in a store with `count` rated surveys against an empty one; how long a start takes there, and the report on officers.
// `planted`: where such a store is left for the next time, or was; empty: made and thrown away.
void ask_in_an_old_store(const std::filesystem::path& folder, int count, const std::filesystem::path& planted);
// Replies to open surveys over a vendor's hook, `texts` in a push.
void take_replies(const std::filesystem::path& folder, int count, int texts, int connections);
// From the moment a reply leaves to its durable rating, at that pace, against a bare commit on the same disk.
void rate_at_a_pace(const std::filesystem::path& folder, int count, int per_second);
// What the daemon occupies over that many open surveys.
void hold_open(const std::filesystem::path& folder, int count);
// `pingjing verify` over a ledger of that many facts, and the rows they tell of. `planted`: as above.
void verify_facts(const std::filesystem::path& folder, int facts, const std::filesystem::path& planted);

}  // namespace pingjing::bench
