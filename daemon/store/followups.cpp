#include "daemon/store/followups.hpp"

#include <fmt/format.h>

#include "daemon/store/ratings.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

constexpr std::string_view ourselves = "pingjing";

std::int64_t record_step(Connection& db, std::int64_t followup, std::string_view who, std::string_view state, const Seal* seal, std::string_view note, Instant now) {
    auto id = db.next_id("followup_steps");
    Statement step(db, "INSERT INTO followup_steps(id, followup_id, at, who, state, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    step.bind(1, id).bind(2, followup).bind(3, now).bind(4, who).bind(5, state);
    step.bind_maybe_blob(6, seal && !note.empty() ? std::optional(seal->seal(note, followup_note_context(id))) : std::nullopt).run();
    return id;
}

std::optional<std::string> filled(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

std::string words_context(std::string_view column, std::int64_t id) { return fmt::format("followup_words.{}:{}", column, id); }

void keep_words(Connection& db, const Seal& seal, std::int64_t id, const FollowupMove& move) {
    if (move.place.empty() && move.ordered_to.empty()) return;
    auto sealed = [&](std::string_view column, const std::string& words) { return words.empty() ? std::nullopt : std::optional(seal.seal(words, words_context(column, id))); };
    Statement keep(db, R"sql(
        INSERT INTO followup_words(followup_id, place, ordered_to) VALUES (?1, ?2, ?3)
        ON CONFLICT (followup_id) DO UPDATE SET place = coalesce(?2, place), ordered_to = coalesce(?3, ordered_to))sql");
    keep.bind(1, id).bind_maybe_blob(2, sealed("place", move.place)).bind_maybe_blob(3, sealed("ordered_to", move.ordered_to)).run();
}

std::string last_by(Connection& db, std::int64_t id, std::string_view step) {
    Statement find(db, "SELECT who FROM followup_steps WHERE followup_id = ?1 AND state = ?2 ORDER BY id DESC LIMIT 1");
    return find.bind(1, id).bind(2, step).step() ? find.text(0) : std::string();
}

// Who said that the words it was opened for were no complaint; empty where something of the caller's still says that they were.
std::string refuted_by(Connection& db, std::int64_t case_id, std::int64_t rating_id) {
    auto standing = standing_rating(db, case_id);
    if (standing && standing->grade == Grade::dissatisfied) return {};
    Statement find(db, R"sql(
        SELECT v.closed_by FROM ratings r JOIN reviews v ON v.inbound_id = r.inbound_id AND v.kind = 'words'
         WHERE r.id = ?1 AND (r.method = 'words' OR r.method = 'emoji') AND (v.decision = 'none' OR v.decision = 'corrected') LIMIT 1)sql");
    return find.bind(1, rating_id).step() ? find.text(0) : std::string();
}

}  // namespace

std::string followup_note_context(std::int64_t step_id) { return fmt::format("followup_steps:{}", step_id); }

bool open_followup(Connection& db, std::int64_t case_id, std::optional<std::int64_t> rating_id, bool urgent, bool no_callback, Instant now,
                   Instant due_at) {
    auto facts = fmt::format(R"({{"urgent":{},"no_callback":{},"due_at":{}}})", urgent, no_callback, to_millis(due_at));
    auto id = db.next_id("followups");
    Statement open(db, R"sql(
        INSERT INTO followups(id, case_id, rating_id, opened_at, due_at, state, urgent, no_callback) VALUES (?1, ?2, ?3, ?4, ?5, 'opened', ?6, ?7)
        ON CONFLICT (case_id) DO NOTHING)sql");
    open.bind(1, id).bind(2, case_id).bind(3, rating_id).bind(4, now).bind(5, due_at).bind(6, urgent).bind(7, no_callback).run();
    if (db.changes() == 1) {
        record_step(db, id, ourselves, "opened", nullptr, "", now);
        append(db, now, "followup_opened", case_id, facts);
        return true;
    }
    // It ended because its words had been no complaint; now there is one.
    Statement again(db, R"sql(
        UPDATE followups SET state = 'opened', rating_id = ?2, due_at = ?3, urgent = ?4, no_callback = max(no_callback, ?5)
         WHERE case_id = ?1 AND state = 'closed' AND (SELECT s.state FROM followup_steps s WHERE s.followup_id = followups.id ORDER BY s.id DESC LIMIT 1) = 'dropped' RETURNING id)sql");
    again.bind(1, case_id).bind(2, rating_id).bind(3, due_at).bind(4, urgent).bind(5, no_callback);
    if (again.step()) {
        auto known = again.integer(0);
        while (again.step()) {}
        record_step(db, known, ourselves, "opened", nullptr, "", now);
        append(db, now, "followup_opened", case_id, facts);
        return true;
    }
    // Only the first limit, the call-back's, can be brought forward: later steps have limits of their own.
    Statement press(db, R"sql(
        UPDATE followups SET urgent = max(urgent, ?2), no_callback = max(no_callback, ?3),
               due_at = CASE WHEN state = 'opened' AND ?4 < due_at THEN ?4 ELSE due_at END
         WHERE case_id = ?1 AND (urgent < ?2 OR no_callback < ?3 OR (state = 'opened' AND ?4 < due_at)))sql");
    press.bind(1, case_id).bind(2, urgent).bind(3, no_callback).bind(4, due_at).run();
    if (db.changes() == 1) append(db, now, "followup_pressed", case_id, facts);
    return false;
}

bool note_no_callback(Connection& db, std::int64_t case_id, Instant now) {
    Statement note(db, "UPDATE followups SET no_callback = 1 WHERE case_id = ?1 AND no_callback = 0");
    note.bind(1, case_id).run();
    if (db.changes() == 0) return false;
    append(db, now, "followup_no_callback", case_id, "{}");
    return true;
}

std::optional<Followup> find_followup(Connection& db, std::int64_t id) {
    Statement find(db, R"sql(
        SELECT f.case_id, c.record, c.unit,
               coalesce((SELECT m.phone_id FROM messages m WHERE m.case_id = f.case_id AND m.purpose = 'survey' AND m.claimed_at IS NOT NULL LIMIT 1), c.phone_id), c.safety = 0 AND coalesce(c.recoded_after, 0) = 0 AND c.kind NOT LIKE 'survey!_neutral%' ESCAPE '!', f.state, f.opened_at, f.due_at, f.urgent, f.no_callback,
               w.finding, coalesce(w.topic, ''), coalesce(w.ordered_unit, ''), coalesce(w.escalated, 0), f.rating_id
          FROM followups f JOIN cases c ON c.id = f.case_id LEFT JOIN followup_work w ON w.followup_id = f.id WHERE f.id = ?1)sql");
    if (!find.bind(1, id).step()) return std::nullopt;
    Followup f;
    f.id = id, f.case_id = find.integer(0), f.record = find.text(1), f.unit = find.text(2), f.phone_id = find.maybe_integer(3), f.safe_to_text = find.integer(4) == 1;
    f.state = parse_followup_state(find.text(5)).value(), f.opened_at = find.instant(6), f.due_at = find.instant(7), f.urgent = find.integer(8) == 1;
    f.no_callback = find.integer(9) == 1;
    if (!find.is_null(10)) f.finding = parse_finding(find.text(10));
    f.topic = find.text(11), f.ordered_unit = find.text(12), f.escalated = static_cast<int>(find.integer(13));
    if (auto rating = find.maybe_integer(14)) f.refuted_by = refuted_by(db, f.case_id, *rating), f.refuter = find_identity(db, f.refuted_by);
    f.parties = find_parties(db, f.case_id);
    Statement missed(db, R"sql(
        SELECT at FROM followup_steps WHERE followup_id = ?1 AND state = 'no_answer'
           AND id > (SELECT coalesce(max(id), 0) FROM followup_steps WHERE followup_id = ?1 AND state IN ('opened', 'returned')) ORDER BY id)sql");
    missed.bind(1, id);
    while (missed.step()) f.missed_calls.push_back(missed.instant(0));
    f.verified_by = last_by(db, id, "verified"), f.rectified_by = last_by(db, id, "rectified");
    f.verifier = find_identity(db, f.verified_by), f.rectifier = find_identity(db, f.rectified_by);
    return f;
}

FollowupWords followup_words(Connection& db, const Seal& seal, std::int64_t id) {
    FollowupWords out;
    // Where an earlier version wrote them in the open, until they are erased.
    Statement before(db, "SELECT coalesce(place, ''), coalesce(ordered_to, '') FROM followup_work WHERE followup_id = ?1");
    if (before.bind(1, id).step()) out.place = before.text(0), out.ordered_to = before.text(1);
    Statement find(db, "SELECT place, ordered_to FROM followup_words WHERE followup_id = ?1");
    if (!find.bind(1, id).step()) return out;
    auto open = [&](int column, std::string_view name, std::string& into) {
        if (find.is_null(column)) return;
        auto plain = find.text(column).empty() ? Result<std::string>("") : seal.open(find.text(column), words_context(name, id));
        into = plain ? *plain : "";
    };
    open(0, "place", out.place), open(1, "ordered_to", out.ordered_to);
    return out;
}

Result<void> move_followup(Connection& db, const Seal& seal, const Followup& before, const FollowupMove& move, Instant now) {
    Statement update(db, "UPDATE followups SET state = ?2, due_at = ?3, no_callback = max(no_callback, ?4) WHERE id = ?1 AND state = ?5 AND due_at = ?6");
    update.bind(1, before.id).bind(2, followup_state_name(move.to)).bind(3, move.due_at).bind(4, move.no_callback).bind(5, followup_state_name(before.state));
    update.bind(6, before.due_at).run();
    if (db.changes() == 0) return fail(Error::Kind::conflict, "somebody else has just taken a step here; look again");
    Statement work(db, R"sql(
        INSERT INTO followup_work(followup_id, calls, finding, topic, ordered_unit, escalated) VALUES (?1, ?2, ?3, ?4, ?5, 0)
        ON CONFLICT (followup_id) DO UPDATE SET calls = calls + ?2, finding = coalesce(?3, finding), topic = coalesce(?4, topic), ordered_unit = coalesce(?5, ordered_unit))sql");
    work.bind(1, before.id).bind(2, move.missed_call ? 1 : 0).bind(3, move.finding ? std::optional(std::string(finding_name(*move.finding))) : std::nullopt);
    work.bind(4, filled(move.topic)).bind(5, filled(move.ordered_unit)).run();
    keep_words(db, seal, before.id, move);
    auto step = record_step(db, before.id, move.who, move.step, &seal, move.note, now);
    auto how = move.how.empty() ? std::string() : fmt::format(R"(,"how":"{}")", move.how);
    append(db, now, "followup_step", before.case_id,
           fmt::format(R"({{"followup":{},"step":{},"what":"{}","state":"{}","due_at":{}{}}})", before.id, step, move.step, followup_state_name(move.to), to_millis(move.due_at), how));
    return {};
}

std::vector<std::int64_t> overdue_followups(Connection& db, Instant now, int most) {
    Statement find(db, R"sql(
        SELECT f.id FROM followups f LEFT JOIN followup_work w ON w.followup_id = f.id
         WHERE f.state <> 'closed' AND f.due_at < ?1 AND coalesce(w.escalated_due, -1) <> f.due_at ORDER BY f.due_at LIMIT ?2)sql");
    find.bind(1, now).bind(2, most);
    std::vector<std::int64_t> out;
    while (find.step()) out.push_back(find.integer(0));
    return out;
}

void escalate_followup(Connection& db, std::int64_t id, Instant now) {
    auto f = find_followup(db, id);
    if (!f || f->state == FollowupState::closed) return;
    Statement work(db, R"sql(
        INSERT INTO followup_work(followup_id, calls, escalated, escalated_due) VALUES (?1, 0, 1, ?2)
        ON CONFLICT (followup_id) DO UPDATE SET escalated = escalated + 1, escalated_due = ?2)sql");
    work.bind(1, id).bind(2, f->due_at).run();
    record_step(db, id, ourselves, "escalated", nullptr, "", now);
    append(db, now, "followup_escalated", f->case_id, fmt::format(R"({{"followup":{},"level":{},"due_at":{}}})", id, f->escalated + 1, to_millis(f->due_at)));
}

std::vector<std::int64_t> untold_followups(Connection& db, Instant now, int most) {
    Statement find(db, R"sql(
        SELECT f.id FROM followups f WHERE f.state = 'told'
           AND EXISTS (SELECT 1 FROM messages m WHERE m.case_id = f.case_id AND m.purpose = 'told' AND (m.state IN ('cancelled', 'failed', 'expired') OR (m.state = 'held' AND m.stale_at < ?2)))
           AND NOT EXISTS (SELECT 1 FROM followup_steps s WHERE s.followup_id = f.id AND s.state = 'not_told') LIMIT ?1)sql");
    find.bind(1, most).bind(2, now);
    std::vector<std::int64_t> out;
    while (find.step()) out.push_back(find.integer(0));
    return out;
}

void take_back_told(Connection& db, std::int64_t id, Instant due_at, Instant now) {
    Statement back(db, "UPDATE followups SET state = 'reviewed', due_at = ?2 WHERE id = ?1 AND state = 'told'");
    back.bind(1, id).bind(2, due_at).run();
    if (db.changes() == 0) return;
    record_step(db, id, ourselves, "not_told", nullptr, "", now);
    Statement about(db, "SELECT case_id FROM followups WHERE id = ?1");
    about.bind(1, id).step();
    append(db, now, "followup_step", about.integer(0), fmt::format(R"({{"followup":{},"what":"not_told","state":"reviewed","due_at":{}}})", id, to_millis(due_at)));
}

}  // namespace pingjing::store
