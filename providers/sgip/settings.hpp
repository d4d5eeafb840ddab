// The keys of a channel with provider = "sgip".
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/section.hpp"
#include "providers/link/listener.hpp"
#include "providers/link/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::sgip {

struct Settings {
    link::LinkSettings link{};
    link::ListenSettings listen{};
    std::uint32_t node = 0;                          // ours: 3, area code, corporation code
    std::string name{}, password{};                  // we say there
    std::string guest_name{}, guest_password{};      // the gateway says here
    bool any_login_type = false;                     // the gateway may call itself 1 or 11 instead of 2
    std::string corporation{}, service{}, charge_number{};
    std::uint8_t fee_type = 1, cause = 2, priority = 0;
    std::string fee = "0", given = "0";
    std::string destination_prefix = "86";
    bool gbk = false;                                // what GBK can say goes so instead of as UCS-2
    bool wide_reference = false;
    bool validity = true;
    bool receipts = true;
    std::map<std::uint32_t, provider::Outcome> results{};  // what this gateway means by a Result
};

// An SP's node: 3, the area code filled up with zeros to four digits, the five digits of its corporation: "010" and "92008" are 3010092008. nullopt:
// no such codes.
std::optional<std::uint32_t> node_of(std::string_view area, std::string_view corporation);
// For people: what a node says, or that it is none of an SP, to which many gateways answer with 9.
std::string describe_node(std::uint32_t node, const std::string& corporation);

// nullopt: problems went to the section.
std::optional<Settings> read_settings(config::Section& section, const provider::ChannelFacts& facts);

}  // namespace pingjing::sgip
