#include "daemon/followup/shown.hpp"

#include <boost/json/serialize.hpp>

#include "daemon/log/log.hpp"
#include "daemon/store/phones.hpp"

namespace pingjing::followup {

namespace json = boost::json;

json::value text_or_null(const store::Statement& row, int column) {
    return row.is_null(column) ? json::value(nullptr) : json::value(row.text(column));
}

json::value masked_phone(store::Connection& db, const store::Seal& seal, const store::Statement& row, int column) {
    if (row.is_null(column)) return nullptr;
    auto phone = store::find_phone(db, seal, row.integer(column));
    return phone ? json::value(phone->masked()) : json::value(nullptr);
}

http::Response tell(json::value body) {
    http::Response response;
    response.body = json::serialize(body);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

http::Response store_failed(const store::SqlError& error) {
    log::error("followup.store", {{"why", error.what()}});
    auto response = http::problem(503, "Service Unavailable", "the store does not answer");
    response.headers.emplace_back("Retry-After", "5");
    return response;
}

}  // namespace pingjing::followup
