// A dissatisfied caller is owed an answer (件件有回复, domain.md §9): the states his follow-up passes through, what was found, and
// what it was about.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

namespace pingjing {

enum class FollowupState {
    opened,       // nobody has spoken with him yet
    called_back,  // somebody has
    verified,     // it is known whether he is right
    rectifying,   // a unit has the work order
    rectified,    // the unit says what it did
    reviewed,     // another level agrees
    told,         // he knows (回告)
    closed
};
std::string_view followup_state_name(FollowupState s);
std::optional<FollowupState> parse_followup_state(std::string_view name);
// Forward, and back only where a reviewer does not agree, or where the text that was to tell him did not go.
bool may_follow(FollowupState from, FollowupState to);

enum class Finding { valid, partly, invalid, unreachable };
std::string_view finding_name(Finding f);
std::optional<Finding> parse_finding(std::string_view name);

// What callers complain about, for the 民情台账: the closed set of templates/register/topics.csv.
struct Topic { std::string_view name{}, chinese{}; };
const std::vector<Topic>& topics();
bool is_topic(std::string_view name);

}  // namespace pingjing
