// What reading could not settle, a person does: once, by name, and why. Ratings are never changed: what he says is a new one.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/rating.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/services.hpp"
#include "daemon/core/text.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store {

struct Review {
    struct Decided {
        Instant at{};
        std::string by{}, decision{};
        std::optional<std::string> grade{};  // where he gave one
        std::optional<Text> note{};          // nullopt: none, or erased
    };
    std::int64_t id = 0;
    std::string kind{};
    Instant at{};
    std::optional<std::int64_t> inbound_id{}, case_id{};
    std::optional<Decided> decided{};
};
std::optional<Review> find_review(Connection& db, const Seal& seal, std::int64_t id);

// What may be decided about a review of this kind, and whether it takes a grade; empty: no person decides on that kind here.
struct Choice { std::string_view decision{}; bool grade = false; };
std::span<const Choice> review_choices(std::string_view kind);
std::vector<std::string> review_kinds();

struct ReviewRules {
    Services services{};
    Millis late_window = std::chrono::hours(24 * 14), correction_window = std::chrono::minutes(30), call_back = std::chrono::hours(24);
};

// The surveys of which the review's text may speak: of its case, or every one this number had when it was written.
struct MayBeAbout {
    SentSurvey survey{};
    std::string record{};
};
std::vector<MayBeAbout> surveys_of_review(Connection& db, const Review& review, const ReviewRules& rules);

// Who asks: as the ledger names him ("3/张三", "control"), and what his token says of unit and badge.
struct Decider { std::string who{}, unit{}, badge{}; };
Decider find_decider(Connection& db, std::string_view who);
// False: an officer who was there, or his unit, which decide_review() refuses as a conflict.
bool may_decide(Connection& db, const Review& review, const Decider& decider, const ReviewRules& rules);

struct NewDecision {
    std::string decision{};
    std::optional<Grade> grade{};
    std::string record{};  // of the case, where the text may be about several
    Text note{};
};
struct DecidedReview {
    std::optional<std::int64_t> rating_id{};  // the row that was made, if any
    std::string effect{};                     // what that rating is: first replaces repeated late second review
    bool followup_opened = false, read_again = false;
};
// With all that follows: rating, follow-up, the class of the text in the books. not_found; conflict: it was
// decided already, says by whom, or what it was about is gone; invalid_input: says what was expected.
Result<DecidedReview> decide_review(Connection& db, const Seal& seal, std::int64_t id, const NewDecision& decision, const Decider& decider, const ReviewRules& rules,
                                    Instant now);

// How far the texts that nobody could decide have been looked through: `settled` are all up to that one, `next` is where the look goes on. It begins
// anew with each start and each day, for what had answered a text may have been taken back by a person.
struct UnclearSoFar {
    std::int64_t settled = 0, next = 0;
    Instant began{};
};
constexpr int unclear_at_once = 500;
// A text that was ambiguous, whose answer window is over without an answer that counts, is for a person: a review `ambiguous`, one a case. What was
// erased meanwhile is for nobody. Nothing while the clock is in doubt. Returns how many texts were looked at: `unclear_at_once` at most, then there are more.
int open_reviews_of_unclear(Connection& db, UnclearSoFar& so_far, Instant now);

std::string review_note_context(std::int64_t review_id);

}  // namespace pingjing::store
