// A survey as CMPP_SUBMITs, and what a gateway delivers as receipts and texts. Pure.
#pragma once
#include <vector>

#include "providers/cmpp/pdu.hpp"
#include "providers/cmpp/settings.hpp"
#include "providers/link/codes.hpp"
#include "providers/link/long_text.hpp"

namespace pingjing::cmpp {

// One for each part, its number still 0. An error: what cannot be said.
Result<std::vector<std::string>> build_submits(const Settings& settings, const provider::Submission& submission, link::References& references, Instant now);

std::span<const link::CodeWords> result_words();
std::span<const link::CodeWords> login_words();  // of a login's Status
// What a Result says of a submission. 0 is not asked.
link::Refusal read_result(const Settings& settings, std::uint32_t result);

// nullopt: a report that is too short to be one.
std::optional<provider::Inbound> read_delivery(const Settings& settings, const Deliver& deliver);

std::string shown_id(std::uint64_t id);  // sixteen hexadecimal digits: to us it is a name

}  // namespace pingjing::cmpp
