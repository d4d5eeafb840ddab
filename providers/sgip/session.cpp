#include "providers/sgip/session.hpp"

#include <fmt/format.h>

#include "providers/link/china_time.hpp"
#include "providers/sgip/text.hpp"

namespace pingjing::sgip {

using link::Heard;
using link::heard_as;
using link::nothing;
using link::PartEnd;
using link::State;

namespace {

// What we say is of our own making and fits.
std::string say(std::uint32_t command, const Sequence& sequence, Body body = Empty{}) { return encode({command, sequence, std::move(body)}).value(); }
// An answer has its question's number, all of it.
std::string answer(const Decoded& pdu, std::uint8_t result) {
    auto command = pdu.header.command | response_bit;
    if (pdu.header.command == trace) return say(command, pdu.header.sequence, TraceAnswer{});
    return say(command, pdu.header.sequence, Answer{result, {}});
}

Heard broken(std::string why) {
    auto heard = heard_as(Heard::Kind::broken);
    heard.why = std::move(why);
    return heard;
}

Heard kept(const Decoded& pdu, provider::Inbound inbound) {
    return link::to_keep(std::move(inbound), answer(pdu, ok), answer(pdu, busy));
}

// What a gateway asks of us, on whichever connection: by the text it is only its own.
Heard hear_request(const Settings& settings, const Decoded& pdu) {
    if (const auto* d = std::get_if<Deliver>(&pdu.body)) return kept(pdu, read_delivery(settings, pdu.header.sequence, *d));
    if (const auto* r = std::get_if<Report>(&pdu.body)) {
        if (r->type != 0) return nothing("a report on what is no Submit", answer(pdu, ok));
        return kept(pdu, read_report(*r));
    }
    if (const auto* u = std::get_if<UserReport>(&pdu.body)) return nothing(fmt::format("UserRpt with UserCondition {}", u->condition), answer(pdu, ok));
    if (pdu.header.command == unbind) return heard_as(Heard::Kind::leaving, say(unbind | response_bit, pdu.header.sequence));
    return nothing("a command that we do not serve", answer(pdu, not_served));
}

// Without telling by the time it takes how much of it is right.
bool same(std::string_view said, std::string_view expected) {
    unsigned char differs = said.size() == expected.size() ? 0 : 1;
    for (std::size_t i = 0; i < 16; ++i) {
        auto a = i < said.size() ? said[i] : '\0', b = i < expected.size() ? expected[i] : '\0';
        differs = static_cast<unsigned char>(differs | (a ^ b));
    }
    return differs == 0;
}

}  // namespace

Sequence Sequences::next() { return {node_, link::china_stamp(clock_.now()), next_++}; }

std::string Sp::open(std::uint32_t, Instant) { return say(bind_link, sequences_->next(), Bind{1, settings_->name, settings_->password, {}}); }
std::string Sp::close(std::uint32_t) { return say(unbind, sequences_->next()); }

std::string Sp::numbered(std::string frame, std::uint32_t number) {
    last_ = sequences_->next();
    numbers_[last_] = number;
    return with_sequence(std::move(frame), last_);
}

Heard Sp::hear(std::string_view frame, State state, Instant) {
    auto pdu = decode(frame);
    auto command = pdu.header.command;
    if (!pdu.readable) return broken("a PDU that cannot be read");
    if (state == State::opening) {
        if (command == (bind_link | response_bit)) return hear_bind_answer(std::get<Answer>(pdu.body));
        return broken("something before the answer to our bind");
    }
    if (!(command & response_bit)) return hear_request(*settings_, pdu);
    switch (command) {
        case submit | response_bit: return hear_submit_answer(pdu);
        case unbind | response_bit: return heard_as(Heard::Kind::left);
        default: return nothing("an answer to what we did not ask");
    }
}

Heard Sp::hear_bind_answer(const Answer& a) const {
    if (a.result == ok) return heard_as(Heard::Kind::opened);
    if (a.result == bound_already) {
        auto opened = heard_as(Heard::Kind::opened);
        opened.why = "the gateway says that we were bound already";
        return opened;
    }
    auto refused = link::refused(link::with_words(fmt::format("bind refused with Result {}", a.result), result_words(), a.result));
    // Too many connections, too often, busy: that will pass.
    bool will_pass = a.result == too_many || a.result == too_often || a.result == busy || a.result == 32 || a.result == 33 || a.result == 88;
    refused.credentials = !will_pass;
    if (a.result == too_often) refused.not_before = std::chrono::seconds(60);
    return refused;
}

Heard Sp::hear_submit_answer(const Decoded& pdu) {
    auto found = numbers_.find(pdu.header.sequence);
    if (found == numbers_.end()) return nothing("an answer to nothing");
    auto number = found->second;
    numbers_.erase(found);
    auto result = std::get<Answer>(pdu.body).result;
    if (result != ok) return link::refusal(number, read_result(*settings_, result));
    return link::taken(number, shown(pdu.header.sequence));
}

Heard Host::hear(std::string_view frame, State state, Instant) {
    auto pdu = decode(frame);
    if (!pdu.readable) return broken("a PDU that cannot be read");
    if (pdu.header.command & response_bit) return state == State::opening ? broken("an answer before a bind") : nothing("an answer to what we did not ask");
    const auto* login = std::get_if<Bind>(&pdu.body);
    if (state == State::opening) return login ? hear_bind(pdu, *login) : broken("something before a bind");
    if (login) return nothing("a second bind", answer(pdu, bound_already));
    return hear_request(*settings_, pdu);
}

Heard Host::hear_bind(const Decoded& pdu, const Bind& login) const {
    auto refuse = [&](std::uint8_t result, std::string why) {
        auto refused = link::refused(std::move(why));
        refused.reply = answer(pdu, result);
        return refused;
    };
    bool name = same(login.name, settings_->guest_name), password = same(login.password, settings_->guest_password);
    if (!name || !password) return refuse(illegal_login, "a wrong name or password");
    bool type = login.type == 2 || (settings_->any_login_type && (login.type == 1 || login.type == 11));
    if (!type) return refuse(wrong_type, fmt::format("Login Type {} instead of 2", login.type));
    if (full_()) return refuse(too_many, "too many connections");
    return heard_as(Heard::Kind::opened, answer(pdu, ok));
}

}  // namespace pingjing::sgip
