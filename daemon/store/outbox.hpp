// Messages on their way out. Every function is one arrow of core/message (or none), named after what happened, and says in its
// WHERE from which state; each leaves its ledger line in the same transaction.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/message.hpp"
#include "daemon/core/random.hpp"
#include "daemon/core/rating.hpp"
#include "daemon/core/survey.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

// Something to say besides the survey: an answer to a citizen's own text, or 回告. Goes out on `channel` where that can be.
struct NewMessage {
    std::optional<std::int64_t> case_id{}, inbound_id{};
    Purpose purpose = Purpose::thanks;
    std::string text_name{};  // of templates/
    std::int64_t phone_id = 0;
    std::string channel{};
    std::optional<std::int64_t> slot{};  // of the survey, so that what comes back is told apart like its answer
    Instant due_at{}, stale_at{};
};
std::int64_t plan_message(Connection& db, Random& random, const NewMessage& message, Instant now);

struct DueRow {
    std::int64_t id = 0, phone_id = 0;
    std::string ref{}, text_name{}, channel{};
    std::string phone_key{}, sealed_phone{};  // empty: the number was erased
    std::optional<std::int64_t> case_id{}, slot{};
    Purpose purpose = Purpose::survey;
    Instant due_at{}, stale_at{};
    int attempt = 0, route = -1;
    std::string refused{};  // the last attempt's outcome, where it was refused
};
// Due at `now`, most urgent first. `route` -1: rows nobody has looked at yet.
std::vector<DueRow> find_due(Connection& db, int route, int priority, Instant now, int limit);
// Surveys that may no longer go, due or not yet, the oldest first.
std::vector<DueRow> find_stale(Connection& db, Instant now, int limit);
std::optional<Instant> find_next_due(Connection& db, int route, int priority);
void set_route(Connection& db, std::int64_t id, int route);
void forget_routes(Connection& db, Instant now);  // the configuration may have changed; what was held for want of a route is due again
void postpone(Connection& db, std::int64_t id, Instant until);
void cancel_due(Connection& db, const DueRow& row, Code code, Instant now);  // the case of a survey gets the code
void move_due_to(Connection& db, const DueRow& row, std::int64_t phone_id, Instant now);  // the case names another number now
void hold_due(Connection& db, const DueRow& row, std::string_view why, Instant now);
// The channel by which a text to this number arrived last, or by which it wrote last; empty: nothing is known of it.
std::string proven_channel(Connection& db, std::int64_t phone_id);
// What else this phone was sent, or is to be sent.
struct OtherTexts {
    std::optional<Instant> unsettled{};  // when the newest went of which we do not know whether it was taken
    std::vector<Instant> surveys{};      // when those went that did, or may have
};
OtherTexts other_texts(Connection& db, std::int64_t phone_id, std::int64_t except_message);

// A reply slot of this phone for the case: the one it has, a fresh one, or the one that rested longest. nullopt: none is free;
// `free_at` then says when one will be.
struct Slot { std::optional<int> number{}; std::optional<Instant> free_at{}; };
Slot take_slot(Connection& db, std::int64_t phone_id, std::int64_t case_id, int slots, Millis rest, Instant now);

struct Attempt {
    std::int64_t message = 0;
    int number = 1;
    std::string ref{};
    std::int64_t phone_id = 0;
    std::string channel{};
    std::optional<std::int64_t> case_id{};
    bool survey = false;
    Instant claimed_at{};
};
struct ClaimFacts {
    std::string channel{}, text_name{};
    std::string sealed_text{};
    int parts = 1;
    std::optional<int> slot{};
    Instant answer_until{};  // of a survey
    Scale scale = Scale::three_110;  // on which it asks
};
std::string message_text_context(std::string_view ref);  // what a message's sealed text is bound to
// due → sending. The caller announces it with Store::will_send() in the same transaction.
Attempt claim(Connection& db, const DueRow& row, const ClaimFacts& facts, Instant now);

// How an attempt ended. `moved` false: the row is no longer `sending` by this attempt (a receipt was faster), nothing was
// changed but the attempt's own line. `woke` true: a receipt had come first, and can be settled now.
struct Settled { bool moved = false, woke = false; };
Settled record_accepted(Connection& db, const Attempt& a, const std::vector<std::string>& vendor_ids, Instant now, Instant answer_until);
// Due again, unless a report or the citizen's answer says meanwhile that the carrier took it: then in doubt, and not `moved`.
Settled record_again(Connection& db, const Attempt& a, std::string_view outcome, std::string_view detail, Instant due_at, Instant now);
Settled record_failed(Connection& db, const Attempt& a, std::string_view outcome, std::string_view detail, std::string_view code,
                      const std::vector<std::string>& vendor_ids, Instant now);
Settled record_held(Connection& db, const Attempt& a, std::string_view outcome, std::string_view detail, Instant now);
// `vendor_ids`: by which reports would name its parts, where that is known.
Settled record_in_doubt(Connection& db, const Attempt& a, std::string_view outcome, std::string_view detail, Instant now, const std::vector<std::string>& vendor_ids = {});
// What this channel, or any, refused goes again now instead of after its pause. Returns how many.
int refused_are_due(Connection& db, const std::optional<std::string>& channel, Instant now);
// Nobody has sent anything, and the claim may be on the disk, or its message not even: what is `sending` by this attempt is due again.
Settled record_never_sent(Connection& db, const Attempt& a, Instant now);
std::optional<std::int64_t> phone_of_message(Connection& db, std::string_view ref);
// A response after the attempt had been given up, by the channel that made it. Takes in_doubt to accepted, failed, or (proved refusal, and nothing says the
// opposite) back to due.
Settled record_late(Connection& db, std::string_view channel, std::string_view ref, bool accepted, bool refused, const std::vector<std::string>& vendor_ids,
                    std::string_view outcome, std::string_view detail, std::string_view code, Instant now, Millis answer_window);

// At start, before anything runs: whatever was `sending` is in doubt. Returns how many.
int recover_sending(Connection& db, Instant now);
// What time alone does: windows that end, doubt that is never cleared, reports that never come. After days without a daemon that may be
// very many, and others want to write too: no more than this of each kind at once.
constexpr int of_time_at_once = 500;
// Returns how many it closed. None while the clock is in doubt, and so below.
int close_ended_windows(Connection& db, Instant now);
// Of one channel: accepted before the first without a report, in doubt since before the second. Returns how many it settled.
int let_time_pass(Connection& db, std::string_view channel, Instant no_report_before, Instant unknown_before, Instant now);

// Surveys claimed on a channel in a local day.
std::int64_t surveys_of_day(Connection& db, std::string_view channel, std::string_view day);
void add_surveys_of_day(Connection& db, std::string_view channel, std::string_view day, int count);

struct Hold {
    std::int64_t id = 0;
    std::string of{};  // stop, clock, ceiling
    std::optional<std::string> channel{};  // none: all
    Instant at{};
    std::string reason{};
};
std::vector<Hold> active_holds(Connection& db);
// A hold of the clock stands, or it was set just now: what it says is not to be acted on where that cannot be taken back.
bool is_clock_held(Connection& db);
// It was set within the last second, and nobody has placed the hold yet.
bool has_clock_jumped(Connection& db);
// What is of this moment or later was dated by the clock as it goes now, so its age is known: the beginning of time where none is in doubt.
Instant ages_count_from(Connection& db);
struct HeldFor { std::string reason{}; std::int64_t messages = 0; };
std::vector<HeldFor> read_held(Connection& db);  // what waits for a person, by reason: restored, no_route, content, …
// Somebody released a ceiling that was reached since then: that day has none any more. One of yesterday ends by itself, and one that was raised
// is another ceiling: neither says anything of this.
constexpr std::string_view ceiling_was_raised = "the ceiling is higher now";
bool was_ceiling_lifted(Connection& db, std::string_view channel, Instant since);
std::int64_t place_hold(Connection& db, std::string_view of, const std::optional<std::string>& channel, std::string_view reason, Instant now);
int release_holds(Connection& db, std::string_view of, const std::optional<std::string>& channel, std::string_view reason, Instant now);

}  // namespace pingjing::store
