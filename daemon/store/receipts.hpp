// Delivery reports against messages: found by our ref, the carrier's id, or (in doubt only) the phone; applied forward only.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/message.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

struct ReceiptRow {
    std::int64_t id = 0;
    std::string channel{}, ref{}, vendor_id{}, state{}, meaning{};
    std::optional<std::int64_t> phone_id{};
    std::optional<Instant> at{};
    Instant received_at{};
};
std::vector<ReceiptRow> find_new_receipts(Connection& db, int limit);

struct ReceiptMessage {
    std::int64_t id = 0, phone_id = 0;
    std::string ref{}, code{};
    std::optional<std::int64_t> case_id{};
    std::optional<std::int64_t> key_row{};  // of receipt_keys: the part it reports on
    bool whole = false;                     // which is all of it: then the message itself says how far it is
    MessageState state = MessageState::due;
    std::string how{};                      // ref, vendor_id, phone
};
// Ids recur at some carriers: the newest message wins, an older one only where it is the one that still waits for a report. By
// phone only where exactly one message to it is unsettled, given to this channel before the report and not long ago.
std::optional<ReceiptMessage> find_receipt_message(Connection& db, const ReceiptRow& receipt);

void mark_receipt_applied(Connection& db, std::int64_t id, std::int64_t message_id);
void park_receipt(Connection& db, std::int64_t id, const std::optional<std::int64_t>& message_id);
void leave_receipt_unknown(Connection& db, const ReceiptRow& receipt, Instant now);
// Reports of the time between that belong to no message of ours; those before the last release of a stop were looked at by a person.
int unknown_receipts(Connection& db, Instant from, Instant until, Instant now);
// Parked for longer than that and nobody came for them; while the clock is in doubt only those whose age is known.
int give_up_parked(Connection& db, Instant before, Instant now);

// What the report says of its part is written, and the message moves where all its parts allow it. True: it moved.
bool apply_receipt(Connection& db, const ReceiptRow& receipt, const ReceiptMessage& message, Instant now);

// A reply came: the message was on a phone, whatever the carrier said.
bool lift_to_delivered(Connection& db, std::int64_t message_id, std::string_view evidence, Instant now);
void close_surveys_to(Connection& db, std::int64_t phone_id, Instant now);  // the carrier says: no such number

}  // namespace pingjing::store
