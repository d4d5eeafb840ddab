#include "providers/cmpp/session.hpp"

#include <fmt/format.h>

#include "providers/cmpp/text.hpp"
#include "providers/link/china_time.hpp"

namespace pingjing::cmpp {

using link::Heard;
using link::heard_as;
using link::nothing;
using link::PartEnd;
using link::State;

namespace {

constexpr std::uint32_t wrong_structure = 1, slower_please = 8;

}  // namespace

std::string Sp::say(std::uint32_t command, std::uint32_t sequence, Body body) const { return encode({command, sequence, std::move(body)}, settings_->version).value(); }

std::string Sp::open(std::uint32_t number, Instant now) {
    Connect c;
    c.source = settings_->sp_id;
    c.timestamp = link::china_stamp(now);
    auto account = settings_->sp_id;
    if (settings_->padded_digest) account.resize(6);
    c.authenticator = authenticator_ = authenticator_of(account, settings_->password, c.timestamp);
    c.version = static_cast<std::uint8_t>(settings_->version);
    return say(connect, number, std::move(c));
}

std::string Sp::keep_alive(std::uint32_t number) { return say(active_test, number); }
std::string Sp::close(std::uint32_t number) { return say(terminate, number); }

std::string Sp::numbered(std::string frame, std::uint32_t number) {
    return link::with_number(std::move(frame), 8, number);
}

Heard Sp::hear(std::string_view frame, State state, Instant) {
    auto pdu = decode(frame, settings_->version);
    auto number = pdu.header.sequence;
    switch (pdu.header.command) {
        case connect | response_bit: return state == State::opening ? hear_connect_answer(pdu) : nothing("a second answer to the login");
        case submit | response_bit: return hear_submit_answer(pdu);
        case deliver: return state == State::opening ? nothing("a delivery before we were let in") : hear_delivery(pdu);
        case active_test: return heard_as(Heard::Kind::alive, say(active_test | response_bit, number, ActiveTestAnswer{}));
        case active_test | response_bit: return heard_as(Heard::Kind::alive);
        case terminate: return heard_as(Heard::Kind::leaving, say(terminate | response_bit, number));
        case terminate | response_bit: return heard_as(Heard::Kind::left);
        default: return nothing("a command that is not for us");  // the protocol has no word for that
    }
}

Heard Sp::hear_connect_answer(const Decoded& pdu) const {
    const auto* answer = std::get_if<ConnectAnswer>(&pdu.body);
    if (!answer || !pdu.readable) return link::refused("an answer to the login that cannot be read");
    if (answer->status == 0) {
        auto opened = heard_as(Heard::Kind::opened);
        // Live gateways compute theirs in four ways.
        if (answer->authenticator != answer_authenticator_of(0, authenticator_, settings_->password, settings_->version)) opened.why = "the gateway's digest is not what the specification says";
        // The layout is ours to say, and most gateways go by the account: but one that means another one writes nonsense.
        if (auto ours = static_cast<std::uint8_t>(settings_->version); answer->version != ours)
            opened.why += fmt::format("{}the gateway says version 0x{:02X}, this channel speaks 0x{:02X}", opened.why.empty() ? "" : "; ", answer->version, ours);
        return opened;
    }
    bool credentials = answer->status <= 4 || answer->status == 57;  // 55, 56: too many connections, which will pass
    return link::refused(link::with_words(fmt::format("login refused with Status {}", answer->status), login_words(), answer->status), credentials);
}

Heard Sp::hear_submit_answer(const Decoded& pdu) const {
    auto number = pdu.header.sequence;
    const auto* answer = std::get_if<SubmitAnswer>(&pdu.body);
    if (!answer || !pdu.readable) return link::refusal(number, provider::Ambiguous{"an answer that cannot be read"});
    if (answer->result != 0) return link::refusal(number, read_result(*settings_, answer->result));
    return link::taken(number, shown_id(answer->id));
}

Heard Sp::hear_delivery(const Decoded& pdu) const {
    const auto* d = std::get_if<Deliver>(&pdu.body);
    auto answer = [&](std::uint32_t result) { return say(deliver | response_bit, pdu.header.sequence, DeliverAnswer{d ? d->id : 0, result}); };
    auto inbound = d && pdu.readable ? read_delivery(*settings_, *d) : std::nullopt;
    if (!inbound) return nothing("a delivery that cannot be read", answer(wrong_structure));
    return link::to_keep(std::move(*inbound), answer(0), answer(slower_please));
}

}  // namespace pingjing::cmpp
