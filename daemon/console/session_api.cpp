#include "daemon/console/session_api.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::console {
namespace {

namespace json = boost::json;
using http::Request;
using http::Response;
using Door = std::shared_ptr<const SessionParts>;

constexpr std::size_t longest_body = 1000;

std::optional<std::string> token_in(const std::string& body) {
    if (body.size() > longest_body) return std::nullopt;
    json::error_code error;
    auto value = json::parse(body, error);
    const auto* object = error ? nullptr : value.if_object();
    const auto* token = object ? object->if_contains("token") : nullptr;
    if (!token || !token->is_string()) return std::nullopt;
    return std::string(token->as_string());
}

// Whether the browser speaks TLS, to us or to a proxy before us: then the cookie goes nowhere else.
bool is_secure(const SessionParts& parts, const Request& request) {
    return parts.tls || request.header("X-Forwarded-Proto") == "https" || parts.public_origin() == "https://" + request.header("Host");
}

std::string cookie(const std::string& word, std::string_view lifetime, bool secure) {
    return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", session_cookie, word, lifetime, secure ? "; Secure" : "");
}

Response refuse_token(Sessions& sessions, const std::string& why) {
    metrics::count("console_sign_in_total", {{"outcome", "refused"}});
    if (sessions.too_many_wrong()) {
        auto response = http::problem(429, "Too Many Requests", "too many wrong tokens; wait a little");
        response.headers.emplace_back("Retry-After", "6");
        return response;
    }
    return http::problem(401, "Unauthorized", why);
}

asio::awaitable<Response> sign_in(Door p, Request request) {
    if (auto why = is_foreign(request, p->public_origin())) co_return http::problem(403, "Forbidden", *why);
    auto token = token_in(request.body);
    if (!token) co_return http::problem(400, "Bad Request", R"(body: expected {"token":"pj_…"})");
    auto checked = co_await p->check(*token);
    if (!checked && checked.error().kind == Error::Kind::unavailable) co_return http::store_does_not_answer();
    if (!checked) co_return refuse_token(p->sessions, checked.error().detail);
    // Whoever signs in again leaves no session behind.
    if (auto old = cookie_of(request); !old.empty()) p->sessions.close(old);
    metrics::count("console_sign_in_total", {{"outcome", "signed_in"}});
    log::info("console.signed_in", {{"token", *checked}});
    auto response = http::private_json(R"({"signed_in":true})");
    response.headers.emplace_back("Set-Cookie", cookie(p->sessions.open(*checked), "43200", is_secure(*p, request)));
    co_return response;
}

asio::awaitable<Response> who_am_i(Request request) {
    const auto& a = request.asker;
    json::object body{{"who", a.who}, {"name", a.name}, {"unit", a.unit}, {"badge", a.badge}, {"scopes", json::value_from(a.scopes)}};
    co_return http::private_json(json::serialize(body));
}

asio::awaitable<Response> sign_out(Door p, Request request) {
    if (auto why = is_foreign(request, p->public_origin())) co_return http::problem(403, "Forbidden", *why);
    p->sessions.close(cookie_of(request));
    auto response = http::private_json(R"({"signed_in":false})");
    response.headers.emplace_back("Set-Cookie", cookie("", "0", is_secure(*p, request)));
    co_return response;
}

}  // namespace

void add_session_routes(http::Router& router, const std::function<http::Handler(http::Handler)>& signed_in, SessionParts parts) {
    auto p = std::make_shared<const SessionParts>(std::move(parts));
    router.add("POST", "/console/session", [p](Request request) { return sign_in(p, std::move(request)); });
    router.add("GET", "/console/session", signed_in([](Request request) { return who_am_i(std::move(request)); }));
    router.add("DELETE", "/console/session", [p](Request request) { return sign_out(p, std::move(request)); });
}

}  // namespace pingjing::console
