#include "daemon/console/site_api.hpp"

#include <boost/json.hpp>
#include <memory>

#include "daemon/core/local_time.hpp"

namespace pingjing::console {
namespace {

namespace json = boost::json;
using Place = std::shared_ptr<const SiteParts>;

std::optional<Instant> last_closing(store::Connection& db, Instant now) {
    store::Statement last(db, "SELECT closed_at FROM cases WHERE closed_at <= ?1 ORDER BY closed_at DESC LIMIT 1");
    return last.bind(1, now).step() ? std::optional(last.instant(0)) : std::nullopt;
}

asio::awaitable<http::Response> tell(Place p) {
    auto site = p->site();
    auto now = p->clock.now();
    std::optional<Instant> last;
    std::function<void(store::Connection&)> look = [&](store::Connection& db) { last = last_closing(db, now); };
    bool failed = false;
    try {
        co_await p->read(look);
    } catch (const store::SqlError&) {
        failed = true;
    }
    if (failed) co_return http::store_does_not_answer();
    json::value last_day;
    if (last) last_day = local_day(*last, site.zone);
    json::object units;
    for (const auto& [number, name] : site.units) units[number] = name;
    json::object body{{"sign", site.sign}, {"zone", site.zone}, {"mode", site.mode}, {"now", format_local(now, site.zone)}, {"today", local_day(now, site.zone)}, {"last_day", last_day}, {"units", std::move(units)}};
    co_return http::private_json(json::serialize(body));
}

}  // namespace

void add_settings_route(http::Router& router, const http::Guard& guard, std::function<SettingsShown()> shown) {
    auto show = [shown = std::move(shown)](http::Request) -> asio::awaitable<http::Response> {
        auto settings = shown();
        json::array texts, channels;
        for (const auto& text : settings.texts) texts.push_back({{"name", text.name}, {"units", text.units}, {"parts", text.parts}, {"whole", text.whole}});
        for (const auto& channel : settings.channels) channels.push_back({{"name", channel.name}, {"what", channel.what}, {"lines", json::value_from(channel.lines)}});
        json::object body{{"text", settings.text}, {"sha256", settings.sha256}, {"warnings", json::value_from(settings.warnings)}, {"texts", std::move(texts)}, {"channels", std::move(channels)}};
        co_return http::private_json(json::serialize(body));
    };
    router.add("GET", "/console/settings", guard, show);
}

void add_site_route(http::Router& router, const std::function<http::Handler(http::Handler)>& signed_in, SiteParts parts) {
    auto p = std::make_shared<const SiteParts>(std::move(parts));
    router.add("GET", "/console/site", signed_in([p](http::Request) { return tell(p); }));
}

}  // namespace pingjing::console
