#include "daemon/console/sessions.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "daemon/admin/access.hpp"
#include "daemon/console/session_api.hpp"
#include "tests/support/run.hpp"

using namespace pingjing;
using namespace pingjing::console;

namespace {

const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

http::Request from_page(std::string method, std::string path, std::string word = "") {
    http::Request request;
    request.method = std::move(method);
    request.target = path;
    request.path = std::move(path);
    request.headers = {{"Host", "pj.example:8110"}, {"Origin", "http://pj.example:8110"}, {page_header, "1"}, {"Sec-Fetch-Site", "same-origin"}};
    if (!word.empty()) request.headers.emplace_back("Cookie", "other=1; " + std::string(session_cookie) + "=" + word);
    return request;
}

void replace(http::Request& request, const std::string& name, const std::string& value) {
    std::erase_if(request.headers, [&](const auto& header) { return header.first == name; });
    if (!value.empty()) request.headers.emplace_back(name, value);
}

// The guard, the sessions and what lies behind them, as the daemon puts them together.
struct House {
    boost::asio::io_context io{};
    VirtualClock clock{noon};
    std::unique_ptr<store::Store> store = std::move(*store::Store::open("", store::Store::Runner::inline_io));
    SeededRandom random{1};
    Sessions sessions{random, clock};
    admin::Access access{*store, clock};
    http::Router router{};

    House() {
        access.also_by([this](const http::Request& request) -> std::optional<tl::expected<std::int64_t, http::Response>> {
            auto word = cookie_of(request);
            if (word.empty()) return std::nullopt;
            using Answer = tl::expected<std::int64_t, http::Response>;
            if (auto foreign = is_foreign(request, "")) return Answer(tl::unexpect, http::problem(403, "Forbidden", *foreign));
            if (auto token = sessions.find(word)) return Answer(*token);
            return Answer(tl::unexpect, http::problem(401, "Unauthorized", "over"));
        });
        auto numbers = [](http::Request request) -> boost::asio::awaitable<http::Response> {
            co_return http::private_json(R"({"who":")" + request.asker.who + R"(","phone":"13812345678","text":"call 139 1234 5678 \" 13712345678","case_id":"32010020261121000123","at":13812345678})");
        };
        auto book = [](http::Request) -> boost::asio::awaitable<http::Response> {
            http::Response response;
            response.content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            response.body = "13812345678";
            co_return response;
        };
        router.add("GET", "/v1/desk", access.guard("desk,inspect", numbers));
        router.add("POST", "/v1/desk/{id}/ack", access.guard("desk,inspect", numbers));
        router.add("POST", "/v1/desk/{id}/reveal", access.guard("desk,inspect", numbers));
        router.add("GET", "/v1/book", access.guard("desk", book));
        router.add("GET", "/v1/calls", access.guard("intake", numbers));
        add_session_routes(router, [this](http::Handler handler) { return access.anybody(std::move(handler)); },
                           {sessions, [this](std::string token) { return access.check(std::move(token)); }, [] { return std::string(); }});
    }
    admin::NewToken create(std::vector<std::string> scopes, admin::Holder holder = {}) {
        std::optional<admin::NewToken> made;
        store->run_now([&](store::Connection& db) { made = admin::create_token(db, random, scopes, holder, clock.now()).value(); });
        return *made;
    }
    http::Response send(http::Request request) { return test::run(io, router.handle(std::move(request))); }
    http::Response sign_in(const std::string& token) {
        auto request = from_page("POST", "/console/session");
        request.body = R"({"token":")" + token + R"("})";
        return send(std::move(request));
    }
};

std::string header_of(const http::Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers)
        if (key == name) return value;
    return "";
}

std::string word_of(const http::Response& response) {
    auto cookie = header_of(response, "Set-Cookie");
    auto from = cookie.find('=') + 1;
    return cookie.substr(from, cookie.find(';') - from);
}

}  // namespace

TEST_CASE("whoever shows a token gets a cookie that holds nothing of it, and no script can read") {
    House house;
    auto token = house.create({"desk"}, {.name = "张三"}).token;
    auto answer = house.sign_in(token);
    REQUIRE(answer.status == 200);
    auto cookie = header_of(answer, "Set-Cookie");
    for (const char* part : {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"}) CHECK(cookie.find(part) != std::string::npos);
    CHECK(cookie.find("Secure") == std::string::npos);  // the browser does not speak TLS here, and would not send it back
    CHECK(cookie.find(token) == std::string::npos);
    CHECK(answer.body.find(token) == std::string::npos);
    CHECK(word_of(answer).size() == 52);
    CHECK(word_of(house.sign_in(token)) != word_of(answer));

    auto me = house.send(from_page("GET", "/console/session", word_of(answer)));
    CHECK(me.status == 200);
    CHECK(me.body.find(R"("name":"张三")") != std::string::npos);
    CHECK(me.body.find(R"("scopes":["desk"])") != std::string::npos);
}

TEST_CASE("behind a proxy that speaks TLS the cookie goes nowhere else") {
    House house;
    auto request = from_page("POST", "/console/session");
    request.body = R"({"token":")" + house.create({"desk"}).token + R"("})";
    request.headers.emplace_back("X-Forwarded-Proto", "https");
    replace(request, "Origin", "https://pj.example:8110");
    CHECK(header_of(house.send(std::move(request)), "Set-Cookie").ends_with("; Secure"));
}

TEST_CASE("a session may what its token may, and stops at once when that is revoked or expires") {
    House house;
    auto made = house.create({"desk"}), brief = house.create({"desk"}, {.expires_at = noon + 1min});
    auto word = word_of(house.sign_in(made.token)), other = word_of(house.sign_in(brief.token));
    CHECK(house.send(from_page("GET", "/v1/desk", word)).status == 200);
    CHECK(house.send(from_page("GET", "/v1/calls", word)).status == 403);
    house.store->run_now([&](store::Connection& db) { REQUIRE(admin::revoke_token(db, made.id, noon)); });
    CHECK(house.send(from_page("GET", "/v1/desk", word)).status == 401);
    CHECK(house.send(from_page("GET", "/v1/desk", other)).status == 200);
    house.clock.move_to(1min);
    CHECK(house.send(from_page("GET", "/v1/desk", other)).status == 401);
}

TEST_CASE("a session is over when its holder leaves, after an hour without a request, after a watch of twelve hours") {
    House house;
    auto token = house.create({"desk"}).token;
    auto word = word_of(house.sign_in(token));
    CHECK(house.send(from_page("DELETE", "/console/session", word)).status == 200);
    CHECK(house.send(from_page("GET", "/v1/desk", word)).status == 401);

    word = word_of(house.sign_in(token));
    house.clock.move_to(59min);
    CHECK(house.send(from_page("GET", "/v1/desk", word)).status == 200);
    house.clock.move_to(59min + 1h);
    CHECK(house.send(from_page("GET", "/v1/desk", word)).status == 401);

    word = word_of(house.sign_in(token));
    for (auto half = 1; half < 24; ++half) {
        house.clock.move_to(59min + 1h + 30min * half);
        CHECK(house.send(from_page("GET", "/v1/desk", word)).status == 200);
    }
    house.clock.move_to(59min + 13h);
    CHECK(house.send(from_page("GET", "/v1/desk", word)).status == 401);
}

TEST_CASE("a session serves our own page only") {
    House house;
    auto word = word_of(house.sign_in(house.create({"desk"}).token));
    struct { const char* what; const char* method; const char* header; const char* value; int expected; } cases[] = {
        {"our page", "POST", "X", "", 200},
        {"without the header that a form cannot set", "POST", page_header, "", 403},
        {"another origin", "POST", "Origin", "http://evil.example", 403},
        {"a sandboxed frame", "POST", "Origin", "null", 403},
        {"another port of this host", "POST", "Origin", "http://pj.example:9999", 403},
        {"no origin at all", "POST", "Origin", "", 403},
        {"another site, as the browser says", "POST", "Sec-Fetch-Site", "cross-site", 403},
        {"a browser that does not say", "POST", "Sec-Fetch-Site", "", 200},
        {"another port that wants to read", "GET", "Sec-Fetch-Site", "same-site", 403},
        {"typed into the address bar", "GET", "Sec-Fetch-Site", "none", 200},
        {"typed, but it changes something", "POST", "Sec-Fetch-Site", "none", 403},
        {"a link of our page needs no header", "GET", page_header, "", 200},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        auto request = from_page(c.method, std::string(c.method) == "GET" ? "/v1/desk" : "/v1/desk/7/ack", word);
        replace(request, c.header, c.value);
        CHECK(house.send(std::move(request)).status == c.expected);
    }
    auto foreign = from_page("POST", "/console/session");
    foreign.body = R"({"token":"x"})";
    replace(foreign, "Origin", "http://evil.example");
    CHECK(house.send(std::move(foreign)).status == 403);  // nobody is signed in by somebody else's page either
    auto program = from_page("GET", "/v1/desk", "nonsense");
    program.headers.emplace_back("Authorization", "Bearer " + house.create({"desk"}).token);
    replace(program, "Sec-Fetch-Site", "cross-site");
    CHECK(house.send(std::move(program)).status == 200);  // a token in the request needs no session
}

TEST_CASE("no answer to a page holds a whole number, but the one to a reason given") {
    House house;
    auto made = house.create({"desk"});
    auto word = word_of(house.sign_in(made.token));
    auto shown = house.send(from_page("GET", "/v1/desk", word)).body;
    CHECK(shown.find(R"("phone":"138****5678")") != std::string::npos);
    CHECK(shown.find("139 1234") == std::string::npos);
    CHECK(shown.find("13712345678") == std::string::npos);
    CHECK(shown.find(R"("case_id":"32010020261121000123")") != std::string::npos);
    CHECK(shown.find(R"("at":13812345678})") != std::string::npos);  // a figure, and the end of an object that is still one
    CHECK(house.send(from_page("POST", "/v1/desk/7/ack", word)).body.find("138****5678") != std::string::npos);
    CHECK(house.send(from_page("POST", "/v1/desk/7/reveal", word)).body.find("13812345678") != std::string::npos);
    CHECK(house.send(from_page("GET", "/v1/book", word)).body == "13812345678");  // a workbook is no text

    auto program = from_page("GET", "/v1/desk");
    program.headers.emplace_back("Authorization", "Bearer " + made.token);
    CHECK(house.send(std::move(program)).body.find("13812345678") != std::string::npos);
}

TEST_CASE("wrong tokens are told to wait, a right one never is") {
    House house;
    auto token = house.create({"desk"}).token;
    for (int i = 0; i < 10; ++i) CHECK(house.sign_in("pj_wrong").status == 401);
    auto refused = house.sign_in("pj_wrong");
    CHECK(refused.status == 429);
    CHECK(header_of(refused, "Retry-After") == "6");
    CHECK(house.sign_in(token).status == 200);
    house.clock.move_to(6s);
    CHECK(house.sign_in("pj_wrong").status == 401);
    CHECK(house.sign_in("pj_wrong").status == 429);
}

TEST_CASE("what is no request to sign in is refused, and says nothing of what stood in it") {
    House house;
    for (const std::string& body : {std::string(), std::string("pj_x"), std::string("[]"), std::string(R"({"token":7})"), std::string(R"({"tokens":"x"})"), std::string(2000, 'x')}) {
        auto request = from_page("POST", "/console/session");
        request.body = body;
        CHECK(house.send(std::move(request)).status == 400);
    }
    CHECK(house.sessions.size() == 0);
}

TEST_CASE("memory holds a thousand sessions, and the one that was used longest ago goes") {
    VirtualClock clock(noon);
    SeededRandom random(2);
    Sessions sessions(random, clock);
    auto first = sessions.open(1), second = sessions.open(2);
    clock.move_to(1s);
    CHECK(sessions.find(first) == 1);
    for (int i = 0; i < 999; ++i) sessions.open(3);
    CHECK(sessions.size() == 1000);
    CHECK(sessions.find(first) == 1);
    CHECK(!sessions.find(second));
    CHECK(!sessions.find(""));
}
