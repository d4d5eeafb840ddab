#include "providers/smpp/pdu.hpp"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::smpp;
using test::from_hex;
using test::hex_of;

namespace {

std::string shown(const Address& a) { return fmt::format("{}/{}:{}", a.ton, a.npi, a.digits); }

std::string shown(const Tlvs& tlvs) {
    std::string out;
    for (const auto& t : tlvs) out += fmt::format(" {:04x}={}", t.tag, t.value.size() > 20 ? fmt::format("({})", t.value.size()) : hex_of(t.value));
    return out;
}

std::string octets(const std::string& text) { return text.size() > 30 ? fmt::format("{}…({})", hex_of(text.substr(0, 12)), text.size()) : hex_of(text); }

// A PDU in one line: what it is, then its fields in their order; zeros and empty fields that say nothing are left out.
struct Show {
    std::string operator()(const Empty&) const { return ""; }
    std::string operator()(const Bind& b) const { return fmt::format("{} {} [{}] {:02x} {}", b.system_id, b.password, b.system_type, b.interface_version, shown(b.range)); }
    std::string operator()(const BindAnswer& b) const { return b.system_id + shown(b.tlvs); }
    std::string operator()(const Message& m) const {
        return fmt::format("[{}] {}>{} esm {:02x} [{}] reg {} dcs {} {}{}{}", m.service_type, shown(m.source), shown(m.destination), m.esm_class, m.validity, m.registered_delivery, m.data_coding,
                           octets(m.text), shown(m.tlvs), m.broken_tlvs ? " broken" : "");
    }
    std::string operator()(const MessageAnswer& a) const { return "id " + a.message_id + shown(a.tlvs); }
    std::string operator()(const Data& d) const {
        return fmt::format("[{}] {}>{} esm {:02x} reg {} dcs {}{}", d.service_type, shown(d.source), shown(d.destination), d.esm_class, d.registered_delivery, d.data_coding, shown(d.tlvs));
    }
    std::string operator()(const Query& q) const { return q.message_id + " " + shown(q.source); }
    std::string operator()(const QueryAnswer& q) const { return fmt::format("{} {} state {} error {}", q.message_id, q.final_date, q.state, q.error); }
    std::string operator()(const Cancel& c) const { return fmt::format("[{}] {} {}>{}", c.service_type, c.message_id, shown(c.source), shown(c.destination)); }
    std::string operator()(const Replace& r) const {
        return fmt::format("{} {} {} {} reg {} msg {} {}", r.message_id, shown(r.source), r.schedule, r.validity, r.registered_delivery, r.default_message, octets(r.text));
    }
    std::string operator()(const SubmitMulti& s) const {
        std::string to;
        for (const auto& d : s.destinations) to += " " + (d.address ? shown(*d.address) : "list " + d.list);
        return fmt::format("[{}] {}>{} esm {:02x} reg {} dcs {} {}", s.message.service_type, shown(s.message.source), to, s.message.esm_class, s.message.registered_delivery, s.message.data_coding,
                           octets(s.message.text));
    }
    std::string operator()(const SubmitMultiAnswer& a) const {
        auto out = "id " + a.message_id;
        for (const auto& u : a.unsuccessful) out += fmt::format(" {}={:02x}", shown(u.address), u.status);
        return out;
    }
    std::string operator()(const Outbind& o) const { return o.system_id + " " + o.password; }
    std::string operator()(const Alert& a) const { return shown(a.source) + " " + shown(a.esme) + shown(a.tlvs); }
};

std::string shown(const Decoded& d) {
    if (d.problem != ok) return fmt::format("{:x} status {:x} seq {:x}: problem {:02x}", d.header.command, d.header.status, d.header.sequence, d.problem);
    return fmt::format("{:x} status {:x} seq {:x}: {}", d.header.command, d.header.status, d.header.sequence, std::visit(Show{}, d.body));
}

struct Row { const char* vector; std::string pdu; };
const Row rows[] = {
    {"V-SMPP-01.1", "9 status 0 seq 1: esme01 pw123456 [] 34 0/0:"},
    {"V-SMPP-02.1", "9 status 0 seq 39951: ALL_TW ALL_TW [] 34 1/2:"},
    {"V-SMPP-03.1", "2 status 0 seq 1: esme01 pw123456 [WEB] 34 0/0:"},
    {"V-SMPP-03.2", "1 status 0 seq 1: esme01 pw123456 [] 34 0/0:"},
    {"V-SMPP-04.1", "80000009 status 0 seq 1: SMSC 0210=34"},
    {"V-SMPP-05.1", "80000009 status d seq 1: "},
    {"V-SMPP-05.2", "80000009 status e seq 4db3: SMSC"},
    {"V-SMPP-06.1", "4 status 0 seq 2: [] 0/1:10690001>1/1:8613800138000 esm 00 [] reg 1 dcs 8 30106d4b8bd530114f60597dd83dde00"},
    {"V-SMPP-07.1", "4 status 0 seq 3: [] 5/0:INFO>1/1:8613800138000 esm 00 [000001000000000R] reg 1 dcs 0 506179201b653130201b3c6f6b1b3e2000"},
    {"V-SMPP-08.1", "4 status 0 seq 3: [] 0/1:10690001>1/1:8613800138000 esm 03 [] reg 17 dcs 0 68656c6c6f201b3c6b616e6e656c1b3e201b65"},
    {"V-SMPP-09.1", "4 status 0 seq 4: [] 0/1:10690001>1/1:8613800138000 esm 43 [] reg 17 dcs 8 050003010201957f77ed4fe1…(140) 0426=01"},
    {"V-SMPP-09.2", "4 status 0 seq 5: [] 0/1:10690001>1/1:8613800138000 esm 43 [] reg 0 dcs 8 0500030102024fe16d4b8bd5…(72)"},
    {"V-SMPP-10.1", "4 status 0 seq 4: [] 0/1:10690001>1/1:8613800138000 esm 40 [] reg 1 dcs 8 050003a502014f60597d"},
    {"V-SMPP-10.2", "4 status 0 seq 5: [] 0/1:10690001>1/1:8613800138000 esm 40 [] reg 1 dcs 8 0608041a2b02024e16754c"},
    {"V-SMPP-11.1", "4 status 0 seq 6: [] 0/1:10690001>1/1:8613800138000 esm 00 [] reg 1 dcs 8 4f60597d 020c=1a2b 020e=02 020f=01"},
    {"V-SMPP-12.1", "4 status 0 seq 7: [] 0/1:10690001>1/1:8613800138000 esm 00 [] reg 1 dcs 8  0424=(200)"},
    {"V-SMPP-13.1", "80000004 status 0 seq 2: id 7f3a9c01"},
    {"V-SMPP-13.2", "80000004 status 58 seq 2: "},
    {"V-SMPP-13.3", "80000004 status 58 seq 2: id "},
    {"V-SMPP-13.4", "80000004 status 0 seq a342ee1: id 9"},
    {"V-SMPP-14.1", "5 status 0 seq 10: [] 1/1:8613800138000>0/1:10690001 esm 00 [] reg 0 dcs 8 90008ba2"},
    {"V-SMPP-15.1", "5 status 0 seq 9f88f124: [AWSBD] 1/1:16505551234>1/1:17735554070 esm 00 [] reg 0 dcs 3 7468657265206973206e6f2073706f6f6e"},
    {"V-SMPP-16.1", "5 status 0 seq 9: [XXX] 2/1:10010>2/1:0 esm 40 [] reg 0 dcs 8 0500030503015c0a656c7684…(146)"},
    {"V-SMPP-17.1", "5 status 0 seq 2: [] 1/1:44951361920>1/1:40404 esm 04 [] reg 0 dcs 0 69643a303035393131333937…(110) 000e=01 0006=01 001e=3338363031666100 0427=02"},
    {"V-SMPP-18.1", "5 status 0 seq a: [CMT] 1/0:6515555678>1/0:123 esm 04 [] reg 0 dcs 0 69643a313839313237333332…(118) 0427=02 001e=373042413841363900"},
    {"V-SMPP-19.1", "5 status 0 seq 11: [] 1/1:8613800138000>0/1:10690001 esm 04 [] reg 0 dcs 0 69643a323133343534373435…(102) 001e=376633613963303100 0427=02 0423=030000"},
    {"V-SMPP-20.1", "5 status 0 seq 116ad5: [] 1/1:4495136192057>5/1:GTBank esm 04 [] reg 1 dcs 0 69643a393432353134333039…(110)"},
    {"V-SMPP-21.1", "5 status 0 seq 1: [] 1/1:44951361920>0/1:40404 esm 04 [] reg 0 dcs 3 69643a313236653835613665…(144) 0427=02 001e=(33)"},
    {"V-SMPP-22.1", "5 status 0 seq 5: [] 1/1:2348033768151>5/0:VANSO esm 04 [] reg 4 dcs 0 69643a303030303030333030…(99) 0427=02 broken"},
    {"V-SMPP-23.1", "80000005 status 0 seq 11: id "},
    {"V-SMPP-24.1", "5 status 0 seq 547eb: [] 2/1:4495136192>4/9:40404 esm 00 [] reg 0 dcs 0  000e=01 0006=01 0424=(38)"},
    {"V-SMPP-24.2", "5 status 0 seq 657e4e: [] 2/1:4495136192>4/9:40404 esm 00 [] reg 0 dcs 0  000e=01 0006=01 0424="},
    {"V-SMPP-25.1", "103 status 0 seq e: [] 0/1:10690001>1/1:8613800138000 esm 00 reg 1 dcs 8 0424=4f60597d"},
    {"V-SMPP-25.2", "103 status 0 seq 0: [] 1/1:5552710000>0/1:9695 esm 00 reg 1 dcs 0 0424=54657374"},
    {"V-SMPP-26.1", "15 status 0 seq 9: "},
    {"V-SMPP-26.2", "80000015 status 0 seq 9: "},
    {"V-SMPP-26.3", "6 status 0 seq a: "},
    {"V-SMPP-26.4", "80000006 status 0 seq a: "},
    {"V-SMPP-26.5", "80000000 status 3 seq b: "},
    {"V-SMPP-27.1", "3 status 0 seq c: 7f3a9c01 0/1:10690001"},
    {"V-SMPP-27.2", "80000003 status 0 seq c: 7f3a9c01 270101000000032+ state 2 error 0"},
    {"V-SMPP-27.3", "8 status 0 seq d: [] 7f3a9c01 0/1:10690001>1/1:8613800138000"},
    {"V-SMPP-27.4", "7 status 0 seq 4fe8: msg-12345 1/1:5552710000 150203040506708+ 010203040506000R reg 1 msg 2 74657874"},
    {"V-SMPP-28.1", "21 status 0 seq d: [abc] 28/29:Alicer> 0/0:Bob1 list List1 list List2 esm 0d reg 83 dcs 8 006e006700681eaf0020006e…(48)"},
    {"V-SMPP-28.2", "80000021 status 0 seq d: id football 38/33:Bob1=13 0/0:Bob2=14"},
    {"V-SMPP-29.1", "b status 0 seq 1: SMSC secret"},
    {"V-SMPP-29.2", "102 status 2 seq 4fe8: 1/1:5552710000 1/1:40404"},
    {"V-SMPP-30.1", "6 status 0 seq 0: problem 02"},
    {"V-SMPP-30.2", "110 status 0 seq a342ee7: problem 02"},
    {"V-SMPP-30.3", "110 status 0 seq a342ee7: "},
    {"V-SMPP-30.4", "15 status 0 seq 80000000: "},
    {"V-SMPP-30.5", "80000006 status 0 seq 0: "},
};

}  // namespace

TEST_CASE("SMPP: every vector is read as what it says") {
    auto vectors = test::vectors_of("smpp");
    std::set<std::string> seen;
    for (const auto& row : rows) {
        CAPTURE(row.vector);
        seen.insert(row.vector);
        CHECK(shown(decode(vectors.at(row.vector))) == row.pdu);
    }
    CHECK(seen.size() == vectors.size());
}

TEST_CASE("SMPP: every vector is written as it was read, but for what we write strictly") {
    const std::map<std::string, std::string> strictly = {
        {"V-SMPP-13.4", "0000001280000004000000000a342ee13900"},      // the NUL that was missing
        {"V-SMPP-22.1", ""},                                          // without its broken field: checked below
        {"V-SMPP-30.1", ""}, {"V-SMPP-30.2", ""},                     // no frames at all
        {"V-SMPP-30.5", "00000010800000060000000000000000"},          // an octet too many
    };
    int same = 0;
    for (const auto& [name, bytes] : test::vectors_of("smpp")) {
        CAPTURE(name);
        auto read = decode(bytes);
        if (auto other = strictly.find(name); other != strictly.end()) {
            if (!other->second.empty()) CHECK(hex_of(encode({read.header.command, read.header.status, read.header.sequence, read.body}).value()) == other->second);
            continue;
        }
        auto written = encode({read.header.command, read.header.status, read.header.sequence, read.body});
        REQUIRE(written);
        CHECK(hex_of(*written) == hex_of(bytes));
        ++same;
    }
    CHECK(same == 47);
    auto broken = test::vectors_of("smpp").at("V-SMPP-22.1");
    auto mended = encode({deliver_sm, ok, 5, decode(broken).body}).value();
    CHECK(hex_of(mended).substr(8) == hex_of(broken.substr(0, broken.size() - 9)).substr(8));
}

TEST_CASE("SMPP: what does not fit into its field is not written") {
    Message message;
    auto said = [](Pdu pdu) {
        auto written = encode(pdu);
        return written ? std::string("written") : written.error().detail;
    };
    CHECK(said({submit_sm, ok, 1, message}) == "written");
    message.source.digits = std::string(21, '1');
    CHECK(said({submit_sm, ok, 1, message}) == "source_addr does not fit into its field");
    message.source.digits = std::string("1\0", 2);
    CHECK(said({submit_sm, ok, 1, message}) == "source_addr does not fit into its field");
    message.source.digits = "1", message.validity = "000001";
    CHECK(said({submit_sm, ok, 1, message}) == "validity_period does not fit into its field");
    message.validity = "000001000000000R", message.text = std::string(255, 'a');
    CHECK(said({submit_sm, ok, 1, message}) == "written");
    message.text += 'a';
    CHECK(said({submit_sm, ok, 1, message}) == "short_message does not fit into its field");
    message.text = "a", message.tlvs = {{message_payload, "b"}};
    CHECK(said({submit_sm, ok, 1, message}) == "message_payload beside short_message does not fit into its field");
    message.text.clear(), message.tlvs = {{message_payload, std::string(65536, 'a')}};
    CHECK(said({submit_sm, ok, 1, message}) == "a TLV does not fit into its field");
    CHECK(said({bind_transceiver, ok, 1, Bind{std::string(16, 'a'), "p", ""}}) == "system_id does not fit into its field");
    CHECK(said({submit_multi, ok, 1, SubmitMulti{}}) == "number_of_dests does not fit into its field");
}

TEST_CASE("SMPP: a frame is never read beyond its end, wherever it ends") {
    for (const auto& [name, bytes] : test::vectors_of("smpp"))
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            CAPTURE(name);
            CAPTURE(size);
            // In memory of exactly that size, so that a sanitizer sees what is beyond.
            std::vector<char> exact(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
            CHECK(decode({exact.data(), exact.size()}).problem == invalid_command_length);  // its length says more
            if (size < 16) continue;
            for (int i = 0; i < 4; ++i) exact[static_cast<std::size_t>(i)] = static_cast<char>(static_cast<unsigned char>(size >> (8 * (3 - i))));
            auto read = decode({exact.data(), exact.size()});
            if (const auto* message = std::get_if<Message>(&read.body); message && read.problem == ok) CHECK(message->text.size() <= size);
        }
}
