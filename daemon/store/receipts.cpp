#include "daemon/store/receipts.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include "daemon/core/receipt_id.hpp"
#include "daemon/store/outbox.hpp"

namespace pingjing::store {
namespace {

constexpr Millis longest_wait_for_report = std::chrono::hours(24 * 4);

constexpr std::string_view message_columns = "m.id, m.ref, m.phone_id, coalesce(m.code, ''), m.case_id, m.state";

ReceiptMessage read_message(const Statement& row, std::string how) {
    ReceiptMessage m;
    m.id = row.integer(0), m.ref = row.text(1), m.phone_id = row.integer(2), m.code = row.text(3), m.case_id = row.maybe_integer(4);
    m.state = parse_message_state(row.text(5)).value();
    m.how = std::move(how);
    return m;
}

bool is_final(std::string_view state) { return state == "delivered" || state == "failed" || state == "expired"; }

bool move(Connection& db, const ReceiptMessage& m, MessageState to, std::string_view evidence, Instant now) {
    if (!may_follow(m.state, to)) return false;
    // A word from behind the carrier proves that it had taken the message, also where its answer to us was lost.
    // Where that is written already it is left out, for the index of open windows names it.
    constexpr std::string_view accepted = "UPDATE OR FAIL messages SET state = ?2, settled_at = ?3, evidence = ?4 WHERE id = ?1 AND state = ?5";
    constexpr std::string_view in_question = "UPDATE OR FAIL messages SET state = ?2, settled_at = ?3, evidence = ?4, accepted_at = coalesce(accepted_at, ?3) WHERE id = ?1 AND state = ?5";
    Statement update(db, m.state == MessageState::accepted ? accepted : in_question);
    update.bind(1, m.id).bind(2, message_state_name(to)).bind(3, now).bind(4, evidence).bind(5, message_state_name(m.state)).run();
    if (db.changes() == 0) return false;
    append(db, now, message_state_name(to), m.case_id, fmt::format(FMT_COMPILE(R"({{"ref":"{}","evidence":"{}"}})"), m.ref, evidence));
    return true;
}

// The carrier said no and has it all the same, or it went after the backup that is in use: sending it would be the second text.
void hold_what_went(Connection& db, const ReceiptMessage& m, std::string_view went, Instant now) {
    Statement hold(db, R"sql(
        UPDATE messages SET state = 'held', code = ?2 || CASE WHEN code = 'restored' THEN '_after_backup' ELSE '_after_refusal' END, evidence = ?3
         WHERE id = ?1 AND ((state = 'due' AND attempt > 0) OR (state = 'held' AND code IN ('content', 'restored'))) RETURNING code)sql");
    if (!hold.bind(1, m.id).bind(2, went).bind(3, "receipt by " + m.how).step()) return;
    append(db, now, "held", m.case_id, fmt::format(R"({{"ref":"{}","why":"{}"}})", m.ref, hold.text(0)));
}

// The newest message with this id to the report's phone, or the one that still waits for a report. `sure` false: the id is another
// spelling of the one in the report, and only the phone makes it more than a chance.
std::optional<ReceiptMessage> find_by_id(Connection& db, const ReceiptRow& receipt, std::string_view id, bool sure) {
    static const auto sql = fmt::format(R"sql(
        SELECT {}, k.id, k.part = 0, CASE WHEN k.part > 0 OR k.state IS NOT NULL THEN k.state WHEN m.evidence <> 'reply' THEN m.state END
          FROM receipt_keys k JOIN messages m ON m.id = k.message_id
         WHERE k.channel = ?1 AND k.vendor_id = ?2 AND m.claimed_at <= ?3 ORDER BY k.at DESC, k.id DESC)sql", message_columns);
    Statement find(db, sql);
    find.bind(1, receipt.channel).bind(2, id).bind(3, receipt.received_at);
    std::optional<ReceiptMessage> newest;
    while (find.step()) {
        auto m = read_message(find, sure ? "vendor_id" : "vendor_id in another spelling");
        m.key_row = find.integer(6), m.whole = find.integer(7) == 1;
        if (receipt.phone_id ? *receipt.phone_id != m.phone_id : !sure) continue;
        if (!is_final(find.view(8))) return m;
        if (!newest) newest = m;
    }
    return newest;
}

// The only message to this phone of which no id is known that a report could name: in doubt, or taken by a carrier that gave it none.
// Two of them cannot be told apart.
std::optional<ReceiptMessage> find_unnamed(Connection& db, const ReceiptRow& receipt) {
    static const auto by_phone = fmt::format(R"sql(
        SELECT {}, m.channel, m.claimed_at FROM messages m
         WHERE m.phone_id = ?1 AND (m.state IN ('sending', 'in_doubt')
               OR (?2 AND m.state = 'accepted' AND m.channel = ?3 AND m.claimed_at > ?4 AND EXISTS (SELECT 1 FROM receipt_keys k WHERE k.message_id = m.id AND k.part > 0 AND k.vendor_id = '')))
         ORDER BY m.id)sql", message_columns);
    Statement find(db, by_phone);
    find.bind(1, *receipt.phone_id).bind(2, receipt.ref.empty()).bind(3, receipt.channel).bind(4, receipt.received_at - longest_wait_for_report);
    std::optional<ReceiptMessage> only;
    bool fits = false;
    for (int n = 0; find.step(); ++n) {
        if (n > 0) return std::nullopt;
        only = read_message(find, "phone");
        auto when = receipt.at.value_or(receipt.received_at);
        fits = find.text(6) == receipt.channel && find.instant(7) <= receipt.received_at && when - find.instant(7) < longest_wait_for_report;
    }
    return only && fits && only->state != MessageState::sending ? only : std::nullopt;
}

// A further part of a message whose first report was placed by its phone: it proves no more, and no stranger sent it.
std::optional<ReceiptMessage> find_rest_of_unnamed(Connection& db, const ReceiptRow& receipt) {
    static const auto by_phone = fmt::format(R"sql(
        SELECT {} FROM messages m
         WHERE m.phone_id = ?1 AND m.state IN ('delivered', 'failed', 'expired') AND m.channel = ?2 AND m.claimed_at > ?3 AND m.claimed_at <= ?4
           AND m.evidence = 'receipt by phone' AND (SELECT count(*) FROM receipts r WHERE r.message_id = m.id) < m.parts
         ORDER BY m.id DESC LIMIT 1)sql", message_columns);
    Statement find(db, by_phone);
    find.bind(1, *receipt.phone_id).bind(2, receipt.channel).bind(3, receipt.received_at - longest_wait_for_report).bind(4, receipt.received_at);
    return find.step() ? std::optional(read_message(find, "phone")) : std::nullopt;
}

std::optional<ReceiptMessage> find_by_phone(Connection& db, const ReceiptRow& receipt) {
    auto found = find_unnamed(db, receipt);
    return found || !receipt.ref.empty() ? found : find_rest_of_unnamed(db, receipt);
}

bool move_by_final_word(Connection& db, const ReceiptRow& receipt, const ReceiptMessage& message, Instant now) {
    auto evidence = "receipt by " + message.how;
    if (receipt.state != "delivered") {
        // in_doubt and unknown know no `expired`: that the carrier gave up says that it had taken the message and failed.
        auto to = receipt.state == "expired" && may_follow(message.state, MessageState::expired) ? MessageState::expired : MessageState::failed;
        return message.state != MessageState::failed && move(db, message, to, evidence, now);
    }
    if (message.state == MessageState::due || message.code == "partial") return false;  // half a text on a phone is no delivery; an answer to it would be proof
    if (message.key_row && !message.whole) {
        // Of this attempt, whose ids were learned at once.
        Statement missing(db, R"sql(
            SELECT 1 FROM receipt_keys WHERE message_id = ?1 AND part > 0 AND coalesce(state, '') <> 'delivered' AND at = (SELECT at FROM receipt_keys WHERE id = ?2) LIMIT 1)sql");
        if (missing.bind(1, message.id).bind(2, *message.key_row).step()) return false;
    }
    return move(db, message, MessageState::delivered, evidence, now);
}

}  // namespace

std::vector<ReceiptRow> find_new_receipts(Connection& db, int limit) {
    Statement find(db, "SELECT id, channel, ref, vendor_id, state, meaning, phone_id, at, received_at FROM receipts WHERE step = 'new' ORDER BY id LIMIT ?1");
    find.bind(1, limit);
    std::vector<ReceiptRow> rows;
    while (find.step()) {
        ReceiptRow r;
        r.id = find.integer(0), r.channel = find.text(1), r.ref = find.text(2), r.vendor_id = find.text(3), r.state = find.text(4), r.meaning = find.text(5);
        r.phone_id = find.maybe_integer(6), r.at = find.maybe_instant(7), r.received_at = find.instant(8);
        rows.push_back(std::move(r));
    }
    return rows;
}

std::optional<ReceiptMessage> find_receipt_message(Connection& db, const ReceiptRow& receipt) {
    auto right_phone = [&](const ReceiptMessage& m) { return !receipt.phone_id || *receipt.phone_id == m.phone_id; };
    if (!receipt.ref.empty()) {
        static const auto by_ref = fmt::format(R"sql(
            SELECT {}, k.id, k.part = 0 FROM messages m LEFT JOIN receipt_keys k ON k.channel = ?2 AND k.vendor_id = ?3 AND k.message_id = m.id WHERE m.ref = ?1)sql", message_columns);
        Statement find(db, by_ref);
        if (find.bind(1, receipt.ref).bind(2, receipt.channel).bind(3, receipt.vendor_id).step()) {
            auto m = read_message(find, "ref");
            m.key_row = find.maybe_integer(6), m.whole = find.integer(7) == 1;
            if (right_phone(m)) return m;
        }
    }
    if (!receipt.vendor_id.empty()) {
        if (auto found = find_by_id(db, receipt, receipt.vendor_id, true)) return found;
        for (const auto& spelling : other_spellings(receipt.vendor_id))
            if (auto found = find_by_id(db, receipt, spelling, false)) return found;
    }
    return receipt.phone_id ? find_by_phone(db, receipt) : std::nullopt;
}

void park_receipt(Connection& db, std::int64_t id, const std::optional<std::int64_t>& message_id) {
    Statement park(db, "UPDATE receipts SET step = 'parked', message_id = ?2 WHERE id = ?1");
    park.bind(1, id).bind(2, message_id).run();
}

void leave_receipt_unknown(Connection& db, const ReceiptRow& receipt, Instant now) {
    Statement leave(db, "UPDATE receipts SET step = 'unknown' WHERE id = ?1");
    leave.bind(1, receipt.id).run();
    append(db, now, "unknown_receipt", std::nullopt, fmt::format(R"({{"id":{}}})", receipt.id));
}

// A release that is still to come was made by a clock that was ahead, and would hide all that comes until then.
int unknown_receipts(Connection& db, Instant from, Instant until, Instant now) {
    Statement count(db, R"sql(
        SELECT count(*) FROM receipts WHERE step = 'parked' AND received_at >= ?1 AND received_at < ?2 AND message_id IS NULL
           AND received_at > (SELECT coalesce(max(released_at), 0) FROM holds WHERE of = 'stop' AND released_at <= ?3))sql");
    count.bind(1, from).bind(2, until).bind(3, now).step();
    return static_cast<int>(count.integer(0));
}

int give_up_parked(Connection& db, Instant before, Instant now) {
    Statement find(db, "SELECT id FROM receipts WHERE step = 'parked' AND received_at < ?1 AND received_at >= ?2 ORDER BY received_at LIMIT 500");
    find.bind(1, before).bind(2, ages_count_from(db));
    std::vector<ReceiptRow> old;
    while (find.step()) {
        old.emplace_back();
        old.back().id = find.integer(0);
    }
    for (const auto& receipt : old) leave_receipt_unknown(db, receipt, now);
    return static_cast<int>(old.size());
}

void mark_receipt_applied(Connection& db, std::int64_t id, std::int64_t message_id) {
    Statement applied(db, "UPDATE receipts SET step = 'applied', message_id = ?2 WHERE id = ?1");
    applied.bind(1, id).bind(2, message_id).run();
}

bool apply_receipt(Connection& db, const ReceiptRow& receipt, const ReceiptMessage& message, Instant now) {
    if (receipt.state == "delivered") hold_what_went(db, message, "delivered", now);
    if (receipt.state == "buffered") hold_what_went(db, message, "taken", now);
    if (!is_final(receipt.state)) return false;
    if (message.key_row && !message.whole) {
        // The first final word about a part stands, but for a delivery after a failure: the phone was switched on again.
        Statement part(db, "UPDATE receipt_keys SET state = ?2 WHERE id = ?1 AND (state IS NULL OR (state <> 'delivered' AND ?2 = 'delivered'))");
        part.bind(1, *message.key_row).bind(2, receipt.state).run();
    }
    bool moved = move_by_final_word(db, receipt, message, now);
    if (!moved && message.key_row && message.whole) {
        // An answer had been faster, and of how the message stands nobody sees that its report has come.
        Statement reported(db, "UPDATE receipt_keys SET state = ?2 WHERE id = ?1 AND state IS NULL");
        reported.bind(1, *message.key_row).bind(2, receipt.state).run();
    }
    return moved;
}

bool lift_to_delivered(Connection& db, std::int64_t message_id, std::string_view evidence, Instant now) {
    static const auto sql = fmt::format("SELECT {} FROM messages m WHERE m.id = ?1", message_columns);
    Statement find(db, sql);
    if (!find.bind(1, message_id).step()) return false;
    return move(db, read_message(find, "reply"), MessageState::delivered, evidence, now);
}

void close_surveys_to(Connection& db, std::int64_t phone_id, Instant now) {
    Statement close(db, "UPDATE messages SET open = 0 WHERE phone_id = ?1 AND open = 1");
    close.bind(1, phone_id).run();
    if (db.changes() > 0) append(db, now, "number_invalid", std::nullopt, "{}");
}

}  // namespace pingjing::store
