#include "providers/smpp/text.hpp"

#include <fmt/format.h>

#include "daemon/text/gsm7.hpp"
#include "tests/providers/smpp/site.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::smpp;
using namespace pingjing::provider;
using test::from_hex;
using test::hex_of;
using test::read_smpp;
using test::smpp_settings;

namespace {

const Instant noon = *parse_rfc3339("2026-11-22T12:00:00+08:00");

std::vector<Message> submits(const Settings& settings, const std::string& text, std::chrono::seconds validity = std::chrono::hours(2)) {
    SeededRandom random(5);
    link::References references(random);
    auto frames = build_submits(settings, Submission("r1", *Phone::mobile("13800138000"), Text(text), "07", validity), references, noon);
    REQUIRE(frames);
    std::vector<Message> out;
    for (const auto& frame : *frames) out.push_back(std::get<Message>(decode(frame).body));
    return out;
}

std::string times(const char* piece, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += piece;
    return out;
}

Inbound delivery(const std::string& vector, const std::string& more = "") {
    return read_delivery(*smpp_settings(more), std::get<Message>(decode(test::vectors_of("smpp").at(vector)).body));
}

}  // namespace

TEST_CASE("SMPP: a survey is said in the cheapest coding that carries it, to the octet as other encoders have it") {
    auto settings = smpp_settings();
    auto one = submits(*settings, "【测试】你好😀");
    REQUIRE(one.size() == 1);
    CHECK(one[0].source == Address{0, 1, "10690011007"});
    CHECK(one[0].destination == Address{1, 1, "8613800138000"});
    CHECK(one[0].data_coding == 8);
    CHECK(one[0].registered_delivery == 1);
    CHECK(one[0].esm_class == 0);
    CHECK(one[0].validity == "000000020000000R");
    CHECK(one[0].text == std::get<Message>(decode(test::vectors_of("smpp").at("V-SMPP-06.1")).body).text);

    auto plain = submits(*settings, "Pay €10 [ok] @");
    CHECK(plain[0].data_coding == 0);
    CHECK(plain[0].text == std::get<Message>(decode(test::vectors_of("smpp").at("V-SMPP-07.1")).body).text);
}

TEST_CASE("SMPP: what the centre's default alphabet lacks goes as UCS-2") {
    struct { const char *alphabet, *text; int coding; const char* octets; } rows[] = {
        {"gsm", "a@é", 0, "610005"}, {"ascii", "a@", 0, "6140"}, {"ascii", "é", 8, "00e9"}, {"latin1", "@é", 0, "40e9"}, {"latin1", "€", 8, "20ac"}, {"gsm", "`", 8, "0060"},
        {"latin1", "Δ", 8, "0394"}, {"utf8", "a@", 0, "6140"}, {"utf8", "é", 8, "00e9"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.alphabet);
        CAPTURE(row.text);
        auto sent = submits(*smpp_settings(fmt::format("alphabet = \"{}\"\n", row.alphabet)), row.text);
        CHECK(sent[0].data_coding == row.coding);
        CHECK(hex_of(sent[0].text) == row.octets);
    }
}

TEST_CASE("SMPP: a long text goes in parts, as the vectors cut it") {
    auto v = test::vectors_of("text");
    const auto pair_at_border = times("中", 66) + "😀" + times("文", 5), escape_at_border = times("a", 152) + "€" + times("b", 10);
    for (const auto& [text, first, second] : {std::tuple{pair_at_border, "V-TXT-06.1", "V-TXT-06.2"}, {escape_at_border, "V-TXT-07.1", "V-TXT-07.2"}}) {
        CAPTURE(first);
        auto sent = submits(*smpp_settings(), text);
        REQUIRE(sent.size() == 2);
        for (const auto& [part, name] : {std::pair{sent[0], first}, {sent[1], second}}) {
            CHECK(part.esm_class == 0x40);
            CHECK(part.registered_delivery == 1);
            auto expected = v.at(name);
            expected[3] = part.text[3];  // the reference is ours
            CHECK(hex_of(part.text) == hex_of(expected));
        }
        CHECK(sent[0].text[3] == sent[1].text[3]);
    }

    auto wide = submits(*smpp_settings("long_texts = \"udh16\"\n"), times("中", 71));
    REQUIRE(wide.size() == 2);
    CHECK(wide[0].text.substr(0, 3) == from_hex("060804"));
    CHECK(wide[0].text.size() == 7 + 66 * 2);
    CHECK(wide[1].text.size() == 7 + 5 * 2);

    auto sar = submits(*smpp_settings("long_texts = \"sar\"\n"), times("中", 71));
    REQUIRE(sar.size() == 2);
    CHECK(sar[0].esm_class == 0);
    CHECK(sar[0].text.size() == 66 * 2);
    CHECK(tlv_number(sar[0].tlvs, sar_msg_ref_num) == tlv_number(sar[1].tlvs, sar_msg_ref_num));
    CHECK(tlv_number(sar[1].tlvs, sar_total_segments) == 2);
    CHECK(tlv_number(sar[1].tlvs, sar_segment_seqnum) == 2);

    auto payload = submits(*smpp_settings("long_texts = \"payload\"\n"), times("长", 100));
    REQUIRE(payload.size() == 1);
    CHECK(payload[0].text.empty());
    CHECK(payload[0].tlvs == std::get<Message>(decode(test::vectors_of("smpp").at("V-SMPP-12.1")).body).tlvs);
}

TEST_CASE("SMPP: segment counts are exact") {
    struct { std::string text; std::size_t narrow, wide; } rows[] = {
        {times("a", 160), 1, 1}, {times("a", 161), 2, 2}, {times("a", 306), 2, 3}, {times("a", 307), 3, 3}, {times("€", 80), 1, 1}, {times("€", 81), 2, 2}, {times("中", 70), 1, 1},
        {times("中", 71), 2, 2}, {times("中", 134), 2, 3}, {times("中", 135), 3, 3}, {times("中", 68) + "😀", 1, 1}, {times("中", 69) + "😀", 2, 2}, {times("😀", 35), 1, 1}, {times("😀", 36), 2, 2},
        {times("中", 66) + "😀" + times("文", 66), 3, 3},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        CHECK(submits(*smpp_settings(), row.text).size() == row.narrow);
        CHECK(submits(*smpp_settings("long_texts = \"udh16\"\n"), row.text).size() == row.wide);
        // Counted before they are cut; a payload is cut by the centre, and costs as much.
        CHECK(count_parts(*smpp_settings(), row.text) == static_cast<int>(row.narrow));
        for (const char* wide : {"udh16", "sar"}) CHECK(count_parts(*smpp_settings(fmt::format("long_texts = \"{}\"\n", wide)), row.text) == static_cast<int>(row.wide));
        CHECK(count_parts(*smpp_settings("long_texts = \"payload\"\n"), row.text) == static_cast<int>(row.narrow));
    }
    CHECK(count_parts(*smpp_settings("alphabet = \"ascii\"\n"), times("é", 71)) == 2);
    CHECK(count_parts(*smpp_settings(), times("é", 71)) == 1);
    for (const auto& text : {std::string(), std::string("\xff"), times("中", 67 * 255 + 1)}) CHECK(count_parts(*smpp_settings(), text) == 0);
    CHECK(count_parts(*smpp_settings(), times("中", 67 * 255)) == 255);
}

TEST_CASE("SMPP: the sign that the centre puts in front is not sent, and has its room") {
    const std::string sign = "【某某市公安局】";
    struct { const char* how; std::string text; std::vector<std::size_t> octets; int coding; } rows[] = {
        {"udh", times("中", 62), {124}, 8}, {"udh", times("中", 63), {6 + 59 * 2, 6 + 4 * 2}, 8}, {"udh", "a", {2}, 8}, {"sar", times("中", 63), {58 * 2, 5 * 2}, 8},
        {"payload", times("中", 63), {126}, 8},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        SeededRandom random(5);
        link::References references(random);
        Submission submission("r1", *Phone::mobile("13800138000"), Text(row.text), "07", std::chrono::hours(2));
        submission.carrier_adds = sign;
        auto frames = build_submits(*smpp_settings(fmt::format("long_texts = \"{}\"\n", row.how)), submission, references, noon);
        REQUIRE(frames);
        std::vector<std::size_t> octets;
        for (const auto& frame : *frames) {
            auto sent = std::get<Message>(decode(frame).body);
            octets.push_back(sent.text.size() + (find_tlv(sent.tlvs, message_payload) ? find_tlv(sent.tlvs, message_payload)->size() : 0));
            CHECK(sent.data_coding == row.coding);
        }
        CHECK(octets == row.octets);
    }
}

TEST_CASE("SMPP: the carrier is told when to give up") {
    CHECK(submits(*smpp_settings(), "1", std::chrono::hours(26) + std::chrono::seconds(61))[0].validity == "000001020101000R");
    CHECK(submits(*smpp_settings("validity_form = \"absolute\"\n"), "1", std::chrono::hours(2))[0].validity == "261122060000000+");
    CHECK(submits(*smpp_settings("validity_form = \"none\"\n"), "1")[0].validity.empty());
    CHECK(submits(*smpp_settings("receipts = false\n"), "1")[0].registered_delivery == 0);
}

TEST_CASE("SMPP: what cannot be said is not said") {
    SeededRandom random(5);
    link::References references(random);
    for (const auto& text : {std::string(), std::string("\xff"), std::string("a\0b", 3), times("中", 67 * 256)}) {
        CAPTURE(text.size());
        CHECK_FALSE(build_submits(*smpp_settings(), Submission("r1", *Phone::mobile("13800138000"), Text(text), "07", std::chrono::hours(2)), references, noon));
    }
}

TEST_CASE("SMPP: a command_status says what it proves, and no more") {
    auto settings = smpp_settings("[statuses]\n\"0x0401\" = \"permanent_number\"\n\"0x45\" = \"retry\"\n");
    struct { const char* outcome; std::vector<std::uint32_t> statuses; } rows[] = {
        {"ambiguous", {0x05, 0x08, 0x0C, 0x11, 0x13, 0x64, 0x67, 0xFE, 0xFF, 0x102}},
        {"retry", {0x04, 0x45}},
        {"throttled_channel", {0x14, 0x58}},
        {"permanent_number", {0x0B, 0x0401}},
        {"permanent_content", {0x01, 0x65, 0x66}},
        {"permanent_config", {0x02, 0x03, 0x06, 0x07, 0x0A, 0x15, 0x33, 0x34, 0x40, 0x42, 0x43, 0x44, 0x48, 0x49, 0x50, 0x51, 0x54, 0x55, 0x61, 0x62, 0x63, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0x100,
                              0x101, 0x103, 0x104}},
        {"channel_down_auth", {0x0D, 0x0E, 0x0F, 0x53}},
    };
    for (const auto& row : rows)
        for (auto status : row.statuses) {
            CAPTURE(status);
            auto read = read_status(*settings, status);
            CHECK(outcome_name(read.outcome) == row.outcome);
            CHECK(read.known);
        }
    CHECK(outcome_name(read_status(*smpp_settings(), 0x45).outcome) == "ambiguous");
    CHECK(outcome_detail(read_status(*settings, 0x0B).outcome) == "command_status 0x0B: 被叫号码无效 invalid destination address");
    CHECK(outcome_detail(read_status(*settings, 0x58).outcome) == "command_status 0x58: 超过限速 too many a second, 1s");
    // What nobody has told us is in doubt, and said aloud.
    for (std::uint32_t status : {0x09u, 0x10u, 0x41u, 0x52u, 0xC5u, 0x105u, 0x0402u, 0x99999999u}) {
        CAPTURE(status);
        auto read = read_status(*settings, status);
        CHECK(outcome_name(read.outcome) == "ambiguous");
        CHECK_FALSE(read.known);
    }
    CHECK(outcome_detail(read_status(*settings, 0x402).outcome) == "command_status 0x402, which is in no table");
    // What a carrier quotes of whom it refuses is nobody's to read, and a code is no number.
    CHECK(outcome_detail(provider::Permanent{provider::Permanent::number, "no such number: 025-84420110, +8524567 8901, 13812345678"}).find("8442") == std::string::npos);
    CHECK(outcome_detail(provider::Permanent{provider::Permanent::number, "MK:0001 40012345"}) == "MK:0001 40012345");
}

TEST_CASE("SMPP: reports of live centres") {
    using M = Receipt::Meaning;
    struct { const char *vector, *id; ReceiptState state; const char *code, *phone; } rows[] = {
        {"V-SMPP-17.1", "38601fa", ReceiptState::delivered, "DELIVRD", "44951361920"},
        {"V-SMPP-18.1", "70BA8A69", ReceiptState::delivered, "DELIVRD", "6515555678"},
        {"V-SMPP-19.1", "7f3a9c01", ReceiptState::delivered, "DELIVRD", "13800138000"},
        {"V-SMPP-20.1", "94251430923", ReceiptState::buffered, "ACCEPTD 107", "4495136192057"},
        {"V-SMPP-21.1", "126e85a6edeac1a02020099312479564", ReceiptState::delivered, "DELIVRD", "44951361920"},
        {"V-SMPP-22.1", "0000003005", ReceiptState::delivered, "DELIVRD", "2348033768151"},  // its broken field is not believed
    };
    for (const auto& row : rows) {
        CAPTURE(row.vector);
        auto inbound = delivery(row.vector, "receipt_offset = \"+08:00\"\n");
        REQUIRE(std::holds_alternative<Receipt>(inbound));
        const auto& receipt = std::get<Receipt>(inbound);
        CHECK(receipt.vendor_id == row.id);
        CHECK(receipt.state == row.state);
        CHECK(receipt.code == row.code);
        CHECK(receipt.meaning == M::none);
        CHECK(receipt.phone->reveal() == row.phone);
    }
    CHECK(format_utc(*std::get<Receipt>(delivery("V-SMPP-17.1", "receipt_offset = \"+08:00\"\n")).at) == "2010-02-10T09:31:00Z");
    CHECK_FALSE(std::get<Receipt>(delivery("V-SMPP-17.1")).at);
}

TEST_CASE("SMPP: what makes a delivery a report") {
    Message m;
    m.source.digits = "8613800138000", m.destination.digits = "10690011007";
    m.text = "id:5 stat:UNDELIV err:001";
    auto is_receipt = [&](const char* more = "") { return std::holds_alternative<Receipt>(read_delivery(*smpp_settings(more), m)); };
    struct { int esm_class; bool by_default, plain; } rows[] = {{0x00, false, true}, {0x04, true, true}, {0x44, true, true}, {0x07, true, true}, {0x20, true, true}, {0x08, true, true},
                                                                 {0x10, false, false}, {0x40, false, true}, {0x03, false, true}};
    for (const auto& row : rows) {
        CAPTURE(row.esm_class);
        m.esm_class = static_cast<std::uint8_t>(row.esm_class);
        CHECK(is_receipt() == row.by_default);
        CHECK(is_receipt("plain_receipts = true\n") == row.plain);
    }
    // With all of its fields it is one without the mark, too: a phone does not write that.
    m.esm_class = 0, m.text = "id:5 sub:001 dlvrd:000 submit date:2611211000 done date:2611211001 stat:UNDELIV err:001 text:";
    CHECK(is_receipt());
    CHECK(std::get<Receipt>(read_delivery(*smpp_settings(), m)).state == ReceiptState::failed);
    CHECK(is_unmarked_report(*smpp_settings(), m));
    m.esm_class = 0x10;
    CHECK_FALSE(is_receipt());
    for (const char* without : {"id:5 ", "stat:UNDELIV ", "err:001 ", "submit date:2611211000 ", "done date:2611211001 "}) {
        auto text = std::string("id:5 sub:001 dlvrd:000 submit date:2611211000 done date:2611211001 stat:UNDELIV err:001 text:");
        m.esm_class = 0, m.text = text.erase(text.find(without), std::string(without).size());
        CAPTURE(without);
        CHECK_FALSE(is_receipt());
        CHECK_FALSE(is_unmarked_report(*smpp_settings(), m));
    }
    m.esm_class = 0x20;
    CHECK(std::get<Receipt>(read_delivery(*smpp_settings(), m)).state == ReceiptState::buffered);  // whatever its words are
    m.esm_class = 0, m.text = "anything";
    m.tlvs = {{receipted_message_id, std::string("abc\0", 4)}, {message_state, "\x05"}};
    auto by_fields = std::get<Receipt>(read_delivery(*smpp_settings(), m));
    CHECK(by_fields.vendor_id == "abc");
    CHECK(by_fields.state == ReceiptState::failed);
    CHECK(by_fields.code == "UNDELIV");
    m.esm_class = 0x08, m.tlvs.clear();
    CHECK_FALSE(is_receipt());  // a phone's acknowledgement with words of its own is kept as a text
}

TEST_CASE("SMPP: a report's fields win over its words, and its parts are put together") {
    Message m;
    m.esm_class = 0x04;
    m.source.digits = "10690011007", m.destination.digits = "8613800138000";  // not swapped
    m.data_coding = 8;
    m.text = from_hex("00690064003a0035002000730074006100740003a00440045004c0049005600520044");
    m.text = from_hex("00690064003a003500200073007400610074003a00440045004c0049005600520044");  // id:5 stat:DELIVRD in UCS-2
    auto read = [&] { return std::get<Receipt>(read_delivery(*smpp_settings(), m)); };
    CHECK(read().vendor_id == "5");
    CHECK(read().state == ReceiptState::delivered);
    CHECK(read().phone->reveal() == "13800138000");
    m.tlvs = {{message_state, "\x03"}};
    CHECK(read().state == ReceiptState::expired);
    CHECK(read().code == "DELIVRD");
    m.tlvs = {{message_state, "\x63"}};
    CHECK(read().state == ReceiptState::delivered);
    m.tlvs.clear(), m.data_coding = 0, m.text = "id:5 stat:UNDELIV err:DB:0141";
    CHECK(read().meaning == Receipt::Meaning::opted_out);
    CHECK(read().code == "UNDELIV DB:0141");
    m.text = "id:5 stat:MK:0001 err:000";
    CHECK(read().meaning == Receipt::Meaning::number_invalid);
    CHECK(read().code == "MK:0001");
    m.text = "nothing that we know";
    CHECK(read().vendor_id.empty());
    CHECK(read().state == ReceiptState::unknown);
    m.text.clear(), m.tlvs = {{message_payload, "id:9 stat:EXPIRED"}};
    CHECK(read().vendor_id == "9");
    CHECK(read().state == ReceiptState::expired);
}

TEST_CASE("SMPP: texts of citizens, in every coding, whole and in parts") {
    auto text = std::get<InboundText>(delivery("V-SMPP-14.1", ""));
    CHECK(text.text.reveal() == "退订");
    CHECK(text.from.reveal() == "13800138000");
    CHECK(text.to == "10690001");
    CHECK(text.extension.empty());
    CHECK_FALSE(text.part);
    CHECK(std::get<InboundText>(delivery("V-SMPP-15.1")).text.reveal() == "there is no spoon");
    Message utf8;
    utf8.source.digits = "13800138000", utf8.text = "2 退订😀";
    CHECK(std::get<InboundText>(read_delivery(*smpp_settings("alphabet = \"utf8\"\n"), utf8)).text.reveal() == "2 退订😀");
    CHECK(std::get<InboundText>(delivery("V-SMPP-24.1")).text.reveal() == "¡Maidenman664 was it sappy? &Romantic?");  // 0x40 of the default alphabet
    CHECK(std::get<InboundText>(delivery("V-SMPP-24.2")).text.empty());

    auto part = std::get<InboundText>(delivery("V-SMPP-16.1"));
    REQUIRE(part.part);
    CHECK(part.part->group == "udh8:5:3");
    CHECK(part.part->number == 1);
    CHECK(part.part->total == 3);
    CHECK(part.part->charset == "UTF-16BE");
    CHECK(part.part->octets.size() == 140);
    CHECK(part.text.reveal().starts_with("尊"));

    Message m;
    m.source.digits = "+8613800138000", m.destination.digits = "8610690011007";
    auto read = [&] { return std::get<InboundText>(read_delivery(*smpp_settings(), m)); };
    m.text = "1", m.data_coding = 0;
    CHECK(read().extension == "07");
    CHECK(read().from.reveal() == "13800138000");
    m.tlvs = {{sar_msg_ref_num, from_hex("1a2b")}, {sar_total_segments, from_hex("02")}, {sar_segment_seqnum, from_hex("02")}};
    REQUIRE(read().part);
    CHECK(read().part->group == "sar16:6699:2");
    CHECK(read().part->number == 2);
    for (const char* impossible : {"00", "03"}) {
        m.tlvs[2].value = from_hex(impossible);
        CHECK_FALSE(read().part);
    }
    m.tlvs = {{message_payload, from_hex("0608041a2b0202") + "xy"}}, m.text.clear(), m.esm_class = 0x40;
    REQUIRE(read().part);
    CHECK(read().part->group == "udh16:6699:2");
    CHECK(read().text.reveal() == "xy");
    m.tlvs.clear(), m.text = from_hex("0500030501016162");  // a part of one is the whole
    CHECK_FALSE(read().part);
    CHECK(read().text.reveal() == "ab");
    m.text = "\x7f" "abc";  // a header that is longer than what is there: then there is none
    CHECK(read().text.reveal() == "àabc");
    m.esm_class = 0, m.text = from_hex("050003050201") + "ab";  // no flag, no header
    CHECK_FALSE(read().part);

    struct { int coding; std::string octets; const char* text; } codings[] = {
        {0x00, from_hex("00"), "@"}, {0x01, "@", "@"}, {0x03, from_hex("e9"), "é"}, {0x0F, from_hex("cdcbb6a9"), "退订"}, {0x18, from_hex("90008ba2"), "退订"}, {0x10, from_hex("00"), "@"},
        {0xF0, from_hex("00"), "@"}, {0xF5, from_hex("e9"), "é"}, {0x06, from_hex("d4"), "д"}, {0xE0, from_hex("90008ba2"), "退订"}, {0xC0, from_hex("00"), "@"}, {0x99, from_hex("00"), "@"},
    };
    m.esm_class = 0;
    for (const auto& row : codings) {
        CAPTURE(row.coding);
        m.data_coding = static_cast<std::uint8_t>(row.coding), m.text = row.octets;
        CHECK(read().text.reveal() == row.text);
    }
}

TEST_CASE("SMPP: settings are checked all at once, each with its line") {
    auto bad = read_smpp("host = \"h\"\nport = 70000\nsystem_id = \"much too long for it\"\npassword = \"123456789\"\nsource = \"10690011012345678901\"\nextension_digits = 2\n"
                         "long_texts = \"smoke\"\nsystm_type = \"x\"\ntls_ca = \"none.pem\"\nresponse_timeout = \"40s\"\nreceipt_offset = \"8\"\n[statuses]\n\"1027\" = \"retry\"\n\"0x10\" = \"what\"\n");
    CHECK_FALSE(bad.settings);
    for (const char* expected : {"p.toml:2: port", "p.toml:3: system_id: expected at most 15", "p.toml:4: password: expected at most 8", "p.toml:5: source and extension_digits: expected at most 20",
                                 "p.toml:7: long_texts = \"smoke\"", "p.toml:8: ", "p.toml:9: tls_ca without tls = true", "p.toml:10: response_timeout: expected at least 4 s less than submit_timeout, which is 35 s",
                                 "p.toml:11: receipt_offset = \"8\": expected an offset", "p.toml:13: 1027: expected a code such as 0x0401", "p.toml:14: 0x10 = \"what\""}) {
        CAPTURE(bad.problems);
        CHECK(bad.problems.find(expected) != std::string::npos);
    }
    CHECK_FALSE(read_smpp("host = \"h\"\n").settings);
    CHECK(read_smpp("host = \"h\"\nsystem_id = \"a\"\npassword = \"123456789\"\nlong_password = true\nsource = \"1069\"\n").problems.empty());
    CHECK(read_smpp("host = \"h\"\nsystem_id = \"a\"\npassword = \"p\"\nsource = \"1069\"\ntls = true\ntls_ca = \"/nowhere/ca.pem\"\n").problems.find("p.toml:6: cannot load /nowhere/ca.pem") != std::string::npos);
    auto links = smpp_settings("links = 3\nwindow = 16\n");
    CHECK(links->link.channel.session.window == 6);
}
