// The keys of a channel that every protocol has.
#pragma once
#include <chrono>
#include <map>
#include <optional>

#include "daemon/config/section.hpp"
#include "providers/link/channel.hpp"

namespace pingjing::link {

struct LinkSettings {
    ChannelSettings channel{};
    std::string source{};         // access number; the extension digits follow it
    int extension_digits = 0;
    std::shared_ptr<asio::ssl::context> tls{};
};

struct LinkKeys {
    int port = 0;                  // where the protocol's gateways listen by custom
    std::size_t longest_number = 20;  // of its source field
    bool tls = false;
    bool keep_alive = true;        // false: the protocol has none, and rests
};
// Problems go to the section.
LinkSettings read_link_settings(config::Section& section, const std::string& channel, LinkKeys keys);

// A text for a field of `most` octets.
std::string read_short(config::Section& section, const std::string& key, const std::string& fallback, std::size_t most);
void check_length(config::Section& section, const std::string& key, const std::string& value, std::size_t most);

// The table `key`: what this carrier means by a code of its own, in hexadecimal with 0x in front (base 16) or in decimal.
std::map<std::uint32_t, provider::Outcome> read_codes(config::Section& section, const std::string& key, int base);
// "+08:00"; nullopt: absent, or wrong, which is said.
std::optional<std::chrono::minutes> read_offset(config::Section& section, const std::string& key);

// Only the digits behind our own number, however the carrier writes it; empty: there are none, or it is not our number.
std::string extension_of(std::string_view to, std::string_view source);

// One line for `describe`.
std::string describe_link(const LinkSettings& settings);

}  // namespace pingjing::link
