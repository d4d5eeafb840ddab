#include <doctest/doctest.h>
#include <fmt/format.h>

#include "providers/http/request.hpp"
#include "providers/http/response.hpp"
#include "tests/providers/http_channel.hpp"

using namespace pingjing;
using namespace pingjing::provider;
namespace gh = pingjing::generic_http;
using test::android;
using test::kannel;

namespace {

using When = http::Failure::When;
const Instant noon = *parse_rfc3339("2026-11-22T12:00:00+08:00");
const std::string secret_url = "https://pj.example.cn/v1/hooks/k/0123456789abcdef";

std::string said;  // what was wrong with the last settings
std::optional<gh::Settings> read(const std::string& toml, const std::string& hook_url = secret_url) {
    test::HttpChannel channel{"k", hook_url};
    auto settings = channel.read(toml);
    said = channel.said;
    return settings;
}

Submission submission(const std::string& text) { return Submission("rs0001", *Phone::mobile("13800138000"), Text(text), "07", std::chrono::hours(2)); }

http::FetchResult answered(int status, std::string body, std::string retry_after = "") {
    http::FetchResponse response;
    response.status = status;
    response.content_type = "text/html";
    response.retry_after = std::move(retry_after);
    response.body = std::move(body);
    return response;
}
http::FetchResult broke(When when) { return tl::unexpected(http::Failure(when, "broke")); }

std::string parameter(const std::string& url, const std::string& name) {
    std::string out = "(absent)";
    for (const auto& [key, value] : gh::decode_parameters(url.substr(url.find('?') + 1)))
        if (key == name) out = value;
    return out;
}

}  // namespace

TEST_CASE("Kannel: a request says everything that it silently needs") {
    auto settings = kannel();
    auto request = gh::build_request(settings, submission("请对本次服务评价：1满意 2一般 3不满意"), noon);
    REQUIRE(request);
    CHECK(request->method == "GET");
    CHECK(request->body.empty());
    CHECK(request->url.starts_with("http://127.0.0.1:13013/cgi-bin/sendsms?username=pj&password=p%26w&from=10690011007&to=13800138000&text="));
    // Vector kannel-coding2.
    CHECK(request->url.find("&text=%E8%AF%B7%E5%AF%B9%E6%9C%AC%E6%AC%A1%E6%9C%8D%E5%8A%A1%E8%AF%84%E4%BB%B7%EF%BC%9A1%E6%BB%A1%E6%84%8F%202%E4%B8%80%E8%88%AC%203%E4%B8%8D%E6%BB%A1%E6%84%8F&coding=2&charset=UTF-8&") != std::string::npos);
    CHECK(parameter(request->url, "dlr-mask") == "31");
    CHECK(parameter(request->url, "validity") == "120");
    CHECK(parameter(request->url, "dlr-url") == secret_url + "/dlr?ref=rs0001&type=%d&id=%I&fid=%F&meta=%A&smsc=%i&ts=%T&from=%p&to=%P");
    CHECK(request->url.find("type%3D%25d%26") != std::string::npos);

    CHECK(parameter(gh::build_request(settings, submission("Hi [ok]"), noon)->url, "coding") == "0");
    CHECK_FALSE(gh::build_request(settings, submission(""), noon));
    std::string eleven_parts;
    for (int i = 0; i < 700; ++i) eleven_parts += "中";
    CHECK_FALSE(gh::build_request(settings, submission(eleven_parts), noon));
}

TEST_CASE("every text survives its slot") {
    auto settings = kannel();
    auto json = android();
    for (const char* text : {"a&b=c", "100%", "\"quoted\" \\ back", "<xml>", "line\nbreak", "{{id}}", "%d", "😀 +1", "#hash?x"}) {
        CAPTURE(text);
        CHECK(parameter(gh::build_request(settings, submission(text), noon)->url, "text") == text);
        auto body = gh::read_json(gh::build_request(json, submission(text), noon)->body);
        REQUIRE(body);
        REQUIRE(*body);
        CHECK(gh::text_at(**body, "/textMessage/text") == text);
    }
}

TEST_CASE("Kannel: an answer is read as what it proves, and no more") {
    auto settings = kannel();
    struct { const char* given; http::FetchResult result; const char* expected; } cases[] = {
        {"accepted", answered(202, "0: Accepted for delivery"), "accepted"},
        {"link down, queued", answered(202, "3: Queued for later delivery"), "accepted"},
        {"wrong password", answered(403, "Authorization failed for sendsms"), "channel_down_auth"},
        {"no number", answered(400, "Missing receiver number, rejected"), "permanent_number"},
        {"bad or black-listed number", answered(400, "Number(s) has/have been denied by white- and/or black-lists."), "permanent_number"},
        {"a form", answered(400, "Invalid content-type"), "permanent_config"},
        {"bearerbox gone", broke(When::before_send), "retry"},
        {"overloaded, documented", answered(503, "Temporal failure, try again later."), "retry"},
        {"503 of a proxy", answered(503, "<html>Service Unavailable"), "ambiguous"},
        {"timeout after the request", broke(When::after_send), "ambiguous"},
        {"an unknown 202", answered(202, "7: Something new"), "ambiguous"},
        {"a proxy's page", answered(200, "<html>"), "ambiguous"},
        {"too many", answered(429, ""), "throttled_channel"},
        {"no money", answered(402, ""), "channel_down_balance"},
        {"moved", answered(301, ""), "ambiguous"},
        {"broken", answered(500, ""), "ambiguous"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.given);
        CHECK(outcome_name(gh::read_response(settings, c.result)) == c.expected);
    }
    CHECK(std::get<Throttled>(gh::read_response(settings, answered(429, "", "30"))).after == std::chrono::seconds(30));
}

TEST_CASE("rules are asked in order, the channel's before the preset's") {
    auto settings = read(R"(
url = "http://127.0.0.1/send"
body = "form"
auth = "bearer"
token = "t0ken"
[form]
to = "{{to}}"
text = "{{text}}"
[headers]
X-Ref = "{{id}}"
[[response]]
json = "/code"
is = ["0", "000000"]
class = "accepted"
id = "/sid"
[[response]]
json = "/code"
is = ["8"]
class = "throttled_number"
after = "1h"
[[response]]
status = ["200-299"]
matches = '^OK: (\d+)$'
class = "accepted"
id = "match"
[[response]]
json = "/error"
class = "permanent_content"
)");
    REQUIRE_MESSAGE(settings, said);
    struct { const char* body; const char* expected; const char* id; } cases[] = {
        {R"({"code":0,"sid":9223372036854775807})", "accepted", "9223372036854775807"}, {R"({"code":"000000","sid":"x"})", "accepted", "x"},
        {R"({"code":0})", "accepted", ""},       {R"({"code":8})", "throttled_number", ""}, {R"({"code":9})", "ambiguous", ""},
        {"OK: 123", "accepted", "123"},          {"ERROR: 123", "ambiguous", ""},         {R"({"error":"bad words"})", "permanent_content", ""},
        {R"({"code":0)", "ambiguous", ""},       {"", "ambiguous", ""},
    };
    for (const auto& c : cases) {
        CAPTURE(c.body);
        auto outcome = gh::read_response(*settings, answered(200, c.body));
        CHECK(outcome_name(outcome) == c.expected);
        if (auto* accepted = std::get_if<Accepted>(&outcome)) CHECK((accepted->vendor_ids.empty() ? "" : accepted->vendor_ids[0]) == c.id);
    }
    auto request = gh::build_request(*settings, submission("1&2 满"), noon);
    REQUIRE(request);
    CHECK(request->method == "POST");
    CHECK(request->body == "to=%2B8613800138000&text=1%262%20%E6%BB%A1");
    CHECK(request->headers == std::vector<std::string>{"Content-Type: application/x-www-form-urlencoded", "X-Ref: rs0001", "Authorization: Bearer t0ken"});

    auto own = kannel("[[response]]\nstatus = [\"503\"]\nclass = \"ambiguous\"\n");
    CHECK(outcome_name(gh::read_response(own, answered(503, "Temporal failure"))) == "ambiguous");
}

TEST_CASE("android-sms-gateway: the request, and what its answers prove") {
    auto settings = android();
    auto request = gh::build_request(settings, submission("请评价"), noon);
    REQUIRE(request);
    CHECK(request->method == "POST");
    CHECK(request->user_password == "u:p");
    CHECK(request->body == R"({"phoneNumbers":["+8613800138000"],"textMessage":{"text":"请评价"},"id":"rs0001","withDeliveryReport":true,"ttl":7200})");
    struct { http::FetchResult result; const char* expected; } cases[] = {
        {answered(202, R"({"id":"rs0001","state":"Pending"})"), "accepted"}, {answered(409, "{}"), "accepted"}, {answered(400, "{}"), "permanent_number"},
        {answered(401, ""), "channel_down_auth"}, {answered(503, "{}"), "throttled_channel"}, {answered(500, "{}"), "ambiguous"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.expected);
        CHECK(outcome_name(gh::read_response(settings, c.result)) == c.expected);
    }
}

TEST_CASE("a mistake in the mapping is found when it is loaded") {
    struct { const char* toml; const char* expected; } cases[] = {
        {"url = \"http://a/\"\n[query]\nto = \"{{too}}\"\n", "p.toml:3: to: {{too}} is unknown"},
        {"url = \"http://a/\"\n[query]\nto = \"{{secret:x}}\"\n", "p.toml:3: to: {{secret:x}} is unknown"},
        {"url = \"http://a/\"\nbody = \"json\"\njson = '{\"a\":\"{{too}}\"}'\n", "p.toml:3: json: {{too}} is unknown"},
        {"url = \"http://a/\"\nbody = \"json\"\njson = '{'\n", "p.toml:3: json: expected a JSON document"},
        {"url = \"http://a/\"\nbody = \"json\"\njson = '{\"a\":\"1\",\"a\":\"2\"}'\n", "p.toml:3: json: expected a JSON document, each key once"},
        {"url = \"ftp://a/\"\n", "p.toml:1: url = \"ftp://a/\": expected http://… or https://…"},
        {"url = \"http://a/\"\n[[response]]\nstatus = [\"2xx\"]\nclass = \"accepted\"\n", "p.toml:3: status \"2xx\": expected"},
        {"url = \"http://a/\"\n[[response]]\nclass = \"fine\"\n", "p.toml:3: class = \"fine\": expected one of"},
        {"url = \"http://a/\"\n[receipt]\nref = \"id\"\n", "[receipt] needs 'status'"},
        {"url = \"http://a/\"\npreset = \"nobody\"\n", "p.toml:2: preset = \"nobody\": expected kannel"},
        {"url = \"http://a/\"\npreset = \"kannel\"\nusername = \"u\"\n", "needs 'password' or 'password_file'"},
        {"url = \"http://a/\"\nauth = \"basic\"\npassword = \"x\"\n", "needs 'username'"},
        {"url = \"http://a/\"\nurll = \"x\"\n", "p.toml:2: the file has no setting 'urll'"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.toml);
        CHECK_FALSE(read(c.toml));
        CAPTURE(said);
        CHECK(said.find(c.expected) != std::string::npos);
    }
}

TEST_CASE("without an address of ours no receipts are asked for") {
    auto settings = read("preset = \"kannel\"\nurl = \"http://127.0.0.1/s\"\nusername = \"pj\"\npassword = \"p\"\n", "");
    REQUIRE_MESSAGE(settings, said);
    CHECK_FALSE(settings->abilities.receipts);
    auto request = gh::build_request(*settings, submission("1"), noon);
    CHECK(parameter(request->url, "dlr-url") == "(absent)");
    CHECK(parameter(request->url, "from") == "(absent)");
}

TEST_CASE("an answer in JSON that two readers could understand differently proves nothing") {
    auto settings = android();
    CHECK(outcome_name(gh::read_response(settings, answered(202, R"({"id":"a","state":"Pending"})"))) == "accepted");
    for (const char* body : {R"({"id":"a","state":"Pending","state":"Failed"})", R"({"id":"a","more":{"x":1,"x":2}})", R"({"id":"a","n":1e999})"}) {
        CAPTURE(body);
        CHECK(outcome_name(gh::read_response(settings, answered(202, body))) == "ambiguous");
    }
}
