// Pieces of a citizen's long text, kept as they come, in any order, over several links and restarts, until all of them are there.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

struct NewPart {
    std::string text{};      // equal for the pieces of one text: who, to which number, which reference, how many; hashed before it is stored
    int number = 1, total = 1;
    std::string payload{};   // whatever the caller needs to join them; sealed
};

// What belongs together, in order. Not all of it where `complete` is false: it has waited long enough, or its reference came again.
struct JoinedParts {
    std::string channel{};
    bool complete = true;
    int total = 1;
    struct Piece { int number = 1; std::string payload{}; };
    std::vector<Piece> pieces{};
};

// Returns what can be handed on now, in the same transaction. `repeated`: the piece was known.
struct PartKept { bool repeated = false; std::vector<JoinedParts> joined{}; };
PartKept keep_part(Connection& db, const Seal& seal, std::string_view channel, const NewPart& part, Instant now);
// Texts whose first piece came before that moment and that still lack another; while the clock is in doubt only those whose age is known.
std::vector<JoinedParts> give_up_waiting_parts(Connection& db, const Seal& seal, Instant before, Instant now);

}  // namespace pingjing::store
