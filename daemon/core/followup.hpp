// A dissatisfied caller is owed an answer (件件有回复, domain.md §9): the states his follow-up passes through, what was found, and
// what it was about.
#pragma once
#include <array>
#include <optional>
#include <string_view>

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

// What callers complain about, for the 民情台账.
struct Topic { std::string_view name, chinese; };
inline constexpr std::array<Topic, 10> topics = {{{"response_speed", "出警速度"}, {"attitude", "态度"}, {"fairness", "执法公正"}, {"outcome", "处理结果"},
                                                  {"no_answer", "无回音"}, {"buck_passing", "推诿"}, {"procedure", "执法规范"}, {"integrity", "廉洁"},
                                                  {"call_taking", "接警"}, {"other", "其他"}}};
bool is_topic(std::string_view name);

}  // namespace pingjing
