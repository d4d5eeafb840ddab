#include "daemon/inbound/quarantine_api.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <memory>

#include "daemon/store/inbox.hpp"
#include "daemon/store/ledger.hpp"
#include "daemon/store/reveals.hpp"
#include "daemon/text/strict_json.hpp"
#include "daemon/text/utf.hpp"

namespace pingjing::inbound {
namespace {

namespace json = boost::json;
using Parts = std::shared_ptr<const QuarantineParts>;
using http::Request;
using http::Response;
using store::Connection;

constexpr int most_shown = 500;
constexpr std::size_t longest_reason = 4000;

Response tell(const json::value& body) {
    Response response;
    response.body = json::serialize(body);
    return response;
}

std::optional<std::string> channel_of(const Request& request) {
    auto channel = request.parameter("channel");
    return channel.empty() ? std::nullopt : std::optional(channel);
}

json::object row_json(const store::QuarantinedRow& row) {
    return {{"id", row.id}, {"channel", row.channel}, {"at", format_utc(row.at)}, {"why", row.why}, {"bytes", row.bytes}, {"alarm", row.alarm}};
}

asio::awaitable<Response> list(Parts p, Request request) {
    std::vector<store::QuarantinedRow> rows;
    auto channel = channel_of(request);
    std::function<void(Connection&)> look = [&](Connection& db) { rows = store::find_quarantined(db, channel, 0, most_shown + 1); };
    co_await p->read(look);
    bool more = rows.size() > most_shown;
    if (more) rows.pop_back();
    json::array callbacks;
    for (const auto& row : rows) callbacks.push_back(row_json(row));
    json::object body{{"callbacks", std::move(callbacks)}, {"more", more}};
    co_return tell(body);
}

// Bytes in whatever charset, where JSON wants UTF-8.
std::string readable(const std::string& bytes) { return decode_utf8(bytes) ? bytes : charset_to_utf8_as_far(bytes, "GB18030"); }

json::object call_json(const store::QuarantinedCall& kept) {
    const auto& call = kept.call;
    json::array headers;
    for (const auto& [name, value] : call.headers) headers.push_back(json::object{{"name", readable(name)}, {"value", readable(value)}});
    auto method = kept.query_or_body ? json::value(nullptr) : json::value(call.method);
    return {{"method", std::move(method)}, {"path", readable(call.path)}, {"query", readable(call.query)}, {"content_type", readable(call.content_type)},
            {"headers", std::move(headers)}, {"body", readable(call.body)}};
}

// By name, for it holds numbers and what citizens wrote.
Result<json::object> show_to(Connection& db, const QuarantineParts& parts, std::int64_t id, const std::string& who, const std::string& reason,
                             Instant now) {
    auto row = store::find_quarantined(db, id);
    if (!row) return fail(Error::Kind::not_found, fmt::format("there is no callback {} that nobody has read", id));
    auto kept = store::open_quarantined(db, parts.seal, id);
    if (!kept) return tl::unexpected(kept.error());
    store::record_text_reveal(db, parts.seal, row->inbound_id, who, reason, now);
    json::object access = {{"what", "callback"}, {"callback", id}, {"who", who}};
    store::append(db, now, "access", std::nullopt, json::serialize(access));
    auto out = row_json(*row);
    for (auto& [name, value] : call_json(*kept)) out[name] = value;
    json::array looks;
    for (const auto& look : store::text_reveals_of(db, parts.seal, row->inbound_id))
        looks.push_back(json::object{{"at", format_utc(look.at)}, {"who", look.who}, {"reason", look.reason}});
    out["looks"] = std::move(looks);
    return out;
}

asio::awaitable<Response> show(Parts p, Request request) {
    if (request.asker.name.empty()) co_return http::problem(403, "Forbidden", "what citizens wrote is shown to persons: use --as NAME");
    auto reason = only_text(request.body, "reason", longest_reason);
    if (!reason || reason->empty()) co_return http::problem(400, "Bad Request", "reason: expected why it has to be seen");
    auto text = request.captures["id"];
    std::int64_t id = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (bad != std::errc() || end != text.data() + text.size()) co_return http::problem(400, "Bad Request", "ID: expected a number");
    Result<json::object> shown = json::object();
    auto work = [&, now = p->clock.now()](Connection& db) { shown = show_to(db, *p, id, request.asker.who, *reason, now); };
    co_await p->store.run(std::ref(work));
    if (shown) co_return tell(*shown);
    bool missing = shown.error().kind == Error::Kind::not_found;
    co_return http::problem(missing ? 404 : 500, missing ? "Not Found" : "Internal Server Error", shown.error().detail);
}

asio::awaitable<Response> reread(Parts p, Request request) {
    if (!p->reread) co_return http::problem(409, "Conflict", "it is the daemon that knows the mappings: start it, then ask again");
    auto done = co_await p->reread(channel_of(request));
    json::object body{{"callbacks", done.callbacks}, {"read", done.read}, {"ignored", done.ignored}, {"in_part", done.in_part},
                      {"still_unread", done.callbacks - done.read - done.ignored}, {"texts", done.texts}, {"receipts", done.receipts}, {"repeated", done.repeated}, {"more", done.more}};
    co_return tell(body);
}

}  // namespace

void add_quarantine_routes(http::Router& router, const http::Guard& guard, QuarantineParts parts) {
    auto shared = std::make_shared<const QuarantineParts>(std::move(parts));
    auto add = [&](const char* method, const char* pattern, auto handler) {
        router.add(method, pattern, guard, [shared, handler](Request request) { return handler(shared, std::move(request)); });
    };
    add("GET", "/control/quarantine", list);
    add("POST", "/control/quarantine/reread", reread);
    add("POST", "/control/quarantine/{id}/show", show);
}

}  // namespace pingjing::inbound
