// Why a call is not asked about: the refusal codes of domain.md §4, in the order in which they are checked.
#pragma once
#include <array>
#include <optional>
#include <string_view>

namespace pingjing {

enum class Code {
    not_closed, history, pilot, invalid, duplicate, no_mobile, dv, sexual, minor, death_serious, secret, subject, police,
    medical, referred, unsafe_flag, phone_hold, unknown_category, opt_out, capped, stale,
    cancelled  // by an operator; never decided by a rule
};
inline constexpr std::array<std::string_view, 22> code_names = {
    "not_closed", "history", "pilot", "invalid", "duplicate", "no_mobile", "dv", "sexual", "minor", "death_serious", "secret",
    "subject", "police", "medical", "referred", "unsafe_flag", "phone_hold", "unknown_category", "opt_out", "capped", "stale",
    "cancelled"};

constexpr std::string_view code_name(Code c) { return code_names[static_cast<std::size_t>(c)]; }
std::optional<Code> parse_code(std::string_view name);

// The phone may be in the wrong hands or its owner in danger: holds for the number, whatever the case (design.md B).
constexpr bool is_safety(Code c) {
    return c == Code::dv || c == Code::sexual || c == Code::minor || c == Code::death_serious || c == Code::secret ||
           c == Code::subject || c == Code::unsafe_flag;
}

}  // namespace pingjing
