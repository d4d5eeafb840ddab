#include "daemon/store/followups.hpp"

namespace pingjing::store {
bool open_followup(Connection& db, std::int64_t case_id, std::int64_t rating_id, bool urgent, bool no_callback, Instant now, Instant due_at) {
    Statement add(db, R"sql(INSERT INTO followups(id, case_id, rating_id, opened_at, due_at, state, urgent, no_callback) VALUES (?1, ?2, ?3, ?4, ?5, 'opened', ?6, ?7)
        ON CONFLICT (case_id) DO NOTHING)sql");
    add.bind(1, db.next_id("followups")).bind(2, case_id).bind(3, rating_id).bind(4, now).bind(5, due_at).bind(6, urgent).bind(7, no_callback).run();
    if (db.changes() == 0) return false;
    append(db, now, "followup", case_id, "{}");
    return true;
}
bool note_no_callback(Connection& db, std::int64_t case_id, Instant now) {
    Statement set(db, "UPDATE followups SET no_callback = 1 WHERE case_id = ?1 AND no_callback = 0");
    set.bind(1, case_id).run();
    if (db.changes() == 0) return false;
    append(db, now, "no_callback", case_id, "{}");
    return true;
}
}  // namespace pingjing::store
