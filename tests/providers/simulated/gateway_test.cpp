// The gateway of `pingjing simulate` against our own clients: in every protocol what one says the other understands, and each fault
// is what its name says.
#include "providers/simulated/gateway.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

#include "daemon/core/receipt_id.hpp"
#include "providers/cmpp/server.hpp"
#include "providers/cmpp/session.hpp"
#include "providers/cmpp/text.hpp"
#include "providers/sgip/server.hpp"
#include "providers/sgip/session.hpp"
#include "providers/sgip/text.hpp"
#include "providers/smgp/server.hpp"
#include "providers/smgp/session.hpp"
#include "providers/smgp/text.hpp"
#include "providers/smpp/server.hpp"
#include "providers/smpp/session.hpp"
#include "providers/smpp/text.hpp"
#include "tests/providers/cmpp/site.hpp"
#include "tests/providers/sgip/site.hpp"
#include "tests/providers/simulated/town.hpp"
#include "tests/providers/smgp/site.hpp"
#include "tests/providers/smpp/site.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::provider;

namespace pingjing::test {
namespace {

Protocol smpp_protocol() {
    Protocol p;
    auto s = smpp_settings("long_texts = \"udh16\"\n");
    p.server = smpp::server(), p.account = {"pingjing", "secret"}, p.number = "10690011007";
    p.client = [s](const Clock&) { return std::make_unique<smpp::Esme>(s, smpp::bind_transceiver); };
    p.frames = [s](const Submission& submission, link::References& r, Instant now) { return smpp::build_submits(*s, submission, r, now); };
    return p;
}

Protocol cmpp_protocol(cmpp::Version version) {
    Protocol p;
    auto s = cmpp_settings(version, "gbk = true\n");
    p.server = cmpp::server(version), p.account = {"901234", "s3cret"}, p.number = "1069000107";
    p.client = [s](const Clock&) { return std::make_unique<cmpp::Sp>(s); };
    p.frames = [s](const Submission& submission, link::References& r, Instant now) { return cmpp::build_submits(*s, submission, r, now); };
    return p;
}

Protocol smgp_protocol() {
    Protocol p;
    auto s = smgp_settings();
    p.server = smgp::server(), p.account = {"10690001", "s3cret"}, p.number = "1069000107";
    p.client = [s](const Clock&) { return std::make_unique<smgp::Sp>(s, smgp::Mode::both); };
    p.frames = [s](const Submission& submission, link::References& r, Instant now) { return smgp::build_submits(*s, submission, r, now); };
    return p;
}

Protocol sgip_protocol() {
    auto read = read_sgip("host = \"h\"\nnode = 3010012345\nlogin_name = \"sp123\"\npassword = \"pw456\"\nlisten = \"127.0.0.1:8801\"\npeers = [\"127.0.0.1\"]\ncorporation = \"12345\"\n"
                          "source = \"10655001\"\nextension_digits = 2\n");
    REQUIRE(read.settings);
    auto s = std::make_shared<const sgip::Settings>(std::move(*read.settings));
    auto sequences = std::make_shared<std::shared_ptr<sgip::Sequences>>();
    Protocol p;
    p.server = sgip::server(), p.account = {"sp123", "pw456"}, p.number = "1065500107";
    p.client = [s, sequences](const Clock& clock) {
        if (!*sequences) *sequences = std::make_shared<sgip::Sequences>(clock, 3010012345u, 1);
        return std::make_unique<sgip::Sp>(s, *sequences);
    };
    p.host = [s] { return std::make_unique<sgip::Host>(s, [] { return false; }); };
    p.frames = [s](const Submission& submission, link::References& r, Instant now) { return sgip::build_submits(*s, submission, r, now); };
    return p;
}

}  // namespace

Protocol protocol_of(const std::string& name, const std::string& secret) {
    auto p = name == "smpp" ? smpp_protocol() : name == "cmpp2" ? cmpp_protocol(cmpp::Version::v2) : name == "cmpp3" ? cmpp_protocol(cmpp::Version::v3) : name == "smgp" ? smgp_protocol() : sgip_protocol();
    if (!secret.empty()) p.account.secret = secret;
    return p;
}

}  // namespace pingjing::test

using test::protocol_of;
using test::Town;

namespace {

constexpr const char* protocols[] = {"smpp", "cmpp2", "cmpp3", "smgp", "sgip"};
const std::string question = "【XX公安】请回复数字评价民警工作:1满意 2基本满意 3不满意。回T退订";
const std::string quick = "[reports]\nafter_least = \"10ms\"\nafter_most = \"10ms\"\n";
const std::string silent = "[[rule]]\nanswers = []\n";

std::string answering(const std::string& text) { return "[[rule]]\nanswers = [\"" + text + "\"]\nafter_least = \"20ms\"\nafter_most = \"20ms\"\n"; }

std::string fault(const std::string& what, const std::string& more = "first = 2\nevery = 1000\n") { return "[[fault]]\nwhat = \"" + what + "\"\n" + more; }

// As the store compares them.
bool same_id(const std::string& a, const std::string& b) {
    auto others = other_spellings(a);
    return a == b || std::find(others.begin(), others.end(), b) != others.end();
}

std::vector<std::string> ids_of(const Town& town) {
    std::vector<std::string> out;
    for (const auto& [ticket, outcome] : town.ended)
        if (const auto* taken = std::get_if<Accepted>(&outcome)) out.insert(out.end(), taken->vendor_ids.begin(), taken->vendor_ids.end());
    return out;
}

}  // namespace

TEST_CASE("whatever octets a client sends, a line of the log is JSON") {
    simulated::Line line(*parse_rfc3339("2026-11-21T12:00:00Z"), "in", "odd");
    line.add("from", "\xff\xfe\"1").add("text", "好");
    CHECK(line.text().ends_with(R"("from":"\\xFF\\xFE\"1","text":"好"})" "\n"));
}

TEST_CASE("simulate: in every protocol a text is taken, reported on and answered") {
    for (const char* name : protocols) {
        CAPTURE(name);
        Town town(protocol_of(name), quick, answering("1 来得很快"));
        auto& client = town.connect();
        REQUIRE(client.session->state() == link::State::open);
        town.submit(client, 1, question);
        town.pass(2s);
        CHECK(town.outcomes() == "1 accepted");
        auto receipts = town.receipts();
        REQUIRE(receipts.size() == 1);
        CHECK(receipts[0].state == ReceiptState::delivered);
        CHECK(receipts[0].phone->reveal() == "13800138000");
        CHECK(receipts[0].vendor_id == ids_of(town).at(0));
        auto texts = town.texts();
        REQUIRE(texts.size() == 1);
        CHECK(texts[0].text.reveal() == "1 来得很快");
        CHECK(texts[0].from.reveal() == "13800138000");
        CHECK(texts[0].to == town.protocol.number);
        CHECK(texts[0].extension == "07");
        CHECK(town.count("questions") == 1);
        CHECK(town.count("reports_taken") == 1);
        CHECK(town.count("replies_taken") == 1);
        REQUIRE(town.kinds("text").size() == 1);
        CHECK(town.kinds("text")[0].find(question) != std::string::npos);
        for (const auto& line : town.lines) CHECK(line.find(town.protocol.account.secret) == std::string::npos);
    }
}

TEST_CASE("simulate: the log says by which data coding and for how long a text was submitted") {
    struct { const char *protocol, *coding, *validity; } rows[] = {
        {"smpp", "\"data_coding\":8", "\"validity\":\"000000010000000R\""}, {"cmpp2", "\"data_coding\":15", "032+\""}, {"cmpp3", "\"data_coding\":15", "032+\""},
        {"smgp", "\"data_coding\":8", "032+\""}, {"sgip", "\"data_coding\":8", "032+\""}};
    for (const auto& row : rows) {
        CAPTURE(row.protocol);
        Town town(protocol_of(row.protocol), quick, silent);
        town.submit(town.connect(), 1, question);
        auto lines = town.kinds("submit");
        REQUIRE(lines.size() == 1);
        CAPTURE(lines[0]);
        CHECK(lines[0].find(row.coding) != std::string::npos);
        CHECK(lines[0].find(row.validity) != std::string::npos);
        CHECK(town.kinds("odd").empty());
    }
}

TEST_CASE("simulate: a text that is longer than the air takes at once is taken and said to be odd") {
    auto submit = [](std::uint8_t coding, std::size_t octets, bool payload) {
        smpp::Message m;
        m.source = {0, 1, "106900110"}, m.destination = {1, 1, "8613800138000"}, m.data_coding = coding;
        if (payload) m.tlvs.push_back({smpp::message_payload, std::string(octets, 'a')});
        else m.text = std::string(octets, 'a');
        return smpp::encode({smpp::submit_sm, smpp::ok, 9, std::move(m)}).value();
    };
    struct { std::uint8_t coding; std::size_t octets; bool payload; const char* why; } rows[] = {
        {0, 160, false, ""}, {8, 140, false, ""}, {8, 254, true, ""},
        {0, 161, false, "a text of 161 octets: the air takes 160"}, {8, 142, false, "a text of 142 octets: the air takes 140"}, {8, 254, false, "a text of 254 octets: the air takes 140"}};
    for (const auto& row : rows) {
        CAPTURE(row.octets);
        Town town(protocol_of("smpp"), quick, silent);
        auto& client = town.connect();
        town.gateway.receive(client.id, submit(row.coding, row.octets, row.payload));
        auto odd = town.kinds("odd");
        CHECK(odd.size() == (*row.why ? 1u : 0u));
        if (!odd.empty()) CHECK(odd[0].find(row.why) != std::string::npos);
        CHECK(town.count("taken") == 1);
        CHECK(town.count("odd") == odd.size());
    }
}

TEST_CASE("simulate: who wants a report on failure only, or on success only, gets no other") {
    struct { std::uint8_t wanted; const char* state; std::uint64_t reports; } rows[] = {
        {0, "DELIVRD", 0}, {0, "UNDELIV", 0}, {1, "DELIVRD", 1}, {1, "UNDELIV", 1}, {2, "DELIVRD", 0}, {2, "UNDELIV", 1}, {3, "DELIVRD", 1}, {3, "UNDELIV", 0}, {0x11, "DELIVRD", 1}};
    for (const auto& row : rows) {
        CAPTURE(row.wanted);
        CAPTURE(row.state);
        Town town(protocol_of("smpp"), quick + "[reports.states]\n" + row.state + " = 1\n", silent);
        auto& client = town.connect();
        smpp::Message m;
        m.source = {0, 1, "106900110"}, m.destination = {1, 1, "8613800138000"}, m.registered_delivery = row.wanted, m.text = "1";
        town.gateway.receive(client.id, smpp::encode({smpp::submit_sm, smpp::ok, 9, std::move(m)}).value());
        town.pass(2s);
        CHECK(town.count("reports") == row.reports);
    }
    // SGIP's 0 is the default of many clients: then silence means success.
    for (int flag : {0, 1, 2})
        for (const char* state : {"DELIVRD", "UNDELIV"}) {
            CAPTURE(flag);
            CAPTURE(state);
            Town town(protocol_of("sgip"), quick + "[reports.states]\n" + state + " = 1\n", silent);
            auto& client = town.connect();
            sgip::Submit s;
            s.source = "106900110", s.users = {"8613800138000"}, s.corporation = "12345", s.report = static_cast<std::uint8_t>(flag), s.content = "1";
            town.gateway.receive(client.id, sgip::encode({sgip::submit, {3010012345u, 1130080000u, 1}, std::move(s)}).value());
            town.pass(2s);
            CHECK(town.count("reports") == (flag == 1 || (flag == 0 && std::string(state) == "UNDELIV") ? 1u : 0u));
        }
}

TEST_CASE("simulate: a length that cannot be ends the connection, by SMPP with the word that there is for it") {
    for (const char* name : protocols) {
        CAPTURE(name);
        Town town(protocol_of(name), "", silent);
        auto& client = town.connect();
        town.gateway.receive(client.id, std::string("\x7F\xFF\xFF\xFF", 4) + std::string(20, '\0'));
        CHECK(town.gateway.ended(client.id));
        std::string said;
        for (const auto& octets : town.gateway.take_output(client.id)) said += octets;
        CHECK(test::hex_of(said) == (std::string(name) == "smpp" ? "00000010800000000000000200000000" : ""));
        CHECK(town.kinds("closed").size() == 1);
    }
}

TEST_CASE("simulate: CMPP 2.1 is let in as 2.0, and 3.0 is not") {
    for (int version : {0x12, 0x20, 0x21, 0x30}) {
        CAPTURE(version);
        Town town(protocol_of("cmpp2"), "", silent);
        auto id = town.gateway.connected("peer");
        cmpp::Connect login{town.protocol.account.name, cmpp::authenticator_of(town.protocol.account.name, town.protocol.account.secret, 1130080000), static_cast<std::uint8_t>(version), 1130080000};
        town.gateway.receive(id, cmpp::encode({cmpp::connect, 1, login}, cmpp::Version::v2).value());
        CHECK(town.gateway.ended(id) == (version == 0x30));
    }
    // A name that is shorter than its field is hashed with or without what fills it up.
    for (const auto& hashed : {std::string("9001"), std::string("9001\0\0", 6), std::string("900100")}) {
        auto protocol = protocol_of("cmpp2");
        protocol.account.name = "9001";
        Town town(protocol, "", silent);
        auto id = town.gateway.connected("peer");
        cmpp::Connect login{"9001", cmpp::authenticator_of(hashed, protocol.account.secret, 1130080000), 0x20, 1130080000};
        town.gateway.receive(id, cmpp::encode({cmpp::connect, 1, login}, cmpp::Version::v2).value());
        CHECK(town.gateway.ended(id) == (hashed == "900100"));
    }
}

TEST_CASE("simulate: who has another secret, or nobody knows, is not let in") {
    for (const char* name : protocols) {
        CAPTURE(name);
        Town town(protocol_of(name, "another"), "", silent);
        auto& client = town.connect();
        CHECK(client.session->state() == link::State::closed);
        CHECK(client.session->refused());
        CHECK(town.kinds("login").at(0).find("wrong secret") != std::string::npos);
        auto stranger = protocol_of(name);
        stranger.account.name = "nobody";
        Town other(stranger, "", silent);
        CHECK(other.connect().session->state() == link::State::closed);
        CHECK(other.kinds("login").at(0).find("wrong user") != std::string::npos);
        CHECK(other.count("logins_refused") == 1);
    }
}

TEST_CASE("simulate: every spelling of a report is understood, whatever became of the text") {
    for (const char* name : protocols)
        for (const auto& spelling : protocol_of(name).server.reports)
            for (const auto& answered : protocol_of(name).server.answers)
                for (const auto& [word, state] : {std::pair{"DELIVRD", ReceiptState::delivered}, {"UNDELIV", ReceiptState::failed}, {"MK:0001", ReceiptState::failed}}) {
                    CAPTURE(name);
                    CAPTURE(spelling);
                    CAPTURE(answered);
                    CAPTURE(word);
                    auto ids = protocol_of(name).server.answers.size() > 1 ? "[gateway]\nfirst_id = 43981\nanswered_ids = \"" + answered + "\"\n" : std::string();
                    Town town(protocol_of(name), ids + quick + "spellings = [\"" + spelling + "\"]\nwaiting_share = 1.0\n[reports.states]\n\"" + word + "\" = 1\n", silent);
                    town.submit(town.connect(), 1, question);
                    town.pass(2s);
                    auto receipts = town.receipts();
                    REQUIRE(receipts.size() == 2);
                    CHECK(receipts[0].state == ReceiptState::buffered);
                    CHECK(receipts[1].state == state);
                    for (const auto& receipt : receipts) CHECK(same_id(ids_of(town).at(0), receipt.vendor_id));
                    if (std::string(word) == "MK:0001" && spelling != "tlv") CHECK(receipts[1].meaning == Receipt::Meaning::number_invalid);
                }
}

TEST_CASE("simulate: long texts go both ways in parts, in every way there is") {
    std::string text = "1 ";
    for (int i = 0; i < 40; ++i) text += "民警来得很快。";
    for (const char* name : protocols)
        for (const auto& way : protocol_of(name).server.long_texts) {
            CAPTURE(name);
            CAPTURE(way);
            Town town(protocol_of(name), quick + "[replies]\nlong_texts = [\"" + way + "\"]\n", answering(text));
            auto& client = town.connect();
            town.submit(client, 1, question + text);
            town.pass(5s);
            CHECK(town.kinds("text").size() == 1);
            CHECK(town.kinds("text").at(0).find(question + text) != std::string::npos);
            CHECK(town.receipts().size() == ids_of(town).size());
            CHECK(ids_of(town).size() > 3);
            CHECK(town.joined() == text);
            CHECK((way == "payload" ? town.texts().size() == 1 : town.texts().size() > 2));
        }
}

TEST_CASE("simulate: a full window and too many a second are told to be slower, in the protocol's own words") {
    for (const char* name : protocols) {
        CAPTURE(name);
        Town town(protocol_of(name), "[gateway]\nwindow = 2\nlatency_least = \"100ms\"\nlatency_most = \"100ms\"\n" + quick, silent);
        auto& client = town.connect();
        for (std::uint64_t i = 1; i <= 3; ++i) town.submit(client, i, question, fmt::format("1380013800{}", i));
        CHECK(town.outcomes().empty());
        town.pass(1s);
        CHECK(town.outcomes() == "1 accepted, 2 accepted, 3 throttled_channel");
        CHECK(town.count("fault_window") == 1);
        Town quicker(protocol_of(name), "[gateway]\ntps = 2\n" + quick, silent);
        auto& other = quicker.connect();
        for (std::uint64_t i = 1; i <= 3; ++i) quicker.submit(other, i, question, fmt::format("1380013800{}", i));
        CHECK(quicker.outcomes() == "1 accepted, 2 accepted, 3 throttled_channel");
        quicker.pass(1100ms);
        quicker.submit(other, 4, question, "13800138004");
        CHECK(quicker.ended.back().second.index() == provider::Outcome(Accepted{}).index());
        CHECK(quicker.count("texts") == 3);
    }
}

TEST_CASE("simulate: each fault of a text is what its name says") {
    struct { const char* what; const char* more; const char* outcomes; int texts; } cases[] = {
        {"throttle", "", "1 accepted, 2 throttled_channel, 3 accepted", 2},
        {"queue_full", "", "1 accepted, 2 throttled_channel, 3 accepted", 2},
        {"refuse", "", "1 accepted, 2 permanent_number, 3 accepted", 2},
        {"no_response", "", "1 accepted, 3 accepted, 2 ambiguous", 3},
        {"no_response", "taken = false\n", "1 accepted, 3 accepted, 2 ambiguous", 2},
        {"late_response", "after = \"35s\"\n", "1 accepted, 3 accepted, 2 ambiguous, 2 accepted", 3},
        {"late_response", "after = \"5s\"\n", "1 accepted, 3 accepted, 2 accepted", 3},
        {"drop", "", "1 accepted, 2 ambiguous, 3 retry", 2},
        {"drop", "taken = false\n", "1 accepted, 2 ambiguous, 3 retry", 1},
        {"half_pdu", "", "1 accepted, 2 ambiguous, 3 retry", 2},
        {"half_pdu", "taken = false\n", "1 accepted, 2 ambiguous, 3 retry", 1},
        {"wrong_length", "", "1 accepted, 2 ambiguous, 3 retry", 2},
        {"duplicate_response", "", "1 accepted, 2 accepted, 3 accepted", 3},
        {"out_of_order", "", "1 accepted, 3 accepted, 2 accepted", 3},
        {"report_first", "", "1 accepted, 3 accepted, 2 accepted", 3},
        {"pieces", "", "1 accepted, 2 accepted, 3 accepted", 3},
        {"rubbish", "", "1 accepted, 2 accepted, 3 accepted", 3},
    };
    for (const char* name : protocols)
        for (const auto& c : cases) {
            CAPTURE(name);
            CAPTURE(c.what);
            CAPTURE(c.more);
            Town town(protocol_of(name), quick + fault(c.what, std::string("first = 2\nevery = 1000\n") + c.more), silent);
            auto& client = town.connect();
            for (std::uint64_t i = 1; i <= 3; ++i) town.submit(client, i, question, fmt::format("1380013800{}", i));
            town.pass(29s);
            if (std::string(c.what) == "report_first") CHECK(town.kinds("report").size() == 3);
            town.pass(16s);
            CHECK(town.outcomes() == std::string(c.outcomes));
            CHECK(town.count("texts") == static_cast<std::uint64_t>(c.texts));
            CHECK(town.count(std::string("fault_") + c.what) == 1);
        }
}

TEST_CASE("simulate: a report comes before its answer, twice, late, about what nobody sent, or not at all") {
    for (const char* name : protocols) {
        CAPTURE(name);
        auto reports = [&](const std::string& what, const std::string& more = "") {
            Town town(protocol_of(name), quick + fault(what, "first = 1\nevery = 1000\n" + more), silent);
            auto& client = town.connect();
            town.submit(client, 1, question);
            town.pass(3s);
            auto early = town.receipts().size();
            town.pass(10s);
            return std::pair(early, town.receipts().size());
        };
        CHECK(reports("no_report") == std::pair<std::size_t, std::size_t>(0, 0));
        CHECK(reports("late_report") == std::pair<std::size_t, std::size_t>(0, 1));
        CHECK(reports("duplicate_report") == std::pair<std::size_t, std::size_t>(1, 2));
        Town town(protocol_of(name), quick + fault("foreign_report", ""), silent);
        town.submit(town.connect(), 1, question);
        town.pass(3s);
        REQUIRE(town.receipts().size() == 2);
        CHECK_FALSE(same_id(town.receipts()[0].vendor_id, ids_of(town).at(0)));
        CHECK(town.receipts()[1].vendor_id == ids_of(town).at(0));

        Town before(protocol_of(name), quick + fault("report_first", ""), silent);
        before.submit(before.connect(), 1, question);
        before.pass(100ms);
        CHECK(before.receipts().size() == 1);
        CHECK(before.outcomes().empty());
        before.pass(5s);
        CHECK(before.outcomes() == "1 accepted");
    }
}

TEST_CASE("simulate: answers come twice, late, or with their parts backwards") {
    std::string text(200, 'x');
    for (const char* name : protocols) {
        CAPTURE(name);
        for (const auto& [what, now, then] : {std::tuple{"duplicate_reply", 1, 2}, {"late_reply", 0, 1}}) {
            Town town(protocol_of(name), quick + fault(what, ""), answering("3"));
            town.submit(town.connect(), 1, question);
            town.pass(2s);
            CHECK(static_cast<int>(town.texts().size()) == now);
            town.pass(10s);
            CHECK(static_cast<int>(town.texts().size()) == then);
        }
        Town town(protocol_of(name), quick + fault("backwards", ""), answering(text));
        town.submit(town.connect(), 1, question);
        town.pass(2s);
        REQUIRE(town.texts().size() == 2);
        REQUIRE(town.texts()[0].part);
        CHECK(town.texts()[0].part->number == 2);
        CHECK(town.joined() == text);
    }
}

TEST_CASE("simulate: what was not taken is said again, and what a broken link had goes over the next one") {
    for (const char* name : protocols) {
        CAPTURE(name);
        bool calls = protocol_of(name).server.calls;
        Town town(protocol_of(name), quick, silent);
        auto& client = town.connect();
        if (calls) town.answers_calls = false;
        else client.durable = false;
        town.submit(client, 1, question);
        town.pass(3500ms);
        CHECK(town.receipts().empty());
        CHECK(town.count(calls ? "calls_failed" : "not_taken") >= 3);
        if (calls) town.answers_calls = true;
        else client.durable = true;
        town.pass(2s);
        CHECK(town.receipts().size() == 1);

        if (calls) continue;
        client.reads = false;
        town.submit(client, 2, question, "13800138002");
        town.pass(1s);
        CHECK(town.receipts().size() == 1);
        town.cut(client);
        town.connect();
        town.pass(1s);
        CHECK(town.receipts().size() == 2);
    }
}

TEST_CASE("simulate: a report goes by the link of its text, or by another one if that is the fault") {
    for (bool elsewhere : {false, true}) {
        Town town(protocol_of("smpp"), quick + (elsewhere ? fault("other_connection", "") : ""), silent);
        auto& first = town.connect();
        auto& second = town.connect();
        town.submit(first, 1, question);
        town.pass(1s);
        REQUIRE(town.kinds("report").size() == 1);
        auto by = fmt::format("\"connection\":{},", elsewhere ? second.id : first.id);
        CHECK(town.kinds("report")[0].find(by) != std::string::npos);
    }
}

TEST_CASE("simulate: an SGIP gateway calls back, one call for many reports, and leaves when all is said") {
    Town town(protocol_of("sgip"), quick, answering("1"));
    auto& client = town.connect();
    for (std::uint64_t i = 1; i <= 5; ++i) town.submit(client, i, question, fmt::format("1380013800{}", i));
    town.pass(1s);
    CHECK(town.receipts().size() == 5);
    CHECK(town.texts().size() == 5);
    CHECK(town.count("calls") == 1);
    CHECK(town.clients.at(1)->session->state() == link::State::open);
    town.pass(5s);
    CHECK(town.clients.at(1)->session->state() == link::State::closed);
    town.submit(client, 6, question, "13800138006");
    town.pass(1s);
    CHECK(town.receipts().size() == 6);
    CHECK(town.count("calls") == 2);
}

TEST_CASE("simulate: an outage breaks every link and lets nobody in until it is over") {
    for (const char* name : protocols) {
        CAPTURE(name);
        Town town(protocol_of(name), quick + fault("outage", "from = \"5s\"\nuntil = \"10s\"\n"), silent);
        auto& client = town.connect();
        town.pass(4900ms);
        CHECK(client.session->state() == link::State::open);
        town.pass(200ms);
        CHECK(client.session->state() == link::State::closed);
        CHECK(town.connect().session->state() == link::State::closed);
        town.pass(5s);
        CHECK(town.connect().session->state() == link::State::open);
    }
}

TEST_CASE("simulate: logins are refused or not answered, who says nothing is hung up on, who is silent is asked") {
    for (const char* name : protocols) {
        CAPTURE(name);
        Town town(protocol_of(name), fault("refuse_login", "first = 1\nevery = 100\n") + fault("silent_login", "first = 2\nevery = 100\n"), silent);
        CHECK(town.connect().session->state() == link::State::closed);
        auto& ignored = town.connect();
        CHECK(ignored.session->state() == link::State::opening);
        town.pass(11s);
        CHECK(ignored.session->state() == link::State::closed);
        auto& let_in = town.connect();
        CHECK(let_in.session->state() == link::State::open);
        if (std::string(name) == "sgip") continue;  // it has no such question
        let_in.reads = false;
        town.rules.idle = std::chrono::hours(1);
        town.pass(2min);
        CHECK(let_in.session->state() == link::State::closed);
        auto quiet = town.gateway.connected("quiet");
        town.pass(29s);
        CHECK_FALSE(town.gateway.ended(quiet));
        town.pass(2s);
        CHECK(town.gateway.ended(quiet));
    }
}

TEST_CASE("simulate: in every protocol a client that stops waits for its answers, keeps what comes meanwhile, and takes leave") {
    for (const char* name : protocols) {
        CAPTURE(name);
        Town town(protocol_of(name), "[gateway]\nlatency_least = \"900ms\"\nlatency_most = \"900ms\"\n" + quick, answering("1"));
        auto& client = town.connect();
        town.submit(client, 1, question, "13800138001");
        town.pass(500ms);
        town.submit(client, 2, question, "13800138002");
        client.session->close(town.clock.steady());
        town.settle();
        CHECK(client.session->state() == link::State::closing);
        CHECK(client.session->room() == 0);
        town.submit(client, 3, question, "13800138003");
        CHECK(town.outcomes() == "3 retry");  // it has not left
        CHECK(town.kinds("leave").empty());
        town.pass(600ms);
        CHECK(town.outcomes() == "3 retry, 1 accepted");
        CHECK(client.session->state() == link::State::closing);
        town.pass(3s);
        CHECK(town.outcomes() == "3 retry, 1 accepted, 2 accepted");
        CHECK(client.session->state() == link::State::closed);
        CHECK(client.session->why() == "closed");
        CHECK(town.kinds("leave").size() >= 1);
        CHECK(town.receipts().size() >= 1);
        CHECK(town.count("texts") == 2);
    }
}

TEST_CASE("simulate: in every protocol a link that answers nothing is left when its whole window is overdue, and nothing leaves twice") {
    for (const char* name : protocols) {
        CAPTURE(name);
        Town town(protocol_of(name), quick + fault("no_response", "every = 1\n"), silent);
        town.rules.window = 2;
        auto& client = town.connect();
        for (std::uint64_t i = 1; i <= 3; ++i) town.submit(client, i, question, fmt::format("1380013800{}", i));
        CHECK(client.session->room() < 0);  // the third waits for its turn
        town.pass(29s);
        CHECK(town.outcomes().empty());
        town.pass(60s);
        CHECK(town.outcomes().find("1 ambiguous, 2 ambiguous, 3 retry") == 0);
        CHECK(client.session->state() == link::State::closed);
        CHECK(town.count("texts") == 2);
        auto& next = town.connect();
        CHECK(next.session->state() == link::State::open);
        CHECK(next.session->room() == 2);
    }
}

TEST_CASE("simulate: in every protocol the next text waits for a moment when we are told to be slower") {
    for (const char* name : protocols) {
        CAPTURE(name);
        Town town(protocol_of(name), quick + fault("throttle", "first = 1\nevery = 1000\n"), silent);
        auto& client = town.connect();
        town.submit(client, 1, question, "13800138001");
        CHECK(town.outcomes() == "1 throttled_channel");
        town.submit(client, 2, question, "13800138002");
        town.pass(900ms);
        CHECK(town.outcomes() == "1 throttled_channel");
        town.pass(200ms);
        CHECK(town.outcomes() == "1 throttled_channel, 2 accepted");
    }
}

TEST_CASE("simulate: SMGP reports look as those that were captured alive") {
    auto vectors = test::vectors_of("smgp");
    // What is of this one report: its id, dlvrd, the times, the text.
    auto shape = [](std::string content) {
        for (auto [at, size] : {std::pair<std::size_t, std::size_t>{3, 10}, {28, 3}, {44, 10}, {65, 10}, {102, 20}})
            if (at < content.size()) content.replace(at, size, std::string(std::min(size, content.size() - at), 'x'));
        return test::hex_of(content);
    };
    auto said = [](const char* spelling) {
        link::Report report;
        report.id = "01006101161700012345", report.number = 8, report.phone = "18900189000", report.number_of_sp = "10690001", report.state = "DELIVRD";
        report.submitted = report.done = *parse_rfc3339("2026-12-31T23:59:00+08:00");
        auto dialect = smgp::server().dialect(false);
        return std::get<smgp::Deliver>(smgp::decode(dialect->say(report, spelling)).body).content;
    };
    CHECK(shape(said("octets_122")) == shape(vectors.at("V-SMGP-10.1")));
    CHECK(shape(said("letter_s")) == shape(vectors.at("V-SMGP-12.1")));
    auto live = vectors.at("V-SMGP-13.1"), ours = said("no_separator");
    for (auto* content : {&live, &ours}) {
        content->replace(3, 10, 10, 'x');
        for (const char* key : {"date:1", "date:2"})  // the times
            for (auto at = content->find(key); at != content->npos; at = content->find(key, at + 1)) content->replace(at + 5, 10, 10, 'x');
        content->resize(content->find("txt:") + 4);
    }
    CHECK(test::hex_of(ours) == test::hex_of(live));
    CHECK(said("hex").size() == 132);
}

TEST_CASE("simulate: stopped, it takes leave of everybody") {
    for (const char* name : protocols) {
        CAPTURE(name);
        Town town(protocol_of(name), quick, silent);
        auto& client = town.connect();
        town.gateway.stop();
        town.settle();
        CHECK(client.session->state() == link::State::closed);
        CHECK(town.kinds("leave").size() == 1);
        CHECK(town.connect().session->state() == link::State::closed);
    }
}

TEST_CASE("simulate: one seed makes one day, another one another") {
    auto day = [](std::uint64_t seed) {
        Town town(protocol_of("cmpp2"), "[reports.states]\nDELIVRD = 3\nUNDELIV = 1\n[[fault]]\nwhat = \"throttle\"\nshare = 0.1\n", "reply_most = \"5s\"\n[replies]\nsilence = 10\n", seed);
        auto& client = town.connect();
        for (std::uint64_t i = 0; i < 60; ++i) town.submit(client, i, question, fmt::format("138001380{:02}", i)), town.pass(50ms);
        town.pass(30s);
        std::string all;
        for (const auto& line : town.lines) all += line;
        CHECK(town.count("answers") > 10);
        CHECK(town.count("slower") > 0);
        return all;
    };
    CHECK(day(3) == day(3));
    CHECK(day(3) != day(4));
}
