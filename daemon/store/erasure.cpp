#include "daemon/store/erasure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "daemon/core/survey.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

std::vector<std::int64_t> ids(Statement& find) {
    std::vector<std::int64_t> out;
    while (find.step()) out.push_back(find.integer(0));
    return out;
}

bool exists(Statement& find) { return find.step(); }

// An UPDATE or DELETE of ?1; how many rows it touched.
std::int64_t change(Connection& db, std::string_view sql, std::int64_t id) {
    Statement statement(db, sql);
    statement.bind(1, id).run();
    return db.changes();
}

// Emptied, not NULL: a reader can tell "erased" from "there never was one".
std::int64_t erase_inbound(Connection& db, std::int64_t id) {
    // The key of a text without a vendor's id is a keyed hash of number and words. By that of a cry folded with others', a hash of all that came with
    // it, its alarm is found, and with it who wants no texts; by that of the alarm the cries.
    auto texts = change(db, R"sql(
        UPDATE inbound SET text = CASE WHEN text IS NULL THEN NULL ELSE x'' END, phone = CASE WHEN phone IS NULL THEN NULL ELSE x'' END,
               key = CASE WHEN substr(key, 1, 2) = 'v:' OR (class = 'quarantined' AND (instr(key, '/') > 0
                                     OR EXISTS (SELECT 1 FROM inbound m WHERE m.channel = inbound.channel AND m.key >= inbound.key || '/' AND m.key < inbound.key || '0')))
                          THEN key ELSE 'e:' || id END
         WHERE id = ?1 AND step = 'done' AND substr(key, 1, 2) <> 'e:' AND (length(text) > 0 OR length(phone) > 0))sql", id);
    texts += change(db, "UPDATE review_notes SET note = x'' WHERE review_id IN (SELECT id FROM reviews WHERE inbound_id = ?1) AND length(note) > 0", id);
    texts += change(db, "UPDATE alarm_words SET words = x'' WHERE alarm_id IN (SELECT id FROM alarms WHERE inbound_id = ?1) AND length(words) > 0", id);
    texts += change(db, "UPDATE letter_words SET words = x'' WHERE letter_id IN (SELECT id FROM letters WHERE inbound_id = ?1) AND length(words) > 0", id);
    texts += change(db, "UPDATE text_reveals SET reason = x'' WHERE inbound_id = ?1 AND length(reason) > 0", id);
    // One that nobody could read yet may hold what others wrote: it stays for its time.
    change(db, "UPDATE hook_bodies SET body = NULL WHERE id = (SELECT body_id FROM inbound WHERE id = ?1) AND body IS NOT NULL AND understood = 1", id);
    return texts;
}

std::int64_t erase_message(Connection& db, std::int64_t id) { return change(db, "UPDATE messages SET text = x'' WHERE id = ?1 AND length(text) > 0", id); }

// What people wrote into a follow-up before `until`. Where and whom stay as long as somebody still works with them.
std::int64_t erase_followup(Connection& db, std::int64_t id, Instant until) {
    Statement notes(db, "UPDATE followup_steps SET note = x'' WHERE followup_id = ?1 AND at < ?2 AND length(note) > 0");
    notes.bind(1, id).bind(2, until).run();
    std::int64_t texts = db.changes();
    Statement reasons(db, "UPDATE reveals SET reason = x'' WHERE followup_id = ?1 AND at < ?2 AND length(reason) > 0");
    reasons.bind(1, id).bind(2, until).run();
    texts += db.changes();
    Statement goes_on(db, "SELECT 1 FROM followup_steps WHERE followup_id = ?1 AND at >= ?2");
    if (exists(goes_on.bind(1, id).bind(2, until))) return texts;
    texts += change(db, R"sql(
        UPDATE followup_words SET place = (CASE WHEN place IS NULL THEN NULL ELSE x'' END), ordered_to = (CASE WHEN ordered_to IS NULL THEN NULL ELSE x'' END)
         WHERE followup_id = ?1 AND (length(place) > 0 OR length(ordered_to) > 0))sql", id);
    texts += change(db, R"sql(
        UPDATE followup_work SET place = NULL, ordered_to = NULL, rectified_by = NULL
         WHERE followup_id = ?1 AND (place IS NOT NULL OR ordered_to IS NOT NULL OR rectified_by IS NOT NULL))sql", id);
    return texts;
}

std::int64_t erase_case(Connection& db, std::int64_t id, Instant now) {
    auto texts = change(db, "UPDATE case_versions SET content = x'' WHERE case_id = ?1 AND length(content) > 0", id);
    texts += change(db, "UPDATE messages SET text = x'' WHERE case_id = ?1 AND length(text) > 0", id);
    Statement followups(db, "SELECT id FROM followups WHERE case_id = ?1");
    followups.bind(1, id);
    for (auto followup : ids(followups)) texts += erase_followup(db, followup, Instant::max());
    texts += change(db, "UPDATE review_notes SET note = x'' WHERE review_id IN (SELECT id FROM reviews WHERE case_id = ?1) AND length(note) > 0", id);
    texts += change(db, "UPDATE writeback SET line = x'' WHERE case_id = ?1 AND length(line) > 0", id);
    texts += change(db, "UPDATE override_words SET words = x'' WHERE case_id = ?1 AND length(words) > 0", id);
    Statement find(db, "SELECT id FROM inbound WHERE case_id = ?1");
    find.bind(1, id);
    for (auto inbound : ids(find)) texts += erase_inbound(db, inbound);
    Statement mark(db, "UPDATE cases SET erased_at = ?2 WHERE id = ?1");
    mark.bind(1, id).bind(2, now).run();
    return texts;
}

std::int64_t erase_ratings(Connection& db, std::int64_t case_id) {
    change(db, "UPDATE followups SET rating_id = NULL WHERE case_id = ?1 AND rating_id IS NOT NULL", case_id);
    change(db, "UPDATE inbound SET label = NULL, rating = NULL, method = NULL, confidence = NULL, why = NULL WHERE case_id = ?1", case_id);
    change(db, "DELETE FROM writeback_cases WHERE case_id = ?1", case_id);
    change(db, "DELETE FROM feed_cases WHERE case_id = ?1", case_id);
    return change(db, "DELETE FROM ratings WHERE case_id = ?1", case_id);
}

bool is_used(Connection& db, std::int64_t phone_id) {
    Statement find(db, R"sql(
        SELECT 1 WHERE EXISTS (SELECT 1 FROM cases WHERE phone_id = ?1 AND erased_at IS NULL)
            OR EXISTS (SELECT 1 FROM cases WHERE contact_id = ?1 AND erased_at IS NULL)
            OR EXISTS (SELECT 1 FROM inbound WHERE phone_id = ?1 AND length(text) > 0)
            OR EXISTS (SELECT 1 FROM messages WHERE phone_id = ?1 AND (length(text) > 0 OR state IN ('due', 'held', 'sending'))))sql");
    return exists(find.bind(1, phone_id));
}

// When it was last asked, as far as anybody knows (after a restore: by then), or named by a call, or as its contact under a safety hold; or wished for no
// more texts where it cried for help.
std::optional<Instant> last_named(Connection& db, std::int64_t phone_id) {
    Statement last(db, R"sql(
        SELECT max(at) FROM (SELECT max(received_at) AS at FROM cases WHERE phone_id = ?1
                             UNION ALL SELECT max(received_at) FROM cases WHERE contact_id = ?1 AND safety = 1
                             UNION ALL SELECT max(coalesce(claimed_at, made_at)) FROM messages WHERE phone_id = ?1
                             UNION ALL SELECT max(a.at) FROM alarms a JOIN inbound i ON i.id = a.inbound_id WHERE i.phone_id = ?1 AND a.do_not_contact = 1
                             UNION ALL SELECT max(a.at) FROM inbound m JOIN inbound i ON i.channel = m.channel AND i.key = rtrim(rtrim(m.key, '0123456789'), '/')
                                         JOIN alarms a ON a.inbound_id = i.id WHERE m.phone_id = ?1 AND m.class = 'quarantined' AND a.do_not_contact = 1
                             UNION ALL SELECT (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'no_send_before')
                                         FROM phones p JOIN sent_unknown u ON u.phone_key = p.key WHERE p.id = ?1))sql");
    return last.bind(1, phone_id).step() ? last.maybe_instant(0) : std::nullopt;
}

bool is_recent(Connection& db, std::int64_t phone_id, Instant since) {
    Statement find(db, R"sql(
        SELECT 1 WHERE EXISTS (SELECT 1 FROM cases WHERE phone_id = ?1 AND received_at >= ?2)
            OR EXISTS (SELECT 1 FROM cases WHERE contact_id = ?1 AND received_at >= ?2 AND safety = 1)
            OR EXISTS (SELECT 1 FROM messages WHERE phone_id = ?1 AND (open = 1 OR coalesce(claimed_at, made_at) >= ?2))
            OR EXISTS (SELECT 1 FROM alarms a JOIN inbound i ON i.id = a.inbound_id WHERE i.phone_id = ?1 AND a.do_not_contact = 1 AND a.at >= ?2)
            OR EXISTS (SELECT 1 FROM inbound m JOIN inbound i ON i.channel = m.channel AND i.key = rtrim(rtrim(m.key, '0123456789'), '/')
                         JOIN alarms a ON a.inbound_id = i.id
                        WHERE m.phone_id = ?1 AND m.class = 'quarantined' AND a.do_not_contact = 1 AND a.at >= ?2)
            OR EXISTS (SELECT 1 FROM phones p JOIN sent_unknown u ON u.phone_key = p.key JOIN meta r ON r.key = 'no_send_before' AND CAST(r.value AS INTEGER) >= ?2
                        WHERE p.id = ?1))sql");
    return exists(find.bind(1, phone_id).bind(2, since));
}

// The number, and its keyed hash unless that is still needed to recognise it. Who opted out stays as he is.
std::int64_t erase_number(Connection& db, std::int64_t phone_id, bool keep_key) {
    if (is_opted_out(db, phone_id)) return 0;
    auto erased = change(db, "UPDATE phones SET sealed = x'' WHERE id = ?1 AND length(sealed) > 0", phone_id);
    // After a restore: what left to it, of which this store knows nothing.
    if (!keep_key) change(db, "DELETE FROM sent_unknown WHERE phone_key = (SELECT key FROM phones WHERE id = ?1)", phone_id);
    if (!keep_key) erased = std::max(erased, change(db, "UPDATE phones SET key = NULL WHERE id = ?1 AND key IS NOT NULL", phone_id));
    return erased;
}

// The row that says it in words, and the line of the ledger that tells what the rows above have become.
void record(Connection& db, std::string_view why, const std::optional<std::int64_t>& phone_id, const std::optional<std::string>& sealed_reason, std::int64_t id,
            const Erased& e, Instant now) {
    Statement add(db, "INSERT INTO erasures(id, at, why, phone_id, reason, cases, texts, numbers, ratings) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    add.bind(1, id).bind(2, now).bind(3, why).bind(4, phone_id).bind_maybe_blob(5, sealed_reason).bind(6, e.cases).bind(7, e.texts).bind(8, e.numbers);
    add.bind(9, e.ratings).run();
    append(db, now, "erased", std::nullopt, fmt::format(R"({{"id":{},"why":"{}","cases":{},"texts":{},"numbers":{},"ratings":{}}})", id, why, e.cases, e.texts, e.numbers, e.ratings));
}

std::vector<std::int64_t> take_from(std::vector<std::int64_t>& all, std::size_t most) {
    auto begin = all.end() - static_cast<std::ptrdiff_t>(std::min(most, all.size()));
    std::vector<std::int64_t> share(begin, all.end());
    all.erase(begin, all.end());
    return share;
}

}  // namespace

std::string erasure_reason_context(std::int64_t id) { return fmt::format("erasures.reason:{}", id); }

namespace {
constexpr std::vector<std::int64_t> Expired::* kinds[] = {&Expired::cases, &Expired::inbound, &Expired::messages, &Expired::bodies, &Expired::phones, &Expired::rated_cases,
                                                         &Expired::followups, &Expired::reviews, &Expired::overrides, &Expired::reasons, &Expired::looks, &Expired::parts, &Expired::advice};
static_assert(sizeof(Expired) == sizeof(std::vector<std::int64_t>) * std::size(kinds), "one of them is not listed");
}  // namespace

bool Expired::empty() const {
    return std::ranges::all_of(kinds, [this](auto kind) { return (this->*kind).empty(); });
}

Expired Expired::take(std::size_t most) {
    Expired share;
    for (auto kind : kinds) share.*kind = take_from(this->*kind, most);
    return share;
}

Expired Expired::take_one() {
    Expired one;
    for (auto kind : kinds) {
        if ((this->*kind).empty()) continue;
        one.*kind = take_from(this->*kind, 1);
        break;
    }
    return one;
}

std::optional<Ids> next_ids(Connection& db, std::int64_t from, std::int64_t most) {
    Statement lowest(db, R"sql(
        SELECT min(id) FROM (SELECT min(id) AS id FROM cases WHERE id >= ?1
                             UNION ALL SELECT min(id) FROM inbound WHERE id >= ?1
                             UNION ALL SELECT min(id) FROM messages WHERE id >= ?1
                             UNION ALL SELECT min(id) FROM hook_bodies WHERE id >= ?1
                             UNION ALL SELECT min(id) FROM phones WHERE id >= ?1
                             UNION ALL SELECT min(id) FROM followups WHERE id >= ?1
                             UNION ALL SELECT min(id) FROM reviews WHERE id >= ?1
                             UNION ALL SELECT min(id) FROM override_words WHERE id >= ?1
                             UNION ALL SELECT min(id) FROM erasures WHERE id >= ?1
                             UNION ALL SELECT min(id) FROM text_reveals WHERE id >= ?1
                             UNION ALL SELECT min(id) FROM inbound_parts WHERE id >= ?1))sql");
    auto first = lowest.bind(1, from).step() ? lowest.maybe_integer(0) : std::nullopt;
    if (!first) return std::nullopt;
    return Ids{*first, *first > Ids::highest - most ? Ids::highest : *first + most - 1};
}

Expired find_expired(Connection& db, const Limits& limits, Round round, Ids among) {
    auto find = [&](const char* sql, Instant before) {
        Statement rows(db, sql);
        rows.bind(1, before).bind(2, among.first).bind(3, among.last);
        return ids(rows);
    };
    Expired found;
    if (round == Round::numbers) {
        found.phones = find(R"sql(
            SELECT id FROM phones p WHERE id >= ?2 AND id <= ?3 AND key IS NOT NULL AND (first_seen < ?1 OR length(sealed) = 0)
               AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.phone_id = p.id AND c.erased_at IS NULL AND coalesce(c.closed_at, c.changed_at) >= ?1)
               AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.contact_id = p.id AND c.erased_at IS NULL AND coalesce(c.closed_at, c.changed_at) >= ?1))sql", limits.texts);
        return found;
    }
    found.cases = find(R"sql(
        SELECT id FROM cases c WHERE id >= ?2 AND id <= ?3 AND erased_at IS NULL AND coalesce(closed_at, changed_at) < ?1
           AND NOT EXISTS (SELECT 1 FROM followups f WHERE f.case_id = c.id AND (f.state <> 'closed'
                              OR EXISTS (SELECT 1 FROM followup_steps s WHERE s.followup_id = f.id AND s.at >= ?1)))
           AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.case_id = c.id AND (m.open = 1 OR m.state IN ('due', 'held', 'sending'))))sql", limits.texts);
    found.inbound = find(R"sql(
        SELECT id FROM inbound i WHERE id >= ?2 AND id <= ?3 AND received_at < ?1 AND step = 'done' AND (length(text) > 0 OR length(phone) > 0)
           AND (case_id IS NULL OR EXISTS (SELECT 1 FROM cases c WHERE c.id = i.case_id AND c.erased_at IS NOT NULL)))sql", limits.texts);
    found.messages = find(R"sql(
        SELECT id FROM messages m WHERE id >= ?2 AND id <= ?3 AND made_at < ?1 AND length(text) > 0 AND state <> 'due' AND state <> 'held' AND state <> 'sending'
           AND (case_id IS NULL OR EXISTS (SELECT 1 FROM cases c WHERE c.id = m.case_id AND c.erased_at IS NOT NULL)))sql", limits.texts);
    found.followups = find(R"sql(
        SELECT f.id FROM followups f JOIN cases c ON c.id = f.case_id WHERE f.id >= ?2 AND f.id <= ?3 AND c.erased_at IS NOT NULL
           AND (EXISTS (SELECT 1 FROM followup_steps s WHERE s.followup_id = f.id AND s.at < ?1 AND length(s.note) > 0)
                OR EXISTS (SELECT 1 FROM reveals v WHERE v.followup_id = f.id AND v.at < ?1 AND length(v.reason) > 0)
                OR (EXISTS (SELECT 1 FROM followup_words w WHERE w.followup_id = f.id AND (length(w.place) > 0 OR length(w.ordered_to) > 0))
                    AND NOT EXISTS (SELECT 1 FROM followup_steps s WHERE s.followup_id = f.id AND s.at >= ?1))))sql", limits.texts);
    found.reviews = find(R"sql(
        SELECT r.id FROM reviews r JOIN review_notes n ON n.review_id = r.id LEFT JOIN inbound i ON i.id = r.inbound_id LEFT JOIN cases c ON c.id = coalesce(r.case_id, i.case_id)
         WHERE r.id >= ?2 AND r.id <= ?3 AND r.closed_at < ?1 AND length(n.note) > 0 AND (c.erased_at IS NOT NULL OR coalesce(length(i.text), 0) = 0))sql", limits.texts);
    found.overrides = find("SELECT id FROM override_words WHERE id >= ?2 AND id <= ?3 AND at < ?1 AND length(words) > 0", limits.texts);
    found.reasons = find("SELECT id FROM erasures WHERE id >= ?2 AND id <= ?3 AND at < ?1 AND length(reason) > 0", limits.texts);
    // Its body is older than the look, and gone.
    found.looks = find(R"sql(
        SELECT id FROM text_reveals WHERE id >= ?2 AND id <= ?3 AND at < ?1 AND length(reason) > 0
           AND EXISTS (SELECT 1 FROM inbound i WHERE i.id = inbound_id AND i.class = 'quarantined' AND coalesce(length(i.text), 0) = 0))sql", limits.texts);
    found.parts = find("SELECT id FROM inbound_parts WHERE id >= ?2 AND id <= ?3 AND received_at < ?1", limits.texts);
    found.bodies = find("SELECT id FROM hook_bodies WHERE id >= ?2 AND id <= ?3 AND body IS NOT NULL AND at < ?1", limits.texts);
    found.advice = find(R"sql(
        SELECT inbound_id FROM suggestions WHERE inbound_id >= ?2 AND inbound_id <= ?3 AND at < ?1
         UNION SELECT inbound_id FROM asked_topics WHERE inbound_id >= ?2 AND inbound_id <= ?3 AND at < ?1)sql", limits.ratings);
    found.rated_cases = find("SELECT case_id FROM ratings WHERE case_id >= ?2 AND case_id <= ?3 GROUP BY case_id HAVING max(at) < ?1", limits.ratings);
    return found;
}

Erased erase_expired(Connection& db, const Expired& expired, const Limits& limits, Instant now) {
    Erased done;
    for (auto id : expired.cases) done.texts += erase_case(db, id, now), ++done.cases;
    for (auto id : expired.inbound) done.texts += erase_inbound(db, id);
    for (auto id : expired.messages) done.texts += erase_message(db, id);
    for (auto id : expired.followups) done.texts += erase_followup(db, id, limits.texts);
    for (auto id : expired.reviews) done.texts += change(db, "UPDATE review_notes SET note = x'' WHERE review_id = ?1 AND length(note) > 0", id);
    for (auto id : expired.overrides) done.texts += change(db, "UPDATE override_words SET words = x'' WHERE id = ?1 AND length(words) > 0", id);
    for (auto id : expired.reasons) done.texts += change(db, "UPDATE erasures SET reason = x'' WHERE id = ?1 AND length(reason) > 0", id);
    for (auto id : expired.bodies) change(db, "UPDATE hook_bodies SET body = NULL WHERE id = ?1", id);
    for (auto id : expired.looks) done.texts += change(db, "UPDATE text_reveals SET reason = x'' WHERE id = ?1 AND length(reason) > 0", id);
    for (auto id : expired.parts) change(db, "DELETE FROM inbound_parts WHERE id = ?1", id);
    if (!expired.rated_cases.empty() || !expired.advice.empty()) {
        // The trigger that keeps ratings lets them go only beside this word.
        db.exec("INSERT INTO meta(key, value) VALUES ('erasing_ratings', '1') ON CONFLICT (key) DO NOTHING");
        for (auto id : expired.rated_cases) done.ratings += erase_ratings(db, id);
        for (auto id : expired.advice) done.texts += change(db, "DELETE FROM suggestions WHERE inbound_id = ?1", id) + change(db, "DELETE FROM asked_topics WHERE inbound_id = ?1", id);
        db.exec("DELETE FROM meta WHERE key = 'erasing_ratings'");
    }
    for (auto id : expired.phones)
        if (!is_used(db, id)) done.numbers += erase_number(db, id, is_recent(db, id, limits.recent));
    if (done.cases + done.texts + done.numbers + done.ratings > 0) record(db, "retention", std::nullopt, std::nullopt, db.next_id("erasures"), done, now);
    return done;
}

Result<Named> find_named(Connection& db, const Seal& seal, const Phone& phone) {
    auto id = find_phone_id(db, seal.phone_key(phone));
    if (!id) return fail(Error::Kind::not_found, "nobody ever called or wrote from this number, or it is forgotten already");
    Statement find(db, "SELECT id FROM cases WHERE phone_id = ?1 OR contact_id = ?1");
    find.bind(1, *id);
    return Named{*id, ids(find)};
}

Result<Erased> forget(Connection& db, const Seal& seal, const Named& named, const ByHand& by, Instant now) {
    // His own alarm, or one in which his cry is folded with others': its text has the key of his row up to the '/'.
    Statement alarm(db, R"sql(
        SELECT 1 WHERE EXISTS (SELECT 1 FROM alarms a JOIN inbound i ON i.id = a.inbound_id WHERE i.phone_id = ?1 AND a.acknowledged_at IS NULL)
            OR EXISTS (SELECT 1 FROM inbound m JOIN inbound i ON i.channel = m.channel AND i.key = rtrim(rtrim(m.key, '0123456789'), '/')
                         JOIN alarms a ON a.inbound_id = i.id
                        WHERE m.phone_id = ?1 AND m.class = 'quarantined' AND a.acknowledged_at IS NULL))sql");
    if (exists(alarm.bind(1, named.phone_id))) return fail(Error::Kind::conflict, "an emergency of this number is not acknowledged yet: the desk needs it");
    Statement under_way(db, R"sql(
        SELECT 1 WHERE EXISTS (SELECT 1 FROM inbound WHERE phone_id = ?1 AND step = 'new')
            OR EXISTS (SELECT 1 FROM messages WHERE phone_id = ?1 AND (state = 'sending' OR (state = 'due' AND (purpose = 'emergency' OR purpose = 'opt_out')))))sql");
    if (exists(under_way.bind(1, named.phone_id))) return fail(Error::Kind::conflict, "a text of this number, or one to it, is on its way just now; ask again in a minute");

    // What came since the number was looked for is forgotten with the rest.
    auto cases = named.cases;
    Statement since(db, "SELECT id FROM cases WHERE phone_id = ?1");
    since.bind(1, named.phone_id);
    for (auto id : ids(since))
        if (std::ranges::find(cases, id) == cases.end()) cases.push_back(id);

    Statement waiting(db, "SELECT case_id FROM messages WHERE phone_id = ?1 AND purpose = 'survey' AND state IN ('due', 'held')");
    waiting.bind(1, named.phone_id);
    auto surveys = ids(waiting);
    auto called_off = surveys.size();
    // Also what nobody was to be asked about: a later version of its record brings the number anew, and would plan it.
    Statement never(db, "SELECT id FROM cases c WHERE phone_id = ?1 AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.case_id = c.id AND m.purpose = 'survey' AND m.state <> 'cancelled') ORDER BY id");
    never.bind(1, named.phone_id);
    auto unasked = ids(never);
    for (const auto* some : {&surveys, &unasked})
        for (auto id : *some) {
            Verdict verdict;
            verdict.code = Code::cancelled, verdict.rule = "the number was forgotten";
            record_decision(db, id, "operator", "excluded", verdict, now);
        }
    for (auto id : surveys) {
        cancel_waiting_of_case(db, id, Code::cancelled, now);
        set_case_code(db, id, Code::cancelled, "", now);
    }
    Erased done;
    Statement waits(db, "SELECT count(*) FROM messages WHERE phone_id = ?1 AND state IN ('due', 'held')");
    waits.bind(1, named.phone_id).step();
    done.called_off = waits.integer(0) + static_cast<std::int64_t>(called_off);
    Statement rest(db, "UPDATE messages SET state = 'cancelled', code = 'cancelled', settled_at = ?2, open = 0 WHERE phone_id = ?1 AND state IN ('due', 'held')");
    rest.bind(1, named.phone_id).bind(2, now).run();

    for (auto id : cases) done.texts += erase_case(db, id, now), ++done.cases;
    Statement inbound(db, "SELECT id FROM inbound WHERE phone_id = ?1");
    inbound.bind(1, named.phone_id);
    for (auto id : ids(inbound)) done.texts += erase_inbound(db, id);
    done.texts += change(db, "UPDATE messages SET text = x'' WHERE phone_id = ?1 AND length(text) > 0", named.phone_id);
    // Of a list of many numbers the reason is about the list, and stays.
    done.texts += change(db, R"sql(
        UPDATE override_words SET words = x'' WHERE length(words) > 0 AND id IN (
            SELECT CAST(substr(o.reason, instr(o.reason, ', words ') + 8) AS INTEGER) FROM opt_outs o
             WHERE o.phone_id = ?1 AND o.source = 'operator' AND instr(o.reason, ', words ') > 0))sql", named.phone_id);
    // Why it was forgotten before is as much about it. Of a number without a call the words stand with no case, and are of the same moment.
    done.texts += change(db, R"sql(
        UPDATE override_words SET words = x'' WHERE what = 'forget' AND case_id IS NULL AND length(words) > 0
           AND at IN (SELECT at FROM erasures WHERE phone_id = ?1 AND why = 'forget'))sql", named.phone_id);
    done.texts += change(db, "UPDATE erasures SET reason = x'' WHERE phone_id = ?1 AND length(reason) > 0", named.phone_id);
    // Whether caps and safety holds are over is not for this moment to say, whose clock may be twelve years ahead: the hash goes in a night
    // that trusts it.
    done.recognised_from = last_named(db, named.phone_id);
    done.numbers = erase_number(db, named.phone_id, done.recognised_from.has_value());
    done.opted_out = is_opted_out(db, named.phone_id);
    Statement unread(db, "SELECT count(DISTINCT b.id) FROM inbound i JOIN hook_bodies b ON b.id = i.body_id WHERE i.phone_id = ?1 AND b.understood = 0 AND length(b.body) > 0");
    unread.bind(1, named.phone_id).step();
    done.unread_callbacks = unread.integer(0);
    auto id = db.next_id("erasures");
    if (cases.empty()) keep_words_of(db, seal, "forget", std::nullopt, by, now);
    for (auto of : cases) keep_words_of(db, seal, "forget", of, by, now);
    record(db, "forget", named.phone_id, seal.seal(by.reason, erasure_reason_context(id)), id, done, now);
    return done;
}

}  // namespace pingjing::store
