// Nightly files on their way to where they are wanted: a row for each version and target, which becomes the receipt. The files themselves are
// the business of daemon/delivery.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/clock.hpp"

namespace pingjing::store {
class Connection;

struct Errand {
    std::int64_t id = 0;      // 0: not planned yet
    std::string target{};     // the name of a [[reports.delivery]]
    std::string day{};        // local
    std::int64_t version = 1;
    std::int64_t attempts = 0;
};
// What arrived: bytes of all files, and the SHA-256 of manifest.json, which names those of the others.
struct Arrival { std::string place{}; std::int64_t files = 0, bytes = 0; std::string sha256{}; };
struct DeliveryRow {
    Errand errand{};
    Instant planned_at{};
    std::optional<Instant> tried_at{}, delivered_at{};
    std::string why{};  // of the last failure
    Arrival arrival{};  // empty until it is delivered
};

// Exported versions of these days, both included, that nobody has planned for the target; the oldest first.
std::vector<Errand> unplanned_deliveries(Connection& db, const std::string& target, const std::string& first_day, const std::string& last_day);
void plan_delivery(Connection& db, const Errand& errand, Instant now);  // once, however often
std::vector<Errand> open_deliveries(Connection& db, const std::string& target);  // planned and not delivered, the oldest first
// Of one that is delivered, neither changes anything.
void record_delivery_failed(Connection& db, std::int64_t id, const std::string& why, Instant now);
void record_delivered(Connection& db, std::int64_t id, const Arrival& arrival, Instant now);  // with a line in the ledger

std::vector<DeliveryRow> newest_deliveries(Connection& db, int most);  // the newest first
// Of each target the oldest that was planned before `until` and has not arrived, in the order of their names.
std::vector<DeliveryRow> late_deliveries(Connection& db, Instant until);

}  // namespace pingjing::store
