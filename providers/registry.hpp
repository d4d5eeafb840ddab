// Every provider this daemon can speak to. Written out by hand, on purpose: a static object that registers itself is
// dropped by the linker when its library is static.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "daemon/config/section.hpp"
#include "providers/provider.hpp"

namespace pingjing::provider {

// Reads and checks the channel's own keys; problems go to the section. Null when there were any.
using Make = std::function<std::unique_ptr<Provider>(World&)>;
struct Entry {
    std::string_view name;
    std::string_view is;  // one line for `check` and the README
    // Settings are read once, when the configuration is loaded; the maker is called when the daemon builds the channel.
    Make (*read)(config::Section& section, std::string channel_name);
};

std::span<const Entry> all();
const Entry* find(std::string_view name);

}  // namespace pingjing::provider
