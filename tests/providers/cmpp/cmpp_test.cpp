// The provider over a socket, with a gateway on loopback: login, survey, report, answer, and the end.
#include "providers/cmpp/cmpp.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "daemon/async/task_group.hpp"
#include "daemon/core/system_clock.hpp"
#include "providers/cmpp/pdu.hpp"
#include "providers/link/frame.hpp"
#include "tests/support/run.hpp"

using namespace pingjing;
using namespace pingjing::provider;
namespace ip = boost::asio::ip;

namespace {

struct Kept final : Sink {
    asio::awaitable<void> take(std::string, std::vector<Inbound> inbound) override {
        for (auto& one : inbound) all.push_back(std::move(one));
        co_return;
    }
    asio::awaitable<void> late(std::string, std::string, Outcome) override { co_return; }
    std::vector<Inbound> all;
};

struct Gateway {
    Gateway(asio::io_context& io, cmpp::Version v) : version(v), acceptor(io, {ip::make_address("127.0.0.1"), 0}) {}

    // One connection: each submit is answered, reported on and replied to.
    asio::awaitable<void> serve() {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        link::FrameReader frames({12, 4096});
        char piece[4096];
        for (std::uint64_t id = 1;;) {
            auto [error, count] = co_await socket.async_read_some(asio::buffer(piece), asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
            frames.feed({piece, count});
            std::string out;
            while (auto frame = frames.next()) {
                auto pdu = cmpp::decode(*frame, version);
                commands.push_back(pdu.header.command);
                answer(pdu, out, id);
            }
            co_await asio::async_write(socket, asio::buffer(out), asio::as_tuple(asio::use_awaitable));
        }
    }
    void answer(const cmpp::Decoded& pdu, std::string& out, std::uint64_t& id) {
        auto say = [&](std::uint32_t command, std::uint32_t number, cmpp::Body body) { out += cmpp::encode({command, number, std::move(body)}, version).value(); };
        auto command = pdu.header.command, number = pdu.header.sequence;
        if (const auto* c = std::get_if<cmpp::Connect>(&pdu.body)) {
            bool right = c->authenticator == cmpp::authenticator_of("901234", secret, c->timestamp);
            say(command | cmpp::response_bit, number, cmpp::ConnectAnswer{right ? 0u : 3u, cmpp::answer_authenticator_of(0, c->authenticator, secret, version), 0x30});
        } else if (const auto* s = std::get_if<cmpp::Submit>(&pdu.body)) {
            say(command | cmpp::response_bit, number, cmpp::SubmitAnswer{id, 0});
            cmpp::Deliver report{.id = 100 + id, .destination = s->source, .source = s->destinations[0], .report = 1};
            report.content = cmpp::write_report({id++, "DELIVRD", "2611221200", "2611221201", s->destinations[0], 1}, version);
            say(cmpp::deliver, 70, report);
            say(cmpp::deliver, 71, cmpp::Deliver{.id = 200 + id, .destination = s->source, .source = s->destinations[0], .content = "1"});
        } else if (command == cmpp::terminate || command == cmpp::active_test) {
            say(command | cmpp::response_bit, number, command == cmpp::terminate ? cmpp::Body(cmpp::Empty{}) : cmpp::Body(cmpp::ActiveTestAnswer{}));
        }
    }

    cmpp::Version version;
    ip::tcp::acceptor acceptor;
    std::string secret = "s3cret";
    std::vector<std::uint32_t> commands;
};

struct Site {
    explicit Site(cmpp::Version version) : gateway(io, version), world(io.get_executor(), *clock, random, nullptr), tasks(io.get_executor(), [](const std::string&, std::exception_ptr e) { std::rethrow_exception(e); }) {
        config::Problems problems;
        auto document = config::Document::parse(fmt::format("host = \"127.0.0.1\"\nport = {}\nsp_id = \"901234\"\npassword = \"s3cret\"\nsource = \"10690001\"\nextension_digits = 2\n",
                                                            gateway.acceptor.local_endpoint().port()), "p.toml", problems);
        config::Section section(*document, problems);
        auto make = version == cmpp::Version::v3 ? cmpp::read_3(section, {"main"}) : cmpp::read_2(section, {"main"});
        REQUIRE_MESSAGE(make, problems.text());
        provider = make(world);
        tasks.spawn("gateway", gateway.serve());
        tasks.spawn("provider", provider->serve(sink));
    }
    ~Site() { stop(); }
    void stop() {
        test::run(io, [](Site& s) -> asio::awaitable<void> {
            s.tasks.stop();
            co_await s.tasks.join();
        }(*this), std::chrono::seconds(30));
    }
    std::string submit(const std::string& text) {
        return test::run<std::string>(io, [](Site& s, std::string t) -> asio::awaitable<std::string> {
            Submission submission("r1", *Phone::mobile("13800138000"), Text(std::move(t)), "07", std::chrono::hours(1));
            auto outcome = co_await s.provider->submit(std::move(submission));
            auto out = std::string(outcome_name(outcome));
            if (auto* taken = std::get_if<Accepted>(&outcome))
                for (const auto& id : taken->vendor_ids) out += " " + id;
            co_return out;
        }(*this, text), std::chrono::seconds(30));
    }
    void wait(std::chrono::milliseconds time) { test::run(io, sleep_for(time)); }

    asio::io_context io;
    std::unique_ptr<Clock> clock = system_clock();
    SeededRandom random{3};
    Gateway gateway;
    World world;
    std::unique_ptr<Provider> provider;
    Kept sink;
    TaskGroup tasks;
};

}  // namespace

TEST_CASE("CMPP over a socket: a survey goes out, its report and its answer come back, in both versions") {
    for (auto version : {cmpp::Version::v2, cmpp::Version::v3}) {
        Site site(version);
        CHECK(site.submit("【测试】请回复") == "accepted 0000000000000001");
        for (int i = 0; site.sink.all.size() < 2 && i < 100; ++i) site.wait(std::chrono::milliseconds(20));
        REQUIRE(site.sink.all.size() == 2);
        CHECK(std::get<Receipt>(site.sink.all[0]).vendor_id == "0000000000000001");
        CHECK(std::get<InboundText>(site.sink.all[1]).extension == "07");
        site.wait(std::chrono::milliseconds(50));
        CHECK(site.gateway.commands == std::vector<std::uint32_t>{cmpp::connect, cmpp::submit, cmpp::deliver | cmpp::response_bit, cmpp::deliver | cmpp::response_bit});
    }
}

TEST_CASE("CMPP over a socket: a wrong password is a channel that is down, not a hundred failed surveys") {
    Site site(cmpp::Version::v2);
    site.gateway.secret = "another";
    site.wait(std::chrono::milliseconds(300));
    CHECK(site.submit("1") == "channel_down_auth");
}
