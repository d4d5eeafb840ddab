#include "daemon/admin/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "daemon/store/schema.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::admin {
namespace {

using store::Connection;
using store::Statement;

// refused_not_waiting: a code that came while an attempt was under way is seen by the next claim.
// Each finds the rows that break a promise; no rows, no failure. {where} is nothing, or "AND <the case> = ?1", of surveys where
// only those are found by their case. Without a case it is about letters and notices, which have none.
// `of`: the table that must have a row of the case, or there is nothing to find.
struct Check { const char* name; const char* what; const char* the_case; const char* sql; const char* of = nullptr; };
constexpr Check checks[] = {
    {"one_survey_a_case", "case {} has more than one survey", "case_id",
     "SELECT case_id FROM messages WHERE purpose = 'survey'{where} GROUP BY case_id HAVING count(*) > 1"},
    // Not by the index alone: it may have been taken away while the second one was written.
    {"record_once", "case {} has a record's number that another one has", "c.id",
     "SELECT c.id FROM cases c NOT INDEXED WHERE EXISTS (SELECT 1 FROM cases o WHERE o.record = c.record AND o.id <> c.id){where}"},
    {"survey_has_case", "message {} is a survey of no case", "m.case_id",
     "SELECT m.id FROM messages m LEFT JOIN cases c ON c.id = m.case_id WHERE m.purpose = 'survey' AND c.id IS NULL{where}"},
    {"case_asked_or_code", "case {} is neither to be asked nor refused by a code", "c.id",
     "SELECT c.id FROM cases c WHERE c.code IS NULL AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.case_id = c.id AND m.purpose = 'survey' AND m.state <> "
     "'cancelled'){where}"},
    {"refused_not_waiting", "case {} is refused by a code and its survey still waits", "c.id",
     "SELECT c.id FROM cases c JOIN messages m ON m.case_id = c.id AND m.purpose = 'survey' WHERE c.code IS NOT NULL AND m.state IN ('due', 'held') "
     "AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.message_id = m.id AND a.attempt = m.attempt AND a.settled_at >= c.changed_at){where}"},
    {"case_has_decision", "case {} has no decision", "c.id",
     "SELECT c.id FROM cases c WHERE NOT EXISTS (SELECT 1 FROM decisions d WHERE d.case_id = c.id){where}"},
    {"attempt_of_message", "message {} was given to a carrier without an attempt's row", "m.purpose = 'survey' AND m.case_id",
     "SELECT m.id FROM messages m WHERE m.attempt > 0 AND m.state <> 'sending' AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.message_id = m.id AND a.attempt = m.attempt){where}"},
    {"one_acceptance", "message {} was accepted by a carrier more than once", "m.purpose = 'survey' AND m.case_id",
     "SELECT a.message_id FROM attempts a JOIN messages m ON m.id = a.message_id WHERE a.outcome = 'accepted'{where} GROUP BY a.message_id HAVING count(*) "
     "> 1"},
    {"nothing_after_acceptance", "message {} was sent again after a carrier had it or may have had it, and nobody asked for that", "m.purpose = 'survey' AND m.case_id",
     "SELECT m.id FROM messages m JOIN attempts b ON b.message_id = m.id AND b.attempt > 1 WHERE EXISTS (SELECT 1 FROM attempts a WHERE a.message_id = m.id AND a.attempt < b.attempt "
     "AND a.outcome IN ('accepted', 'ambiguous') AND coalesce(a.detail, '') NOT LIKE 'late:%') AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.kind = 'resend' AND l.case_id = m.case_id){where}"},
    {"rating_of_answer", "rating {} has no text it came from", "r.case_id",
     "SELECT r.id FROM ratings r LEFT JOIN inbound i ON i.id = r.inbound_id WHERE r.inbound_id IS NOT NULL AND i.id IS NULL{where}", "ratings"},
    {"rating_of_survey", "rating {} is of a case that was never asked", "r.case_id",
     "SELECT r.id FROM ratings r WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.case_id = r.case_id AND m.purpose = 'survey' AND m.attempt > 0){where}", "ratings"},
    {"replaces_something", "rating {} replaces one that is not there", "r.case_id",
     "SELECT r.id FROM ratings r WHERE r.effect = 'replaces' AND NOT EXISTS (SELECT 1 FROM ratings f WHERE f.case_id = r.case_id AND f.effect = 'first' AND "
     "f.id < r.id){where}", "ratings"},
    {"dissatisfied_followed_up", "rating {} is dissatisfied and nobody follows up", "r.case_id",
     "SELECT r.id FROM ratings r WHERE r.grade = 'dissatisfied' AND r.effect IN ('first', 'replaces', 'late') AND NOT EXISTS (SELECT 1 FROM followups f "
     "WHERE f.case_id = r.case_id){where}", "ratings"},
    {"answered_was_delivered", "message {} was answered and does not stand as delivered", "m.case_id",
     "SELECT m.id FROM messages m JOIN inbound i ON i.case_id = m.case_id AND i.step = 'done' WHERE m.purpose = 'survey' AND m.state NOT IN ('delivered', "
     "'sending', 'due', 'held'){where}"},
    {"canary_of_row", "message {} is a test text of a case, or of no path", "m.case_id",
     "SELECT m.id FROM messages m WHERE m.purpose = 'canary' AND (m.case_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM canaries c WHERE c.message_id = m.id)){where}"},
    {"canary_is_no_rating", "rating {} is of an answer to a test text", "r.case_id",
     "SELECT r.id FROM ratings r JOIN canaries c ON c.answered_by = r.inbound_id WHERE r.inbound_id IS NOT NULL{where}", "ratings"},
    {"canary_on_its_channel", "message {} is a test text of another channel than it went by", "m.case_id",
     "SELECT m.id FROM canaries c JOIN messages m ON m.id = c.message_id WHERE m.purpose <> 'canary' OR m.channel <> c.channel{where}"},
    {"appeal_by_two_persons", "appeal {} was decided by one person", "a.case_id",
     "SELECT a.id FROM appeals a WHERE a.decided_at IS NOT NULL AND (a.proposed_by IS NULL OR a.decided_by = a.proposed_by OR a.decided_by = a.filed_by OR a.proposed_by = a.filed_by "
     "OR EXISTS (SELECT 1 FROM tokens t JOIN tokens o ON o.badge = t.badge AND o.badge <> '' WHERE t.id = CAST(a.proposed_by AS INTEGER) AND o.id = CAST(a.decided_by AS INTEGER))){where}", "appeals"},
    {"appeal_as_its_steps", "appeal {} stands otherwise than its steps say", "a.case_id",
     "SELECT a.id FROM appeals a LEFT JOIN appeal_steps s ON s.id = (SELECT max(id) FROM appeal_steps WHERE appeal_id = a.id AND step <> 'escalated') LEFT JOIN appeal_withdrawals w "
     "ON w.appeal_id = a.id WHERE NOT coalesce(CASE WHEN w.appeal_id IS NOT NULL THEN s.step = 'withdrawn' AND s.who = w.who ELSE CASE a.state WHEN 'filed' THEN s.step IN ('filed', 'returned') WHEN 'proposed' THEN s.step = 'proposed' AND s.who = a.proposed_by "
     "ELSE s.step = 'confirmed' AND s.who = a.decided_by END END, 0){where}", "appeals"},
    {"appeal_withdrawn_in_time", "appeal {} was withdrawn when it was decided already", "a.case_id",
     "SELECT a.id FROM appeals a JOIN appeal_withdrawals w ON w.appeal_id = a.id WHERE a.decided_at IS NOT NULL{where}", "appeals"},
    {"appeal_of_its_rating", "appeal {} judged a rating of another call", "a.case_id",
     "SELECT a.id FROM appeals a JOIN ratings r ON r.id = a.rating_id WHERE r.case_id <> a.case_id{where}", "appeals"},
    {"followup_as_its_steps", "follow-up {} stands otherwise than its steps say", "f.case_id",
     "SELECT f.id FROM followups f LEFT JOIN followup_steps s ON s.id = (SELECT max(id) FROM followup_steps WHERE followup_id = f.id AND state NOT IN ('escalated', 'no_answer')) "
     "WHERE NOT coalesce(CASE s.state WHEN 'dropped' THEN f.state = 'closed' WHEN 'not_told' THEN f.state = 'reviewed' WHEN 'returned' THEN f.state IN ('opened', 'rectifying') "
     "ELSE f.state = s.state END, 0){where}", "followups"},
    {"followup_reviewed_by_another", "follow-up {} was reviewed by whoever took the step before", "f.case_id",
     "SELECT f.id FROM followups f JOIN followup_steps s ON s.followup_id = f.id AND s.state = 'reviewed' WHERE s.who = (SELECT p.who FROM followup_steps p WHERE p.followup_id = f.id "
     "AND p.id < s.id AND p.state IN ('verified', 'rectified') ORDER BY p.id DESC LIMIT 1){where}", "followups"},
    {"told_after_review", "message {} tells a caller what nobody has reviewed", "m.case_id",
     "SELECT m.id FROM messages m WHERE m.purpose = 'told' AND NOT EXISTS (SELECT 1 FROM followups f JOIN followup_steps s ON s.followup_id = f.id AND s.state = 'reviewed' WHERE f.case_id = "
     "m.case_id){where}"},
    {"one_text_of_a_kind", "case {} has more than one text that comes once a case", "case_id",
     "SELECT case_id FROM messages WHERE purpose IN ('thanks', 'clarify', 'told', 'question') AND state <> 'cancelled' AND case_id IS NOT NULL{where} GROUP BY case_id, purpose HAVING count(*) > 1"},
    {"second_after_call_back", "rating {} is a second one and nobody had called", "r.case_id",
     "SELECT r.id FROM ratings r WHERE r.effect = 'second' AND NOT EXISTS (SELECT 1 FROM followups f JOIN followup_steps s ON s.followup_id = f.id AND s.state NOT IN ('opened', 'escalated') "
     "WHERE f.case_id = r.case_id){where}", "ratings"},
    {"person_decided", "rating {} is a person's and nobody decided it", "r.case_id",
     "SELECT r.id FROM ratings r WHERE r.method = 'person' AND NOT EXISTS (SELECT 1 FROM reviews v WHERE v.inbound_id = r.inbound_id AND v.closed_at IS NOT NULL){where}", "ratings"},
    {"answer_of_letter", "letter {} is answered by a text of another", nullptr,
     "SELECT l.id FROM letters l JOIN messages m ON m.id = l.message_id WHERE m.purpose <> 'letter' OR m.inbound_id IS NULL OR m.inbound_id <> l.inbound_id"},
    {"one_answer_a_letter", "message {} answers a letter that has another answer, or none", nullptr,
     "SELECT m.id FROM messages m WHERE m.purpose = 'letter' AND NOT EXISTS (SELECT 1 FROM letters l WHERE l.message_id = m.id)"},
    {"notice_to_its_number", "message {} is a notice to nobody who is on its list", nullptr,
     "SELECT m.id FROM messages m LEFT JOIN notice_phones p ON p.message_id = m.id WHERE m.purpose = 'notice' AND (p.phone_id IS NULL OR p.phone_id <> m.phone_id)"},
    {"silence_kept", "message {} answers somebody who asked for silence", nullptr,
     "SELECT m.id FROM alarms a JOIN messages m ON m.inbound_id = a.inbound_id WHERE a.do_not_contact = 1"},
    {"open_was_sent", "message {} is open for answers and was never sent", "purpose = 'survey' AND case_id",
     "SELECT id FROM messages WHERE open = 1 AND (purpose <> 'survey' OR attempt = 0 OR state IN ('due', 'held', 'cancelled')){where}"},
};

constexpr int most_of_each = 5;

std::string first_of(const Verification& result, std::string_view check) {
    for (const auto& failure : result.failures)
        if (failure.check == check) return failure.detail;
    return {};
}

// What was touched since then: cases, and whether a letter, a notice or an emergency was.
struct Touched {
    std::set<std::int64_t> cases{};
    bool any_without_case = false;
};
Touched touched_since(Connection& db, std::int64_t seq) {
    Touched out;
    // By its place: the index of cases would be read from end to end. Without DISTINCT, for which SQLite makes a table.
    Statement lines(db, "SELECT case_id, kind <> 'rows' AND kind <> 'access' FROM ledger NOT INDEXED WHERE seq > ?1");
    for (lines.bind(1, seq); lines.step();)
        if (auto id = lines.maybe_integer(0)) out.cases.insert(*id);
        else out.any_without_case = out.any_without_case || lines.integer(1) == 1;
    return out;
}

// Of all rows, and of one case's.
const std::string& sql_of(const Check& check, bool of_one_case) {
    static const auto all = [] {
        std::vector<std::array<std::string, 2>> out;
        for (const auto& c : checks) {
            auto where = c.the_case ? fmt::format(" AND {} = ?1", c.the_case) : std::string();
            out.push_back({fmt::format(fmt::runtime(c.sql), fmt::arg("where", "")), fmt::format(fmt::runtime(c.sql), fmt::arg("where", where))});
        }
        return out;
    }();
    return all[static_cast<std::size_t>(&check - checks)][of_one_case];
}

void look(Connection& db, const Check& check, std::optional<std::int64_t> case_id, Verification& result) {
    Statement find(db, sql_of(check, case_id.has_value()));
    if (case_id) find.bind(1, *case_id);
    for (int n = 0; n < most_of_each && find.step(); ++n) result.failures.push_back({check.name, fmt::format(fmt::runtime(check.what), find.integer(0))});
}

void look_at_case(Connection& db, std::int64_t case_id, Verification& result) {
    std::set<std::string_view> has;
    Statement find(db, "SELECT EXISTS (SELECT 1 FROM ratings WHERE case_id = ?1), EXISTS (SELECT 1 FROM followups WHERE case_id = ?1), EXISTS (SELECT 1 FROM appeals WHERE case_id = ?1)");
    find.bind(1, case_id).step();
    for (auto [column, table] : {std::pair(0, "ratings"), std::pair(1, "followups"), std::pair(2, "appeals")})
        if (find.integer(column) == 1) has.insert(table);
    for (const auto& check : checks)
        if (check.the_case && (!check.of || has.contains(check.of))) look(db, check, case_id, result);
}

}  // namespace

Result<NoteVerifier> Verifier::key_of(std::uint64_t size) const {
    const store::LedgerKey* named = nullptr;
    for (const auto& key : result_.keys)
        if (key.after_size < size) named = &key;
    return named ? NoteVerifier::read(named->verifier) : signer_->verifier();
}

void Verifier::take_checkpoint(const std::string& bytes, const std::string& who) {
    auto wrong = [&](std::string why) { result_.failures.push_back({"checkpoint", who + std::move(why)}); };
    auto note = read_note(bytes);
    auto checkpoint = note ? read_checkpoint(note->text) : tl::unexpected(note.error());
    if (!checkpoint) return wrong(": " + checkpoint.error().detail);
    if (signer_) {
        auto key = key_of(checkpoint->size);
        if (!key) return wrong(": the key that the ledger names cannot be read");
        bool holds = checkpoint->origin == key->name(), is_there = false;
        for (const auto& line : note->signatures) {
            if (!key->is_of(line)) continue;
            is_there = true, holds = holds && key->verify(note->text, line);
        }
        if (!holds || !is_there) return wrong(fmt::format(" is not signed by {}{}", key->name(), result_.keys.empty() ? "" : ", whose key the ledger names for it"));
    }
    ledger_.expect(checkpoint->size, checkpoint->root, who);
    ++result_.checkpoints;
}

bool Verifier::step(store::Connection& db) {
    constexpr std::uint64_t few_lines = 20'000;  // of so few surveys all checks take as long as one of many
    do go_on_or_say_why(db);
    while (stage_ == Stage::rest && ledger_.head().size() <= few_lines);
    return stage_ != Stage::done;
}

void Verifier::go_on_or_say_why(store::Connection& db) {
    auto stage = stage_;
    try {
        go_on(db);
    } catch (const store::SqlError& error) {
        if (!error.is_damage()) throw;
        result_.failures.push_back({"file", fmt::format("{} cannot be looked at: {}", stage == Stage::begin ? "checkpoints" : "schema and books", error.reason())});
    }
}

// The stage is left before its work is done: what throws is not begun again.
void Verifier::go_on(store::Connection& db) {
    switch (stage_) {
        case Stage::begin:
            stage_ = Stage::ledger;
            return begin(db);
        case Stage::ledger:
            if (ledger_.step(db)) return;
            for (const auto& finding : ledger_.findings()) result_.failures.push_back({finding.check, finding.detail});
            stage_ = rest_is_apart_ ? Stage::finish : Stage::rest;
            return;
        case Stage::rest:
            if (step_rest(db)) return;
            take_rest();
            stage_ = Stage::finish;
            return;
        case Stage::finish:
            stage_ = Stage::done;
            return finish(db);
        case Stage::done: return;
    }
}

bool Verifier::step_rest(store::Connection& db) {
    const auto* doing = file_is_done_ ? checks[next_check_].name : "the file";
    try {
        if (!file_is_done_) file_is_done_ = !file_.step(db);
        else look(db, checks[next_check_++], std::nullopt, broken_);
    } catch (const store::SqlError& error) {
        if (!error.is_damage()) throw;
        file_is_done_ = true;
        broken_.failures.push_back({"file", fmt::format("{} cannot be looked at: {}", doing, error.reason())});
    }
    return next_check_ < std::size(checks);
}

// What is wrong with the file comes first: it may be why the rest is.
void Verifier::take_rest() {
    auto& all = result_.failures;
    std::vector<Verification::Failure> of_file;
    for (const auto& finding : file_.findings()) of_file.push_back({"file", finding});
    all.insert(all.begin() + static_cast<std::ptrdiff_t>(found_at_begin_), of_file.begin(), of_file.end());
    all.insert(all.end(), broken_.failures.begin(), broken_.failures.end());
}

void Verifier::begin(store::Connection& db) {
    result_.keys = store::ledger_keys(db);
    if (signer_ && !result_.keys.empty() && result_.keys.back().verifier != signer_->verifier().written())
        result_.failures.push_back({"checkpoint", fmt::format("the ledger.key here is that of {}, and the ledger is signed by {}", signer_->name(),
                                                              result_.keys.back().verifier.substr(0, result_.keys.back().verifier.find('+')))});
    for (const auto& [note, who] : given_) take_checkpoint(note, who);
    for (const auto& kept : store::all_checkpoints(db)) take_checkpoint(kept.note, fmt::format("the checkpoint of {} rows kept here", kept.size));
    found_at_begin_ = result_.failures.size();
}

void Verifier::finish(store::Connection& db) {
    result_.ledger_entries = static_cast<std::int64_t>(ledger_.head().size());
    result_.root = to_hex(ledger_.head().root());
    result_.head = ledger_.head();
    result_.rows = ledger_.rows(), result_.erased = ledger_.erased();
    auto differences = store::schema_differences(db);
    differences.resize(std::min<std::size_t>(differences.size(), most_of_each));
    for (auto& difference : differences) result_.failures.push_back({"schema", std::move(difference)});
    // Beside one of them a guard lets rows be changed; none outlives the transaction that needs it.
    Statement keys(db, "SELECT key FROM meta WHERE key IN ('erasing_ratings', 'sealing_reasons') ORDER BY key");
    while (keys.step()) result_.failures.push_back({"schema", fmt::format("the guards are off: meta holds {}, which no moment between two transactions does", keys.text(0))});
    Statement books(db, "SELECT (SELECT count(*) FROM cases), (SELECT coalesce(sum(accepted + excluded), 0) FROM intake_batches)");
    books.step();
    result_.cases = books.integer(0);
    if (books.integer(0) != books.integer(1))
        result_.failures.push_back({"books", fmt::format("there are {} cases, and {} rows were answered accepted or excluded", books.integer(0), books.integer(1))});
}

Beside::Beside(Verifier& verifier, std::string path) : verifier_(verifier) {
    verifier_.rest_is_apart_ = true;
    work_ = std::async(std::launch::async, [this, path = std::move(path)] { look(path); });
}

void Beside::look(const std::string& path) {
    Connection db(path, Connection::Access::read_only);
    store::Interrupt interrupt(db);
    lend(&interrupt);
    try {
        while (!stop_ && verifier_.step_rest(db)) {}
    } catch (...) {
        lend(nullptr);
        throw;
    }
    lend(nullptr);
}

void Beside::lend(store::Interrupt* interrupt) {
    std::lock_guard lock(mutex_);
    interrupt_ = interrupt;
}

// Then the future waits. The step in hand may be a table of millions of rows, which nobody will ask about any more.
Beside::~Beside() {
    std::lock_guard lock(mutex_);
    stop_ = true;
    if (interrupt_) interrupt_->now();
}

bool Beside::has_ended(std::chrono::milliseconds at_most) {
    if (work_.wait_for(at_most) != std::future_status::ready) return false;
    work_.get();
    verifier_.take_rest();
    return true;
}

std::string about_signatures(const Verification& result) {
    std::string none = result.checkpoints == 0 && first_of(result, "checkpoint").empty() ? "nothing here is signed" : "";
    if (!result.has_key) return "signatures not checked: no ledger.key here" + (none.empty() ? "" : "; " + none);
    if (!none.empty()) return none;
    return result.keys.size() > 1 ? fmt::format("signatures checked, by the {} keys that the ledger names", result.keys.size()) : "signatures checked";
}

std::string first_failures(const Verification& result) {
    const auto& all = result.failures;
    if (all.empty()) return {};
    auto first = fmt::format("{}: {}", all.front().check, all.front().detail);
    return all.size() == 1 ? first : fmt::format("{}; and {} more", first, all.size() - 1);
}

Verification verify(Connection& db, const NoteSigner* signer) {
    Verifier verifier(signer);
    while (verifier.step(db)) {}
    return verifier.result();
}

Verification verify_since(Connection& db, TreeHead known) {
    Verification result;
    auto seen = static_cast<std::int64_t>(known.size());
    auto head = store::recompute(db, std::move(known));
    if (head) result.ledger_entries = static_cast<std::int64_t>(head->size()), result.head = std::move(*head);
    else result.failures.push_back({"ledger", head.error().detail});
    auto touched = touched_since(db, seen);
    for (auto id : touched.cases) look_at_case(db, id, result);
    result.cases = static_cast<std::int64_t>(touched.cases.size());
    result.touched.assign(touched.cases.begin(), touched.cases.end());
    if (touched.any_without_case)
        for (const auto& check : checks)
            if (!check.the_case) look(db, check, std::nullopt, result);
    return result;
}

}  // namespace pingjing::admin
