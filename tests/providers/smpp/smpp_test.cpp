// The provider over real sockets, with a short message centre on loopback that does what the test says: what an attempt ends as when
// the connection is cut at any place, what is told late, and how the links are closed.
#include "providers/smpp/smpp.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <deque>
#include <map>

#include "daemon/async/task_group.hpp"
#include "daemon/async/within.hpp"
#include "daemon/core/system_clock.hpp"
#include "daemon/log/metrics.hpp"
#include "providers/link/frame.hpp"
#include "providers/smpp/pdu.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::smpp;
using namespace pingjing::provider;
namespace ip = boost::asio::ip;

namespace {

using Tls = asio::ssl::stream<ip::tcp::socket>;

struct Said { std::size_t connection; Decoded pdu; };

// Accepts, notes what it hears, and answers through `on`, which the test sets. An answer that is empty cuts the connection.
class Centre {
public:
    using Answer = std::function<std::optional<std::string>(Centre&, const Said&)>;
    explicit Centre(asio::io_context& io) : acceptor_(io, {ip::make_address("127.0.0.1"), 0}), tasks_(io.get_executor(), [](const std::string&, std::exception_ptr) {}) {
        tasks_.spawn("accept", accept());
    }
    int port() const { return acceptor_.local_endpoint().port(); }
    Answer on = usual;
    asio::ssl::context* tls = nullptr;
    std::vector<Said> heard;
    std::size_t connections = 0;

    static std::string encoded(Pdu pdu) { return encode(pdu).value(); }
    static std::optional<std::string> usual(Centre& self, const Said& said) {
        const auto& h = said.pdu.header;
        switch (h.command) {
            case bind_transceiver: case bind_receiver: case bind_transmitter: return encoded({h.command | response_bit, ok, h.sequence, BindAnswer{"SMSC", {}}});
            case submit_sm: return encoded({submit_sm | response_bit, ok, h.sequence, MessageAnswer{fmt::format("id{}", ++self.ids_), {}}});
            case enquire_link: case unbind: return encoded({h.command | response_bit, ok, h.sequence, Empty{}});
            default: return std::nullopt;
        }
    }
    void say(std::size_t connection, std::string octets) { tasks_.spawn("say", write(links_.at(connection), std::move(octets))); }
    void cut(std::size_t connection) { close(*links_.at(connection)); }
    int count(std::uint32_t command) const {
        return static_cast<int>(std::count_if(heard.begin(), heard.end(), [&](const Said& s) { return s.pdu.header.command == command; }));
    }
    asio::awaitable<void> stop() {
        acceptor_.close();
        for (auto& link : links_) close(*link);
        tasks_.stop();
        co_await tasks_.join();
    }

private:
    struct Link {
        explicit Link(ip::tcp::socket s) : socket(std::move(s)) {}
        ip::tcp::socket socket;
        std::unique_ptr<Tls> tls;
        std::deque<std::string> out;
        bool writing = false;
    };
    static void close(Link& link) {
        boost::system::error_code ignored;
        (link.tls ? link.tls->next_layer() : link.socket).close(ignored);
    }

    asio::awaitable<void> accept() {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
            ++connections;
            auto link = std::make_shared<Link>(std::move(socket));
            links_.push_back(link);
            tasks_.spawn("serve", serve(links_.size() - 1, link));
        }
    }
    asio::awaitable<void> serve(std::size_t number, std::shared_ptr<Link> peer) {
        if (tls) {
            peer->tls = std::make_unique<Tls>(std::move(peer->socket), *tls);
            auto [error] = co_await peer->tls->async_handshake(asio::ssl::stream_base::server, asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
        }
        link::FrameReader frames({16, 70000});
        char piece[4096];
        for (;;) {
            std::size_t count = 0;
            boost::system::error_code error;
            if (peer->tls) std::tie(error, count) = co_await peer->tls->async_read_some(asio::buffer(piece), asio::as_tuple(asio::use_awaitable));
            else std::tie(error, count) = co_await peer->socket.async_read_some(asio::buffer(piece), asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
            frames.feed({piece, count});
            while (auto frame = frames.next()) {
                heard.push_back({number, decode(*frame)});
                auto answer = on(*this, heard.back());
                if (answer && answer->empty()) co_return close(*peer);
                if (answer) tasks_.spawn("say", write(peer, std::move(*answer)));
            }
        }
    }
    asio::awaitable<void> write(std::shared_ptr<Link> peer, std::string octets) {
        peer->out.push_back(std::move(octets));
        if (peer->writing) co_return;
        peer->writing = true;
        while (!peer->out.empty()) {
            auto next = std::move(peer->out.front());
            peer->out.pop_front();
            if (peer->tls) co_await asio::async_write(*peer->tls, asio::buffer(next), asio::as_tuple(asio::use_awaitable));
            else co_await asio::async_write(peer->socket, asio::buffer(next), asio::as_tuple(asio::use_awaitable));
        }
        peer->writing = false;
    }

    ip::tcp::acceptor acceptor_;
    std::vector<std::shared_ptr<Link>> links_;
    int ids_ = 0;
    TaskGroup tasks_;
};

struct Inbox final : Sink {
    asio::awaitable<void> take(std::string channel, std::vector<Inbound> inbound) override {
        CHECK(channel == "main");
        if (refuse > 0) {
            --refuse;
            throw std::runtime_error("disk full");
        }
        for (auto& one : inbound) all.push_back(std::move(one));
        co_return;
    }
    asio::awaitable<void> late(std::string, std::string ref, Outcome outcome) override {
        if (late_fails > 0) {
            --late_fails;
            throw std::runtime_error("disk full");
        }
        told.push_back(ref + " " + std::string(outcome_name(outcome)));
        co_return;
    }
    std::vector<Inbound> all;
    std::vector<std::string> told;
    int refuse = 0, late_fails = 0;
};

// A provider that serves, beside its centre.
struct Site {
    explicit Site(const std::string& more = "", const std::string& host = "127.0.0.1") : centre(io), world(io.get_executor(), *clock, random, nullptr), tasks(io.get_executor(), rethrow) {
        config::Problems problems;
        auto document = config::Document::parse(fmt::format("host = \"{}\"\nport = {}\nsystem_id = \"pingjing\"\npassword = \"secret\"\nsource = \"106900110\"\nextension_digits = 2\n{}", host,
                                                            centre.port(), more), "p.toml", problems);
        config::Section section(*document, problems);
        auto make = smpp::read(section, {"main"});
        section.finish();
        REQUIRE_MESSAGE(make, problems.text());
        provider = make(world);
    }
    ~Site() {
        test::run(io, [](Site& s) -> asio::awaitable<void> {
            s.tasks.stop();
            co_await s.tasks.join();
            co_await s.centre.stop();
        }(*this), std::chrono::seconds(30));
    }
    static void rethrow(const std::string&, std::exception_ptr error) { std::rethrow_exception(error); }
    void serve() { tasks.spawn("serve", provider->serve(inbox)); }
    void stop() {
        test::run(io, [](TaskGroup& group) -> asio::awaitable<void> {
            group.stop();
            co_await group.join();
        }(tasks), std::chrono::seconds(30));
    }
    static Submission survey(const std::string& ref, const std::string& text) { return Submission(ref, *Phone::mobile("13800138000"), Text(text), "07", std::chrono::hours(1)); }
    std::string submit(const std::string& text = "1满意", const std::string& ref = "r1", std::chrono::milliseconds patience = std::chrono::seconds(20)) {
        auto task = [](Site& s, std::string r, std::string t, std::chrono::milliseconds limit) -> asio::awaitable<std::string> {
            auto submission = survey(r, t);
            auto outcome = co_await within(limit, s.provider->submit(std::move(submission)));
            if (!outcome) co_return "given up";
            auto out = std::string(outcome_name(*outcome));
            if (auto* taken = std::get_if<Accepted>(&*outcome))
                for (const auto& id : taken->vendor_ids) out += " " + id;
            if (auto* some = std::get_if<Partial>(&*outcome))
                for (const auto& id : some->vendor_ids) out += " " + id;
            co_return out;
        };
        return test::run<std::string>(io, task(*this, ref, text, patience), std::chrono::seconds(30));
    }
    // Runs until it holds, for at most a few seconds.
    bool until(const std::function<bool()>& holds, std::chrono::milliseconds limit = std::chrono::seconds(8)) {
        auto task = [](std::function<bool()> h, std::chrono::milliseconds left) -> asio::awaitable<bool> {
            for (; left.count() > 0 && !h(); left -= std::chrono::milliseconds(5)) co_await sleep_for(std::chrono::milliseconds(5));
            co_return h();
        };
        return test::run<bool>(io, task(holds, limit), std::chrono::seconds(30));
    }
    void bound(int links = 1) {
        REQUIRE(until([&] { return centre.count(bind_transceiver) + centre.count(bind_transmitter) + centre.count(bind_receiver) >= links; }));
        REQUIRE(until([] { return true; }));
    }

    asio::io_context io;
    std::unique_ptr<Clock> clock = system_clock();
    SeededRandom random{3};
    Centre centre;
    World world;
    std::unique_ptr<Provider> provider;
    Inbox inbox;
    TaskGroup tasks;
};

const std::string hundred = [] {
    std::string out;
    for (int i = 0; i < 100; ++i) out += "长";
    return out;
}();

std::string delivery(const std::string& text, std::uint32_t sequence, std::uint8_t esm_class = 0) {
    Message m;
    m.source = {1, 1, "8613800138000"}, m.destination = {0, 1, "10690011007"}, m.text = text, m.esm_class = esm_class;
    return encode({deliver_sm, ok, sequence, m}).value();
}

}  // namespace

TEST_CASE("SMPP over a socket: a survey goes out, its receipt and its answer come back, and the link is closed in order") {
    Site site;
    site.serve();
    CHECK(site.submit() == "accepted id1");
    CHECK(site.submit(hundred) == "accepted id2 id3");
    auto& bind = std::get<Bind>(site.centre.heard.at(0).pdu.body);
    CHECK(bind.system_id == "pingjing");
    CHECK(bind.password == "secret");
    auto& submit = std::get<Message>(site.centre.heard.at(1).pdu.body);
    CHECK(submit.source.digits == "10690011007");
    CHECK(submit.destination.digits == "8613800138000");

    site.centre.say(0, delivery("id:id1 stat:DELIVRD err:000", 70, 0x04) + delivery("1", 71));
    REQUIRE(site.until([&] { return site.inbox.all.size() == 2 && site.centre.count(deliver_sm | response_bit) == 2; }));
    CHECK(std::get<Receipt>(site.inbox.all[0]).vendor_id == "id1");
    CHECK(std::get<InboundText>(site.inbox.all[1]).extension == "07");
    site.stop();
    CHECK(site.centre.count(unbind) == 1);
    CHECK(site.centre.connections == 1);
    CHECK(site.submit() == "retry");  // nobody serves any more
}

TEST_CASE("SMPP over a socket: what is not kept is asked for again") {
    Site site;
    site.inbox.refuse = 1;
    site.serve();
    site.bound();
    site.centre.say(0, delivery("1", 71));
    REQUIRE(site.until([&] { return site.centre.count(deliver_sm | response_bit) == 1; }));
    CHECK(site.centre.heard.back().pdu.header.status == temporary_application_error);
    site.centre.say(0, delivery("1", 72));
    REQUIRE(site.until([&] { return site.centre.count(deliver_sm | response_bit) == 2; }));
    CHECK(site.centre.heard.back().pdu.header.status == ok);
    CHECK(site.inbox.all.size() == 1);
}

TEST_CASE("SMPP over a socket: cut at any place, an attempt is what it can be, and the link comes back") {
    struct { const char* where; Centre::Answer on; std::string text; const char* outcome; } rows[] = {
        {"instead of an answer", [](Centre& c, const Said& s) { return s.pdu.header.command == submit_sm ? std::optional<std::string>("") : Centre::usual(c, s); }, "1满意", "ambiguous"},
        {"after the first of two parts",
         [](Centre& c, const Said& s) { return s.pdu.header.command == submit_sm && c.count(submit_sm) == 2 ? std::optional<std::string>("") : Centre::usual(c, s); }, hundred, "ambiguous"},
        {"an answer to the first of two parts, a refusal of the second",
         [](Centre& c, const Said& s) {
             if (s.pdu.header.command != submit_sm || c.count(submit_sm) != 2) return Centre::usual(c, s);
             return std::optional(Centre::encoded({submit_sm | response_bit, 0x0B, s.pdu.header.sequence, Empty{}}));
         },
         hundred, "partial id1"},
    };
    for (auto& row : rows) {
        CAPTURE(row.where);
        Site site;
        site.centre.on = row.on;
        site.serve();
        CHECK(site.submit(row.text) == row.outcome);
        site.centre.on = Centre::usual;
        CHECK(site.submit("again").starts_with("accepted"));
    }
}

TEST_CASE("SMPP over a socket: without a link nothing has left") {
    Site site;
    site.centre.on = [](Centre& c, const Said& s) { return s.pdu.header.command == submit_sm ? Centre::usual(c, s) : std::nullopt; };  // it never lets us in
    site.serve();
    CHECK(site.submit() == "retry");
    CHECK(site.centre.count(submit_sm) == 0);
}

TEST_CASE("SMPP over a socket: who is refused for what he is says so, and does not try again at once") {
    Site site;
    site.centre.on = [](Centre&, const Said& s) { return std::optional(Centre::encoded({s.pdu.header.command | response_bit, 0x0E, s.pdu.header.sequence, Empty{}})); };
    site.serve();
    site.bound();
    REQUIRE_FALSE(site.until([] { return false; }, std::chrono::milliseconds(100)));  // until the answer is here
    CHECK(site.submit() == "channel_down_auth");
    CHECK_FALSE(site.until([&] { return site.centre.connections > 1; }, std::chrono::seconds(2)));
}

TEST_CASE("SMPP over a socket: of several links some are refused for good, and the provider says how many and why") {
    Site site("links = 4\n");
    int binds = 0;
    site.centre.on = [&](Centre& c, const Said& s) {
        bool refused = s.pdu.header.command == bind_transceiver && ++binds > 1;
        return refused ? std::optional(Centre::encoded({bind_transceiver | response_bit, 0x0E, s.pdu.header.sequence, Empty{}})) : Centre::usual(c, s);
    };
    CHECK(describe_links(site.provider->links()) == "0 of 4 links up: not connected yet");
    site.serve();
    REQUIRE(site.until([&] { return site.provider->links().refused == 3 && site.provider->links().up == 1; }));
    CHECK(describe_links(site.provider->links()) == "1 of 4 links up; 3 refused: bind refused with command_status 0x0E: 密码错误 wrong password");
    CHECK(site.submit() == "accepted id1");
    auto figures = metrics::render();
    for (const char* figure : {"pingjing_links_open{channel=\"main\"} 1\n", "pingjing_links_refused{channel=\"main\"} 3\n", "pingjing_links_wanted{channel=\"main\"} 4\n"}) {
        CAPTURE(figures);
        CHECK(figures.find(figure) != std::string::npos);
    }
    // Asked to try now, all are there again, and there is nothing more to say.
    site.centre.on = Centre::usual;
    site.provider->try_now();
    REQUIRE(site.until([&] { return site.provider->links().up == 4; }));
    CHECK(describe_links(site.provider->links()).empty());
}

TEST_CASE("SMPP over a socket: an answer that is overdue is doubt, and settles the message when it comes") {
    Site site("response_timeout = \"1s\"\nsubmit_timeout = \"10s\"\n");
    std::vector<std::uint32_t> unanswered;
    site.centre.on = [&](Centre& c, const Said& s) {
        if (s.pdu.header.command != submit_sm) return Centre::usual(c, s);
        unanswered.push_back(s.pdu.header.sequence);
        return std::optional<std::string>();
    };
    site.serve();
    site.inbox.late_fails = 1;
    CHECK(site.submit("one", "r1") == "ambiguous");
    CHECK(site.submit("two", "r2", std::chrono::milliseconds(300)) == "given up");  // the dispatcher's patience was shorter
    CHECK(site.submit("three", "r3") == "ambiguous");
    REQUIRE(unanswered.size() == 3);
    auto answer = [&](std::size_t i, std::uint32_t status) { site.centre.say(0, Centre::encoded({submit_sm | response_bit, status, unanswered[i], status == ok ? Body(MessageAnswer{"x", {}}) : Body(Empty{})})); };
    answer(1, ok), answer(0, 0x0B), answer(2, 0xFF);
    REQUIRE(site.until([&] { return site.inbox.told.size() == 2; }));
    CHECK(site.inbox.told == std::vector<std::string>{"r2 accepted", "r1 permanent_number"});  // and nothing new is known of r3
}

TEST_CASE("SMPP over a socket: a window full of silence closes the link, and what waits has not left") {
    Site site("window = 2\nresponse_timeout = \"1s\"\nsubmit_timeout = \"10s\"\n");
    site.centre.on = [](Centre& c, const Said& s) { return s.pdu.header.command == submit_sm ? std::optional<std::string>() : Centre::usual(c, s); };
    CHECK(site.provider->room() == std::nullopt);
    site.serve();
    site.bound();
    REQUIRE(site.until([&] { return site.provider->room() == 2; }));
    std::vector<std::string> outcomes;
    for (int i = 0; i < 3; ++i) {
        auto task = [](Site& s, std::vector<std::string>& out) -> asio::awaitable<void> {
            auto submission = Site::survey("r", "1");
            auto outcome = co_await s.provider->submit(std::move(submission));
            out.push_back(std::string(outcome_name(outcome)));
        };
        site.tasks.spawn("submit", task(site, outcomes));
    }
    REQUIRE(site.until([&] { return site.centre.count(submit_sm) == 2; }));
    CHECK(site.provider->room() == 0);  // what the dispatcher claimed now would wait in here
    REQUIRE(site.until([&] { return outcomes.size() == 2; }));
    CHECK(outcomes == std::vector<std::string>{"ambiguous", "ambiguous"});
    CHECK(site.until([&] { return site.centre.count(unbind) == 1 && site.centre.connections == 2; }));
    CHECK(site.centre.count(submit_sm) <= 3);
}

TEST_CASE("SMPP over a socket: several links, each with its share of the window, and receipts on any of them") {
    Site site("links = 3\nwindow = 6\n");
    site.centre.on = [](Centre& c, const Said& s) { return s.pdu.header.command == submit_sm ? std::optional<std::string>() : Centre::usual(c, s); };
    site.serve();
    site.bound(3);
    std::vector<std::string> outcomes;
    for (int i = 0; i < 6; ++i) {
        auto task = [](Site& s, std::vector<std::string>& out) -> asio::awaitable<void> {
            auto submission = Site::survey("r", "1");
            auto outcome = co_await s.provider->submit(std::move(submission));
            out.push_back(std::string(outcome_name(outcome)));
        };
        site.tasks.spawn("submit", task(site, outcomes));
    }
    REQUIRE(site.until([&] { return site.centre.count(submit_sm) == 6; }));
    std::map<std::size_t, int> shares;
    for (const auto& said : site.centre.heard)
        if (said.pdu.header.command == submit_sm) ++shares[said.connection];
    CHECK(shares == std::map<std::size_t, int>{{0, 2}, {1, 2}, {2, 2}});
    site.centre.say(2, delivery("id:x stat:DELIVRD", 5, 4));
    CHECK(site.until([&] { return site.inbox.all.size() == 1; }));
    // One of them is cut: only what was on it is in doubt, and the others notice nothing.
    site.centre.cut(1);
    CHECK(site.until([&] { return outcomes.size() == 2; }));
    for (const auto& said : std::vector<Said>(site.centre.heard))
        if (said.pdu.header.command == submit_sm && said.connection != 1) site.centre.say(said.connection, *Centre::usual(site.centre, said));
    CHECK(site.until([&] { return outcomes.size() == 6; }));
    CHECK(std::count(outcomes.begin(), outcomes.end(), "accepted") == 4);
    CHECK(std::count(outcomes.begin(), outcomes.end(), "ambiguous") == 2);
    CHECK(site.until([&] { return site.centre.connections == 4; }));
}

TEST_CASE("SMPP over a socket: bound as a pair, one sends and the other receives") {
    Site site("bind = \"pair\"\n");
    site.serve();
    REQUIRE(site.until([&] { return site.centre.count(bind_transmitter) == 1 && site.centre.count(bind_receiver) == 1; }));
    CHECK(site.submit() == "accepted id1");
    for (const auto& said : site.centre.heard)
        if (said.pdu.header.command == submit_sm) CHECK(site.centre.heard.at(said.connection).pdu.header.command == bind_transmitter);
    CHECK(site.provider->way_back_closed().empty());
}

TEST_CASE("SMPP over a socket: bound as a pair, the provider says when the receiver is down while texts go out") {
    Site site("bind = \"pair\"\n");
    site.centre.on = [](Centre& c, const Said& s) {
        if (s.pdu.header.command != bind_receiver) return Centre::usual(c, s);
        return std::optional(Centre::encoded({bind_receiver | response_bit, 0x0D, s.pdu.header.sequence, Empty{}}));
    };
    site.serve();
    REQUIRE(site.until([&] { return !site.provider->way_back_closed().empty() && site.provider->links().refused == 1; }));
    CHECK(site.provider->way_back_closed() == "the link that receives is down: bind refused with command_status 0x0D: 登录失败 bind failed");
    CHECK(describe_links(site.provider->links()) == "1 of 2 links up; 1 refused: bind refused with command_status 0x0D: 登录失败 bind failed");
    CHECK(site.submit() == "accepted id1");
}

TEST_CASE("SMPP over a socket: a link that is idle is asked, and one that is dead is left") {
    Site site("keep_alive = \"1s\"\nkeep_alive_timeout = \"1s\"\n");
    site.serve();
    CHECK(site.until([&] { return site.centre.count(enquire_link) == 2; }));
    CHECK(site.centre.connections == 1);
    site.centre.on = [](Centre& c, const Said& s) { return s.pdu.header.command == enquire_link ? std::optional<std::string>() : Centre::usual(c, s); };
    CHECK(site.until([&] { return site.centre.connections == 2; }));
}

TEST_CASE("SMPP over a socket: stopping waits for what is under way") {
    Site site;
    std::optional<Said> held;
    site.centre.on = [&](Centre& c, const Said& s) {
        if (s.pdu.header.command != submit_sm) return Centre::usual(c, s);
        held = s;
        return std::optional<std::string>();
    };
    site.serve();
    TaskGroup outside(site.io.get_executor(), Site::rethrow);
    std::string outcome;
    auto task = [](Site& s, std::string& out) -> asio::awaitable<void> {
        auto submission = Site::survey("r", "1");
        auto ended = co_await s.provider->submit(std::move(submission));
        out = std::string(outcome_name(ended));
    };
    outside.spawn("submit", task(site, outcome));
    REQUIRE(site.until([&] { return held.has_value(); }));
    site.tasks.stop();
    CHECK_FALSE(site.until([&] { return site.centre.count(unbind) > 0; }, std::chrono::milliseconds(300)));
    site.centre.say(0, *Centre::usual(site.centre, *held));
    CHECK(site.until([&] { return outcome == "accepted"; }));
    CHECK(site.until([&] { return site.centre.count(unbind) == 1; }));
    test::run(site.io, outside.join());
    CHECK(site.until([&] { return site.tasks.size() == 0; }));
    site.tasks.stop();
}

TEST_CASE("SMPP over a socket: a centre that talks rubbish is answered or left, and the other link goes on") {
    Site site("links = 2\n");
    site.serve();
    site.bound(2);
    site.centre.say(0, std::string("\xff\xff\xff\xff rubbish", 12));
    REQUIRE(site.until([&] { return site.centre.count(generic_nack) == 1; }));
    CHECK(site.until([&] { return site.centre.connections == 3; }));
    CHECK(site.submit() == "accepted id1");
}

namespace {

struct Certificate {
    explicit Certificate(const char* name) {
        std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey(EVP_EC_gen("P-256"), EVP_PKEY_free);
        std::unique_ptr<X509, decltype(&X509_free)> x509(X509_new(), X509_free);
        X509_set_version(x509.get(), 2);
        X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60);
        X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
        X509_set_pubkey(x509.get(), pkey.get());
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x509.get()), "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("centre"), -1, -1, 0);
        X509_set_issuer_name(x509.get(), X509_get_subject_name(x509.get()));
        auto* alternative = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, name);
        X509_add_ext(x509.get(), alternative, -1);
        X509_EXTENSION_free(alternative);
        X509_sign(x509.get(), pkey.get(), EVP_sha256());
        std::unique_ptr<FILE, decltype(&std::fclose)> out(std::fopen(cert().c_str(), "w"), std::fclose);
        PEM_write_X509(out.get(), x509.get());
        out.reset(std::fopen(key().c_str(), "w"));
        PEM_write_PrivateKey(out.get(), pkey.get(), nullptr, nullptr, 0, nullptr, nullptr);
    }
    std::string cert() const { return (folder / "cert.pem").string(); }
    std::string key() const { return (folder / "key.pem").string(); }
    test::TempFolder folder;
};

}  // namespace

TEST_CASE("SMPP over TLS: only to a centre whose certificate is known and says its name") {
    struct { const char *what, *name; bool known; const char* outcome; } rows[] = {
        {"known, by its address", "IP:127.0.0.1", true, "accepted id1"}, {"known, but it is another", "IP:127.0.0.2", true, "retry"}, {"unknown", "IP:127.0.0.1", false, "retry"}};
    Certificate other("IP:127.0.0.1");
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Certificate own(row.name);
        asio::ssl::context context(asio::ssl::context::tls_server);
        context.use_certificate_chain_file(own.cert());
        context.use_private_key_file(own.key(), asio::ssl::context::pem);
        Site site(fmt::format("tls = true\ntls_ca = \"{}\"\n", row.known ? own.cert() : other.cert()));
        site.centre.tls = &context;
        site.serve();
        CHECK(site.submit() == row.outcome);
    }
}
