#include "daemon/core/receipt_id.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace pingjing {
namespace {

std::optional<std::uint64_t> number_of(std::string_view id, int base) {
    std::uint64_t value = 0;
    auto [end, bad] = std::from_chars(id.data(), id.data() + id.size(), value, base);
    if (bad != std::errc{} || end != id.data() + id.size()) return std::nullopt;
    return value;
}

}  // namespace

std::vector<std::string> other_spellings(std::string_view id) {
    std::vector<std::string> out;
    if (id.empty() || id.size() > 20 || id.front() == '-') return out;
    auto add = [&](std::string spelling) {
        if (spelling != id && std::find(out.begin(), out.end(), spelling) == out.end()) out.push_back(std::move(spelling));
    };
    auto decimal = number_of(id, 10), hexadecimal = number_of(id, 16);
    // The same digits first, then the same number.
    if (decimal) add(fmt::format("{}", *decimal)), add(fmt::format("{:010}", *decimal));
    if (hexadecimal) add(fmt::format("{:x}", *hexadecimal)), add(fmt::format("{:X}", *hexadecimal)), add(fmt::format("{:08x}", *hexadecimal)), add(fmt::format("{:08X}", *hexadecimal));
    if (decimal) add(fmt::format("{:x}", *decimal)), add(fmt::format("{:X}", *decimal)), add(fmt::format("{:08x}", *decimal)), add(fmt::format("{:08X}", *decimal));
    if (hexadecimal) add(fmt::format("{}", *hexadecimal)), add(fmt::format("{:010}", *hexadecimal));
    return out;
}

}  // namespace pingjing
