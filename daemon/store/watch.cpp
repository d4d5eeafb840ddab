#include "daemon/store/watch.hpp"

#include <fmt/format.h>

#include "daemon/store/phones.hpp"

namespace pingjing::store {

std::vector<WatchAlarm> load_watch_alarms(Connection& db) {
    Statement find(db, "SELECT name, about, detail, since, raised_at, told_at, cleared_at FROM watch_alarms ORDER BY name, about");
    std::vector<WatchAlarm> all;
    while (find.step())
        all.push_back({find.text(0), find.text(1), find.text(2), find.instant(3), find.instant(4), find.maybe_instant(5), find.maybe_instant(6)});
    return all;
}

void keep_watch_alarm(Connection& db, const WatchAlarm& a) {
    Statement keep(db, R"sql(
        INSERT INTO watch_alarms(name, about, detail, since, raised_at, told_at, cleared_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (name, about) DO UPDATE SET detail = excluded.detail, since = excluded.since, raised_at = excluded.raised_at,
           told_at = excluded.told_at, cleared_at = excluded.cleared_at)sql");
    keep.bind(1, a.name).bind(2, a.about).bind(3, a.detail).bind(4, a.since).bind(5, a.raised_at).bind(6, a.told_at).bind(7, a.cleared_at).run();
}

void drop_watch_alarm(Connection& db, std::string_view name, std::string_view about) {
    Statement drop(db, "DELETE FROM watch_alarms WHERE name = ?1 AND about = ?2");
    drop.bind(1, name).bind(2, about).run();
}

void read_paths(Connection& db, const Seal& seal, Instant from, Instant until, const std::function<void(const Path&, const PathText&)>& take) {
    // A refused one says nothing of the way back; one whose number does not exist neither.
    Statement find(db, R"sql(
        SELECT m.channel, m.claimed_at, p.key, p.sealed, EXISTS (SELECT 1 FROM receipts r WHERE r.message_id = m.id),
               EXISTS (SELECT 1 FROM inbound i WHERE i.case_id = m.case_id)
          FROM messages m JOIN phones p ON p.id = m.phone_id
         WHERE m.purpose = 'survey' AND m.claimed_at IS NOT NULL AND m.claimed_at >= ?1 AND m.claimed_at < ?2
           AND (m.state = 'delivered' OR m.state = 'accepted' OR m.state = 'expired' OR m.state = 'no_report' OR m.state = 'in_doubt' OR m.state = 'unknown')
         ORDER BY m.claimed_at DESC)sql");
    find.bind(1, from).bind(2, until);
    while (find.step()) {
        auto phone = open_phone(seal, find.text(2), find.text(3));
        auto prefix = phone && phone->reveal().size() == 11 ? phone->reveal().substr(0, 3) : std::string();
        take({find.text(0), prefix}, {find.instant(1), find.integer(4) == 1, find.integer(5) == 1});
    }
}

std::map<Path, PathCount> path_counts(Connection& db, std::string_view from, std::string_view to) {
    Statement sum(db, R"sql(
        SELECT channel, prefix, sum(sent), sum(receipts), sum(replies) FROM path_days WHERE day >= ?1 AND day <= ?2 GROUP BY channel, prefix)sql");
    sum.bind(1, from).bind(2, to);
    std::map<Path, PathCount> counts;
    while (sum.step()) counts[{sum.text(0), sum.text(1)}] = {sum.integer(2), sum.integer(3), sum.integer(4)};
    return counts;
}

void keep_path_day(Connection& db, const Path& path, std::string_view day, const PathCount& c) {
    Statement keep(db, R"sql(
        INSERT INTO path_days(channel, prefix, day, sent, receipts, replies) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (channel, prefix, day) DO UPDATE SET sent = excluded.sent, receipts = excluded.receipts, replies = excluded.replies
         WHERE path_days.sent <> excluded.sent OR path_days.receipts <> excluded.receipts OR path_days.replies <> excluded.replies)sql");
    keep.bind(1, path.first).bind(2, path.second).bind(3, day).bind(4, c.sent).bind(5, c.receipts).bind(6, c.replies).run();
}

void keep_verification(Connection& db, const LastVerification& verification) {
    Statement keep(db, "INSERT INTO meta(key, value) VALUES ('verified_at', ?1), ('verify_failure', ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    keep.bind(1, std::to_string(to_millis(verification.at))).bind(2, verification.failure).run();
}

std::string last_erased_day(Connection& db) {
    Statement read(db, "SELECT value FROM meta WHERE key = ?1");
    return read.bind(1, erased_day_key).step() ? read.text(0) : std::string();
}

std::optional<LastVerification> last_verification(Connection& db) {
    Statement read(db, "SELECT CAST(a.value AS INTEGER), coalesce(f.value, '') FROM meta a LEFT JOIN meta f ON f.key = 'verify_failure' WHERE a.key = 'verified_at'");
    if (!read.step()) return std::nullopt;
    return LastVerification{read.instant(0), read.text(1)};
}

std::map<std::string, std::int64_t> count_quarantined(Connection& db, Instant since) {
    Statement newest(db, R"sql(
        SELECT channel, count(*) FROM (SELECT channel, received_at FROM inbound WHERE class = 'quarantined' AND step = 'done' ORDER BY id DESC LIMIT 1000)
         WHERE received_at > ?1 GROUP BY channel)sql");
    newest.bind(1, since);
    std::map<std::string, std::int64_t> counts;
    while (newest.step()) counts[newest.text(0)] = newest.integer(1);
    return counts;
}

std::optional<Instant> first_unsigned(Connection& db) {
    Statement read(db, "SELECT at FROM ledger WHERE seq > (SELECT coalesce(max(size), 0) FROM checkpoints) AND at > 0 ORDER BY seq LIMIT 1");
    if (!read.step()) return std::nullopt;
    return read.instant(0);
}

std::vector<Doubt> read_doubts(Connection& db, DoubtOf what) {
    std::vector<Doubt> doubts;
    for (const char* state : {"in_doubt", "unknown"}) {
        Statement find(db, fmt::format(R"sql(
            SELECT m.channel, coalesce(a.outcome, ''), coalesce(a.detail, ''), count(*), min(m.claimed_at)
              FROM messages m LEFT JOIN attempts a ON a.message_id = m.id AND a.attempt = m.attempt
             WHERE m.state = '{}'{} GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT 50)sql", state, what == DoubtOf::surveys ? " AND m.purpose = 'survey'" : ""));
        while (find.step()) {
            auto why = find.text(2).empty() ? find.text(1) : find.text(2);
            doubts.push_back({find.text(0), state, why, find.integer(3), find.instant(4)});
        }
    }
    return doubts;
}

}  // namespace pingjing::store
