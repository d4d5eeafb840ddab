#include "providers/ctyun/ctyun.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "daemon/http/client.hpp"
#include "providers/http/request.hpp"
#include "tests/providers/template_channel.hpp"

using namespace pingjing;
using namespace pingjing::provider;
namespace gh = pingjing::generic_http;

namespace {

const std::string tables = "[[ctyun]]\ntext = \"survey\"\nid = \"SMS10010001\"\nvalues = { no = \"{{month}}\", unit = \"{{day}}\" }\n";
test::TemplateChannel site{"ct", ctyun::scheme, "access_key = \"testCtyunAccessKey01\"\nsecret_key = \"testCtyunSecretKey0123456789\"\nextension_digits = 4\nsource = \"1069\"\n", tables};

}  // namespace

TEST_CASE("ctyun: the body and its signature are as the vector says") {
    auto vectors = boost::json::parse(test::read_source("tests/data/vendors/vectors.json")).at("ctyun").as_array();
    REQUIRE(vectors.size() == 1);
    auto text = [&](const char* key) { return std::string(vectors[0].at(key).as_string()); };
    const auto access = text("access_key"), secret = text("secret_key");
    CHECK(ctyun::authorization({access, secret}, text("request_id"), text("eop_date"), text("query"), text("body")) == text("eop_authorization"));

    auto request = gh::build_request(site.channel.site(), test::asked("0997"), *parse_rfc3339("2026-03-01T16:30:15+08:00"), "n1");
    REQUIRE(request);
    CHECK(request->body == text("body"));
    std::string headers;
    for (const auto& header : request->headers) headers += header + "\n";
    CHECK(headers.find("eop-date: 20260301T163015Z\n") != std::string::npos);
    auto utc = gh::build_request(site.channel.site("eop_zone = \"Z\"\n"), test::asked("0997"), *parse_rfc3339("2026-03-01T16:30:15+08:00"), "n2");
    REQUIRE(utc);
    std::string others;
    for (const auto& header : utc->headers) others += header + "\n";
    CHECK(others.find("eop-date: 20260301T083015Z\n") != std::string::npos);
    auto id = [](const std::string& all) { return all.substr(all.find("request-id: ") + 12, 36); };
    CHECK(id(headers) != id(others));
    CHECK(id(headers).size() == 36);
}

TEST_CASE("ctyun: what its answers prove, and that what no table has may have been sent") {
    auto of = [](const std::string& code) { return site.channel.outcome(200, fmt::format(R"({{"code":"{}","message":"m","requestId":"r1"}})", code)); };
    auto taken = site.channel.answered(200, R"({"code":"OK","message":"OK","requestId":"r1"})");
    REQUIRE(std::holds_alternative<Accepted>(taken));
    CHECK(std::get<Accepted>(taken).vendor_ids == std::vector<std::string>{"r1"});
    CHECK(of("ACCOUNT_BALANCE_LOW") == "channel_down_balance ACCOUNT_BALANCE_LOW");
    CHECK(of("TEMPLATE_ILLEGAL") == "permanent_config TEMPLATE_ILLEGAL");
    CHECK(of("PHONE_DAY_LIMIT") == "throttled_number PHONE_DAY_LIMIT, 3600s");
    CHECK(of("WHATEVER") == "ambiguous HTTP 200, code WHATEVER is in no table");
    auto own = site.channel.answered(200, R"({"code":"WHATEVER"})", "[codes]\nWHATEVER = \"permanent_number\"\n");
    CHECK(outcome_name(own) == "permanent_number");
    CHECK_FALSE(site.channel.site().abilities.replies);
    CHECK_FALSE(site.channel.site().abilities.receipts);
}
