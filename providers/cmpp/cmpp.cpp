#include "providers/cmpp/cmpp.hpp"

#include <fmt/format.h>

#include "providers/cmpp/session.hpp"
#include "providers/cmpp/settings.hpp"
#include "providers/cmpp/text.hpp"
#include "providers/link/channel.hpp"

namespace pingjing::cmpp {
namespace {

using namespace provider;

class Cmpp final : public Provider {
public:
    Cmpp(std::shared_ptr<const Settings> settings, World& world)
        : settings_(std::move(settings)), clock_(world.clock), references_(world.random),
          links_(settings_->link.channel, nullptr, world, [s = settings_](std::size_t) { return std::make_unique<Sp>(s); }) {
        abilities_.extension = settings_->link.extension_digits > 0;
        abilities_.receipts = settings_->receipts;
        abilities_.late_responses = true;
    }

    const Abilities& abilities() const override { return abilities_; }

    asio::awaitable<Outcome> submit(Submission submission) override {
        auto frames = build_submits(*settings_, submission, references_, clock_.now());
        if (!frames) co_return Permanent{Permanent::content, frames.error().detail};
        co_return co_await links_.submit(std::move(submission.ref), std::move(*frames));
    }

    asio::awaitable<void> serve(Sink& sink) override { co_await links_.serve(sink); }
    std::optional<int> room() const override { return links_.room(); }

    std::string describe() const override {
        return fmt::format("CMPP {}.0 as {} to {}; Chinese texts as {}", settings_->version == Version::v3 ? 3 : 2, settings_->sp_id, link::describe_link(settings_->link),
                           settings_->gbk ? "GBK where it has them, else UCS-2" : "UCS-2");
    }

private:
    std::shared_ptr<const Settings> settings_;
    const Clock& clock_;
    Abilities abilities_;
    link::References references_;
    link::Channel links_;
};

Make read(config::Section& section, const ChannelFacts& facts, Version version) {
    auto settings = read_settings(section, facts, version);
    if (!settings) return nullptr;
    auto shared = std::make_shared<const Settings>(std::move(*settings));
    return [shared](World& world) -> std::unique_ptr<Provider> { return std::make_unique<Cmpp>(shared, world); };
}

}  // namespace

Make read_2(config::Section& section, ChannelFacts facts) { return read(section, facts, Version::v2); }
Make read_3(config::Section& section, ChannelFacts facts) { return read(section, facts, Version::v3); }

}  // namespace pingjing::cmpp
