// An SP and its texts: what is sent, what each PDU of a gateway means, and what a hostile one gets.
#include "providers/smgp/session.hpp"

#include <fmt/format.h>

#include <vector>

#include "providers/link/session.hpp"
#include "providers/smgp/text.hpp"
#include "tests/providers/smgp/site.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::smgp;
using namespace pingjing::provider;
using test::from_hex;
using test::hex_of;
using test::smgp_settings;

namespace {

const Instant noon = *parse_rfc3339("2026-11-22T12:00:00+08:00");

std::string times(const char* piece, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += piece;
    return out;
}

Submission survey(const std::string& text, const std::string& extension = "", const char* phone = "18900189000") {
    return Submission("r1", *Phone::mobile(phone), Text(text), extension, std::chrono::hours(2));
}

std::vector<Submit> submits(const Settings& settings, const std::string& text, const std::string& extension = "") {
    SeededRandom random(5);
    link::References references(random);
    auto frames = build_submits(settings, survey(text, extension), references, noon);
    REQUIRE(frames);
    std::vector<Submit> out;
    for (const auto& frame : *frames) out.push_back(std::get<Submit>(decode(frame, settings.version).body));
    return out;
}

struct Gateway {
    explicit Gateway(Mode mode = Mode::both, const std::string& more = "") : sp(smgp_settings(more), mode), session(sp, {}, now, noon) {}
    Gateway& open() {
        auto l = std::get<Login>(decode(session.take_output()).body);
        says({smgp::login | response_bit, 1, LoginAnswer{0, answer_authenticator_of(0, l.authenticator, "s3cret"), 0x30}});
        REQUIRE(session.state() == link::State::open);
        return *this;
    }
    void says(Pdu pdu) { hears(encode(pdu).value()); }
    void hears(std::string_view octets) { session.receive(octets, now, noon); }
    int keep(bool durable = true) {
        auto all = session.take_deliveries();
        for (const auto& one : all) session.answered(one.id, durable);
        return static_cast<int>(all.size());
    }
    std::string said() { return hex_of(session.take_output()); }
    void submit(std::uint64_t ticket) {
        session.submit(ticket, {encode({smgp::submit, 0, Submit{.destinations = {"1"}}}).value()}, now);
        (void)said();
    }

    Steady now = std::chrono::hours(1);
    Sp sp;
    link::Session session;
};

std::string vector(const char* name) { return test::vectors_of("smgp").at(name); }

}  // namespace

TEST_CASE("SMGP: a survey is, to the octet, what other encoders have") {
    SeededRandom random(5);
    link::References references(random);
    auto settings = smgp_settings("validity_form = \"none\"\ngbk = true\n");
    auto frames = build_submits(*settings, survey("【测试】你好"), references, noon);
    REQUIRE(frames);
    REQUIRE(frames->size() == 1);
    CHECK(hex_of(Sp(settings, Mode::both).numbered(frames->front(), 2)) == hex_of(vector("V-SMGP-05.1")));

    auto first = submits(*smgp_settings("validity_form = \"none\"\nsp_code = \"12345678\"\n"), times("中", 71))[0];
    auto model = std::get<Submit>(decode(vector("V-SMGP-06.1")).body);
    model.content = first.content;
    CHECK(hex_of(encode({submit, 3, first}).value()) == hex_of(encode({submit, 3, model}).value()));
}

TEST_CASE("SMGP: formats, parts, TLVs and fields of a survey") {
    auto one = submits(*smgp_settings("charge_number = \"10690001\"\n"), "【测试】你好", "07")[0];
    CHECK(one.source == "1069000107");
    CHECK(one.charge == "10690001");
    CHECK(one.valid_until == "261122140000032+");
    CHECK(one.report == 1);
    CHECK(one.tlvs.empty());

    struct { std::string text; bool gbk; int format; std::vector<std::size_t> octets; } rows[] = {
        {"Rate us: 1 good @_$", false, 0, {19}}, {times("a", 140), false, 0, {140}}, {times("a", 141), false, 0, {140, 13}},
        {times("中", 70), false, 8, {140}}, {times("中", 71), false, 8, {140, 14}}, {times("中", 66) + "😀" + times("文", 5), false, 8, {138, 20}},
        {times("中", 70), true, 15, {140}}, {"a" + times("中", 70), true, 15, {139, 14}}, {"1满意 😀", true, 8, {12}}, {"5€", true, 8, {4}}, {"1满意", true, 15, {5}}, {times("中", 66) + "abcd", true, 15, {136}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        auto sent = submits(*smgp_settings(row.gbk ? "gbk = true\n" : ""), row.text);
        std::vector<std::size_t> octets;
        for (const auto& part : sent) octets.push_back(part.content.size());
        CHECK(octets == row.octets);
        CHECK(sent[0].format == row.format);
        bool several = sent.size() > 1;
        CHECK(tlv_octet(sent.back().tlvs, tp_udhi).has_value() == several);
        if (!several) continue;
        CHECK(tlv_octet(sent.back().tlvs, pk_total) == sent.size());
        CHECK(tlv_octet(sent.back().tlvs, pk_number) == sent.size());
        CHECK(tlv_octet(sent[0].tlvs, pk_number) == 1);
        CHECK(hex_of(sent[1].content.substr(0, 3)) == "050003");
    }
    CHECK(hex_of(submits(*smgp_settings("long_texts = \"udh16\"\n"), times("中", 71))[1].content.substr(0, 3)) == "060804");
    CHECK(submits(*smgp_settings("receipts = false\n"), "1")[0].report == 0);
    CHECK(submits(*smgp_settings("version = \"1.3\"\nfixed_fee = \"5\"\n"), "1")[0].fixed_fee.empty());
    CHECK(find_tlv(submits(*smgp_settings("product_code = \"P1\"\n"), "1")[0].tlvs, mservice_id) == "P1" + std::string(19, '\0'));
    SeededRandom random(5);
    link::References references(random);
    for (const auto& text : {std::string(), std::string("\xff"), std::string("a\0b", 3), times("中", 67 * 255 + 1)}) CHECK_FALSE(build_submits(*smgp_settings(), survey(text), references, noon));
    CHECK(build_submits(*smgp_settings(), survey(times("中", 67 * 255)), references, noon)->size() == 255);
}

TEST_CASE("SMGP: a Status says what it proves, and no more") {
    auto settings = smgp_settings("[statuses]\n\"131\" = \"permanent_number\"\n\"1\" = \"retry\"\n");
    struct { std::uint32_t status; const char* says; bool known = true; } rows[] = {
        {2, "retry"}, {10, "permanent_config"}, {11, "permanent_config"}, {12, "ambiguous"}, {20, "channel_down_auth"}, {21, "channel_down_auth"}, {22, "permanent_config"},
        {30, "permanent_config"}, {33, "permanent_config"}, {34, "permanent_content"}, {37, "permanent_content"}, {38, "permanent_config"}, {39, "permanent_number"}, {40, "permanent_config"},
        {43, "permanent_config"}, {44, "permanent_content"}, {46, "permanent_config"}, {47, "permanent_number"}, {48, "permanent_config"}, {49, "permanent_config"}, {57, "permanent_config"},
        {58, "permanent_number"}, {59, "permanent_config"}, {73, "permanent_config"}, {74, "throttled_channel"}, {75, "throttled_channel"}, {76, "channel_down_auth"},
        {131, "permanent_number"}, {1, "retry"}, {3, "ambiguous", false}, {50, "ambiguous", false}, {77, "ambiguous", false}, {130, "ambiguous", false}, {4000000000u, "ambiguous", false},
    };
    for (const auto& row : rows) {
        CAPTURE(row.status);
        auto read = read_status(*settings, row.status);
        CHECK(outcome_name(read.outcome) == row.says);
        CHECK(read.known == row.known);
    }
    CHECK(outcome_name(read_status(*smgp_settings(), 1).outcome) == "throttled_channel");
    CHECK(std::get<Throttled>(read_status(*settings, 75).outcome).after == std::chrono::hours(1));
    CHECK(outcome_detail(read_status(*settings, 130).outcome) == "Status 130, which is in no table");
    CHECK(outcome_detail(read_status(*settings, 47).outcome) == "Status 47: 被叫号码错误 DestTermID");
}

TEST_CASE("SMGP: the login says who we are, and its answer what we are told") {
    Gateway gateway;
    auto l = std::get<Login>(decode(gateway.session.take_output()).body);
    CHECK(l.client == "10690001");
    CHECK(l.mode == 2);
    CHECK(l.version == 0x30);
    CHECK(l.timestamp == 1122120000);
    CHECK(hex_of(l.authenticator) == hex_of(authenticator_of("10690001", "s3cret", 1122120000)));
    CHECK(std::get<Login>(decode(Gateway(Mode::receive, "version = \"1.3\"\n").session.take_output()).body).version == 0x13);
    struct { std::uint32_t status; bool refused; } rows[] = {{3, true}, {20, true}, {21, true}, {22, true}, {76, true}, {200, true}, {1, false}, {2, false}, {12, false}};
    for (const auto& row : rows) {
        CAPTURE(row.status);
        Gateway refusing;
        refusing.says({smgp::login | response_bit, 1, LoginAnswer{row.status, std::string(16, '\0'), 0x30}});
        CHECK(refusing.session.state() == link::State::closed);
        CHECK(refusing.session.refused() == row.refused);
    }
    Gateway cut;
    cut.hears(from_hex("00000014800000010000000100000000" "00000000"));  // 0, and half a digest
    CHECK(cut.session.state() == link::State::closed);
    CHECK_FALSE(cut.session.refused());
    Gateway right;
    right.open();
    CHECK(right.session.take_warnings().empty());
    Gateway odd;  // a digest of its own making is said, and nothing more
    odd.says({smgp::login | response_bit, 1, LoginAnswer{0, std::string(16, 'x'), 0x30}});
    CHECK(odd.session.state() == link::State::open);
    CHECK(odd.session.take_warnings().size() == 1);
}

TEST_CASE("SMGP: of a pair one sends and both hear") {
    Gateway receiver(Mode::receive);
    receiver.open();
    CHECK(receiver.session.room() == 0);
    receiver.hears(vector("V-SMGP-09.1"));
    CHECK(receiver.keep() == 1);
    Gateway sender(Mode::send);
    CHECK(sender.open().session.room() == 16);
}

TEST_CASE("SMGP: texts and reports of a gateway, and their answers to the octet") {
    Gateway gateway;
    gateway.open();
    gateway.hears(vector("V-SMGP-09.1"));
    auto texts = gateway.session.take_deliveries();
    REQUIRE(texts.size() == 1);
    auto text = std::get<InboundText>(texts[0].delivery.inbound.at(0));
    CHECK(text.text.reveal() == "退订");
    CHECK(text.from.reveal() == "18900189000");
    CHECK(text.extension == "8888");
    CHECK(text.key == "01006101161701000001");
    CHECK(text.key_recurs);
    gateway.session.answered(texts[0].id, true);
    CHECK(gateway.said() == "0000001a80000003000000070100610116170100000100000000");

    gateway.hears(vector("V-SMGP-14.1"));
    CHECK(gateway.said().empty());  // not before it is kept
    auto reports = gateway.session.take_deliveries();
    REQUIRE(reports.size() == 1);
    auto receipt = std::get<Receipt>(reports[0].delivery.inbound.at(0));
    CHECK(receipt.vendor_id == "01006101161700012345");
    CHECK(receipt.phone->reveal() == "18900189000");
    CHECK(receipt.state == ReceiptState::delivered);
    gateway.session.answered(reports[0].id, true);
    CHECK(gateway.said() == hex_of(vector("V-SMGP-14.2")));

    Gateway not_kept;
    not_kept.open().hears(vector("V-SMGP-14.1"));
    CHECK(not_kept.keep(false) == 1);
    CHECK(not_kept.said() == "0000001a80000003000000080100610101000000000200000001");

    auto settings = smgp_settings("receipt_offset = \"+08:00\"\n");
    Deliver d;
    d.id = std::string(10, '\0'), d.source = "8618900189000", d.destination = "1069000107", d.format = 8, d.content = from_hex("05000309020290008ba2");
    d.tlvs = {{tp_udhi, from_hex("0040")}, {link_id, std::string(20, '1')}};
    auto part = std::get<InboundText>(*read_delivery(*settings, d));
    REQUIRE(part.part);
    CHECK(part.part->number == 2);
    CHECK(part.extension == "07");
    CHECK(part.key.empty());
    CHECK(part.from.reveal() == "18900189000");
    d.tlvs.clear();  // without the flag it is no header
    CHECK_FALSE(std::get<InboundText>(*read_delivery(*settings, d)).part);

    d.report = 1;
    struct { const char *stat, *error; ReceiptState state; Receipt::Meaning meaning; const char* code; } rows[] = {
        {"DELIVRD", "000", ReceiptState::delivered, Receipt::Meaning::none, "DELIVRD"}, {"EXPIRED", "001", ReceiptState::expired, Receipt::Meaning::none, "EXPIRED 001: 用户不可达 user unreachable"},
        {"UNDELIV", "005", ReceiptState::failed, Receipt::Meaning::opted_out, "UNDELIV 005: 黑名单用户 number on the black list"}, {"DELIVRD", "005", ReceiptState::delivered, Receipt::Meaning::none, "DELIVRD 005: 黑名单用户 number on the black list"},
        {"ACCEPTD", "000", ReceiptState::buffered, Receipt::Meaning::none, "ACCEPTD"}, {"UNKNOWN", "999", ReceiptState::unknown, Receipt::Meaning::none, "UNKNOWN 999: 未知错误 unknown error"},
        {"R:00613", "", ReceiptState::failed, Receipt::Meaning::none, "R:00613"}, {"MK:0001", "", ReceiptState::failed, Receipt::Meaning::number_invalid, "MK:0001"},
        {"", "", ReceiptState::unknown, Receipt::Meaning::none, "a report without a state"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.stat);
        d.content = write_report({from_hex("6495c36ac4ea6b00000b"), "2611221200", "2611221201", row.stat, row.error, ""});
        auto r = std::get<Receipt>(*read_delivery(*settings, d));
        CHECK(r.state == row.state);
        CHECK(r.meaning == row.meaning);
        CHECK(r.code == row.code);
        CHECK(r.vendor_id == "6495c36ac4ea6b00000b");
        CHECK(format_utc(*r.at) == "2026-11-22T04:01:00Z");
    }
    d.content = write_report({std::string(10, '1'), "", "", "ACCEPTD", "000", ""});
    CHECK(std::get<Receipt>(*read_delivery(*smgp_settings("acceptd_is_delivered = true\n"), d)).state == ReceiptState::delivered);
    d.content = "no report";
    CHECK_FALSE(read_delivery(*settings, d));
}

TEST_CASE("SMGP: keep-alive, the end, and answers to a submission") {
    Gateway gateway;
    gateway.open();
    gateway.hears(vector("V-SMGP-15.1"));
    CHECK(gateway.said() == hex_of(vector("V-SMGP-15.2")));
    gateway.submit(1);
    gateway.hears(vector("V-SMGP-07.1"));
    auto settled = gateway.session.take_settled();
    REQUIRE(settled.size() == 1);
    CHECK(std::get<Accepted>(settled[0].outcome).vendor_ids == std::vector<std::string>{"01006101161700012345"});
    gateway.submit(2);
    gateway.says({smgp::submit | response_bit, 3, MessageAnswer{std::string(10, '\0'), 1}});
    CHECK(outcome_name(gateway.session.take_settled().at(0).outcome) == "throttled_channel");
    CHECK(gateway.session.take_warnings().empty());
    gateway.now += std::chrono::seconds(2);
    gateway.submit(3);
    gateway.says({smgp::submit | response_bit, 4, MessageAnswer{std::string(10, '\0'), 199}});
    CHECK(outcome_name(gateway.session.take_settled().at(0).outcome) == "ambiguous");
    CHECK(gateway.session.take_warnings() == std::vector<std::string>{"Status 199, which is in no table"});
    // Silence: we ask, and hang up when nobody answers.
    gateway.now += std::chrono::seconds(31);
    gateway.session.tick(gateway.now);
    CHECK(gateway.said() == "0000000c0000000400000005");
    gateway.hears(from_hex("0000000c8000000400000005"));
    gateway.hears(vector("V-SMGP-15.3"));
    CHECK(gateway.said() == hex_of(vector("V-SMGP-15.4")));
    CHECK(gateway.session.state() == link::State::closed);

    Gateway stopping;
    stopping.open().submit(1);
    stopping.session.close(stopping.now);
    CHECK(stopping.said().empty());  // one is under way
    stopping.says({smgp::submit | response_bit, 2, MessageAnswer{std::string(10, '1'), 0}});
    CHECK(stopping.session.take_settled().size() == 1);
    CHECK(stopping.said() == "0000000c0000000600000003");
    stopping.hears(from_hex("0000000c8000000600000003"));
    CHECK(stopping.session.state() == link::State::closed);
}

TEST_CASE("SMGP: settings are checked all at once, each with its line") {
    auto bad = test::read_smgp("host = \"h\"\nclient_id = \"123456789\"\npassword = \"p\"\nsource = \"1069000100000000000000\"\nservice_id = \"much too long\"\nversion = \"4\"\ntls = true\n[statuses]\n\"0x8\" = \"retry\"\n");
    CHECK_FALSE(bad.settings);
    for (const char* expected : {"p.toml:2: client_id: expected at most 8", "p.toml:4: source and extension_digits", "p.toml:5: service_id: expected at most 10", "p.toml:6: version = \"4\"", "p.toml:7: ",
                                 "p.toml:9: 0x8: expected a code such as 101"}) {
        CAPTURE(bad.problems);
        CHECK(bad.problems.find(expected) != std::string::npos);
    }
}
