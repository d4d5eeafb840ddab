#include "providers/cmpp/pdu.hpp"

#include <fmt/format.h>

#include "providers/link/fields.hpp"
#include "providers/link/md5.hpp"

namespace pingjing::cmpp {
namespace {

using link::Reader;
using link::Writer;

// ── reading ──

Submit read_submit(Reader& in, bool v3) {
    Submit s;
    s.id = in.u64();
    s.total = in.u8(), s.number = in.u8(), s.report = in.u8(), s.level = in.u8();
    s.service = in.padded(10);
    s.fee_user = in.u8();
    s.fee_terminal = in.padded(v3 ? 32 : 21);
    if (v3) s.fee_terminal_type = in.u8();
    s.pid = in.u8(), s.udhi = in.u8(), s.format = in.u8();
    s.account = in.padded(6), s.fee_type = in.padded(2), s.fee_code = in.padded(6), s.valid_until = in.padded(17), s.at = in.padded(17), s.source = in.padded(21);
    for (int left = in.u8(); left > 0 && !in.failed(); --left) s.destinations.push_back(in.padded(v3 ? 32 : 21));
    if (v3) s.destination_type = in.u8();
    s.content = in.octets(in.u8());
    s.trailer = in.rest();
    return s;
}

Deliver read_deliver(Reader& in, bool v3) {
    Deliver d;
    d.id = in.u64();
    d.destination = in.padded(21), d.service = in.padded(10);
    d.pid = in.u8(), d.udhi = in.u8(), d.format = in.u8();
    d.source = in.padded(v3 ? 32 : 21);
    if (v3) d.source_type = in.u8();
    d.report = in.u8();
    d.content = in.octets(in.u8());
    d.trailer = in.rest();  // of whatever length: gateways that mix the versions get it wrong
    return d;
}

// One octet in 2.0 and four in 3.0; the length of the frame says which.
std::uint32_t read_result(Reader& in) { return in.rest().size() >= 4 ? in.u32() : in.u8(); }

Body read_body(std::uint32_t command, Reader& in, std::size_t size, bool v3) {
    switch (command) {
        case connect: {
            Connect c;
            c.source = in.padded(6), c.authenticator = in.octets(16), c.version = in.u8(), c.timestamp = in.u32();
            return c;
        }
        case connect | response_bit: {
            ConnectAnswer c;
            c.status = size >= 21 ? in.u32() : in.u8();
            // Refused, some say no more than that.
            if (in.at_end() && c.status != 0) return c;
            c.authenticator = in.octets(16), c.version = in.u8();
            return c;
        }
        case submit: return read_submit(in, v3);
        case submit | response_bit: {
            SubmitAnswer a;
            a.id = in.u64(), a.result = read_result(in);
            return a;
        }
        case deliver: return read_deliver(in, v3);
        case deliver | response_bit: {
            DeliverAnswer a;
            a.id = in.u64(), a.result = read_result(in);
            return a;
        }
        case query: {
            Query q;
            q.day = in.padded(8), q.type = in.u8(), q.code = in.padded(10), q.reserve = in.padded(8);
            return q;
        }
        case query | response_bit: {
            QueryAnswer q;
            q.day = in.padded(8), q.type = in.u8(), q.code = in.padded(10);
            for (auto& count : q.counts) count = in.u32();
            return q;
        }
        case cancel: return Cancel{in.u64()};
        case cancel | response_bit: return CancelAnswer{read_result(in)};
        case active_test | response_bit: return ActiveTestAnswer{};  // old peers forget its octet
        default: return Empty{};
    }
}

// ── writing ──

struct BodyWriter {
    Writer& out;
    link::Fields& f;
    bool v3;

    void result(std::uint32_t value) const {
        if (v3) out.u32(value);
        else out.u8(value);
    }
    void content(std::string_view octets, std::string_view trailer) const {
        if (octets.size() > 255) f.complain("Msg_Content");
        out.u8(octets.size()).octets(octets.substr(0, 255));
        if (trailer.size() > (v3 ? 20u : 8u)) out.octets(trailer);
        else out.padded(trailer, v3 ? 20 : 8);
    }
    void operator()(const Empty&) const {}
    void operator()(const ActiveTestAnswer&) const { out.u8(0); }
    void operator()(const Connect& c) const {
        f.text("Source_Addr", c.source, 6).text("AuthenticatorSource", c.authenticator, 16);
        out.u8(c.version).u32(c.timestamp);
    }
    void operator()(const ConnectAnswer& c) const {
        result(c.status);
        f.text("AuthenticatorISMG", c.authenticator, 16);
        out.u8(c.version);
    }
    void operator()(const Submit& s) const {
        out.u64(s.id).u8(s.total).u8(s.number).u8(s.report).u8(s.level);
        f.text("Service_Id", s.service, 10);
        out.u8(s.fee_user);
        f.text("Fee_terminal_Id", s.fee_terminal, v3 ? 32 : 21);
        if (v3) out.u8(s.fee_terminal_type);
        out.u8(s.pid).u8(s.udhi).u8(s.format);
        f.text("Msg_src", s.account, 6).text("FeeType", s.fee_type, 2).text("FeeCode", s.fee_code, 6).text("ValId_Time", s.valid_until, 17).text("At_Time", s.at, 17);
        f.text("Src_Id", s.source, 21);
        if (s.destinations.empty() || s.destinations.size() > 99) f.complain("DestUsr_tl");
        out.u8(s.destinations.size());
        for (const auto& to : s.destinations) f.text("Dest_terminal_Id", to, v3 ? 32 : 21);
        if (v3) out.u8(s.destination_type);
        content(s.content, s.trailer);
    }
    void operator()(const SubmitAnswer& a) const {
        out.u64(a.id);
        result(a.result);
    }
    void operator()(const Deliver& d) const {
        out.u64(d.id);
        f.text("Dest_Id", d.destination, 21).text("Service_Id", d.service, 10);
        out.u8(d.pid).u8(d.udhi).u8(d.format);
        f.text("Src_terminal_Id", d.source, v3 ? 32 : 21);
        if (v3) out.u8(d.source_type);
        out.u8(d.report);
        content(d.content, d.trailer);
    }
    void operator()(const DeliverAnswer& a) const {
        out.u64(a.id);
        result(a.result);
    }
    void operator()(const Query& q) const {
        f.text("Time", q.day, 8);
        out.u8(q.type);
        f.text("Query_Code", q.code, 10).text("Reserve", q.reserve, 8);
    }
    void operator()(const QueryAnswer& q) const {
        f.text("Time", q.day, 8);
        out.u8(q.type);
        f.text("Query_Code", q.code, 10);
        for (auto count : q.counts) out.u32(count);
    }
    void operator()(const Cancel& c) const { out.u64(c.id); }
    void operator()(const CancelAnswer& c) const { result(c.failed); }
};

}  // namespace

Result<std::string> encode(const Pdu& pdu, Version version) {
    Writer out;
    link::Fields fields(out);
    out.u32(0).u32(pdu.command).u32(pdu.sequence);
    std::visit(BodyWriter{out, fields, version == Version::v3}, pdu.body);
    if (!fields.problem().empty()) return fail(Error::Kind::invalid_input, fields.problem());
    return std::move(out).framed();
}

Decoded decode(std::string_view frame, Version version) {
    Decoded out;
    Reader in(frame);
    out.header.length = in.u32(), out.header.command = in.u32(), out.header.sequence = in.u32();
    out.readable = !in.failed() && out.header.length == frame.size();
    if (!out.readable) return out;
    out.body = read_body(out.header.command, in, frame.size() - 12, version == Version::v3);
    out.readable = !in.failed();
    return out;
}

std::optional<Report> read_report(std::string_view content) {
    if (content.size() < 39) return std::nullopt;
    Reader in(content);
    Report r;
    r.id = in.u64();
    r.stat = in.padded(7), r.submitted = in.padded(10), r.done = in.padded(10);
    r.phone = in.padded(content.size() - 39);  // 21 octets in 2.0, 32 in 3.0, and what live gateways make of it
    r.smsc_sequence = in.u32();
    return r;
}

std::string write_report(const Report& r, Version version) {
    Writer out;
    out.u64(r.id).padded(r.stat, 7).padded(r.submitted, 10).padded(r.done, 10).padded(r.phone, version == Version::v3 ? 32 : 21).u32(r.smsc_sequence);
    return std::move(out).take();
}

std::string authenticator_of(std::string_view account, std::string_view secret, std::uint32_t timestamp) {
    return link::md5(fmt::format("{}{}{}{:010}", account, std::string(9, '\0'), secret, timestamp));
}

std::string answer_authenticator_of(std::uint32_t status, std::string_view authenticator, std::string_view secret, Version version) {
    Writer out;
    if (version == Version::v3) out.u32(status);
    else out.u8(status);
    out.octets(authenticator).octets(secret);
    return link::md5(std::move(out).take());
}

}  // namespace pingjing::cmpp
