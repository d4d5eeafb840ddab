#include "providers/twilio/twilio.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "providers/http/callback.hpp"
#include "providers/http/request.hpp"
#include "tests/providers/http_channel.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;
using namespace pingjing::provider;
namespace gh = pingjing::generic_http;

namespace {

const std::string token = "0123456789abcdef0123456789abcdef", account = "AC00000000000000000000000000000001";
const std::string hook = "https://rating.example.gov/v1/hooks/tw/0123456789abcdef";
const Instant noon = *parse_rfc3339("2026-11-22T12:00:00+08:00");
test::HttpChannel twilio_channel{"tw", hook, fmt::format("account = \"{0}\"\nusername = \"{0}\"\npassword = \"{1}\"\nsource = \"+447700900100\"\n", account, token), &twilio::scheme};
gh::Settings site(const std::string& more = "") { return twilio_channel.site(more); }
std::string outcome(int status, const std::string& body) { return twilio_channel.outcome(status, body); }

Callback form(std::string path, std::string query, std::string body, const std::string& key = token, const std::string& address = hook) {
    Callback c{"POST", std::move(path), std::move(query), "application/x-www-form-urlencoded", {}, std::move(body)};
    auto url = address + (c.path.empty() ? "" : "/" + c.path) + (c.query.empty() ? "" : "?" + c.query);
    c.headers.push_back({"x-twilio-signature", twilio::sign(key, url, gh::decode_parameters(c.body))});
    return c;
}

const std::string a_reply =
    "ToCountry=GB&ToState=&SmsMessageSid=SMe287d7109a5a925f182f0e07fe5b223b&NumMedia=0&ToCity=&FromZip=&SmsSid=SMe287d7109a5a925f182f0e07fe5b223b&FromState=&"
    "SmsStatus=received&FromCity=&Body=5+%E9%9D%9E%E5%B8%B8%E6%BB%A1%E6%84%8F+%26+thanks%3Dok%2B1&FromCountry=CN&To=%2B447700900100&ToZip=&NumSegments=1&"
    "MessageSid=SMe287d7109a5a925f182f0e07fe5b223b&AccountSid=AC00000000000000000000000000000001&From=%2B8613800138000&ApiVersion=2010-04-01";

std::string report(const std::string& status, const std::string& code = "") {
    return (code.empty() ? "" : "ErrorCode=" + code + "&") + "MessageSid=SM11111111111111111111111111111111&SmsSid=SM11111111111111111111111111111111&MessageStatus=" + status +
           "&SmsStatus=" + status + "&To=%2B8613800138000&From=%2B447700900100&AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01";
}

}  // namespace

TEST_CASE("Twilio: every vector of its signature comes out as its own libraries sign it") {
    auto vectors = boost::json::parse(test::read_source("tests/data/vendors/vectors.json")).at("twilio").as_array();
    CHECK(vectors.size() == 10);
    for (const auto& v : vectors) {
        const std::string name(v.at("id").as_string());
        CAPTURE(name);
        std::vector<std::pair<std::string, std::string>> parameters;
        if (const auto* all = v.as_object().if_contains("params"); all && all->is_object()) {
            for (const auto& [key, value] : all->as_object()) {
                if (const auto* many = value.if_array())
                    for (const auto& one : *many) parameters.emplace_back(std::string(key), std::string(one.as_string()));
                else parameters.emplace_back(std::string(key), std::string(value.as_string()));
            }
        }
        CHECK(twilio::sign(std::string(v.at("auth_token").as_string()), std::string(v.at("url").as_string()), parameters) == v.at("signature").as_string());
    }
}

TEST_CASE("Twilio: a text leaves as a form, with our id in the address for its reports") {
    auto request = gh::build_request(site(), Submission("rs0001", *Phone::mobile("13800138000"), Text("请评价 1-5 & reply=ok"), "", std::chrono::hours(1)), noon);
    REQUIRE(request);
    CHECK(request->method == "POST");
    CHECK(request->url == "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json");
    CHECK(request->user_password == account + ":" + token);
    CHECK(request->body == "To=%2B8613800138000&From=%2B447700900100&Body=%E8%AF%B7%E8%AF%84%E4%BB%B7%201-5%20%26%20reply%3Dok&StatusCallback="
                           "https%3A%2F%2Frating.example.gov%2Fv1%2Fhooks%2Ftw%2F0123456789abcdef%2Fdlr%3Fid%3Drs0001&ValidityPeriod=3600");
    CHECK_FALSE(twilio_channel.read("username = \"x\"\npassword = \"y\"\n"));
    CHECK(twilio_channel.said.find("needs 'account'") != std::string::npos);
}

TEST_CASE("Twilio: what its answers prove, by its own codes, and a site may know better") {
    CHECK(outcome(201, R"({"sid":"SM11111111111111111111111111111111","status":"queued","error_code":null})") == "accepted ");
    CHECK(outcome(201, R"({"sid":"SM1","status":"failed","error_code":30008})") == "permanent_config failed");
    CHECK(outcome(200, "") == "ambiguous HTTP 200, no rule for it");
    struct { int code; const char* class_and_code; } cases[] = {
        {21610, "opted_out 21610"}, {21611, "retry 21611"}, {20429, "throttled_channel 20429, 1s"}, {30002, "channel_down_balance 30002"}, {20003, "channel_down_auth 20003"},
        {21211, "permanent_number 21211"}, {21617, "permanent_content 21617"}, {21408, "permanent_config 21408"}};
    for (const auto& c : cases) CHECK(outcome(400, fmt::format(R"({{"code":{},"message":"…","status":400}})", c.code)) == std::string(c.class_and_code));
    // A code that nobody has heard of was refused all the same; of what went wrong at their side nobody knows.
    CHECK(outcome(400, R"({"code":99999,"message":"…","status":400})") == "permanent_config HTTP 400, code 99999 is in no table");
    CHECK(outcome(503, R"({"code":20503,"message":"…","status":503})") == "ambiguous HTTP 503, code 20503 is in no table");
    CHECK(outcome(429, "") == "throttled_channel HTTP 429, 1s");

    auto own = twilio_channel.answered(400, R"({"code":21612,"message":"…","status":400})", "[codes]\n21612 = \"permanent_config\"\n");
    REQUIRE(std::holds_alternative<Permanent>(own));
    CHECK(std::get<Permanent>(own).fault == Permanent::config);
}

TEST_CASE("Twilio: a reply and its reports are believed with the signature alone") {
    auto settings = site();
    auto reply = gh::read_callback(settings, form("mo", "", a_reply));
    REQUIRE(reply);
    REQUIRE(reply->inbound.size() == 1);
    const auto& text = std::get<InboundText>(reply->inbound[0]);
    CHECK(text.text.reveal() == "5 非常满意 & thanks=ok+1");
    CHECK(text.from.reveal() == "13800138000");
    CHECK_FALSE(text.key.empty());
    CHECK(reply->left.empty());

    struct { const char *status, *code; ReceiptState state; Receipt::Meaning meaning; } reports[] = {
        {"sent", "", ReceiptState::buffered, Receipt::Meaning::none}, {"delivered", "", ReceiptState::delivered, Receipt::Meaning::none},
        {"undelivered", "30005", ReceiptState::failed, Receipt::Meaning::number_invalid}, {"failed", "21610", ReceiptState::failed, Receipt::Meaning::opted_out},
        {"undelivered", "30003", ReceiptState::failed, Receipt::Meaning::none}};
    for (const auto& r : reports) {
        CAPTURE(r.status);
        auto read = gh::read_callback(settings, form("dlr", "id=rs0001", report(r.status, r.code)));
        REQUIRE(read);
        REQUIRE(read->inbound.size() == 1);
        const auto& receipt = std::get<Receipt>(read->inbound[0]);
        CHECK(receipt.ref == "rs0001");
        CHECK(receipt.vendor_id == "SM11111111111111111111111111111111");
        CHECK(receipt.state == r.state);
        CHECK(receipt.meaning == r.meaning);
    }

    auto forged = form("mo", "", a_reply);
    forged.body.replace(forged.body.find("Body=5"), 6, "Body=1");
    CHECK_FALSE(gh::read_callback(settings, forged));
    auto elsewhere = form("dlr", "id=rs0001", report("delivered"));
    elsewhere.query = "id=rs0002";
    CHECK_FALSE(gh::read_callback(settings, elsewhere));
    CHECK_FALSE(gh::read_callback(settings, form("mo", "", a_reply, "another token")));
    auto bare = form("mo", "", a_reply);
    bare.headers.clear();
    CHECK_FALSE(gh::read_callback(settings, bare));
    // Kept for a person, and answered so that Twilio says it in its own log.
    CHECK(settings.answer_not_understood.status == 403);
    CHECK(settings.answer.body == R"(<?xml version="1.0" encoding="UTF-8"?><Response/>)");
    CHECK(settings.answer.content_type == "text/xml");
}

TEST_CASE("Twilio: a port said or left out, a token being changed, a key of the API, JSON with its hash") {
    auto with_port = hook;
    with_port.insert(with_port.find("/v1"), ":443");
    CHECK(gh::read_callback(site(), form("mo", "", a_reply, token, with_port)));
    auto other_port = hook;
    other_port.insert(other_port.find("/v1"), ":8443");
    CHECK_FALSE(gh::read_callback(site(), form("mo", "", a_reply, token, other_port)));

    CHECK(gh::read_callback(site("[secrets]\nprevious_auth_token = \"the old one\"\n"), form("mo", "", a_reply, "the old one")));
    CHECK(gh::read_callback(site("[secrets]\nprevious_auth_token = \"the old one\"\n"), form("mo", "", a_reply)));
    CHECK(gh::read_callback(site("[secrets]\nauth_token = \"of the account\"\n"), form("mo", "", a_reply, "of the account")));
    CHECK_FALSE(gh::read_callback(site("[secrets]\nauth_token = \"of the account\"\n"), form("mo", "", a_reply)));

    Callback json{"POST", "mo", "bodySHA256=61c2bb3a45aaa387a7f03d8be6c394425e059def1ff4932ab1895b0aac59c352", "application/json", {}, R"({"hello":"world","n":5})"};
    json.headers.push_back({"X-Twilio-Signature", twilio::sign(token, hook + "/mo?" + json.query, {})});
    CHECK(twilio::is_authentic(site(), json));
    json.body = R"({"hello":"world","n":1})";
    CHECK_FALSE(twilio::is_authentic(site(), json));
}
