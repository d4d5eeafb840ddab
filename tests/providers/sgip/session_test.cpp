// An SP and its texts: what is sent, what each PDU of a gateway means on either connection, and what a hostile one gets.
#include "providers/sgip/session.hpp"

#include <fmt/format.h>

#include <vector>

#include "daemon/async/timer.hpp"
#include "providers/link/session.hpp"
#include "providers/sgip/text.hpp"
#include "tests/providers/sgip/site.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::sgip;
using namespace pingjing::provider;
using test::from_hex;
using test::hex_of;
using test::sgip_settings;

namespace {

const Instant noon = *parse_rfc3339("2026-11-22T12:00:00+08:00");
constexpr Sequence theirs{100101, 1122120000, 7};

std::string times(const char* piece, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += piece;
    return out;
}

std::vector<Submit> submits(const Settings& settings, const std::string& text, const std::string& extension = "") {
    SeededRandom random(5);
    link::References references(random);
    auto frames = build_submits(settings, Submission("r1", *Phone::mobile("13000130000"), Text(text), extension, std::chrono::hours(2)), references, noon);
    REQUIRE(frames);
    std::vector<Submit> out;
    for (const auto& frame : *frames) out.push_back(std::get<Submit>(decode(frame).body));
    return out;
}

std::string vector(const char* name) { return test::vectors_of("sgip").at(name); }

// The gateway's view of either connection.
struct Side {
    Side(std::unique_ptr<link::Dialect> d, link::SessionRules rules = {}) : dialect(std::move(d)), session(*dialect, rules, now, noon) {}
    void says(Pdu pdu) { hears(encode(pdu).value()); }
    void hears(std::string_view octets) { session.receive(octets, now, noon); }
    int keep(bool durable = true) {
        auto all = session.take_deliveries();
        for (const auto& one : all) session.answered(one.id, durable);
        return static_cast<int>(all.size());
    }
    std::string said() { return hex_of(session.take_output()); }
    Decoded said_pdu() { return decode(session.take_output()); }
    void pass(Steady time) {
        now += time;
        session.tick(now);
    }

    Steady now = std::chrono::hours(1);
    std::unique_ptr<link::Dialect> dialect;
    link::Session session;
};

struct Ours : Side {
    explicit Ours(const std::string& more = "") : Side(std::make_unique<Sp>(sgip_settings(more), std::make_shared<Sequences>(clock(), 3010012345u, 1))) {}
    static const Clock& clock() {
        static VirtualClock at(noon);
        return at;
    }
    Ours& open() {
        says({bind_link | response_bit, said_pdu().header.sequence, Answer{0, {}}});
        REQUIRE(session.state() == link::State::open);
        return *this;
    }
    Sequence submit(std::uint64_t ticket) {
        session.submit(ticket, {encode({sgip::submit, {}, Submit{.users = {"1"}}}).value()}, now);
        return said_pdu().header.sequence;
    }
};

struct Theirs : Side {
    explicit Theirs(const std::string& more = "", bool full = false) : Side(std::make_unique<Host>(sgip_settings(more), [full] { return full; })) {}
    Theirs& open() {
        hears(vector("V-SGIP-07.1"));
        REQUIRE(session.state() == link::State::open);
        (void)said();
        return *this;
    }
};

}  // namespace

TEST_CASE("SGIP: a survey is, to the octet, what other encoders have") {
    SeededRandom random(5);
    link::References references(random);
    auto settings = sgip_settings("gbk = true\n");
    auto frames = build_submits(*settings, Submission("r1", *Phone::mobile("13000130000"), Text("【测试】你好"), "", std::chrono::seconds(3600)), references, *parse_rfc3339("2026-12-31T22:59:59+08:00"));
    REQUIRE(frames);
    REQUIRE(frames->size() == 1);
    CHECK(hex_of(with_sequence(frames->front(), {3010012345u, 1231235959, 2})) == hex_of(vector("V-SGIP-04.1")));
}

TEST_CASE("SGIP: formats, parts and fields of a survey") {
    auto one = submits(*sgip_settings(), "【测试】你好", "07")[0];
    CHECK(one.source == "1065500107");
    CHECK(one.users == std::vector<std::string>{"8613000130000"});
    CHECK(one.expires == "261122140000032+");
    CHECK(one.report == 1);
    struct { std::string text; bool gbk; int format; std::vector<std::size_t> octets; } rows[] = {
        {"Rate us: 1 good @_$", false, 0, {19}}, {times("a", 140), false, 0, {140}}, {times("a", 141), false, 0, {140, 13}},
        {times("中", 70), false, 8, {140}}, {times("中", 71), false, 8, {140, 14}}, {times("中", 66) + "😀" + times("文", 5), false, 8, {138, 20}},
        {times("中", 70), true, 15, {140}}, {"a" + times("中", 70), true, 15, {139, 14}}, {"1满意 😀", true, 8, {12}}, {"5€", true, 8, {4}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        auto sent = submits(*sgip_settings(row.gbk ? "gbk = true\n" : ""), row.text);
        std::vector<std::size_t> octets;
        for (const auto& part : sent) octets.push_back(part.content.size());
        CHECK(octets == row.octets);
        CHECK(sent[0].format == row.format);
        CHECK(sent[0].udhi == (sent.size() > 1 ? 1 : 0));
        if (sent.size() > 1) CHECK(hex_of(sent[1].content.substr(0, 3)) == "050003");
    }
    CHECK(hex_of(submits(*sgip_settings("long_texts = \"udh16\"\n"), times("中", 71))[1].content.substr(0, 3)) == "060804");
    CHECK(submits(*sgip_settings("receipts = false\n"), "1")[0].report == 2);  // 0 would say: only of failures
    SeededRandom random(5);
    link::References references(random);
    for (const auto& text : {std::string(), std::string("\xff"), std::string("a\0b", 3)})
        CHECK_FALSE(build_submits(*sgip_settings(), Submission("r1", *Phone::mobile("13800138000"), Text(text), "", std::chrono::hours(2)), references, noon));
}

TEST_CASE("SGIP: a Result says what it proves, and no more") {
    auto settings = sgip_settings("[results]\n\"200\" = \"opted_out\"\n\"9\" = \"permanent_config\"\n");
    struct { std::uint8_t result; const char* says; bool known = true; } rows[] = {
        {1, "channel_down_auth"}, {2, "permanent_config"}, {3, "retry"}, {4, "channel_down_auth"}, {5, "permanent_content"}, {6, "permanent_number"}, {7, "permanent_config"}, {8, "permanent_content"},
        {10, "permanent_config"}, {11, "throttled_channel"}, {13, "permanent_config"}, {17, "permanent_content"}, {18, "permanent_number"}, {19, "permanent_config"}, {22, "permanent_number"},
        {29, "permanent_number"}, {30, "permanent_config"}, {32, "ambiguous"}, {33, "throttled_channel"}, {34, "retry"}, {39, "permanent_config"}, {54, "ambiguous"}, {69, "opted_out"}, {73, "ambiguous"},
        {77, "throttled_channel"}, {82, "permanent_number"}, {88, "throttled_channel"}, {95, "permanent_config"}, {102, "permanent_config"}, {110, "opted_out"}, {125, "permanent_config"},
        {182, "throttled_channel"}, {200, "opted_out"}, {9, "permanent_config"}, {12, "ambiguous", false}, {25, "ambiguous", false}, {126, "ambiguous", false}, {255, "ambiguous", false},
    };
    for (const auto& row : rows) {
        CAPTURE(row.result);
        auto read = read_result(*settings, row.result);
        CHECK(outcome_name(read.outcome) == row.says);
        CHECK(read.known == row.known);
    }
    CHECK(outcome_name(read_result(*sgip_settings(), 9).outcome) == "ambiguous");
}

TEST_CASE("SGIP: our bind says who we are, and its answer what we are told") {
    Ours ours;
    auto asked = ours.said_pdu();
    CHECK(asked.header.sequence == Sequence{3010012345u, 1122120000, 1});
    CHECK(hex_of(encode({bind_link, {3010012345u, 1231235958, 1}, asked.body}).value()) == hex_of(vector("V-SGIP-01.1")));
    ours.hears(with_sequence(vector("V-SGIP-02.1"), asked.header.sequence));
    CHECK(ours.session.state() == link::State::open);
    struct { std::uint8_t result; bool open, refused; Steady not_before{}; } rows[] = {
        {1, false, true}, {2, true, false}, {3, false, false}, {4, false, true}, {9, false, true}, {11, false, false}, {34, false, false, std::chrono::seconds(60)}, {200, false, true}};
    for (const auto& row : rows) {
        CAPTURE(row.result);
        Ours other;
        other.says({bind_link | response_bit, {}, Answer{row.result, {}}});
        CHECK((other.session.state() == link::State::open) == row.open);
        CHECK(other.session.refused() == row.refused);
        CHECK(other.session.not_before() == row.not_before);
        CHECK(other.session.take_warnings().size() == (row.result == 2 ? 1 : 0));
    }
    Ours early;
    early.hears(vector("V-SGIP-08.1"));
    CHECK(early.session.state() == link::State::closed);
    Ours silent;
    silent.pass(std::chrono::seconds(11));
    CHECK(silent.session.why() == "no answer to our opening");
}

TEST_CASE("SGIP: an answer is known by all three words, and the Submit's are the id that reports have") {
    Ours ours;
    ours.open();
    auto first = ours.submit(1), second = ours.submit(2);
    CHECK(first == Sequence{3010012345u, 1122120000, 2});
    CHECK(second.count == 3);
    auto wrong = first;
    wrong.time += 1;  // some regenerate it
    ours.says({sgip::submit | response_bit, wrong, Answer{0, {}}});
    CHECK(ours.session.take_settled().empty());
    ours.says({sgip::submit | response_bit, second, Answer{0, {}}});
    ours.says({sgip::submit | response_bit, second, Answer{1, {}}});  // again, and something else
    ours.says({sgip::submit | response_bit, first, Answer{29, {}}});
    auto settled = ours.session.take_settled();
    REQUIRE(settled.size() == 2);
    CHECK(settled[0].ticket == 2);
    CHECK(std::get<Accepted>(settled[0].outcome).vendor_ids == std::vector<std::string>{shown(second)});
    CHECK(outcome_name(settled[1].outcome) == "permanent_number");
    ours.submit(3);
    ours.says({sgip::submit | response_bit, {3010012345u, 1122120000, 4}, Answer{12, {}}});
    CHECK(outcome_name(ours.session.take_settled().at(0).outcome) == "ambiguous");
    CHECK(ours.session.take_warnings() == std::vector<std::string>{"Result 12, which is in no table"});
}

TEST_CASE("SGIP: two links of a channel never say the same number") {
    auto sequences = std::make_shared<Sequences>(Ours::clock(), 1, 0xFFFFFFFE);
    Sp a(sgip_settings(), sequences), b(sgip_settings(), sequences);
    auto frame = encode({submit, {}, Submit{.users = {"1"}}}).value();
    std::vector<std::uint32_t> counts;
    for (Sp* link : {&a, &b, &a, &b}) counts.push_back(decode(link->numbered(frame, 5)).header.sequence.count);
    CHECK(counts == std::vector<std::uint32_t>{0xFFFFFFFE, 0xFFFFFFFF, 0, 1});
}

TEST_CASE("SGIP: what is idle is left, what is under way is waited for, and what the gateway ends is ended") {
    Ours ours;
    ours.open().pass(std::chrono::seconds(29));
    CHECK(ours.said().empty());
    CHECK(*ours.session.next_tick() == ours.now + std::chrono::seconds(1));
    ours.pass(std::chrono::seconds(1));
    auto asked = ours.said_pdu();
    CHECK(asked.header.command == unbind);
    ours.says({unbind | response_bit, asked.header.sequence, Empty{}});
    CHECK(ours.session.state() == link::State::closed);
    CHECK(ours.session.ended_idle());

    Ours busy;
    busy.open().pass(std::chrono::seconds(29));
    auto sequence = busy.submit(1);
    busy.pass(std::chrono::seconds(29));  // 58 s of silence, but there is an answer to come
    CHECK(busy.said().empty());
    busy.says({sgip::submit | response_bit, sequence, Answer{0, {}}});
    busy.pass(std::chrono::seconds(29));
    CHECK(busy.said().empty());
    busy.pass(std::chrono::seconds(1));
    CHECK(busy.said_pdu().header.command == unbind);

    Ours overdue;
    auto unanswered = overdue.open().submit(1);
    overdue.pass(std::chrono::seconds(31));
    auto doubt = overdue.session.take_settled();
    REQUIRE(doubt.size() == 1);
    CHECK(std::get<Ambiguous>(doubt[0].outcome).vendor_ids == std::vector<std::string>{shown(unanswered)});
    CHECK(overdue.said().empty());  // it may still come
    overdue.pass(std::chrono::seconds(28));
    CHECK(overdue.said().empty());
    overdue.pass(std::chrono::seconds(1));
    CHECK(overdue.said_pdu().header.command == unbind);
    CHECK_FALSE(overdue.session.ended_idle());
    Ours late;
    unanswered = late.open().submit(1);
    late.pass(std::chrono::seconds(31));
    (void)late.session.take_settled();
    late.says({sgip::submit | response_bit, unanswered, Answer{0, {}}});
    auto settled = late.session.take_settled();
    REQUIRE(settled.size() == 1);
    CHECK(std::holds_alternative<Accepted>(settled[0].outcome));

    Ours left;
    left.open();
    left.hears(vector("V-SGIP-11.1"));
    CHECK(left.said() == hex_of(vector("V-SGIP-11.2")));
    CHECK(left.session.state() == link::State::closed);
    CHECK(left.session.ended_idle());
}

TEST_CASE("SGIP: the gateway has to say who it is, and is told what is wrong with it") {
    Theirs right;
    CHECK(right.said().empty());
    right.hears(vector("V-SGIP-07.1"));
    CHECK(right.said() == hex_of(encode({bind_link | response_bit, {100101, 1231235959, 76}, Answer{0, {}}}).value()));
    CHECK(right.session.state() == link::State::open);
    right.hears(vector("V-SGIP-07.1"));
    CHECK(std::get<Answer>(right.said_pdu().body).result == 2);
    CHECK(right.session.state() == link::State::open);
    struct { const char* more; Bind bind; bool full; int result; } rows[] = {
        {"", {2, "smg", "smgpx", ""}, false, 1}, {"", {2, "smg", "smgpw1", ""}, false, 1}, {"", {2, "smg", "", ""}, false, 1}, {"", {2, "sm", "smgpw", ""}, false, 1}, {"", {2, "", "", ""}, false, 1},
        {"", {1, "smg", "smgpw", ""}, false, 4}, {"", {11, "smg", "smgpw", ""}, false, 4}, {"any_login_type = true\n", {1, "smg", "smgpw", ""}, false, 0}, {"any_login_type = true\n", {3, "smg", "smgpw", ""}, false, 4},
        {"", {2, "smg", "smgpw", ""}, true, 3}, {"", {2, "smg", "smgpx", ""}, true, 1},
    };
    for (const auto& row : rows) {
        CAPTURE(row.bind.name);
        CAPTURE(row.result);
        Theirs other(row.more, row.full);
        other.says({bind_link, theirs, row.bind});
        auto answer = other.said_pdu();
        CHECK(answer.header.command == (bind_link | response_bit));
        CHECK(answer.header.sequence == theirs);
        CHECK(std::get<Answer>(answer.body).result == row.result);
        CHECK((other.session.state() == link::State::open) == (row.result == 0));
    }
    for (const char* name : {"V-SGIP-02.1", "V-SGIP-04.1", "V-SGIP-08.1", "V-SGIP-09.1", "V-SGIP-11.1", "V-SGIP-12.1"}) {
        CAPTURE(name);
        Theirs early;
        early.hears(vector(name));
        CHECK(early.session.state() == link::State::closed);
        CHECK(early.said().empty());
        CHECK(early.keep() == 0);
    }
    Theirs silent;
    silent.pass(std::chrono::seconds(11));
    CHECK(silent.session.why() == "nobody said who he is");
    Theirs half;
    half.open().hears(vector("V-SGIP-08.1").substr(0, 40));
    half.pass(std::chrono::seconds(31));
    CHECK(half.session.why() == "silence");
}

TEST_CASE("SGIP: texts and reports of a gateway, and their answers to the octet") {
    for (bool reverse : {true, false}) {  // by the text only there; an odd aggregator may do otherwise
        CAPTURE(reverse);
        Theirs host;
        Ours sp;
        Side& side = reverse ? static_cast<Side&>(host.open()) : static_cast<Side&>(sp.open());
        side.hears(vector("V-SGIP-08.1"));
        CHECK(side.said().empty());  // not before it is kept
        auto texts = side.session.take_deliveries();
        REQUIRE(texts.size() == 1);
        auto text = std::get<InboundText>(texts[0].delivery.inbound.at(0));
        CHECK(text.text.reveal() == "退订");
        CHECK(text.from.reveal() == "13000130000");
        CHECK(text.to == "106550018888");
        CHECK(text.extension == "8888");
        CHECK(text.key == "0001870549632b770000004d");
        side.session.answered(texts[0].id, true);
        CHECK(side.said() == hex_of(vector("V-SGIP-08.2")));

        side.hears(vector("V-SGIP-09.1") + vector("V-SGIP-10.1"));
        auto reports = side.session.take_deliveries();
        REQUIRE(reports.size() == 2);
        auto good = std::get<Receipt>(reports[0].delivery.inbound.at(0)), bad = std::get<Receipt>(reports[1].delivery.inbound.at(0));
        CHECK(good.vendor_id == "b36924b949632b7700000002");
        CHECK(good.phone->reveal() == "13000130000");
        CHECK(good.state == ReceiptState::delivered);
        CHECK(bad.state == ReceiptState::failed);
        CHECK(bad.code == "ErrorCode 27: 手机不支持短信 phone does not support SMS");
        side.session.answered(reports[0].id, true);
        CHECK(side.said() == hex_of(vector("V-SGIP-10.2")));
        side.session.answered(reports[1].id, false);
        CHECK(std::get<Answer>(side.said_pdu().body).result == 11);

        side.hears(vector("V-SGIP-12.1"));
        CHECK(side.said() == hex_of(vector("V-SGIP-12.2")));
        side.says({report, theirs, Report{{1, 2, 3}, 1, "8613000130000", 0, 0, ""}});  // on a Deliver that somebody forwarded
        CHECK(std::get<Answer>(side.said_pdu().body).result == 0);
        CHECK(side.keep() == 0);
        side.hears(vector("V-SGIP-04.1"));
        CHECK(std::get<Answer>(side.said_pdu().body).result == 7);
        side.says({trace, theirs, Trace{}});
        CHECK(std::get<TraceAnswer>(side.said_pdu().body).rows.empty());
        side.says({0x06, theirs, Empty{}});
        CHECK(side.said_pdu().header.command == 0x80000006);
        side.says({deliver | response_bit, theirs, Answer{}});
        CHECK(side.said().empty());
        CHECK(side.session.state() == link::State::open);
        side.hears(vector("V-SGIP-13.2"));
        CHECK(side.session.state() == link::State::closed);
    }
    struct { std::uint8_t state, error; ReceiptState says; Receipt::Meaning meaning; const char* code; } rows[] = {
        {0, 0, ReceiptState::delivered, Receipt::Meaning::none, "State 0"}, {1, 0, ReceiptState::buffered, Receipt::Meaning::none, "State 1"},
        {2, 25, ReceiptState::failed, Receipt::Meaning::none, "ErrorCode 25: 用户关机或不在服务区 phone off or out of coverage"}, {2, 29, ReceiptState::failed, Receipt::Meaning::number_invalid, "ErrorCode 29: 空号 unknown user"},
        {2, 69, ReceiptState::failed, Receipt::Meaning::opted_out, "ErrorCode 69: 黑名单用户 number on the black list"}, {2, 110, ReceiptState::failed, Receipt::Meaning::opted_out, "ErrorCode 110: 黑名单用户 number on the black list"},
        {0, 29, ReceiptState::delivered, Receipt::Meaning::none, "State 0"}, {9, 1, ReceiptState::unknown, Receipt::Meaning::none, "State 9 ErrorCode 1"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.code);
        auto read = read_report({{1, 2, 3}, 0, "8613000130000", row.state, row.error, ""});
        CHECK(read.state == row.says);
        CHECK(read.meaning == row.meaning);
        CHECK(read.code == row.code);
    }
    auto settings = sgip_settings();
    Deliver d{"8613000130000", "1065500107", 0, 1, 8, from_hex("05000309020290008ba2"), ""};
    auto part = read_delivery(*settings, theirs, d);
    REQUIRE(part.part);
    CHECK(part.part->number == 2);
    CHECK(part.extension == "07");
    CHECK(part.key_recurs);
}

TEST_CASE("SGIP: a host says nothing on the gateway's connection but answers, and ends it in order") {
    Theirs host;
    host.open();
    CHECK(host.session.room() == 0);
    host.hears(vector("V-SGIP-08.1"));
    host.session.close(host.now);
    CHECK(host.session.state() == link::State::closing);  // something is being kept
    CHECK(host.keep() == 1);
    host.pass(std::chrono::milliseconds(1));
    CHECK(host.said() == hex_of(vector("V-SGIP-08.2")));
    CHECK(host.session.state() == link::State::closed);

    Theirs short_style;
    short_style.open();
    short_style.hears(vector("V-SGIP-08.1") + vector("V-SGIP-11.1"));
    CHECK(short_style.said() == hex_of(vector("V-SGIP-11.2")));
    CHECK(short_style.keep() == 1);
    CHECK(short_style.said() == hex_of(vector("V-SGIP-08.2")));
    REQUIRE(short_style.session.next_tick());
    CHECK(*short_style.session.next_tick() <= short_style.now);  // at once, not when the patience for it ends
    short_style.pass(std::chrono::milliseconds(1));
    CHECK(short_style.session.state() == link::State::closed);
}

TEST_CASE("SGIP: settings are checked all at once, each with its line") {
    auto bad = test::read_sgip("host = \"h\"\nnode = 4294967296\nlogin_name = \"much too long a name\"\npassword = \"p\"\nlisten = \"8801\"\npeers = [\"10.1.2.3/33\", \"smg.example\"]\ncorporation = \"123\"\n"
                               "source = \"1065500100000000000000\"\nkeep_alive = \"10s\"\n[results]\n\"x\" = \"retry\"\n");
    CHECK_FALSE(bad.settings);
    for (const char* expected : {"p.toml:2: node = ", "p.toml:3: login_name: expected at most 16", "p.toml:5: listen = \"8801\": expected an address and a port", "p.toml:6: peers: \"10.1.2.3/33\": expected an address",
                                 "\"smg.example\"", "p.toml:7: corporation = \"123\": expected the five digits", "p.toml:8: source and extension_digits", "p.toml:9: ", "p.toml:11: x: expected a code such as 101"}) {
        CAPTURE(bad.problems);
        CAPTURE(expected);
        CHECK(bad.problems.find(expected) != std::string::npos);
    }
    CHECK(test::read_sgip("host = \"h\"\nnode = 1\nlogin_name = \"n\"\npassword = \"p\"\nlisten = \"0.0.0.0:8801\"\ncorporation = \"12345\"\nsource = \"1\"\n").problems.find("peers: expected the addresses") != std::string::npos);
    auto own = sgip_settings();
    CHECK(own->guest_name == "smg");
    auto same = test::read_sgip("host = \"h\"\nnode = 1\nlogin_name = \"n\"\npassword = \"p\"\nlisten = \"[::]:8801\"\npeers = [\"::1\"]\ncorporation = \"12345\"\nsource = \"1\"\n");
    CHECK(same.settings->guest_name == "n");
    CHECK(same.settings->guest_password == "p");
}

TEST_CASE("SGIP: our node is made of area and corporation as the document says, and check tells one that is not") {
    CHECK(node_of("010", "92008") == 3010092008u);
    CHECK(node_of("0311", "92008") == 3031192008u);
    CHECK(node_of("021", "12345") == 3021012345u);
    for (const char* area : {"", "10", "0", "01000", "0a1"}) CHECK(node_of(area, "12345") == std::nullopt);
    CHECK(node_of("010", "1234") == std::nullopt);
    CHECK(describe_node(3010012345u, "12345") == "node 3010012345 (area 010, corporation 12345)");
    CHECK(describe_node(3031192008u, "92008") == "node 3031192008 (area 0311, corporation 92008)");
    CHECK(describe_node(3010012345u, "54321") == "node 3010012345 (of corporation 12345, not 54321: many gateways answer with 9)");
    CHECK(describe_node(0, "12345") == "node 0 (none of an SP, 3AAAAQQQQQ: many gateways answer with 9)");
    const std::string rest = "host = \"h\"\nlogin_name = \"n\"\npassword = \"p\"\nlisten = \"[::]:8801\"\npeers = [\"::1\"]\ncorporation = \"12345\"\nsource = \"1\"\n";
    auto made = test::read_sgip(rest + "area_code = \"0311\"\n");
    REQUIRE_MESSAGE(made.settings, made.problems);
    CHECK(made.settings->node == 3031112345u);
    CHECK(test::read_sgip(rest + "area_code = \"311\"\n").problems.find("p.toml:8: area_code = \"311\": expected the area code") != std::string::npos);
    CHECK(test::read_sgip(rest + "area_code = \"010\"\nnode = 1\n").problems.find("p.toml:9: node: it is made of area_code and corporation") != std::string::npos);
    CHECK(test::read_sgip(rest).problems.find("needs 'node'") != std::string::npos);
}
