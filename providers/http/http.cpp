#include "providers/http/http.hpp"

#include <fmt/format.h>

#include "daemon/http/client.hpp"
#include "daemon/log/log.hpp"
#include "providers/http/callback.hpp"
#include "providers/http/request.hpp"
#include "providers/http/response.hpp"

namespace pingjing::generic_http {
namespace {

using namespace provider;

constexpr std::chrono::seconds most_apart(60);

class ByConfiguration final : public Provider {
public:
    ByConfiguration(std::shared_ptr<const Settings> settings, World& world)
        : settings_(std::move(settings)), clock_(world.clock), random_(world.random), http_(world.http) {}

    const Abilities& abilities() const override { return settings_->abilities; }

    asio::awaitable<Outcome> submit(Submission submission) override {
        if (!http_) co_return Retry{"no HTTP client here"};
        auto request = build_request(*settings_, submission, clock_.now(), random_.word(32));
        if (!request) co_return Permanent{Permanent::content, request.error().detail};
        auto result = co_await http_->fetch(std::move(*request));
        if (result && result->date) compare_clocks(*result->date);
        co_return read_response(*settings_, result);
    }

    Result<CallbackRead> read_callback(const Callback& callback) const override { return generic_http::read_callback(*settings_, callback); }

    CallbackAnswer answer_to(const Callback&, bool understood) const override {
        return understood ? settings_->answer : settings_->answer_not_understood;
    }

    std::string describe() const override {
        return fmt::format("HTTP {} {}{}{}{}", settings_->method, settings_->url_shown, settings_->preset.empty() ? "" : ", preset " + settings_->preset,
                           settings_->approved ? ", approved templates alone" : "",
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

    std::vector<std::string> cannot_say(const std::map<std::string, std::string>& texts) const override {
        return settings_->approved ? unlike(*settings_->approved, texts) : std::vector<std::string>();
    }

private:
    // Signatures hold for a few minutes by the vendor's clock. Said once a day: it is for the morning, the vendor's refusals are for now.
    void compare_clocks(Instant theirs) {
        const auto now = clock_.now();
        const auto today = std::chrono::floor<std::chrono::days>(now);
        const auto ahead = std::chrono::duration_cast<std::chrono::seconds>(now - theirs);
        if (std::chrono::abs(ahead) <= most_apart || told_on_ == today) return;
        told_on_ = today;
        log::warn("clock.not_the_vendors", {{"channel", settings_->channel}, {"ours_ahead_seconds", ahead.count()}});
    }

    std::shared_ptr<const Settings> settings_;
    const Clock& clock_;
    Random& random_;
    http::Client* http_;
    std::optional<std::chrono::sys_days> told_on_{};  // that the clocks differ
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
