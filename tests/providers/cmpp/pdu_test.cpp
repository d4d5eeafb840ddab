#include "providers/cmpp/pdu.hpp"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::cmpp;
using test::from_hex;
using test::hex_of;

namespace {

std::string octets(const std::string& text) { return text.size() > 30 ? fmt::format("{}…({})", hex_of(text.substr(0, 12)), text.size()) : hex_of(text); }

// A PDU in one line, its fields in their order.
struct Show {
    std::string operator()(const Empty&) const { return ""; }
    std::string operator()(const ActiveTestAnswer&) const { return ""; }
    std::string operator()(const Connect& c) const { return fmt::format("{} {} {:02x} {:010}", c.source, hex_of(c.authenticator), c.version, c.timestamp); }
    std::string operator()(const ConnectAnswer& c) const { return fmt::format("{} {} {:02x}", c.status, hex_of(c.authenticator), c.version); }
    std::string operator()(const Submit& s) const {
        std::string to;
        for (const auto& d : s.destinations) to += " " + d;
        return fmt::format("{:x} {}/{} report {} level {} [{}] fee {} [{}] udhi {} fmt {} {} [{}] [{}] [{}] [{}] {}>{} {}", s.id, s.number, s.total, s.report, s.level, s.service, s.fee_user,
                           s.fee_terminal, s.udhi, s.format, s.account, s.fee_type, s.fee_code, s.valid_until, s.at, s.source, to, octets(s.content));
    }
    std::string operator()(const SubmitAnswer& a) const { return fmt::format("{:x} result {}", a.id, a.result); }
    std::string operator()(const Deliver& d) const {
        auto out = fmt::format("{:x} {} [{}] udhi {} fmt {} {} report {} ", d.id, d.destination, d.service, d.udhi, d.format, d.source, d.report);
        if (d.report == 0) return out + octets(d.content);
        auto r = read_report(d.content);
        return r ? out + fmt::format("{:x} {} {} {} {} {:x}", r->id, r->stat, r->submitted, r->done, r->phone, r->smsc_sequence) : out + "no report";
    }
    std::string operator()(const DeliverAnswer& a) const { return fmt::format("{:x} result {}", a.id, a.result); }
    std::string operator()(const Query& q) const { return fmt::format("{} {} {}", q.day, q.type, q.code); }
    std::string operator()(const QueryAnswer& q) const { return fmt::format("{} {} {} {}/{}/{}/{}/{}/{}/{}/{}", q.day, q.type, q.code, q.counts[0], q.counts[1], q.counts[2], q.counts[3], q.counts[4], q.counts[5], q.counts[6], q.counts[7]); }
    std::string operator()(const Cancel& c) const { return fmt::format("{:x}", c.id); }
    std::string operator()(const CancelAnswer& c) const { return fmt::format("failed {}", c.failed); }
};

std::string shown(const Decoded& d) {
    auto head = fmt::format("{:x} seq {:x}: ", d.header.command, d.header.sequence);
    return head + (d.readable ? std::visit(Show{}, d.body) : "unreadable");
}

constexpr auto v2 = Version::v2, v3 = Version::v3;
struct Row { const char* vector; Version version; std::string pdu; };
const Row rows[] = {
    {"V-CMPP-01.1", v2, "1 seq 17: 900001 90d00c1d517abd0b4f65f6bcf8535d16 21 1021080510"},
    {"V-CMPP-02.1", v2, "1 seq 1: 901234 5e7c1a5ce4498943e74ae19925f61235 20 0102030405"},
    {"V-CMPP-03.1", v3, "1 seq 1: 901234 91c7a4273b00ee318953f74ba6b6804c 30 1231235959"},
    {"V-CMPP-04.1", v2, "80000001 seq 17: 0 6c0b846e25bab6daa4ed1c466e0f4bd8 21"},
    {"V-CMPP-05.1", v3, "80000001 seq 17: 0 7942977274098cf210ab0c16c367bc8d 30"},
    {"V-CMPP-06.1", v2, "80000001 seq 1: 0 a086717bbdaaf187c33802ed2807da3b 20"},
    {"V-CMPP-07.1", v3, "80000001 seq 1: 0 f51615ad54318b4aa8631fc23568520e 30"},
    {"V-CMPP-08.1", v2, "80000001 seq 1: 3 00000000000000000000000000000000 20"},
    {"V-CMPP-09.1", v2, "4 seq 17: 0 1/1 report 1 level 1 [test] fee 2 [13500002696] udhi 0 fmt 8 900001 [02] [10] [151105131555101+] [] 900001> 13500002696 6d4b8bd50067006f0063006d007000700020007300750062006d00690074"},
    {"V-CMPP-10.1", v3, "4 seq 17: 0 1/1 report 1 level 1 [test] fee 2 [13500002696] udhi 0 fmt 8 900001 [02] [10] [151105131555101+] [] 900001> 13500002696 6d4b8bd50067006f0063006d007000700020007300750062006d00690074"},
    {"V-CMPP-11.1", v2, "4 seq 2: 0 1/1 report 1 level 0 [HELP] fee 2 [] udhi 0 fmt 8 901234 [01] [000000] [] [] 10690001> 13800138000 30106d4b8bd530114f60597d"},
    {"V-CMPP-12.1", v3, "4 seq 2: 0 1/1 report 1 level 0 [HELP] fee 2 [] udhi 0 fmt 8 901234 [01] [000000] [] [] 10690001> 13800138000 30106d4b8bd530114f60597d"},
    {"V-CMPP-13.1", v2, "4 seq 3: 0 1/1 report 1 level 0 [HELP] fee 2 [] udhi 0 fmt 15 901234 [01] [000000] [261231235959032+] [261231120000032+] 106900018888> 13800138000 8613900139000 a1beb2e2cad4a1bfc4e3bac3"},
    {"V-CMPP-14.1", v2, "4 seq 55c51d53: 43c0ee40261c1d50 4/4 report 0 level 9 [10086] fee 2 [] udhi 1 fmt 0  [01] [000000] [] [] 10086> 13800138000 050003e404046162633130303835"},
    {"V-CMPP-15.1", v2, "80000004 seq 2: cfdfbe8027111234 result 0"},
    {"V-CMPP-16.1", v3, "80000004 seq 2: cfdfbe8027111234 result 0"},
    {"V-CMPP-17.1", v2, "80000004 seq 2: 0 result 8"},
    {"V-CMPP-18.1", v3, "80000004 seq 2: 0 result 8"},
    {"V-CMPP-19.1", v2, "5 seq 5: b525628000010000 900001 [] udhi 0 fmt 0 13412340000 report 0 5468697320697320612074657374204d4f2e"},
    {"V-CMPP-20.1", v3, "5 seq 1: b4c5530000010000 900001 [] udhi 0 fmt 0 13412340000 report 0 5468697320697320612074657374204d4f2e"},
    {"V-CMPP-21.1", v2, "5 seq 7: cfdfbec027111235 106900018888 [HELP] udhi 0 fmt 15 13800138000 report 0 cdcbb6a9"},
    {"V-CMPP-22.1", v3, "5 seq 7: cfdfbec027111235 106900018888 [HELP] udhi 0 fmt 8 13800138000 report 0 90008ba2"},
    {"V-CMPP-25.1", v2, "5 seq 8: 1080004027110001 10690001 [HELP] udhi 0 fmt 0 13800138000 report 1 cfdfbe8027111234 DELIVRD 2612312359 2701010000 13800138000 a0b0c0d"},
    {"V-CMPP-26.1", v3, "5 seq 8: 1080004027110001 10690001 [HELP] udhi 0 fmt 0 13800138000 report 1 cfdfbe8027111234 UNDELIV 2612312359 2701010000 13800138000 a0b0c0d"},
    {"V-CMPP-27.1", v3, "5 seq 7: c2cf84f10ce0003f 100869881008698810086 [] udhi 0 fmt 15 18703815655187038156551870381565 report 1 c2cf8400a37359d8 DELIVRD 2212051956 2212051956 10086988 ff"},
    {"V-CMPP-28.1", v3, "5 seq 7: 522a4980002aa6ce 10085101 [cmcczx_sms] udhi 0 fmt 0 13592261791 report 1 522a4980002aa6cd AF:4 0001010000 0001010000 13592261791 0"},
    {"V-CMPP-29.1", v3, "5 seq 7: 38a40100533e03d3 10085 [MCN2210103] udhi 64 fmt 8 8613817308833 report 0 05000300010167098fc74e0d…(132)"},
    {"V-CMPP-30.1", v2, "80000005 seq 8: 1080004027110001 result 0"},
    {"V-CMPP-30.2", v3, "80000005 seq 8: 1080004027110001 result 0"},
    {"V-CMPP-31.1", v2, "8 seq 9: "},
    {"V-CMPP-31.2", v2, "80000008 seq 9: "},
    {"V-CMPP-32.1", v2, "2 seq a: "},
    {"V-CMPP-32.2", v2, "80000002 seq a: "},
    {"V-CMPP-33.1", v2, "7 seq b: cfdfbe8027111234"},
    {"V-CMPP-33.2", v2, "80000007 seq b: failed 0"},
    {"V-CMPP-33.3", v3, "80000007 seq b: failed 0"},
    {"V-CMPP-34.1", v2, "6 seq c: 20261231 1 HELP"},
    {"V-CMPP-34.2", v2, "80000006 seq c: 20261231 1 HELP 100/120/118/1/1/10/0/2"},
    {"V-CMPP-35.1", v2, "8 seq 1: unreadable"},
    {"V-CMPP-35.2", v2, "4 seq 2: unreadable"},
    {"V-CMPP-35.3", v2, "8 seq 1: unreadable"},
};

// Three live captures have come to us without their heads.
std::string whole(const std::string& name, const std::string& bytes) {
    if (name != "V-CMPP-27.1" && name != "V-CMPP-28.1" && name != "V-CMPP-29.1") return bytes;
    auto size = bytes.size() + 12;
    return std::string("\0\0", 2) + static_cast<char>(size >> 8) + static_cast<char>(size & 0xFF) + from_hex("0000000500000007") + bytes;
}

}  // namespace

TEST_CASE("CMPP: every vector is read as what it says, and written as it was read") {
    auto vectors = test::vectors_of("cmpp");
    std::set<std::string> seen;
    for (const auto& row : rows) {
        CAPTURE(row.vector);
        seen.insert(row.vector);
        auto bytes = whole(row.vector, vectors.at(row.vector));
        auto read = decode(bytes, row.version);
        CHECK(shown(read) == row.pdu);
        if (!read.readable) continue;
        auto written = encode({read.header.command, read.header.sequence, read.body}, row.version);
        REQUIRE(written);
        CHECK(hex_of(*written) == hex_of(bytes));
    }
    for (const char* report : {"V-CMPP-23.1", "V-CMPP-24.1"}) {
        seen.insert(report);
        auto read = read_report(vectors.at(report));
        REQUIRE(read);
        CHECK(hex_of(write_report(*read, v2)) == hex_of(vectors.at(report)));
    }
    auto live = *read_report(vectors.at("V-CMPP-23.1"));
    CHECK(fmt::format("{:x} {} {} {} {:x}", live.id, live.stat, live.done, live.phone, live.smsc_sequence) == "6642908009d959fe MK:0012 1806121640 8614714762894 3f8a2ec0");
    CHECK(seen.size() == vectors.size());
}

TEST_CASE("CMPP: login digests, with the zeros of the time and the width of the status") {
    struct { const char *account, *secret; std::uint32_t time; const char* digest; } logins[] = {
        {"900001", "888888", 1021080510, "90d00c1d517abd0b4f65f6bcf8535d16"}, {"901234", "s3cret", 102030405, "5e7c1a5ce4498943e74ae19925f61235"},
        {"901234", "s3cret", 1231235959, "91c7a4273b00ee318953f74ba6b6804c"}};
    for (const auto& row : logins) CHECK(hex_of(authenticator_of(row.account, row.secret, row.time)) == row.digest);
    auto first = from_hex(logins[0].digest);
    CHECK(hex_of(answer_authenticator_of(0, first, "888888", v2)) == "6c0b846e25bab6daa4ed1c466e0f4bd8");
    CHECK(hex_of(answer_authenticator_of(0, first, "888888", v3)) == "7942977274098cf210ab0c16c367bc8d");
    CHECK(hex_of(answer_authenticator_of(0, from_hex(logins[1].digest), "s3cret", v2)) == "a086717bbdaaf187c33802ed2807da3b");
    CHECK(hex_of(answer_authenticator_of(0, from_hex(logins[2].digest), "s3cret", v3)) == "f51615ad54318b4aa8631fc23568520e");
}

TEST_CASE("CMPP: answers and reports are told apart by their length, whatever the version of the link") {
    auto v = test::vectors_of("cmpp");
    for (auto version : {v2, v3})
        for (const char* name : {"V-CMPP-04.1", "V-CMPP-05.1", "V-CMPP-15.1", "V-CMPP-16.1", "V-CMPP-17.1", "V-CMPP-18.1", "V-CMPP-30.1", "V-CMPP-30.2", "V-CMPP-33.2", "V-CMPP-33.3"}) {
            CAPTURE(name);
            auto row = std::find_if(std::begin(rows), std::end(rows), [&](const Row& r) { return r.vector == std::string(name); });
            CHECK(shown(decode(v.at(name), version)) == row->pdu);
        }
    CHECK(decode(from_hex("0000000c8000000800000009"), v2).readable);  // a peer that forgets the octet
    CHECK(std::get<ConnectAnswer>(decode(from_hex("0000000d800000010000000103"), v2).body).status == 3);  // and one that says no more
    auto report = v.at("V-CMPP-24.1");
    CHECK_FALSE(read_report(report.substr(0, 38)));
    CHECK(read_report(report.substr(0, 39)));
}

TEST_CASE("CMPP: a frame is never read beyond its end, wherever it ends") {
    for (const auto& [name, bytes] : test::vectors_of("cmpp"))
        for (std::size_t size = 0; size < bytes.size(); ++size)
            for (auto version : {v2, v3}) {
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

TEST_CASE("CMPP: what does not fit into its field is not written") {
    Submit s;
    s.destinations = {"13800138000"};
    auto said = [&] {
        auto written = encode({submit, 1, s}, v2);
        return written ? std::string("written") : written.error().detail;
    };
    CHECK(said() == "written");
    s.source = std::string(22, '1');
    CHECK(said() == "Src_Id does not fit into its field");
    s.source = "1", s.content = std::string(256, 'a');
    CHECK(said() == "Msg_Content does not fit into its field");
    s.content.clear(), s.destinations.clear();
    CHECK(said() == "DestUsr_tl does not fit into its field");
    s.destinations = std::vector<std::string>(100, "1");
    CHECK(said() == "DestUsr_tl does not fit into its field");
}
