#include "daemon/followup/api.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/log/log.hpp"
#include "daemon/store/phones.hpp"

namespace pingjing::followup {
namespace {

namespace json = boost::json;
using store::Connection;
using store::Statement;

struct Office {
    store::Store& store;
    const store::Seal& seal;
    const Clock& clock;
};

json::value text_or_null(const Statement& row, int column) { return row.is_null(column) ? json::value(nullptr) : json::value(row.text(column)); }

json::value masked_phone(Connection& db, const store::Seal& seal, const Statement& row, int column) {
    if (row.is_null(column)) return nullptr;
    auto phone = store::find_phone(db, seal, row.integer(column));
    return phone ? json::value(phone->masked()) : json::value(nullptr);
}

// The grade is the one that opened it, else the one that counts.
json::array followups(Connection& db, const store::Seal& seal, bool all, Instant now) {
    Statement rows(db, fmt::format(R"sql(
        SELECT f.id, c.record, c.unit, c.officer, f.opened_at, f.due_at, f.state, f.urgent, f.no_callback, c.phone_id,
               coalesce((SELECT grade FROM ratings WHERE id = f.rating_id),
                        (SELECT grade FROM ratings WHERE case_id = f.case_id AND effect IN ('first', 'replaces') ORDER BY id DESC LIMIT 1))
          FROM followups f JOIN cases c ON c.id = f.case_id {} ORDER BY f.urgent DESC, f.due_at, f.id)sql", all ? "" : "WHERE f.state <> 'closed'"));
    json::array out;
    while (rows.step()) {
        bool open = rows.text(6) != "closed";
        out.push_back(json::object{{"id", rows.integer(0)}, {"case_id", rows.text(1)}, {"unit", rows.text(2)}, {"officer", text_or_null(rows, 3)},
                                   {"opened_at", format_utc(rows.instant(4))}, {"due_at", format_utc(rows.instant(5))},
                                   {"overdue", open && rows.instant(5) < now}, {"state", rows.text(6)}, {"urgent", rows.integer(7) != 0},
                                   {"no_callback", rows.integer(8) != 0}, {"grade", text_or_null(rows, 10)},
                                   {"phone", masked_phone(db, seal, rows, 9)}});
    }
    return out;
}

json::value text_of(const store::Seal& seal, const Statement& row, int id, int text) {
    if (row.is_null(text)) return nullptr;
    auto plain = seal.open(row.text(text), fmt::format("inbound.text:{}", row.integer(id)));
    return plain ? json::value(*plain) : json::value(nullptr);
}

json::array open_reviews(Connection& db, const store::Seal& seal) {
    Statement rows(db, R"sql(
        SELECT r.id, r.kind, r.at, c.record, c.unit, c.officer, r.inbound_id, i.text, i.label, i.rating, coalesce(i.phone_id, c.phone_id)
          FROM reviews r LEFT JOIN inbound i ON i.id = r.inbound_id LEFT JOIN cases c ON c.id = coalesce(r.case_id, i.case_id)
         WHERE r.closed_at IS NULL ORDER BY r.at, r.id)sql");
    json::array out;
    while (rows.step())
        out.push_back(json::object{{"id", rows.integer(0)}, {"kind", rows.text(1)}, {"at", format_utc(rows.instant(2))}, {"case_id", text_or_null(rows, 3)},
                                   {"unit", text_or_null(rows, 4)}, {"officer", text_or_null(rows, 5)}, {"text", text_of(seal, rows, 6, 7)},
                                   {"label", text_or_null(rows, 8)}, {"rating", rows.is_null(9) ? json::value(nullptr) : json::value(rows.integer(9))},
                                   {"phone", masked_phone(db, seal, rows, 10)}});
    return out;
}

http::Response tell(const char* name, json::array list) {
    http::Response response;
    response.body = json::serialize(json::object{{name, std::move(list)}});
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

http::Response store_failed(const store::SqlError& error) {
    log::error("followup.store", {{"why", error.what()}});
    auto response = http::problem(503, "Service Unavailable", "the store does not answer");
    response.headers.emplace_back("Retry-After", "5");
    return response;
}

asio::awaitable<http::Response> list_followups(const Office office, http::Request request) {
    auto state = request.parameter("state", "open");
    if (state != "open" && state != "all") co_return http::problem(400, "Bad Request", "state: expected open or all");
    json::array list;
    auto read = [&, now = office.clock.now()](Connection& db) { list = followups(db, office.seal, state == "all", now); };
    try {
        co_await office.store.run(std::ref(read));
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    co_return tell("followups", std::move(list));
}

asio::awaitable<http::Response> list_reviews(const Office office, http::Request request) {
    json::array list;
    auto read = [&, now = office.clock.now()](Connection& db) {
        list = open_reviews(db, office.seal);
        json::object access = {{"what", "review"}, {"who", request.header("x-pingjing-who")}, {"reviews", list.size()}};
        store::append(db, now, "access", std::nullopt, json::serialize(access));
    };
    try {
        co_await office.store.run(std::ref(read));
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    co_return tell("reviews", std::move(list));
}

}  // namespace

void add_followup_routes(http::Router& router, const http::Guard& guard, store::Store& store, const store::Seal& seal, const Clock& clock) {
    Office office{store, seal, clock};
    router.add("GET", "/v1/followups", guard("inspect", [office](http::Request request) { return list_followups(office, std::move(request)); }));
    router.add("GET", "/v1/review", guard("inspect", [office](http::Request request) { return list_reviews(office, std::move(request)); }));
}

}  // namespace pingjing::followup
