// What citizens' answers leave behind: ratings (append-only), alarms, and rows for a person's decision.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/message.hpp"
#include "daemon/core/random.hpp"
#include "daemon/core/rating.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

struct StandingRating {
    std::int64_t id = 0;
    Grade grade = Grade::satisfied;
    Instant first_at{};  // of the first answer, from which the time for corrections runs
    Instant at{};        // of this one
};
// The rating that counts for a case: the newest of `first` and `replaces`, but for those of which a person said that they are none.
std::optional<StandingRating> standing_rating(Connection& db, std::int64_t case_id);
struct RatedSoFar {
    bool at_all = false;  // there is a row, whatever it counts for
    std::optional<StandingRating> standing{};
};
RatedSoFar rated_so_far(Connection& db, std::int64_t case_id);

// Whom a rating is about.
struct RatedWho {
    std::optional<std::string> officer{};
    std::string unit{};
};

struct NewRating {
    std::int64_t case_id = 0, inbound_id = 0;
    Instant at{};
    Grade grade = Grade::satisfied;
    int value = 0;            // in the digits of the scale that was asked
    std::string method{};     // code words emoji person
    std::string effect{};     // first replaces repeated late second review
    // Known in this transaction: no row of its case is older, and it is about these. None: that is looked up.
    std::optional<RatedWho> oldest_of{};
};
// Attributed to officer and unit as the case names them when its first rating comes, which all later ones share; to the unit alone where the category says so. A first one after one that
// turned out to be none is kept as what replaces it: a case has one first rating.
std::int64_t record_rating(Connection& db, const NewRating& rating, Instant now);

// What an answer has to know of its case.
struct AnsweredCase {
    std::string unit{}, source{};
    RatedWho rates{};            // as the case stands
    bool attended = false;       // the record names an officer at the scene
    bool careful = false;        // re-coded to a safety code, or never to be texted again for another reason: only a person speaks
    bool followup_begun = false; // somebody has called: a rating from now on is a second one
    bool clarified = false, thanked = false, helped = false;
    bool neutral = false;        // asked by a text that does not speak of a report
    bool questioned = false;     // what it was about was asked, or will be
    std::optional<Instant> questioned_at{};  // when the question left; none: it has not
};
AnsweredCase load_answered_case(Connection& db, std::int64_t case_id);
// The same where all texts to its number have been read: nobody else was ever texted about it.
AnsweredCase load_answered_case(Connection& db, std::int64_t case_id, const std::vector<CaseText>& texts);

// Idempotent on the inbound text. Returns the alarm's id.
std::string raise_alarm(Connection& db, Random& random, std::int64_t inbound_id, const std::optional<std::int64_t>& case_id, bool do_not_contact, Instant now);
// For a person: a reply that cannot be told apart, a rating from words alone, a better rating after a worse one.
void open_review(Connection& db, std::string_view kind, const std::optional<std::int64_t>& case_id, std::int64_t inbound_id, Instant now);
// One of this kind and case is open.
bool waits_for_review(Connection& db, std::int64_t case_id, std::string_view kind);

// What a citizen named when he was asked what his 2 or 3 was about; the last word of it, or nothing.
void keep_topic(Connection& db, std::int64_t inbound_id, std::int64_t case_id, std::string_view topic, Instant now);
std::string asked_topic(Connection& db, std::int64_t case_id);

}  // namespace pingjing::store
