// What must be true of every store at every moment: the same checks for `pingjing verify`, for the night and for tests.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace pingjing::store { class Connection; }

namespace pingjing::admin {

struct Verification {
    struct Failure { std::string check{}, detail{}; };  // "ledger", "ledger row 17 is missing"
    std::vector<Failure> failures{};                    // at most some of each check
    std::int64_t cases = 0, ledger_entries = 0;
    std::string root{};
};
Verification verify(store::Connection& db);

}  // namespace pingjing::admin
