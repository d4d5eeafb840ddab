// The channel of an adapter in a process of its own.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "daemon/config/section.hpp"
#include "providers/provider.hpp"

namespace pingjing::external {

struct Settings {
    std::string channel;
    std::string socket;                                // a path, absolute: there the adapter listens
    std::string user;                                  // whose process it has to be; empty: ours
    std::optional<uid_t> uid{};                        // of that user
    std::string source;                                // the access number
    int window = 16;                                   // submissions that it may have unanswered
    std::chrono::milliseconds connect_timeout{5'000};  // until it has said hello
    std::chrono::milliseconds timeout{30'000};         // until it has said what became of a text
    provider::Abilities abilities{};
};

// nullopt: problems went to the section.
std::optional<Settings> read_settings(config::Section& section, const provider::ChannelFacts& facts);

}  // namespace pingjing::external
