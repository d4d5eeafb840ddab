// The keys of a channel with provider = "smpp".
#pragma once
#include <map>
#include <optional>
#include <string>

#include "daemon/config/section.hpp"
#include "providers/link/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::smpp {

enum class Binding { transceiver, pair };           // pair: each link is a transmitter and a receiver
enum class LongTexts { udh, udh16, sar, payload };  // how a text of several parts goes
enum class Validity { relative, absolute, none };

struct Settings {
    link::LinkSettings link{};
    Binding binding = Binding::transceiver;
    std::string system_id{}, password{}, system_type{}, service_type{};
    std::uint8_t source_ton = 0, source_npi = 1, destination_ton = 1, destination_npi = 1;
    std::string destination_prefix = "86";
    std::string alphabet = "GSM";                   // of data_coding 0: GSM, ASCII, ISO-8859-1, UTF-8
    LongTexts long_texts = LongTexts::udh;
    Validity validity = Validity::relative;
    bool receipts = true;
    bool plain_receipts = false;                    // reports may come without their mark
    std::optional<std::chrono::minutes> receipt_offset{};  // of the times in reports; none: they are not used
    std::map<std::uint32_t, provider::Outcome> statuses{};  // what this carrier means by a command_status
};

// nullopt: problems went to the section.
std::optional<Settings> read_settings(config::Section& section, const provider::ChannelFacts& facts);

}  // namespace pingjing::smpp
