// The keys of a channel with provider = "cmpp2" or "cmpp3".
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "daemon/config/section.hpp"
#include "providers/cmpp/pdu.hpp"
#include "providers/link/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::cmpp {

struct Settings {
    Version version = Version::v2;
    link::LinkSettings link{};
    bool padded_digest = false;  // zeros behind a short sp_id are part of the login's digest
    std::string sp_id{}, password{}, service_id{};
    std::uint8_t fee_user = 2;
    std::string fee_type = "01", fee_code = "000000", fee_terminal{};
    std::string destination_prefix{};
    bool gbk = false;           // what GBK can say goes so instead of as UCS-2
    bool wide_reference = false;
    bool validity = true;
    bool receipts = true;
    std::optional<std::chrono::minutes> receipt_offset{};
    std::map<std::uint32_t, provider::Outcome> results{};  // what this gateway means by a Result
};

// nullopt: problems went to the section.
std::optional<Settings> read_settings(config::Section& section, const provider::ChannelFacts& facts, Version version);

}  // namespace pingjing::cmpp
