// The Provider of every protocol: a message becomes frames, links carry them. Decides nothing.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "providers/link/channel.hpp"
#include "providers/link/listener.hpp"
#include "providers/link/long_text.hpp"
#include "providers/link/settings.hpp"

namespace pingjing::link {

// What a protocol brings along.
struct Speech {
    ChannelSettings channel{};
    std::shared_ptr<asio::ssl::context> tls{};
    provider::Abilities abilities{};
    std::string description{};
    // One frame for each part, its number still 0. An error: what cannot be said.
    std::function<Result<std::vector<std::string>>(const provider::Submission&, References&, Instant)> frames{};
    Channel::MakeDialect dialect{};
    // Where the carrier has to call us: and what is said there.
    std::optional<ListenSettings> listen{};
    Listener::MakeDialect guest{};
};

// `parts_of`: as Abilities has it.
provider::Abilities abilities_of(const LinkSettings& settings, bool receipts, std::function<int(const std::string&)> parts_of);
std::unique_ptr<provider::Provider> make_carrier(provider::World& world, Speech speech);

// From settings that were read (nullopt: with problems) to what builds the channel.
template <class Settings>
provider::Make carrier_maker(std::optional<Settings> settings, Speech (*speech)(std::shared_ptr<const Settings>, provider::World&)) {
    if (!settings) return nullptr;
    auto shared = std::make_shared<const Settings>(std::move(*settings));
    return [shared, speech](provider::World& world) { return make_carrier(world, speech(shared, world)); };
}

}  // namespace pingjing::link
