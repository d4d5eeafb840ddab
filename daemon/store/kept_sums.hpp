// What a night has counted, of days and of the surveys in the books, kept so that the next night need not count it again. Never the source of a figure:
// whatever became of a row since then stands in the ledger, and what it was in is counted anew from the rows. No facts of their own, so the ledger does not
// tell of them; no number, no text and no name stands in them. Who counts days and how they are written: reports/counting.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/core/clock.hpp"

namespace pingjing::store {
class Connection;

// Of one local day and one service.
struct DaySums {
    std::string day{}, service{};
    std::string rules{};     // by what it was counted: sums of other rules are nobody's
    Instant holds_from{};    // true for whoever looks at that moment or later: the windows of its surveys have ended
    std::string cases{};     // whose ids it counts, and some between them: "1-50000 50010-50020"
    std::string units{}, officers{}, changes{};
};
// Without what is long: `units`, `officers` and `changes` are empty.
std::vector<DaySums> list_day_sums(Connection& db);  // in the order of days
enum class SumsOf { units, officers, changes };
std::string read_day_sums(Connection& db, const std::string& day, const std::string& service, SumsOf what);  // empty: there is none

// Surveys by state, of stretches of so many ids of messages: nearly all of them came to rest long ago.
constexpr std::int64_t messages_a_block = 50'000;
using SurveyCounts = std::map<std::string, std::int64_t>;
SurveyCounts count_surveys(Connection& db, std::int64_t block);  // id / messages_a_block
std::map<std::int64_t, SurveyCounts> read_survey_sums(Connection& db);

// Until which line of the ledger what is kept is known to hold. 0: nothing is kept.
std::int64_t sums_until(Connection& db);
// The cases of which anything was written that a figure is made of, after that line: by what the ledger says of every row.
struct Touched {
    std::vector<std::int64_t> cases{};  // in order, each once
    std::set<std::int64_t> blocks{};    // of messages
    bool all = false;                   // something went of which nobody can say any more whose it was
    std::int64_t until = 0;             // the newest line
};
Touched touched_since(Connection& db, std::int64_t line);

std::int64_t newest_line(Connection& db);

// What becomes of it with a night: all of it or, where another night was faster, nothing.
struct SumsChange {
    std::int64_t since = 0, until = 0;   // the lines between which it was looked what was written; none: there is nothing to keep
    std::vector<std::string> dropped{};  // days, before the others are put in their place
    std::vector<DaySums> counted{};
    std::vector<std::int64_t> dropped_blocks{};  // likewise
    std::map<std::int64_t, SurveyCounts> surveys{};
};
void keep_sums(Connection& db, const SumsChange& change);
void forget_sums(Connection& db);  // all of them: the next night counts what it needs

}  // namespace pingjing::store
