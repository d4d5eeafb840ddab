#include "daemon/delivery/api.hpp"

#include <boost/json.hpp>

#include "daemon/store/deliveries.hpp"

namespace pingjing::delivery {
namespace asio = boost::asio;
namespace {

namespace json = boost::json;

constexpr int most_rows = 200;

json::value time_or_null(const std::optional<Instant>& at) {
    if (!at) return nullptr;
    return json::value(format_utc(*at));
}

json::object row_of(const store::DeliveryRow& row) {
    const auto& arrival = row.arrival;
    return json::object{{"target", row.errand.target}, {"day", row.errand.day}, {"version", row.errand.version}, {"planned_at", format_utc(row.planned_at)}, {"attempts", row.errand.attempts},
                        {"tried_at", time_or_null(row.tried_at)}, {"why", row.why}, {"delivered_at", time_or_null(row.delivered_at)}, {"place", arrival.place}, {"files", arrival.files},
                        {"bytes", arrival.bytes}, {"sha256", arrival.sha256}};
}

asio::awaitable<http::Response> list(store::Reader read, http::Request call) {
    if (!call.trusted) co_return http::problem(404, "Not Found", "there is nothing here");
    json::array rows;
    std::function<void(store::Connection&)> look = [&](store::Connection& db) {
        for (const auto& row : store::newest_deliveries(db, most_rows)) rows.push_back(row_of(row));
    };
    co_await read(look);
    json::object body{{"deliveries", std::move(rows)}};
    co_return http::private_json(json::serialize(body));
}

}  // namespace

void add_delivery_route(http::Router& router, store::Reader read) {
    router.add("GET", "/control/deliveries", [read](http::Request call) { return list(read, std::move(call)); });
}

}  // namespace pingjing::delivery
