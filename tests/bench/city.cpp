#include "tests/bench/city.hpp"

#include <fmt/format.h>

#include "daemon/core/local_time.hpp"

namespace pingjing::bench {
namespace {

using store::Connection;
using store::Statement;

// ?1 day, ?2 cases a day, ?3 its first millisecond. A case's id is day * cases a day + number + 1; every eleventh is not asked about. The phone of a case
// is drawn by its square, so that some numbers come often.
constexpr const char* cases_sql = R"sql(
INSERT INTO cases(id, record, content_key, state, unit, category, source, linked_to, language, phone_id, contact_id, officer, officer_role, call_taker,
                  reported_at, closed_at, received_at, changed_at, code, kind, flags, safety, recoded_after)
  WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2),
       c AS (SELECT i, ?1 * ?2 + i + 1 AS id, (i * 7 + ?1) % 100 AS station, ?3 + i * 79200000 / ?2 AS reported FROM n)
  SELECT id, 'R' || id, zeroblob(16), 'closed', printf('3201%02d%02d0000', 1 + station / 10, 10 + station % 10), printf('%02d0203', 1 + (i * 13 + i / 97 + ?1) % 12), '110', '', '',
         2 + (id * id % 2147483647) * 48271 % ?4, NULL, printf('%06d', station + 100 * (i / 100 % 20)), 'lead', '', reported, reported + 3600000,
         reported + CASE WHEN i % 2 = 0 THEN 60000 ELSE 3660000 END, reported + 3660000,
         CASE WHEN i % 11 <> 10 THEN NULL WHEN i % 4 = 0 THEN 'dv' WHEN i % 4 = 1 THEN 'no_mobile' WHEN i % 400 = 2 THEN 'cancelled' ELSE 'invalid' END,
         CASE WHEN i % 11 = 10 THEN '' ELSE 'survey' END, '', 0, i % 2001 = 0 FROM c)sql";

constexpr const char* versions_sql = R"sql(
INSERT INTO case_versions(case_id, number, version, at, outcome, code, content)
  SELECT c.id, v.number, v.number, CASE v.number WHEN 1 THEN c.received_at ELSE c.changed_at END, 'accepted',
         CASE WHEN v.number = 1 THEN 'not_closed' WHEN v.number = 3 THEN 'dv' ELSE c.code END, randomblob(150)
    FROM (SELECT 1 AS number UNION ALL SELECT 2 UNION ALL SELECT 3) v JOIN cases c ON v.number < 3 OR c.recoded_after = 1
   WHERE c.id > ?1 * ?2 AND c.id <= (?1 + 1) * ?2 AND c.changed_at > c.received_at ORDER BY c.id, v.number)sql";

constexpr const char* surveys_sql = R"sql(
INSERT INTO messages(id, ref, case_id, purpose, template, priority, state, phone_id, text, parts, channel, slot, made_at, due_at, stale_at, attempt, claimed_at, accepted_at,
                     settled_at, answer_until)
  SELECT id, printf('26%014d', id), id, 'survey', 'survey', 2, CASE WHEN id % 97 = 0 THEN 'failed' WHEN id % 89 = 0 THEN 'unknown' ELSE 'delivered' END, phone_id, zeroblob(40), 1, 'main', 1,
         closed_at + 60000, closed_at + 7200000, closed_at + 259200000, 1, closed_at + 7200000, closed_at + 7201000, closed_at + 7210000, closed_at + 7201000 + 259200000
    FROM cases WHERE id > ?1 * ?2 AND id <= (?1 + 1) * ?2 AND kind = 'survey')sql";

constexpr const char* texts_sql = R"sql(
INSERT INTO inbound(id, channel, key, phone_id, to_number, extension, text, received_at, step, class, case_id, match, label, rating, method, why)
  SELECT id, 'main', 'k' || id, phone_id, '1069', '', zeroblob(45), accepted_at + 30000 + id * 7919 % 7200 * 1000, 'done', 'rated', case_id, 'slot', 'satisfied', 1, 'code', 'code'
    FROM messages WHERE id > ?1 * ?2 AND id <= (?1 + 1) * ?2 AND id % 10 < 3 AND state = 'delivered')sql";

constexpr const char* ratings_sql = R"sql(
INSERT INTO ratings(id, case_id, inbound_id, at, grade, value, method, effect, officer, unit)
  SELECT i.id, i.case_id, i.id, i.received_at, CASE WHEN i.id * 31 % 101 < 7 THEN 'dissatisfied' WHEN i.id * 31 % 101 < 16 THEN 'basically_satisfied' ELSE 'satisfied' END,
         CASE WHEN i.id * 31 % 101 < 7 THEN 3 WHEN i.id * 31 % 101 < 16 THEN 2 ELSE 1 END, CASE WHEN i.id % 41 = 0 THEN 'words' ELSE 'code' END, 'first', c.officer, c.unit
    FROM inbound i JOIN cases c ON c.id = i.case_id WHERE i.id > ?1 * ?2 AND i.id <= (?1 + 1) * ?2)sql";

constexpr const char* reviews_sql = R"sql(
INSERT INTO reviews(kind, case_id, inbound_id, at, closed_at, closed_by, decision)
  SELECT 'words', case_id, inbound_id, at, at + 7200000, '1/x', CASE WHEN id % 3 = 0 THEN 'none' ELSE 'confirmed' END
    FROM ratings WHERE id > ?1 * ?2 AND id <= (?1 + 1) * ?2 AND method = 'words')sql";

constexpr const char* followups_sql = R"sql(
INSERT INTO followups(case_id, rating_id, opened_at, due_at, state, urgent)
  SELECT case_id, id, at, at + 86400000, 'closed', 0 FROM ratings WHERE id > ?1 * ?2 AND id <= (?1 + 1) * ?2 AND grade = 'dissatisfied')sql";

constexpr const char* steps_sql = R"sql(
INSERT INTO followup_steps(followup_id, at, who, state)
  SELECT f.id, f.opened_at + 3600000, '2/y', CASE WHEN s.state = 'told' AND f.id % 200 = 0 THEN 'dropped' ELSE s.state END
    FROM followups f, (SELECT 'opened' AS state UNION ALL SELECT 'called_back' UNION ALL SELECT 'verified' UNION ALL SELECT 'reviewed' UNION ALL SELECT 'told') s
   WHERE f.case_id > ?1 * ?2 AND f.case_id <= (?1 + 1) * ?2)sql";

constexpr const char* work_sql = R"sql(
INSERT INTO followup_work(followup_id, calls, finding, topic, place, ordered_unit, escalated)
  SELECT f.id, 1, 'valid', 'attitude', NULL, '320101100000', 0 FROM followups f WHERE f.case_id > ?1 * ?2 AND f.case_id <= (?1 + 1) * ?2)sql";

constexpr const char* appeals_sql = R"sql(
INSERT INTO appeals(case_id, filed_at, filed_by, badge, unit, ground, state, due_at, proposed_by, proposed, rating_id, decided_by, decided_at)
  SELECT case_id, at + 3600000, '3/p', officer, '', 'slip', CASE WHEN id % 2 = 0 THEN 'upheld' ELSE 'not_upheld' END, at + 86400000, '4/q',
         CASE WHEN id % 2 = 0 THEN 'upheld' ELSE 'not_upheld' END, id, '5/r', at + 80000000
    FROM ratings WHERE id > ?1 * ?2 AND id <= (?1 + 1) * ?2 AND id * 17 % 1009 = 5 AND grade = 'dissatisfied')sql";

void plant_day(Connection& db, int number, std::int64_t cases, Instant begin, std::int64_t phones) {
    for (const char* sql : {cases_sql, versions_sql, surveys_sql, texts_sql, ratings_sql, reviews_sql, followups_sql, steps_sql, work_sql, appeals_sql}) {
        Statement plant(db, std::string_view(sql));
        plant.bind(1, number).bind(2, cases);
        if (sql == cases_sql) plant.bind(3, begin).bind(4, phones);
        plant.run();
    }
}

}  // namespace

void plant_city(Connection& db, const std::string& last, int days, int surveys) {
    std::int64_t cases = surveys + surveys / 10, phones = std::max<std::int64_t>(1000, cases * days);
    db.exec("DROP TRIGGER IF EXISTS messages_forward");  // they are planted where they end
    db.exec("BEGIN IMMEDIATE");
    db.exec("INSERT INTO ledger(seq, at, kind, data, rows, mark) VALUES (1, 0, 'planted', '{}', x'', 0)");
    Statement numbers(db, "INSERT INTO phones(id, key, sealed, first_seen) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
                          "SELECT i, CAST(printf('%016d', i) AS BLOB), zeroblob(40), 0 FROM n");
    numbers.bind(1, phones + 2).run();
    db.exec("COMMIT");
    for (int number = 0; number < days; ++number) {
        db.exec("BEGIN IMMEDIATE");
        plant_day(db, number, cases, day_range(*days_later(last, number + 1 - days), city_zone)->from, phones);
        db.exec("COMMIT");
        db.checkpoint();
    }
}

}  // namespace pingjing::bench
