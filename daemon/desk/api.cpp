#include "daemon/desk/api.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/desk/alarms.hpp"
#include "daemon/log/log.hpp"

namespace pingjing::desk {
namespace {

namespace json = boost::json;

constexpr int most_acknowledged = 100;

struct Desks {
    store::Store& store;
    const store::Seal& seal;
    const Clock& clock;
};

json::value maybe(const std::optional<std::string>& value) { return value ? json::value(*value) : json::value(nullptr); }
json::value maybe(const std::optional<Instant>& value) { return value ? json::value(format_utc(*value)) : json::value(nullptr); }

json::object describe(const AlarmRow& row) {
    const auto& a = row.alarm;
    return {{"alarm_id", a.id}, {"at", format_utc(a.at)}, {"phone", a.phone.reveal()}, {"text", a.text.reveal()}, {"case_id", maybe(a.record)},
            {"unit", maybe(a.unit)}, {"do_not_contact", a.do_not_contact}, {"attempts", row.attempts}, {"received_at", maybe(row.received_at)},
            {"escalated_at", maybe(row.escalated_at)}, {"acknowledged_at", maybe(row.acknowledged_at)}, {"acknowledged_by", maybe(row.acknowledged_by)}};
}

http::Response store_failed(const char* event, const store::SqlError& error) {
    log::error(event, {{"why", error.what()}});
    auto response = http::problem(503, "Service Unavailable", "the store does not answer");
    response.headers.emplace_back("Retry-After", "5");
    return response;
}

asio::awaitable<http::Response> list(const Desks desks, http::Request request) {
    std::vector<AlarmRow> rows;
    auto read = [&, now = desks.clock.now()](store::Connection& db) {
        rows = alarms_for_desk(db, desks.seal, most_acknowledged);
        json::object access = {{"what", "desk"}, {"who", request.header("x-pingjing-who")}, {"alarms", rows.size()}};
        store::append(db, now, "access", std::nullopt, json::serialize(access));
    };
    try {
        co_await desks.store.run(std::ref(read));
    } catch (const store::SqlError& error) {
        co_return store_failed("desk.list", error);
    }
    json::array alarms;
    for (const auto& row : rows) alarms.push_back(describe(row));
    http::Response response;
    response.body = json::serialize(json::object{{"alarms", std::move(alarms)}});
    response.headers.emplace_back("Cache-Control", "no-store");
    co_return response;
}

asio::awaitable<http::Response> take(const Desks desks, http::Request request) {
    auto id = request.captures["alarm_id"];
    std::optional<Result<Acknowledgement>> done;
    auto write = [&, now = desks.clock.now()](store::Connection& db) { done = acknowledge(db, id, request.header("x-pingjing-who"), now); };
    try {
        co_await desks.store.run(std::ref(write));
    } catch (const store::SqlError& error) {
        co_return store_failed("desk.ack", error);
    }
    if (!*done) co_return http::problem(404, "Not Found", (*done).error().detail);
    http::Response response;
    response.body = json::serialize(json::object{{"alarm_id", id}, {"acknowledged_at", format_utc((*done)->at)}, {"acknowledged_by", (*done)->by}});
    co_return response;
}

}  // namespace

void add_desk_routes(http::Router& router, const http::Guard& guard, store::Store& store, const store::Seal& seal, const Clock& clock) {
    Desks desks{store, seal, clock};
    router.add("GET", "/v1/desk", guard("desk", [desks](http::Request request) { return list(desks, std::move(request)); }));
    router.add("POST", "/v1/desk/{alarm_id}/ack", guard("desk", [desks](http::Request request) { return take(desks, std::move(request)); }));
}

}  // namespace pingjing::desk
