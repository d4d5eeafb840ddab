#include "daemon/admin/access.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "daemon/admin/health.hpp"
#include "daemon/log/metrics.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::admin;
using store::Connection;

namespace {

const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

struct Door {
    asio::io_context io{};
    VirtualClock clock{noon};
    std::unique_ptr<store::Store> store = std::move(*store::Store::open("", store::Store::Runner::inline_io));
    Access access{*store, clock};
    SeededRandom random{1};
    http::Router router{};
    std::vector<std::string> reasons{};

    Door() {
        auto who = [](http::Request request) -> asio::awaitable<http::Response> {
            http::Response response;
            for (const auto& [name, value] : request.headers)
                if (name != "Authorization") response.body += name + "=" + value + ";";
            co_return response;
        };
        router.add("GET", "/calls", access.guard("intake", who));
        router.add("GET", "/desk", access.guard("inspect,desk", who));
        auto look = [this](http::Request) -> asio::awaitable<http::Response> {
            auto work = [](Connection& db) { db.exec("INSERT INTO nowhere VALUES (1)"); };
            co_await store->run(work);
            co_return http::Response();
        };
        router.add("GET", "/look", access.guard("inspect", look));
        router.add("GET", "/near", access.loopback_or("report", who));
        auto readiness = [this]() -> asio::awaitable<Readiness> { co_return Readiness{reasons, {"test clock"}}; };
        add_health_routes(router, access, readiness);
    }
    NewToken create(std::vector<std::string> scopes, Holder holder = {}) {
        std::optional<NewToken> made;
        store->run_now([&](Connection& db) { made = create_token(db, random, scopes, holder, clock.now()).value(); });
        return *made;
    }
    void revoke(std::int64_t id) {
        store->run_now([&](Connection& db) { REQUIRE(revoke_token(db, id, clock.now())); });
    }
    http::Response ask(std::string path, std::string authorization, std::string method = "GET") {
        http::Request request;
        request.method = std::move(method);
        request.target = std::move(path);
        if (!authorization.empty()) request.headers.emplace_back("Authorization", std::move(authorization));
        return send(std::move(request));
    }
    http::Response send(http::Request request) { return test::run(io, router.handle(std::move(request))); }
};

std::string header_of(const http::Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers)
        if (key == name) return value;
    return "";
}

}  // namespace

TEST_CASE("without a token that counts nobody passes, and is told how to ask") {
    Door door;
    auto token = door.create({"intake"}).token;
    auto expired = door.create({"intake"}, {.expires_at = noon + 1h}), revoked = door.create({"intake"});
    door.revoke(revoked.id);
    door.clock.move_to(1h);
    std::string wrong = token;
    wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
    for (const auto& authorization : {std::string(), std::string("Bearer"), std::string("Bearer "), "Bearer " + wrong, token, "Basic " + token, "Bearer " + expired.token,
                                      "Bearer " + revoked.token, "Bearer " + token + "x", std::string("Bearer pj_")}) {
        for (const char* method : {"GET", "HEAD"}) {
            auto answer = door.ask("/calls", authorization, method);
            CHECK(answer.status == 401);
            CHECK(header_of(answer, "WWW-Authenticate").starts_with("Bearer"));
            CHECK(answer.content_type == "application/problem+json");
            CHECK(answer.body.find(token) == std::string::npos);
        }
    }
    CHECK(door.ask("/calls", "Bearer " + token).status == 200);
    CHECK(door.ask("/calls", "bearer  " + token).status == 200);
}

TEST_CASE("a token opens the doors of its scopes, admin all of them, the refusal names what is missing") {
    Door door;
    auto intake = "Bearer " + door.create({"intake"}).token, desk = "Bearer " + door.create({"desk"}).token,
         inspect = "Bearer " + door.create({"inspect", "report"}).token, admin = "Bearer " + door.create({"admin"}).token;
    CHECK(door.ask("/calls", intake).status == 200);
    CHECK(door.ask("/desk", desk).status == 200);
    CHECK(door.ask("/desk", inspect).status == 200);
    for (const char* path : {"/calls", "/desk", "/near"}) CHECK(door.ask(path, admin).status == 200);
    CHECK(door.ask("/near", inspect).status == 200);

    auto refused = door.ask("/calls", desk);
    CHECK(refused.status == 403);
    CHECK(refused.body.find("scope intake") != std::string::npos);
    CHECK(door.ask("/desk", intake).body.find("inspect,desk") != std::string::npos);
}

TEST_CASE("a token works from its making to its revocation, to the request") {
    Door door;
    CHECK(door.ask("/calls", "Bearer pj_nothing").status == 401);  // the table in memory is there, and empty
    auto made = door.create({"intake"});
    CHECK(door.ask("/calls", "Bearer " + made.token).status == 200);
    door.revoke(made.id);
    CHECK(door.ask("/calls", "Bearer " + made.token).status == 401);
    auto brief = door.create({"intake"}, {.expires_at = noon + 1min});
    CHECK(door.ask("/calls", "Bearer " + brief.token).status == 200);
    door.clock.move_to(1min);
    CHECK(door.ask("/calls", "Bearer " + brief.token).status == 401);
}

TEST_CASE("what changed behind our back is seen after a second") {
    Door door;
    auto made = door.create({"intake"});
    CHECK(door.ask("/calls", "Bearer " + made.token).status == 200);
    door.store->run_now([](Connection& db) { db.exec("UPDATE tokens SET revoked_at = 0"); });
    CHECK(door.ask("/calls", "Bearer " + made.token).status == 200);  // the table is young: nothing is read for a request
    door.clock.move_to(1s);
    CHECK(door.ask("/calls", "Bearer " + made.token).status == 401);
}

TEST_CASE("handlers learn who asked, and nobody can say he is someone else") {
    Door door;
    auto made = door.create({"intake"}, {.name = "张三"});
    auto asking = [&](const char* path, bool trusted, bool loopback) {
        http::Request request;
        request.method = "GET";
        request.target = path;
        request.trusted = trusted;
        request.loopback = loopback;
        request.headers = {{"X-Pingjing-Who", "1/chief"}, {"Authorization", "Bearer " + made.token}, {"x-PINGJING-who", "2/chief"}};
        return door.send(std::move(request)).body;
    };
    CHECK(asking("/calls", false, false) == "x-pingjing-who=" + std::to_string(made.id) + "/张三;");
    CHECK(asking("/calls", true, false) == "x-pingjing-who=control;");
    CHECK(asking("/near", false, true) == "x-pingjing-who=loopback;");
    CHECK(asking("/calls", false, true) == "x-pingjing-who=" + std::to_string(made.id) + "/张三;");  // loopback is no key to it
}

TEST_CASE("many at once, with the store on its own thread: everybody gets his own answer") {
    asio::io_context io;
    test::TempFolder folder;
    VirtualClock clock{noon};
    SeededRandom random{1};
    auto store = std::move(*store::Store::open(folder.path().string(), store::Store::Runner::own_thread));
    Access access(*store, clock);
    std::vector<NewToken> tokens;
    store->run_now([&](Connection& db) {
        for (int i = 0; i < 20; ++i) tokens.push_back(create_token(db, random, {i % 2 ? "intake" : "desk"}, {.name = std::to_string(i)}, noon).value());
    });
    http::Router router;
    auto who = [](http::Request request) -> asio::awaitable<http::Response> {
        http::Response response;
        response.body = request.header(who_header);
        co_return response;
    };
    router.add("GET", "/calls", access.guard("intake", who));
    int asked = 0, right = 0;
    for (int round = 0; round < 10; ++round)
        for (const auto& token : tokens) {
            http::Request request;
            request.method = "GET";
            request.target = "/calls";
            request.headers = {{"Authorization", "Bearer " + token.token}};
            ++asked;
            auto on_done = [&, id = token.id](std::exception_ptr error, http::Response response) {
                auto name = std::to_string(id - 1);
                if (!error) right += id % 2 ? response.status == 403 : response.status == 200 && response.body == std::to_string(id) + "/" + name;
            };
            asio::co_spawn(io, router.handle(std::move(request)), on_done);
        }
    io.run_for(std::chrono::seconds(10));
    CHECK(asked == 200);
    CHECK(right == asked);
}

TEST_CASE("health is for the machine itself, or for a token of reports") {
    Door door;
    auto report = "Bearer " + door.create({"report"}).token, intake = "Bearer " + door.create({"intake"}).token;
    for (const char* path : {"/healthz", "/readyz", "/metrics"}) {
        CAPTURE(path);
        CHECK(door.ask(path, "").status == 401);
        CHECK(door.ask(path, intake).status == 403);
        CHECK(door.ask(path, report).status == 200);
        http::Request near;
        near.method = "GET";
        near.target = path;
        near.loopback = true;
        auto forwarded = near;
        CHECK(door.send(std::move(near)).status == 200);
        forwarded.headers.emplace_back("X-Forwarded-For", "203.0.113.7");
        CHECK(door.send(std::move(forwarded)).status == 401);
    }
    CHECK(door.ask("/readyz", report).body == R"({"ready":true,"notes":["test clock"]})");
    door.reasons = {"no channel is up", "store: disk is full"};
    auto answer = door.ask("/readyz", report);
    CHECK(answer.status == 503);
    CHECK(answer.body == R"({"ready":false,"reasons":["no channel is up","store: disk is full"],"notes":["test clock"]})");
    CHECK(door.ask("/healthz", report).status == 200);  // alive, though it cannot work

    metrics::count("a_test_total");
    auto measured = door.ask("/metrics", report);
    CHECK(measured.content_type == "text/plain; version=0.0.4");
    CHECK(measured.body.find("pingjing_a_test_total 1") != std::string::npos);
}

TEST_CASE("a store that fails behind a guard is a matter of time: 503, and when to ask again") {
    Door door;
    auto answer = door.ask("/look", "Bearer " + door.create({"inspect"}).token);
    CHECK(answer.status == 503);
    CHECK(header_of(answer, "Retry-After") == "5");
    CHECK(answer.body.find("nowhere") == std::string::npos);
}
