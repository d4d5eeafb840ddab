#include "providers/smgp/session.hpp"

#include <fmt/format.h>

#include "providers/link/china_time.hpp"
#include "providers/smgp/text.hpp"

namespace pingjing::smgp {

using link::Heard;
using link::heard_as;
using link::nothing;
using link::PartEnd;
using link::State;

namespace {

constexpr std::uint32_t wrong_structure = 10, busy = 1;

// What will pass by itself: the rest is about who we are, and somebody has to look at it.
bool will_pass(std::uint32_t status) { return status == 1 || status == 2 || status == 12 || status == 74 || status == 75; }

}  // namespace

std::string Sp::say(std::uint32_t command, std::uint32_t sequence, Body body) const { return encode({command, sequence, std::move(body)}, settings_->version).value(); }

std::string Sp::open(std::uint32_t number, Instant now) {
    Login l;
    l.client = settings_->client_id;
    l.timestamp = link::china_stamp(now);
    l.authenticator = authenticator_ = authenticator_of(l.client, settings_->password, l.timestamp);
    l.mode = static_cast<std::uint8_t>(mode_);
    l.version = static_cast<std::uint8_t>(settings_->version);
    return say(login, number, std::move(l));
}

std::string Sp::keep_alive(std::uint32_t number) { return say(active_test, number); }
std::string Sp::close(std::uint32_t number) { return say(exit_link, number); }

std::string Sp::numbered(std::string frame, std::uint32_t number) { return link::with_number(std::move(frame), 8, number); }

Heard Sp::hear(std::string_view frame, State state, Instant) {
    auto pdu = decode(frame, settings_->version);
    auto number = pdu.header.sequence;
    switch (pdu.header.command) {
        case login | response_bit: return state == State::opening ? hear_login_answer(pdu) : nothing("a second answer to the login");
        case submit | response_bit: return hear_submit_answer(pdu);
        case deliver: return state == State::opening ? nothing("a delivery before we were let in") : hear_delivery(pdu);
        case active_test: return heard_as(Heard::Kind::alive, say(active_test | response_bit, number));
        case active_test | response_bit: return heard_as(Heard::Kind::alive);
        case exit_link: return heard_as(Heard::Kind::leaving, say(exit_link | response_bit, number));
        case exit_link | response_bit: return heard_as(Heard::Kind::left);
        default: return nothing("a command that is not for us");  // the protocol has no word for that
    }
}

Heard Sp::hear_login_answer(const Decoded& pdu) const {
    const auto* answer = std::get_if<LoginAnswer>(&pdu.body);
    if (!answer || !pdu.readable) return link::refused("an answer to the login that cannot be read");
    if (answer->status != 0) return link::refused(link::with_words(fmt::format("login refused with Status {}", answer->status), status_words(), answer->status), !will_pass(answer->status));
    auto opened = heard_as(Heard::Kind::opened);
    if (answer->authenticator != answer_authenticator_of(0, authenticator_, settings_->password)) opened.why = "the gateway's digest is not what the specification says";
    return opened;
}

Heard Sp::hear_submit_answer(const Decoded& pdu) const {
    auto number = pdu.header.sequence;
    const auto* answer = std::get_if<MessageAnswer>(&pdu.body);
    if (!answer || !pdu.readable) return link::refusal(number, provider::Ambiguous{"an answer that cannot be read"});
    if (answer->status != 0) return link::refusal(number, read_status(*settings_, answer->status));
    return link::taken(number, shown_id(answer->id));
}

Heard Sp::hear_delivery(const Decoded& pdu) const {
    const auto* d = std::get_if<Deliver>(&pdu.body);
    auto answer = [&](std::uint32_t status) { return say(deliver | response_bit, pdu.header.sequence, MessageAnswer{d ? d->id : std::string(), status}); };
    auto inbound = d && pdu.readable ? read_delivery(*settings_, *d) : std::nullopt;
    if (!inbound) return nothing("a delivery that cannot be read", answer(wrong_structure));
    return link::to_keep(std::move(*inbound), answer(0), answer(busy));
}

}  // namespace pingjing::smgp
