// What must be true of every store at every moment: the same checks for `pingjing verify`, for the night and for tests.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/store/checkpoints.hpp"
#include "daemon/store/ledger_check.hpp"

namespace pingjing::admin {

struct Verification {
    struct Failure { std::string check{}, detail{}; };  // "ledger", "ledger row 17 is missing"
    std::vector<Failure> failures{};                    // at most some of each check
    std::int64_t cases = 0, ledger_entries = 0;
    std::int64_t rows = 0;         // of fact tables, compared with the ledger
    std::int64_t erased = 0;       // of them or gone from them, as the ledger says
    std::size_t checkpoints = 0;   // that the ledger agrees with
    std::string root{};
    TreeHead head{};
};

// In steps, each one moment of the books, for a store that is in use. Checkpoints that are kept elsewhere say whether the ledger was
// cut or written anew as a whole, which it cannot know of itself.
class Verifier {
public:
    // Without a signer the signatures of checkpoints are not looked at.
    explicit Verifier(const NoteSigner* signer = nullptr, store::LedgerCheck::Sizes sizes = {}) : signer_(signer), ledger_(sizes) {}
    void add_checkpoint(const std::string& note, const std::string& who);  // before the first step
    bool step(store::Connection& db);                                       // false: that was the last
    const Verification& result() const { return result_; }

private:
    void begin(store::Connection& db);
    void finish(store::Connection& db);
    const NoteSigner* signer_;
    store::LedgerCheck ledger_;
    bool begun_ = false;
    std::size_t next_check_ = 0;
    Verification result_{};
};

// For one line: "ledger: row 17 is missing; and 2 more". Empty when all holds.
std::string first_failures(const Verification& result);

Verification verify(store::Connection& db, const NoteSigner* signer = nullptr);  // all steps
// Of the ledger and of the cases that have a fact after `known`, and of these facts: `cases` counts those. What a check would find in
// others it would have found before, but for the sums of the books, for messages of cases that are no surveys, and for rows against the ledger.
Verification verify_since(store::Connection& db, TreeHead known);

}  // namespace pingjing::admin
