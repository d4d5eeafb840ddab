// What a configuration means, in words: what each text costs, what each channel can carry, which of its texts would be held.
// `pingjing check` prints it, the console shows it.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "daemon/config/settings.hpp"
#include "daemon/core/result.hpp"

namespace pingjing {

struct TextLength {
    std::string name{};                // as it is sent: "survey", "en/survey"
    std::size_t units = 0, parts = 0;  // GSM septets or UTF-16 units; SMS, each of which is charged
    std::string whole{};               // with the longest date and the real sign
};
struct ChannelMeaning {
    std::string name{}, what{};        // "main", "SMPP 3.4 as pj to …"
    std::vector<std::string> lines{};  // rates, lengths, replies, evidence, what to tell the vendor, a sample without its secrets
};
struct Meaning {
    std::vector<TextLength> texts{};
    std::vector<std::string> services{};
    std::vector<ChannelMeaning> channels{};
    std::vector<std::string> warnings{};  // beside those of the settings
};

// Nothing is connected. invalid_input: a text cannot be read, with its file and line.
Result<Meaning> meaning_of(const config::Settings& settings);

}  // namespace pingjing
