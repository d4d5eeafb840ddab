#include "providers/smpp/session.hpp"

#include <fmt/format.h>

#include "providers/smpp/text.hpp"

namespace pingjing::smpp {

using link::Heard;
using link::heard_as;
using link::nothing;
using link::PartEnd;
using link::State;

namespace {

// What we say is of our own making and fits.
std::string say(std::uint32_t command, std::uint32_t status, std::uint32_t sequence, Body body = Empty{}) {
    return encode({command, status, sequence, std::move(body)}).value();
}

// A response in which the message_id is not used has an empty one.
std::string answer_delivery(std::uint32_t command, std::uint32_t status, std::uint32_t sequence) {
    return status == ok ? say(command | response_bit, ok, sequence, MessageAnswer{}) : say(command | response_bit, status, sequence);
}

}  // namespace

std::string Esme::open(std::uint32_t number, Instant) {
    Bind bind;
    bind.system_id = settings_->system_id, bind.password = settings_->password, bind.system_type = settings_->system_type;
    return say(bind_, ok, number, std::move(bind));
}

std::string Esme::keep_alive(std::uint32_t number) { return say(enquire_link, ok, number); }
std::string Esme::close(std::uint32_t number) { return say(unbind, ok, number); }
std::string Esme::to_bad_length() { return say(generic_nack, invalid_command_length, 0); }

std::string Esme::numbered(std::string frame, std::uint32_t number) {
    return link::with_number(std::move(frame), 12, number);
}

Heard Esme::hear(std::string_view frame, State state, Instant) {
    auto pdu = decode(frame);
    return pdu.header.command & response_bit ? hear_answer(pdu, state) : hear_request(pdu, state);
}

Heard Esme::hear_bind_answer(const Decoded& pdu) const {
    // A body that cannot be read changes nothing: it holds the centre's name.
    if (pdu.header.status == ok) {
        auto opened = heard_as(Heard::Kind::opened);
        const auto* answer = std::get_if<BindAnswer>(&pdu.body);
        auto version = answer ? tlv_number(answer->tlvs, sc_interface_version) : std::nullopt;
        bool by_tlvs = settings_->long_texts == LongTexts::sar || settings_->long_texts == LongTexts::payload;
        if (version && *version < 0x34 && by_tlvs) opened.why = "the centre speaks SMPP 3.3, which has no TLVs: long_texts should be udh or udh16";
        return opened;
    }
    auto refused = heard_as(Heard::Kind::refused);
    refused.why = link::with_words(fmt::format("bind refused with command_status 0x{:02X}", pdu.header.status), status_words(), pdu.header.status);
    switch (pdu.header.status) {
        case 0x0D: case 0x0E: case 0x0F: case 0x53: refused.credentials = true; break;
        default: break;  // 0x05: an old connection of ours is still alive there, and will die
    }
    return refused;
}

Heard Esme::hear_submit_answer(const Decoded& pdu) const {
    auto number = pdu.header.sequence;
    if (pdu.header.status != ok) {
        auto heard = link::refusal(number, read_status(*settings_, pdu.header.status));
        heard.again = pdu.header.status == invalid_bind_state;
        return heard;
    }
    if (pdu.problem != ok) return link::refusal(number, provider::Ambiguous{"an answer that cannot be read"});
    const auto* answer = std::get_if<MessageAnswer>(&pdu.body);
    return link::taken(number, answer ? answer->message_id : std::string());
}

Heard Esme::hear_answer(const Decoded& pdu, State state) const {
    auto command = pdu.header.command;
    if (command == (bind_ | response_bit)) return state == State::opening ? hear_bind_answer(pdu) : nothing("a second answer to the bind");
    switch (command) {
        case submit_sm | response_bit: return hear_submit_answer(pdu);
        case enquire_link | response_bit: return heard_as(Heard::Kind::alive);
        case unbind | response_bit: return heard_as(Heard::Kind::left);
        case generic_nack: {
            // Before we are bound there is one thing only that it can mean.
            if (state == State::opening) {
                auto refused = heard_as(Heard::Kind::refused);
                refused.why = link::with_words(fmt::format("bind refused by generic_nack 0x{:02X}", pdu.header.status), status_words(), pdu.header.status);
                return refused;
            }
            auto heard = hear_submit_answer(pdu);
            if (pdu.header.status == ok) heard.end = {PartEnd::Kind::doubt, {}, provider::Ambiguous{"generic_nack without a status"}};
            return heard;
        }
        default: return nothing("an answer to what we did not ask");
    }
}

Heard Esme::hear_delivery(const Decoded& pdu) {
    const auto& h = pdu.header;
    if (pdu.problem != ok) return nothing("a delivery that cannot be read", answer_delivery(h.command, pdu.problem, h.sequence));
    const auto* data = std::get_if<Data>(&pdu.body);
    auto message = data ? as_message(*data) : std::get<Message>(pdu.body);
    auto heard = link::to_keep(read_delivery(*settings_, message), answer_delivery(h.command, ok, h.sequence), answer_delivery(h.command, temporary_application_error, h.sequence));
    if (!told_unmarked_ && is_unmarked_report(*settings_, message)) told_unmarked_ = true, heard.why = "reports come without their mark in esm_class; plain_receipts = true says that they do";
    return heard;
}

Heard Esme::hear_request(const Decoded& pdu, State state) {
    const auto& h = pdu.header;
    bool bound = state == State::open || state == State::closing;
    switch (h.command) {
        case enquire_link: return heard_as(Heard::Kind::alive, say(enquire_link | response_bit, ok, h.sequence));
        case unbind: return heard_as(Heard::Kind::leaving, say(unbind | response_bit, ok, h.sequence));
        case deliver_sm: case data_sm:
            return bound ? hear_delivery(pdu) : nothing("a delivery before we were bound", answer_delivery(h.command, invalid_bind_state, h.sequence));
        case alert_notification: case outbind: return nothing("of no use to us");
        case bind_receiver: case bind_transmitter: case bind_transceiver:
            return nothing("a bind from the centre", say(h.command | response_bit, bound ? already_bound : invalid_bind_state, h.sequence));
        case submit_sm: case submit_multi: case query_sm: case cancel_sm: case replace_sm:
            return nothing("a request that is ours to make", say(h.command | response_bit, invalid_bind_state, h.sequence));
        default: return nothing("an unknown command", say(generic_nack, invalid_command_id, h.sequence));
    }
}

}  // namespace pingjing::smpp
