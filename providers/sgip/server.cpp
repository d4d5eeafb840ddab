#include "providers/sgip/server.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "providers/link/bytes.hpp"
#include "providers/link/china_time.hpp"
#include "providers/link/coding.hpp"
#include "providers/sgip/pdu.hpp"

namespace pingjing::sgip {
namespace {

using link::Asked;
using link::asked_as;
using link::Submitted;
using link::Verdict;

constexpr std::uint8_t sp_to_gateway = 1, gateway_to_sp = 2;
constexpr std::uint32_t node = 100101;

std::string octets_of(const Sequence& s) { return std::move(link::Writer().u32(s.node).u32(s.time).u32(s.count)).take(); }
Sequence sequence_of(std::string_view octets) {
    link::Reader in(octets);
    Sequence s;
    s.node = in.u32(), s.time = in.u32(), s.count = in.u32();
    return s;
}

// A state as its word is 0, 1 or 2, and why: a number is an ErrorCode itself.
struct StateAndError { std::uint8_t state = 2, error = 27; };
StateAndError state_of(const std::string& word) {
    if (word == "DELIVRD") return {0, 0};
    if (word == "ACCEPTD" || word == "ENROUTE") return {1, 0};
    if (word == "EXPIRED") return {2, 25};
    if (word == "MK:0001") return {2, 29};
    bool number = !word.empty() && word.size() <= 3 && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (number && std::stoi(word) <= 255) return {2, static_cast<std::uint8_t>(std::stoi(word))};
    return {2, 27};
}

class Smg final : public link::ServerDialect {
public:
    explicit Smg(bool ours) : ours_(ours) {}

    link::FrameLimits frame_limits() const override { return {head_size, 2048}; }
    // By the text commands go only from whoever connected.
    bool delivers() const override { return ours_; }

    Asked hear(std::string_view frame, bool let_in) override {
        auto pdu = decode(frame);
        if (!pdu.readable) return asked_as(Asked::Kind::broken, {}, "a PDU that cannot be read");
        if (pdu.header.command & response_bit) return hear_answer(pdu);
        if (const auto* bind = std::get_if<Bind>(&pdu.body)) return hear_bind(pdu, *bind, let_in);
        if (pdu.header.command == unbind) return asked_as(Asked::Kind::leaving, write(unbind | response_bit, pdu.header.sequence));
        if (!let_in) return asked_as(Asked::Kind::broken, {}, "something before a bind");
        if (const auto* said = std::get_if<Submit>(&pdu.body); said && !ours_) return hear_submit(pdu, *said);
        return asked_as(Asked::Kind::nothing, answer_to(pdu, not_served), "a command that is not served");
    }

    std::string open(const std::string& user, const std::string& secret, std::uint32_t number, Instant now) override {
        return write(bind_link, {node, link::china_stamp(now), number}, Bind{gateway_to_sp, user, secret, {}});
    }

    std::string answer_login(link::Door door, const std::string&) override {
        auto result = door == link::Door::open ? ok : door == link::Door::too_many ? too_many : illegal_login;
        return write(bind_link | response_bit, login_, Answer{result, {}});
    }

    // A Submit's own twelve octets are its id.
    std::string name(const Submitted& submitted, std::uint64_t, Instant) const override { return sgip::shown(sequence_of(submitted.number)); }

    std::string answer(const Submitted& s, const std::string&, Verdict verdict, const std::string&) override {
        std::uint8_t result = ok;
        switch (verdict.kind) {
            case Verdict::Kind::taken: break;
            case Verdict::Kind::slower: result = slower_please; break;
            case Verdict::Kind::full: result = busy; break;
            case Verdict::Kind::refused: result = static_cast<std::uint8_t>(verdict.code ? verdict.code : std::uint32_t{wrong_number}); break;
        }
        return write(submit | response_bit, sequence_of(s.number), Answer{result, {}});
    }

    std::string say(const link::Report& r, const std::string&) override {
        Report report;
        auto state = state_of(r.state);
        report.submitted = sequence_of(link::octets_of_hex(r.id)), report.user = r.phone.substr(0, 21), report.state = state.state, report.error = state.error;
        return write(sgip::report, {node, link::china_stamp(r.submitted), r.number}, std::move(report));
    }

    std::vector<link::ReplyPart> cut(const std::string& utf8, const std::string& way, std::uint16_t reference) const override { return link::cut_reply(utf8, way, reference); }

    std::string say(const link::ReplyPart& part) override {
        Deliver d;
        d.user = part.phone.substr(0, 21), d.number = part.number_of_sp.substr(0, 21), d.format = part.format, d.udhi = part.place ? 1 : 0, d.content = part.octets;
        return write(deliver, {node, link::china_stamp(part.at), part.number}, std::move(d));
    }

    std::string leave(std::uint32_t number) override { return write(unbind, {node, 0, number}); }

private:
    static std::string write(std::uint32_t command, const Sequence& sequence, Body body = Empty{}) { return encode({command, sequence, std::move(body)}).value(); }
    static std::string answer_to(const Decoded& pdu, std::uint8_t result) {
        if (pdu.header.command == trace) return write(trace | response_bit, pdu.header.sequence, TraceAnswer{});
        return write(pdu.header.command | response_bit, pdu.header.sequence, Answer{result, {}});
    }

    Asked hear_bind(const Decoded& pdu, const Bind& bind, bool let_in) {
        if (let_in) return asked_as(Asked::Kind::nothing, answer_to(pdu, bound_already), "a second bind");
        if (bind.type != sp_to_gateway) return asked_as(Asked::Kind::broken, answer_to(pdu, wrong_type), fmt::format("Login Type {} instead of 1", bind.type));
        login_ = pdu.header.sequence;
        auto asked = asked_as(Asked::Kind::login);
        asked.user = bind.name;
        asked.proves = [said = bind.password](const std::string& secret) { return said == secret; };
        return asked;
    }

    static Asked hear_submit(const Decoded& pdu, const Submit& said) {
        if (said.users.empty()) return asked_as(Asked::Kind::nothing, answer_to(pdu, wrong_format), "a text to nobody");
        auto asked = asked_as(Asked::Kind::submit);
        auto& s = asked.submitted;
        s.command = submit, s.number = octets_of(pdu.header.sequence);
        if (auto digits = std::to_string(pdu.header.sequence.node); digits.size() != 10 || digits[0] != '3')
            s.odd = fmt::format("node {}: an SP's is 3AAAAQQQQQ; many gateways answer with 9", digits);
        s.from = said.source, s.to = said.users, s.report = said.report == 1 ? link::Wants::always : said.report == 0 ? link::Wants::failures : link::Wants::nothing, s.coding = said.format, s.validity = said.expires;
        link::put_octets(s, said.content, link::charset_of_format(said.format), said.udhi & link::header_flags);
        return asked;
    }

    static Asked hear_answer(const Decoded& pdu) {
        auto command = pdu.header.command & ~response_bit;
        if (command == unbind) return asked_as(Asked::Kind::left);
        bool ours = command == bind_link || command == deliver || command == report || command == user_report;
        const auto* answer = std::get_if<Answer>(&pdu.body);
        if (!ours || !answer) return asked_as(Asked::Kind::nothing, {}, "an answer to what was not asked");
        auto asked = asked_as(command == bind_link ? Asked::Kind::let_in : Asked::Kind::taken);
        asked.number = pdu.header.sequence.count, asked.status = answer->result;
        return asked;
    }

    bool ours_;
    Sequence login_{};
};

}  // namespace

link::ServerProtocol server() {
    link::ServerProtocol out;
    out.name = "sgip";
    out.calls = true;
    out.answers = {"sequence"};
    out.reports = {"report"};
    out.long_texts = {"udh", "udh16", "gbk"};
    out.dialect = [](bool ours) { return std::make_unique<Smg>(ours); };
    return out;
}

}  // namespace pingjing::sgip
