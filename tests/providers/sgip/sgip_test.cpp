// The provider over sockets in both directions, with a gateway on loopback: surveys on our connection, reports and answers on its own;
// answers that are lost, links that break or rest, guests who may not, and the daemon's next start.
#include "providers/sgip/sgip.hpp"

#include <sys/resource.h>

#include "providers/sgip/pdu.hpp"
#include "tests/providers/link/peer.hpp"
#include "tests/support/free_port.hpp"

using namespace pingjing;
using namespace pingjing::sgip;
using namespace pingjing::provider;
using test::CarrierPeer;

namespace {

std::string say(std::uint32_t command, const Sequence& sequence, Body body = Empty{}) { return encode({command, sequence, std::move(body)}).value(); }

struct Site : test::CarrierSite {
    explicit Site(const std::string& more = "", int listen = 0) : CarrierSite({20, 2048}), door(listen > 0 ? listen : test::free_port(io)) {
        peer.on = [this](CarrierPeer& p, const CarrierPeer::Heard& h) { return usual(p, h); };
        config::Problems problems;
        auto toml = fmt::format("host = \"127.0.0.1\"\nport = {}\nnode = 3010012345\nlogin_name = \"sp123\"\npassword = \"pw456\"\nlisten = \"127.0.0.1:{}\"\npeers = [\"127.0.0.1\"]\nlisten_name = \"smg\"\n"
                                "listen_password = \"smgpw\"\ncorporation = \"12345\"\nsource = \"10655001\"\nextension_digits = 2\n{}", peer.port(), door, more);
        auto document = config::Document::parse(toml, "p.toml", problems);
        config::Section section(*document, problems);
        make = sgip::read(section, {"main"});
        section.finish();
        REQUIRE_MESSAGE(make, problems.text());
        start(make);
    }
    std::optional<std::string> usual(CarrierPeer&, const CarrierPeer::Heard& heard) {
        auto pdu = decode(heard.frame);
        auto command = pdu.header.command;
        if (const auto* b = std::get_if<Bind>(&pdu.body)) return say(command | response_bit, pdu.header.sequence, Answer{static_cast<std::uint8_t>(b->type == 1 && b->name == "sp123" && b->password == "pw456" ? 0 : 1), {}});
        if (std::holds_alternative<Submit>(pdu.body)) return submitted.push_back(pdu.header.sequence), say(command | response_bit, pdu.header.sequence, Answer{});
        if (command == unbind) return say(command | response_bit, pdu.header.sequence);
        return std::nullopt;
    }
    int count(std::uint32_t command) const {
        return static_cast<int>(std::count_if(peer.heard.begin(), peer.heard.end(), [&](const auto& h) { return decode(h.frame).header.command == command; }));
    }
    static Sequence number(std::uint32_t n) { return {100101, 1122120000, n}; }
    static std::string login(const char* password = "smgpw", std::uint8_t type = 2) { return say(bind_link, number(1), Bind{type, "smg", password, {}}); }
    static std::string report_of(const Sequence& s, std::uint32_t n, std::uint8_t state = 0) { return say(report, number(n), Report{s, 0, "8613800138000", state, 0, ""}); }
    static std::string reply(const char* text, std::uint32_t n) { return say(deliver, number(n), Deliver{"8613800138000", "1065500107", 0, 0, 0, text, ""}); }
    // The Result of the last answer that the gateway got on this connection; nullopt: none.
    std::optional<int> answer_on(std::size_t connection, std::uint32_t command) const {
        std::optional<int> out;
        for (const auto& h : peer.heard)
            if (auto pdu = decode(h.frame); h.connection == connection && pdu.header.command == (command | response_bit))
                if (const auto* a = std::get_if<Answer>(&pdu.body)) out = a->result;
        return out;
    }
    std::size_t call_in() {
        REQUIRE(until([&] { return count(bind_link) >= 1; }));  // it serves
        auto connection = peer.call(door);
        peer.say(connection, login());
        REQUIRE(until([&] { return answer_on(connection, bind_link) == 0; }));
        return connection;
    }

    int door;
    Make make;
    std::vector<Sequence> submitted;
};

}  // namespace

TEST_CASE("SGIP over sockets: a survey goes out on our link, its report and its answer come back on the gateway's") {
    Site site;
    std::string hundred;
    for (int i = 0; i < 100; ++i) hundred += "长";
    CHECK(site.submit(hundred).starts_with("accepted "));
    REQUIRE(site.submitted.size() == 2);
    CHECK(site.submitted[0].node == 3010012345u);
    CHECK(site.submitted[0] != site.submitted[1]);
    auto taken = site.submit();
    REQUIRE(site.submitted.size() == 3);
    CHECK(taken == "accepted " + shown(site.submitted[2]));

    auto guest = site.call_in();
    site.peer.say(guest, Site::report_of(site.submitted[2], 2) + Site::reply("1", 3));
    REQUIRE(site.until([&] { return site.answer_on(guest, deliver) == 0; }));
    REQUIRE(site.inbox.all.size() == 2);
    CHECK(std::get<Receipt>(site.inbox.all[0]).vendor_id == shown(site.submitted[2]));
    CHECK(std::get<InboundText>(site.inbox.all[1]).extension == "07");
    // Some call for each message, many at once, and hang up without a word.
    std::vector<std::size_t> calls;
    for (std::uint32_t n = 10; n < 22; ++n) {
        calls.push_back(site.peer.call(site.door));
        site.peer.say(calls.back(), Site::login() + Site::reply("2", n) + say(unbind, Site::number(n + 100)));
    }
    REQUIRE(site.until([&] { return site.inbox.all.size() == 14; }));
    for (auto call : calls) REQUIRE(site.until([&] { return site.answer_on(call, deliver) == 0 && site.peer.ended(call); }));
    site.peer.cut(guest);
    site.stop();
    CHECK(site.count(unbind) == 1);
    CHECK(site.submit() == "retry");
}

TEST_CASE("SGIP over sockets: what is kept is kept before it is answered, and what is not is asked for again") {
    Site site;
    auto guest = site.call_in();
    bool answered_before = false;
    site.inbox.before_keeping = [&] { answered_before = answered_before || site.answer_on(guest, deliver).has_value(); };
    site.inbox.refuse = 1;
    site.peer.say(guest, Site::reply("1", 2));
    REQUIRE(site.until([&] { return site.answer_on(guest, deliver) == 11; }));
    site.inbox.before_keeping = {};
    site.peer.say(guest, Site::reply("1", 2));
    REQUIRE(site.until([&] { return site.answer_on(guest, deliver) == 0; }));
    CHECK_FALSE(answered_before);
    CHECK(site.inbox.all.size() == 1);
}

TEST_CASE("SGIP over sockets: the answer is lost after the submit, the report comes on the gateway's link, after a restart as well") {
    Site site;
    std::vector<Sequence> lost;
    site.peer.on = [&](CarrierPeer& p, const CarrierPeer::Heard& h) -> std::optional<std::string> {
        auto pdu = decode(h.frame);
        if (lost.empty() && std::holds_alternative<Submit>(pdu.body)) return lost.push_back(pdu.header.sequence), "";
        return site.usual(p, h);
    };
    auto outcome = site.submit();
    REQUIRE(lost.size() == 1);
    CHECK(outcome == "ambiguous " + shown(lost[0]));  // its id is ours: the report will name it
    CHECK(site.submit("again", "r2").starts_with("accepted"));
    CHECK(site.count(submit) == 2);  // nothing is said twice
    CHECK(lost[0] != site.submitted.at(0));
    auto guest = site.call_in();
    site.peer.say(guest, Site::report_of(lost[0], 2));
    REQUIRE(site.until([&] { return site.answer_on(guest, report) == 0; }));
    CHECK(std::get<Receipt>(site.inbox.all.at(0)).vendor_id == shown(lost[0]));
    site.stop();
    CHECK(site.peer.ended(guest));
    auto nobody = site.peer.call(site.door);
    CHECK(site.peer.ended(nobody));
    site.start(site.make);
    REQUIRE(site.until([&] { return site.count(bind_link) == 3; }));
    auto next = site.peer.call(site.door);
    site.peer.say(next, Site::login() + Site::report_of(site.submitted[0], 3, 1) + Site::report_of(site.submitted[0], 4));
    REQUIRE(site.until([&] { return site.inbox.all.size() == 3; }));
    CHECK(std::get<Receipt>(site.inbox.all[1]).state == ReceiptState::buffered);
    CHECK(std::get<Receipt>(site.inbox.all[2]).state == ReceiptState::delivered);
    CHECK(site.submit("third", "r3").starts_with("accepted"));
    CHECK(site.submitted[1] != site.submitted[0]);
}

TEST_CASE("SGIP over sockets: a link that is idle is left in order, and there again when there is something to say") {
    Site site("rest_after = \"1s\"\nwindow = 1\n");
    REQUIRE(site.until([&] { return site.count(bind_link) == 1; }));
    REQUIRE(site.until([&] { return site.count(unbind) == 1; }));
    CHECK_FALSE(site.until([&] { return site.count(bind_link) == 2; }, std::chrono::milliseconds(1500)));  // at rest
    CHECK(site.provider->room() == 1);
    auto began = site.clock->steady();
    CHECK(site.submit().starts_with("accepted"));
    CHECK(site.clock->steady() - began < std::chrono::milliseconds(500));
    CHECK(site.count(bind_link) == 2);
    // The gateway may leave first, with or without a word.
    site.peer.say(site.peer.connections() - 1, say(unbind, Site::number(5)));
    REQUIRE(site.until([&] { return site.peer.ended(site.peer.connections() - 1); }));
    CHECK(site.submit("b", "r2").starts_with("accepted"));
    site.peer.cut(site.peer.connections() - 1);
    site.until([] { return false; }, std::chrono::milliseconds(100));
    CHECK(site.submit("c", "r3").starts_with("accepted"));
    CHECK(site.count(bind_link) == 4);
}

TEST_CASE("SGIP over sockets: two links rest, and come back one after the other when one is not enough") {
    Site site("rest_after = \"1s\"\nwindow = 2\nlinks = 2\nresponse_timeout = \"2s\"\nsubmit_timeout = \"10s\"\n");
    REQUIRE(site.until([&] { return site.count(unbind) == 2; }));
    REQUIRE(site.until([&] { return site.provider->room() == 2; }));
    std::vector<CarrierPeer::Heard> waiting;
    site.peer.on = [&](CarrierPeer& p, const CarrierPeer::Heard& h) -> std::optional<std::string> {
        if (decode(h.frame).header.command != submit) return site.usual(p, h);
        waiting.push_back(h);
        return std::nullopt;
    };
    int accepted = 0;
    auto one = [](Site& s, int& n) -> asio::awaitable<void> {
        Submission submission("r", *Phone::mobile("13800138000"), Text("1"), "", std::chrono::hours(1));
        auto outcome = co_await s.provider->submit(std::move(submission));
        if (std::holds_alternative<Accepted>(outcome)) ++n;
    };
    for (int i = 0; i < 2; ++i) site.tasks->spawn("submit", one(site, accepted));
    REQUIRE(site.until([&] { return waiting.size() == 2; }));
    CHECK(waiting[0].connection != waiting[1].connection);
    for (const auto& w : waiting) site.peer.say(w.connection, say(submit | response_bit, decode(w.frame).header.sequence, Answer{}));
    CHECK(site.until([&] { return accepted == 2; }));
}

TEST_CASE("SGIP over sockets: a late answer settles its row, a wrong password is a channel that is down, and its door stays open") {
    Site site("response_timeout = \"1s\"\nsubmit_timeout = \"10s\"\nrest_after = \"20s\"\n");
    CarrierPeer::Heard unanswered;
    site.peer.on = [&](CarrierPeer& p, const CarrierPeer::Heard& h) -> std::optional<std::string> {
        if (decode(h.frame).header.command != submit) return site.usual(p, h);
        unanswered = h;
        return std::nullopt;
    };
    auto outcome = site.submit();
    CHECK(outcome == "ambiguous " + shown(decode(unanswered.frame).header.sequence));
    site.peer.say(unanswered.connection, say(submit | response_bit, decode(unanswered.frame).header.sequence, Answer{}));
    REQUIRE(site.until([&] { return site.inbox.told.size() == 1; }));
    CHECK(site.inbox.told[0] == "r1 accepted");

    Site refused;
    refused.peer.on = [](CarrierPeer&, const CarrierPeer::Heard& h) {
        auto pdu = decode(h.frame);
        return pdu.header.command == bind_link ? std::optional(say(bind_link | response_bit, pdu.header.sequence, Answer{1, {}})) : std::nullopt;
    };
    REQUIRE(refused.until([&] { return refused.count(bind_link) == 1; }));
    refused.until([] { return false; }, std::chrono::milliseconds(100));
    CHECK(refused.submit() == "channel_down_auth");
    auto guest = refused.call_in();
    refused.peer.say(guest, Site::reply("1", 2));
    CHECK(refused.until([&] { return refused.answer_on(guest, deliver) == 0; }));
}

TEST_CASE("SGIP over sockets: a way back that is closed is said, and that it is open again") {
    Site site;
    auto closed = [&] { return site.provider->way_back_closed(); };
    REQUIRE(site.until([&] { return site.count(bind_link) >= 1; }));
    CHECK(closed().empty());
    for (int knock = 0; knock < 3; ++knock) {
        CHECK(closed().empty());  // a stranger now and then is no trouble
        auto wrong = site.peer.call(site.door);
        site.peer.say(wrong, Site::login("another"));
        REQUIRE(site.until([&] { return site.peer.ended(wrong); }));
    }
    REQUIRE(site.until([&] { return !closed().empty(); }));
    CHECK(closed().starts_with("127.0.0.1 is turned away: "));
    site.call_in();
    CHECK(closed().empty());

    Site late("", site.door);  // somebody has that port
    REQUIRE(late.until([&] { return !late.provider->way_back_closed().empty(); }));
    CHECK(late.provider->way_back_closed().starts_with(fmt::format("cannot listen on 127.0.0.1:{}: ", site.door)));
}

TEST_CASE("SGIP over sockets: told that the carrier is there again, nobody waits for the end of a pause") {
    Site site;
    bool mended = false;
    site.peer.on = [&](CarrierPeer& p, const CarrierPeer::Heard& h) -> std::optional<std::string> {
        auto pdu = decode(h.frame);
        if (!mended && pdu.header.command == bind_link) return say(bind_link | response_bit, pdu.header.sequence, Answer{1, {}});
        return site.usual(p, h);
    };
    REQUIRE(site.until([&] { return site.count(bind_link) == 1; }));
    site.until([] { return false; }, std::chrono::milliseconds(100));
    CHECK(site.submit() == "channel_down_auth");
    mended = true;
    CHECK(site.submit() == "channel_down_auth");  // it would be so for a minute or two
    site.provider->try_now();
    CHECK(site.submit().starts_with("accepted "));
    CHECK(site.count(bind_link) == 2);
}

TEST_CASE("SGIP over sockets: guests who may not, say nothing, or talk nonsense are answered or hung up on, and nobody else notices") {
    Site site("login_timeout = \"1s\"\nlisten_idle = \"2s\"\nlisten_links = 3\n");
    auto good = site.call_in();
    auto wrong = site.peer.call(site.door), typed = site.peer.call(site.door), silent = site.peer.call(site.door), half = site.peer.call(site.door), early = site.peer.call(site.door), noise = site.peer.call(site.door);
    site.peer.say(wrong, Site::login("guess"));
    site.peer.say(typed, Site::login("smgpw", 1));
    site.peer.say(half, Site::login().substr(0, 30));
    site.peer.say(early, Site::reply("3", 9));
    site.peer.say(noise, std::string(5000, '\xff'));
    auto stranger = site.peer.call(site.door, "127.0.0.2");
    site.peer.say(stranger, Site::login());
    for (auto guest : {wrong, typed, silent, half, early, noise, stranger}) {
        CAPTURE(guest);
        CHECK(site.until([&] { return site.peer.ended(guest); }));
        site.peer.say(good, Site::reply("1", static_cast<std::uint32_t>(50 + guest)));
    }
    CHECK(site.answer_on(wrong, bind_link) == 1);
    CHECK(site.answer_on(typed, bind_link) == 4);
    for (auto guest : {silent, half, early, noise, stranger}) CHECK_FALSE(site.answer_on(guest, bind_link));
    CHECK(site.until([&] { return site.inbox.all.size() == 7; }));
    // Three may be in.
    auto second = site.call_in(), third = site.call_in(), fourth = site.peer.call(site.door);
    site.peer.say(fourth, Site::login());
    REQUIRE(site.until([&] { return site.peer.ended(fourth); }));
    CHECK(site.answer_on(fourth, bind_link) == 3);
    // Who says nothing any more is hung up on, and makes room.
    REQUIRE(site.until([&] { return site.peer.ended(good) && site.peer.ended(second) && site.peer.ended(third); }));
    site.call_in();
    CHECK(site.submit().starts_with("accepted"));
}

TEST_CASE("SGIP over sockets: a door that is somebody else's is tried again, and one that lets nobody in for want of descriptors opens again") {
    asio::io_context other;
    Site site;
    site.stop();
    {
        asio::ip::tcp::acceptor squatter(other, {asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(site.door)});
        site.start(site.make);
        CHECK(site.submit().starts_with("accepted"));  // that works all the same
    }
    // Until it is ours, whoever takes that port meanwhile is somebody else, our own call to ourselves among them: only an answer says so.
    std::optional<std::size_t> guest;
    REQUIRE(site.until([&] {
        if (guest && site.answer_on(*guest, bind_link) == 0) return true;
        bool strange = guest && std::any_of(site.peer.heard.begin(), site.peer.heard.end(), [&](const auto& heard) { return heard.connection == *guest; });
        if (strange) site.peer.cut(*guest);
        if (guest && !strange && !site.peer.ended(*guest)) return false;
        guest = site.peer.call(site.door);
        if (!site.peer.ended(*guest)) site.peer.say(*guest, Site::login());
        return false;
    }, std::chrono::seconds(12)));
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    asio::ip::tcp::socket client(site.io, asio::ip::tcp::v4());
    int next = ::dup(0);
    ::close(next);
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(next);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    boost::system::error_code error;
    client.connect({asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(site.door)}, error);  // the kernel takes it; nobody can accept
    site.until([] { return false; }, std::chrono::milliseconds(300));
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK_FALSE(error);
    auto login = Site::login();
    asio::write(client, asio::buffer(login), error);
    bool answered = site.until([&] { return client.available(error) > 0; });
    CHECK(answered);
}
