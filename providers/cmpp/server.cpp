#include "providers/cmpp/server.hpp"

#include <fmt/format.h>

#include "providers/cmpp/text.hpp"
#include "providers/link/bytes.hpp"
#include "providers/link/china_time.hpp"
#include "providers/link/coding.hpp"

namespace pingjing::cmpp {
namespace {

using link::Asked;
using link::asked_as;
using link::Submitted;
using link::Verdict;

constexpr std::uint32_t gateway_code = 10001;

// Who, when and the how-manieth, without a year.
std::uint64_t id_of(std::uint64_t count, Instant now) {
    std::uint64_t stamp = link::china_stamp(now);
    auto field = [&](std::uint64_t divisor) { return stamp / divisor % 100; };
    return field(100'000'000) << 60 | field(1'000'000) << 55 | field(10'000) << 50 | field(100) << 44 | field(1) << 38 | std::uint64_t{gateway_code} << 16 | (count & 0xFFFF);
}

std::uint64_t id_of(const std::string& name) { return link::Reader(link::octets_of_hex(name)).u64(); }
std::uint32_t number_of(const Submitted& submitted) { return link::Reader(submitted.number).u32(); }

class Ismg final : public link::ServerDialect {
public:
    explicit Ismg(Version version) : version_(version) {}

    link::FrameLimits frame_limits() const override { return {12, 4096}; }
    bool delivers() const override { return true; }

    Asked hear(std::string_view frame, bool let_in) override {
        auto pdu = decode(frame, version_);
        const auto& h = pdu.header;
        switch (h.command) {
            case connect: return hear_connect(pdu, let_in);
            case submit: return hear_submit(pdu, let_in);
            case deliver | response_bit: return hear_taken(pdu);
            case active_test: return asked_as(Asked::Kind::alive, write(active_test | response_bit, h.sequence, ActiveTestAnswer{}));
            case active_test | response_bit: return asked_as(Asked::Kind::alive);
            case terminate: return asked_as(Asked::Kind::leaving, write(terminate | response_bit, h.sequence));
            case terminate | response_bit: return asked_as(Asked::Kind::left);
            case query: return asked_as(Asked::Kind::nothing, write(query | response_bit, h.sequence, QueryAnswer{}), "a query is not served");
            case cancel: return asked_as(Asked::Kind::nothing, write(cancel | response_bit, h.sequence, CancelAnswer{1}), "a cancel is not served");
            default: return asked_as(Asked::Kind::nothing, {}, "an unknown command");
        }
    }

    std::string answer_login(link::Door door, const std::string& secret) override {
        ConnectAnswer answer;
        answer.version = static_cast<std::uint8_t>(version_);
        answer.status = door == link::Door::open ? 0 : door == link::Door::wrong_user ? 2 : door == link::Door::wrong_secret ? 3 : 55;
        if (answer.status == 0) answer.authenticator = answer_authenticator_of(0, authenticator_, secret, version_);
        return write(connect | response_bit, login_number_, std::move(answer));
    }

    std::string name(const Submitted&, std::uint64_t count, Instant now) const override { return shown_id(id_of(count, now)); }

    std::string answer(const Submitted& s, const std::string& name, Verdict verdict, const std::string&) override {
        SubmitAnswer answer;
        switch (verdict.kind) {
            case Verdict::Kind::taken: answer.id = id_of(name); break;
            case Verdict::Kind::slower: case Verdict::Kind::full: answer.result = 8; break;
            case Verdict::Kind::refused: answer.result = verdict.code ? verdict.code : 13; break;
        }
        return write(submit | response_bit, number_of(s), answer);
    }

    std::string say(const link::Report& r, const std::string& spelling) override {
        Report report;
        report.id = id_of(r.id), report.stat = r.state, report.phone = r.phone, report.smsc_sequence = r.number;
        report.submitted = link::report_stamp(r.submitted), report.done = link::report_stamp(r.done);
        if (spelling == "junk_times") report.submitted = report.done = "0001010000";
        // Live gateways of 3.0 write the shorter one.
        auto form = spelling == "octets_60" ? Version::v2 : spelling == "octets_71" ? Version::v3 : version_;
        if (form == Version::v2 && report.phone.size() > 21) report.phone.resize(21);
        Deliver d;
        d.id = id_of(r.number, r.done), d.destination = r.number_of_sp, d.source = r.phone, d.report = 1;
        d.content = write_report(report, form);
        return write(deliver, r.number, std::move(d));
    }

    std::vector<link::ReplyPart> cut(const std::string& utf8, const std::string& way, std::uint16_t reference) const override { return link::cut_reply(utf8, way, reference); }

    std::string say(const link::ReplyPart& part) override {
        Deliver d;
        d.id = id_of(part.number, part.at), d.destination = part.number_of_sp, d.source = part.phone;
        d.format = part.format, d.udhi = part.place ? 1 : 0, d.content = part.octets;
        return write(deliver, part.number, std::move(d));
    }

    std::string ask_alive(std::uint32_t number) override { return write(active_test, number); }
    std::string leave(std::uint32_t number) override { return write(terminate, number); }

private:
    // What we say is of our own making; a number of another's that is too long is cut.
    std::string write(std::uint32_t command, std::uint32_t sequence, Body body = Empty{}) const {
        if (auto* d = std::get_if<Deliver>(&body)) d->destination.resize(std::min<std::size_t>(d->destination.size(), 21)), d->source.resize(std::min<std::size_t>(d->source.size(), 21));
        return encode({command, sequence, std::move(body)}, version_).value();
    }

    Asked hear_connect(const Decoded& pdu, bool let_in) {
        const auto* login = std::get_if<Connect>(&pdu.body);
        if (!pdu.readable || !login) return asked_as(Asked::Kind::broken, {}, "a login that cannot be read");
        if (let_in) return asked_as(Asked::Kind::nothing, {}, "a second login");
        login_number_ = pdu.header.sequence, authenticator_ = login->authenticator;
        // 2.1 has the layouts of 2.0, and is what some clients say by default.
        if (login->version >> 4 > static_cast<std::uint8_t>(version_) >> 4)
            return asked_as(Asked::Kind::broken, write(connect | response_bit, login_number_, ConnectAnswer{4, {}, static_cast<std::uint8_t>(version_)}), "a login of a newer version");
        auto asked = asked_as(Asked::Kind::login);
        asked.user = login->source;
        // Of a name that is shorter than its field some hash the name, others the field.
        asked.proves = [said = *login](const std::string& secret) {
            auto field = said.source;
            field.resize(6, '\0');
            return authenticator_of(said.source, secret, said.timestamp) == said.authenticator || authenticator_of(field, secret, said.timestamp) == said.authenticator;
        };
        return asked;
    }

    Asked hear_submit(const Decoded& pdu, bool let_in) const {
        auto refuse = [&](std::uint32_t result, std::string why) { return asked_as(Asked::Kind::nothing, write(submit | response_bit, pdu.header.sequence, SubmitAnswer{0, result}), std::move(why)); };
        if (!let_in) return asked_as(Asked::Kind::broken, {}, "a text before the login");
        const auto* said = std::get_if<Submit>(&pdu.body);
        if (!pdu.readable || !said) return refuse(1, "a text that cannot be read");
        if (said->destinations.empty()) return refuse(1, "a text to nobody");
        auto asked = asked_as(Asked::Kind::submit);
        auto& s = asked.submitted;
        s.command = submit, s.number = std::move(link::Writer().u32(pdu.header.sequence)).take();
        s.from = said->source, s.to = said->destinations, s.report = said->report == 1 ? link::Wants::always : link::Wants::nothing, s.coding = said->format, s.validity = said->valid_until;
        link::put_octets(s, said->content, link::charset_of_format(said->format), said->udhi & link::header_flags);
        return asked;
    }

    static Asked hear_taken(const Decoded& pdu) {
        const auto* answer = std::get_if<DeliverAnswer>(&pdu.body);
        auto asked = asked_as(Asked::Kind::taken);
        asked.number = pdu.header.sequence, asked.status = pdu.readable && answer ? answer->result : 1;
        return asked;
    }

    Version version_;
    std::string authenticator_{};
    std::uint32_t login_number_ = 0;
};

}  // namespace

link::ServerProtocol server(Version version) {
    link::ServerProtocol out;
    out.name = version == Version::v3 ? "cmpp3" : "cmpp2";
    out.answers = {"hex"};
    out.reports = {"as_version", "octets_60", "octets_71", "junk_times"};
    out.long_texts = {"udh", "udh16", "gbk"};
    out.dialect = [version](bool) { return std::make_unique<Ismg>(version); };
    return out;
}

}  // namespace pingjing::cmpp
