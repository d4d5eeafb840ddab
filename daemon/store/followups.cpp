#include "daemon/store/followups.hpp"

#include <fmt/format.h>

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

void record_step(Connection& db, std::int64_t followup, std::string_view state, Instant now) {
    Statement step(db, "INSERT INTO followup_steps(id, followup_id, at, who, state) VALUES (?1, ?2, ?3, 'pingjing', ?4)");
    step.bind(1, db.next_id("followup_steps")).bind(2, followup).bind(3, now).bind(4, state).run();
}

}  // namespace

bool open_followup(Connection& db, std::int64_t case_id, std::optional<std::int64_t> rating_id, bool urgent, bool no_callback, Instant now,
                   Instant due_at) {
    auto facts = fmt::format(R"({{"urgent":{},"no_callback":{},"due_at":{}}})", urgent, no_callback, to_millis(due_at));
    auto id = db.next_id("followups");
    Statement open(db, R"sql(
        INSERT INTO followups(id, case_id, rating_id, opened_at, due_at, state, urgent, no_callback) VALUES (?1, ?2, ?3, ?4, ?5, 'opened', ?6, ?7)
        ON CONFLICT (case_id) DO NOTHING)sql");
    open.bind(1, id).bind(2, case_id).bind(3, rating_id).bind(4, now).bind(5, due_at).bind(6, urgent).bind(7, no_callback).run();
    if (db.changes() == 1) {
        record_step(db, id, "opened", now);
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

}  // namespace pingjing::store
