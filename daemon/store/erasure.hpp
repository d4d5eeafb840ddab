// Numbers and texts go when their time is over, or when a person asks for it. The value goes, and with it the random bytes it was
// sealed with, which are the salt of every commitment to it in the ledger; a line `erased` says which rows were emptied. Ratings
// stay without the number, and go later. What is not anybody's goes on counting: cases, decisions, states, classes of texts.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/core/result.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store {
class Connection;

struct Limits {
    Instant texts{};    // closed, and its follow-up closed, before this: record, texts and number of the case go
    Instant ratings{};  // given before this: ratings go
    Instant recent{};   // a number that was asked or named since then is still recognised, for caps and safety holds
};

// What is to go, by ids.
struct Expired {
    std::vector<std::int64_t> cases{}, inbound{}, messages{}, bodies{}, phones{}, rated_cases{};
    std::vector<std::int64_t> followups{}, reviews{};  // of what is erased already, with words that were written since
    std::vector<std::int64_t> overrides{};             // what people said when they did something by hand
    std::vector<std::int64_t> reasons{};               // why numbers were forgotten
    std::vector<std::int64_t> looks{};                 // why somebody looked at a callback that nobody could read
    std::vector<std::int64_t> parts{};                 // pieces of long texts
    std::vector<std::int64_t> advice{};                // texts of which it is kept still what they were thought to say or named: as old as ratings that go
    bool empty() const;
    Expired take(std::size_t most);  // so many of each, out of these
    Expired take_one();              // a single one, whatever it is
};
// Of each table's rows with these ids only, both ends included: an old store has tens of millions of them, and a reader lets go within
// two seconds.
struct Ids {
    static constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min(), highest = std::numeric_limits<std::int64_t>::max();
    std::int64_t first = lowest, last = highest;
};
// The next ids, at most so many (> 0), from the lowest one on that any table which is looked through has at or above `from`: whoever
// writes a row by hand may give it any id. nullopt: there is none.
std::optional<Ids> next_ids(Connection& db, std::int64_t from, std::int64_t most);
enum class Round { texts, numbers };     // numbers when all texts are gone: then nothing names them any more
Expired find_expired(Connection& db, const Limits& limits, Round round, Ids among);

struct Erased {
    std::int64_t cases = 0, texts = 0, numbers = 0, ratings = 0;
    // Of a number that was forgotten: texts to it that waited; it stays, for it opted out; by its hash it is recognised until the night in which
    // caps and safety holds are over, for it was last asked or named then.
    std::int64_t called_off = 0, unread_callbacks = 0;  // the latter stay for their time: what others wrote may stand in them, too
    bool opted_out = false;
    std::optional<Instant> recognised_from{};
};
// One transaction's share. A number that has come to be needed since it was found stays.
Erased erase_expired(Connection& db, const Expired& expired, const Limits& limits, Instant now);

// Who is named by this number; not_found: nobody ever had it.
struct Named { std::int64_t phone_id = 0; std::vector<std::int64_t> cases{}; };
Result<Named> find_named(Connection& db, const Seal& seal, const Phone& phone);  // reads every case
// Everything of this number at once, whatever its age; what waits to be sent to it is called off. Whoever opted out stays known, or he
// would be asked again. conflict: the desk has not acknowledged his emergency, or a text of his or an answer to it is on its way.
Result<Erased> forget(Connection& db, const Seal& seal, const Named& named, const ByHand& by, Instant now);

std::string erasure_reason_context(std::int64_t id);

}  // namespace pingjing::store
