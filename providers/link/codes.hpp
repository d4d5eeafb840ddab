// What a carrier's refusal codes say of a message: a table for each protocol, and what a site knows better. Pure.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "providers/provider.hpp"

namespace pingjing::link {

enum class Says {
    retry,              // not taken, and another attempt may be
    ambiguous,
    throttled_number, throttled_channel,
    permanent_number, permanent_config, permanent_content,
    opted_out,
    auth, balance
};

struct Code {
    std::uint32_t first = 0, last = 0;  // both included
    Says says = Says::ambiguous;
    std::chrono::seconds after{1};      // throttled: for how long
};

// What a code means, for people: carriers' own words, shortened.
struct CodeWords { std::uint32_t code = 0; std::string_view chinese{}, english{}; };
// "Status 21: 认证失败 wrong password"; `named` as it is where nobody knows.
std::string with_words(std::string named, std::span<const CodeWords> words, std::uint32_t code);

provider::Outcome outcome_of(Says says, std::string code, std::chrono::seconds after = std::chrono::seconds(1));

struct Refusal {
    provider::Outcome outcome{};
    bool known = true;  // false: it is in no table, and so in doubt
};
// `word` stands before the number: "Status 21", in hex "command_status 0x0B"; what it means behind it.
Refusal read_code(std::span<const Code> table, std::span<const CodeWords> words, const std::map<std::uint32_t, provider::Outcome>& own, std::uint32_t code,
                  std::string_view word, bool hex = false);

}  // namespace pingjing::link
