// What must be true when a story is over: every call and every word that was acknowledged stands in the books, and nothing waits.
#pragma once
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"
#include "tests/sim/carrier.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/watch.hpp"

namespace pingjing::sim {

struct Ending {
    Watch& watch;  // hears what is not so
    const store::Seal& seal;
    const std::vector<std::unique_ptr<Carrier>>& carriers;
    const std::vector<Batch>& answered;
    const Plan& plan;
    const std::set<std::string>& alarmed;  // phones of which the desk heard
    const std::filesystem::path& exports;
    Instant now;

    // Of a store that remembers all of the story: not after a restore.
    void check_stories(store::Connection& db);
    void check_books(store::Connection& db);
    // What the reports count is the sum of what happened, added up here from the single rows.
    void check_scores(store::Connection& db);
    // Each night that is over has left its files, and what the store says of files is there.
    void check_exports(store::Connection& db);
    int erased_cases(store::Connection& db);
    int ratings = 0, in_doubt = 0;  // what check_books() found

private:
    void check_calls(store::Connection& db);
    void check_texts(store::Connection& db);
    void check_pieces(store::Connection& db);
    void check_nothing_waits(store::Connection& db);
};

}  // namespace pingjing::sim
