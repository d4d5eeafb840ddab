#include "daemon/store/canaries.hpp"

#include "daemon/core/message.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/phones.hpp"

namespace pingjing::store {

bool plan_canary(Connection& db, const Seal& seal, Random& random, std::string_view channel, const Phone& phone, std::string_view day, Instant stale_at, Instant now) {
    // Looked up before it is kept: who was forgotten today must not be sealed again for a text that he got already.
    if (auto known_phone = find_phone_id(db, seal.phone_key(phone))) {
        Statement known(db, "SELECT 1 FROM canaries WHERE phone_id = ?1 AND channel = ?2 AND day = ?3");
        if (is_opted_out(db, *known_phone) || known.bind(1, *known_phone).bind(2, channel).bind(3, day).step()) return false;
    }
    auto phone_id = keep_phone(db, seal, phone, now);
    NewMessage message;
    message.purpose = Purpose::canary, message.text_name = "canary", message.phone_id = phone_id, message.channel = std::string(channel);
    message.slot = 0;  // so that the digits of a survey are tried as well; nobody on the staff list has one
    message.due_at = now, message.stale_at = stale_at;
    auto id = plan_message(db, random, message, now);
    Statement keep(db, "INSERT INTO canaries(message_id, channel, prefix, day, phone_id) VALUES (?1, ?2, ?3, ?4, ?5)");
    keep.bind(1, id).bind(2, channel).bind(3, phone.reveal().substr(0, 3)).bind(4, day).bind(5, phone_id).run();
    return true;
}

std::string day_of_canary(Connection& db, std::int64_t message_id) {
    Statement find(db, "SELECT day FROM canaries WHERE message_id = ?1");
    return find.bind(1, message_id).step() ? find.text(0) : std::string();
}

bool answer_canary(Connection& db, std::int64_t phone_id, std::string_view channel, std::int64_t inbound_id, Instant claimed_since, Instant now) {
    Statement find(db, R"sql(
        SELECT c.message_id, c.answered_by FROM canaries c JOIN messages m ON m.id = c.message_id
         WHERE c.phone_id = ?1 AND c.channel = ?2 AND m.attempt > 0 AND m.claimed_at >= ?3 ORDER BY c.message_id DESC LIMIT 1)sql");
    if (!find.bind(1, phone_id).bind(2, channel).bind(3, claimed_since).step()) return false;
    if (!find.is_null(1)) return true;  // a second word of the same person
    Statement mark(db, "UPDATE canaries SET answered_by = ?2, answered_at = ?3 WHERE message_id = ?1");
    mark.bind(1, find.integer(0)).bind(2, inbound_id).bind(3, now).run();
    return true;
}

std::map<Path, CanaryDay> newest_canaries(Connection& db, std::string_view first_day, Instant had_time) {
    Statement read(db, R"sql(
        SELECT c.channel, c.prefix, c.day, count(*), sum(EXISTS (SELECT 1 FROM receipts r WHERE r.message_id = c.message_id)), sum(c.answered_by IS NOT NULL),
               sum(m.state = 'failed')
          FROM canaries c JOIN messages m ON m.id = c.message_id
         WHERE c.day >= ?1 AND m.attempt > 0 AND m.state <> 'due' AND m.state <> 'cancelled' AND (m.claimed_at < ?2 OR c.answered_by IS NOT NULL)
         GROUP BY c.channel, c.prefix, c.day ORDER BY c.day)sql");
    read.bind(1, first_day).bind(2, had_time);
    std::map<Path, CanaryDay> newest;
    while (read.step()) newest[{read.text(0), read.text(1)}] = {read.text(2), read.integer(3), read.integer(4), read.integer(5), read.integer(6)};
    return newest;
}

}  // namespace pingjing::store
