// The alarms in the store. A row is written by whoever reads the reply; from then on it is ours.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/result.hpp"
#include "daemon/desk/alarm.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::desk {

struct AlarmRow {
    explicit AlarmRow(Alarm a) : alarm(std::move(a)) {}
    Alarm alarm;
    std::int64_t attempts = 0;
    std::optional<Instant> received_at{}, escalated_at{}, acknowledged_at{};
    std::optional<std::string> acknowledged_by{};
};

// Neither received nor acknowledged, the oldest first. A number or text that does not open (erased, a lost key) is empty: the
// alarm goes all the same.
std::vector<Alarm> waiting_alarms(store::Connection& db, const store::Seal& seal);
// Nobody acknowledged them, they were received (or raised, if they never were) at or before `since`, and not yet escalated.
std::vector<Alarm> unanswered_alarms(store::Connection& db, const store::Seal& seal, Instant since);
// Since when the next one, later than that, has been waiting.
std::optional<Instant> next_unanswered(store::Connection& db, Instant since);

// Not acknowledged, and of the others the newest: what a desk wants to see.
std::vector<AlarmRow> alarms_for_desk(store::Connection& db, const store::Seal& seal, int most_others);

void record_attempt(store::Connection& db, std::string_view id);
bool is_acknowledged(store::Connection& db, std::string_view id);
// Once; an alarm that came from memory has no row, and that is no error.
void record_received(store::Connection& db, std::string_view id, Instant now);
void record_escalated(store::Connection& db, std::string_view id, Instant now);

struct Acknowledgement {
    Instant at{};
    std::string by{};
};
// The first one stands and is the answer to every later one. not_found: no such alarm.
Result<Acknowledgement> acknowledge(store::Connection& db, std::string_view id, std::string_view who, Instant now);

}  // namespace pingjing::desk
