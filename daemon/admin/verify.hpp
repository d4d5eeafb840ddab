// What must be true of every store at every moment: the same checks for `pingjing verify`, for the night and for tests.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/tree.hpp"

namespace pingjing::store { class Connection; }

namespace pingjing::admin {

struct Verification {
    struct Failure { std::string check{}, detail{}; };  // "ledger", "ledger row 17 is missing"
    std::vector<Failure> failures{};                    // at most some of each check
    std::int64_t cases = 0, ledger_entries = 0;
    std::string root{};
    TreeHead head{};
};
Verification verify(store::Connection& db);
// The same of the cases that have a fact after `known`, and of these facts: `cases` counts those. What a check would find in
// others it would have found before, but for the sums of the books and for messages that are no surveys.
Verification verify_since(store::Connection& db, TreeHead known);

}  // namespace pingjing::admin
