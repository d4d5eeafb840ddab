#include "daemon/admin/status.hpp"

#include <boost/json.hpp>
#include <filesystem>

#include "daemon/store/outbox.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/watch.hpp"

namespace pingjing::admin {
namespace {

namespace json = boost::json;

using store::Connection;
using store::Statement;

// null: there is none.
json::value time_of(Connection& db, const char* sql) {
    Statement read(db, sql);
    if (!read.step() || read.is_null(0)) return nullptr;
    return json::value(format_utc(read.instant(0)));
}
std::int64_t count(Connection& db, const char* sql) {
    Statement read(db, sql);
    read.step();
    return read.integer(0);
}
// ?1 is `when`.
std::int64_t count(Connection& db, const char* sql, Instant when) {
    Statement read(db, sql);
    read.bind(1, when).step();
    return read.integer(0);
}

json::object read_queue(Connection& db, Instant now) {
    return {{"due", count(db, "SELECT count(*) FROM messages WHERE state = 'due' AND due_at <= ?1", now)},
            {"later", count(db, "SELECT count(*) FROM messages WHERE state = 'due' AND due_at > ?1", now)},
            {"oldest_due_at", time_of(db, "SELECT min(due_at) FROM messages WHERE state = 'due'")},
            {"held", count(db, "SELECT count(*) FROM messages WHERE state = 'held'")},
            {"sending", count(db, "SELECT count(*) FROM messages WHERE state = 'sending'")}};
}

json::object read_doubt(Connection& db) {
    json::array by;
    for (const auto& d : store::read_doubts(db))
        by.push_back({{"channel", d.channel}, {"state", d.state}, {"why", d.why}, {"count", d.count}, {"oldest_at", format_utc(d.oldest)}});
    return {{"count", count(db, "SELECT count(*) FROM messages WHERE state = 'in_doubt'")},
            {"oldest_at", time_of(db, "SELECT min(claimed_at) FROM messages WHERE state = 'in_doubt'")},
            {"by", std::move(by)}};
}

json::array read_alarms(Connection& db) {
    json::array out;
    for (const auto& a : store::load_watch_alarms(db))
        if (!a.cleared_at)
            out.push_back({{"name", a.name}, {"about", a.about}, {"detail", a.detail}, {"since", format_utc(a.since)}, {"told", a.told_at.has_value()}});
    return out;
}

// What the desk does, and how long a citizen in danger waited for a person: of the last day.
json::object read_desk(Connection& db, Instant now) {
    auto since = now - Millis(std::chrono::hours(24));
    json::value longest;
    Statement slowest(db, "SELECT max(acknowledged_at - at) FROM alarms WHERE acknowledged_at >= ?1");
    if (slowest.bind(1, since).step() && !slowest.is_null(0)) longest = slowest.integer(0) / 1000;
    return {{"open", count(db, "SELECT count(*) FROM alarms WHERE acknowledged_at IS NULL")},
            {"not_received", count(db, "SELECT count(*) FROM alarms WHERE acknowledged_at IS NULL AND received_at IS NULL AND escalated_at IS NULL")},
            {"oldest_open_at", time_of(db, "SELECT min(at) FROM alarms WHERE acknowledged_at IS NULL")},
            {"acknowledged_24h", count(db, "SELECT count(*) FROM alarms WHERE acknowledged_at >= ?1", since)},
            {"longest_seconds_24h", longest}};
}

json::object read_letters(Connection& db) {
    return {{"open", count(db, "SELECT count(*) FROM letters WHERE closed_at IS NULL AND message_id IS NULL")},
            {"oldest_at", time_of(db, "SELECT min(at) FROM letters WHERE closed_at IS NULL AND message_id IS NULL")}};
}

json::object read_appeals(Connection& db, Instant now) {
    return {{"open", count(db, "SELECT count(*) FROM appeals WHERE decided_at IS NULL AND id NOT IN (SELECT appeal_id FROM appeal_withdrawals)")},
            {"overdue", count(db, "SELECT count(*) FROM appeals WHERE decided_at IS NULL AND due_at < ?1 AND id NOT IN (SELECT appeal_id FROM appeal_withdrawals)", now)}};
}

json::object read_followups(Connection& db, Instant now) {
    return {{"open", count(db, "SELECT count(*) FROM followups WHERE state <> 'closed'")},
            {"overdue", count(db, "SELECT count(*) FROM followups WHERE state <> 'closed' AND due_at < ?1", now)},
            {"next_due_at", time_of(db, "SELECT min(due_at) FROM followups WHERE state <> 'closed'")}};
}

json::object read_reviews(Connection& db) {
    return {{"open", count(db, "SELECT count(*) FROM reviews WHERE closed_at IS NULL")}, {"oldest_at", time_of(db, "SELECT min(at) FROM reviews WHERE closed_at IS NULL")}};
}

json::object read_deliveries(Connection& db) {
    json::value last;
    Statement newest(db, "SELECT target, day, version, delivered_at, bytes FROM deliveries WHERE delivered_at IS NOT NULL ORDER BY delivered_at DESC, id DESC LIMIT 1");
    if (newest.step())
        last = json::object{{"target", newest.text(0)}, {"day", newest.text(1)}, {"version", newest.integer(2)}, {"at", format_utc(newest.instant(3))}, {"bytes", newest.integer(4)}};
    return {{"waiting", count(db, "SELECT count(*) FROM deliveries WHERE delivered_at IS NULL")},
            {"oldest_at", time_of(db, "SELECT min(planned_at) FROM deliveries WHERE delivered_at IS NULL")},
            {"last", last}};
}

json::array read_holds(Connection& db, const store::Seal& seal) {
    json::array out;
    for (const auto& hold : store::active_holds(db)) {
        auto channel = hold.channel ? json::value(*hold.channel) : json::value();
        out.push_back({{"of", hold.of}, {"channel", channel}, {"since", format_utc(hold.at)}, {"reason", store::read_reason(db, seal, hold.reason)}});
    }
    return out;
}

json::object read_disk(const std::string& path) {
    std::error_code error;
    auto space = std::filesystem::space(std::filesystem::path(path).parent_path(), error);
    return {{"free_mib", error ? json::value() : json::value(static_cast<std::int64_t>(space.available >> 20))}};
}

}  // namespace

json::value read_status(Connection& db, const store::Seal& seal, const std::string& path, Instant now) {
    auto desk = read_desk(db, now);
    auto open_alarms = desk.at("open").as_int64();
    return json::object{{"now", format_utc(now)},
                        {"queue", read_queue(db, now)},
                        {"in_doubt", read_doubt(db)},
                        {"alarms", read_alarms(db)},
                        {"last_receipt_at", time_of(db, "SELECT received_at FROM receipts ORDER BY id DESC LIMIT 1")},
                        {"last_reply_at", time_of(db, "SELECT received_at FROM inbound ORDER BY id DESC LIMIT 1")},
                        {"last_fact_at", time_of(db, "SELECT at FROM ledger ORDER BY seq DESC LIMIT 1")},
                        {"unread_texts", count(db, "SELECT count(*) FROM inbound WHERE step = 'new'")},
                        {"open_alarms", open_alarms},
                        {"desk", std::move(desk)},
                        {"letters", read_letters(db)},
                        {"appeals", read_appeals(db, now)},
                        {"followups", read_followups(db, now)},
                        {"reviews", read_reviews(db)},
                        {"deliveries", read_deliveries(db)},
                        {"holds", read_holds(db, seal)},
                        {"disk", read_disk(path)}};
}

}  // namespace pingjing::admin
