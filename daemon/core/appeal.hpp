// 民警申诉 (domain.md §13): on which grounds a rating may be asked to be taken out, how such an appeal stands, and who is a level above whom.
#pragma once
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace pingjing {

// A closed set: that the result is unwelcome is no ground.
struct Ground { std::string_view name, chinese; };
inline constexpr std::array<Ground, 4> grounds = {{{"wrong_person", "对象或警情有误"}, {"other_service", "评价的并非本次出警"}, {"malice", "查实恶意评价"}, {"slip", "群众误评"}}};
inline bool is_ground(std::string_view name) { return std::ranges::find(grounds, name, &Ground::name) != grounds.end(); }

enum class AppealState {
    filed,       // somebody has to look into it, also where a second person did not agree with the first
    proposed,    // somebody has, and another one has to agree
    upheld,
    not_upheld,
    withdrawn    // whoever filed it thought better of it: as if it had never been, but that it is counted and told
};
inline constexpr std::array<std::string_view, 5> appeal_state_names = {"filed", "proposed", "upheld", "not_upheld", "withdrawn"};
inline std::string_view appeal_state_name(AppealState s) { return appeal_state_names[static_cast<std::size_t>(s)]; }
inline std::optional<AppealState> parse_appeal_state(std::string_view name) {
    auto found = std::ranges::find(appeal_state_names, name);
    return found == appeal_state_names.end() ? std::nullopt : std::optional(static_cast<AppealState>(found - appeal_state_names.begin()));
}
inline bool is_decided(AppealState s) { return s == AppealState::upheld || s == AppealState::not_upheld; }
inline bool is_settled(AppealState s) { return is_decided(s) || s == AppealState::withdrawn; }

// 320102000000 is above 320102430000, 320100000000 above both: codes of twelve digits say by their last digits, zero by pairs, how far
// up they are. Of other codes nobody knows, and another unit has to do.
inline bool is_above(std::string_view upper, std::string_view lower) {
    auto is_code = [](std::string_view unit) { return unit.size() == 12 && std::ranges::all_of(unit, [](char c) { return c >= '0' && c <= '9'; }); };
    if (upper == lower) return false;
    if (!is_code(upper) || !is_code(lower)) return true;
    auto digits = upper.find_last_not_of('0') + 1;  // npos + 1 is 0: the whole country
    return lower.starts_with(upper.substr(0, digits + digits % 2));
}

}  // namespace pingjing
