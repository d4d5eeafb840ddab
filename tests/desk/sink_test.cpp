#include "daemon/desk/sink.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "daemon/async/timer.hpp"
#include "daemon/core/webhook_signature.hpp"
#include "daemon/http/server.hpp"
#include "daemon/log/log.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

namespace pingjing::desk {
namespace {

Alarm alarm() {
    Alarm a("al1", *parse_rfc3339("2026-11-21T03:00:00+08:00"), Phone::sender("13900000001"), Text("救命 \"quick\""));
    a.record = "32030020261121000001";
    a.do_not_contact = true;
    return a;
}
constexpr const char* body = R"({"alarm_id":"al1","at":"2026-11-20T19:00:00Z","phone":"13900000001","text":"救命 \"quick\"","case_id":"32030020261121000001","unit":null,"do_not_contact":true})";

std::string slurp(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

struct Bench {
    asio::io_context io{};
    http::Client client{io.get_executor()};
    VirtualClock clock{Instant(Millis(1'614'265'330'000))};
    test::TempFolder folder{};

    Result<void> deliver(const config::Desk& settings) {
        auto sink = make_sink(settings, client, clock);
        return test::run<Result<void>>(io, sink->deliver(alarm()));
    }
    config::Desk program(const std::string& script, Millis timeout = 10s) {
        config::Desk settings;
        settings.kind = config::Desk::Kind::exec;
        settings.command = {"/bin/sh", "-c", script, "sh", folder.path().string()};
        settings.timeout = timeout;
        return settings;
    }
};

}  // namespace

TEST_CASE("an alarm is the JSON of the contract") {
    CHECK(alarm_json(alarm()) == body);
}

TEST_CASE("webhook: the alarm is posted with the token, and any 2xx is a receipt") {
    Bench bench;
    int status = 204;
    std::string got, signature;
    http::Router router;
    auto receive = [&](http::Request request) -> asio::awaitable<http::Response> {
        got = request.header("Authorization") + " " + request.header("Content-Type") + " " + request.body;
        signature = request.header("webhook-id") + " " + request.header("webhook-timestamp") + " " + request.header("webhook-signature");
        http::Response response;
        response.status = status;
        co_return response;
    };
    router.add("POST", "/alarm", receive);
    http::ServerSettings anywhere;
    anywhere.listen = "127.0.0.1:0";
    http::Server server(bench.io.get_executor(), anywhere, std::move(router));
    REQUIRE(server.open());
    server.start();
    config::Desk settings;
    settings.kind = config::Desk::Kind::webhook;
    settings.url = "http://" + server.address() + "/alarm";
    settings.token = "swordfish";
    CHECK(bench.deliver(settings));
    CHECK(got == std::string("Bearer swordfish application/json ") + body);
    CHECK(signature == "  ");
    settings.signing_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    CHECK(bench.deliver(settings));
    CHECK(signature == "al1 1614265330 " + WebhookSigner::read(settings.signing_secret)->sign("al1", bench.clock.now(), body));
    for (int refused : {302, 400, 401, 500, 503}) {
        CAPTURE(refused);
        status = refused;
        CHECK_FALSE(bench.deliver(settings));
    }
    test::run(bench.io, server.stop());
    auto closed = bench.deliver(settings);
    REQUIRE_FALSE(closed);
    for (const char* secret : {"swordfish", "13900000001", "quick"}) CHECK(closed.error().detail.find(secret) == std::string::npos);
}

TEST_CASE("exec: the program finds the alarm on its standard input, and exit 0 is a receipt") {
    Bench bench;
    CHECK(bench.deliver(bench.program("cat > \"$1/got\"; echo noise; echo noise >&2")));
    CHECK(slurp(bench.folder / "got") == body);
    CHECK(bench.deliver(bench.program("true")));  // though it reads nothing
    auto refused = bench.deliver(bench.program("exit 3"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().detail == "the program ended with 3");
    CHECK_FALSE(bench.deliver(bench.program("kill -TERM $$")));
    auto missing = bench.program("");
    missing.command = {"/nowhere/ring"};
    CHECK_FALSE(bench.deliver(missing));
}

TEST_CASE("exec: a program that hangs is killed with everything it started") {
    Bench bench;
    auto late = bench.deliver(bench.program("sleep 1000 & echo $! > \"$1/grandchild\"; echo $$ > \"$1/child\"; wait", 300ms));
    REQUIRE_FALSE(late);
    CHECK(late.error().detail == "the program did not end in time");
    auto child = std::stoi(slurp(bench.folder / "child")), grandchild = std::stoi(slurp(bench.folder / "grandchild"));
    CHECK((::kill(child, 0) == -1 && errno == ESRCH));
    // It dies when the kernel comes to it, and its new parent, whoever that is here, may be slow to bury it.
    auto dead = [&] {
        auto state = slurp("/proc/" + std::to_string(grandchild) + "/stat");
        return state.empty() || state.find(") Z ") != std::string::npos || state.find(") X ") != std::string::npos;
    };
    for (int i = 0; i < 500 && !dead(); ++i) ::usleep(10'000);
    CHECK(dead());
}

TEST_CASE("exec: none of our descriptors and blocked signals reach the program") {
    Bench bench;
    test::TempFolder folder;
    int ours = ::open((folder / "ours").c_str(), O_RDWR | O_CREAT, 0600);  // without O_CLOEXEC, as Asio opens sockets
    REQUIRE(ours > 2);
    CHECK(bench.deliver(bench.program("ls /proc/$$/fd | tr '\\n' ' ' > \"$1/fds\"")));
    ::close(ours);
    CHECK(slurp(bench.folder / "fds").find(" " + std::to_string(ours) + " ") == std::string::npos);
}

TEST_CASE("log: the line wakes a person, and names neither number nor words") {
    Bench bench;
    std::string logged;
    log::configure(log::Level::error, [&](std::string_view line) { logged += line; }, nullptr);
    config::Desk settings;
    settings.kind = config::Desk::Kind::log;
    CHECK(bench.deliver(settings));
    log::configure(log::Level::warn, [](std::string_view) {}, nullptr);
    CHECK(logged.find("al1") != std::string::npos);
    CHECK(logged.find("13900000001") == std::string::npos);
    CHECK(logged.find("quick") == std::string::npos);
}

}  // namespace pingjing::desk
