#include "daemon/store/appeals.hpp"

#include <fmt/format.h>

#include "daemon/store/ratings.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

// A note about a call whose texts are erased already would outlive them: it is not kept.
std::int64_t record_appeal_step(Connection& db, std::int64_t appeal, std::string_view who, std::string_view step, const Seal* seal, std::string_view note, Instant now) {
    auto id = db.next_id("appeal_steps");
    Statement erased(db, "SELECT 1 FROM appeals a JOIN cases c ON c.id = a.case_id WHERE a.id = ?1 AND c.erased_at IS NOT NULL");
    bool keeps = seal && !note.empty() && !erased.bind(1, appeal).step();
    Statement add(db, "INSERT INTO appeal_steps(id, appeal_id, at, who, step, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    add.bind(1, id).bind(2, appeal).bind(3, now).bind(4, who).bind(5, step);
    add.bind_maybe_blob(6, keeps ? std::optional(seal->seal(note, appeal_note_context(id))) : std::nullopt).run();
    return id;
}

std::optional<std::string> name_of_state(std::optional<AppealState> state) { return state ? std::optional(std::string(appeal_state_name(*state))) : std::nullopt; }

constexpr const char appeals_sql[] = R"sql(
    SELECT a.id, a.case_id, c.record, c.unit, a.filed_at, a.due_at, a.filed_by, a.badge, a.unit, a.ground, CASE WHEN w.at IS NULL THEN a.state ELSE 'withdrawn' END, a.proposed, a.proposed_by,
           a.decided_by, a.decided_at, a.rating_id, a.escalated FROM appeals a JOIN cases c ON c.id = a.case_id LEFT JOIN appeal_withdrawals w ON w.appeal_id = a.id )sql";

// False: somebody has moved it since it was read.
bool mark_withdrawn(Connection& db, const Appeal& before, const AppealMove& move, Instant now) {
    Statement mark(db, R"sql(
        INSERT INTO appeal_withdrawals(appeal_id, at, who) SELECT id, ?2, ?3 FROM appeals WHERE id = ?1 AND state = ?4 AND coalesce(proposed_by, '') = ?5
        ON CONFLICT (appeal_id) DO NOTHING)sql");
    mark.bind(1, before.id).bind(2, now).bind(3, move.who).bind(4, appeal_state_name(before.state)).bind(5, before.proposed_by).run();
    return db.changes() == 1;
}

bool mark_moved(Connection& db, const Appeal& before, const AppealMove& move, Instant now) {
    bool proposes = move.to == AppealState::proposed, decides = is_decided(move.to);
    Statement update(db, R"sql(
        UPDATE appeals SET state = ?2, proposed = ?3, proposed_by = ?4, rating_id = ?5, decided_by = ?6, decided_at = ?7
         WHERE id = ?1 AND state = ?8 AND coalesce(proposed_by, '') = ?9)sql");
    update.bind(1, before.id).bind(2, appeal_state_name(move.to)).bind(3, name_of_state(proposes ? move.proposed : decides ? before.proposed : std::nullopt));
    update.bind(4, proposes ? std::optional(move.who) : decides ? std::optional(before.proposed_by) : std::nullopt);
    update.bind(5, proposes ? before.standing_rating : decides ? before.rating_id : std::nullopt);
    update.bind(6, decides ? std::optional(move.who) : std::nullopt).bind(7, decides ? std::optional(now) : std::nullopt);
    update.bind(8, appeal_state_name(before.state)).bind(9, before.proposed_by).run();
    return db.changes() == 1;
}

Appeal take_appeal(const Statement& row) {
    Appeal a;
    a.id = row.integer(0), a.case_id = row.integer(1), a.record = row.text(2), a.case_unit = row.text(3), a.filed_at = row.instant(4), a.due_at = row.instant(5);
    a.filed_by = row.text(6), a.badge = row.text(7), a.unit = row.text(8), a.ground = row.text(9), a.state = parse_appeal_state(row.text(10)).value();
    if (!row.is_null(11)) a.proposed = parse_appeal_state(row.text(11));
    a.proposed_by = row.text(12), a.decided_by = row.text(13), a.decided_at = row.maybe_instant(14), a.rating_id = row.maybe_integer(15);
    a.escalated = static_cast<int>(row.integer(16));
    return a;
}

}  // namespace

std::string appeal_note_context(std::int64_t step_id) { return fmt::format("appeal_steps:{}", step_id); }

std::optional<AppealedCase> find_case_of(Connection& db, std::string_view record, std::string_view badge, std::string_view unit) {
    Statement find(db, R"sql(
        SELECT c.id, c.record, CASE WHEN c.state = 'closed' THEN c.closed_at END FROM cases c WHERE c.record = ?1
           AND ((?2 <> '' AND (c.officer = ?2 OR c.call_taker = ?2 OR EXISTS (SELECT 1 FROM case_former f WHERE f.case_id = c.id AND f.officer = ?2)
                               OR EXISTS (SELECT 1 FROM ratings r WHERE r.case_id = c.id AND r.officer = ?2)))
             OR (?3 <> '' AND (c.unit = ?3 OR EXISTS (SELECT 1 FROM case_former f WHERE f.case_id = c.id AND f.unit = ?3)
                               OR EXISTS (SELECT 1 FROM ratings r WHERE r.case_id = c.id AND r.unit = ?3)))))sql");
    if (!find.bind(1, record).bind(2, badge).bind(3, unit).step()) return std::nullopt;
    Statement open(db, "SELECT count(*) FROM appeals WHERE decided_at IS NULL AND id NOT IN (SELECT appeal_id FROM appeal_withdrawals) AND badge = ?1 AND unit = ?2");
    open.bind(1, badge).bind(2, unit).step();
    return AppealedCase{find.integer(0), find.text(1), find.maybe_instant(2), open.integer(0)};
}

Result<std::int64_t> file_appeal(Connection& db, const Seal& seal, const NewAppeal& appeal, Instant now) {
    auto id = db.next_id("appeals");
    Statement add(db, R"sql(
        INSERT INTO appeals(id, case_id, filed_at, filed_by, badge, unit, ground, state, due_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'filed', ?8)
        ON CONFLICT (case_id) DO NOTHING)sql");
    add.bind(1, id).bind(2, appeal.case_id).bind(3, now).bind(4, appeal.filed_by).bind(5, appeal.badge).bind(6, appeal.unit).bind(7, appeal.ground).bind(8, appeal.due_at).run();
    if (db.changes() == 0) return fail(Error::Kind::conflict, "a call is appealed once, and this one was");
    record_appeal_step(db, id, appeal.filed_by, "filed", &seal, appeal.note, now);
    append(db, now, "appeal_filed", appeal.case_id, fmt::format(R"({{"appeal":{},"ground":"{}","due_at":{}}})", id, appeal.ground, to_millis(appeal.due_at)));
    return id;
}

std::optional<Appeal> find_appeal(Connection& db, std::int64_t id) {
    Statement find(db, fmt::format("{}WHERE a.id = ?1", appeals_sql));
    if (!find.bind(1, id).step()) return std::nullopt;
    auto appeal = take_appeal(find);
    appeal.parties = find_parties(db, appeal.case_id);
    appeal.filer = find_identity(db, appeal.filed_by);
    appeal.proposer = find_identity(db, appeal.proposed_by);
    if (auto standing = standing_rating(db, appeal.case_id)) appeal.standing_rating = standing->id, appeal.standing_grade = standing->grade;
    return appeal;
}

std::vector<Appeal> list_appeals(Connection& db, const AppealsOf& whose, bool settled_ones_too, int most) {
    std::vector<Appeal> out;
    auto take = [&](std::string_view which) {
        Statement find(db, fmt::format("{}WHERE (?1 = 1 OR (?2 <> '' AND a.badge = ?2) OR (?3 <> '' AND a.unit = ?3)) AND {} LIMIT ?4", appeals_sql, which));
        for (find.bind(1, whose.everybody).bind(2, whose.badge).bind(3, whose.unit).bind(4, most); find.step();) out.push_back(take_appeal(find));
    };
    take("a.decided_at IS NULL AND w.at IS NULL ORDER BY a.due_at, a.id");
    if (settled_ones_too) take("(a.decided_at IS NOT NULL OR w.at IS NOT NULL) ORDER BY a.id DESC");
    return out;
}

Result<void> move_appeal(Connection& db, const Seal& seal, const Appeal& before, const AppealMove& move, Instant now) {
    bool moved = move.to == AppealState::withdrawn ? mark_withdrawn(db, before, move, now) : mark_moved(db, before, move, now);
    if (!moved) return fail(Error::Kind::conflict, "somebody else has just taken a step here; look again");
    auto step = record_appeal_step(db, before.id, move.who, move.step, &seal, move.note, now);
    append(db, now, "appeal_step", before.case_id,
           fmt::format(R"({{"appeal":{},"step":{},"what":"{}","state":"{}"}})", before.id, step, move.step, appeal_state_name(move.to)));
    return {};
}

std::vector<std::int64_t> overdue_appeals(Connection& db, Instant now, int most) {
    Statement find(db, R"sql(
        SELECT id FROM appeals a WHERE decided_at IS NULL AND due_at < ?1 AND coalesce(escalated_due, -1) <> due_at
           AND NOT EXISTS (SELECT 1 FROM appeal_withdrawals w WHERE w.appeal_id = a.id) ORDER BY due_at LIMIT ?2)sql");
    find.bind(1, now).bind(2, most);
    std::vector<std::int64_t> out;
    while (find.step()) out.push_back(find.integer(0));
    return out;
}

void escalate_appeal(Connection& db, std::int64_t id, Instant now) {
    Statement raise(db, "UPDATE appeals SET escalated = escalated + 1, escalated_due = due_at WHERE id = ?1 AND decided_at IS NULL AND id NOT IN (SELECT appeal_id FROM appeal_withdrawals)");
    raise.bind(1, id).run();
    if (db.changes() == 0) return;
    record_appeal_step(db, id, "pingjing", "escalated", nullptr, "", now);
    Statement about(db, "SELECT case_id, escalated, due_at FROM appeals WHERE id = ?1");
    about.bind(1, id).step();
    append(db, now, "appeal_escalated", about.integer(0), fmt::format(R"({{"appeal":{},"level":{},"due_at":{}}})", id, about.integer(1), about.integer(2)));
}

std::map<std::string, TakenOut> count_taken_out(Connection& db, Instant from, Instant to) {
    // The newest of those that stand, as standing_rating() has it.
    Statement count(db, R"sql(
        SELECT r.unit, count(*), sum(coalesce(a.state = 'upheld' AND r.id <= a.rating_id, 0)), sum(a.id IS NOT NULL AND a.decided_at IS NULL AND w.at IS NULL)
          FROM ratings r JOIN cases c ON c.id = r.case_id LEFT JOIN appeals a ON a.case_id = r.case_id LEFT JOIN appeal_withdrawals w ON w.appeal_id = a.id
         WHERE r.at >= ?1 AND r.at < ?2 AND r.effect IN ('first', 'replaces') AND coalesce(c.recoded_after, 0) = 0
           AND (r.method = 'code' OR r.method = 'person'
                OR NOT EXISTS (SELECT 1 FROM reviews v WHERE v.inbound_id = r.inbound_id AND v.kind = 'words' AND v.decision = 'none'))
           AND NOT EXISTS (SELECT 1 FROM ratings n WHERE n.case_id = r.case_id AND n.id > r.id AND n.effect IN ('first', 'replaces')
                              AND (n.method = 'code' OR n.method = 'person'
                                   OR NOT EXISTS (SELECT 1 FROM reviews v WHERE v.inbound_id = n.inbound_id AND v.kind = 'words' AND v.decision = 'none')))
         GROUP BY r.unit)sql");
    count.bind(1, from).bind(2, to);
    std::map<std::string, TakenOut> out;
    while (count.step()) out[count.text(0)] = {count.integer(1), count.integer(2), count.integer(3)};
    return out;
}

}  // namespace pingjing::store
