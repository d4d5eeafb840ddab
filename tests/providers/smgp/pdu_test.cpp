#include "providers/smgp/pdu.hpp"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::smgp;
using test::from_hex;
using test::hex_of;

namespace {

std::string shown_tlvs(const Tlvs& tlvs) {
    std::string out;
    for (const auto& tlv : tlvs) out += fmt::format(" {:x}={}", tlv.tag, hex_of(tlv.value));
    return out;
}

// A PDU in one line, its fields in their order.
struct Show {
    std::string operator()(const Empty&) const { return ""; }
    std::string operator()(const Login& l) const { return fmt::format("{} {} mode {} {:010} {:02x}", l.client, hex_of(l.authenticator), l.mode, l.timestamp, l.version); }
    std::string operator()(const LoginAnswer& l) const { return fmt::format("{} {} {:02x}", l.status, hex_of(l.authenticator), l.version); }
    std::string operator()(const Submit& s) const {
        std::string to;
        for (const auto& d : s.destinations) to += " " + d;
        return fmt::format("type {} report {} priority {} [{}] [{}] [{}] [{}] fmt {} [{}] [{}] {} [{}]>{} {}{}", s.type, s.report, s.priority, s.service, s.fee_type, s.fee_code, s.fixed_fee, s.format,
                           s.valid_until, s.at, s.source, s.charge, to, hex_of(s.content), shown_tlvs(s.tlvs));
    }
    std::string operator()(const Deliver& d) const {
        auto out = fmt::format("{} report {} fmt {} {} {}>{} ", hex_of(d.id), d.report, d.format, d.received, d.source, d.destination);
        if (d.report == 0) return out + hex_of(d.content) + shown_tlvs(d.tlvs);
        auto r = read_report(d.content);
        return r ? out + fmt::format("{} {} {} {} {}", hex_of(r->id), r->submitted, r->done, r->stat, r->error) : out + "no report";
    }
    std::string operator()(const MessageAnswer& a) const { return fmt::format("{} status {}", hex_of(a.id), a.status); }
    std::string operator()(const Query& q) const { return fmt::format("{} {} {}", q.day, q.type, q.code); }
    std::string operator()(const QueryAnswer& q) const { return fmt::format("{} {} {} {}…{}", q.day, q.type, q.code, q.counts[0], q.counts[7]); }
};

std::string shown(const Decoded& d) {
    auto head = fmt::format("{:x} seq {:x}: ", d.header.command, d.header.sequence);
    return head + (d.readable ? std::visit(Show{}, d.body) + (d.broken_tlvs ? " and broken TLVs" : "") : "unreadable");
}

constexpr auto v3 = Version::v30;
struct Row { const char* vector; Version version; std::string pdu; };
const Row rows[] = {
    {"V-SMGP-01.1", v3, "1 seq 1: 10690001 a3d9012b347d27000e83a13bfe5ea1c4 mode 2 0301000000 30"},
    {"V-SMGP-02.1", v3, "1 seq 1: 333 6dde467892f6c6339b9bae352be1ec2f mode 2 0301000000 30"},
    {"V-SMGP-03.1", v3, "80000001 seq 1: 0 bd0ff942d674f3935bfb85d0a01896b7 30"},
    {"V-SMGP-04.1", v3, "80000001 seq 1: 21 00000000000000000000000000000000 30"},
    {"V-SMGP-05.1", v3, "2 seq 2: type 6 report 1 priority 1 [SVC01] [00] [0] [0] fmt 15 [] [] 10690001 []> 18900189000 a1beb2e2cad4a1bfc4e3bac3"},
    {"V-SMGP-06.1", v3, "2 seq 3: type 6 report 1 priority 1 [SVC01] [00] [0] [0] fmt 8 [] [] 10690001 []> 18900189000 050003a5020130106d4b8bd530114f60597d 1=00 2=01 9=02 a=01 10=3132333435363738"},
    {"V-SMGP-07.1", v3, "80000002 seq 2: 01006101161700012345 status 0"},
    {"V-SMGP-07.2", v3, "80000002 seq 2: 00000000000000000000 status 1"},
    {"V-SMGP-08.1", Version::v13, "2 seq 1b46734c: type 6 report 1 priority 2 [] [00] [000000] [] fmt 0 [] [] 10086 []> 13800138000 64666138656236612d616439662d343635342d393466612d663131343731386564303561"
                                  " 1=00 2=00 4=00 5=00 14=01 7=00 9=01 a=01 b=00 c=00 12=41424300"},
    {"V-SMGP-09.1", v3, "3 seq 7: 01006101161701000001 report 0 fmt 15 20261231235959 18900189000>106900018888 cdcbb6a9"},
    {"V-SMGP-14.1", v3, "3 seq 8: 01006101010000000002 report 1 fmt 0 20270101000000 18900189000>10690001 01006101161700012345 2612312359 2701010000 DELIVRD 000"},
    {"V-SMGP-14.2", v3, "80000003 seq 8: 01006101010000000002 status 0"},
    {"V-SMGP-15.1", v3, "4 seq 9: "}, {"V-SMGP-15.2", v3, "80000004 seq 9: "}, {"V-SMGP-15.3", v3, "6 seq a: "}, {"V-SMGP-15.4", v3, "80000006 seq a: "},
    {"V-SMGP-16.1", v3, "2 seq 2: type 6 report 1 priority 1 [SVC01] [00] [0] [0] fmt 15 [] [] 10690001 []> 18900189000 a1beb2e2cad4a1bfc4e3bac3 and broken TLVs"},
    {"V-SMGP-16.2", v3, "4 seq a: "},
};

}  // namespace

TEST_CASE("SMGP: every vector is read as what it says, and written as it was read") {
    auto vectors = test::vectors_of("smgp");
    std::set<std::string> seen;
    for (const auto& row : rows) {
        CAPTURE(row.vector);
        seen.insert(row.vector);
        const auto& bytes = vectors.at(row.vector);
        auto read = decode(bytes, row.version);
        if (std::string(row.vector) == "V-SMGP-16.2") {  // its length is a lie
            CHECK_FALSE(read.readable);
            continue;
        }
        CHECK(shown(read) == row.pdu);
        if (read.broken_tlvs) continue;
        auto written = encode({read.header.command, read.header.sequence, read.body}, row.version);
        REQUIRE(written);
        CHECK(hex_of(*written) == hex_of(bytes));
    }
    for (const char* report : {"V-SMGP-10.1", "V-SMGP-11.1", "V-SMGP-12.1", "V-SMGP-13.1"}) seen.insert(report);
    CHECK(seen.size() == vectors.size());
}

TEST_CASE("SMGP: a report is read in all four spellings that live gateways have") {
    auto vectors = test::vectors_of("smgp");
    auto shown_report = [](std::string_view content) {
        auto r = read_report(content);
        return r ? fmt::format("{} {} {} {} {}", hex_of(r->id), r->submitted, r->done, r->stat, r->error) : std::string("none");
    };
    CHECK(shown_report(vectors.at("V-SMGP-10.1")) == "01006101161700012345 2612312359 2701010000 DELIVRD 000");
    CHECK(shown_report(vectors.at("V-SMGP-11.1")) == "10100505301557926339 1805301557 1805301557 DELIVRD 000");
    CHECK(shown_report(vectors.at("V-SMGP-12.1")) == "05701305301550567501 1805301550 1805301550 DELIVRD 000");
    CHECK(shown_report(vectors.at("V-SMGP-13.1")) == "6495c36ac4ea6b00000b 1807052207 1807052207 DELIVRD 000");
    CHECK(hex_of(write_report(*read_report(vectors.at("V-SMGP-10.1")))) == hex_of(vectors.at("V-SMGP-10.1")));
    CHECK(read_report(vectors.at("V-SMGP-13.1"))->text == from_hex("d6d0b9fa306138616535"));
    // The id may hold anything, a blank, an s or a key; the text is that of our message.
    auto odd = write_report({from_hex("20737461743a00002073"), "2612312359", "2701010000", "UNDELIV", "005", "stat:DELIVRD err:000"});
    CHECK(shown_report(odd) == "20737461743a00002073 2612312359 2701010000 UNDELIV 005");
    CHECK(shown_report("id:01006101161700012345 sub:001 dlvrd:001 Submit date:2612312359 done date:2701010000 stat:EXPIRED err:001 Text:") == "01006101161700012345 2612312359 2701010000 EXPIRED 001");
    CHECK(shown_report("id:0123456789sSub:001sStat:AF:4sErr:007") == "30313233343536373839   AF:4 007");
    CHECK(shown_report("id:0123456789 stat:DELIVRD done date:2000:Text:") == "30313233343536373839  2000: DELIVRD ");
    CHECK(shown_report("id:0123456789 stat:GG:0024 err:") == "30313233343536373839   GG:0024 ");
    CHECK(shown_report("ID:0123456789") == "30313233343536373839    ");
    for (const char* none : {"", "id:", "id:012345678", "1", "a text of a citizen that is long enough"}) CHECK(shown_report(none) == "none");
}

TEST_CASE("SMGP: login digests, without the padding of the name and with the zeros of the time") {
    CHECK(hex_of(authenticator_of("10690001", "s3cret", 301000000)) == "a3d9012b347d27000e83a13bfe5ea1c4");
    CHECK(hex_of(authenticator_of("333", "0555", 301000000)) == "6dde467892f6c6339b9bae352be1ec2f");
    CHECK(hex_of(answer_authenticator_of(0, authenticator_of("10690001", "s3cret", 301000000), "s3cret")) == "bd0ff942d674f3935bfb85d0a01896b7");
}

TEST_CASE("SMGP: what old or careless peers leave out or get wrong is read all the same") {
    CHECK(std::get<LoginAnswer>(decode(from_hex("00000010800000010000000100000015")).body).status == 21);
    auto read_deliver = [](std::string tail) {
        auto bytes = test::vectors_of("smgp").at("V-SMGP-09.1");
        bytes.resize(bytes.size() - 8);
        bytes += tail;
        bytes[3] = static_cast<char>(bytes.size());
        return decode(bytes);
    };
    CHECK(read_deliver("").readable);  // no Reserve
    CHECK(read_deliver(std::string(3, '\0')).readable);
    auto wide = read_deliver(std::string(8, '\0') + from_hex("00020002" "0001"));  // an octet in two
    CHECK(tlv_octet(std::get<Deliver>(wide.body).tlvs, tp_udhi) == 1);
    auto cut = read_deliver(std::string(8, '\0') + from_hex("0002000101" "0009ffff01"));
    CHECK(cut.readable);
    CHECK(cut.broken_tlvs);
    CHECK(tlv_octet(std::get<Deliver>(cut.body).tlvs, tp_udhi) == 1);
    CHECK_FALSE(tlv_octet(std::get<Deliver>(read_deliver(std::string(8, '\0') + from_hex("00020000")).body).tlvs, tp_udhi));
    CHECK_FALSE(tlv_octet({}, tp_udhi));
}

TEST_CASE("SMGP: queries, which a gateway need not have, are written as they are read") {
    for (auto version : {Version::v30, Version::v13})
        for (const Pdu& pdu : {Pdu{query, 3, Query{"20261231", 1, "SVC01"}}, Pdu{query | response_bit, 3, QueryAnswer{"20261231", 1, "SVC01", {1, 2, 3, 4, 5, 6, 7, 8}, ""}}}) {
            auto frame = encode(pdu, version);
            REQUIRE(frame);
            CHECK(frame->size() == (pdu.command == query ? 31u : 71u));
            auto back = decode(*frame, version);
            CHECK(encode({back.header.command, 3, back.body}, version).value() == *frame);
        }
}

TEST_CASE("SMGP: a frame is never read beyond its end, wherever it ends") {
    for (const auto& [name, bytes] : test::vectors_of("smgp"))
        for (std::size_t size = 0; size < bytes.size(); ++size)
            for (auto version : {Version::v30, Version::v13}) {
                CAPTURE(name);
                std::vector<char> exact(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
                (void)decode({exact.data(), exact.size()}, version);
                (void)read_report({exact.data(), exact.size()});
                if (size < 12) continue;
                for (int i = 0; i < 4; ++i) exact[static_cast<std::size_t>(i)] = static_cast<char>(static_cast<unsigned char>(size >> (8 * (3 - i))));
                auto read = decode({exact.data(), exact.size()}, version);
                if (const auto* d = std::get_if<Deliver>(&read.body); d && read.readable) CHECK(d->content.size() < size);
            }
}

TEST_CASE("SMGP: what does not fit into its field is not written") {
    Submit s;
    s.destinations = {"13800138000"};
    auto said = [&] {
        auto written = encode({submit, 1, s});
        return written ? std::string("written") : written.error().detail;
    };
    CHECK(said() == "written");
    s.source = std::string(22, '1');
    CHECK(said() == "SrcTermID does not fit into its field");
    s.source = "1", s.content = std::string(256, 'a');
    CHECK(said() == "MsgContent does not fit into its field");
    s.content.clear(), s.destinations.clear();
    CHECK(said() == "DestTermIDCount does not fit into its field");
    s.destinations = std::vector<std::string>(101, "1");
    CHECK(said() == "DestTermIDCount does not fit into its field");
    s.destinations.resize(100);
    CHECK(said() == "written");
    s.tlvs = {{1, std::string(65536, 'x')}};
    CHECK(said() == "a TLV does not fit into its field");
}
