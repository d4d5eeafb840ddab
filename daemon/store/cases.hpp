// Closed calls as they stand in the store, and their surveys up to the moment of sending.
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/case.hpp"
#include "daemon/core/random.hpp"
#include "daemon/core/survey.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store {
class Connection;

struct KnownCase {
    std::int64_t id = 0;
    std::optional<std::int64_t> version{};
    std::string content_key{}, source{};
};
std::optional<KnownCase> find_case(Connection& db, std::string_view record);

// What was decided about a call, by which rule of which rules.
struct Verdict {
    std::optional<Code> code{};
    std::string rule{}, kind{}, rules_sha256{};
    bool safety = false;
    std::string flags{};  // exclusion codes that the record itself carries, separated by spaces
};

// Makes `keys`, so that the store's thread has not to.
void make_keys(const Seal& seal, ClosedCall& call);

// A new case or a new version of one: the row, its sealed content, its officers, the decision, the ledger line.
struct RecordedCase {
    std::int64_t id = 0;
    std::optional<std::int64_t> phone_id{}, contact_id{};  // of the calling line and the contact number
    bool is_new = false;
};
// The 110 system says what it said before under a higher number, or for the first time under one: from then on lower ones are old.
void raise_version(Connection& db, std::int64_t case_id, std::int64_t version, Instant now);
// A person called it off, or had its number forgotten: no later version plans its survey.
bool is_called_off(Connection& db, std::int64_t case_id);
RecordedCase record_case(Connection& db, const Seal& seal, const std::optional<KnownCase>& known, const ClosedCall& call,
                         const Verdict& verdict, std::string_view outcome, Instant now);

// A case as it stands, for the decision at the moment of sending.
struct StoredCase {
    std::int64_t id = 0;
    std::string record{}, unit{}, category{}, source{}, linked_to{}, flags{}, language{};
    bool attended = false;  // it names an officer at the scene
    std::int64_t phone_id = 0;  // 0: none
    CaseState state = CaseState::open;
    Instant reported_at{};
    std::optional<Instant> closed_at{};
};
StoredCase load_case(Connection& db, std::int64_t id);  // one that is there, with a calling line

// `stage`: intake, sending; every decision leaves its row, with the rules in force.
void record_decision(Connection& db, std::int64_t case_id, std::string_view stage, std::string_view outcome, const Verdict& verdict, Instant now);

// Another case with a safety code whose calling line or contact number is this phone, taken at or after `since`; or an emergency of its
// owner since then who asked for no answer. While the clock is in doubt it is not known to be over, however old it seems.
bool has_safety_hold(Connection& db, std::int64_t phone_id, std::int64_t except_case, Instant since);
// The same, and is_opted_out(), in one look.
struct PhoneStanding { bool safety_hold = false, opted_out = false; };
PhoneStanding standing_of(Connection& db, std::int64_t phone_id, std::int64_t except_case, Instant since);
// Planned (then real) sending times of the number's other surveys that were not cancelled, from `since` on.
std::vector<Instant> survey_times(Connection& db, std::int64_t phone_id, std::int64_t except_case, Instant since);

// After a restore: surveys of calls closed before it are held(restored) until a person releases them.
Instant no_send_before(Connection& db);

// A text left to this number of which only the sent journal tells: the store was restored from before it.
bool was_texted_unknown(Connection& db, std::int64_t phone_id);

// The case's survey row: made if there is none, taken up again if it was cancelled by a rule and nothing was ever sent, left alone
// if it waits or went. After a restore it may be held. conflict: it was sent or may have been, or a person called it off, so it is
// never planned again.
Result<void> plan_survey(Connection& db, Random& random, std::int64_t case_id, std::int64_t phone_id, Instant closed_at, Instant due_at,
                         Instant stale_at, Instant now);
// Of a case that this transaction has made: nothing can stand in its way.
void plan_first_survey(Connection& db, Random& random, std::int64_t case_id, std::int64_t phone_id, Instant closed_at, Instant due_at, Instant stale_at, Instant now);
// Waiting texts become cancelled(code); what was sent stays, and so does what belongs to the number and not to the case: the
// emergency answer and the confirmation of an opt-out. Returns how many.
int cancel_waiting_of_case(Connection& db, std::int64_t case_id, Code code, Instant now);
// Each with its decision: `rules_sha256` where a rule of the configuration decided, and none where the citizen did.
int cancel_waiting_surveys_to(Connection& db, std::int64_t phone_id, std::int64_t except_case, Code code, Instant now, std::string_view rules_sha256 = {});

// A safety code after the survey had gone: the rating is left out until a person decides.
void mark_recoded_after_sending(Connection& db, std::int64_t case_id, Instant now);
// Cases of this number that were refused only because of another survey that now does not go.
std::vector<std::int64_t> capped_cases_of(Connection& db, std::int64_t phone_id, Instant closed_since);
void set_case_code(Connection& db, std::int64_t case_id, std::optional<Code> code, std::string_view kind, Instant now);

// One row of the books for what came in at once. Every row an outcome.
struct BatchCounts { int accepted = 0, updated = 0, unchanged = 0, rejected = 0, excluded = 0; };
std::int64_t record_batch(Connection& db, std::string_view source, const BatchCounts& counts, Instant now);
void record_rejection(Connection& db, std::int64_t batch_id, std::int64_t line, std::string_view field, std::string_view expected);

// Of the calls closed since then: stations and officers that the site's lists do not have, and how many calls name them. A spreadsheet
// that made 3.20302E+11 of a station is seen here.
struct Strangers { std::int64_t units = 0, calls_of_units = 0, officers = 0, calls_of_officers = 0; };
Strangers count_strangers(Connection& db, const std::set<std::string>& units, const std::set<std::string>& officers, Instant since);

}  // namespace pingjing::store
