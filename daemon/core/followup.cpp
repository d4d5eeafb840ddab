#include "daemon/core/followup.hpp"

#include <algorithm>
#include <array>

#include "daemon/core/templates.hpp"

namespace pingjing {
namespace {

constexpr std::array<std::string_view, 8> state_names = {"opened", "called_back", "verified", "rectifying", "rectified", "reviewed", "told", "closed"};
constexpr std::array<std::string_view, 4> finding_names = {"valid", "partly", "invalid", "unreachable"};

template <class Enum, std::size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view name) {
    auto found = std::ranges::find(names, name);
    return found == names.end() ? std::nullopt : std::optional(static_cast<Enum>(found - names.begin()));
}

}  // namespace

std::string_view followup_state_name(FollowupState s) { return state_names[static_cast<std::size_t>(s)]; }
std::optional<FollowupState> parse_followup_state(std::string_view name) { return parse<FollowupState>(state_names, name); }
std::string_view finding_name(Finding f) { return finding_names[static_cast<std::size_t>(f)]; }
std::optional<Finding> parse_finding(std::string_view name) { return parse<Finding>(finding_names, name); }

bool may_follow(FollowupState from, FollowupState to) {
    using enum FollowupState;
    switch (from) {
        case opened: return to == called_back || to == verified;  // verified: nobody could be reached
        case called_back: return to == verified;
        case verified: return to == rectifying || to == reviewed || to == opened;
        case rectifying: return to == rectified;
        case rectified: return to == reviewed || to == rectifying;
        case reviewed: return to == told || to == closed;  // closed: there is nobody who could be told
        case told: return to == closed || to == reviewed;
        case closed: return false;
    }
    return false;
}

// A head row, then "topic,name" a line; it is compiled in, so a test reads it and not the user.
const std::vector<Topic>& topics() {
    static const std::vector<Topic> all = [] {
        std::vector<Topic> out;
        auto rest = built_in_template("register/topics.csv").value();
        for (bool head = true; !rest.empty(); head = false) {
            auto end = std::min(rest.find('\n'), rest.size());
            auto line = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            if (auto comma = line.find(','); !head && comma != line.npos) out.push_back({line.substr(0, comma), line.substr(comma + 1)});
        }
        return out;
    }();
    return all;
}

bool is_topic(std::string_view name) {
    return std::ranges::any_of(topics(), [&](const Topic& t) { return t.name == name; });
}

}  // namespace pingjing
