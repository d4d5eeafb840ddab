#include "providers/sgip/pdu.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "providers/link/fields.hpp"

namespace pingjing::sgip {
namespace {

using link::Reader;
using link::Writer;

// ── reading ──

// The last field of nearly everything; some peers leave it out, or cut it.
std::string read_reserve(Reader& in) { return in.padded(std::min<std::size_t>(in.rest().size(), 8)); }

Sequence read_sequence(Reader& in) {
    Sequence s;
    s.node = in.u32(), s.time = in.u32(), s.count = in.u32();
    return s;
}

Submit read_submit(Reader& in) {
    Submit s;
    s.source = in.padded(21), s.charge = in.padded(21);
    for (int left = in.u8(); left > 0 && !in.failed(); --left) s.users.push_back(in.padded(21));
    s.corporation = in.padded(5), s.service = in.padded(10);
    s.fee_type = in.u8();
    s.fee = in.padded(6), s.given = in.padded(6);
    s.agent = in.u8(), s.cause = in.u8(), s.priority = in.u8();
    s.expires = in.padded(16), s.at = in.padded(16);
    s.report = in.u8(), s.pid = in.u8(), s.udhi = in.u8(), s.format = in.u8(), s.type = in.u8();
    s.content = in.octets(in.u32());
    s.reserve = read_reserve(in);
    return s;
}

Deliver read_deliver(Reader& in) {
    Deliver d;
    d.user = in.padded(21), d.number = in.padded(21);
    d.pid = in.u8(), d.udhi = in.u8(), d.format = in.u8();
    d.content = in.octets(in.u32());
    d.reserve = read_reserve(in);
    return d;
}

TraceAnswer read_trace_answer(Reader& in) {
    TraceAnswer a;
    for (int left = in.u8(); left > 0 && !in.failed(); --left) {
        TraceRow row;
        row.result = in.u8(), row.node = in.padded(6), row.received = in.padded(16), row.sent = in.padded(16), row.reserve = in.padded(8);
        a.rows.push_back(std::move(row));
    }
    return a;
}

Body read_body(std::uint32_t command, Reader& in) {
    switch (command) {
        case bind_link: {
            Bind b;
            b.type = in.u8(), b.name = in.padded(16), b.password = in.padded(16), b.reserve = read_reserve(in);
            return b;
        }
        case submit: return read_submit(in);
        case deliver: return read_deliver(in);
        case report: {
            Report r;
            r.submitted = read_sequence(in), r.type = in.u8(), r.user = in.padded(21), r.state = in.u8(), r.error = in.u8(), r.reserve = read_reserve(in);
            return r;
        }
        case user_report: {
            UserReport u;
            u.number = in.padded(21), u.user = in.padded(21), u.condition = in.u8(), u.reserve = read_reserve(in);
            return u;
        }
        case trace: {
            Trace t;
            t.submitted = read_sequence(in), t.user = in.padded(21), t.reserve = read_reserve(in);
            return t;
        }
        case trace | response_bit: return read_trace_answer(in);
        case bind_link | response_bit: case submit | response_bit: case deliver | response_bit: case report | response_bit: case user_report | response_bit: {
            Answer a;
            a.result = in.u8(), a.reserve = read_reserve(in);
            return a;
        }
        default: return Empty{};
    }
}

// ── writing ──

struct BodyWriter {
    Writer& out;
    link::Fields& f;

    void sequence(const Sequence& s) const { out.u32(s.node).u32(s.time).u32(s.count); }
    void content(std::string_view octets, std::string_view reserve) const {
        out.u32(octets.size()).octets(octets);
        f.text("Reserve", reserve, 8);
    }
    void operator()(const Empty&) const {}
    void operator()(const Bind& b) const {
        out.u8(b.type);
        f.text("Login Name", b.name, 16).text("Login Password", b.password, 16).text("Reserve", b.reserve, 8);
    }
    void operator()(const Answer& a) const {
        out.u8(a.result);
        f.text("Reserve", a.reserve, 8);
    }
    void operator()(const Submit& s) const {
        f.text("SPNumber", s.source, 21).text("ChargeNumber", s.charge, 21);
        if (s.users.empty() || s.users.size() > 100) f.complain("UserCount");
        out.u8(s.users.size());
        for (const auto& user : s.users) f.text("UserNumber", user, 21);
        f.text("CorpId", s.corporation, 5).text("ServiceType", s.service, 10);
        out.u8(s.fee_type);
        f.text("FeeValue", s.fee, 6).text("GivenValue", s.given, 6);
        out.u8(s.agent).u8(s.cause).u8(s.priority);
        f.text("ExpireTime", s.expires, 16).text("ScheduleTime", s.at, 16);
        out.u8(s.report).u8(s.pid).u8(s.udhi).u8(s.format).u8(s.type);
        content(s.content, s.reserve);
    }
    void operator()(const Deliver& d) const {
        f.text("UserNumber", d.user, 21).text("SPNumber", d.number, 21);
        out.u8(d.pid).u8(d.udhi).u8(d.format);
        content(d.content, d.reserve);
    }
    void operator()(const Report& r) const {
        sequence(r.submitted);
        out.u8(r.type);
        f.text("UserNumber", r.user, 21);
        out.u8(r.state).u8(r.error);
        f.text("Reserve", r.reserve, 8);
    }
    void operator()(const UserReport& u) const {
        f.text("SPNumber", u.number, 21).text("UserNumber", u.user, 21);
        out.u8(u.condition);
        f.text("Reserve", u.reserve, 8);
    }
    void operator()(const Trace& t) const {
        sequence(t.submitted);
        f.text("UserNumber", t.user, 21).text("Reserve", t.reserve, 8);
    }
    void operator()(const TraceAnswer& a) const {
        if (a.rows.size() > 255) f.complain("Count");
        out.u8(std::min<std::size_t>(a.rows.size(), 255));
        for (const auto& row : a.rows) {
            out.u8(row.result);
            f.text("NodeId", row.node, 6).text("ReceiveTime", row.received, 16).text("SendTime", row.sent, 16).text("Reserve", row.reserve, 8);
        }
    }
};

}  // namespace

std::string shown(const Sequence& s) { return fmt::format("{:08x}{:08x}{:08x}", s.node, s.time, s.count); }

Result<std::string> encode(const Pdu& pdu) {
    Writer out;
    link::Fields fields(out);
    BodyWriter body{out, fields};
    out.u32(0).u32(pdu.command);
    body.sequence(pdu.sequence);
    std::visit(body, pdu.body);
    if (!fields.problem().empty()) return fail(Error::Kind::invalid_input, fields.problem());
    return std::move(out).framed();
}

std::string with_sequence(std::string frame, const Sequence& s) {
    return frame.replace(8, 12, std::move(Writer().u32(s.node).u32(s.time).u32(s.count)).take());
}

Decoded decode(std::string_view frame) {
    Decoded out;
    Reader in(frame);
    out.header.length = in.u32(), out.header.command = in.u32(), out.header.sequence = read_sequence(in);
    out.readable = !in.failed() && out.header.length == frame.size();
    if (!out.readable) return out;
    out.body = read_body(out.header.command, in);
    out.readable = !in.failed();
    return out;
}

bool is_known(std::uint32_t command) {
    auto asked = command & ~response_bit;
    return (asked >= bind_link && asked <= report) || asked == user_report || asked == trace;
}

}  // namespace pingjing::sgip
