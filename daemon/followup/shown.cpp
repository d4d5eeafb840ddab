#include "daemon/followup/shown.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/core/phone.hpp"
#include "daemon/log/log.hpp"
#include "daemon/store/inbox.hpp"
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
    return http::private_json(json::serialize(body));
}

http::Response store_failed(const store::SqlError& error) {
    log::error("followup.store", {{"why", error.what()}});
    return http::store_does_not_answer();
}

http::Handler or_unavailable(http::Handler handler) {
    return [handler = std::move(handler)](http::Request request) -> asio::awaitable<http::Response> {
        try {
            co_return co_await handler(std::move(request));
        } catch (const store::SqlError& error) {
            co_return store_failed(error);
        }
    };
}

http::Response refuse(const Error& error) {
    switch (error.kind) {
        case Error::Kind::invalid_input: return http::problem(400, "Bad Request", error.detail);
        case Error::Kind::not_found: return http::problem(404, "Not Found", error.detail);
        case Error::Kind::forbidden: return http::problem(403, "Forbidden", error.detail);
        case Error::Kind::conflict: return http::problem(409, "Conflict", error.detail);
        default: return http::problem(500, "Internal Server Error", error.detail);
    }
}

json::array shown_reveals(const std::vector<store::Reveal>& reveals) {
    json::array out;
    for (const auto& reveal : reveals) out.push_back(json::object{{"at", format_utc(reveal.at)}, {"who", reveal.who}, {"reason", hide_mobiles(reveal.reason)}});
    return out;
}

json::array said(store::Connection& db, const store::Seal& seal, std::int64_t case_id) {
    store::Statement rows(db, "SELECT id, received_at, text, label FROM inbound WHERE case_id = ?1 AND length(text) > 0 ORDER BY id");
    rows.bind(1, case_id);
    json::array out;
    while (rows.step()) {
        auto text = seal.open(rows.text(2), store::inbound_text_context(rows.integer(0)));
        if (text) out.push_back(json::object{{"at", format_utc(rows.instant(1))}, {"text", *text}, {"label", text_or_null(rows, 3)}});
    }
    return out;
}

}  // namespace pingjing::followup
