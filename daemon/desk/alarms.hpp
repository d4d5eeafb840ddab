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
    Text masked_text{};           // the alarm's, without the whole numbers of the cries that are folded in it
    std::vector<Phone> folded{};  // those numbers, also where the text has no room for their words
    std::int64_t inbound_id = 0;
    std::int64_t attempts = 0, reminders = 0;
    std::optional<Instant> received_at{}, escalated_at{}, acknowledged_at{};
    std::optional<std::string> acknowledged_by{};
    std::optional<Text> words{};  // of whoever acknowledged it; nullopt: none, or erased
};

// Neither received nor acknowledged, the oldest first. A number or text that does not open (erased, a lost key) is empty: the
// alarm goes all the same.
std::vector<Alarm> waiting_alarms(store::Connection& db, const store::Seal& seal);
// Nobody acknowledged it. `since`: when somebody was last told of it, or when it was raised.
struct Unanswered {
    std::string id{};
    Instant since{};
    bool received = false, escalated = false;
    int reminders = 0;
    int told() const { return (received ? 1 : 0) + (escalated ? 1 : 0) + reminders; }
};
std::vector<Unanswered> unanswered_alarms(store::Connection& db, int most);  // the oldest first
std::optional<AlarmRow> find_alarm(store::Connection& db, const store::Seal& seal, std::string_view id);

// Not acknowledged, and of the others the newest: what a desk wants to see.
std::vector<AlarmRow> alarms_for_desk(store::Connection& db, const store::Seal& seal, int most_others);

void record_attempt(store::Connection& db, std::string_view id);
bool is_acknowledged(store::Connection& db, std::string_view id);
// Once; an alarm that came from memory has no row, and that is no error.
void record_received(store::Connection& db, std::string_view id, Instant now);
void record_escalated(store::Connection& db, std::string_view id, Instant now);
void record_reminded(store::Connection& db, std::string_view id, Instant now);

struct Acknowledgement {
    Instant at{};
    std::string by{};
};
// The first one stands, with its words, and is the answer to every later one. not_found: no such alarm.
Result<Acknowledgement> acknowledge(store::Connection& db, const store::Seal& seal, std::string_view id, std::string_view who, const Text& words, Instant now);

}  // namespace pingjing::desk
