// What is measured. Each in a process and a folder of its own.
#pragma once
#include <filesystem>

namespace pingjing::bench {

// Closed calls over HTTP with a token, in batches of `rows`.
void take_calls(const std::filesystem::path& folder, int count, int rows, int connections);
// From POST /v1/calls to the stored rating: a text out, its receipt and a reply in. With `thanks` a second text and its receipt.
void ask_and_rate(const std::filesystem::path& folder, int count, bool thanks);
// Replies to open surveys over a vendor's hook, `texts` in a push.
void take_replies(const std::filesystem::path& folder, int count, int texts, int connections);
// What the daemon occupies over that many open surveys.
void hold_open(const std::filesystem::path& folder, int count);
// `pingjing verify` over a ledger of that many facts, and the rows they tell of.
void verify_facts(const std::filesystem::path& folder, int facts);

}  // namespace pingjing::bench
