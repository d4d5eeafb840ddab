#include "daemon/desk/alarms.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include "daemon/store/inbox.hpp"
#include "daemon/store/phones.hpp"

namespace pingjing::desk {
namespace {

using store::Connection;
using store::Seal;
using store::Statement;

const std::string columns = R"sql(
    SELECT a.id, a.at, a.do_not_contact, a.inbound_id, i.phone_id, i.phone, i.text, c.record, c.unit,
           a.attempts, a.received_at, a.escalated_at, a.acknowledged_at, a.acknowledged_by,
           (SELECT count(*) FROM alarm_reminders r WHERE r.alarm_id = a.id), (SELECT w.words FROM alarm_words w WHERE w.alarm_id = a.id)
      FROM alarms a JOIN inbound i ON i.id = a.inbound_id LEFT JOIN cases c ON c.id = a.case_id )sql";

Phone phone_of(Connection& db, const Seal& seal, const Statement& row) {
    if (!row.is_null(4))
        if (auto phone = store::find_phone(db, seal, row.integer(4))) return *phone;
    if (row.is_null(5)) return Phone();
    auto plain = seal.open(row.text(5), fmt::format("inbound.phone:{}", row.integer(3)));
    return plain ? Phone::sender(*plain) : Phone();
}

// Of one alarm for many cries every one that is not erased.
store::Cry cry_of(Connection& db, const Seal& seal, const Statement& row) {
    store::Cry cry;
    if (row.is_null(6)) return cry;
    auto plain = seal.open(row.text(6), fmt::format("inbound.text:{}", row.integer(3)));
    if (!plain) return cry;
    cry.words = Text(*plain);
    if (row.is_null(4) && row.is_null(5)) cry.folded = store::find_folded(db, seal, row.integer(3));
    return cry;
}

Alarm read_alarm(Connection& db, const Seal& seal, const Statement& row, const store::Cry& cry) {
    Alarm alarm(row.text(0), row.instant(1), phone_of(db, seal, row), store::words_of(cry));
    alarm.do_not_contact = row.integer(2) != 0;
    alarm.record = row.maybe_text(7);
    alarm.unit = row.maybe_text(8);
    return alarm;
}

std::vector<Alarm> read_alarms(Connection& db, const Seal& seal, Statement& rows) {
    std::vector<Alarm> out;
    while (rows.step()) out.push_back(read_alarm(db, seal, rows, cry_of(db, seal, rows)));
    return out;
}

std::string words_context(std::string_view id) { return fmt::format("alarm_words.words:{}", id); }

// The numbers that stand before the cries; what a person wrote stays as it is.
Text masked_words_of(store::Cry cry) {
    for (auto& one : cry.folded)
        if (one.from) one.from = Phone::sender(one.from->masked());
    return store::words_of(cry);
}

AlarmRow read_row(Connection& db, const Seal& seal, const Statement& rows) {
    auto cry = cry_of(db, seal, rows);
    AlarmRow row(read_alarm(db, seal, rows, cry));
    for (const auto& one : cry.folded)
        if (one.from) row.folded.push_back(*one.from);
    row.masked_text = masked_words_of(std::move(cry));
    row.inbound_id = rows.integer(3);
    row.attempts = rows.integer(9), row.reminders = rows.integer(14);
    row.received_at = rows.maybe_instant(10), row.escalated_at = rows.maybe_instant(11), row.acknowledged_at = rows.maybe_instant(12);
    row.acknowledged_by = rows.maybe_text(13);
    if (!rows.is_null(15))
        if (auto words = seal.open(rows.text(15), words_context(row.alarm.id))) row.words = Text(*words);
    return row;
}

std::string line(std::string_view id, std::string_view who = {}) {
    auto quoted = [](std::string_view text) { return boost::json::serialize(boost::json::string(text.data(), text.size())); };
    return who.empty() ? fmt::format(R"({{"alarm":{}}})", quoted(id)) : fmt::format(R"({{"alarm":{},"who":{}}})", quoted(id), quoted(who));
}

void append(Connection& db, Instant now, std::string_view kind, std::string_view id, std::string_view who = {}) {
    Statement find(db, "SELECT case_id FROM alarms WHERE id = ?1");
    find.bind(1, id).step();
    store::append(db, now, kind, find.maybe_integer(0), line(id, who));
}

}  // namespace

std::vector<Alarm> waiting_alarms(Connection& db, const Seal& seal) {
    Statement rows(db, columns + "WHERE a.received_at IS NULL AND a.acknowledged_at IS NULL ORDER BY a.at, a.id");
    return read_alarms(db, seal, rows);
}

std::vector<Unanswered> unanswered_alarms(Connection& db, int most) {
    Statement rows(db, R"sql(
        SELECT a.id, coalesce((SELECT max(r.at) FROM alarm_reminders r WHERE r.alarm_id = a.id), a.escalated_at, a.received_at, a.at),
               a.received_at IS NOT NULL, a.escalated_at IS NOT NULL, (SELECT count(*) FROM alarm_reminders r WHERE r.alarm_id = a.id)
          FROM alarms a WHERE a.acknowledged_at IS NULL ORDER BY a.escalated_at IS NOT NULL, a.at DESC, a.id LIMIT ?1)sql");
    rows.bind(1, most);
    std::vector<Unanswered> out;
    while (rows.step()) out.push_back({rows.text(0), rows.instant(1), rows.integer(2) == 1, rows.integer(3) == 1, static_cast<int>(rows.integer(4))});
    return out;
}

std::optional<AlarmRow> find_alarm(Connection& db, const Seal& seal, std::string_view id) {
    Statement rows(db, columns + "WHERE a.id = ?1");
    if (!rows.bind(1, id).step()) return std::nullopt;
    return read_row(db, seal, rows);
}

std::vector<AlarmRow> alarms_for_desk(Connection& db, const Seal& seal, int most_others) {
    std::vector<AlarmRow> out;
    for (const auto& which : {std::string("WHERE a.acknowledged_at IS NULL ORDER BY a.at DESC, a.id"),
                              fmt::format("WHERE a.acknowledged_at IS NOT NULL ORDER BY a.at DESC, a.id LIMIT {}", most_others)}) {
        Statement rows(db, columns + which);
        while (rows.step()) out.push_back(read_row(db, seal, rows));
    }
    return out;
}

void record_attempt(Connection& db, std::string_view id) {
    Statement count(db, "UPDATE alarms SET attempts = attempts + 1 WHERE id = ?1");
    count.bind(1, id).run();
}

bool is_acknowledged(Connection& db, std::string_view id) {
    Statement find(db, "SELECT 1 FROM alarms WHERE id = ?1 AND acknowledged_at IS NOT NULL");
    return find.bind(1, id).step();
}

void record_received(Connection& db, std::string_view id, Instant now) {
    Statement mark(db, "UPDATE alarms SET received_at = ?2 WHERE id = ?1 AND received_at IS NULL");
    mark.bind(1, id).bind(2, now).run();
    if (db.changes() == 1) append(db, now, "alarm_received", id);
}

void record_escalated(Connection& db, std::string_view id, Instant now) {
    Statement mark(db, "UPDATE alarms SET escalated_at = ?2 WHERE id = ?1 AND escalated_at IS NULL");
    mark.bind(1, id).bind(2, now).run();
    if (db.changes() == 1) append(db, now, "alarm_escalated", id);
}

void record_reminded(Connection& db, std::string_view id, Instant now) {
    Statement known(db, "SELECT 1 FROM alarms WHERE id = ?1 AND acknowledged_at IS NULL");
    if (!known.bind(1, id).step()) return;
    Statement add(db, "INSERT INTO alarm_reminders(id, alarm_id, at) VALUES (?1, ?2, ?3)");
    add.bind(1, db.next_id("alarm_reminders")).bind(2, id).bind(3, now).run();
    append(db, now, "alarm_reminded", id);
}

// Words about a text that is erased already would outlive it.
static void keep_words(Connection& db, const Seal& seal, std::string_view id, const Text& words) {
    Statement there(db, "SELECT 1 FROM alarms a JOIN inbound i ON i.id = a.inbound_id WHERE a.id = ?1 AND length(i.text) > 0");
    if (words.empty() || !there.bind(1, id).step()) return;
    Statement add(db, "INSERT INTO alarm_words(alarm_id, words) VALUES (?1, ?2)");
    add.bind(1, id).bind_blob(2, seal.seal(words.reveal(), words_context(id))).run();
}

Result<Acknowledgement> acknowledge(Connection& db, const Seal& seal, std::string_view id, std::string_view who, const Text& words, Instant now) {
    Statement mark(db, "UPDATE alarms SET acknowledged_at = ?2, acknowledged_by = ?3 WHERE id = ?1 AND acknowledged_at IS NULL");
    mark.bind(1, id).bind(2, now).bind(3, who).run();
    if (db.changes() == 1) {
        keep_words(db, seal, id, words);
        append(db, now, "alarm_acknowledged", id, who);
        return Acknowledgement{now, std::string(who)};
    }
    Statement first(db, "SELECT acknowledged_at, acknowledged_by FROM alarms WHERE id = ?1");
    if (!first.bind(1, id).step()) return fail(Error::Kind::not_found, "there is no such alarm");
    return Acknowledgement{first.instant(0), first.text(1)};
}

}  // namespace pingjing::desk
