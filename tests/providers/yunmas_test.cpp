#include "providers/yunmas/yunmas.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "daemon/core/signed_note.hpp"
#include "providers/http/callback.hpp"
#include "providers/http/request.hpp"
#include "tests/providers/http_channel.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;
using namespace pingjing::provider;
namespace gh = pingjing::generic_http;

namespace {

test::HttpChannel mas{"mas", "https://pj.example.cn/v1/hooks/mas/0123456789abcdef",
                 "url = \"http://127.0.0.1:1992/sms/norsubmit\"\nec_name = \"某市公安局\"\nap_id = \"rating\"\nsign_code = \"TestSign01\"\n"
                 "extension_digits = 4\n[secrets]\nsecret_key = \"Mas#Secret2026\"\n", &yunmas::scheme};
gh::Settings site() { return mas.site(); }
std::string outcome(int status, const std::string& body) { return mas.outcome(status, body); }

Result<CallbackRead> said(std::string body) { return gh::read_callback(site(), {"POST", "", "", "application/json", {}, std::move(body)}); }

}  // namespace

TEST_CASE("Yun MAS: a text leaves as the base64 of its JSON, proved as the vectors say") {
    auto vectors = boost::json::parse(test::read_source("tests/data/vendors/vectors.json")).at("yunmas").as_array();
    const auto& v = vectors[0];
    REQUIRE(v.at("id").as_string() == "mas-nor-1");
    auto text = Text(std::string(v.at("content").as_string()));
    auto request = gh::build_request(site(), Submission("rs0001", *Phone::mobile("13800138000"), text, "0997", std::chrono::hours(1)), *parse_rfc3339("2026-03-01T16:30:15+08:00"));
    REQUIRE(request);
    CHECK(request->body == std::string(v.at("body").as_string()));
    CHECK(request->method == "POST");
    CHECK(std::find(request->headers.begin(), request->headers.end(), "Content-Type: application/json") != request->headers.end());

    // Over the text as it is: a quote and a backslash are escaped in the JSON alone.
    auto odd = gh::build_request(site(), Submission("rs0002", *Phone::mobile("13800138000"), Text("a\"b\\c\nd"), "", std::chrono::hours(1)), *parse_rfc3339("2026-03-01T16:30:15+08:00"));
    REQUIRE(odd);
    auto json = boost::json::parse(*from_base64(odd->body));
    CHECK(json.at("content").as_string() == "a\"b\\c\nd");
    CHECK(json.at("mac").as_string() == "4ffed648b236b91ac501512e6ee5a057");
}

TEST_CASE("Yun MAS: what its answers prove") {
    CHECK(outcome(200, R"({"rspcod":"success","msgGroup":"0301163015001000330441","success":true})") == "accepted ");
    CHECK(std::get<Accepted>(mas.answered(200, R"({"rspcod":"success","mgsGroup":"77","success":"true"})")).vendor_ids == std::vector<std::string>{"77"});
    CHECK(outcome(200, R"({"rspcod":"IllegalMac","success":false})") == "channel_down_auth IllegalMac");
    CHECK(outcome(200, R"({"rspcod":"NoSignId","success":false})") == "permanent_config NoSignId");
    CHECK(outcome(200, R"({"rspcod":"InvalidMobile","success":false})") == "permanent_number InvalidMobile");
    // The vendor's sheet would send it again; whoever does may ask twice.
    CHECK(outcome(200, R"({"rspcod":"Whatever","success":false})") == "ambiguous HTTP 200, code Whatever is in no table");
    CHECK(outcome(500, "oops") == "ambiguous HTTP 500, no rule for it");
}

TEST_CASE("Yun MAS: reports and replies, one at a time and in a list") {
    auto report = said(R"({"reportStatus":"CM:0000","mobile":"13800138000","submitDate":"20260301163015","receiveDate":"20260301163019","errorCode":"DELIVRD","msgGroup":"0301163015001000330441"})");
    REQUIRE(report);
    REQUIRE(report->inbound.size() == 1);
    const auto& receipt = std::get<Receipt>(report->inbound[0]);
    CHECK(receipt.vendor_id == "0301163015001000330441");
    CHECK(receipt.state == ReceiptState::delivered);
    CHECK(receipt.at == parse_rfc3339("2026-03-01T16:30:19+08:00"));
    CHECK(report->left.empty());

    auto refused = said(R"([{"reportStatus":"DB:0141","mobile":"13800138000","errorCode":"DB:0141","msgGroup":"1"},{"reportStatus":"MK:0001","mobile":"13900139000","errorCode":"MK:0001","msgGroup":"2"}])");
    REQUIRE(refused);
    REQUIRE(refused->inbound.size() == 2);
    CHECK(std::get<Receipt>(refused->inbound[0]).state == ReceiptState::failed);
    CHECK(std::get<Receipt>(refused->inbound[0]).meaning == Receipt::Meaning::opted_out);
    CHECK(std::get<Receipt>(refused->inbound[1]).meaning == Receipt::Meaning::number_invalid);

    auto reply = said(R"({"mobile":"13800138000","smsContent":"3","sendTime":"2026-03-01 16:31:02","addSerial":"0997"})");
    REQUIRE(reply);
    REQUIRE(reply->inbound.size() == 1);
    const auto& text = std::get<InboundText>(reply->inbound[0]);
    CHECK(text.text.reveal() == "3");
    CHECK(text.to == "0997");
    CHECK(text.extension == "0997");
    CHECK(text.at == parse_rfc3339("2026-03-01T16:31:02+08:00"));
    CHECK(text.key.empty());
    CHECK(reply->left.empty());
    auto whole = said(R"({"mobile":"13800138000","smsContent":"3","sendTime":"2026-03-01 16:31:02","addSerial":"106575000997"})");
    REQUIRE(whole);
    CHECK(std::get<InboundText>(whole->inbound.at(0)).extension == "0997");
}
