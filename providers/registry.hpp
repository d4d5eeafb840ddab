// Every provider this daemon can speak to. Written out by hand, on purpose: a static object that registers itself is
// dropped by the linker when its library is static.
#pragma once
#include <span>
#include <string_view>

#include "daemon/config/section.hpp"
#include "providers/provider.hpp"

namespace pingjing::provider {

struct Entry {
    std::string_view name;
    std::string_view is;  // one line for `check` and the README
    // Reads and checks the channel's own keys, once, when the configuration is loaded; problems go to the section. Null when
    // there were any. The maker is called when the daemon builds the channel.
    Make (*read)(config::Section& section, ChannelFacts facts);
};

std::span<const Entry> all();
const Entry* find(std::string_view name);
// As `find(name)->read`; a provider that is not there becomes a problem of the section.
Make read_channel(config::Section& section, std::string_view provider, ChannelFacts facts);

}  // namespace pingjing::provider
