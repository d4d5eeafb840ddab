// The names of the field's closed sets, to text and back, and which message state may follow which.
#include <algorithm>
#include <array>

#include "daemon/core/case.hpp"
#include "daemon/core/message.hpp"
#include "daemon/core/rating.hpp"
#include "daemon/core/survey.hpp"

namespace pingjing {
namespace {

template <class Enum, std::size_t N>
std::optional<Enum> find_name(const std::array<std::string_view, N>& names, std::string_view name) {
    auto it = std::find(names.begin(), names.end(), name);
    return it == names.end() ? std::nullopt : std::optional(static_cast<Enum>(it - names.begin()));
}

constexpr std::array<std::string_view, 7> case_states = {"open", "dispatched", "on_scene", "fed_back", "closed", "cancelled", "reopened"};
constexpr std::array<std::string_view, 11> purposes = {"survey", "thanks", "clarify", "help", "opt_out", "emergency", "told", "canary", "letter", "question", "notice"};
constexpr std::array<std::string_view, 12> message_states = {"due", "held", "sending", "accepted", "in_doubt", "not_sent", "delivered",
                                                             "failed", "expired", "no_report", "unknown", "cancelled"};
constexpr std::array<std::string_view, 3> grades = {"satisfied", "basically_satisfied", "dissatisfied"};
constexpr std::array<std::string_view, 2> scales = {"110-3", "csat-5"};

}  // namespace

std::string_view case_state_name(CaseState s) { return case_states[static_cast<std::size_t>(s)]; }
std::optional<CaseState> parse_case_state(std::string_view name) { return find_name<CaseState>(case_states, name); }
std::string_view purpose_name(Purpose p) { return purposes[static_cast<std::size_t>(p)]; }
std::optional<Purpose> parse_purpose(std::string_view name) { return find_name<Purpose>(purposes, name); }
std::string_view message_state_name(MessageState s) { return message_states[static_cast<std::size_t>(s)]; }
std::span<const std::string_view> message_state_names() { return message_states; }
std::optional<MessageState> parse_message_state(std::string_view name) { return find_name<MessageState>(message_states, name); }
std::optional<Code> parse_code(std::string_view name) { return find_name<Code>(code_names, name); }
std::optional<Grade> parse_grade(std::string_view name) { return find_name<Grade>(grades, name); }
std::optional<Scale> parse_scale(std::string_view name) { return find_name<Scale>(scales, name); }

bool may_follow(MessageState from, MessageState to) {
    using enum MessageState;
    switch (from) {
        case due: return to == sending || to == held || to == cancelled;
        case held: return to == due || to == cancelled;
        case sending: return to == accepted || to == failed || to == held || to == in_doubt || to == due;  // due: proved refusal only
        case accepted: return to == delivered || to == failed || to == expired || to == no_report;
        case in_doubt: return to == accepted || to == delivered || to == failed || to == not_sent || to == unknown || to == due;  // due: resend only
        case not_sent: return to == due;
        case unknown: return to == delivered || to == failed || to == due;  // due: resend only
        case failed: case expired: case no_report: return to == delivered;  // a reply or a late receipt proves it
        case cancelled: return to == due;  // a later version passes and nothing was ever sent
        case delivered: return false;
    }
    return false;
}

}  // namespace pingjing
