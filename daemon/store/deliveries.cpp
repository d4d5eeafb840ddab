#include "daemon/store/deliveries.hpp"

#include <fmt/format.h>

#include "daemon/store/ledger.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

constexpr const char* columns = "id, target, day, version, attempts, planned_at, tried_at, why, delivered_at, coalesce(place, ''), coalesce(files, 0), coalesce(bytes, 0), coalesce(sha256, '')";

DeliveryRow read_one(Statement& row) {
    DeliveryRow out;
    out.errand = {row.integer(0), row.text(1), row.text(2), row.integer(3), row.integer(4)};
    out.planned_at = row.instant(5);
    if (!row.is_null(6)) out.tried_at = row.instant(6);
    out.why = row.text(7);
    if (!row.is_null(8)) out.delivered_at = row.instant(8);
    out.arrival = {row.text(9), row.integer(10), row.integer(11), row.text(12)};
    return out;
}

}  // namespace

std::vector<Errand> unplanned_deliveries(Connection& db, const std::string& target, const std::string& first_day, const std::string& last_day) {
    Statement find(db, R"sql(
        SELECT day, version FROM exports e WHERE day BETWEEN ?2 AND ?3
           AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.target = ?1 AND d.day = e.day AND d.version = e.version) ORDER BY day, version)sql");
    std::vector<Errand> out;
    for (find.bind(1, target).bind(2, first_day).bind(3, last_day); find.step();) out.push_back({0, target, find.text(0), find.integer(1), 0});
    return out;
}

void plan_delivery(Connection& db, const Errand& errand, Instant now) {
    Statement add(db, "INSERT INTO deliveries(id, target, day, version, planned_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (target, day, version) DO NOTHING");
    add.bind(1, db.next_id("deliveries")).bind(2, errand.target).bind(3, errand.day).bind(4, errand.version).bind(5, now).run();
}

std::vector<Errand> open_deliveries(Connection& db, const std::string& target) {
    Statement find(db, fmt::format("SELECT {} FROM deliveries WHERE delivered_at IS NULL AND target = ?1 ORDER BY day, version", columns));
    std::vector<Errand> out;
    for (find.bind(1, target); find.step();) out.push_back(read_one(find).errand);
    return out;
}

void record_delivery_failed(Connection& db, std::int64_t id, const std::string& why, Instant now) {
    Statement write(db, "UPDATE deliveries SET attempts = attempts + 1, tried_at = ?2, why = ?3 WHERE id = ?1 AND delivered_at IS NULL");
    write.bind(1, id).bind(2, now).bind(3, why).run();
}

void record_delivered(Connection& db, std::int64_t id, const Arrival& arrival, Instant now) {
    Statement find(db, "SELECT target, day, version FROM deliveries WHERE id = ?1 AND delivered_at IS NULL");
    if (!find.bind(1, id).step()) return;
    // Names are words of our own, and a hash is digits: nothing to escape. Where it went stands in the row, and the row in the ledger.
    auto line = fmt::format(R"({{"target":"{}","day":"{}","version":{},"bytes":{},"sha256":"{}"}})", find.text(0), find.text(1), find.integer(2), arrival.bytes, arrival.sha256);
    Statement write(db, R"sql(
        UPDATE deliveries SET attempts = attempts + 1, tried_at = ?2, why = '', delivered_at = ?2, place = ?3, files = ?4, bytes = ?5, sha256 = ?6
         WHERE id = ?1 AND delivered_at IS NULL)sql");
    write.bind(1, id).bind(2, now).bind(3, arrival.place).bind(4, arrival.files).bind(5, arrival.bytes).bind(6, arrival.sha256).run();
    append(db, now, "delivery", std::nullopt, line);
}

std::vector<DeliveryRow> newest_deliveries(Connection& db, int most) {
    Statement find(db, fmt::format("SELECT {} FROM deliveries ORDER BY id DESC LIMIT ?1", columns));
    std::vector<DeliveryRow> out;
    for (find.bind(1, std::int64_t{most}); find.step();) out.push_back(read_one(find));
    return out;
}

std::vector<DeliveryRow> late_deliveries(Connection& db, Instant until) {
    Statement find(db, fmt::format("SELECT {} FROM deliveries WHERE delivered_at IS NULL AND planned_at < ?1 ORDER BY target, day, version", columns));
    std::vector<DeliveryRow> out;
    for (find.bind(1, until); find.step();) {
        auto row = read_one(find);
        if (out.empty() || out.back().errand.target != row.errand.target) out.push_back(std::move(row));
    }
    return out;
}

}  // namespace pingjing::store
