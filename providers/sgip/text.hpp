// A survey as Submits of SGIP, and what a gateway delivers as receipts and texts. Pure.
#pragma once
#include <vector>

#include "providers/link/codes.hpp"
#include "providers/link/long_text.hpp"
#include "providers/sgip/pdu.hpp"
#include "providers/sgip/settings.hpp"

namespace pingjing::sgip {

// One for each part, its sequence still 0. An error: what cannot be said.
Result<std::vector<std::string>> build_submits(const Settings& settings, const provider::Submission& submission, link::References& references, Instant now);

std::span<const link::CodeWords> result_words();  // of an ErrorCode too
// What a Result says of a submission. 0 is not asked.
link::Refusal read_result(const Settings& settings, std::uint8_t result);

provider::InboundText read_delivery(const Settings& settings, const Sequence& sequence, const Deliver& deliver);
provider::Receipt read_report(const Report& report);

}  // namespace pingjing::sgip
