#include "providers/huawei/huawei.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "daemon/http/client.hpp"
#include "providers/http/callback.hpp"
#include "providers/http/request.hpp"
#include "tests/providers/template_channel.hpp"

using namespace pingjing;
using namespace pingjing::provider;
namespace gh = pingjing::generic_http;

namespace {

const std::string tables = "[[huawei]]\ntext = \"survey\"\nid = \"8ff55eac1d0b478ab3c06c3c6a492300\"\nvalues = [\"{{month}}\", \"{{day}}\"]\n";
test::TemplateChannel site{"hw", huawei::scheme, "url = \"https://smsapi.cn-north-4.myhuaweicloud.com:443/sms/batchSendSms/v1\"\napp_key = \"testAppKey0123456789abcdef\"\n"
                           "app_secret = \"testAppSecret0123456789\"\nsource = \"1069123400012\"\n", tables};
const auto vectors = boost::json::parse(test::read_source("tests/data/vendors/vectors.json")).at("huawei").as_array();

std::string header_of(const http::FetchRequest& request, const std::string& name) {
    for (const auto& header : request.headers)
        if (header.starts_with(name + ": ")) return header.substr(name.size() + 2);
    return {};
}
Callback form(std::string body) { return {"POST", "", "", "application/x-www-form-urlencoded", {}, std::move(body)}; }

}  // namespace

TEST_CASE("Huawei: every vector comes out as its own library signs it, a push among them, and both forms of WSSE") {
    int seen = 0;
    for (const auto& v : vectors) {
        const std::string name(v.at("id").as_string()), scheme(v.at("scheme").as_string());
        CAPTURE(name);
        auto text = [&](const char* key) { return std::string(v.at(key).as_string()); };
        ++seen;
        if (scheme == "wsse") {
            CHECK(huawei::password_digest(text("nonce"), text("created"), text("app_secret"), name == "hw-wsse-raw") == text("password_digest"));
            continue;
        }
        std::vector<std::string> headers;
        std::string date;
        for (const auto& [key, value] : v.at("headers").as_object()) {
            headers.push_back(std::string(key) + ": " + std::string(value.as_string()));
            if (key == "X-Sdk-Date") date = value.as_string();
        }
        std::string query;
        for (const auto& pair : v.at("query").as_array())
            query += (query.empty() ? "" : "&") + gh::percent_encode(std::string(pair.at(0).as_string())) + "=" + gh::percent_encode(std::string(pair.at(1).as_string()));
        auto canonical = signing::canonical_headers(headers, [](std::string_view) { return true; });
        CHECK(huawei::signature(text("secret_key"), text("method"), text("path"), query, canonical.lines, canonical.names, date, text("body")) == text("signature"));
    }
    CHECK(seen == 5);
}

TEST_CASE("Huawei: a survey leaves as a form with its template's id, proved in either way") {
    auto request = gh::build_request(site.channel.site(), test::asked(), *parse_rfc3339("2026-03-01T08:30:15Z"), "n1");
    REQUIRE(request);
    CHECK(request->body == "from=1069123400012&to=%2B8613800138000&templateId=8ff55eac1d0b478ab3c06c3c6a492300&templateParas=%5B%22JJD20260301001%22%2C%22%E5%9F%8E%E4%B8%9C%E6%B4%BE%E5%87%BA%E6%89%80%22%5D"
                           "&statusCallback=https%3A%2F%2Fpj.example.cn%2Fv1%2Fhooks%2Fhw%2F0123456789abcdef&extend=rs-0001");
    CHECK(header_of(*request, "Host") == "smsapi.cn-north-4.myhuaweicloud.com");
    CHECK(header_of(*request, "X-Sdk-Date") == "20260301T083015Z");
    CHECK(header_of(*request, "Authorization").starts_with("SDK-HMAC-SHA256 Access=testAppKey0123456789abcdef, SignedHeaders=content-type;host;x-sdk-date, Signature="));
    auto wsse = gh::build_request(site.channel.site("proof = \"wsse\"\n"), test::asked(), *parse_rfc3339("2026-03-01T08:30:15Z"), "66C92B11FF8A425FB8D4CCFE0ED9ED1F");
    REQUIRE(wsse);
    CHECK(header_of(*wsse, "X-WSSE") == std::string(vectors[3].at("x_wsse").as_string()));
    CHECK(header_of(*wsse, "Authorization") == R"(WSSE realm="SDP",profile="UsernameToken",type="Appkey")");
}

TEST_CASE("Huawei: what its answers prove") {
    auto of = [](const std::string& status) { return site.channel.outcome(200, fmt::format(R"({{"code":"E000510","description":"d","result":[{{"originTo":"+8613800138000","smsMsgId":"m1","status":"{}"}}]}})", status)); };
    auto taken = site.channel.answered(200, R"({"code":"000000","description":"Success","result":[{"originTo":"+8613800138000","smsMsgId":"d6e3_1","status":"000000","total":1}]})");
    REQUIRE(std::holds_alternative<Accepted>(taken));
    CHECK(std::get<Accepted>(taken).vendor_ids == std::vector<std::string>{"d6e3_1"});
    CHECK(of("E200015") == "throttled_channel E200015, 600s");
    CHECK(of("E200041") == "permanent_number E200041");
    CHECK(of("E000000") == "ambiguous HTTP 200, E000000");
    CHECK(of("E999999") == "ambiguous HTTP 200, code E999999 is in no table");
    CHECK(site.channel.outcome(401, R"({"code":"E000026","description":"d"})") == "channel_down_auth E000026");
    CHECK(site.channel.outcome(400, R"({"code":"E000112","description":"d"})") == "channel_down_balance E000112");
    CHECK(site.channel.outcome(400, R"({"code":"E000503","description":"d"})") == "permanent_config E000503");
    CHECK(site.channel.outcome(500, "") == "ambiguous HTTP 500, no rule for it");
}

TEST_CASE("Huawei: reports and replies are forms, proved where the vendor signs them") {
    auto report = gh::read_callback(site.channel.site(), form("smsMsgId=d6e3_1&total=1&sequence=1&status=DELIVRD&source=2&updateTime=2026-03-01T08%3A30%3A19Z&extend=rs-0001&to=%2B8613800138000"));
    REQUIRE(report);
    REQUIRE(report->inbound.size() == 1);
    const auto& receipt = std::get<Receipt>(report->inbound[0]);
    CHECK(receipt.ref == "rs-0001");
    CHECK(receipt.vendor_id == "d6e3_1");
    CHECK(receipt.state == ReceiptState::delivered);
    CHECK(receipt.at == parse_rfc3339("2026-03-01T08:30:19Z"));
    auto barred = gh::read_callback(site.channel.site(), form("smsMsgId=2&total=1&sequence=1&status=TSBLACK&extend=rs-0002&to=%2B8613800138000"));
    REQUIRE(barred);
    CHECK(std::get<Receipt>(barred->inbound.at(0)).meaning == Receipt::Meaning::opted_out);

    const std::string mo = "smsMsgId=9692b5be-c427-4525-8e73-cf4a6ac5b3f7&from=%2B8613800138000&to=106912340001201&body=1";
    auto reply = gh::read_callback(site.channel.site(), form(mo));
    REQUIRE(reply);
    REQUIRE(reply->inbound.size() == 1);
    const auto& text = std::get<InboundText>(reply->inbound[0]);
    CHECK(text.text.reveal() == "1");
    CHECK(text.extension == "01");
    CHECK_FALSE(text.key.empty());

    // As in the vector, at an address of ours.
    auto settings = site.channel.site("push_secret = \"pushSk-0123456789\"\n");
    settings.hook_url = "https://rating.example.gov:9330/hw/mo";
    auto push = form(mo);
    for (const auto& [name, value] : vectors[2].at("headers").as_object()) push.headers.push_back({std::string(name), std::string(value.as_string())});
    push.headers.push_back({"Authorization", std::string("SDK-HMAC-SHA256 Access=pushAk,SignedHeaders=connection;content-length;content-type;host;x-sdk-date,Signature=") + std::string(vectors[2].at("signature").as_string())});
    CHECK(gh::read_callback(settings, push));
    auto forged = push;
    forged.body.back() = '3';
    CHECK_FALSE(gh::read_callback(settings, forged));
    CHECK_FALSE(gh::read_callback(settings, form(mo)));
    CHECK(settings.answer_not_understood.status == 401);
}
