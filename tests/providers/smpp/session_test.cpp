// What an ESME answers, PDU by PDU, with the machine of every link around it.
#include "providers/smpp/session.hpp"

#include <fmt/format.h>

#include "providers/link/session.hpp"
#include "tests/providers/smpp/site.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::smpp;
using test::from_hex;
using test::hex_of;
using test::smpp_settings;

namespace {

struct Centre {
    explicit Centre(const std::string& more = "", std::uint32_t bind = bind_transceiver) : esme(smpp_settings(more), bind), session(esme, {}, now, wall) {}

    Centre& bound() {
        CHECK(said() == "9/0/1");
        says({bind_transceiver | response_bit, ok, 1, BindAnswer{"SMSC", {}}});
        REQUIRE(session.state() == link::State::open);
        return *this;
    }
    void says(Pdu pdu) { says_octets(encode(pdu).value()); }
    void says_octets(const std::string& octets) { session.receive(octets, now, wall); }
    // command/status/sequence of each PDU that we wrote, in hexadecimal.
    std::string said() {
        std::string out;
        link::FrameReader frames({16, 70000});
        frames.feed(session.take_output());
        while (auto frame = frames.next()) {
            auto h = *read_header(*frame);
            out += fmt::format("{}{:x}/{:x}/{:x}", out.empty() ? "" : " ", h.command, h.status, h.sequence);
        }
        return out;
    }
    // Everything that is to be kept has been, or not.
    int keep(bool durable = true) {
        auto all = session.take_deliveries();
        for (const auto& one : all) session.answered(one.id, durable);
        return static_cast<int>(all.size());
    }

    Steady now = std::chrono::hours(1);
    Instant wall = *parse_rfc3339("2026-11-21T08:00:00+08:00");
    Esme esme;
    link::Session session;
};

std::string vector(const char* name) { return test::vectors_of("smpp").at(name); }

}  // namespace

TEST_CASE("SMPP: the bind is what the vectors have, as transceiver, transmitter and receiver") {
    for (const auto& [bind, name] : {std::pair{bind_transceiver, "V-SMPP-01.1"}, {bind_receiver, "V-SMPP-03.2"}}) {
        auto settings = *smpp_settings();
        settings.system_id = "esme01", settings.password = "pw123456";
        Esme esme(std::make_shared<const Settings>(settings), bind);
        CHECK(hex_of(esme.open(1, {})) == hex_of(vector(name)));
        CHECK(esme.sends() == (bind != bind_receiver));
    }
    Esme esme(smpp_settings(), bind_transceiver);
    CHECK(hex_of(esme.keep_alive(9)) == hex_of(vector("V-SMPP-26.1")));
    CHECK(hex_of(esme.close(10)) == hex_of(vector("V-SMPP-26.3")));
    CHECK(hex_of(esme.numbered(from_hex("00000010000000040000000000000000"), 0x01020304)) == "00000010000000040000000001020304");
}

TEST_CASE("SMPP: what a bind's answer means") {
    struct { std::uint32_t status; link::State state; bool refused; } rows[] = {{ok, link::State::open, false}, {0x0D, link::State::closed, true}, {0x0E, link::State::closed, true},
                                                                                 {0x0F, link::State::closed, true}, {0x53, link::State::closed, true}, {0x05, link::State::closed, false},
                                                                                 {0x08, link::State::closed, false}, {0x58, link::State::closed, false}};
    for (const auto& row : rows)
        for (bool body : {false, true}) {
            CAPTURE(row.status);
            Centre centre;
            centre.says(body ? Pdu{bind_transceiver | response_bit, row.status, 1, BindAnswer{"SMSC", {}}} : Pdu{bind_transceiver | response_bit, row.status, 1, Empty{}});
            CHECK(centre.session.state() == row.state);
            CHECK(centre.session.refused() == row.refused);
        }
    // A centre of 3.3 drops what stands in TLVs.
    struct { const char* how; int version; bool warned; } versions[] = {{"sar", 0x33, true}, {"payload", 0x33, true}, {"udh", 0x33, false}, {"sar", 0x34, false}, {"sar", 0x50, false}, {"sar", -1, false}};
    for (const auto& row : versions) {
        CAPTURE(std::string(row.how));
        Centre centre(fmt::format("long_texts = \"{}\"\n", row.how));
        Tlvs tlvs;
        if (row.version > 0) tlvs = {{sc_interface_version, std::string(1, static_cast<char>(row.version))}};
        centre.says({bind_transceiver | response_bit, ok, 1, BindAnswer{"SMSC", tlvs}});
        CHECK(centre.session.state() == link::State::open);
        CHECK(centre.session.take_warnings().size() == (row.warned ? 1 : 0));
    }
    Centre nacked;
    nacked.says({generic_nack, 0x03, 1, Empty{}});
    CHECK(nacked.session.state() == link::State::closed);
    Centre other;  // the answer to another kind of bind is none
    other.says({bind_transmitter | response_bit, ok, 1, BindAnswer{"SMSC", {}}});
    CHECK(other.session.state() == link::State::opening);
}

TEST_CASE("SMPP: requests of the centre, before we are bound and after") {
    struct { const char* what; std::string octets; const char *before, *after; } rows[] = {
        {"enquire_link", vector("V-SMPP-26.1"), "80000015/0/9", "80000015/0/9"},
        {"enquire_link with a number above the range", vector("V-SMPP-30.4"), "80000015/0/80000000", "80000015/0/80000000"},
        {"a text", vector("V-SMPP-14.1"), "80000005/4/10", "80000005/0/10"},
        {"a text with a number above the range", vector("V-SMPP-15.1"), "80000005/4/9f88f124", "80000005/0/9f88f124"},
        {"a text by data_sm", vector("V-SMPP-25.1"), "80000103/4/e", "80000103/0/e"},
        {"a report with a broken TLV", vector("V-SMPP-22.1"), "80000005/4/5", "80000005/0/5"},
        {"a part above what radio carries", vector("V-SMPP-16.1"), "80000005/4/9", "80000005/0/9"},
        {"an unknown command", vector("V-SMPP-30.3"), "80000000/3/a342ee7", "80000000/3/a342ee7"},
        {"a bind", vector("V-SMPP-02.1"), "80000009/4/39951", "80000009/5/39951"},
        {"a submit_sm", vector("V-SMPP-06.1"), "80000004/4/2", "80000004/4/2"},
        {"a query_sm", vector("V-SMPP-27.1"), "80000003/4/c", "80000003/4/c"},
        {"a cancel_sm", vector("V-SMPP-27.3"), "80000008/4/d", "80000008/4/d"},
        {"a replace_sm", vector("V-SMPP-27.4"), "80000007/4/4fe8", "80000007/4/4fe8"},
        {"a submit_multi", vector("V-SMPP-28.1"), "80000021/4/d", "80000021/4/d"},
        {"outbind", vector("V-SMPP-29.1"), "", ""},
        {"alert_notification", vector("V-SMPP-29.2"), "", ""},
        {"a generic_nack of nothing", vector("V-SMPP-26.5"), nullptr, ""},
        {"an answer of nothing", vector("V-SMPP-13.1"), "", ""},
        {"a query_sm_resp", vector("V-SMPP-27.2"), "", ""},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        if (row.before) {
            Centre early;
            (void)early.said();
            early.says_octets(row.octets);
            CHECK(early.keep() == 0);
            CHECK(early.said() == row.before);
            CHECK(early.session.state() == link::State::opening);
        }
        Centre centre;
        centre.bound().says_octets(row.octets);
        centre.keep();
        CHECK(centre.said() == row.after);
        CHECK(centre.session.state() == link::State::open);
    }
}

TEST_CASE("SMPP: a delivery is answered only when it is kept, to the octet as the vector has it") {
    Centre centre;
    centre.bound().says_octets(vector("V-SMPP-19.1"));
    CHECK(centre.said().empty());
    centre.keep();
    CHECK(hex_of(centre.session.take_output()) == hex_of(vector("V-SMPP-23.1")));
    centre.says_octets(vector("V-SMPP-19.1"));
    centre.keep(false);
    CHECK(hex_of(centre.session.take_output()) == "00000010800000050000006400000011");  // "send it again"
}

TEST_CASE("SMPP: answers to a submission") {
    struct { const char* what; Pdu pdu; const char* outcome; link::State state; } rows[] = {
        {"taken", {submit_sm | response_bit, ok, 2, MessageAnswer{"7f3a9c01", {}}}, "accepted", link::State::open},
        {"taken without an id", {submit_sm | response_bit, ok, 2, MessageAnswer{}}, "accepted", link::State::open},
        {"taken without a body", {submit_sm | response_bit, ok, 2, Empty{}}, "accepted", link::State::open},
        {"throttled", {submit_sm | response_bit, throttled, 2, Empty{}}, "throttled_channel", link::State::open},
        {"throttled with a NUL", {submit_sm | response_bit, throttled, 2, MessageAnswer{}}, "throttled_channel", link::State::open},
        {"refused for its number", {submit_sm | response_bit, 0x0B, 2, Empty{}}, "permanent_number", link::State::open},
        {"unknown", {submit_sm | response_bit, 0x1234, 2, Empty{}}, "ambiguous", link::State::open},
        {"not bound any more", {submit_sm | response_bit, invalid_bind_state, 2, Empty{}}, "retry", link::State::closing},
        {"nack", {generic_nack, 0x02, 2, Empty{}}, "permanent_config", link::State::open},
        {"nack without a status", {generic_nack, ok, 2, Empty{}}, "ambiguous", link::State::open},
    };
    for (auto& row : rows) {
        CAPTURE(row.what);
        Centre centre;
        centre.bound().session.submit(5, {encode({submit_sm, ok, 0, Message{}}).value()}, centre.now);
        CHECK(centre.said() == "4/0/2");
        centre.says(row.pdu);
        auto settled = centre.session.take_settled();
        REQUIRE(settled.size() == 1);
        CHECK(provider::outcome_name(settled[0].outcome) == row.outcome);
        CHECK(centre.session.state() == row.state);
    }
    // An answer that cannot be read says that there was one, and nothing else: longer than any id, without an end.
    Centre centre;
    centre.bound().session.submit(5, {encode({submit_sm, ok, 0, Message{}}).value()}, centre.now);
    (void)centre.said();
    auto octets = encode({submit_sm | response_bit, ok, 2, MessageAnswer{std::string(64, 'a'), {{1, std::string(10, 'b')}}}}).value();
    octets[16 + 64] = 'a';
    centre.says_octets(octets);
    auto settled = centre.session.take_settled();
    REQUIRE(settled.size() == 1);
    CHECK(provider::outcome_name(settled[0].outcome) == "ambiguous");
}

TEST_CASE("SMPP: the end, from either side") {
    Centre ours;
    ours.bound().session.close(ours.now);
    CHECK(ours.said() == "6/0/2");
    ours.says_octets(vector("V-SMPP-14.1"));  // answered until the end
    CHECK(ours.keep() == 1);
    CHECK(ours.said() == "80000005/0/10");
    ours.says_octets(from_hex("0000001180000006000000000000000200"));  // an octet too many
    CHECK(ours.session.state() == link::State::closed);

    Centre theirs;
    theirs.bound().says_octets(vector("V-SMPP-26.3"));
    CHECK(theirs.said() == "80000006/0/a");
    CHECK(theirs.session.state() == link::State::closed);

    Centre length;
    length.bound().says_octets(vector("V-SMPP-30.1"));
    CHECK(length.said() == "80000000/2/0");
    CHECK(length.session.state() == link::State::closed);
    Centre huge;
    huge.bound().says_octets(vector("V-SMPP-30.2"));
    CHECK(huge.said() == "80000000/2/0");
    CHECK(huge.session.state() == link::State::closed);
}

TEST_CASE("SMPP: what cannot be read is answered with its status, and the link stays") {
    struct { const char* what; std::string octets; const char* answer; } rows[] = {
        {"no body", from_hex("00000010000000050000000000000007"), "80000005/2/7"},
        {"a string without an end", from_hex("00000018000000050000000000000007") + "abcdefgh", "80000005/2/7"},
        {"sm_length beyond the end", from_hex("00000023000000050000000000000007") + from_hex("000000000000000000000000000000000509"), "80000005/1/7"},
        {"data_sm without a body", from_hex("00000010000001030000000000000007"), "80000103/2/7"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Centre centre;
        auto octets = row.octets;
        octets[3] = static_cast<char>(octets.size());
        centre.bound().says_octets(octets);
        CHECK(centre.keep() == 0);
        CHECK(centre.said() == row.answer);
        CHECK(centre.session.state() == link::State::open);
    }
}
