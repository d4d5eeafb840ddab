#include "providers/smpp/server.hpp"

#include <fmt/format.h>

#include <charconv>

#include "daemon/text/gsm7.hpp"
#include "daemon/text/segments.hpp"
#include "daemon/text/utf.hpp"
#include "providers/link/bytes.hpp"
#include "providers/smpp/pdu.hpp"
#include "providers/smpp/text.hpp"

namespace pingjing::smpp {
namespace {

using link::Asked;
using link::asked_as;
using link::ReplyPart;
using link::Report;
using link::Submitted;
using link::Verdict;

constexpr std::uint32_t bind_failed = 0x0D, wrong_password = 0x0E, wrong_system_id = 0x0F;

// What we say is of our own making and fits.
std::string write(std::uint32_t command, std::uint32_t status, std::uint32_t sequence, Body body = Empty{}) { return encode({command, status, sequence, std::move(body)}).value(); }
std::uint32_t number_of(const Submitted& submitted) { return link::Reader(submitted.number).u32(); }

std::string octet(std::uint32_t value) { return std::string(1, static_cast<char>(static_cast<unsigned char>(value))); }

// An id as centres spell it: one number in several bases.
std::string spell(const std::string& name, const std::string& spelling) {
    std::uint64_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    if (spelling == "padded") return fmt::format("{:010}", number);
    if (spelling == "hex") return fmt::format("{:x}", number);
    if (spelling == "upper_hex") return fmt::format("{:X}", number);
    if (spelling == "padded_hex") return fmt::format("{:08x}", number);
    return name;
}

// Of bits 1 and 0; the last one is of 5.0.
link::Wants wanted(std::uint8_t registered_delivery) {
    constexpr link::Wants all[] = {link::Wants::nothing, link::Wants::always, link::Wants::failures, link::Wants::successes};
    return all[registered_delivery & 3];
}

std::uint8_t message_state_of(const std::string& state) {
    constexpr const char* words[] = {"SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD", "SKIPPED"};
    for (std::uint8_t i = 0; i < std::size(words); ++i)
        if (state == words[i]) return i;
    return 5;  // a carrier's own word: undeliverable
}

class Centre final : public link::ServerDialect {
public:
    link::FrameLimits frame_limits() const override { return {16, 65536 + 1024}; }
    bool delivers() const override { return bind_ != bind_transmitter; }

    Asked hear(std::string_view frame, bool let_in) override {
        auto pdu = decode(frame);
        const auto& h = pdu.header;
        if (h.command & response_bit) return hear_answer(pdu);
        switch (h.command) {
            case bind_receiver: case bind_transmitter: case bind_transceiver: return hear_bind(pdu, let_in);
            case enquire_link: return asked_as(Asked::Kind::alive, write(enquire_link | response_bit, ok, h.sequence));
            case unbind: return asked_as(Asked::Kind::leaving, write(unbind | response_bit, ok, h.sequence));
            case submit_sm: case data_sm: case submit_multi: return hear_submit(pdu, let_in);
            case query_sm: return asked_as(Asked::Kind::nothing, write(query_sm | response_bit, 0x67, h.sequence), "query_sm is not served");
            case cancel_sm: return asked_as(Asked::Kind::nothing, write(cancel_sm | response_bit, 0x11, h.sequence), "cancel_sm is not served");
            case replace_sm: return asked_as(Asked::Kind::nothing, write(replace_sm | response_bit, 0x13, h.sequence), "replace_sm is not served");
            default: return asked_as(Asked::Kind::nothing, write(generic_nack, invalid_command_id, h.sequence), "an unknown command");
        }
    }

    std::string answer_login(link::Door door, const std::string&) override {
        auto status = door == link::Door::open ? ok : door == link::Door::wrong_user ? wrong_system_id : door == link::Door::wrong_secret ? wrong_password : bind_failed;
        if (status != ok) return write(bind_ | response_bit, status, bind_number_);
        return write(bind_ | response_bit, ok, bind_number_, BindAnswer{"pingjing", {{sc_interface_version, octet(0x34)}}});
    }

    std::string name(const Submitted&, std::uint64_t count, Instant) const override { return fmt::format("{}", count); }

    std::string shown(const Submitted&, const std::string& name, const std::string& spelling) const override { return spell(name, spelling); }

    std::string answer(const Submitted& s, const std::string& name, Verdict verdict, const std::string& spelling) override {
        auto command = s.command | response_bit;
        switch (verdict.kind) {
            case Verdict::Kind::taken: break;
            case Verdict::Kind::slower: return write(command, throttled, number_of(s));
            case Verdict::Kind::full: return write(command, message_queue_full, number_of(s));
            case Verdict::Kind::refused: return write(command, verdict.code ? verdict.code : 0x0B, number_of(s));
        }
        auto id = spell(name, spelling);
        if (s.command == submit_multi) return write(command, ok, number_of(s), SubmitMultiAnswer{id, {}});
        return write(command, ok, number_of(s), MessageAnswer{id, {}});
    }

    std::string say(const Report& report, const std::string& spelling) override {
        Message m;
        m.source = {1, 1, report.phone};
        m.destination = {0, 1, report.number_of_sp};
        m.esm_class = report.state == "ENROUTE" || report.state == "ACCEPTD" ? intermediate : receipt_inside;
        m.text = words_of(report, spelling);
        bool by_fields = spelling == "tlv" || spelling == "text_and_tlv" || spelling == "broken_tlv";
        if (by_fields) m.tlvs = {{receipted_message_id, spell(report.id, "decimal") + '\0'}, {message_state, octet(message_state_of(report.state))}};
        if (spelling == "tlv") m.text.clear();
        if (spelling == "ucs2") m.data_coding = ucs2, m.text = to_utf16be(*decode_utf8(m.text));
        if (spelling == "ucs2" || spelling == "payload") m.tlvs.push_back({message_payload, std::exchange(m.text, {})});
        auto frame = write(deliver_sm, ok, report.number, std::move(m));
        // A length that goes beyond the end, as a centre of fame wrote it.
        if (spelling == "broken_tlv") frame += std::string("\x14\x01\x00\x41", 4), frame = with_length(std::move(frame));
        return frame;
    }

    std::vector<ReplyPart> cut(const std::string& utf8, const std::string& way, std::uint16_t reference) const override {
        Cutting how;
        how.wide_reference = way == "udh16" || way == "sar";
        auto segments = cut_segments(utf8, how);
        if (!segments) return {};
        bool plain = segments->alphabet == Alphabet::gsm7;
        if (way == "payload") segments->parts = {{utf8, segments->units}};
        auto octets = [&](const std::string& text) { return plain ? *to_gsm7(text) : to_utf16be(*decode_utf8(text)); };
        link::Place place;
        place.wide = how.wide_reference, place.reference = reference, place.total = static_cast<int>(segments->parts.size());
        std::vector<ReplyPart> out;
        for (const auto& segment : segments->parts) {
            ReplyPart part;
            part.format = plain ? 0 : ucs2, part.way = way, part.octets = octets(segment.text);
            if (place.total > 1) part.place = place;
            if (part.place && way != "sar") part.octets.insert(0, link::header_for(place));
            out.push_back(std::move(part));
            ++place.number;
        }
        return out;
    }

    std::string say(const ReplyPart& part) override {
        Message m;
        m.source = {1, 1, part.phone};
        m.destination = {0, 1, part.number_of_sp};
        m.data_coding = part.format;
        if (part.way == "payload" || part.octets.size() > 254) m.tlvs.push_back({message_payload, part.octets});
        else m.text = part.octets;
        if (part.place && part.way == "sar") put_sar(m, *part.place);
        else if (part.place) m.esm_class |= udh_present;
        return write(deliver_sm, ok, part.number, std::move(m));
    }

    std::string ask_alive(std::uint32_t number) override { return write(enquire_link, ok, number); }
    std::string leave(std::uint32_t number) override { return write(unbind, ok, number); }
    std::string to_bad_length() override { return write(generic_nack, invalid_command_length, 0); }

private:
    static std::string with_length(std::string frame) {
        link::Writer out;
        return std::move(out.octets(frame)).framed();
    }

    static void put_sar(Message& m, const link::Place& place) {
        m.tlvs.push_back({sar_msg_ref_num, std::move(link::Writer().u16(place.reference)).take()});
        m.tlvs.push_back({sar_total_segments, octet(static_cast<std::uint32_t>(place.total))});
        m.tlvs.push_back({sar_segment_seqnum, octet(static_cast<std::uint32_t>(place.number))});
    }

    // Appendix B, and what live centres make of it.
    static std::string words_of(const Report& r, const std::string& spelling) {
        auto submitted = link::report_stamp(r.submitted), done = link::report_stamp(r.done), error = link::error_of(r.state);
        auto id = spell(r.id, spelling);
        if (spelling == "other_keys") return fmt::format("sub:001 ID:{} err:{} dlvrd:001 Done_Date:{} submitdate:{} stat:{} Text:stat:UNDELIV", id, error, done, submitted, r.state);
        if (spelling == "short") return fmt::format("id:{} stat:{}", id, r.state);
        return fmt::format("id:{} sub:001 dlvrd:{} submit date:{} done date:{} stat:{} err:{} text:", id, r.state == "DELIVRD" ? "001" : "000", submitted, done, r.state, error);
    }

    Asked hear_bind(const Decoded& pdu, bool let_in) {
        const auto& h = pdu.header;
        if (let_in) return asked_as(Asked::Kind::nothing, write(h.command | response_bit, already_bound, h.sequence), "a second bind");
        const auto* bind = std::get_if<Bind>(&pdu.body);
        if (pdu.problem != ok || !bind) return asked_as(Asked::Kind::nothing, write(h.command | response_bit, pdu.problem, h.sequence), "a bind that cannot be read");
        bind_ = h.command, bind_number_ = h.sequence;
        auto asked = asked_as(Asked::Kind::login);
        asked.user = bind->system_id;
        asked.proves = [said = bind->password](const std::string& secret) { return said == secret; };
        return asked;
    }

    Asked hear_submit(const Decoded& pdu, bool let_in) const {
        const auto& h = pdu.header;
        auto refuse = [&](std::uint32_t status, std::string why) { return asked_as(Asked::Kind::nothing, write(h.command | response_bit, status, h.sequence), std::move(why)); };
        if (!let_in || bind_ == bind_receiver) return refuse(invalid_bind_state, "a text from who may not send");
        if (pdu.problem != ok) return refuse(pdu.problem, "a text that cannot be read");
        const auto* data = std::get_if<Data>(&pdu.body);
        const auto* multi = std::get_if<SubmitMulti>(&pdu.body);
        auto message = data ? as_message(*data) : multi ? multi->message : std::get<Message>(pdu.body);
        if (message.broken_tlvs) return refuse(invalid_tlv_stream, "fields that cannot be read");
        auto asked = asked_as(Asked::Kind::submit);
        auto& s = asked.submitted;
        s.command = h.command, s.number = std::move(link::Writer().u32(h.sequence)).take();
        s.from = message.source.digits;
        if (!multi) s.to.push_back(message.destination.digits);
        else
            for (const auto& d : multi->destinations) s.to.push_back(d.address ? d.address->digits : d.list);
        s.report = wanted(message.registered_delivery), s.coding = message.data_coding, s.validity = message.validity;
        auto payload = message.text.empty() ? find_tlv(message.tlvs, message_payload) : std::nullopt;
        link::put_octets(s, payload.value_or(message.text), charset_of(message.data_coding, "GSM"), message.esm_class & udh_present);
        if (payload) s.odd.clear();  // made for texts of any length
        auto reference = tlv_number(message.tlvs, sar_msg_ref_num), total = tlv_number(message.tlvs, sar_total_segments), number = tlv_number(message.tlvs, sar_segment_seqnum);
        if (reference && total && number && *total > 1 && *number >= 1 && *number <= *total)
            s.place = link::Place{static_cast<std::uint16_t>(*reference), true, static_cast<int>(*total), static_cast<int>(*number)};
        return asked;
    }

    static Asked hear_answer(const Decoded& pdu) {
        auto command = pdu.header.command & ~response_bit;
        if (command == unbind) return asked_as(Asked::Kind::left);
        if (command == enquire_link) return asked_as(Asked::Kind::alive);
        bool about_delivery = command == deliver_sm || command == data_sm || pdu.header.command == generic_nack;
        if (!about_delivery) return asked_as(Asked::Kind::nothing, {}, "an answer to what was not asked");
        auto asked = asked_as(Asked::Kind::taken);
        asked.number = pdu.header.sequence, asked.status = pdu.header.status;
        if (pdu.header.command == generic_nack && asked.status == ok) asked.status = system_error;
        return asked;
    }

    std::uint32_t bind_ = bind_transceiver, bind_number_ = 0;
};

}  // namespace

link::ServerProtocol server() {
    link::ServerProtocol out;
    out.name = "smpp";
    out.answers = {"decimal", "padded", "hex", "upper_hex", "padded_hex"};
    out.reports = {"text_and_tlv", "decimal", "padded", "hex", "upper_hex", "padded_hex", "tlv", "broken_tlv", "other_keys", "short", "ucs2", "payload"};
    out.long_texts = {"udh", "udh16", "sar", "payload"};
    out.dialect = [](bool) { return std::make_unique<Centre>(); };
    return out;
}

}  // namespace pingjing::smpp
