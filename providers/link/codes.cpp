#include "providers/link/codes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pingjing::link {

using namespace provider;

std::string with_words(std::string named, std::span<const CodeWords> words, std::uint32_t code) {
    auto row = std::find_if(words.begin(), words.end(), [&](const CodeWords& w) { return w.code == code; });
    return row == words.end() ? named : fmt::format("{}: {} {}", named, row->chinese, row->english);
}

Outcome outcome_of(Says says, std::string code, std::chrono::seconds after) {
    switch (says) {
        case Says::retry: return Retry{std::move(code)};
        case Says::ambiguous: return Ambiguous{std::move(code)};
        case Says::throttled_number: return Throttled{Throttled::number, after, std::move(code)};
        case Says::throttled_channel: return Throttled{Throttled::channel, after, std::move(code)};
        case Says::permanent_number: return Permanent{Permanent::number, std::move(code)};
        case Says::permanent_config: return Permanent{Permanent::config, std::move(code)};
        case Says::permanent_content: return Permanent{Permanent::content, std::move(code)};
        case Says::opted_out: return OptedOut{std::move(code)};
        case Says::auth: return ChannelDown{ChannelDown::auth, std::move(code)};
        case Says::balance: return ChannelDown{ChannelDown::balance, std::move(code)};
    }
    return Ambiguous{};
}

Refusal read_code(std::span<const Code> table, std::span<const CodeWords> words, const std::map<std::uint32_t, Outcome>& own, std::uint32_t code,
                  std::string_view word, bool hex) {
    if (auto found = own.find(code); found != own.end()) return {found->second};
    auto named = with_words(hex ? fmt::format("{} 0x{:02X}", word, code) : fmt::format("{} {}", word, code), words, code);
    auto row = std::find_if(table.begin(), table.end(), [&](const Code& c) { return code >= c.first && code <= c.last; });
    if (row == table.end()) return {Ambiguous{named + ", which is in no table"}, false};
    return {outcome_of(row->says, std::move(named), row->after)};
}

}  // namespace pingjing::link
