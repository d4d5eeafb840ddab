// Every provider this daemon can speak to. Written out by hand, on purpose: a static object that registers itself is
// dropped by the linker when its library is static.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/config/section.hpp"
#include "providers/provider.hpp"

namespace pingjing::provider {

// Reads and checks the channel's own keys; problems go to the section. Null when there were any.
using Make = std::function<std::unique_ptr<Provider>(World&)>;
// What the gateway decided about a channel before its adapter reads the rest.
struct ChannelFacts {
    ChannelFacts(std::string n, std::string hook = {}) : name(std::move(n)), hook_url(std::move(hook)) {}
    std::string name;
    std::string hook_url;  // what the vendor calls, secret included; empty: it cannot
};
struct Entry {
    std::string_view name;
    std::string_view is;  // one line for `check` and the README
    // Settings are read once, when the configuration is loaded; the maker is called when the daemon builds the channel.
    Make (*read)(config::Section& section, ChannelFacts facts);
};

std::span<const Entry> all();
const Entry* find(std::string_view name);
// As `find(name)->read`; a provider that is not there becomes a problem of the section.
Make read_channel(config::Section& section, std::string_view provider, ChannelFacts facts);

}  // namespace pingjing::provider
