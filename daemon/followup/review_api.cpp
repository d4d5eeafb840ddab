#include "daemon/followup/review_api.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/followup/shown.hpp"

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
    json::object body{{"reviews", std::move(list)}};
    co_return tell(std::move(body));
}

}  // namespace

void add_review_routes(http::Router& router, const http::Guard& guard, store::Store& store, const store::Seal& seal, const Clock& clock) {
    Office office{store, seal, clock};
    router.add("GET", "/v1/review", guard("inspect", [office](http::Request request) { return list_reviews(office, std::move(request)); }));
}

}  // namespace pingjing::followup
