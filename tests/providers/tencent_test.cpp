#include "providers/tencent/tencent.hpp"

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

const std::string keys = "secret_id = \"AKIDtestSecretId0123456789abcdef\"\nsecret_key = \"testSecretKey0123456789abcdefghi\"\napp_id = \"1400006666\"\nextension_digits = 2\nsource = \"1069\"\n";
test::TemplateChannel site{"tx", tencent::scheme, keys, test::survey_templates};
Result<CallbackRead> said(std::string body) { return gh::read_callback(site.channel.site(), {"POST", "", "", "application/json", {}, std::move(body)}); }

// What is said of one number, in an answer that is 200 whatever it says.
std::string refused(const std::string& code) {
    return site.channel.outcome(200, fmt::format(R"({{"Response":{{"SendStatusSet":[{{"SerialNo":"","PhoneNumber":"+8613800138000","Fee":0,"SessionContext":"rs-0001","Code":"{}","Message":"m","IsoCode":""}}],"RequestId":"r"}}}})", code));
}
// What is said of the request.
std::string error(const std::string& code) { return site.channel.outcome(200, fmt::format(R"({{"Response":{{"Error":{{"Code":"{}","Message":"m"}},"RequestId":"r"}}}})", code)); }

std::string header_of(const http::FetchRequest& request, const std::string& name) {
    for (const auto& header : request.headers)
        if (header.starts_with(name + ": ")) return header.substr(name.size() + 2);
    return {};
}

}  // namespace

TEST_CASE("Tencent: every vector of TC3-HMAC-SHA256 comes out as its own library signs it") {
    auto vectors = boost::json::parse(test::read_source("tests/data/vendors/vectors.json")).at("tencent").as_array();
    CHECK(vectors.size() == 9);
    for (const auto& v : vectors) {
        const std::string name(v.at("id").as_string());
        CAPTURE(name);
        auto text = [&](const char* key) { return std::string(v.at(key).as_string()); };
        const bool action = v.at("x_tc_action_signed").as_bool();
        auto small = text("action");
        for (auto& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        http::FetchRequest request;
        request.method = "POST", request.url = "https://" + text("host") + "/", request.body = text("body");
        request.headers = {"Content-Type: " + text("content_type"), "Host: " + text("host"), "X-TC-Action: " + small};
        const auto id = text("secret_id"), secret = text("secret_key"), service = text("service");
        auto now = from_millis(v.at("timestamp").to_number<std::int64_t>() * 1000);
        auto made = tencent::authorization({id, secret, service}, request, now, action ? "content-type;host;x-tc-action" : "content-type;host");
        CHECK(made.substr(made.find("Signature=") + 10) == text("signature"));
        if (const auto* whole = v.as_object().if_contains("authorization")) CHECK(made == whole->as_string());
    }
}

TEST_CASE("Tencent: a survey leaves as its template's id and values in order, signed as the vector says") {
    auto request = gh::build_request(site.channel.site(), test::asked("10"), *parse_rfc3339("2026-03-01T08:30:15Z"), "n1");
    REQUIRE(request);
    CHECK(request->url == "https://sms.tencentcloudapi.com/");
    CHECK(request->body == "{\"PhoneNumberSet\":[\"+8613800138000\"],\"SmsSdkAppId\":\"1400006666\",\"TemplateId\":\"1110\",\"SignName\":\"某市公安局\",\"TemplateParamSet\":"
                           "[\"JJD20260301001\",\"城东派出所\"],\"ExtendCode\":\"10\",\"SessionContext\":\"rs-0001\"}");
    CHECK(header_of(*request, "X-TC-Timestamp") == "1772353815");
    CHECK(header_of(*request, "X-TC-Region") == "ap-guangzhou");
    CHECK(header_of(*request, "Authorization") ==
          "TC3-HMAC-SHA256 Credential=AKIDtestSecretId0123456789abcdef/2026-03-01/sms/tc3_request, SignedHeaders=content-type;host, "
          "Signature=b149774e39bfb397f004836d909caf5ed2937bc0f31853512526620562370975");

    auto abroad = gh::build_request(site.channel.site("url = \"https://sms.intl.tencentcloudapi.com/\"\nregion = \"ap-beijing\"\nsession_token = \"t\"\n"), test::asked("10"), *parse_rfc3339("2026-03-01T08:30:15Z"), "n1");
    REQUIRE(abroad);
    CHECK(header_of(*abroad, "Authorization").ends_with("Signature=c487e6cf3140a5b4ba466af9d55ce448343013fce5b5568f6ad7a179faad3ccc"));
    CHECK(header_of(*abroad, "X-TC-Region") == "ap-beijing");
    CHECK(header_of(*abroad, "X-TC-Token") == "t");

    // Without digits no ExtendCode, which refuses an empty one; without placeholders an empty list of values.
    test::TemplateChannel plain{"tx", tencent::scheme, keys, "[[tencent]]\ntext = \"survey\"\nid = \"7\"\n"};
    auto bare = gh::build_request(plain.channel.site(), test::asked(), *parse_rfc3339("2026-03-01T08:30:15Z"), "n1");
    REQUIRE(bare);
    CHECK(bare->body.find("ExtendCode") == std::string::npos);
    CHECK(bare->body.find("\"TemplateParamSet\":[]") != std::string::npos);
}

TEST_CASE("Tencent: the day that is signed is the day in UTC") {
    auto of = [](const char* when) {
        auto request = gh::build_request(site.channel.site(), test::asked(), *parse_rfc3339(when), "n1");
        REQUIRE(request);
        return header_of(*request, "Authorization").substr(49, 27);
    };
    CHECK(of("2026-03-01T07:59:59+08:00").find("2026-02-28/sms") != std::string::npos);
    CHECK(of("2026-03-01T08:00:00+08:00").find("2026-03-01/sms") != std::string::npos);
}

TEST_CASE("Tencent: what its answers prove, of the request and of the number") {
    auto taken = site.channel.answered(200, R"({"Response":{"SendStatusSet":[{"SerialNo":"5000:1045710669157053657849499619","PhoneNumber":"+8613800138000","Fee":1,
        "SessionContext":"rs-0001","Code":"Ok","Message":"send success","IsoCode":"CN"}],"RequestId":"a0aabda6"}})");
    REQUIRE(std::holds_alternative<Accepted>(taken));
    CHECK(std::get<Accepted>(taken).vendor_ids == std::vector<std::string>{"5000:1045710669157053657849499619"});

    struct { const char *code, *is; } codes[] = {
        {"FailedOperation.PhoneNumberInBlacklist", "opted_out FailedOperation.PhoneNumberInBlacklist"},
        {"FailedOperation.InsufficientBalanceInSmsPackage", "channel_down_balance FailedOperation.InsufficientBalanceInSmsPackage"},
        {"LimitExceeded.PhoneNumberDailyLimit", "throttled_number LimitExceeded.PhoneNumberDailyLimit, 86400s"},
        {"LimitExceeded.PhoneNumberThirtySecondLimit", "throttled_number LimitExceeded.PhoneNumberThirtySecondLimit, 30s"},
        {"LimitExceeded.AppDailyLimit", "throttled_channel LimitExceeded.AppDailyLimit, 3600s"},
        {"FailedOperation.TemplateIncorrectOrUnapproved", "permanent_config FailedOperation.TemplateIncorrectOrUnapproved"},
        {"InvalidParameterValue.IncorrectPhoneNumber", "permanent_number InvalidParameterValue.IncorrectPhoneNumber"},
        {"FailedOperation.ContainSensitiveWord", "permanent_content FailedOperation.ContainSensitiveWord"},
        {"InternalError.Timeout", "ambiguous HTTP 200, InternalError.Timeout"}, {"FailedOperation.OtherError", "ambiguous HTTP 200, FailedOperation.OtherError"},
        {"FailedOperation.New", "ambiguous HTTP 200, code FailedOperation.New is in no table"}, {"ok", "ambiguous HTTP 200, code ok is in no table"},
        {"", "ambiguous HTTP 200, a part that does not say how it ended"}};
    for (const auto& c : codes) CHECK(refused(c.code) == std::string(c.is));

    CHECK(error("AuthFailure.SignatureFailure") == "channel_down_auth AuthFailure.SignatureFailure");
    CHECK(error("AuthFailure") == "channel_down_auth AuthFailure");
    CHECK(error("InternalError.RequestTimeException") == "channel_down_auth InternalError.RequestTimeException");
    CHECK(error("InternalError.SendAndRecvFail") == "ambiguous InternalError.SendAndRecvFail");
    CHECK(error("RequestLimitExceeded.UinLimitExceeded") == "throttled_channel RequestLimitExceeded.UinLimitExceeded, 1s");
    CHECK(error("UnauthorizedOperation.SerivceSuspendDueToArrears") == "channel_down_balance UnauthorizedOperation.SerivceSuspendDueToArrears");
    CHECK(error("UnsupportedOperation.Anything") == "permanent_config UnsupportedOperation.Anything");
    CHECK(error("InvalidParameter.Unheard") == "ambiguous HTTP 200, code InvalidParameter.Unheard is in no table");
    CHECK(site.channel.outcome(200, R"({"Response":{"SendStatusSet":[],"RequestId":"r"}})") == "ambiguous HTTP 200, no rule for it");
    CHECK(site.channel.outcome(504, "<html>") == "ambiguous HTTP 504, no rule for it");
    auto lost = gh::read_response(site.channel.site(), tl::unexpected(http::Failure(http::Failure::When::after_send, "timeout")));
    CHECK(outcome_name(lost) == "ambiguous");
}

TEST_CASE("Tencent: reports in a list, a reply alone, answered with its own words") {
    auto reports = said(R"([{"user_receive_time":"2026-03-01 16:30:19","nationcode":"86","mobile":"13800138000","report_status":"SUCCESS","errmsg":"DELIVRD",
        "description":"用户短信送达成功","sid":"5000:1045710669157053657849499619","ext":"rs-0001"},
        {"user_receive_time":"2026-03-01 16:30:20","nationcode":"86","mobile":"13900139000","report_status":"FAIL","errmsg":"MK:0001","description":"空号","sid":"5000:2"}])");
    REQUIRE(reports);
    REQUIRE(reports->inbound.size() == 2);
    const auto& first = std::get<Receipt>(reports->inbound[0]);
    CHECK(first.ref == "rs-0001");
    CHECK(first.vendor_id == "5000:1045710669157053657849499619");
    CHECK(first.state == ReceiptState::delivered);
    CHECK(first.at == parse_rfc3339("2026-03-01T16:30:19+08:00"));
    const auto& second = std::get<Receipt>(reports->inbound[1]);
    CHECK(second.ref.empty());
    CHECK(second.state == ReceiptState::failed);
    CHECK(second.meaning == Receipt::Meaning::number_invalid);
    CHECK(test::is_all_read(*reports));

    for (const char* time : {"1772353862", "\"1772353862\""}) {
        auto reply = said(fmt::format(R"({{"extend":"10","mobile":"13800138000","nationcode":"86","sign":"某市公安局","text":"1","time":{}}})", time));
        REQUIRE(reply);
        REQUIRE(reply->inbound.size() == 1);
        const auto& text = std::get<InboundText>(reply->inbound[0]);
        CHECK(text.text.reveal() == "1");
        CHECK(text.from.reveal() == "13800138000");
        CHECK(text.extension == "10");
        CHECK(text.at == parse_rfc3339("2026-03-01T08:31:02Z"));
        CHECK(text.key.empty());
    }
    auto bare = said(R"([{"extend":"","mobile":"13800138000","nationcode":"86","sign":"某市公安局","text":"3","time":1772353862}])");
    REQUIRE(bare);
    CHECK(std::get<InboundText>(bare->inbound.at(0)).extension.empty());

    auto settings = site.channel.site();
    CHECK(settings.answer.body == R"({"result":0,"errmsg":"OK"})");
    CHECK(settings.answer.content_type == "application/json");
}
