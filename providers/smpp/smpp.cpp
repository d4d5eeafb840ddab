#include "providers/smpp/smpp.hpp"

#include <fmt/format.h>

#include "providers/link/channel.hpp"
#include "providers/smpp/session.hpp"
#include "providers/smpp/settings.hpp"
#include "providers/smpp/text.hpp"

namespace pingjing::smpp {
namespace {

using namespace provider;

std::uint32_t bind_of(const Settings& settings, std::size_t link) {
    if (settings.binding == Binding::transceiver) return bind_transceiver;
    return link % 2 == 0 ? bind_transmitter : bind_receiver;
}

link::ChannelSettings connections_of(const Settings& settings) {
    auto channel = settings.link.channel;
    if (settings.binding == Binding::pair) channel.links *= 2;
    return channel;
}

class Smpp final : public Provider {
public:
    Smpp(std::shared_ptr<const Settings> settings, World& world)
        : settings_(std::move(settings)), clock_(world.clock), references_(world.random),
          links_(connections_of(*settings_), settings_->link.tls, world, [s = settings_](std::size_t link) { return std::make_unique<Esme>(s, bind_of(*s, link)); }) {
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
        constexpr const char* long_texts[] = {"UDH", "UDH with 16-bit references", "SAR fields", "message_payload"};
        return fmt::format("SMPP 3.4 as {} to {}; long texts by {}", settings_->system_id, link::describe_link(settings_->link), long_texts[static_cast<int>(settings_->long_texts)]);
    }

private:
    std::shared_ptr<const Settings> settings_;
    const Clock& clock_;
    Abilities abilities_;
    link::References references_;
    link::Channel links_;
};

}  // namespace

Make read(config::Section& section, ChannelFacts facts) {
    auto settings = read_settings(section, facts);
    if (!settings) return nullptr;
    auto shared = std::make_shared<const Settings>(std::move(*settings));
    return [shared](World& world) -> std::unique_ptr<Provider> { return std::make_unique<Smpp>(shared, world); };
}

}  // namespace pingjing::smpp
