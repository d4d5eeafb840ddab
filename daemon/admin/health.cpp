#include "daemon/admin/health.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/log/metrics.hpp"

namespace pingjing::admin {
namespace {

namespace json = boost::json;

json::array list(const std::function<std::vector<std::string>()>& lines) {
    json::array out;
    if (!lines) return out;
    for (const auto& line : lines()) out.emplace_back(line);
    return out;
}

http::Response readiness(const Health& health) {
    auto reasons = list(health.not_ready);
    json::object body;
    body["ready"] = reasons.empty();
    http::Response response;
    response.status = reasons.empty() ? 200 : 503;
    if (!reasons.empty()) body["reasons"] = std::move(reasons);
    body["notes"] = list(health.notes);
    response.body = json::serialize(body);
    return response;
}

}  // namespace

void add_health_routes(http::Router& router, Access& access, Health health) {
    auto alive = [](http::Request) -> asio::awaitable<http::Response> {
        http::Response response;
        response.content_type = "text/plain";
        response.body = "ok\n";
        co_return response;
    };
    auto ready = [health = std::move(health)](http::Request) -> asio::awaitable<http::Response> { co_return readiness(health); };
    auto measured = [](http::Request) -> asio::awaitable<http::Response> {
        http::Response response;
        response.content_type = "text/plain; version=0.0.4";
        response.body = metrics::render();
        co_return response;
    };
    router.add("GET", "/healthz", access.loopback_or("report", alive));
    router.add("GET", "/readyz", access.loopback_or("report", ready));
    router.add("GET", "/metrics", access.loopback_or("report", measured));
}

}  // namespace pingjing::admin
