// A survey as PDUs, and what a carrier delivers as receipts and texts. Pure.
#pragma once
#include <vector>

#include "providers/link/codes.hpp"
#include "providers/link/long_text.hpp"
#include "providers/smpp/pdu.hpp"
#include "providers/smpp/settings.hpp"

namespace pingjing::smpp {

// One submit_sm for each part, its number still 0. An error: what cannot be said.
Result<std::vector<std::string>> build_submits(const Settings& settings, const provider::Submission& submission, link::References& references, Instant now);

// Into how many parts it is cut, by us or by the centre; 0: it cannot be said.
int count_parts(const Settings& settings, const std::string& text);

std::span<const link::CodeWords> status_words();
// What a command_status says of a submission. `ok` is not asked.
link::Refusal read_status(const Settings& settings, std::uint32_t status);

// deliver_sm, or data_sm put into its form.
provider::Inbound read_delivery(const Settings& settings, const Message& message);
Message as_message(const Data& data);
// Its words alone say that it is a report, and the settings do not expect that.
bool is_unmarked_report(const Settings& settings, const Message& message);

// The charset of a data_coding as read_octets() knows it.
std::string charset_of(std::uint8_t data_coding, const std::string& default_alphabet);

}  // namespace pingjing::smpp
