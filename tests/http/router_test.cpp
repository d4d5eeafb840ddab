#include "daemon/http/router.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <new>
#include <stdexcept>

#include "daemon/log/log.hpp"
#include "tests/support/run.hpp"

namespace pingjing::http {
namespace {

Handler answering(std::string name) {
    return [name](Request request) -> asio::awaitable<Response> {
        Response response;
        response.body = name;
        for (const auto& [key, value] : request.captures) response.body += " " + key + "=" + value;
        co_return response;
    };
}

Response ask(const Router& router, const std::string& method, const std::string& target) {
    asio::io_context io;
    Request request;
    request.method = method;
    request.target = target;
    return test::run(io, router.handle(std::move(request)));
}

TEST_CASE("the daemon's doors take no route that is not described") {
    Router network(Router::Side::network), control(Router::Side::control);
    CHECK_THROWS_AS(network.add("GET", "/v1/secret", answering("secret")), std::logic_error);
    CHECK_THROWS_AS(control.add("GET", "/control/secret", answering("secret")), std::logic_error);
    for (auto* router : {&network, &control}) {
        router->add("GET", "/v1/desk", answering("desk"));
        router->add("POST", "/control/hold", answering("hold"));
    }
    CHECK(ask(network, "POST", "/control/hold").status == 404);
    CHECK(ask(control, "POST", "/control/hold").body == "hold");
    CHECK(network.described().size() == 1);
    CHECK(control.described().size() == 2);
}

TEST_CASE("behind a guard a route has the scopes of its description") {
    Router router;
    std::string asked;
    Guard guard = [&](std::string scopes, Handler handler) { return asked = scopes, handler; };
    router.add("GET", "/v1/desk", guard, answering("desk"));
    CHECK(asked == "desk,inspect");
    CHECK_THROWS_AS(router.add("GET", "/v1/secret", guard, answering("secret")), std::logic_error);
}

TEST_CASE("behind a guard a parameter that the description does not name is refused by name, and no number is repeated") {
    Router router;
    Guard guard = [](std::string, Handler handler) { return handler; };
    router.add("GET", "/v1/review", guard, answering("reviews"));
    router.add("GET", "/v1/desk", guard, answering("desk"));
    auto asked = [&](const char* target) {
        asio::io_context io;
        Request request;
        request.method = "GET", request.target = target;
        request.parameters = parse_query(std::string_view(target).substr(std::string_view(target).find('?') + 1));
        return test::run(io, router.handle(std::move(request)));
    };
    CHECK(asked("/v1/review?kind=words").body == "reviews");
    auto misspelt = asked("/v1/review?kinds=words"), none = asked("/v1/desk?13812345678=1");
    CHECK(misspelt.status == 400);
    CHECK(misspelt.body.find("kinds: expected one of the parameters kind") != std::string::npos);
    CHECK(none.status == 400);
    CHECK(none.body.find("expected no parameters") != std::string::npos);
    CHECK(none.body.find("13812345678") == std::string::npos);
}

TEST_CASE("a path finds the handler that describes it most closely") {
    Router router;
    router.add("GET", "/v1/calls/{id}", answering("call"));
    router.add("GET", "/v1/calls/open", answering("open"));
    router.add("POST", "/v1/calls", answering("intake"));
    router.add("GET", "/static/{path*}", answering("file"));
    router.add("GET", "/", answering("console"));

    struct { const char* method; const char* target; int status; std::string body; } cases[] = {
        {"POST", "/v1/calls", 200, "intake"},
        {"POST", "/v1/calls?mapping=gat", 200, "intake"},
        {"GET", "/v1/calls/7", 200, "call id=7"},
        {"GET", "/v1/calls/open", 200, "open"},
        {"GET", "/v1/calls/a%2Fb", 200, "call id=a/b"},
        {"GET", "/v1/calls/%E8%AD%A6", 200, "call id=警"},
        {"GET", "/static/a/b.js", 200, "file path=a/b.js"},
        {"GET", "/", 200, "console"},
        {"HEAD", "/", 200, "console"},
    };
    for (auto& c : cases) {
        CAPTURE(c.target);
        auto response = ask(router, c.method, c.target);
        CHECK(response.status == c.status);
        CHECK(response.body == c.body);
    }

    for (const char* nowhere : {"/v1", "/v1/calls/", "/v1/calls/7/8", "//", "/V1/calls", "/static"}) {
        CAPTURE(nowhere);
        CHECK(ask(router, "GET", nowhere).status == 404);
    }
    CHECK(ask(router, "GET", "/v1/calls/%zz").status == 400);
}

TEST_CASE("a known path with another verb says which verbs it takes") {
    Router router;
    router.add("GET", "/x", answering("x"));
    router.add("POST", "/x", answering("x"));
    auto response = ask(router, "DELETE", "/x");
    CHECK(response.status == 405);
    REQUIRE(response.headers.size() == 1);
    CHECK(response.headers[0].first == "Allow");
    CHECK(response.headers[0].second == "GET, HEAD, POST");
}

TEST_CASE("whatever a handler throws becomes a 500 without the reason, and a log line without the path") {
    std::string logged;
    log::configure(log::Level::error, [&](std::string_view line) { logged += line; }, nullptr);
    Router router;
    router.add("GET", "/hooks/{secret}", [](Request request) -> asio::awaitable<Response> {
        if (request.captures["secret"] == "bad-alloc") throw std::bad_alloc();
        throw std::runtime_error("database or disk is full");
        co_return Response();
    });
    auto response = ask(router, "GET", "/hooks/swordfish");
    CHECK(response.status == 500);
    CHECK(response.content_type == "application/problem+json");
    CHECK(response.body.find("full") == std::string::npos);
    CHECK(logged.find("http.failed") != std::string::npos);
    CHECK(logged.find("disk is full") != std::string::npos);
    CHECK(logged.find("/hooks/{secret}") != std::string::npos);
    CHECK(logged.find("swordfish") == std::string::npos);
    CHECK(ask(router, "GET", "/hooks/bad-alloc").status == 500);
    log::configure(log::Level::warn, [](std::string_view) {}, nullptr);
}

TEST_CASE("a problem document is JSON whatever it has to say") {
    auto response = problem(400, "Bad Request", "a \"quote\", a \\ and a\nline");
    CHECK(response.body == R"({"type":"about:blank","title":"Bad Request","status":400,"detail":"a \"quote\", a \\ and a\u000aline"})");
}

TEST_CASE("percent escapes") {
    CHECK(percent_decode("a%20b+c", false) == "a b+c");
    CHECK(percent_decode("a%20b+c", true) == "a b c");
    CHECK(percent_decode("%e8%AD%a6", false) == "警");
    for (const char* broken : {"%", "%a", "%zz", "abc%2", "%%20"}) CHECK_FALSE(percent_decode(broken, false));
    CHECK(percent_encode("a-b_c.d~e /?&=+%警") == "a-b_c.d~e%20%2F%3F%26%3D%2B%25%E8%AD%A6");

    auto query = parse_query("from=2026-11-21&to=&to=x%20y&flag&&a+b=c%3Dd");
    CHECK(query.size() == 4);
    CHECK(query["from"] == "2026-11-21");
    CHECK(query["to"] == "x y");
    CHECK(query["flag"] == "");
    CHECK(query["a b"] == "c=d");
}

TEST_CASE("a header is found whatever its case") {
    Request request;
    request.headers = {{"Content-Type", "text/csv"}, {"X-One", "1"}};
    CHECK(request.header("content-TYPE") == "text/csv");
    CHECK(request.header("content-typ") == "");
    CHECK(request.parameter("basis", "closed") == "closed");
}

}  // namespace
}  // namespace pingjing::http
