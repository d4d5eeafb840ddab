#include "providers/http/http.hpp"

#include <fmt/format.h>

#include "daemon/http/client.hpp"
#include "providers/http/callback.hpp"
#include "providers/http/request.hpp"
#include "providers/http/response.hpp"

namespace pingjing::generic_http {
namespace {

using namespace provider;

class ByConfiguration final : public Provider {
public:
    ByConfiguration(std::shared_ptr<const Settings> settings, World& world) : settings_(std::move(settings)), clock_(world.clock), http_(world.http) {}

    const Abilities& abilities() const override { return settings_->abilities; }

    asio::awaitable<Outcome> submit(Submission submission) override {
        if (!http_) co_return Retry{"no HTTP client here"};
        auto request = build_request(*settings_, submission, clock_.now());
        if (!request) co_return Permanent{Permanent::content, request.error().detail};
        auto result = co_await http_->fetch(std::move(*request));
        co_return read_response(*settings_, result);
    }

    Result<CallbackRead> read_callback(const Callback& callback) const override { return generic_http::read_callback(*settings_, callback); }

    CallbackAnswer answer_to(const Callback&, bool understood) const override {
        return understood ? settings_->answer : settings_->answer_not_understood;
    }

    std::string describe() const override {
        return fmt::format("HTTP {} {}{}{}", settings_->method, settings_->url_shown, settings_->preset.empty() ? "" : ", preset " + settings_->preset,
                           settings_->hook_url.empty() ? ", the vendor cannot call us: no public_url or no hook secret" : "");
    }

    std::vector<std::string> sample() const override {
        auto lines = sample_request(*settings_, clock_.now());
        if (auto told = settings_->at_vendor; !told.empty()) {
            constexpr std::string_view where = "{{hook_url}}";
            if (auto at = told.find(where); at != told.npos) told.replace(at, where.size(), without_secret(settings_->hook_url));
            lines.push_back("at the vendor: " + told);
        }
        return lines;
    }

private:
    std::shared_ptr<const Settings> settings_;
    const Clock& clock_;
    http::Client* http_;
};

Make make(std::optional<Settings> settings) {
    if (!settings) return nullptr;
    auto shared = std::make_shared<const Settings>(std::move(*settings));
    return [shared](World& world) -> std::unique_ptr<Provider> { return std::make_unique<ByConfiguration>(shared, world); };
}

}  // namespace

Make read(config::Section& section, ChannelFacts facts) { return make(read_settings(section, facts)); }

Make read_with(const Scheme& scheme, config::Section& section, const ChannelFacts& facts) { return make(read_settings(section, facts, &scheme)); }

}  // namespace pingjing::generic_http
