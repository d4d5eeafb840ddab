// An SP and its texts: what is sent, what each PDU of a gateway means, and what a hostile one gets.
#include "providers/cmpp/session.hpp"

#include <fmt/format.h>

#include <vector>

#include "daemon/text/octets.hpp"
#include "providers/cmpp/text.hpp"
#include "providers/link/coding.hpp"
#include "providers/link/session.hpp"
#include "tests/providers/cmpp/site.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::cmpp;
using namespace pingjing::provider;
using test::cmpp_settings;
using test::from_hex;
using test::hex_of;

namespace {

constexpr auto v2 = Version::v2, v3 = Version::v3;
const Instant noon = *parse_rfc3339("2026-11-22T12:00:00+08:00");

std::string times(const char* piece, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += piece;
    return out;
}

std::vector<Submit> submits(const Settings& settings, const std::string& text, const std::string& extension = "") {
    SeededRandom random(5);
    link::References references(random);
    auto frames = build_submits(settings, Submission("r1", *Phone::mobile("13800138000"), Text(text), extension, std::chrono::hours(2)), references, noon);
    REQUIRE(frames);
    std::vector<Submit> out;
    for (const auto& frame : *frames) out.push_back(std::get<Submit>(decode(frame, settings.version).body));
    return out;
}

struct Gateway {
    explicit Gateway(Version v = v2) : version(v), sp(cmpp_settings(v)), session(sp, {}, now, noon) {}
    Gateway& open() {
        auto login = session.take_output();
        auto c = std::get<Connect>(decode(login, version).body);
        says({cmpp::connect | response_bit, 1, ConnectAnswer{0, answer_authenticator_of(0, c.authenticator, "s3cret", version), static_cast<std::uint8_t>(version)}});
        REQUIRE(session.state() == link::State::open);
        return *this;
    }
    void says(Pdu pdu) { session.receive(encode(pdu, version).value(), now, noon); }
    int keep(bool durable = true) {
        auto all = session.take_deliveries();
        for (const auto& one : all) session.answered(one.id, durable);
        return static_cast<int>(all.size());
    }
    std::string said() { return hex_of(session.take_output()); }

    Version version;
    Steady now = std::chrono::hours(1);
    Sp sp;
    link::Session session;
};

std::string vector(const char* name) { return test::vectors_of("cmpp").at(name); }

}  // namespace

TEST_CASE("CMPP: a survey is, to the octet, what other encoders have") {
    SeededRandom random(5);
    link::References references(random);
    for (const auto& [version, name] : {std::pair{v2, "V-CMPP-11.1"}, {v3, "V-CMPP-12.1"}}) {
        CAPTURE(name);
        auto settings = cmpp_settings(version, "validity_form = \"none\"\n");
        auto frames = build_submits(*settings, Submission("r1", *Phone::mobile("13800138000"), Text("【测试】你好"), "", std::chrono::hours(2)), references, noon);
        REQUIRE(frames);
        REQUIRE(frames->size() == 1);
        Sp sp(settings);
        CHECK(hex_of(sp.numbered(frames->front(), 2)) == hex_of(vector(name)));
    }
}

TEST_CASE("CMPP: formats, parts and fields of a survey") {
    auto one = submits(*cmpp_settings(), "【测试】你好", "07")[0];
    CHECK(one.source == "1069000107");
    CHECK(one.valid_until == "261122140000032+");
    CHECK(one.account == "901234");

    struct { std::string text; bool gbk; int format; std::vector<std::size_t> octets; } rows[] = {
        {"Rate us: 1 good @_$", false, 0, {19}},                         // ASCII, not GSM
        {"5€", true, 8, {4}}, {times("a", 140), false, 0, {140}}, {times("a", 141), false, 0, {140, 13}},
        {times("中", 70), false, 8, {140}}, {times("中", 71), false, 8, {140, 14}},
        {times("中", 66) + "😀" + times("文", 5), false, 8, {138, 20}},  // no pair is cut
        {times("中", 70), true, 15, {140}}, {"a" + times("中", 70), true, 15, {139, 14}},  // no character is cut
        {"你好😀", true, 8, {8}},                                        // which GBK lacks
        {"é", false, 8, {2}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        auto sent = submits(*cmpp_settings(v2, row.gbk ? "gbk = true\n" : ""), row.text);
        std::vector<std::size_t> octets;
        for (const auto& part : sent) octets.push_back(part.content.size());
        CHECK(octets == row.octets);
        CHECK(sent[0].format == row.format);
        CHECK(sent[0].udhi == (sent.size() > 1 ? 1 : 0));
        CHECK(sent.back().number == sent.size());
        CHECK(sent.back().total == sent.size());
        if (sent.size() > 1) CHECK(hex_of(sent[1].content.substr(0, 3)) == "050003");
    }
    CHECK(hex_of(submits(*cmpp_settings(v3, "long_texts = \"udh16\"\n"), times("中", 71))[1].content.substr(0, 3)) == "060804");
    CHECK(submits(*cmpp_settings(v3, "long_texts = \"udh16\"\n"), times("中", 71))[0].content.size() == 7 + 132);
    CHECK(submits(*cmpp_settings(v2, "receipts = false\n"), "1")[0].report == 0);
    SeededRandom random(5);
    link::References references(random);
    for (const auto& text : {std::string(), std::string("\xff"), std::string("a\0b", 3)})
        CHECK_FALSE(build_submits(*cmpp_settings(), Submission("r1", *Phone::mobile("13800138000"), Text(text), "", std::chrono::hours(2)), references, noon));
}

TEST_CASE("CMPP: the sign that the gateway puts in front is not sent, and has its room") {
    const std::string sign = "【某某市公安局】";  // eight characters
    struct { std::string text; bool gbk; int format; std::vector<std::size_t> octets; } rows[] = {
        {times("中", 62), false, 8, {124}},                       // 70 with it
        {times("中", 63), false, 8, {6 + 59 * 2, 6 + 4 * 2}},     // 71: the first part is full when the sign is in it
        {times("a", 62), false, 8, {124}},                        // it has to be said in the coding that the sign needs
        {times("a", 125), true, 15, {6 + 118, 6 + 7}},
        {times("中", 62), true, 15, {124}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        SeededRandom random(5);
        link::References references(random);
        Submission submission("r1", *Phone::mobile("13800138000"), Text(row.text), "07", std::chrono::hours(2));
        submission.carrier_adds = sign;
        auto settings = cmpp_settings(v2, row.gbk ? "gbk = true\n" : "");
        auto frames = build_submits(*settings, submission, references, noon);
        REQUIRE(frames);
        std::vector<std::size_t> octets;
        std::string joined;
        for (const auto& frame : *frames) {
            auto sent = std::get<Submit>(decode(frame, v2).body);
            octets.push_back(sent.content.size());
            CHECK(sent.format == row.format);
            joined += sent.content.substr(sent.udhi ? 6 : 0);
        }
        CHECK(octets == row.octets);
        CHECK(read_octets(joined, link::charset_of_format(static_cast<std::uint8_t>(row.format))) == row.text);
        CHECK(link::count_parts(sign + row.text, row.gbk, false) == static_cast<int>(octets.size()));
    }
    SeededRandom random(5);
    link::References references(random);
    CHECK_FALSE(link::cut_text("a", false, false, references, times("中", 100)));
}

TEST_CASE("CMPP: a Result says what it proves, and no more") {
    auto second = cmpp_settings(v2, "[results]\n\"101\" = \"opted_out\"\n\"9\" = \"permanent_number\"\n"), third = cmpp_settings(v3);
    struct { std::uint32_t result; const char *of_2, *of_3; } rows[] = {
        {3, "ambiguous", "ambiguous"}, {54, "ambiguous", "ambiguous"}, {55, "ambiguous", "ambiguous"}, {73, "ambiguous", "ambiguous"}, {8, "throttled_channel", "throttled_channel"},
        {77, "throttled_channel", "throttled_channel"}, {88, "throttled_channel", "throttled_channel"}, {7, "permanent_config", "permanent_config"}, {6, "permanent_content", "permanent_content"},
        {13, "permanent_number", "permanent_number"}, {9, "permanent_number", "permanent_number"}, {69, "opted_out", "opted_out"}, {101, "opted_out", "ambiguous"}, {208, "channel_down_balance", "channel_down_balance"},
        {4000000000u, "ambiguous", "ambiguous"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.result);
        CHECK(outcome_name(read_result(*second, row.result).outcome) == row.of_2);
        CHECK(outcome_name(read_result(*third, row.result).outcome) == row.of_3);
    }
    CHECK(outcome_name(read_result(*cmpp_settings(), 9).outcome) == "ambiguous");
}

TEST_CASE("CMPP: the login says who we are, and its answer what we are told") {
    Gateway gateway;
    auto login = decode(gateway.session.take_output(), v2);
    auto c = std::get<Connect>(login.body);
    CHECK(c.source == "901234");
    CHECK(c.version == 0x20);
    CHECK(c.timestamp == 1122120000);
    CHECK(hex_of(c.authenticator) == hex_of(authenticator_of("901234", "s3cret", 1122120000)));
    // Of a shorter account gateways compute it in two ways.
    for (bool padded : {false, true}) {
        auto settings = *cmpp_settings(v2, padded ? "padded_digest = true\n" : "");
        settings.sp_id = "9012";
        Sp sp(std::make_shared<const Settings>(settings));
        auto connect = std::get<Connect>(decode(sp.open(1, noon), v2).body);
        CHECK(connect.source == "9012");
        CHECK(hex_of(connect.authenticator) == hex_of(authenticator_of(padded ? std::string("9012\0\0", 6) : "9012", "s3cret", 1122120000)));
    }
    struct { std::uint32_t status; bool refused; } rows[] = {{1, true}, {2, true}, {3, true}, {4, true}, {57, true}, {5, false}, {55, false}, {56, false}};
    for (const auto& row : rows)
        for (auto version : {v2, v3}) {
            CAPTURE(row.status);
            Gateway refusing(version);
            refusing.says({cmpp::connect | response_bit, 1, ConnectAnswer{row.status, std::string(16, '\0'), 0x20}});
            CHECK(refusing.session.state() == link::State::closed);
            CHECK(refusing.session.refused() == row.refused);
        }
    Gateway right;
    right.open();
    CHECK(right.session.take_warnings().empty());
    Gateway odd;  // a digest of its own making is said, and nothing more
    odd.says({cmpp::connect | response_bit, 1, ConnectAnswer{0, std::string(16, 'x'), 0x30}});
    CHECK(odd.session.state() == link::State::open);
    auto warnings = odd.session.take_warnings();
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0] == "the gateway's digest is not what the specification says; the gateway says version 0x30, this channel speaks 0x20");
}

TEST_CASE("CMPP: texts and reports of a gateway, and their answers to the octet") {
    struct { const char* name; Version version; const char *text, *extension; } texts[] = {
        {"V-CMPP-19.1", v2, "This is a test MO.", ""}, {"V-CMPP-20.1", v3, "This is a test MO.", ""}, {"V-CMPP-21.1", v2, "退订", "8888"}, {"V-CMPP-22.1", v3, "退订", "8888"}};
    for (const auto& row : texts) {
        CAPTURE(row.name);
        Gateway gateway(row.version);
        gateway.open();
        gateway.session.receive(vector(row.name), gateway.now, noon);
        auto all = gateway.session.take_deliveries();
        REQUIRE(all.size() == 1);
        auto text = std::get<InboundText>(all[0].delivery.inbound.at(0));
        CHECK(text.text.reveal() == row.text);
        CHECK(text.extension == row.extension);
        CHECK(text.key.size() == 16);
        CHECK(text.key_recurs);
        CHECK_FALSE(text.part);
    }
    for (const auto& [name, answer, version] : {std::tuple{"V-CMPP-25.1", "V-CMPP-30.1", v2}, {"V-CMPP-26.1", "V-CMPP-30.2", v3}}) {
        Gateway gateway(version);
        gateway.open();
        gateway.session.receive(vector(name), gateway.now, noon);
        CHECK(gateway.said().empty());
        auto all = gateway.session.take_deliveries();
        REQUIRE(all.size() == 1);
        auto receipt = std::get<Receipt>(all[0].delivery.inbound.at(0));
        CHECK(receipt.vendor_id == "cfdfbe8027111234");
        CHECK(receipt.phone->reveal() == "13800138000");
        CHECK(receipt.state == (version == v2 ? ReceiptState::delivered : ReceiptState::failed));
        gateway.session.answered(all[0].id, true);
        CHECK(gateway.said() == hex_of(vector(answer)));
    }
    // Live captures of 3.0: a report of 60 octets, one with a short word, a text with the header flag of SMPP.
    auto settings = cmpp_settings(v3, "receipt_offset = \"+08:00\"\n");
    auto read = [&](const char* name) {
        auto bytes = std::string("\0\0\0\0\0\0\0\5\0\0\0\7", 12) + vector(name);
        bytes[2] = static_cast<char>(bytes.size() >> 8), bytes[3] = static_cast<char>(bytes.size() & 0xFF);
        return *read_delivery(*settings, std::get<Deliver>(decode(bytes, v3).body));
    };
    CHECK(std::get<Receipt>(read("V-CMPP-27.1")).vendor_id == "c2cf8400a37359d8");
    CHECK(format_utc(*std::get<Receipt>(read("V-CMPP-27.1")).at) == "2022-12-05T11:56:00Z");
    CHECK(std::get<Receipt>(read("V-CMPP-28.1")).state == ReceiptState::failed);
    CHECK(std::get<Receipt>(read("V-CMPP-28.1")).code == "AF:4");
    CHECK_FALSE(std::get<InboundText>(read("V-CMPP-29.1")).part);  // part one of one
    Deliver d;
    d.udhi = 64, d.format = 8, d.source = "13800138000", d.destination = "1069000107", d.content = from_hex("05000309020290008ba2");
    auto part = std::get<InboundText>(*read_delivery(*settings, d));
    REQUIRE(part.part);
    CHECK(part.part->number == 2);
    CHECK(part.extension == "07");
    CHECK(part.key.empty());
    for (const auto& [stat, state] : {std::pair{"DELIVRD", ReceiptState::delivered}, {"ACCEPTD", ReceiptState::buffered}, {"UNKNOWN", ReceiptState::unknown}, {"EXPIRED", ReceiptState::expired},
                                      {"MA:0054", ReceiptState::failed}, {"XYZ", ReceiptState::failed}, {"", ReceiptState::unknown}}) {
        CAPTURE(stat);
        d.report = 1, d.content = write_report({1, stat, "", "", "13800138000", 0}, v3);
        CHECK(std::get<Receipt>(*read_delivery(*settings, d)).state == state);
    }
}

TEST_CASE("CMPP: keep-alive, the end, and answers to a submission") {
    Gateway gateway;
    gateway.open();
    gateway.session.receive(vector("V-CMPP-31.1"), gateway.now, noon);
    CHECK(gateway.said() == hex_of(vector("V-CMPP-31.2")));
    gateway.session.submit(1, {encode({submit, 0, Submit{.destinations = {"1"}}}, v2).value()}, gateway.now);
    (void)gateway.said();
    gateway.session.receive(vector("V-CMPP-15.1"), gateway.now, noon);
    auto settled = gateway.session.take_settled();
    REQUIRE(settled.size() == 1);
    CHECK(std::get<Accepted>(settled[0].outcome).vendor_ids == std::vector<std::string>{"cfdfbe8027111234"});
    gateway.session.submit(2, {encode({submit, 0, Submit{.destinations = {"1"}}}, v2).value()}, gateway.now);
    (void)gateway.said();
    gateway.says({submit | response_bit, 3, SubmitAnswer{0, 8}});
    CHECK(outcome_name(gateway.session.take_settled().at(0).outcome) == "throttled_channel");
    gateway.session.receive(vector("V-CMPP-32.1"), gateway.now, noon);
    CHECK(gateway.said() == hex_of(vector("V-CMPP-32.2")));
    CHECK(gateway.session.state() == link::State::closed);

    Gateway not_kept;
    not_kept.open();
    not_kept.session.receive(vector("V-CMPP-25.1"), not_kept.now, noon);
    not_kept.keep(false);
    CHECK(not_kept.said() == "000000158000000500000008108000402711000108");
}

TEST_CASE("CMPP: settings are checked all at once, each with its line") {
    auto bad = test::read_cmpp("host = \"h\"\nsp_id = \"1234567\"\npassword = \"p\"\nsource = \"1069\"\nservice_id = \"much too long\"\ntls = true\nlong_texts = \"sar\"\n[results]\n\"0x8\" = \"retry\"\n");
    CHECK_FALSE(bad.settings);
    for (const char* expected : {"p.toml:2: sp_id: expected at most 6", "p.toml:5: service_id: expected at most 10", "p.toml:6: ", "p.toml:7: long_texts = \"sar\"", "p.toml:9: 0x8: expected a code such as 101"}) {
        CAPTURE(bad.problems);
        CHECK(bad.problems.find(expected) != std::string::npos);
    }
}

TEST_CASE("CMPP: a hostile gateway is answered, ignored or hung up on, and nothing is settled by it") {
    enum class Must { keep, refuse, answer, be_silent, hang_up, wait };
    struct Evil { std::string why, octets; Must must; Version version; };
    std::vector<Evil> all;
    SeededRandom random(13);
    auto with_length = [](std::string octets, std::size_t length) {
        for (std::size_t i = 0; i < 4; ++i) octets[i] = static_cast<char>(static_cast<unsigned char>(length >> (8 * (3 - i))));
        return octets;
    };
    for (const auto& [name, vector] : test::vectors_of("cmpp")) {
        if (vector.size() < 12 || vector.size() != decode(vector, v2).header.length) continue;
        auto command = decode(vector, v2).header.command;
        if ((command & ~response_bit) == terminate) continue;
        auto octets = vector;
        if (command & response_bit) octets[8] = 0x33;  // the number of no request of ours
        bool third = name == "V-CMPP-20.1" || name == "V-CMPP-22.1" || name == "V-CMPP-26.1";
        auto version = third ? v3 : v2;
        for (std::size_t size : {std::size_t(3), std::size_t(11), octets.size() - 1}) all.push_back({name + " cut", octets.substr(0, size), Must::wait, version});
        for (std::size_t length : {std::size_t(0), std::size_t(11), std::size_t(4097), std::size_t(0xffffffff)}) all.push_back({name + " of another length", with_length(octets, length), Must::hang_up, version});
        auto content_ends = octets.size() - (third ? 20 : 8);
        for (std::size_t size = 12; size < octets.size(); size += 3) {
            auto must = command == active_test ? Must::answer : command != deliver ? Must::be_silent : size >= content_ends ? Must::keep : Must::refuse;
            all.push_back({fmt::format("{} shortened to {}", name, size), with_length(octets.substr(0, size), size), must, version});
        }
        auto other = octets;
        other[8] = '\xff', other[9] = '\xff', other[10] = '\xff', other[11] = '\xff';
        all.push_back({name + " with a huge number", other, command == active_test ? Must::answer : command == deliver ? Must::keep : Must::be_silent, version});
        if (command != deliver) continue;
        for (int i = 0; i < 8; ++i) {
            auto changed = octets;
            changed[12 + random.below(octets.size() - 12)] = static_cast<char>(random.below(256));
            all.push_back({name + " with another octet", changed, Must::answer, version});
        }
        for (std::size_t more : {1u, 100u, 3000u}) all.push_back({name + " with a long tail", with_length(octets + std::string(more, 'x'), octets.size() + more), Must::keep, version});
    }
    for (std::uint32_t command : {0u, 3u, 9u, 0x10u, 0x1234u, 0x80000009u, 0x7fffffffu, 0xffffffffu})
        for (std::size_t size : {12u, 13u, 100u, 4096u})
            all.push_back({fmt::format("command {:x}", command), std::move(link::Writer().u32(size).u32(command).u32(7).octets(std::string(size - 12, '\x01'))).take(), Must::be_silent, v2});
    MESSAGE("PDUs: " << all.size());
    CHECK(all.size() >= 500);
    for (const auto& evil : all) {
        CAPTURE(evil.why);
        Gateway gateway(evil.version);
        gateway.open().session.submit(1, {encode({submit, 0, Submit{.destinations = {"1"}}}, evil.version).value()}, gateway.now);
        (void)gateway.said();
        std::vector<char> exact(evil.octets.begin(), evil.octets.end());
        gateway.session.receive({exact.data(), exact.size()}, gateway.now, noon);
        auto kept = gateway.keep();
        auto said = gateway.session.take_output();
        if (evil.must == Must::hang_up) {
            CHECK(gateway.session.state() == link::State::closed);
            CHECK(said.empty());
            continue;
        }
        CHECK(gateway.session.state() == link::State::open);
        CHECK(gateway.session.take_settled().empty());
        CHECK(kept == (evil.must == Must::keep ? 1 : evil.must == Must::answer && said.size() > 13 && said.back() == 0 ? kept : 0));
        if (evil.must == Must::wait || evil.must == Must::be_silent) {
            CHECK(said.empty());
            continue;
        }
        auto answer = decode(said, evil.version);
        CHECK(answer.readable);
        CHECK(answer.header.command == (decode(evil.octets, evil.version).header.command | response_bit));
        CHECK(answer.header.sequence == decode(evil.octets, evil.version).header.sequence);
        if (evil.must == Must::keep) CHECK(std::get<DeliverAnswer>(answer.body).result == 0);
        if (evil.must == Must::refuse) CHECK(std::get<DeliverAnswer>(answer.body).result != 0);
    }
    // The same before we were let in: nothing is taken from who has not said that he knows us.
    for (const auto& evil : all) {
        CAPTURE(evil.why);
        auto command = link::Reader(std::string_view(evil.octets).substr(std::min<std::size_t>(4, evil.octets.size()))).u32();
        if (command == (cmpp::connect | response_bit)) continue;  // which has tests of its own
        Gateway gateway(evil.version);
        (void)gateway.said();
        gateway.session.receive(evil.octets, gateway.now, noon);
        CHECK(gateway.session.state() == (evil.must == Must::hang_up ? link::State::closed : link::State::opening));
        CHECK(gateway.session.take_deliveries().empty());
        CHECK(gateway.session.take_settled().empty());
        bool asks = command == active_test && evil.must == Must::answer;
        CHECK(gateway.said().empty() == !asks);
    }
}
