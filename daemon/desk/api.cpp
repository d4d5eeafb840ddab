#include "daemon/desk/api.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

#include "daemon/desk/alarms.hpp"
#include "daemon/log/log.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/parties.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/reveals.hpp"
#include "daemon/text/strict_json.hpp"

namespace pingjing::desk {
namespace {

namespace json = boost::json;

constexpr int most_acknowledged = 100;
constexpr std::size_t longest_words = 4000;  // bytes

json::value maybe(const std::optional<std::string>& value) { return value ? json::value(*value) : json::value(nullptr); }
json::value maybe(const std::optional<Instant>& value) { return value ? json::value(format_utc(*value)) : json::value(nullptr); }

// The desk had the number with the alarm, or has to say what it wants it for.
bool was_carried(const AlarmRow& row, const Carries& carries) { return (carries.main && row.received_at) || (carries.escalation && row.escalated_at); }

json::object describe(const AlarmRow& row, const Carries& carries) {
    const auto& a = row.alarm;
    json::value words;
    if (row.words) words = row.words->reveal();
    bool carried = was_carried(row, carries);
    return {{"alarm_id", a.id}, {"at", format_utc(a.at)}, {"phone", carried ? a.phone.reveal() : a.phone.masked()},
            {"text", carried ? a.text.reveal() : row.masked_text.reveal()},
            {"case_id", maybe(a.record)}, {"unit", maybe(a.unit)}, {"do_not_contact", a.do_not_contact}, {"attempts", row.attempts}, {"received_at", maybe(row.received_at)},
            {"escalated_at", maybe(row.escalated_at)}, {"reminders", row.reminders}, {"acknowledged_at", maybe(row.acknowledged_at)},
            {"acknowledged_by", maybe(row.acknowledged_by)}, {"words", words}};
}

http::Response store_failed(const char* event, const store::SqlError& error) {
    log::error(event, {{"why", error.what()}});
    return http::store_does_not_answer();
}

http::Response tell(json::object body) { return http::private_json(json::serialize(body)); }

// The newest, as an alarm of his own would have it.
std::optional<std::int64_t> case_of(store::Connection& db, const store::Seal& seal, const Phone& phone) {
    auto id = store::find_phone_id(db, seal.phone_key(phone));
    return id ? store::newest_case_of(db, *id) : std::nullopt;
}

std::vector<std::int64_t> cases_of(store::Connection& db, const store::Seal& seal, const AlarmRow& row) {
    std::vector<std::int64_t> out;
    if (row.alarm.record)
        if (auto known = store::find_case(db, *row.alarm.record)) out.push_back(known->id);
    for (const auto& phone : row.folded)
        if (auto found = case_of(db, seal, phone)) out.push_back(*found);
    return out;
}

// Whoever was at the call does not see, and does not silence, what its caller cries about him, in one alarm with others or alone. His
// station may: it has to help.
bool is_about(store::Connection& db, const store::Seal& seal, const AlarmRow& row, const http::Asker& asker) {
    if (asker.badge.empty()) return false;
    auto cases = cases_of(db, seal, row);
    return std::any_of(cases.begin(), cases.end(), [&](std::int64_t id) { return store::find_parties(db, id).has_badge(asker.badge); });
}

http::Response no_such_alarm() { return http::problem(404, "Not Found", "there is no such alarm"); }

void note_access(store::Connection& db, json::object access, const http::Request& request, Instant now) {
    access["who"] = request.header("x-pingjing-who");
    store::append(db, now, "access", std::nullopt, json::serialize(access));
}

asio::awaitable<http::Response> list(const DeskParts desks, http::Request request) {
    std::vector<AlarmRow> rows;
    auto read = [&, now = desks.clock.now()](store::Connection& db) {
        rows = alarms_for_desk(db, desks.seal, most_acknowledged);
        std::erase_if(rows, [&](const AlarmRow& row) { return is_about(db, desks.seal, row, request.asker); });
        note_access(db, {{"what", "desk"}, {"alarms", rows.size()}}, request, now);
    };
    try {
        co_await desks.store.run(std::ref(read));
    } catch (const store::SqlError& error) {
        co_return store_failed("desk.list", error);
    }
    json::array alarms;
    for (const auto& row : rows) alarms.push_back(describe(row, desks.carries));
    json::object body{{"alarms", std::move(alarms)}};
    co_return tell(std::move(body));
}

asio::awaitable<http::Response> show(const DeskParts desks, http::Request request) {
    auto id = request.captures["alarm_id"];
    std::optional<AlarmRow> row;
    std::vector<store::Reveal> reveals;
    auto read = [&, now = desks.clock.now()](store::Connection& db) {
        row = find_alarm(db, desks.seal, id);
        if (row && is_about(db, desks.seal, *row, request.asker)) row.reset();
        if (!row) return;
        reveals = store::text_reveals_of(db, desks.seal, row->inbound_id);
        note_access(db, {{"what", "desk"}, {"alarm", id}}, request, now);
    };
    try {
        co_await desks.store.run(std::ref(read));
    } catch (const store::SqlError& error) {
        co_return store_failed("desk.show", error);
    }
    if (!row) co_return no_such_alarm();
    auto body = describe(*row, desks.carries);
    json::array shown_to;
    for (const auto& r : reveals) shown_to.push_back(json::object{{"at", format_utc(r.at)}, {"who", r.who}, {"reason", hide_mobiles(r.reason)}});
    body["reveals"] = std::move(shown_to);
    co_return tell(std::move(body));
}

asio::awaitable<http::Response> reveal(const DeskParts desks, http::Request request) {
    auto id = request.captures["alarm_id"];
    if (request.asker.name.empty()) co_return http::problem(403, "Forbidden", "a number is shown to persons: use a token that names one, or --as NAME");
    auto reason = only_text(request.body, "reason", longest_words);
    if (!reason || reason->empty()) co_return http::problem(400, "Bad Request", "reason: expected why the number is needed");
    std::optional<AlarmRow> row;
    auto read = [&, now = desks.clock.now()](store::Connection& db) {
        row = find_alarm(db, desks.seal, id);
        if (row && is_about(db, desks.seal, *row, request.asker)) row.reset();
        if (!row) return;
        store::record_text_reveal(db, desks.seal, row->inbound_id, request.asker.who, *reason, now);
        note_access(db, {{"what", "number"}, {"alarm", id}}, request, now);
    };
    try {
        co_await desks.store.run(std::ref(read));
    } catch (const store::SqlError& error) {
        co_return store_failed("desk.reveal", error);
    }
    if (!row) co_return no_such_alarm();
    json::object body{{"alarm_id", id}, {"phone", row->alarm.phone.reveal()}, {"do_not_contact", row->alarm.do_not_contact}};
    if (!row->folded.empty()) body["text"] = row->alarm.text.reveal();
    co_return tell(std::move(body));
}

asio::awaitable<http::Response> take(const DeskParts desks, http::Request request) {
    auto id = request.captures["alarm_id"];
    // Whatever stands in the body, the person who takes an emergency has it.
    auto said = only_text(request.body, "words", longest_words);
    auto words = said ? *said : std::string();
    std::optional<Result<Acknowledgement>> done;
    auto write = [&, now = desks.clock.now()](store::Connection& db) {
        done.reset();
        auto row = find_alarm(db, desks.seal, id);
        if (!row || is_about(db, desks.seal, *row, request.asker)) return;
        done = acknowledge(db, desks.seal, id, request.header("x-pingjing-who"), Text(words), now);
    };
    try {
        co_await desks.store.run(std::ref(write));
    } catch (const store::SqlError& error) {
        co_return store_failed("desk.ack", error);
    }
    if (!done || !*done) co_return no_such_alarm();
    json::object body{{"alarm_id", id}, {"acknowledged_at", format_utc((*done)->at)}, {"acknowledged_by", (*done)->by}};
    if (!said) body["ignored"] = said.error().detail;
    co_return tell(std::move(body));
}

}  // namespace

void add_desk_routes(http::Router& router, const http::Guard& guard, DeskParts parts) {
    router.add("GET", "/v1/desk", guard, [parts](http::Request request) { return list(parts, std::move(request)); });
    router.add("GET", "/v1/desk/{alarm_id}", guard, [parts](http::Request request) { return show(parts, std::move(request)); });
    router.add("POST", "/v1/desk/{alarm_id}/ack", guard, [parts](http::Request request) { return take(parts, std::move(request)); });
    router.add("POST", "/v1/desk/{alarm_id}/reveal", guard, [parts](http::Request request) { return reveal(parts, std::move(request)); });
}

}  // namespace pingjing::desk
