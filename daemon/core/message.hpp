// A text to a citizen: what it is for and the states it passes through (design.md B). Forward only.
#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace pingjing {

enum class Purpose { survey, thanks, clarify, help, opt_out, emergency, told, canary, letter, question, notice };
std::string_view purpose_name(Purpose p);
std::optional<Purpose> parse_purpose(std::string_view name);
// Lower goes first when several are due: an emergency answer waits for nothing.
constexpr int priority(Purpose p) { return p == Purpose::emergency ? 0 : p == Purpose::survey || p == Purpose::canary || p == Purpose::notice ? 2 : 1; }

enum class MessageState {
    due, held, sending, accepted, in_doubt, not_sent, delivered, failed, expired, no_report, unknown, cancelled
};
std::string_view message_state_name(MessageState s);
std::span<const std::string_view> message_state_names();
std::optional<MessageState> parse_message_state(std::string_view name);
// Every arrow of design.md B and no other. `verify` and the store's own WHERE clauses hold to the same table.
bool may_follow(MessageState from, MessageState to);

}  // namespace pingjing
