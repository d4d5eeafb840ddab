// What the 110 system gets back, as lines that stand in the store until they have left. They are made of the ledger: whatever it learned of a
// case is looked at once, and where what there is to say of the case has changed, that is a line. So nothing that was committed is
// forgotten by a crash, and nothing is said twice under two keys.
//
// A line is one JSON object. Of a case (`by_case`): its standing satisfaction, that of the second answer, when and how often its caller was
// called back, the number in the form 138****8000, and with `words` what was said. Of a unit (otherwise): how its ratings stand, each time
// that `least` more have come, so that nobody is found by subtraction. Of cases with a safety code, or re-coded to one, nothing leaves, and they
// are in no sum any more.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/services.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store { class Connection; }

namespace pingjing::writeback {

struct LineRules {
    bool by_case = false, words = false;
    std::int64_t least = 5;
    Services services{};  // what is not the 110 call is no matter of the 110 system
};
// Looks through the next stretch of the ledger. True: there is more. The first time it only begins: what was before is not told.
bool plan_lines(store::Connection& db, const store::Seal& seal, const LineRules& rules, Instant now);

struct Line {
    std::int64_t seq = 0;
    std::string key{};   // 32 hex digits: the same line has the same key however often it leaves; after a restore another
    std::string json{};  // without a newline
};
// The next lines in their order. Lines that were taken together stay together until they have left, whatever happens in between.
std::vector<Line> take_batch(store::Connection& db, const store::Seal& seal, std::int64_t most);
void record_left(store::Connection& db, const std::vector<Line>& lines, Instant now);
std::int64_t count_waiting(store::Connection& db);

}  // namespace pingjing::writeback
