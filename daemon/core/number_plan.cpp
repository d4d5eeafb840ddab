#include "daemon/core/number_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pingjing {
namespace {

struct Allocation { std::string_view carrier, prefixes; };
constexpr Allocation allocations[] = {
    {"移动", "134 135 136 137 138 139 147 148 150 151 152 157 158 159 172 178 182 183 184 187 188 195 197 198"},
    {"联通", "130 131 132 145 146 155 156 166 175 176 185 186 196"},
    {"电信", "133 149 153 173 174 177 180 181 189 190 191 193 199"},
    {"广电", "192"},
    {"虚商", "162 165 167 170 171"},
};

std::uint32_t value_of(std::string_view digits) {
    std::uint32_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

}  // namespace

std::string_view carrier_of(std::string_view prefix) {
    if (prefix.size() != 3 || prefix.find(' ') != prefix.npos) return "";
    auto* found = std::find_if(std::begin(allocations), std::end(allocations), [&](const Allocation& a) { return a.prefixes.find(prefix) != prefix.npos; });
    return found == std::end(allocations) ? "" : found->carrier;
}

void NumberPlan::add(std::string_view prefix, std::string_view carrier) {
    auto known = numbers_.find(carrier);
    if (known == numbers_.end()) {
        known = numbers_.emplace(carrier, static_cast<std::uint32_t>(carriers_.size())).first;
        carriers_.emplace_back(carrier);
    }
    by_length_.at(prefix.size()).push_back({value_of(prefix), known->second});
}

std::vector<std::string> NumberPlan::finish() {
    std::vector<std::string> twice;
    for (std::size_t length = shortest; length <= longest; ++length) {
        auto& rows = by_length_[length];
        std::ranges::sort(rows, {}, &Row::prefix);
        for (std::size_t i = 1; i < rows.size(); ++i)
            if (rows[i].prefix == rows[i - 1].prefix) twice.push_back(fmt::format("{:0{}}", rows[i].prefix, length));
        rows.shrink_to_fit();
    }
    return twice;
}

std::string_view NumberPlan::carrier_of(std::string_view number) const {
    for (auto length = std::min(longest, number.size()); length >= shortest; --length) {
        const auto& rows = by_length_[length];
        if (rows.empty()) continue;
        auto value = value_of(number.substr(0, length));
        auto found = std::ranges::lower_bound(rows, value, {}, &Row::prefix);
        if (found != rows.end() && found->prefix == value) return carriers_[found->carrier];
    }
    return pingjing::carrier_of(number.substr(0, std::min<std::size_t>(3, number.size())));
}

std::size_t NumberPlan::prefixes() const {
    std::size_t all = 0;
    for (const auto& rows : by_length_) all += rows.size();
    return all;
}

bool NumberPlan::knows(std::string_view carrier) const {
    return numbers_.contains(carrier) || std::ranges::any_of(allocations, [&](const Allocation& a) { return a.carrier == carrier; });
}

}  // namespace pingjing
