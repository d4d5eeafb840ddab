#include "daemon/store/notices.hpp"

#include <fmt/format.h>

#include "daemon/core/message.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/phones.hpp"

namespace pingjing::store {
namespace {

// Whoever got it is recognised for that long at least, also where his number is erased meanwhile; then the same list would reach him again.
constexpr Millis added_to = std::chrono::hours(24 * 30);
constexpr Millis remembered_after_restore = std::chrono::hours(24 * 7);

std::string reason_context(std::int64_t id, const char* of) { return fmt::format("notices.{}:{}", of, id); }

// Of whom only the token's number: the row has the name.
void append_notice(Connection& db, std::string_view kind, std::int64_t id, std::string_view who, Instant now) {
    append(db, now, kind, std::nullopt, fmt::format(R"({{"notice":{},"by":"{}"}})", id, who.substr(0, who.find('/'))));
}

Notice read_notice(Connection& db, const Statement& row) {
    Notice n;
    n.id = row.integer(0), n.name = row.text(1), n.text_name = row.text(2), n.made_at = row.instant(3), n.made_by = row.text(4), n.stopped_at = row.maybe_instant(5);
    Statement states(db, "SELECT m.state, count(*) FROM notice_phones p JOIN messages m ON m.id = p.message_id WHERE p.notice_id = ?1 GROUP BY m.state");
    for (states.bind(1, n.id); states.step();) n.texts[states.text(0)] = states.integer(1);
    return n;
}

}  // namespace

std::optional<Notice> find_notice(Connection& db, std::string_view name) {
    Statement find(db, "SELECT id, name, text_name, made_at, made_by, stopped_at FROM notices WHERE name = ?1");
    return find.bind(1, name).step() ? std::optional(read_notice(db, find)) : std::nullopt;
}

std::vector<Notice> find_notices(Connection& db, int most) {
    Statement find(db, "SELECT id, name, text_name, made_at, made_by, stopped_at FROM notices ORDER BY id DESC LIMIT ?1");
    std::vector<Notice> all;
    for (find.bind(1, most); find.step();) all.push_back(read_notice(db, find));
    return all;
}

Result<std::int64_t> open_notice(Connection& db, const Seal& seal, const NewNotice& wanted, Instant now) {
    // By a clock that is in doubt it may seem long ago, or still to come.
    auto restored = no_send_before(db);
    bool is_lately = restored != Instant{} && (now < restored + remembered_after_restore || is_clock_held(db));
    if (is_lately && !wanted.accept_possible_double)
        return fail(Error::Kind::conflict, fmt::format("the store was restored at {}: a notice sent after its backup is not known here and would go out twice; expected accept_possible_double", format_utc(restored)));
    if (auto known = find_notice(db, wanted.name)) {
        if (known->stopped_at) return fail(Error::Kind::conflict, fmt::format("the notice {} was stopped: expected another name", wanted.name));
        if (known->text_name != wanted.text_name)
            return fail(Error::Kind::conflict, fmt::format("the notice {} is there with the text {}: expected that text, or another name", wanted.name, known->text_name));
        if (now - known->made_at > added_to)
            return fail(Error::Kind::conflict, fmt::format("the notice {} was begun at {}, more than 30 days ago: who got it may not be known any more; expected another name", wanted.name, format_utc(known->made_at)));
        return known->id;
    }
    auto id = db.next_id("notices");
    Statement add(db, "INSERT INTO notices(id, name, text_name, made_at, made_by, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    add.bind(1, id).bind(2, wanted.name).bind(3, wanted.text_name).bind(4, now).bind(5, wanted.who);
    add.bind_blob(6, seal.seal(wanted.reason.reveal(), reason_context(id, "reason"))).run();
    append_notice(db, "notice", id, wanted.who, now);
    return id;
}

std::string plan_notice(Connection& db, const Seal& seal, Random& random, std::int64_t notice_id, std::string_view text_name, const Phone& phone,
                        std::string_view consented_on, const NoticeRules& rules, Instant now) {
    if (auto known = find_phone_id(db, seal.phone_key(phone))) {
        Statement again(db, "SELECT 1 FROM notice_phones WHERE notice_id = ?1 AND phone_id = ?2");
        if (again.bind(1, notice_id).bind(2, *known).step()) return "known";
        if (is_opted_out(db, *known)) return "opt_out";
        if (has_safety_hold(db, *known, 0, now - rules.safety_hold)) return "phone_hold";
    }
    NewMessage message;
    message.purpose = Purpose::notice, message.text_name = std::string(text_name), message.phone_id = keep_phone(db, seal, phone, now);
    message.due_at = now, message.stale_at = now + rules.stands;
    auto message_id = plan_message(db, random, message, now);
    Statement keep(db, "INSERT INTO notice_phones(notice_id, phone_id, consented_on, message_id) VALUES (?1, ?2, ?3, ?4)");
    keep.bind(1, notice_id).bind(2, message.phone_id).bind(3, consented_on).bind(4, message_id).run();
    return "planned";
}

int stop_notice(Connection& db, const Seal& seal, const Notice& notice, const Text& reason, std::string_view who, Instant now) {
    Statement mark(db, "UPDATE notices SET stopped_at = ?2, stopped_by = ?3, stop_reason = ?4 WHERE id = ?1 AND stopped_at IS NULL");
    mark.bind(1, notice.id).bind(2, now).bind(3, who).bind_blob(4, seal.seal(reason.reveal(), reason_context(notice.id, "stop_reason"))).run();
    if (db.changes() == 0) return 0;
    Statement cancel(db, R"sql(
        UPDATE messages SET state = 'cancelled', code = 'cancelled', settled_at = ?2, open = 0
         WHERE id IN (SELECT message_id FROM notice_phones WHERE notice_id = ?1) AND state IN ('due', 'held'))sql");
    cancel.bind(1, notice.id).bind(2, now).run();
    auto stopped = db.changes();
    append_notice(db, "notice_stopped", notice.id, who, now);
    return stopped;
}

bool is_of_stopped_notice(Connection& db, std::int64_t message_id) {
    Statement find(db, "SELECT 1 FROM notice_phones p JOIN notices n ON n.id = p.notice_id WHERE p.message_id = ?1 AND n.stopped_at IS NOT NULL");
    return find.bind(1, message_id).step();
}

std::vector<NoticePhone> find_notice_phones(Connection& db, std::int64_t notice_id, std::int64_t after_phone, int most) {
    Statement find(db, R"sql(
        SELECT p.phone_id, p.consented_on, m.state, coalesce(m.channel, ''), m.claimed_at, m.settled_at FROM notice_phones p JOIN messages m ON m.id = p.message_id
         WHERE p.notice_id = ?1 AND p.phone_id > ?2 ORDER BY p.phone_id LIMIT ?3)sql");
    std::vector<NoticePhone> all;
    for (find.bind(1, notice_id).bind(2, after_phone).bind(3, most); find.step();)
        all.push_back({find.integer(0), find.text(1), find.text(2), find.text(3), find.maybe_instant(4), find.maybe_instant(5)});
    return all;
}

}  // namespace pingjing::store
