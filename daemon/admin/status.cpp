#include "daemon/admin/status.hpp"

#include <boost/json.hpp>
#include <filesystem>

#include "daemon/store/outbox.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/watch.hpp"

namespace pingjing::admin {
namespace {

namespace json = boost::json;

json::value time_of(store::Connection& db, const char* sql) {
    store::Statement read(db, sql);
    if (!read.step() || read.is_null(0)) return nullptr;
    return json::value(format_utc(read.instant(0)));
}
std::int64_t count(store::Connection& db, const char* sql, Instant now) {
    store::Statement read(db, sql);
    read.bind(1, now).step();
    return read.integer(0);
}

}  // namespace

json::value read_status(store::Connection& db, const store::Seal& seal, const std::string& path, Instant now) {
    json::object out;
    out["now"] = format_utc(now);
    out["queue"] = {{"due", count(db, "SELECT count(*) FROM messages WHERE state = 'due' AND due_at <= ?1", now)},
                    {"later", count(db, "SELECT count(*) FROM messages WHERE state = 'due' AND due_at > ?1", now)},
                    {"oldest_due_at", time_of(db, "SELECT min(due_at) FROM messages WHERE state = 'due'")},
                    {"held", count(db, "SELECT count(*) FROM messages WHERE state = 'held' AND ?1 > 0", now)},
                    {"sending", count(db, "SELECT count(*) FROM messages WHERE state = 'sending' AND ?1 > 0", now)}};
    out["in_doubt"] = {{"count", count(db, "SELECT count(*) FROM messages WHERE state = 'in_doubt' AND ?1 > 0", now)},
                       {"oldest_at", time_of(db, "SELECT min(claimed_at) FROM messages WHERE state = 'in_doubt'")}};
    json::array doubts;
    for (const auto& d : store::read_doubts(db)) doubts.push_back({{"channel", d.channel}, {"state", d.state}, {"why", d.why}, {"count", d.count}, {"oldest_at", format_utc(d.oldest)}});
    out["in_doubt"].as_object()["by"] = std::move(doubts);
    json::array alarms;
    for (const auto& a : store::load_watch_alarms(db))
        if (!a.cleared_at) alarms.push_back({{"name", a.name}, {"about", a.about}, {"detail", a.detail}, {"since", format_utc(a.since)}, {"told", a.told_at.has_value()}});
    out["alarms"] = std::move(alarms);
    out["last_receipt_at"] = time_of(db, "SELECT received_at FROM receipts ORDER BY id DESC LIMIT 1");
    out["last_reply_at"] = time_of(db, "SELECT received_at FROM inbound ORDER BY id DESC LIMIT 1");
    out["last_fact_at"] = time_of(db, "SELECT at FROM ledger ORDER BY seq DESC LIMIT 1");
    out["unread_texts"] = count(db, "SELECT count(*) FROM inbound WHERE step = 'new' AND ?1 > 0", now);
    out["open_alarms"] = count(db, "SELECT count(*) FROM alarms WHERE acknowledged_at IS NULL AND ?1 > 0", now);
    // A day back: what the desk does, and how long a citizen in danger waits for a person.
    auto since = now - Millis(std::chrono::hours(24));
    json::value longest;
    store::Statement slowest(db, "SELECT max(acknowledged_at - at) FROM alarms WHERE acknowledged_at >= ?1");
    if (slowest.bind(1, since).step() && !slowest.is_null(0)) longest = slowest.integer(0) / 1000;
    out["desk"] = {{"open", out["open_alarms"]}, {"not_received", count(db, "SELECT count(*) FROM alarms WHERE acknowledged_at IS NULL AND received_at IS NULL AND escalated_at IS NULL AND ?1 > 0", now)},
                   {"oldest_open_at", time_of(db, "SELECT min(at) FROM alarms WHERE acknowledged_at IS NULL")},
                   {"acknowledged_24h", count(db, "SELECT count(*) FROM alarms WHERE acknowledged_at >= ?1", since)}, {"longest_seconds_24h", longest}};
    out["letters"] = {{"open", count(db, "SELECT count(*) FROM letters WHERE closed_at IS NULL AND message_id IS NULL AND ?1 > 0", now)},
                      {"oldest_at", time_of(db, "SELECT min(at) FROM letters WHERE closed_at IS NULL AND message_id IS NULL")}};
    out["appeals"] = {{"open", count(db, "SELECT count(*) FROM appeals WHERE decided_at IS NULL AND id NOT IN (SELECT appeal_id FROM appeal_withdrawals) AND ?1 > 0", now)},
                      {"overdue", count(db, "SELECT count(*) FROM appeals WHERE decided_at IS NULL AND id NOT IN (SELECT appeal_id FROM appeal_withdrawals) AND due_at < ?1", now)}};
    out["followups"] = {{"open", count(db, "SELECT count(*) FROM followups WHERE state <> 'closed' AND ?1 > 0", now)},
                        {"overdue", count(db, "SELECT count(*) FROM followups WHERE state <> 'closed' AND due_at < ?1", now)},
                        {"next_due_at", time_of(db, "SELECT min(due_at) FROM followups WHERE state <> 'closed'")}};
    out["reviews"] = {{"open", count(db, "SELECT count(*) FROM reviews WHERE closed_at IS NULL AND ?1 > 0", now)},
                      {"oldest_at", time_of(db, "SELECT min(at) FROM reviews WHERE closed_at IS NULL")}};
    json::value newest_arrival;
    store::Statement arrived(db, "SELECT target, day, version, delivered_at, bytes FROM deliveries WHERE delivered_at IS NOT NULL ORDER BY delivered_at DESC, id DESC LIMIT 1");
    if (arrived.step())
        newest_arrival = json::object{{"target", arrived.text(0)}, {"day", arrived.text(1)}, {"version", arrived.integer(2)}, {"at", format_utc(arrived.instant(3))}, {"bytes", arrived.integer(4)}};
    out["deliveries"] = {{"waiting", count(db, "SELECT count(*) FROM deliveries WHERE delivered_at IS NULL AND ?1 > 0", now)},
                         {"oldest_at", time_of(db, "SELECT min(planned_at) FROM deliveries WHERE delivered_at IS NULL")}, {"last", newest_arrival}};
    json::array holds;
    for (const auto& hold : store::active_holds(db)) {
        json::value channel;
        if (hold.channel) channel = *hold.channel;
        holds.push_back({{"of", hold.of}, {"channel", channel}, {"since", format_utc(hold.at)}, {"reason", store::read_reason(db, seal, hold.reason)}});
    }
    out["holds"] = std::move(holds);
    std::error_code error;
    auto space = std::filesystem::space(std::filesystem::path(path).parent_path(), error);
    json::value free_mib;
    if (!error) free_mib = static_cast<std::int64_t>(space.available >> 20);
    out["disk"] = {{"free_mib", free_mib}};
    return out;
}

}  // namespace pingjing::admin
