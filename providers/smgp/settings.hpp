// The keys of a channel with provider = "smgp".
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "daemon/config/section.hpp"
#include "providers/link/settings.hpp"
#include "providers/provider.hpp"
#include "providers/smgp/pdu.hpp"

namespace pingjing::smgp {

enum class Mode : std::uint8_t { send = 0, receive = 1, both = 2 };

struct Settings {
    link::LinkSettings link{};
    Version version = Version::v30;
    bool pair = false;               // each link is one that sends and one that receives
    std::string client_id{}, password{};
    std::string service_id{}, fee_type = "00", fee_code = "0", fixed_fee = "0", charge_number{};
    std::string sp_code{}, product_code{};  // TLVs MsgSrc and MServiceID; empty: none
    std::uint8_t priority = 1;
    std::string destination_prefix{};
    bool gbk = false;                // what GBK can say goes as format 15 instead of as UCS-2
    bool wide_reference = false;
    bool validity = true;
    bool receipts = true;
    bool acceptd_is_delivered = false;
    std::optional<std::chrono::minutes> receipt_offset{};
    std::map<std::uint32_t, provider::Outcome> statuses{};  // what this gateway means by a Status
};

// nullopt: problems went to the section.
std::optional<Settings> read_settings(config::Section& section, const provider::ChannelFacts& facts);

}  // namespace pingjing::smgp
