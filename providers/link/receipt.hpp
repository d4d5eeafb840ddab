// Delivery reports as carriers write them: the text of SMPP's appendix B in all its spellings, and the words and codes that all
// of them share. Pure.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "providers/provider.hpp"

namespace pingjing::link {

// "id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…", in any order, with any of them missing.
struct ReceiptText {
    std::string id{}, stat{}, error{}, submitted{}, done{}, counted{};  // counted: of "sub" or "dlvrd"
    bool whole() const { return !(id.empty() || stat.empty() || error.empty() || submitted.empty() || done.empty() || counted.empty()); }  // nobody types that
};
ReceiptText read_receipt_text(std::string_view text);

// What a word or code says of the message. An unknown one says nothing: counted, never a reason to send again.
struct ReceiptWord {
    provider::ReceiptState state = provider::ReceiptState::unknown;
    provider::Receipt::Meaning meaning = provider::Receipt::Meaning::none;
};
ReceiptWord read_receipt_word(std::string_view word);

// What the state in a report of CMPP or SMGP says: whatever a gateway writes there besides the known words is a failure, final and of
// its own making.
provider::Receipt receipt_of(std::string_view stat);

// "YYMMDDhhmm", with seconds, or with SMPP's "tnnp" behind them, which says its own offset. nullopt: none, or none that can be.
std::optional<Instant> read_receipt_time(std::string_view text, std::chrono::minutes offset);

}  // namespace pingjing::link
