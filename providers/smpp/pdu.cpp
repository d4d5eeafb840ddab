#include "providers/smpp/pdu.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "providers/link/bytes.hpp"

namespace pingjing::smpp {
namespace {

using link::Reader;
using link::Writer;

// ── reading ──

// Whatever does not parse as TLVs to the very end is left out: live centres get the last length wrong.
Tlvs read_tlvs(Reader& in, bool* broken = nullptr) {
    Tlvs tlvs;
    while (!in.at_end()) {
        Reader look(in.rest());
        Tlv tlv;
        tlv.tag = look.u16();
        std::size_t length = look.u16();
        tlv.value = look.octets(length);
        if (look.failed()) {
            if (broken) *broken = true;
            break;
        }
        (void)in.octets(4 + length);
        tlvs.push_back(std::move(tlv));
    }
    return tlvs;
}

Address read_address(Reader& in, std::size_t most) {
    Address a;
    a.ton = in.u8(), a.npi = in.u8(), a.digits = in.terminated(most);
    return a;
}

// Times are empty or seventeen octets; a centre of our acquaintance sends them shorter.
std::string read_time(Reader& in) { return in.terminated(17); }

// An id that ends with its PDU instead of a NUL is tolerated, and so is none at all.
std::string read_id(Reader& in) {
    if (in.rest().find('\0') != std::string_view::npos) return in.terminated(65);
    auto rest = in.rest().substr(0, 64);
    (void)in.octets(in.rest().size());
    return std::string(rest);
}

Bind read_bind(Reader& in) {
    Bind b;
    b.system_id = in.terminated(64), b.password = in.terminated(64), b.system_type = in.terminated(13);
    b.interface_version = in.u8();
    b.range = read_address(in, 41);
    return b;
}

BindAnswer read_bind_answer(Reader& in) {
    BindAnswer b;
    b.system_id = read_id(in);
    b.tlvs = read_tlvs(in);
    return b;
}

Body read_message(Reader& in, std::uint32_t& problem, bool multi) {
    SubmitMulti all;
    Message& m = all.message;
    m.service_type = in.terminated(6);
    m.source = read_address(in, 65);
    if (multi) {
        for (int left = in.u8(); left > 0 && !in.failed(); --left) {
            Destination d;
            if (in.u8() == 1) d.address = read_address(in, 21);
            else d.list = in.terminated(21);
            all.destinations.push_back(std::move(d));
        }
    } else {
        m.destination = read_address(in, 65);
    }
    m.esm_class = in.u8(), m.protocol_id = in.u8(), m.priority = in.u8();
    m.schedule = read_time(in), m.validity = read_time(in);
    m.registered_delivery = in.u8(), m.replace_if_present = in.u8(), m.data_coding = in.u8(), m.default_message = in.u8();
    std::size_t length = in.u8();
    if (!in.failed() && length > in.rest().size()) problem = invalid_message_length;
    m.text = in.octets(length);
    m.tlvs = read_tlvs(in, &m.broken_tlvs);
    if (multi) return all;
    return std::move(m);
}

MessageAnswer read_message_answer(Reader& in) {
    MessageAnswer a;
    a.message_id = read_id(in);
    a.tlvs = read_tlvs(in);
    return a;
}

Data read_data(Reader& in) {
    Data d;
    d.service_type = in.terminated(6);
    d.source = read_address(in, 65), d.destination = read_address(in, 65);
    d.esm_class = in.u8(), d.registered_delivery = in.u8(), d.data_coding = in.u8();
    d.tlvs = read_tlvs(in, &d.broken_tlvs);
    return d;
}

Replace read_replace(Reader& in, std::uint32_t& problem) {
    Replace r;
    r.message_id = in.terminated(65);
    r.source = read_address(in, 21);
    r.schedule = read_time(in), r.validity = read_time(in);
    r.registered_delivery = in.u8(), r.default_message = in.u8();
    std::size_t length = in.u8();
    if (!in.failed() && length > in.rest().size()) problem = invalid_message_length;
    r.text = in.octets(length);
    return r;
}

SubmitMultiAnswer read_submit_multi_answer(Reader& in) {
    SubmitMultiAnswer a;
    a.message_id = read_id(in);
    for (int left = in.at_end() ? 0 : in.u8(); left > 0 && !in.failed(); --left) {
        Unsuccessful u;
        u.address = read_address(in, 21);
        u.status = in.u32();
        a.unsuccessful.push_back(std::move(u));
    }
    return a;
}

Body read_body(std::uint32_t command, Reader& in, std::uint32_t& problem) {
    switch (command) {
        case bind_receiver: case bind_transmitter: case bind_transceiver: return read_bind(in);
        case bind_receiver | response_bit: case bind_transmitter | response_bit: case bind_transceiver | response_bit: return read_bind_answer(in);
        case submit_sm: case deliver_sm: return read_message(in, problem, false);
        case submit_multi: return read_message(in, problem, true);
        case submit_sm | response_bit: case deliver_sm | response_bit: case data_sm | response_bit: return read_message_answer(in);
        case submit_multi | response_bit: return read_submit_multi_answer(in);
        case data_sm: return read_data(in);
        case query_sm: {
            Query q;
            q.message_id = in.terminated(65), q.source = read_address(in, 21);
            return q;
        }
        case query_sm | response_bit: {
            QueryAnswer q;
            if (in.at_end()) return q;
            q.message_id = in.terminated(65), q.final_date = read_time(in), q.state = in.u8(), q.error = in.u8();
            return q;
        }
        case cancel_sm: {
            Cancel c;
            c.service_type = in.terminated(6), c.message_id = in.terminated(65), c.source = read_address(in, 21), c.destination = read_address(in, 21);
            return c;
        }
        case replace_sm: return read_replace(in, problem);
        case outbind: {
            Outbind o;
            o.system_id = in.terminated(64), o.password = in.terminated(64);
            return o;
        }
        case alert_notification: {
            Alert a;
            a.source = read_address(in, 65), a.esme = read_address(in, 65), a.tlvs = read_tlvs(in);
            return a;
        }
        default: return Empty{};  // what stands behind these is ignored
    }
}

// ── writing ──

// Collects the first field that does not fit, so that the callers read like the layout.
class Fields {
public:
    explicit Fields(Writer& out) : out_(out) {}
    Fields& text(std::string_view name, std::string_view value, std::size_t most) {
        if (value.size() >= most || value.find('\0') != value.npos) complain(name);
        out_.terminated(value);
        return *this;
    }
    Fields& address(std::string_view name, const Address& a, std::size_t most) {
        out_.u8(a.ton).u8(a.npi);
        return text(name, a.digits, most);
    }
    Fields& time(std::string_view name, std::string_view value) {
        if (!value.empty() && value.size() != 16) complain(name);
        return text(name, value, 17);
    }
    Fields& octets(std::string_view name, std::string_view value) {
        if (value.size() > 255) complain(name);
        out_.u8(value.size()).octets(value.substr(0, 255));
        return *this;
    }
    Fields& tlvs(const Tlvs& all) {
        for (const auto& tlv : all) {
            if (tlv.value.size() > 65535) complain("a TLV");
            out_.u16(tlv.tag).u16(tlv.value.size()).octets(tlv.value);
        }
        return *this;
    }
    void complain(std::string_view name) {
        if (problem_.empty()) problem_ = fmt::format("{} does not fit into its field", name);
    }
    const std::string& problem() const { return problem_; }

private:
    Writer& out_;
    std::string problem_;
};

struct BodyWriter {
    Writer& out;
    Fields& f;

    void operator()(const Empty&) const {}
    void operator()(const Bind& b) const {
        f.text("system_id", b.system_id, 16).text("password", b.password, 64).text("system_type", b.system_type, 13);
        out.u8(b.interface_version);
        f.address("address_range", b.range, 41);
    }
    void operator()(const BindAnswer& b) const { f.text("system_id", b.system_id, 16).tlvs(b.tlvs); }
    void head(const Message& m) const {
        f.text("service_type", m.service_type, 6).address("source_addr", m.source, 21);
    }
    void tail(const Message& m) const {
        if (!m.text.empty() && find_tlv(m.tlvs, message_payload)) f.complain("message_payload beside short_message");
        out.u8(m.esm_class).u8(m.protocol_id).u8(m.priority);
        f.time("schedule_delivery_time", m.schedule).time("validity_period", m.validity);
        out.u8(m.registered_delivery).u8(m.replace_if_present).u8(m.data_coding).u8(m.default_message);
        f.octets("short_message", m.text).tlvs(m.tlvs);
    }
    void operator()(const Message& m) const {
        head(m);
        f.address("destination_addr", m.destination, 21);
        tail(m);
    }
    void operator()(const SubmitMulti& all) const {
        head(all.message);
        if (all.destinations.empty() || all.destinations.size() > 254) f.complain("number_of_dests");
        out.u8(all.destinations.size());
        for (const auto& d : all.destinations) {
            out.u8(d.address ? 1 : 2);
            if (d.address) f.address("destination_addr", *d.address, 21);
            else f.text("dl_name", d.list, 21);
        }
        tail(all.message);
    }
    void operator()(const MessageAnswer& a) const { f.text("message_id", a.message_id, 65).tlvs(a.tlvs); }
    void operator()(const SubmitMultiAnswer& a) const {
        f.text("message_id", a.message_id, 65);
        if (a.unsuccessful.size() > 255) f.complain("no_unsuccess");
        out.u8(a.unsuccessful.size());
        for (const auto& u : a.unsuccessful) {
            f.address("destination_addr", u.address, 21);
            out.u32(u.status);
        }
    }
    void operator()(const Data& d) const {
        f.text("service_type", d.service_type, 6).address("source_addr", d.source, 65).address("destination_addr", d.destination, 65);
        out.u8(d.esm_class).u8(d.registered_delivery).u8(d.data_coding);
        f.tlvs(d.tlvs);
    }
    void operator()(const Query& q) const { f.text("message_id", q.message_id, 65).address("source_addr", q.source, 21); }
    void operator()(const QueryAnswer& q) const {
        f.text("message_id", q.message_id, 65).time("final_date", q.final_date);
        out.u8(q.state).u8(q.error);
    }
    void operator()(const Cancel& c) const {
        f.text("service_type", c.service_type, 6).text("message_id", c.message_id, 65).address("source_addr", c.source, 21).address("destination_addr", c.destination, 21);
    }
    void operator()(const Replace& r) const {
        f.text("message_id", r.message_id, 65).address("source_addr", r.source, 21).time("schedule_delivery_time", r.schedule).time("validity_period", r.validity);
        out.u8(r.registered_delivery).u8(r.default_message);
        f.octets("short_message", r.text);
    }
    void operator()(const Outbind& o) const { f.text("system_id", o.system_id, 16).text("password", o.password, 9); }
    void operator()(const Alert& a) const { f.address("source_addr", a.source, 65).address("esme_addr", a.esme, 65).tlvs(a.tlvs); }
};

}  // namespace

std::optional<std::string_view> find_tlv(const Tlvs& tlvs, std::uint16_t tag) {
    auto at = std::find_if(tlvs.begin(), tlvs.end(), [&](const Tlv& t) { return t.tag == tag; });
    return at == tlvs.end() ? std::nullopt : std::optional<std::string_view>(at->value);
}

std::optional<std::uint32_t> tlv_number(const Tlvs& tlvs, std::uint16_t tag) {
    auto value = find_tlv(tlvs, tag);
    if (!value || (value->size() != 1 && value->size() != 2 && value->size() != 4)) return std::nullopt;
    std::uint32_t number = 0;
    for (unsigned char octet : *value) number = number << 8 | octet;
    return number;
}

bool is_known(std::uint32_t command) {
    if (command == generic_nack) return true;
    switch (command & ~response_bit) {
        case outbind: case alert_notification: return (command & response_bit) == 0;
        case bind_receiver: case bind_transmitter: case bind_transceiver: case query_sm: case submit_sm: case deliver_sm: case unbind: case replace_sm: case cancel_sm:
        case enquire_link: case submit_multi: case data_sm: return true;
        default: return false;
    }
}

Result<std::string> encode(const Pdu& pdu) {
    Writer out;
    Fields fields(out);
    out.u32(0).u32(pdu.command).u32(pdu.status).u32(pdu.sequence);
    std::visit(BodyWriter{out, fields}, pdu.body);
    if (!fields.problem().empty()) return fail(Error::Kind::invalid_input, fields.problem());
    return std::move(out).framed();
}

std::optional<Header> read_header(std::string_view frame) {
    Reader in(frame);
    Header h;
    h.length = in.u32(), h.command = in.u32(), h.status = in.u32(), h.sequence = in.u32();
    return in.failed() ? std::nullopt : std::optional(h);
}

Decoded decode(std::string_view frame) {
    Decoded out;
    auto header = read_header(frame);
    if (!header || header->length != frame.size()) {
        if (header) out.header = *header;
        out.problem = invalid_command_length;
        return out;
    }
    out.header = *header;
    // An answer without a body, which most refusals are: its fields are empty.
    if (frame.size() == 16 && (header->command & response_bit)) return out;
    Reader in(frame.substr(16));
    out.body = read_body(header->command, in, out.problem);
    if (in.failed() && out.problem == ok) out.problem = invalid_command_length;
    return out;
}

}  // namespace pingjing::smpp
