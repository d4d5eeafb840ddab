#include "daemon/store/cases.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include "daemon/core/message.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

std::optional<std::string_view> name_of(std::optional<Code> code) { return code ? std::optional(code_name(*code)) : std::nullopt; }

RecordedCase write_row(Connection& db, const Seal& seal, const std::optional<KnownCase>& known, const ClosedCall& call, const Verdict& verdict,
                       Instant now) {
    auto keep = [&](const std::optional<Phone>& phone, const std::string& key, const std::string& sealed) {
        return phone ? std::optional(key.empty() ? keep_phone(db, seal, *phone, now) : keep_phone(db, seal, *phone, key, sealed, now)) : std::nullopt;
    };
    RecordedCase row{known ? known->id : db.next_id("cases"), keep(call.calling, call.keys.calling, call.keys.sealed_calling), keep(call.contact, call.keys.contact, {}), !known};
    auto content_key = call.keys.content.empty() ? seal.keyed_hash(call.content.reveal()) : call.keys.content;
    auto* lead = call.lead();
    Statement write(db, R"sql(
        INSERT INTO cases(id, record, version, content_key, state, unit, category, source, linked_to, language, phone_id, contact_id,
                          officer, officer_role, call_taker, reported_at, closed_at, received_at, changed_at, code, kind, safety, flags)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?18, ?19, ?20, ?21, ?22)
        ON CONFLICT (id) DO UPDATE SET version = coalesce(excluded.version, cases.version), content_key = excluded.content_key, state = excluded.state,
            unit = excluded.unit, category = excluded.category, source = excluded.source, linked_to = excluded.linked_to,
            language = excluded.language, phone_id = excluded.phone_id, contact_id = excluded.contact_id, officer = excluded.officer,
            officer_role = excluded.officer_role, call_taker = excluded.call_taker, reported_at = excluded.reported_at,
            closed_at = excluded.closed_at, changed_at = excluded.changed_at, code = excluded.code,
            kind = CASE WHEN excluded.code IS NULL AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.case_id = cases.id AND m.purpose = 'survey' AND m.state NOT IN ('due', 'held', 'cancelled'))
                        THEN excluded.kind ELSE cases.kind END,
            flags = excluded.flags, safety = max(cases.safety, excluded.safety), erased_at = NULL)sql");
    write.bind(1, row.id).bind(2, call.id).bind(3, call.version).lend_blob(4, content_key);
    write.bind(5, case_state_name(call.state)).bind(6, call.unit).bind(7, call.category).bind(8, call.source).bind(9, call.linked_to);
    write.bind(10, call.language).bind(11, row.phone_id).bind(12, row.contact_id);
    write.bind(13, lead ? std::optional(lead->badge) : std::nullopt).bind(14, lead ? std::optional(lead->role) : std::nullopt);
    write.bind(15, call.call_taker).bind(16, call.reported_at).bind(17, call.closed_at).bind(18, now);
    write.bind(19, name_of(verdict.code)).bind(20, verdict.kind).bind(21, verdict.safety).bind(22, verdict.flags).run();
    return row;
}

// Whom the case named until now, where this version names somebody else.
void keep_former(Connection& db, std::int64_t id, const ClosedCall& call, Instant now) {
    auto* lead = call.lead();
    Statement keep(db, R"sql(
        INSERT INTO case_former(id, case_id, until, officer, unit)
        SELECT ?1, id, ?3, officer, unit FROM cases WHERE id = ?2 AND (officer IS NOT ?4 OR unit <> ?5))sql");
    keep.bind(1, db.next_id("case_former")).bind(2, id).bind(3, now).bind(4, lead ? std::optional(lead->badge) : std::nullopt).bind(5, call.unit).run();
}

void add_survey(Connection& db, Random& random, std::int64_t case_id, std::int64_t phone_id, bool held, Instant due_at, Instant stale_at, Instant now) {
    Statement add(db, R"sql(
        INSERT INTO messages(id, ref, case_id, purpose, template, priority, state, code, phone_id, made_at, due_at, stale_at)
        VALUES (?1, ?2, ?3, 'survey', 'survey', ?4, ?9, ?10, ?5, ?6, ?7, ?8))sql");
    add.bind(1, db.next_id("messages")).bind(2, random.word(20, now)).bind(3, case_id).bind(4, priority(Purpose::survey)).bind(5, phone_id);
    add.bind(6, now).bind(7, due_at).bind(8, stale_at).bind(9, held ? "held" : "due").bind(10, held ? std::optional("restored") : std::nullopt).run();
}

// Only what no carrier can ever have had: also one that refuses and then reports on it has it. And never what a person called off:
// no later version of the record knows why.
bool plan_again(Connection& db, std::int64_t message, std::int64_t phone_id, bool held, Instant due_at, Instant stale_at) {
    Statement again(db, R"sql(
        UPDATE messages SET state = 'due', code = NULL, phone_id = ?2, due_at = ?3, stale_at = ?4, settled_at = NULL, route = -1
         WHERE id = ?1 AND state = 'cancelled' AND code IS NOT 'cancelled' AND evidence IS NULL AND NOT EXISTS (
               SELECT 1 FROM attempts a WHERE a.message_id = messages.id AND (a.outcome = 'accepted' OR a.outcome = 'ambiguous' OR a.outcome = 'partial'))
           AND NOT EXISTS (SELECT 1 FROM receipts r WHERE r.message_id = messages.id AND r.state IN ('delivered', 'buffered')))sql");
    again.bind(1, message).bind(2, phone_id).bind(3, due_at).bind(4, stale_at).run();
    if (db.changes() == 0) return false;
    if (held) {
        Statement hold(db, "UPDATE messages SET state = 'held', code = 'restored' WHERE id = ?1");
        hold.bind(1, message).run();
    }
    return true;
}

}  // namespace

std::optional<KnownCase> find_case(Connection& db, std::string_view record) {
    Statement find(db, "SELECT id, version, content_key, source FROM cases WHERE record = ?1");
    if (!find.bind(1, record).step()) return std::nullopt;
    return KnownCase{find.integer(0), find.maybe_integer(1), find.text(2), find.text(3)};
}

void make_keys(const Seal& seal, ClosedCall& call) {
    if (call.calling) call.keys.calling = seal.phone_key(*call.calling), call.keys.sealed_calling = seal_phone(seal, *call.calling, call.keys.calling);
    if (call.contact) call.keys.contact = seal.phone_key(*call.contact);
    call.keys.content = seal.keyed_hash(call.content.reveal());
}

void raise_version(Connection& db, std::int64_t case_id, std::int64_t version, Instant now) {
    Statement raise(db, "UPDATE cases SET version = ?2 WHERE id = ?1");
    raise.bind(1, case_id).bind(2, version).run();
    append(db, now, "version", case_id, fmt::format(R"({{"version":{}}})", version));
}

bool is_called_off(Connection& db, std::int64_t case_id) {
    Statement find(db, R"sql(
        SELECT 1 WHERE EXISTS (SELECT 1 FROM messages WHERE case_id = ?1 AND purpose = 'survey' AND state = 'cancelled' AND code = 'cancelled')
            OR EXISTS (SELECT 1 FROM decisions WHERE case_id = ?1 AND stage = 'operator' AND code = 'cancelled'))sql");
    return find.bind(1, case_id).step();
}

RecordedCase record_case(Connection& db, const Seal& seal, const std::optional<KnownCase>& known, const ClosedCall& call,
                         const Verdict& verdict, std::string_view outcome, Instant now) {
    if (known) keep_former(db, known->id, call, now);
    auto row = write_row(db, seal, known, call, verdict, now);
    auto id = row.id;

    std::int64_t number = 1;
    if (known) {
        Statement last(db, "SELECT coalesce(max(number), 0) FROM case_versions WHERE case_id = ?1");
        last.bind(1, id).step();
        number = last.integer(0) + 1;
    }
    Statement version(db, "INSERT INTO case_versions(case_id, number, version, at, outcome, code, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    version.bind(1, id).bind(2, number).bind(3, call.version).bind(4, now).bind(5, outcome).bind(6, name_of(verdict.code));
    version.bind_blob(7, seal.seal(call.content.reveal(), fmt::format(FMT_COMPILE("case_versions:{}:{}"), id, number))).run();

    if (known) {
        Statement clear(db, "DELETE FROM case_officers WHERE case_id = ?1");
        clear.bind(1, id).run();
    }
    for (std::size_t i = 0; i < call.officers.size(); ++i) {
        Statement add(db, "INSERT INTO case_officers(case_id, position, badge, role) VALUES (?1, ?2, ?3, ?4)");
        add.bind(1, id).bind(2, static_cast<std::int64_t>(i)).bind(3, call.officers[i].badge).bind(4, call.officers[i].role).run();
    }

    record_decision(db, id, "intake", outcome, verdict, now);
    append(db, now, "case", id, fmt::format(FMT_COMPILE(R"({{"outcome":"{}","code":"{}","rules":"{}"}})"), outcome,
                                            name_of(verdict.code).value_or(""), verdict.rules_sha256));
    return row;
}

StoredCase load_case(Connection& db, std::int64_t id) {
    Statement find(db, "SELECT record, unit, category, linked_to, flags, phone_id, state, reported_at, closed_at, language, source, officer FROM cases WHERE id = ?1");
    if (!find.bind(1, id).step()) throw SqlError(0, fmt::format("case {} is gone", id));
    StoredCase c;
    c.id = id;
    c.record = find.text(0), c.unit = find.text(1), c.category = find.text(2), c.linked_to = find.text(3), c.flags = find.text(4);
    c.phone_id = find.integer(5);
    c.state = parse_case_state(find.text(6)).value_or(CaseState::open);
    c.reported_at = find.instant(7), c.closed_at = find.maybe_instant(8);
    c.language = find.text(9);
    c.source = find.text(10), c.attended = !find.is_null(11);
    return c;
}

void record_decision(Connection& db, std::int64_t case_id, std::string_view stage, std::string_view outcome, const Verdict& verdict, Instant now) {
    Statement decision(db, "INSERT INTO decisions(id, case_id, at, stage, outcome, code, rule, rules_sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    decision.bind(1, db.next_id("decisions")).bind(2, case_id).bind(3, now).bind(4, stage).bind(5, outcome).bind(6, name_of(verdict.code));
    decision.bind(7, verdict.rule).bind(8, verdict.rules_sha256).run();
}

namespace {

PhoneStanding standing_since(Connection& db, std::int64_t phone_id, std::int64_t except_case, Instant since) {
    Statement find(db, R"sql(
        SELECT EXISTS (SELECT 1 FROM cases WHERE phone_id = ?1 AND id <> ?2 AND received_at >= ?3 AND safety = 1)
            OR EXISTS (SELECT 1 FROM cases WHERE contact_id = ?1 AND id <> ?2 AND received_at >= ?3 AND safety = 1)
            OR EXISTS (SELECT 1 FROM alarms a JOIN inbound i ON i.id = a.inbound_id WHERE a.do_not_contact = 1 AND a.at >= ?3 AND i.phone_id = ?1)
            -- his cry may be folded with others' into one alarm: see keep_quarantined
            OR EXISTS (SELECT 1 FROM inbound m JOIN inbound i ON i.channel = m.channel AND i.key = rtrim(rtrim(m.key, '0123456789'), '/')
                         JOIN alarms a ON a.inbound_id = i.id
                        WHERE m.phone_id = ?1 AND m.class = 'quarantined' AND a.do_not_contact = 1 AND a.at >= ?3),
               (SELECT action = 'out' FROM opt_outs WHERE phone_id = ?1 ORDER BY id DESC LIMIT 1))sql");
    find.bind(1, phone_id).bind(2, except_case).bind(3, since).step();
    return {find.integer(0) == 1, find.integer(1) == 1};
}

}  // namespace

PhoneStanding standing_of(Connection& db, std::int64_t phone_id, std::int64_t except_case, Instant since) {
    auto ever = standing_since(db, phone_id, except_case, Instant{});
    if (!ever.safety_hold) return ever;  // nearly always
    auto lately = standing_since(db, phone_id, except_case, since);
    return lately.safety_hold || is_clock_held(db) ? ever : lately;
}

bool has_safety_hold(Connection& db, std::int64_t phone_id, std::int64_t except_case, Instant since) { return standing_of(db, phone_id, except_case, since).safety_hold; }

std::vector<Instant> survey_times(Connection& db, std::int64_t phone_id, std::int64_t except_case, Instant since) {
    Statement find(db, R"sql(
        SELECT coalesce(claimed_at, due_at) FROM messages
         WHERE phone_id = ?1 AND purpose = 'survey' AND state <> 'cancelled' AND case_id <> ?2 AND coalesce(claimed_at, due_at) >= ?3)sql");
    find.bind(1, phone_id).bind(2, except_case).bind(3, since);
    std::vector<Instant> times;
    while (find.step()) times.push_back(find.instant(0));
    return times;
}

Instant no_send_before(Connection& db) {
    Statement find(db, "SELECT value FROM meta WHERE key = 'no_send_before'");
    return find.step() ? from_millis(std::stoll(find.text(0))) : Instant{};
}

bool was_texted_unknown(Connection& db, std::int64_t phone_id) {
    Statement find(db, "SELECT 1 FROM sent_unknown WHERE phone_key = (SELECT key FROM phones WHERE id = ?1) LIMIT 1");
    return find.bind(1, phone_id).step();
}

namespace {

// What may have been asked before the store was restored. Closed since, but reported before: asked, opened again and closed again,
// if a text went out to that number of which this store knows nothing.
bool is_held_by_restore(Connection& db, std::int64_t case_id, std::int64_t phone_id, Instant closed_at) {
    auto restored_at = no_send_before(db);
    if (restored_at == Instant{}) return false;
    if (closed_at < restored_at) return true;
    Statement find(db, "SELECT 1 FROM cases WHERE id = ?1 AND reported_at < ?2");
    return find.bind(1, case_id).bind(2, restored_at).step() && was_texted_unknown(db, phone_id);
}

}  // namespace

void plan_first_survey(Connection& db, Random& random, std::int64_t case_id, std::int64_t phone_id, Instant closed_at, Instant due_at, Instant stale_at, Instant now) {
    add_survey(db, random, case_id, phone_id, is_held_by_restore(db, case_id, phone_id, closed_at), due_at, stale_at, now);
    append(db, now, "planned", case_id, fmt::format(FMT_COMPILE(R"({{"due_at":{}}})"), to_millis(due_at)));
}

Result<void> plan_survey(Connection& db, Random& random, std::int64_t case_id, std::int64_t phone_id, Instant closed_at, Instant due_at,
                         Instant stale_at, Instant now) {
    Statement find(db, "SELECT id, state, code FROM messages WHERE case_id = ?1 AND purpose = 'survey'");
    if (!find.bind(1, case_id).step()) {
        plan_first_survey(db, random, case_id, phone_id, closed_at, due_at, stale_at, now);
        return {};
    }
    bool held = is_held_by_restore(db, case_id, phone_id, closed_at);
    auto message = find.integer(0);
    auto state = find.text(1);
    if (state == "cancelled") {
        if (plan_again(db, message, phone_id, held, due_at, stale_at)) {
            append(db, now, "planned", case_id, fmt::format(R"({{"due_at":{}}})", to_millis(due_at)));
            return {};
        }
        // Called off, and a carrier may have had it before: it is never planned again, and the case keeps the code that says why.
        set_case_code(db, case_id, parse_code(find.text(2)), "", now);
    }
    if (state != "due" && state != "held") return fail(Error::Kind::conflict, fmt::format("case {} was asked already", case_id));
    // A new version may name another number, or another time: what waits follows it, or it would go to somebody else.
    Statement follow(db, R"sql(
        UPDATE messages SET phone_id = ?2, due_at = CASE WHEN attempt = 0 THEN ?3 ELSE due_at END, stale_at = ?4, route = -1, slot = NULL
         WHERE id = ?1 AND (phone_id <> ?2 OR stale_at <> ?4))sql");
    follow.bind(1, message).bind(2, phone_id).bind(3, due_at).bind(4, stale_at).run();
    if (db.changes() > 0) append(db, now, "replanned", case_id, fmt::format(R"({{"due_at":{}}})", to_millis(due_at)));
    return {};
}

int cancel_waiting_of_case(Connection& db, std::int64_t case_id, Code code, Instant now) {
    Statement cancel(db, "UPDATE messages SET state = 'cancelled', code = ?2, settled_at = ?3, open = 0 WHERE case_id = ?1 AND state IN ('due', 'held') AND purpose NOT IN ('emergency', 'opt_out')");
    cancel.bind(1, case_id).bind(2, code_name(code)).bind(3, now).run();
    auto changed = db.changes();
    if (changed > 0) append(db, now, "cancelled", case_id, fmt::format(R"({{"code":"{}"}})", code_name(code)));
    return changed;
}

int cancel_waiting_surveys_to(Connection& db, std::int64_t phone_id, std::int64_t except_case, Code code, Instant now, std::string_view rules_sha256) {
    Statement find(db, "SELECT case_id FROM messages WHERE phone_id = ?1 AND purpose = 'survey' AND state IN ('due', 'held') AND case_id <> ?2 ORDER BY case_id");
    find.bind(1, phone_id).bind(2, except_case);
    std::vector<std::int64_t> cases;
    while (find.step()) cases.push_back(find.integer(0));
    for (auto id : cases) {
        Verdict verdict;
        verdict.code = code, verdict.rules_sha256 = rules_sha256;
        verdict.rule = code == Code::phone_hold ? "another case of this number" : "the owner of this number wants none";
        record_decision(db, id, "waiting", "excluded", verdict, now);
        cancel_waiting_of_case(db, id, code, now);
        Statement mark(db, "UPDATE cases SET code = ?2, changed_at = ?3 WHERE id = ?1");
        mark.bind(1, id).bind(2, code_name(code)).bind(3, now).run();
    }
    return static_cast<int>(cases.size());
}

void mark_recoded_after_sending(Connection& db, std::int64_t case_id, Instant now) {
    Statement mark(db, R"sql(
        UPDATE cases SET recoded_after = 1 WHERE id = ?1 AND recoded_after = 0 AND EXISTS (SELECT 1 FROM messages
         WHERE case_id = ?1 AND purpose = 'survey' AND state NOT IN ('due', 'held', 'cancelled')))sql");
    mark.bind(1, case_id).run();
    if (db.changes() > 0) append(db, now, "recoded_after", case_id, "{}");
}

std::vector<std::int64_t> capped_cases_of(Connection& db, std::int64_t phone_id, Instant closed_since) {
    Statement find(db, "SELECT id FROM cases WHERE phone_id = ?1 AND code = 'capped' AND closed_at >= ?2 ORDER BY closed_at, id");
    find.bind(1, phone_id).bind(2, closed_since);
    std::vector<std::int64_t> ids;
    while (find.step()) ids.push_back(find.integer(0));
    return ids;
}

void set_case_code(Connection& db, std::int64_t case_id, std::optional<Code> code, std::string_view kind, Instant now) {
    Statement set(db, "UPDATE cases SET code = ?2, kind = CASE WHEN ?2 IS NULL THEN ?3 ELSE kind END, changed_at = ?4 WHERE id = ?1");
    set.bind(1, case_id).bind(2, name_of(code)).bind(3, kind).bind(4, now).run();
}

std::int64_t record_batch(Connection& db, std::string_view source, const BatchCounts& c, Instant now) {
    auto id = db.next_id("intake_batches");
    Statement add(db, "INSERT INTO intake_batches(id, at, source, received, accepted, updated, unchanged, rejected, excluded) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    add.bind(1, id).bind(2, now).bind(3, source).bind(4, c.accepted + c.updated + c.unchanged + c.rejected + c.excluded).bind(5, c.accepted);
    add.bind(6, c.updated).bind(7, c.unchanged).bind(8, c.rejected).bind(9, c.excluded).run();
    append(db, now, "batch", std::nullopt,
           fmt::format(R"({{"accepted":{},"updated":{},"unchanged":{},"rejected":{},"excluded":{}}})", c.accepted, c.updated, c.unchanged, c.rejected, c.excluded));
    return id;
}

void record_rejection(Connection& db, std::int64_t batch_id, std::int64_t line, std::string_view field, std::string_view expected) {
    Statement add(db, "INSERT INTO rejections(id, batch_id, line, field, expected) VALUES (?1, ?2, ?3, ?4, ?5)");
    add.bind(1, db.next_id("rejections")).bind(2, batch_id).bind(3, line).bind(4, field).bind(5, expected).run();
}

Strangers count_strangers(Connection& db, const std::set<std::string>& units, const std::set<std::string>& officers, Instant since) {
    Strangers out;
    auto count = [&](const char* sql, const std::set<std::string>& known, std::int64_t& names, std::int64_t& calls) {
        if (known.empty()) return;  // without a list nobody is a stranger
        Statement rows(db, sql);
        for (rows.bind(1, since); rows.step();)
            if (!known.contains(rows.text(0))) ++names, calls += rows.integer(1);
    };
    count("SELECT unit, count(*) FROM cases WHERE closed_at >= ?1 GROUP BY unit", units, out.units, out.calls_of_units);
    count("SELECT officer, count(*) FROM cases WHERE closed_at >= ?1 AND officer IS NOT NULL GROUP BY officer", officers, out.officers, out.calls_of_officers);
    return out;
}

}  // namespace pingjing::store
