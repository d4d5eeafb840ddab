// A survey as Submits of SMGP, and what a gateway delivers as receipts and texts. Pure.
#pragma once
#include <vector>

#include "providers/link/codes.hpp"
#include "providers/link/long_text.hpp"
#include "providers/smgp/pdu.hpp"
#include "providers/smgp/settings.hpp"

namespace pingjing::smgp {

// One for each part, its number still 0. An error: what cannot be said.
Result<std::vector<std::string>> build_submits(const Settings& settings, const provider::Submission& submission, link::References& references, Instant now);

std::span<const link::CodeWords> status_words();
std::span<const link::CodeWords> error_words();  // of a report
// What a Status says of a submission. 0 is not asked.
link::Refusal read_status(const Settings& settings, std::uint32_t status);

// nullopt: a report that is none.
std::optional<provider::Inbound> read_delivery(const Settings& settings, const Deliver& deliver);

std::string shown_id(std::string_view octets);  // twenty hexadecimal digits: to us it is a name

}  // namespace pingjing::smgp
