#include "providers/smgp/pdu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "providers/link/fields.hpp"
#include "providers/link/md5.hpp"

namespace pingjing::smgp {
namespace {

using link::Reader;
using link::Writer;

// ── reading ──

// Behind one whose length goes beyond the end nothing can be found.
Tlvs read_tlvs(Reader& in, bool& broken) {
    Tlvs tlvs;
    while (!in.at_end()) {
        Reader look(in.rest());
        Tlv tlv;
        tlv.tag = look.u16();
        std::size_t length = look.u16();
        tlv.value = look.octets(length);
        if (look.failed()) {
            broken = true;
            break;
        }
        (void)in.octets(4 + length);
        tlvs.push_back(std::move(tlv));
    }
    return tlvs;
}

// Old gateways leave out what they have nothing to say in.
std::string read_reserve(Reader& in) { return in.at_end() ? std::string() : in.padded(std::min<std::size_t>(in.rest().size(), 8)); }

Submit read_submit(Reader& in, Version version, bool& broken) {
    Submit s;
    s.type = in.u8(), s.report = in.u8(), s.priority = in.u8();
    s.service = in.padded(10), s.fee_type = in.padded(2), s.fee_code = in.padded(6);
    if (version != Version::v13) s.fixed_fee = in.padded(6);
    s.format = in.u8();
    s.valid_until = in.padded(17), s.at = in.padded(17), s.source = in.padded(21), s.charge = in.padded(21);
    for (int left = in.u8(); left > 0 && !in.failed(); --left) s.destinations.push_back(in.padded(21));
    s.content = in.octets(in.u8());
    s.reserve = read_reserve(in);
    s.tlvs = read_tlvs(in, broken);
    return s;
}

Deliver read_deliver(Reader& in, bool& broken) {
    Deliver d;
    d.id = in.octets(10);
    d.report = in.u8(), d.format = in.u8();
    d.received = in.padded(14), d.source = in.padded(21), d.destination = in.padded(21);
    d.content = in.octets(in.u8());
    d.reserve = read_reserve(in);
    d.tlvs = read_tlvs(in, broken);
    return d;
}

Body read_body(std::uint32_t command, Reader& in, Version version, bool& broken) {
    switch (command) {
        case login: {
            Login l;
            l.client = in.padded(8), l.authenticator = in.octets(16), l.mode = in.u8(), l.timestamp = in.u32(), l.version = in.u8();
            return l;
        }
        case login | response_bit: {
            LoginAnswer l;
            l.status = in.u32();
            if (in.at_end() && l.status != 0) return l;  // refused, some say no more than that
            l.authenticator = in.octets(16), l.version = in.u8();
            return l;
        }
        case submit: return read_submit(in, version, broken);
        case deliver: return read_deliver(in, broken);
        case submit | response_bit: case deliver | response_bit: {
            MessageAnswer a;
            a.id = in.octets(10), a.status = in.u32();
            return a;
        }
        case query: {
            Query q;
            q.day = in.padded(8), q.type = in.u8(), q.code = in.padded(10);
            return q;
        }
        case query | response_bit: {
            QueryAnswer q;
            q.day = in.padded(8), q.type = in.u8(), q.code = in.padded(10);
            for (auto& count : q.counts) count = in.u32();
            q.reserve = read_reserve(in);
            return q;
        }
        default: return Empty{};
    }
}

// ── writing ──

struct BodyWriter {
    Writer& out;
    link::Fields& f;
    Version version;

    void id(std::string_view octets) const { f.text("MsgID", octets, 10); }
    void content(std::string_view octets, std::string_view reserve, const Tlvs& tlvs) const {
        if (octets.size() > 255) f.complain("MsgContent");
        out.u8(std::min<std::size_t>(octets.size(), 255)).octets(octets.substr(0, 255));
        f.text("Reserve", reserve, 8);
        for (const auto& tlv : tlvs) {
            if (tlv.value.size() > 0xFFFF) f.complain("a TLV");
            out.u16(tlv.tag).u16(tlv.value.size()).octets(tlv.value);
        }
    }
    void operator()(const Empty&) const {}
    void operator()(const Login& l) const {
        f.text("ClientID", l.client, 8).text("AuthenticatorClient", l.authenticator, 16);
        out.u8(l.mode).u32(l.timestamp).u8(l.version);
    }
    void operator()(const LoginAnswer& l) const {
        out.u32(l.status);
        f.text("AuthenticatorServer", l.authenticator, 16);
        out.u8(l.version);
    }
    void operator()(const Submit& s) const {
        out.u8(s.type).u8(s.report).u8(s.priority);
        f.text("ServiceID", s.service, 10).text("FeeType", s.fee_type, 2).text("FeeCode", s.fee_code, 6);
        if (version != Version::v13) f.text("FixedFee", s.fixed_fee, 6);
        out.u8(s.format);
        f.text("ValidTime", s.valid_until, 17).text("AtTime", s.at, 17).text("SrcTermID", s.source, 21).text("ChargeTermID", s.charge, 21);
        if (s.destinations.empty() || s.destinations.size() > 100) f.complain("DestTermIDCount");
        out.u8(s.destinations.size());
        for (const auto& to : s.destinations) f.text("DestTermID", to, 21);
        content(s.content, s.reserve, s.tlvs);
    }
    void operator()(const Deliver& d) const {
        id(d.id);
        out.u8(d.report).u8(d.format);
        f.text("RecvTime", d.received, 14).text("SrcTermID", d.source, 21).text("DestTermID", d.destination, 21);
        content(d.content, d.reserve, d.tlvs);
    }
    void operator()(const MessageAnswer& a) const {
        id(a.id);
        out.u32(a.status);
    }
    void operator()(const Query& q) const {
        f.text("QueryTime", q.day, 8);
        out.u8(q.type);
        f.text("QueryCode", q.code, 10);
    }
    void operator()(const QueryAnswer& q) const {
        f.text("QueryTime", q.day, 8);
        out.u8(q.type);
        f.text("QueryCode", q.code, 10);
        for (auto count : q.counts) out.u32(count);
        f.text("Reserve", q.reserve, 8);
    }
};

// ── reports ──

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c); });
}

std::string octets_of_hex(std::string_view hex) {
    auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(static_cast<unsigned char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
    return out;
}

// Where the value behind a key begins; '?' in the key is any one octet. npos: it is not there.
std::size_t behind(std::string_view lowered, std::string_view key, std::size_t from) {
    for (std::size_t at = from; at + key.size() <= lowered.size(); ++at) {
        bool here = true;
        for (std::size_t i = 0; i < key.size() && here; ++i) here = key[i] == '?' || key[i] == lowered[at + i];
        if (here) return at + key.size();
    }
    return lowered.npos;
}

// What stands from there on, up to `most` octets or to a blank.
std::string value_at(std::string_view content, std::size_t at, std::size_t most) {
    if (at >= content.size()) return {};
    auto value = content.substr(at, most);
    return std::string(value.substr(0, value.find_first_of(std::string_view("\0 \t\r\n", 5))));
}

}  // namespace

std::optional<std::string_view> find_tlv(const Tlvs& tlvs, std::uint16_t tag) {
    for (const auto& tlv : tlvs)
        if (tlv.tag == tag) return tlv.value;
    return std::nullopt;
}

std::optional<std::uint8_t> tlv_octet(const Tlvs& tlvs, std::uint16_t tag) {
    auto value = find_tlv(tlvs, tag);
    if (!value || value->empty()) return std::nullopt;
    return static_cast<std::uint8_t>(value->back());
}

Result<std::string> encode(const Pdu& pdu, Version version) {
    Writer out;
    link::Fields fields(out);
    out.u32(0).u32(pdu.command).u32(pdu.sequence);
    std::visit(BodyWriter{out, fields, version}, pdu.body);
    if (!fields.problem().empty()) return fail(Error::Kind::invalid_input, fields.problem());
    return std::move(out).framed();
}

Decoded decode(std::string_view frame, Version version) {
    Decoded out;
    Reader in(frame);
    out.header.length = in.u32(), out.header.command = in.u32(), out.header.sequence = in.u32();
    out.readable = !in.failed() && out.header.length == frame.size();
    if (!out.readable) return out;
    out.body = read_body(out.header.command, in, version, out.broken_tlvs);
    out.readable = !in.failed();
    return out;
}

std::optional<Report> read_report(std::string_view content) {
    std::string lowered(content);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!lowered.starts_with("id:") || content.size() < 13) return std::nullopt;
    // As twenty digits it is the same id; the keys begin later then.
    bool spelled = content.size() >= 23 && is_hex(content.substr(3, 20));
    std::size_t after = spelled ? 23 : 13;
    Report r;
    r.id = spelled ? octets_of_hex(content.substr(3, 20)) : std::string(content.substr(3, 10));
    // The text is that of our message, and may say anything.
    auto text = behind(lowered, "text:", after), txt = behind(lowered, "txt:", after);
    auto begins = std::min(text, txt), ends = std::min(text - std::string_view("text:").size(), txt - std::string_view("txt:").size());
    if (begins != lowered.npos) r.text = content.substr(begins);
    auto keys = content.substr(0, ends);
    auto find = [&](std::string_view key, std::size_t most) { return value_at(keys, behind(lowered, key, after), most); };
    auto stat = behind(lowered, "stat:", after), error = behind(lowered, "?err:", after);
    r.submitted = find("submit?date:", 10), r.done = find("done?date:", 10), r.error = find("?err:", 3);
    // Some separate by the letter s: a state is no longer than what stands before the next key.
    r.stat = value_at(keys, stat, error != lowered.npos && stat + 5 <= error && error - 5 - stat < 7 ? error - 5 - stat : 7);
    return r;
}

std::string write_report(const Report& r) {
    Writer out;
    out.octets("id:").padded(r.id, 10).octets(" sub:001 dlvrd:").octets(r.stat == "DELIVRD" ? "001" : "000");
    out.octets(" Submit date:").padded(r.submitted, 10).octets(" done date:").padded(r.done, 10);
    out.octets(" stat:").padded(r.stat, 7).octets(" err:").padded(r.error, 3).octets(" Text:").padded(r.text, 20);
    return std::move(out).take();
}

std::string authenticator_of(std::string_view client, std::string_view secret, std::uint32_t timestamp) {
    return link::md5(fmt::format("{}{}{}{:010}", client, std::string(7, '\0'), secret, timestamp));
}

std::string answer_authenticator_of(std::uint32_t status, std::string_view authenticator, std::string_view secret) {
    Writer out;
    out.u32(status).octets(authenticator).octets(secret);
    return link::md5(std::move(out).take());
}

}  // namespace pingjing::smgp
