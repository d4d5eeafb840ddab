#include "daemon/admin/health.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/log/metrics.hpp"
#include "daemon/log/process_metrics.hpp"

namespace pingjing::admin {
namespace {

namespace json = boost::json;

json::array list(const std::vector<std::string>& lines) {
    json::array out;
    for (const auto& line : lines) out.emplace_back(line);
    return out;
}

http::Response tell(const Readiness& readiness) {
    bool ready = readiness.reasons.empty();
    json::object body;
    body["ready"] = ready;
    if (!ready) body["reasons"] = list(readiness.reasons);
    body["notes"] = list(readiness.notes);
    http::Response response;
    response.status = ready ? 200 : 503;
    response.body = json::serialize(body);
    return response;
}

}  // namespace

void add_health_routes(http::Router& router, Access& access, std::function<asio::awaitable<Readiness>()> readiness) {
    auto alive = [](http::Request) -> asio::awaitable<http::Response> {
        http::Response response;
        response.content_type = "text/plain";
        response.body = "ok\n";
        co_return response;
    };
    auto ready = [readiness = std::move(readiness)](http::Request) -> asio::awaitable<http::Response> {
        auto now = co_await readiness();
        co_return tell(now);
    };
    auto measured = [](http::Request) -> asio::awaitable<http::Response> {
        http::Response response;
        response.content_type = "text/plain; version=0.0.4";
        response.body = metrics::render() + metrics::render_process();
        co_return response;
    };
    auto near = [&](const char* path, http::Handler handler) { return access.loopback_or(std::string(http::operation("GET", path).scopes), std::move(handler)); };
    router.add("GET", "/healthz", near("/healthz", alive));
    router.add("GET", "/readyz", near("/readyz", ready));
    router.add("GET", "/metrics", near("/metrics", measured));
}

}  // namespace pingjing::admin
