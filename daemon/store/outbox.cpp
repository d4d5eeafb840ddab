#include "daemon/store/outbox.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/core/clock_watch.hpp"
#include "daemon/core/receipt_id.hpp"
#include "daemon/store/receipts.hpp"

namespace pingjing::store {
namespace {

// The row of an attempt is written when it has ended: while it has not, its message is `sending` and says as much. A build before this one
// wrote half of it at the claim.
void settle_attempt(Connection& db, const Attempt& a, std::string_view outcome, std::string_view detail, Instant now) {
    Statement settle(db, R"sql(
        INSERT INTO attempts(message_id, attempt, channel, claimed_at, settled_at, outcome, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (message_id, attempt) DO UPDATE SET settled_at = excluded.settled_at, outcome = excluded.outcome, detail = excluded.detail
         WHERE attempts.outcome IS NULL)sql");
    settle.bind(1, a.message).bind(2, a.number).bind(3, a.channel).bind(4, a.claimed_at).bind(5, now).bind(6, outcome).bind(7, detail).run();
}

void note(Connection& db, std::string_view kind, const Attempt& a, std::string_view more, Instant now) {
    append(db, now, kind, a.case_id, fmt::format(FMT_COMPILE(R"({{"ref":"{}","attempt":{}{}}})"), a.ref, a.number, more));
}

// A receipt that came before its submit response waits under the vendor's id, or by our own ref.
// Hardly ever does one wait, and looking for that costs less than two updates that change nothing.
bool any_parked(Connection& db) {
    Statement find(db, "SELECT 1 FROM receipts WHERE step = 'parked' AND received_at > 0 LIMIT 1");
    return find.step();
}
bool wake_parked_as(Connection& db, const Attempt& a, std::string_view vendor_id) {
    Statement wake(db, "UPDATE receipts SET step = 'new' WHERE step = 'parked' AND channel = ?1 AND vendor_id = ?2");
    wake.bind(1, a.channel).bind(2, vendor_id).run();
    return db.changes() > 0;
}
bool wake_parked(Connection& db, const Attempt& a, std::string_view vendor_id) {
    if (wake_parked_as(db, a, vendor_id)) return true;
    bool woke = false;
    for (const auto& spelling : other_spellings(vendor_id)) woke = wake_parked_as(db, a, spelling) || woke;
    return woke;
}
bool wake_parked_by_ref(Connection& db, const Attempt& a) {
    Statement wake(db, "UPDATE receipts SET step = 'new' WHERE step = 'parked' AND message_id = ?1");
    wake.bind(1, a.message).run();
    return db.changes() > 0;
}

// One that came while the message was being sent, with an id that nobody has learned since: now it may be matched by its phone.
bool wake_parked_by_phone(Connection& db, const Attempt& a) {
    Statement wake(db, "UPDATE receipts SET step = 'new' WHERE step = 'parked' AND channel = ?1 AND phone_id = ?2");
    wake.bind(1, a.channel).bind(2, a.phone_id).run();
    return db.changes() > 0;
}

// Ids recur at some carriers: the same one twice is two rows, and whoever looks takes the newest that fits.
// `first`: nothing was ever said of this message, so that none of them can be there.
bool keep_receipt_keys(Connection& db, const Attempt& a, const std::vector<std::string>& vendor_ids, Instant now, bool first = false) {
    // What was in doubt may have brought its ids before.
    constexpr std::string_view plain = "INSERT INTO receipt_keys(id, channel, vendor_id, message_id, part, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    constexpr std::string_view once = R"sql(
            INSERT INTO receipt_keys(id, channel, vendor_id, message_id, part, at) SELECT ?1, ?2, ?3, ?4, ?5, ?6
             WHERE NOT EXISTS (SELECT 1 FROM receipt_keys WHERE channel = ?2 AND vendor_id = ?3 AND at < ?6 AND message_id = ?4))sql";
    int part = first && vendor_ids.size() == 1 ? -1 : 0;  // the only one there will be is number 0, and how far it is the message says
    bool woke = false, parked = any_parked(db);
    for (const auto& id : vendor_ids) {
        Statement add(db, first ? plain : once);
        add.bind(1, db.next_id("receipt_keys")).bind(2, a.channel).bind(3, id).bind(4, a.message).bind(5, ++part).bind(6, now).run();
        if (parked) woke = wake_parked(db, a, id) || woke;
    }
    return (parked && wake_parked_by_ref(db, a)) || woke;
}

// A carrier took it and gave it no id. Found by its message; no report brings such a key, and as a part it is settled.
void keep_nameless(Connection& db, const Attempt& a, Instant now) {
    Statement add(db, "INSERT INTO receipt_keys(id, channel, vendor_id, message_id, part, at, state) VALUES (?1, ?2, '', ?3, 1, ?4, 'delivered')");
    add.bind(1, db.next_id("receipt_keys")).bind(2, a.channel).bind(3, a.message).bind(4, now).run();
}

// An answer can be faster than the carrier's response, and proves more.
void lift_if_answered(Connection& db, const Attempt& a, Instant now) {
    if (!a.survey) return;
    Statement answered(db, "SELECT 1 FROM inbound WHERE case_id = ?1 AND received_at >= ?2 LIMIT 1");
    if (!answered.bind(1, a.case_id).bind(2, a.claimed_at).step()) return;
    Statement lift(db, R"sql(
        UPDATE messages SET state = 'delivered', settled_at = ?2, evidence = 'reply'
         WHERE id = ?1 AND (state = 'accepted' OR state = 'in_doubt' OR state = 'failed'))sql");
    lift.bind(1, a.message).bind(2, now).run();
    if (db.changes() > 0) append(db, now, "delivered", a.case_id, fmt::format(R"({{"ref":"{}","evidence":"reply"}})", a.ref));
}

// Since it was given to the carrier a report came that it or a part of it has arrived or is on its way, or one for its phone under an
// id nobody knows, or its citizen wrote.
// By a clock that was set in between nobody knows whether it was since: then what ever came counts.
bool may_have_arrived(Connection& db, const Attempt& a) {
    Statement find(db, R"sql(
        SELECT 1 FROM messages m WHERE m.id = ?1 AND (m.state = 'sending' OR m.state = 'in_doubt') AND m.attempt = ?2 AND (
               EXISTS (SELECT 1 FROM receipts r WHERE r.message_id = m.id AND r.state IN ('delivered', 'buffered') AND (?3 OR r.received_at >= m.claimed_at))
            OR EXISTS (SELECT 1 FROM receipts r WHERE r.step = 'parked' AND r.message_id IS NULL AND r.channel = m.channel AND r.phone_id = m.phone_id
                          AND r.state IN ('delivered', 'buffered') AND (?3 OR r.received_at >= m.claimed_at))
            OR EXISTS (SELECT 1 FROM receipts r WHERE r.step = 'new' AND r.state IN ('delivered', 'buffered') AND (r.ref = m.ref OR r.phone_id = m.phone_id)
                          AND (?3 OR r.received_at >= m.claimed_at))
            OR (m.purpose = 'survey' AND EXISTS (SELECT 1 FROM inbound i WHERE i.phone_id = m.phone_id AND (?3 OR i.received_at >= m.claimed_at)))))sql");
    return find.bind(1, a.message).bind(2, a.number).bind(3, is_clock_held(db)).step();
}

// Of an UPDATE whose WHERE names `sending` and this attempt: did the row still stand there?
bool moved(Connection& db, Statement& update, const Attempt& a) {
    update.bind(1, a.message).bind(2, a.number).run();
    return db.changes() > 0;
}

Settled due_again(Connection& db, const Attempt& a, std::string_view outcome, std::string_view detail, Instant due_at, Instant now) {
    settle_attempt(db, a, outcome, detail, now);
    // Nothing of it is with anybody: the slot stays with the case, but there is nothing to answer.
    Statement move(db, "UPDATE OR FAIL messages SET state = 'due', due_at = ?3, open = 0, answer_until = NULL WHERE id = ?1 AND attempt = ?2 AND state = 'sending'");
    move.bind(3, due_at);
    if (!moved(db, move, a)) return {};
    note(db, "refused", a, fmt::format(R"(,"outcome":"{}")", outcome), now);
    return {true, false};
}

}  // namespace

std::string message_text_context(std::string_view ref) { return fmt::format(FMT_COMPILE("messages.text:{}"), ref); }

std::int64_t plan_message(Connection& db, Random& random, const NewMessage& m, Instant now) {
    auto id = db.next_id("messages");
    Statement add(db, R"sql(
        INSERT INTO messages(id, ref, case_id, inbound_id, purpose, template, priority, state, phone_id, channel, slot, made_at, due_at, stale_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'due', ?8, ?9, ?13, ?10, ?11, ?12))sql");
    add.bind(1, id).bind(2, random.word(20, now)).bind(3, m.case_id).bind(4, m.inbound_id).bind(5, purpose_name(m.purpose)).bind(6, m.text_name);
    add.bind(7, priority(m.purpose)).bind(8, m.phone_id).bind(9, m.channel.empty() ? std::nullopt : std::optional(m.channel));
    add.bind(10, now).bind(11, m.due_at).bind(12, m.stale_at).bind(13, m.slot).run();
    append(db, now, "planned", m.case_id, fmt::format(R"({{"purpose":"{}","due_at":{}}})", purpose_name(m.purpose), to_millis(m.due_at)));
    return id;
}

namespace {

constexpr std::string_view due_rows = R"sql(
        SELECT m.id, m.ref, m.template, m.phone_id, m.channel, m.case_id, m.slot, m.purpose, m.due_at, m.stale_at, m.attempt, m.route, a.outcome, p.key, p.sealed
          FROM messages m LEFT JOIN phones p ON p.id = m.phone_id LEFT JOIN attempts a ON a.message_id = m.id AND a.attempt = m.attempt
         WHERE m.state = 'due' AND )sql";

DueRow read_due(const Statement& find) {
    DueRow row;
    row.id = find.integer(0), row.ref = find.text(1), row.text_name = find.text(2), row.phone_id = find.integer(3), row.channel = find.text(4);
    row.case_id = find.maybe_integer(5), row.slot = find.maybe_integer(6), row.purpose = parse_purpose(find.text(7)).value();
    row.due_at = find.instant(8), row.stale_at = find.instant(9), row.attempt = static_cast<int>(find.integer(10));
    row.route = static_cast<int>(find.integer(11)), row.refused = find.text(12), row.phone_key = find.text(13), row.sealed_phone = find.text(14);
    return row;
}

}  // namespace

std::vector<DueRow> find_due(Connection& db, int route, int priority, Instant now, int limit) {
    static const auto sql = std::string(due_rows) + "m.route = ?1 AND m.priority = ?2 AND m.due_at <= ?3 ORDER BY m.due_at, m.id LIMIT ?4";
    Statement find(db, sql);
    find.bind(1, route).bind(2, priority).bind(3, now).bind(4, limit);
    std::vector<DueRow> rows;
    while (find.step()) rows.push_back(read_due(find));
    return rows;
}

std::vector<DueRow> find_stale(Connection& db, Instant now, int limit) {
    static const auto sql = std::string(due_rows) + "m.priority = 2 AND m.stale_at < ?1 ORDER BY m.stale_at LIMIT ?2";
    Statement find(db, sql);
    find.bind(1, now).bind(2, limit);
    std::vector<DueRow> rows;
    while (find.step()) rows.push_back(read_due(find));
    return rows;
}

std::optional<Instant> find_next_due(Connection& db, int route, int priority) {
    Statement find(db, "SELECT due_at FROM messages WHERE state = 'due' AND route = ?1 AND priority = ?2 ORDER BY due_at LIMIT 1");
    return find.bind(1, route).bind(2, priority).step() ? std::optional(find.instant(0)) : std::nullopt;
}

void set_route(Connection& db, std::int64_t id, int route) {
    Statement set(db, "UPDATE messages SET route = ?2 WHERE id = ?1 AND state = 'due'");
    set.bind(1, id).bind(2, route).run();
}

void forget_routes(Connection& db, Instant now) {
    db.exec("UPDATE messages SET route = -1 WHERE state = 'due' AND route <> -1");
    // Numbers that no route matched: perhaps one does now. Otherwise they are held again.
    db.exec("UPDATE messages SET state = 'due', code = NULL, route = -1 WHERE state = 'held' AND code = 'no_route'");
    if (db.changes() > 0) append(db, now, "routes", std::nullopt, fmt::format(R"({{"due_again":{}}})", db.changes()));
}

std::vector<HeldFor> read_held(Connection& db) {
    std::vector<HeldFor> all;
    Statement read(db, "SELECT coalesce(code, ''), count(*) FROM messages WHERE state = 'held' GROUP BY code ORDER BY code");
    while (read.step()) all.push_back({read.text(0), read.integer(1)});
    return all;
}

void postpone(Connection& db, std::int64_t id, Instant until) {
    Statement set(db, "UPDATE messages SET due_at = ?2 WHERE id = ?1 AND state = 'due'");
    set.bind(1, id).bind(2, until).run();
}

void cancel_due(Connection& db, const DueRow& row, Code code, Instant now) {
    Statement cancel(db, "UPDATE messages SET state = 'cancelled', code = ?2, settled_at = ?3, open = 0 WHERE id = ?1 AND state = 'due'");
    cancel.bind(1, row.id).bind(2, code_name(code)).bind(3, now).run();
    if (db.changes() == 0) return;
    append(db, now, "cancelled", row.case_id, fmt::format(R"({{"ref":"{}","code":"{}"}})", row.ref, code_name(code)));
    if (row.purpose != Purpose::survey) return;
    Statement mark(db, "UPDATE cases SET code = ?2, changed_at = ?3 WHERE id = ?1");
    mark.bind(1, row.case_id).bind(2, code_name(code)).bind(3, now).run();
}

void move_due_to(Connection& db, const DueRow& row, std::int64_t phone_id, Instant now) {
    Statement move(db, "UPDATE messages SET phone_id = ?2, route = -1, slot = NULL WHERE id = ?1 AND state = 'due'");
    move.bind(1, row.id).bind(2, phone_id).run();
    if (db.changes() > 0) append(db, now, "replanned", row.case_id, fmt::format(R"({{"ref":"{}"}})", row.ref));
}

void hold_due(Connection& db, const DueRow& row, std::string_view why, Instant now) {
    Statement hold(db, "UPDATE messages SET state = 'held', code = ?2 WHERE id = ?1 AND state = 'due'");
    hold.bind(1, row.id).bind(2, why).run();
    if (db.changes() == 0) return;
    append(db, now, "held", row.case_id, fmt::format(R"({{"ref":"{}","why":"{}"}})", row.ref, why));
}

std::string proven_channel(Connection& db, std::int64_t phone_id) {
    // Where a reply is the evidence, it speaks for its own channel.
    Statement arrived(db, "SELECT channel, settled_at FROM messages WHERE phone_id = ?1 AND state = 'delivered' AND evidence <> 'reply' ORDER BY id DESC LIMIT 1");
    Statement wrote(db, "SELECT channel, received_at FROM inbound WHERE phone_id = ?1 ORDER BY id DESC LIMIT 1");
    bool has_arrived = arrived.bind(1, phone_id).step(), has_written = wrote.bind(1, phone_id).step();
    if (has_written && (!has_arrived || wrote.instant(1) > arrived.instant(1))) return wrote.text(0);
    return has_arrived ? arrived.text(0) : std::string();
}

OtherTexts other_texts(Connection& db, std::int64_t phone_id, std::int64_t except_message) {
    Statement find(db, "SELECT state, purpose, claimed_at FROM messages WHERE phone_id = ?1 AND id <> ?2");
    OtherTexts out;
    for (find.bind(1, phone_id).bind(2, except_message); find.step();) {
        auto state = find.view(0);
        if (state == "sending" || state == "in_doubt") out.unsettled = std::max(out.unsettled.value_or(find.instant(2)), find.instant(2));
        if (find.view(1) == "survey" && state != "due" && state != "held" && state != "cancelled" && !find.is_null(2)) out.surveys.push_back(find.instant(2));
    }
    return out;
}

namespace {

struct TakenSlot {
    int number = 0;
    std::int64_t case_id = 0;
    Instant taken_at{}, free_at{};
    bool open = false, of_a_survey = false;
};

std::vector<TakenSlot> slots_of(Connection& db, std::int64_t phone_id) {
    Statement find(db, R"sql(
        SELECT s.slot, s.case_id, s.taken_at, coalesce(m.answer_until, s.free_at), m.open
          FROM slots s LEFT JOIN messages m ON m.case_id = s.case_id AND m.purpose = 'survey' WHERE s.phone_id = ?1)sql");
    std::vector<TakenSlot> all;
    for (find.bind(1, phone_id); find.step();)
        all.push_back({static_cast<int>(find.integer(0)), find.integer(1), find.instant(2), find.instant(3), find.integer(4) == 1, !find.is_null(4)});
    std::ranges::sort(all, {}, [](const TakenSlot& s) { return std::pair(s.taken_at, s.number); });
    return all;
}

}  // namespace

Slot take_slot(Connection& db, std::int64_t phone_id, std::int64_t case_id, int slots, Millis rest, Instant now) {
    const auto used = slots_of(db, phone_id);
    for (const auto& s : used)
        if (s.case_id == case_id && s.number < slots) return {s.number, {}};
    // One slot is the bare number: it is free as soon as its survey is over, for its texts are told apart by nothing else anyway.
    auto free_rest = slots > 1 ? rest : Millis(0);
    std::vector<bool> taken(static_cast<std::size_t>(slots), false);
    std::optional<int> rested;
    Slot answer;
    for (const auto& s : used) {
        if (s.number >= slots || !s.of_a_survey) continue;  // of a time with more digits
        taken[static_cast<std::size_t>(s.number)] = true;
        auto free_at = s.free_at + free_rest;
        if (!s.open && free_at <= now) {
            if (!rested) rested = s.number;
        } else if (!answer.free_at || free_at < *answer.free_at) {
            answer.free_at = free_at;
        }
    }
    for (std::size_t s = 0; s < taken.size() && !answer.number; ++s)
        if (!taken[s]) answer.number = static_cast<int>(s);
    if (!answer.number) answer.number = rested;
    if (!answer.number) return answer;
    Statement take(db, R"sql(
        INSERT INTO slots(phone_id, slot, case_id, taken_at, free_at) VALUES (?1, ?2, ?3, ?4, ?4)
        ON CONFLICT (phone_id, slot) DO UPDATE SET case_id = excluded.case_id, taken_at = excluded.taken_at, free_at = excluded.free_at)sql");
    take.bind(1, phone_id).bind(2, *answer.number).bind(3, case_id).bind(4, now).run();
    return answer;
}

// Of nearly all surveys there is nothing to keep: they ask on the scale of the 110 call.
static void keep_scale(Connection& db, const DueRow& row, Scale scale) {
    if (scale == Scale::three_110) {
        if (row.attempt == 0) return;
        Statement none(db, "DELETE FROM survey_scales WHERE message_id = ?1");
        none.bind(1, row.id).run();
        return;
    }
    Statement keep(db, "INSERT INTO survey_scales(message_id, scale) VALUES (?1, ?2) ON CONFLICT (message_id) DO UPDATE SET scale = excluded.scale");
    keep.bind(1, row.id).bind(2, scale_name(scale)).run();
}

Attempt claim(Connection& db, const DueRow& row, const ClaimFacts& facts, Instant now) {
    Attempt a{row.id, row.attempt + 1, row.ref, row.phone_id, facts.channel, row.case_id, row.purpose == Purpose::survey, now};
    Statement move(db, R"sql(
        UPDATE OR FAIL messages SET state = 'sending', attempt = ?2, channel = ?3, template = ?4, text = ?5, parts = ?6, slot = ?7, open = ?8, claimed_at = ?9,
               answer_until = ?10, code = NULL
         WHERE id = ?1 AND state = 'due' AND attempt = ?11)sql");
    move.bind(1, row.id).bind(2, a.number).bind(3, facts.channel).bind(4, facts.text_name).bind_blob(5, facts.sealed_text).bind(6, facts.parts);
    move.bind(7, facts.slot).bind(8, a.survey).bind(9, now).bind(10, a.survey ? std::optional(facts.answer_until) : std::nullopt).bind(11, row.attempt).run();
    if (db.changes() != 1) throw SqlError(0, fmt::format("message {} is no longer due", row.id));
    if (a.survey) keep_scale(db, row, facts.scale);
    note(db, "sending", a, fmt::format(FMT_COMPILE(R"(,"channel":"{}")"), facts.channel), now);
    return a;
}

Settled record_accepted(Connection& db, const Attempt& a, const std::vector<std::string>& vendor_ids, Instant now, Instant answer_until) {
    settle_attempt(db, a, "accepted", "", now);
    Statement move(db, R"sql(
        UPDATE OR FAIL messages SET state = 'accepted', accepted_at = ?3, answer_until = CASE WHEN purpose = 'survey' THEN ?4 END
         WHERE id = ?1 AND attempt = ?2 AND state = 'sending')sql");
    move.bind(3, now).bind(4, answer_until);
    bool has_moved = moved(db, move, a);
    bool woke = keep_receipt_keys(db, a, vendor_ids, now, has_moved && a.number == 1);
    if (vendor_ids.empty() && any_parked(db)) woke = wake_parked_by_phone(db, a) || woke;
    if (!has_moved) return {false, woke};
    if (vendor_ids.empty()) keep_nameless(db, a, now);
    note(db, "accepted", a, "", now);
    lift_if_answered(db, a, now);
    return {true, woke};
}

Settled record_again(Connection& db, const Attempt& a, std::string_view outcome, std::string_view detail, Instant due_at, Instant now) {
    // A refusal proves nothing where something already says the opposite: sent again, it would be the second text.
    if (may_have_arrived(db, a)) return {false, record_in_doubt(db, a, outcome, detail, now).woke};
    return due_again(db, a, outcome, detail, due_at, now);
}

Settled record_failed(Connection& db, const Attempt& a, std::string_view outcome, std::string_view detail, std::string_view code,
                   const std::vector<std::string>& vendor_ids, Instant now) {
    settle_attempt(db, a, outcome, detail, now);
    bool woke = keep_receipt_keys(db, a, vendor_ids, now);
    // Where a part of it was taken it may be on a phone: such a survey stays open for an answer.
    Statement move(db, R"sql(
        UPDATE messages SET state = 'failed', settled_at = ?3, code = ?4, open = CASE WHEN ?5 THEN open ELSE 0 END
         WHERE id = ?1 AND attempt = ?2 AND state = 'sending')sql");
    move.bind(3, now).bind(4, code).bind(5, !vendor_ids.empty());
    if (!moved(db, move, a)) return {false, woke};
    note(db, "failed", a, fmt::format(R"(,"code":"{}")", code), now);
    lift_if_answered(db, a, now);
    return {true, woke};
}

Settled record_held(Connection& db, const Attempt& a, std::string_view outcome, std::string_view detail, Instant now) {
    settle_attempt(db, a, outcome, detail, now);
    Statement move(db, "UPDATE messages SET state = 'held', code = 'content', open = 0, answer_until = NULL WHERE id = ?1 AND attempt = ?2 AND state = 'sending'");
    if (!moved(db, move, a)) return {};
    note(db, "held", a, R"(,"why":"content")", now);
    return {true, false};
}

Settled record_in_doubt(Connection& db, const Attempt& a, std::string_view outcome, std::string_view detail, Instant now, const std::vector<std::string>& vendor_ids) {
    settle_attempt(db, a, outcome, detail, now);
    bool named = keep_receipt_keys(db, a, vendor_ids, now);
    Statement move(db, "UPDATE messages SET state = 'in_doubt' WHERE id = ?1 AND attempt = ?2 AND state = 'sending'");
    if (!moved(db, move, a)) return {false, named};
    note(db, "in_doubt", a, "", now);
    lift_if_answered(db, a, now);
    bool woke = wake_parked_by_ref(db, a) || named;
    return {true, wake_parked_by_phone(db, a) || woke};
}

int refused_are_due(Connection& db, const std::optional<std::string>& channel, Instant now) {
    // A number that is throttled for itself keeps its pause: that has nothing to do with the channel.
    Statement due(db, R"sql(
        UPDATE messages SET due_at = ?2 WHERE state = 'due' AND attempt > 0 AND due_at > ?2 AND (?1 IS NULL OR channel = ?1)
           AND (SELECT a.outcome FROM attempts a WHERE a.message_id = messages.id AND a.attempt = messages.attempt) <> 'throttled_number')sql");
    due.bind(1, channel).bind(2, now).run();
    return static_cast<int>(db.changes());
}

Settled record_never_sent(Connection& db, const Attempt& a, Instant now) {
    // Its claim may have been taken back, and with it the message where both were of one commit: the number is nobody's then, or another's.
    Statement stands(db, "SELECT 1 FROM messages WHERE id = ?1 AND ref = ?2 AND attempt = ?3 AND state = 'sending'");
    if (!stands.bind(1, a.message).bind(2, a.ref).bind(3, a.number).step()) return {};
    return due_again(db, a, "never_sent", "", now, now);
}

std::optional<std::int64_t> phone_of_message(Connection& db, std::string_view ref) {
    Statement find(db, "SELECT phone_id FROM messages WHERE ref = ?1");
    return find.bind(1, ref).step() ? std::optional(find.integer(0)) : std::nullopt;
}

Settled record_late(Connection& db, std::string_view channel, std::string_view ref, bool accepted, bool refused, const std::vector<std::string>& vendor_ids,
                    std::string_view outcome, std::string_view detail, std::string_view code, Instant now, Millis answer_window) {
    Statement find(db, "SELECT id, attempt, phone_id, channel, case_id, purpose FROM messages WHERE ref = ?1 AND state = 'in_doubt' AND channel = ?2");
    if (!find.bind(1, ref).bind(2, channel).step()) return {};
    Attempt a{find.integer(0), static_cast<int>(find.integer(1)), std::string(ref), find.integer(2), find.text(3), find.maybe_integer(4), find.text(5) == "survey"};
    Statement late(db, "UPDATE attempts SET detail = ?3 WHERE message_id = ?1 AND attempt = ?2");
    late.bind(1, a.message).bind(2, a.number).bind(3, fmt::format("late: {} {}", outcome, detail)).run();
    bool woke = keep_receipt_keys(db, a, vendor_ids, now);
    // As in record_again: sent again, it would be the second text.
    if (refused && may_have_arrived(db, a)) return {false, woke};
    if (accepted) {
        Statement move(db, R"sql(
            UPDATE messages SET state = 'accepted', accepted_at = ?2, answer_until = CASE WHEN purpose = 'survey' THEN ?3 END, evidence = 'late response'
             WHERE id = ?1 AND state = 'in_doubt')sql");
        move.bind(1, a.message).bind(2, now).bind(3, now + answer_window).run();
        note(db, "accepted", a, R"(,"late":true)", now);
    } else if (refused) {
        Statement proof(db, "UPDATE messages SET state = 'not_sent', open = 0, answer_until = NULL, evidence = 'late response' WHERE id = ?1 AND state = 'in_doubt'");
        proof.bind(1, a.message).run();
        Statement again(db, "UPDATE messages SET state = 'due', due_at = ?2 WHERE id = ?1 AND state = 'not_sent'");
        again.bind(1, a.message).bind(2, now).run();
        note(db, "refused", a, fmt::format(R"(,"outcome":"{}","late":true)", outcome), now);
    } else {
        // As in record_failed: where a part was taken it may be on a phone.
        Statement move(db, R"sql(
            UPDATE messages SET state = 'failed', settled_at = ?2, code = ?3, open = CASE WHEN ?4 THEN open ELSE 0 END, evidence = 'late response'
             WHERE id = ?1 AND state = 'in_doubt')sql");
        move.bind(1, a.message).bind(2, now).bind(3, code).bind(4, !vendor_ids.empty()).run();
        note(db, "failed", a, fmt::format(R"(,"code":"{}","late":true)", code), now);
    }
    return {true, woke};
}

int recover_sending(Connection& db, Instant now) {
    Statement find(db, "SELECT id, attempt, ref, phone_id, channel, case_id, purpose, claimed_at FROM messages WHERE state = 'sending' ORDER BY claimed_at, id");
    std::vector<Attempt> found;
    while (find.step())
        found.push_back({find.integer(0), static_cast<int>(find.integer(1)), find.text(2), find.integer(3), find.text(4), find.maybe_integer(5), find.text(6) == "survey", find.instant(7)});
    for (const auto& a : found) record_in_doubt(db, a, "ambiguous", "stopped while the carrier may have had it", now);
    return static_cast<int>(found.size());
}

int close_ended_windows(Connection& db, Instant now) {
    std::vector<std::int64_t> ended;
    // Closed, it would be closed for an answer that is on its way.
    if (is_clock_held(db)) return 0;
    // Each by an index of its own; one that is still being sent stands in that of those.
    for (const char* open : {"accepted_at IS NOT NULL", "accepted_at IS NULL AND state <> 'sending'", "state = 'sending'"}) {
        Statement find(db, fmt::format("SELECT id FROM messages WHERE open = 1 AND {} AND answer_until < ?1 ORDER BY answer_until LIMIT ?2", open));
        for (find.bind(1, now).bind(2, of_time_at_once); find.step();) ended.push_back(find.integer(0));
    }
    for (auto id : ended) {
        Statement close(db, "UPDATE messages SET open = 0 WHERE id = ?1");
        close.bind(1, id).run();
    }
    return static_cast<int>(ended.size());
}

int let_time_pass(Connection& db, std::string_view channel, Instant no_report_before, Instant unknown_before, Instant now) {
    int changed = 0;
    if (is_clock_held(db)) return 0;
    struct Step { const char* from; const char* to; Instant before; };
    for (const auto& [from, to, before] : {Step{"accepted", "no_report", no_report_before}, Step{"in_doubt", "unknown", unknown_before}}) {
        Statement find(db, fmt::format("SELECT id, attempt, ref, case_id FROM messages WHERE state = '{}' AND claimed_at < ?1 AND channel = ?2 ORDER BY claimed_at LIMIT ?3", from));
        find.bind(1, before).bind(2, channel).bind(3, of_time_at_once);
        std::vector<Attempt> found;
        while (find.step()) found.push_back({find.integer(0), static_cast<int>(find.integer(1)), find.text(2), 0, {}, find.maybe_integer(3), false});
        for (const auto& a : found) {
            Statement move(db, "UPDATE messages SET state = ?2, settled_at = ?3 WHERE id = ?1 AND state = ?4");
            move.bind(1, a.message).bind(2, to).bind(3, now).bind(4, from).run();
            note(db, to, a, "", now);
        }
        changed += static_cast<int>(found.size());
    }
    return changed;
}

std::int64_t surveys_of_day(Connection& db, std::string_view channel, std::string_view day) {
    Statement read(db, "SELECT surveys FROM channel_days WHERE channel = ?1 AND day = ?2");
    return read.bind(1, channel).bind(2, day).step() ? read.integer(0) : 0;
}

void add_surveys_of_day(Connection& db, std::string_view channel, std::string_view day, int count) {
    Statement add(db, R"sql(
        INSERT INTO channel_days(channel, day, surveys) VALUES (?1, ?2, ?3)
        ON CONFLICT (channel, day) DO UPDATE SET surveys = channel_days.surveys + excluded.surveys)sql");
    add.bind(1, channel).bind(2, day).bind(3, count).run();
}

std::vector<Hold> active_holds(Connection& db) {
    Statement find(db, "SELECT id, of, channel, at, reason FROM holds WHERE released_at IS NULL ORDER BY id");
    std::vector<Hold> holds;
    while (find.step()) holds.push_back({find.integer(0), find.text(1), find.maybe_text(2), find.instant(3), find.text(4)});
    return holds;
}

bool has_clock_jumped(Connection& db) { return db.clock_watch() && db.clock_watch()->has_jumped(); }

bool is_clock_held(Connection& db) { return ages_count_from(db) != Instant{}; }

Instant ages_count_from(Connection& db) {
    if (has_clock_jumped(db)) return Instant::max();
    Statement newest(db, "SELECT at FROM holds WHERE released_at IS NULL AND of = 'clock' ORDER BY id DESC LIMIT 1");
    return newest.step() ? std::max(newest.instant(0), Instant(Millis(1))) : Instant{};
}

bool was_ceiling_lifted(Connection& db, std::string_view channel, Instant since) {
    Statement find(db, "SELECT 1 FROM holds WHERE of = 'ceiling' AND channel = ?1 AND at >= ?2 AND released_at IS NOT NULL AND release_reason <> ?3 LIMIT 1");
    return find.bind(1, channel).bind(2, since).bind(3, ceiling_was_raised).step();
}

std::int64_t place_hold(Connection& db, std::string_view of, const std::optional<std::string>& channel, std::string_view reason, Instant now) {
    auto id = db.next_id("holds");
    Statement add(db, "INSERT INTO holds(id, of, channel, at, reason) VALUES (?1, ?2, ?3, ?4, ?5)");
    add.bind(1, id).bind(2, of).bind(3, channel).bind(4, now).bind(5, reason).run();
    append(db, now, "hold", std::nullopt, fmt::format(R"({{"id":{},"of":"{}"}})", id, of));
    return id;
}

namespace {

// A clock that was ahead wrote down times that are still to come: what waits for them would wait for years, and no receipt or answer would
// fit what was sent then. `right_at`: since when it goes right again, as far as we know.
void forget_the_future(Connection& db, Instant right_at, Instant now) {
    for (const char* waits : {"state = 'due'", "state = 'held'"}) {  // what is held may be released
        Statement early(db, fmt::format("UPDATE messages SET due_at = ?1, stale_at = min(stale_at, ?1) WHERE {} AND made_at > ?1 AND purpose <> 'survey'", waits));
        early.bind(1, now).run();
        Statement never(db, fmt::format("UPDATE messages SET due_at = ?1 WHERE {} AND due_at > stale_at AND due_at > ?1", waits));
        never.bind(1, now).run();
    }
    // The window of an answer is as long as it was, and does not keep its digits for years.
    for (const char* sent : {"state = 'accepted'", "state = 'in_doubt'", "purpose = 'survey'"}) {
        Statement move(db, fmt::format("UPDATE messages SET claimed_at = ?2, answer_until = ?2 + (answer_until - claimed_at) WHERE {} AND claimed_at > ?1", sent));
        move.bind(1, now).bind(2, right_at).run();
    }
    // What came meanwhile for a message that was still to be sent.
    db.exec("UPDATE receipts SET step = 'new' WHERE step = 'parked'");
    // What is owed within a day would be owed in years, and nobody would be told that it is late.
    Statement owed(db, R"sql(
        UPDATE followups SET due_at = ?1 + (due_at - (SELECT max(s.at) FROM followup_steps s WHERE s.followup_id = followups.id))
         WHERE state <> 'closed' AND due_at > ?1 AND (SELECT max(s.at) FROM followup_steps s WHERE s.followup_id = followups.id) > ?1)sql");
    owed.bind(1, now).run();
    Statement asked(db, R"sql(
        UPDATE appeals SET due_at = ?1 + (due_at - filed_at)
         WHERE decided_at IS NULL AND filed_at > ?1 AND due_at > filed_at AND id NOT IN (SELECT appeal_id FROM appeal_withdrawals))sql");
    asked.bind(1, now).run();
}

}  // namespace

int release_holds(Connection& db, std::string_view of, const std::optional<std::string>& channel, std::string_view reason, Instant now) {
    int released = 0;
    auto right_at = now;
    for (const auto& hold : active_holds(db)) {
        if (hold.of != of || (channel && hold.channel != channel)) continue;
        right_at = std::min(right_at, hold.at);
        Statement release(db, "UPDATE holds SET released_at = ?2, release_reason = ?3 WHERE id = ?1");
        release.bind(1, hold.id).bind(2, now).bind(3, reason).run();
        append(db, now, "release", std::nullopt, fmt::format(R"({{"id":{},"of":"{}"}})", hold.id, of));
        ++released;
    }
    if (released > 0 && of == "clock") forget_the_future(db, right_at, now);
    return released;
}

}  // namespace pingjing::store
