// 网上信箱: what citizens write that belongs to no survey. A person answers once, by a text through the outbox, or closes without.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/message.hpp"
#include "daemon/core/random.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/text.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

void open_letter(Connection& db, std::int64_t inbound_id, Instant now);

struct Letter {
    std::int64_t id = 0, inbound_id = 0;
    Instant at{};                                 // when it was kept
    std::optional<std::int64_t> phone_id{};       // none: a short code, an alphabetic sender, a fixed line; nobody to answer
    std::string channel{}, extension{}, why{};    // why: as it was read
    Text text{};
    bool erased = false;
    std::optional<std::string> alarm{};           // it is an emergency
    bool alarm_open = false;                      // which nobody has acknowledged
    struct Done {
        Instant at{};
        std::string by{};
        std::optional<Text> words{};              // nullopt: none, or erased
    };
    std::optional<Done> answered{}, closed{};
    std::optional<std::int64_t> message_id{};
    std::string message_state{};                  // of the answer
    bool open() const;                            // neither closed nor answered by a text that left or will leave
};
std::optional<Letter> find_letter(Connection& db, const Seal& seal, std::int64_t id);
// Emergencies first, then the oldest; `all`: the newest of the settled ones too.
std::vector<Letter> find_letters(Connection& db, const Seal& seal, bool all, int most);

struct LetterRules {
    Millis answer_within = std::chrono::minutes(10);     // until then at any hour
    Millis safety_hold = std::chrono::hours(24 * 30);
};
// not this, and why: who wrote cannot be answered, or no more.
Result<void> may_answer(Connection& db, const Letter& letter, const LetterRules& rules, Instant now);
// At most one answer a letter. conflict: says why not.
Result<void> answer_letter(Connection& db, const Seal& seal, Random& random, const Letter& letter, const Text& words, std::string_view who, const LetterRules& rules, Instant now);
// conflict: an emergency that nobody has acknowledged, or it is settled.
Result<void> close_letter(Connection& db, const Seal& seal, const Letter& letter, const Text& words, std::string_view who, Instant now);

// What an answer says, for whoever sends it; nullopt: erased meanwhile.
struct LetterAnswer {
    Text words{};
    Instant written_at{};  // the letter
};
std::optional<LetterAnswer> find_letter_answer(Connection& db, const Seal& seal, std::int64_t message_id);

}  // namespace pingjing::store
