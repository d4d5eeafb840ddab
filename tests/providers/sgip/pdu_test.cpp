#include "providers/sgip/pdu.hpp"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::sgip;
using test::from_hex;
using test::hex_of;

namespace {

std::string told(const Sequence& s) { return fmt::format("{}/{}/{}", s.node, s.time, s.count); }

// A PDU in one line, its fields in their order.
struct Show {
    std::string operator()(const Empty&) const { return ""; }
    std::string operator()(const Bind& b) const { return fmt::format("type {} {} {}", b.type, b.name, b.password); }
    std::string operator()(const Answer& a) const { return fmt::format("result {}", a.result); }
    std::string operator()(const Submit& s) const {
        std::string to;
        for (const auto& u : s.users) to += " " + u;
        return fmt::format("{} [{}]>{} {} [{}] fee {} [{}] [{}] agent {} cause {} priority {} [{}] [{}] report {} pid {} udhi {} fmt {} type {} {}", s.source, s.charge, to, s.corporation, s.service, s.fee_type,
                           s.fee, s.given, s.agent, s.cause, s.priority, s.expires, s.at, s.report, s.pid, s.udhi, s.format, s.type, hex_of(s.content));
    }
    std::string operator()(const Deliver& d) const { return fmt::format("{}>{} pid {} udhi {} fmt {} {}", d.user, d.number, d.pid, d.udhi, d.format, hex_of(d.content)); }
    std::string operator()(const Report& r) const { return fmt::format("{} type {} {} state {} error {}", told(r.submitted), r.type, r.user, r.state, r.error); }
    std::string operator()(const UserReport& u) const { return fmt::format("{} {} condition {}", u.number, u.user, u.condition); }
    std::string operator()(const Trace& t) const { return fmt::format("{} {}", told(t.submitted), t.user); }
    std::string operator()(const TraceAnswer& a) const { return fmt::format("{} rows", a.rows.size()); }
};

std::string shown(const Decoded& d) {
    auto head = fmt::format("{:x} {}: ", d.header.command, told(d.header.sequence));
    return head + (d.readable ? std::visit(Show{}, d.body) : "unreadable");
}

struct Row { const char* vector; std::string pdu; };
const Row rows[] = {
    {"V-SGIP-01.1", "1 3010012345/1231235958/1: type 1 sp123 pw456"},
    {"V-SGIP-02.1", "80000001 3010012345/1231235958/1: result 0"},
    {"V-SGIP-02.2", "80000001 3010012345/1231235958/1: result 1"},
    {"V-SGIP-03.1", "3 0/301151218/1857753309: 106559125028 []> 8618657118636 61118 [] fee 2 [] [] agent 0 cause 0 priority 9 [] [] report 1 pid 0 udhi 0 fmt 0 type 0 32333361"},
    {"V-SGIP-04.1", "3 3010012345/1231235959/2: 10655001 [000000000000000000000]> 8613000130000 12345 [SVC01] fee 1 [0] [0] agent 0 cause 2 priority 0 [261231235959032+] [] report 1 pid 0 udhi 0 fmt 15 type 0 "
                    "a1beb2e2cad4a1bfc4e3bac3"},
    {"V-SGIP-05.1", "3 3010012345/1231235959/3: 106550018888 [000000000000000000000]> 8613000130000 8618600186000 12345 [SVC01] fee 1 [0] [0] agent 0 cause 2 priority 0 [] [] report 1 pid 0 udhi 0 fmt 8 type 0 "
                    "30106d4b8bd530114f60597d"},
    {"V-SGIP-06.1", "80000003 3010012345/1231235959/2: result 0"},
    {"V-SGIP-06.2", "80000003 3010012345/1231235959/2: result 11"},
    {"V-SGIP-07.1", "1 100101/1231235959/76: type 2 smg smgpw"},
    {"V-SGIP-08.1", "4 100101/1231235959/77: 8613000130000>106550018888 pid 0 udhi 0 fmt 15 cdcbb6a9"},
    {"V-SGIP-08.2", "80000004 100101/1231235959/77: result 0"},
    {"V-SGIP-09.1", "5 100101/101000001/78: 3010012345/1231235959/2 type 0 8613000130000 state 0 error 0"},
    {"V-SGIP-10.1", "5 100101/101000001/78: 3010012345/1231235959/2 type 0 8613000130000 state 2 error 27"},
    {"V-SGIP-10.2", "80000005 100101/101000001/78: result 0"},
    {"V-SGIP-11.1", "2 3010012345/1231235959/9: "},
    {"V-SGIP-11.2", "80000002 3010012345/1231235959/9: "},
    {"V-SGIP-12.1", "11 100101/101000002/79: 10655001 8613000130000 condition 1"},
    {"V-SGIP-12.2", "80000011 100101/101000002/79: result 0"},
    {"V-SGIP-13.1", "2 3010012345/1231235959/0: unreadable"},
    {"V-SGIP-13.2", "3 3010012345/1231235959/2: unreadable"},
};

}  // namespace

TEST_CASE("SGIP: every vector is read as what it says, and written as it was read") {
    auto vectors = test::vectors_of("sgip");
    std::set<std::string> seen;
    for (const auto& row : rows) {
        CAPTURE(row.vector);
        seen.insert(row.vector);
        const auto& bytes = vectors.at(row.vector);
        auto read = decode(bytes);
        if (read.readable) CHECK(shown(read) == row.pdu);
        CHECK(read.readable == (row.pdu.find("unreadable") == std::string::npos));
        if (!read.readable) continue;
        auto written = encode({read.header.command, read.header.sequence, read.body});
        REQUIRE(written);
        CHECK(hex_of(*written) == hex_of(bytes));
    }
    CHECK(seen.size() == vectors.size());
}

TEST_CASE("SGIP: a number of three words is a name, and stands where it belongs") {
    auto vectors = test::vectors_of("sgip");
    Sequence s{3010012345u, 1231235959, 2};
    CHECK(sgip::shown(s) == "b36924b949632b7700000002");
    auto other = with_sequence(vectors.at("V-SGIP-05.1"), s);
    CHECK(told(decode(other).header.sequence) == "3010012345/1231235959/2");
    CHECK(with_sequence(other, {3010012345u, 1231235959, 3}) == vectors.at("V-SGIP-05.1"));
}

TEST_CASE("SGIP: a trace, which only test ports have, is written as it is read") {
    Trace t{{1, 2, 3}, "8613000130000", ""};
    TraceAnswer a{{{0, "100101", "261122120000", "261122120001", ""}, {9, "100102", "", "", ""}}};
    for (const Pdu& pdu : {Pdu{trace, {1, 2, 4}, t}, Pdu{trace | response_bit, {1, 2, 4}, a}}) {
        auto frame = encode(pdu);
        REQUIRE(frame);
        CHECK(frame->size() == (pdu.command == trace ? 61u : 21u + 94));
        auto back = decode(*frame);
        CHECK(back.readable);
        CHECK(encode({back.header.command, back.header.sequence, back.body}).value() == *frame);
    }
}

TEST_CASE("SGIP: what careless peers leave out is read all the same") {
    auto vectors = test::vectors_of("sgip");
    for (const auto& [name, bytes] : vectors) {
        CAPTURE(name);
        auto whole = decode(bytes);
        if (!whole.readable || (whole.header.command & ~response_bit) == unbind) continue;
        auto shorter = bytes.substr(0, bytes.size() - 8);  // no Reserve
        shorter[3] = static_cast<char>(shorter.size());
        auto read = decode(shorter);
        CHECK(read.readable);
        CHECK(shown(read) == shown(whole));
    }
}

TEST_CASE("SGIP: a frame is never read beyond its end, wherever it ends") {
    for (const auto& [name, bytes] : test::vectors_of("sgip"))
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            CAPTURE(name);
            std::vector<char> exact(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
            (void)decode({exact.data(), exact.size()});
            if (size < 20) continue;
            for (int i = 0; i < 4; ++i) exact[static_cast<std::size_t>(i)] = static_cast<char>(static_cast<unsigned char>(size >> (8 * (3 - i))));
            auto read = decode({exact.data(), exact.size()});
            if (const auto* d = std::get_if<Deliver>(&read.body); d && read.readable) CHECK(d->content.size() < size);
        }
}

TEST_CASE("SGIP: what does not fit into its field is not written") {
    Submit s;
    s.users = {"8613800138000"};
    auto said = [&] {
        auto written = encode({submit, {}, s});
        return written ? std::string("written") : written.error().detail;
    };
    CHECK(said() == "written");
    s.source = std::string(22, '1');
    CHECK(said() == "SPNumber does not fit into its field");
    s.source = "1", s.corporation = "123456";
    CHECK(said() == "CorpId does not fit into its field");
    s.corporation.clear(), s.users.clear();
    CHECK(said() == "UserCount does not fit into its field");
    s.users = std::vector<std::string>(101, "1");
    CHECK(said() == "UserCount does not fit into its field");
    CHECK_FALSE(encode({bind_link, {}, Bind{1, std::string(17, 'n'), "", ""}}));
}
