// The provider over sockets, with a gateway on loopback: login, survey, report, answer; answers that are lost, links that break, a
// report on another link, the daemon's next start.
#include "providers/smgp/smgp.hpp"

#include "providers/smgp/pdu.hpp"
#include "tests/providers/link/peer.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::smgp;
using namespace pingjing::provider;
using test::CarrierPeer;
using test::from_hex;

namespace {

std::string say(std::uint32_t command, std::uint32_t number, Body body = Empty{}) { return encode({command, number, std::move(body)}).value(); }

struct Site : test::CarrierSite {
    explicit Site(const std::string& more = "") : CarrierSite({12, 4096}) {
        peer.on = [this](CarrierPeer& p, const CarrierPeer::Heard& h) { return usual(p, h); };
        config::Problems problems;
        auto document = config::Document::parse(fmt::format("host = \"127.0.0.1\"\nport = {}\nclient_id = \"10690001\"\npassword = \"s3cret\"\nsource = \"10690001\"\nextension_digits = 2\n{}", peer.port(), more),
                                                "p.toml", problems);
        config::Section section(*document, problems);
        make = smgp::read(section, {"main"});
        section.finish();
        REQUIRE_MESSAGE(make, problems.text());
        start(make);
    }
    std::optional<std::string> usual(CarrierPeer&, const CarrierPeer::Heard& heard) {
        auto pdu = decode(heard.frame);
        auto number = pdu.header.sequence;
        if (const auto* l = std::get_if<Login>(&pdu.body)) {
            bool right = l->authenticator == authenticator_of("10690001", "s3cret", l->timestamp);
            return say(login | response_bit, number, LoginAnswer{right ? 0u : 21u, answer_authenticator_of(0, l->authenticator, "s3cret"), 0x30});
        }
        if (std::holds_alternative<Submit>(pdu.body)) return say(smgp::submit | response_bit, number, MessageAnswer{id(++ids), 0});
        if (pdu.header.command == active_test || pdu.header.command == exit_link) return say(pdu.header.command | response_bit, number);
        return std::nullopt;
    }
    static std::string id(int n) { return from_hex(fmt::format("010061011617{:08}", n)); }
    int count(std::uint32_t command) const {
        return static_cast<int>(std::count_if(peer.heard.begin(), peer.heard.end(), [&](const auto& h) { return decode(h.frame).header.command == command; }));
    }
    static std::string report(int n, std::uint32_t number, const char* stat = "DELIVRD") {
        return say(deliver, number, Deliver{.id = id(1000 + n), .report = 1, .source = "13800138000", .destination = "1069000107", .content = write_report({id(n), "2611221200", "2611221201", stat, "000", ""})});
    }
    static std::string reply(const std::string& octets, std::uint32_t number, Tlvs tlvs = {}) {
        return say(deliver, number, Deliver{.id = id(2000 + static_cast<int>(number)), .format = 15, .source = "13800138000", .destination = "1069000107", .content = octets, .tlvs = std::move(tlvs)});
    }

    Make make;
    int ids = 0;
};

}  // namespace

TEST_CASE("SMGP over a socket: a survey goes out, its report and its answer come back, and the link is closed in order") {
    Site site;
    CHECK(site.submit() == "accepted 01006101161700000001");
    std::string hundred;
    for (int i = 0; i < 100; ++i) hundred += "长";
    CHECK(site.submit(hundred) == "accepted 01006101161700000002 01006101161700000003");
    site.peer.say(0, Site::report(1, 70) + Site::reply("1", 71) + Site::reply(from_hex("0500030902021234"), 72, {{tp_udhi, from_hex("01")}}));
    REQUIRE(site.until([&] { return site.inbox.all.size() == 3 && site.count(deliver | response_bit) == 3; }));
    CHECK(std::get<Receipt>(site.inbox.all[0]).vendor_id == "01006101161700000001");
    CHECK(std::get<InboundText>(site.inbox.all[1]).extension == "07");
    CHECK(std::get<InboundText>(site.inbox.all[2]).part->number == 2);
    site.stop();
    CHECK(site.count(exit_link) == 1);
    CHECK(site.count(login) == 1);
    CHECK(site.submit() == "retry");  // nobody serves any more
}

TEST_CASE("SMGP over a socket: an answer that is lost leaves doubt, the link comes back, and the report comes on another one after a restart") {
    Site site("links = 2\n");
    bool lose = true;
    site.peer.on = [&](CarrierPeer& p, const CarrierPeer::Heard& h) -> std::optional<std::string> {
        if (lose && decode(h.frame).header.command == submit) return ++site.ids, lose = false, "";  // taken, and then the line breaks
        return site.usual(p, h);
    };
    CHECK(site.submit() == "ambiguous");
    CHECK(site.submit("again", "r2") == "accepted 01006101161700000002");
    CHECK(site.count(submit) == 2);  // nothing is said twice
    REQUIRE(site.until([&] { return site.count(login) == 3; }));
    auto other = site.peer.connections() - 1;
    site.peer.say(other, Site::report(1, 70));
    REQUIRE(site.until([&] { return site.count(deliver | response_bit) == 1; }));
    CHECK(std::get<Receipt>(site.inbox.all.at(0)).vendor_id == "01006101161700000001");
    CHECK(std::get<Receipt>(site.inbox.all.at(0)).phone->reveal() == "13800138000");
    site.stop();
    CHECK(site.count(exit_link) == 2);
    site.start(site.make);
    REQUIRE(site.until([&] { return site.count(login) == 5; }));
    site.peer.say(site.peer.connections() - 1, Site::report(2, 71));
    REQUIRE(site.until([&] { return site.inbox.all.size() == 2; }));
    CHECK(site.submit("third", "r3") == "accepted 01006101161700000003");
}

TEST_CASE("SMGP over a socket: an answer that is overdue is doubt, and settles the message when it comes") {
    Site site("response_timeout = \"1s\"\nsubmit_timeout = \"10s\"\n");
    std::uint32_t unanswered = 0;
    site.peer.on = [&](CarrierPeer& p, const CarrierPeer::Heard& h) -> std::optional<std::string> {
        auto pdu = decode(h.frame);
        if (pdu.header.command != submit) return site.usual(p, h);
        unanswered = pdu.header.sequence;
        return std::nullopt;
    };
    CHECK(site.submit() == "ambiguous");
    site.peer.say(0, say(submit | response_bit, unanswered, MessageAnswer{Site::id(9), 0}));
    REQUIRE(site.until([&] { return site.inbox.told.size() == 1; }));
    CHECK(site.inbox.told[0] == "r1 accepted");
}

TEST_CASE("SMGP over a socket: what an attempt hears late says nothing of the next one, unless that it was taken") {
    for (std::uint32_t status : {1u, 0u}) {  // busy: it did not take the first one
        Site site("response_timeout = \"1s\"\nsubmit_timeout = \"10s\"\n");
        std::vector<std::uint32_t> unanswered;
        site.peer.on = [&](CarrierPeer& p, const CarrierPeer::Heard& h) -> std::optional<std::string> {
            auto pdu = decode(h.frame);
            if (pdu.header.command != submit) return site.usual(p, h);
            unanswered.push_back(pdu.header.sequence);
            return std::nullopt;
        };
        CHECK(site.submit() == "ambiguous");
        CHECK(site.submit() == "ambiguous");  // a person says that it may go twice
        site.peer.say(0, say(submit | response_bit, unanswered.at(0), MessageAnswer{Site::id(9), status}));
        site.until([&] { return !site.inbox.told.empty(); }, std::chrono::milliseconds(200));
        CHECK(site.inbox.told.size() == (status == 0 ? 1 : 0));
        site.peer.say(0, say(submit | response_bit, unanswered.at(1), MessageAnswer{Site::id(10), 1}));
        REQUIRE(site.until([&] { return !site.inbox.told.empty(); }));
        if (status != 0) CHECK(site.inbox.told[0] == "r1 throttled_channel");
    }
}

TEST_CASE("SMGP over a socket: what is not kept is asked for again, a wrong password is a channel that is down") {
    Site site;
    site.inbox.refuse = 1;
    REQUIRE(site.until([&] { return site.count(login) == 1; }));
    REQUIRE(site.submit().starts_with("accepted"));
    site.peer.say(0, Site::reply("1", 71));
    REQUIRE(site.until([&] { return site.count(deliver | response_bit) == 1; }));
    CHECK(std::get<MessageAnswer>(decode(site.peer.heard.back().frame).body).status == 1);
    site.peer.say(0, Site::reply("1", 72));
    REQUIRE(site.until([&] { return site.count(deliver | response_bit) == 2; }));
    CHECK(std::get<MessageAnswer>(decode(site.peer.heard.back().frame).body).status == 0);

    Site refused("login = \"pair\"\n");
    refused.peer.on = [](CarrierPeer&, const CarrierPeer::Heard& h) { return std::optional(say(login | response_bit, decode(h.frame).header.sequence, LoginAnswer{21, std::string(16, '\0'), 0x30})); };
    REQUIRE(refused.until([&] { return refused.count(login) == 2; }));
    CHECK(std::get<Login>(decode(refused.peer.heard[0].frame).body).mode + std::get<Login>(decode(refused.peer.heard[1].frame).body).mode == 1);  // 0 and 1
    refused.until([] { return false; }, std::chrono::milliseconds(100));
    CHECK(refused.submit() == "channel_down_auth");
}
