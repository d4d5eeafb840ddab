#include "providers/smgp/server.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "providers/link/bytes.hpp"
#include "providers/link/china_time.hpp"
#include "providers/link/coding.hpp"
#include "providers/smgp/pdu.hpp"
#include "providers/smgp/text.hpp"

namespace pingjing::smgp {
namespace {

using link::Asked;
using link::asked_as;
using link::Submitted;
using link::Verdict;

constexpr std::uint8_t sends_only = 0;

// Binary-coded decimal: the gateway, MMDDhhmm, the how-manieth.
std::string id_of(std::uint64_t count, Instant now) { return link::octets_of_hex(fmt::format("010061{:08}{:06}", link::china_stamp(now) / 100, count % 1'000'000)); }
std::uint32_t number_of(const Submitted& submitted) { return link::Reader(submitted.number).u32(); }

// As the document has it, and as live gateways write it.
std::string write_as(const Report& r, const std::string& spelling) {
    auto text = write_report(r);
    auto keys = text.substr(13);
    if (spelling == "letter_s") {
        // Capitals, underscores, and the letter s between the fields.
        return fmt::format("id:{}sSub:001sDlvrd:001sSubmit_Date:{}sDone_Date:{}sStat:{:<7}sErr:{}sText:{}", r.id, r.submitted, r.done, r.stat, r.error, std::string(20, '\0'));
    }
    if (spelling == "no_separator") return fmt::format("id:{}sub:001 dlvrd:001 submit_date:{} done_date:{} stat:{} err:{} txt:", r.id, r.submitted, r.done, r.stat, r.error);
    if (spelling == "hex") return "id:" + link::hex_of(r.id) + keys;
    return text;
}

class Smgw final : public link::ServerDialect {
public:
    link::FrameLimits frame_limits() const override { return {12, 4096}; }
    bool delivers() const override { return mode_ != sends_only; }

    Asked hear(std::string_view frame, bool let_in) override {
        auto pdu = decode(frame, version_);
        const auto& h = pdu.header;
        switch (h.command) {
            case login: return hear_login(pdu, let_in);
            case submit: return hear_submit(pdu, let_in);
            case deliver | response_bit: return hear_taken(pdu);
            case active_test: return asked_as(Asked::Kind::alive, write(active_test | response_bit, h.sequence));
            case active_test | response_bit: return asked_as(Asked::Kind::alive);
            case exit_link: return asked_as(Asked::Kind::leaving, write(exit_link | response_bit, h.sequence));
            case exit_link | response_bit: return asked_as(Asked::Kind::left);
            case query: return asked_as(Asked::Kind::nothing, write(query | response_bit, h.sequence, QueryAnswer{}), "a query is not served");
            default: return asked_as(Asked::Kind::nothing, {}, "an unknown command");
        }
    }

    std::string answer_login(link::Door door, const std::string& secret) override {
        LoginAnswer answer;
        answer.status = door == link::Door::open ? 0 : door == link::Door::too_many ? 2 : 21;
        answer.version = 0x30;
        if (answer.status == 0) answer.authenticator = answer_authenticator_of(0, authenticator_, secret);
        return write(login | response_bit, login_number_, std::move(answer));
    }

    std::string name(const Submitted&, std::uint64_t count, Instant now) const override { return shown_id(id_of(count, now)); }

    std::string answer(const Submitted& s, const std::string& name, Verdict verdict, const std::string&) override {
        MessageAnswer answer;
        switch (verdict.kind) {
            case Verdict::Kind::taken: answer.id = link::octets_of_hex(name); break;
            case Verdict::Kind::slower: case Verdict::Kind::full: answer.status = 1; break;
            case Verdict::Kind::refused: answer.status = verdict.code ? verdict.code : 47; break;
        }
        return write(submit | response_bit, number_of(s), std::move(answer));
    }

    std::string say(const link::Report& r, const std::string& spelling) override {
        Report report;
        report.id = link::octets_of_hex(r.id), report.stat = r.state, report.error = link::error_of(r.state);
        report.submitted = link::report_stamp(r.submitted), report.done = link::report_stamp(r.done), report.text = "012";
        Deliver d;
        d.id = id_of(r.number, r.done), d.report = 1, d.received = stamp(r.done), d.source = r.phone, d.destination = r.number_of_sp;
        d.content = write_as(report, spelling);
        return write(deliver, r.number, std::move(d));
    }

    std::vector<link::ReplyPart> cut(const std::string& utf8, const std::string& way, std::uint16_t reference) const override { return link::cut_reply(utf8, way, reference); }

    std::string say(const link::ReplyPart& part) override {
        Deliver d;
        d.id = id_of(part.number, part.at), d.format = part.format, d.received = stamp(part.at), d.source = part.phone, d.destination = part.number_of_sp, d.content = part.octets;
        if (part.place) {
            auto octet = [](int value) { return std::string(1, static_cast<char>(static_cast<unsigned char>(value))); };
            d.tlvs = {{tp_udhi, octet(1)}, {pk_total, octet(part.place->total)}, {pk_number, octet(part.place->number)}};
        }
        return write(deliver, part.number, std::move(d));
    }

    std::string ask_alive(std::uint32_t number) override { return write(active_test, number); }
    std::string leave(std::uint32_t number) override { return write(exit_link, number); }

private:
    static std::string stamp(Instant t) { return "20" + link::china_time(t).substr(0, 12); }

    // What we say is of our own making; a number of another's that is too long is cut.
    std::string write(std::uint32_t command, std::uint32_t sequence, Body body = Empty{}) const {
        if (auto* d = std::get_if<Deliver>(&body)) d->destination.resize(std::min<std::size_t>(d->destination.size(), 21)), d->source.resize(std::min<std::size_t>(d->source.size(), 21));
        return encode({command, sequence, std::move(body)}, version_).value();
    }

    Asked hear_login(const Decoded& pdu, bool let_in) {
        const auto* said = std::get_if<Login>(&pdu.body);
        if (!pdu.readable || !said) return asked_as(Asked::Kind::broken, {}, "a login that cannot be read");
        if (let_in) return asked_as(Asked::Kind::nothing, {}, "a second login");
        login_number_ = pdu.header.sequence, authenticator_ = said->authenticator, mode_ = said->mode;
        if (said->version == static_cast<std::uint8_t>(Version::v13)) version_ = Version::v13;
        auto asked = asked_as(Asked::Kind::login);
        asked.user = said->client;
        asked.proves = [login_said = *said](const std::string& secret) { return authenticator_of(login_said.client, secret, login_said.timestamp) == login_said.authenticator; };
        return asked;
    }

    Asked hear_submit(const Decoded& pdu, bool let_in) const {
        if (!let_in) return asked_as(Asked::Kind::broken, {}, "a text before the login");
        const auto* said = std::get_if<Submit>(&pdu.body);
        if (!pdu.readable || !said || said->destinations.empty())
            return asked_as(Asked::Kind::nothing, write(submit | response_bit, pdu.header.sequence, MessageAnswer{{}, 10}), "a text that cannot be read");
        auto asked = asked_as(Asked::Kind::submit);
        auto& s = asked.submitted;
        s.command = submit, s.number = std::move(link::Writer().u32(pdu.header.sequence)).take();
        s.from = said->source, s.to = said->destinations, s.report = said->report == 1 ? link::Wants::always : link::Wants::nothing, s.coding = said->format, s.validity = said->valid_until;
        link::put_octets(s, said->content, link::charset_of_format(said->format), tlv_octet(said->tlvs, tp_udhi).value_or(0) & link::header_flags);
        return asked;
    }

    static Asked hear_taken(const Decoded& pdu) {
        const auto* answer = std::get_if<MessageAnswer>(&pdu.body);
        auto asked = asked_as(Asked::Kind::taken);
        asked.number = pdu.header.sequence, asked.status = pdu.readable && answer ? answer->status : 10;
        return asked;
    }

    Version version_ = Version::v30;
    std::uint8_t mode_ = 2;
    std::string authenticator_{};
    std::uint32_t login_number_ = 0;
};

}  // namespace

link::ServerProtocol server() {
    link::ServerProtocol out;
    out.name = "smgp";
    out.answers = {"hex"};
    out.reports = {"octets_122", "letter_s", "no_separator", "hex"};
    out.long_texts = {"udh", "udh16", "gbk"};
    out.dialect = [](bool) { return std::make_unique<Smgw>(); };
    return out;
}

}  // namespace pingjing::smgp
