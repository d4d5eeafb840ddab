#include "providers/aliyun/aliyun.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "daemon/core/signed_note.hpp"
#include "daemon/http/client.hpp"
#include "providers/http/callback.hpp"
#include "providers/http/request.hpp"
#include "tests/providers/template_channel.hpp"

using namespace pingjing;
using namespace pingjing::provider;
namespace gh = pingjing::generic_http;

namespace {

const std::string keys = "access_key_id = \"LTAItestAccessKeyId\"\naccess_key_secret = \"testAccessKeySecret0123456789\"\nextension_digits = 5\nsource = \"106900020\"\n";
test::TemplateChannel site{"ali", aliyun::scheme, keys, test::survey_templates};
std::string outcome(int status, const std::string& body) { return site.channel.outcome(status, body); }
std::string refused(const std::string& code, const std::string& message = "") {
    return outcome(200, fmt::format(R"({{"Message":"{}","RequestId":"r","Code":"{}"}})", message, code));
}
Result<CallbackRead> said(std::string body) { return gh::read_callback(site.channel.site(), {"POST", "", "", "application/json", {}, std::move(body)}); }

std::string header_of(const http::FetchRequest& request, const std::string& name) {
    for (const auto& header : request.headers)
        if (header.starts_with(name + ": ")) return header.substr(name.size() + 2);
    return {};
}

// Name and value as they are, in the order of the names.
std::string query_of(const boost::json::object& parameters) {
    std::map<std::string, std::string> sorted;
    for (const auto& [name, value] : parameters) sorted.emplace(std::string(name), std::string(value.as_string()));
    std::string out;
    for (const auto& [name, value] : sorted) out += (out.empty() ? "" : "&") + gh::percent_encode(name) + "=" + gh::percent_encode(value);
    return out;
}

const auto vectors = boost::json::parse(test::read_source("tests/data/vendors/vectors.json")).at("aliyun").as_array();

}  // namespace

TEST_CASE("Aliyun: every vector of ACS3-HMAC-SHA256 comes out as its own libraries sign it") {
    int seen = 0;
    for (const auto& v : vectors) {
        if (v.at("scheme").as_string() != "aliyun-acs3") continue;
        ++seen;
        const std::string name(v.at("id").as_string());
        CAPTURE(name);
        auto settings = site.channel.site();
        settings.values["access_key_id"] = v.at("access_key_id").as_string();
        settings.secrets["access_key_secret"] = v.at("access_key_secret").as_string();
        http::FetchRequest request;
        request.method = "POST";
        gh::Signing signing;
        std::string host;
        for (const auto& [key, value] : v.at("headers").as_object()) {
            const std::string text(value.as_string());
            if (key == "host") host = text;
            else if (key == "x-acs-date") signing.now = *parse_rfc3339(text);
            else if (key == "x-acs-signature-nonce") signing.nonce = text;
            else request.headers.push_back(std::string(key) + ": " + text);
        }
        request.url = "https://" + host + std::string(v.at("path").as_string()) + "?" + query_of(v.at("query").as_object());
        request.body = v.at("body").as_string();
        aliyun::sign(settings, request, signing);
        CHECK(header_of(request, "x-acs-content-sha256") == v.at("body_sha256").as_string());
        CHECK(header_of(request, "Authorization") == v.at("authorization").as_string());
    }
    CHECK(seen == 5);
}

TEST_CASE("Aliyun: the older signature, which we do not use, comes of the same pieces") {
    int seen = 0;
    for (const auto& v : vectors) {
        if (v.at("scheme").as_string() != "aliyun-rpc-v1") continue;
        ++seen;
        const std::string name(v.at("id").as_string());
        CAPTURE(name);
        auto query = query_of(v.at("params").as_object());
        CHECK(query == v.at("canonical_query").as_string());
        auto text = std::string(v.at("method").as_string()) + "&%2F&" + gh::percent_encode(query);
        auto signature = to_base64(signing::hmac(signing::Hash::sha1, std::string(v.at("access_key_secret").as_string()) + "&", text));
        CHECK(signature == v.at("signature").as_string());
    }
    CHECK(seen == 5);
}

TEST_CASE("Aliyun: a survey leaves as its template's id and values, signed as the vector says") {
    auto request = gh::build_request(site.channel.site(), test::asked("90997"), *parse_rfc3339("2026-03-01T08:30:15Z"), "b6f5a1c2d3e4f5061728394a5b6c7d8e");
    REQUIRE(request);
    CHECK(request->method == "POST");
    CHECK(request->url == "https://dysmsapi.aliyuncs.com/?" + std::string(
        "OutId=rs-0001&PhoneNumbers=13800138000&SignName=%E6%9F%90%E5%B8%82%E5%85%AC%E5%AE%89%E5%B1%80&SmsUpExtendCode=90997&TemplateCode=SMS_154950909&TemplateParam="
        "%7B%22no%22%3A%22JJD20260301001%22%2C%22unit%22%3A%22%E5%9F%8E%E4%B8%9C%E6%B4%BE%E5%87%BA%E6%89%80%22%7D"));
    CHECK(request->body.empty());
    CHECK(header_of(*request, "Host") == "dysmsapi.aliyuncs.com");
    CHECK(header_of(*request, "Authorization").ends_with("Signature=b8fb015a691ef7dc641093a31044bfd8fc0d2b10a74df28c82fc6ce557e84d37"));

    // Without digits no parameter of that name; with temporary keys the token is sent and signed.
    auto other = gh::build_request(site.channel.site("security_token = \"STS.token\"\n"), test::asked(), *parse_rfc3339("2026-03-01T08:30:15Z"), "n1");
    REQUIRE(other);
    CHECK(other->url.find("SmsUpExtendCode") == std::string::npos);
    CHECK(header_of(*other, "x-acs-security-token") == "STS.token");
    CHECK(header_of(*other, "Authorization").find("x-acs-date;x-acs-security-token;x-acs-signature-nonce") != std::string::npos);

    // A vendor played on this machine: its port is signed with its name.
    auto local = gh::build_request(site.channel.site("url = \"http://127.0.0.1:24080/\"\n"), test::asked(), *parse_rfc3339("2026-03-01T08:30:15Z"), "n1");
    REQUIRE(local);
    CHECK(header_of(*local, "Host") == "127.0.0.1:24080");
}

TEST_CASE("Aliyun: what its answers prove, by Code and not by the status") {
    auto taken = site.channel.answered(200, R"({"Message":"OK","RequestId":"r","BizId":"900619746936498440^0","Code":"OK"})");
    REQUIRE(std::holds_alternative<Accepted>(taken));
    CHECK(std::get<Accepted>(taken).vendor_ids == std::vector<std::string>{"900619746936498440^0"});

    struct { const char *code, *is; } codes[] = {
        {"isv.AMOUNT_NOT_ENOUGH", "channel_down_balance isv.AMOUNT_NOT_ENOUGH"}, {"isv.OUT_OF_SERVICE", "channel_down_balance isv.OUT_OF_SERVICE"},
        {"SignatureDoesNotMatch", "channel_down_auth SignatureDoesNotMatch"}, {"InvalidAccessKeyId.NotFound", "channel_down_auth InvalidAccessKeyId.NotFound"},
        {"InvalidTimeStamp.Expired", "channel_down_auth InvalidTimeStamp.Expired"}, {"isv.DENY_IP_RANGE", "channel_down_auth isv.DENY_IP_RANGE"},
        {"isv.SMS_TEMPLATE_ILLEGAL", "permanent_config isv.SMS_TEMPLATE_ILLEGAL"}, {"isv.EXTEND_CODE_ERROR", "permanent_config isv.EXTEND_CODE_ERROR"},
        {"isv.MOBILE_NUMBER_ILLEGAL", "permanent_number isv.MOBILE_NUMBER_ILLEGAL"}, {"isv.BLACK_KEY_CONTROL_LIMIT", "permanent_content isv.BLACK_KEY_CONTROL_LIMIT"},
        {"Throttling.User", "throttled_channel Throttling.User, 2s"}, {"isv.DAY_LIMIT_CONTROL", "throttled_channel isv.DAY_LIMIT_CONTROL, 3600s"},
        // Their sheet would send these again; the first may be on its way.
        {"isp.SYSTEM_ERROR", "ambiguous isp.SYSTEM_ERROR"}, {"ServiceUnavailable", "ambiguous ServiceUnavailable"}, {"SignatureNonceUsed", "ambiguous SignatureNonceUsed"},
        {"isv.NEVER_HEARD_OF", "ambiguous HTTP 200, code isv.NEVER_HEARD_OF is in no table"}, {"ok", "ambiguous HTTP 200, code ok is in no table"}};
    for (const auto& c : codes) CHECK(refused(c.code) == std::string(c.is));

    CHECK(refused("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1") == "throttled_number isv.BUSINESS_LIMIT_CONTROL, 60s");
    CHECK(refused("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5") == "throttled_number isv.BUSINESS_LIMIT_CONTROL, 3600s");
    CHECK(refused("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:40") == "throttled_number isv.BUSINESS_LIMIT_CONTROL, 86400s");

    CHECK(outcome(400, R"({"RequestId":"r","HostId":"h","Code":"SignatureDoesNotMatch","Message":"m"})") == "channel_down_auth SignatureDoesNotMatch");
    CHECK(outcome(503, R"({"RequestId":"r","Code":"ServiceUnavailable","Message":"m"})") == "ambiguous ServiceUnavailable");
    CHECK(outcome(502, "<html>") == "ambiguous HTTP 502, no rule for it");
    CHECK(outcome(200, "") == "ambiguous HTTP 200, no rule for it");
    CHECK(outcome(500, R"({"Code":"OK","BizId":"1"})") == "ambiguous HTTP 500, code OK is in no table");
}

TEST_CASE("Aliyun: an answer that never came is in doubt, a request that never left is not") {
    auto lost = gh::read_response(site.channel.site(), tl::unexpected(http::Failure(http::Failure::When::after_send, "timeout")));
    CHECK(outcome_name(lost) == "ambiguous");
    auto kept = gh::read_response(site.channel.site(), tl::unexpected(http::Failure(http::Failure::When::before_send, "no connection")));
    CHECK(outcome_name(kept) == "retry");
}

TEST_CASE("Aliyun: reports and replies come in one list or two, and are answered with its own words") {
    auto reports = said(R"([{"phone_number":"13800138000","send_time":"2026-03-01 16:30:16","report_time":"2026-03-01 16:30:19","success":true,"err_code":"DELIVERED",
        "err_msg":"用户接收成功","sms_size":"1","biz_id":"900619746936498440^0","out_id":"rs-0001"},
        {"phone_number":"+8613900139000","report_time":"2026-03-01 16:30:20","success":"false","err_code":"MK:0001","err_msg":"空号","sms_size":"1","biz_id":"2^0"},
        {"phone_number":"13700137000","report_time":"2026-03-01 16:30:21","success":false,"err_code":"DB:0141","err_msg":"黑名单","sms_size":"1","biz_id":"3^0","out_id":"rs-0003"}])");
    REQUIRE(reports);
    REQUIRE(reports->inbound.size() == 3);
    const auto& first = std::get<Receipt>(reports->inbound[0]);
    CHECK(first.ref == "rs-0001");
    CHECK(first.vendor_id == "900619746936498440^0");
    CHECK(first.state == ReceiptState::delivered);
    CHECK(first.phone->reveal() == "13800138000");
    CHECK(first.at == parse_rfc3339("2026-03-01T16:30:19+08:00"));
    CHECK(std::get<Receipt>(reports->inbound[1]).state == ReceiptState::failed);
    CHECK(std::get<Receipt>(reports->inbound[1]).meaning == Receipt::Meaning::number_invalid);
    CHECK(std::get<Receipt>(reports->inbound[1]).phone->reveal() == "13900139000");
    CHECK(std::get<Receipt>(reports->inbound[2]).meaning == Receipt::Meaning::opted_out);
    CHECK(test::is_all_read(*reports));

    auto replies = said(R"([{"phone_number":"13800138000","content":"1","send_time":"2026-03-01 16:31:02","dest_code":"10690002090997","sequence_id":"1234567890"},
        {"phone_number":"13900139000","content":"3","send_time":"20260301163103","dest_code":"10653012390998","sequence_id":1234567891}])");
    REQUIRE(replies);
    REQUIRE(replies->inbound.size() == 2);
    const auto& one = std::get<InboundText>(replies->inbound[0]);
    CHECK(one.text.reveal() == "1");
    CHECK(one.extension == "90997");
    CHECK(one.at == parse_rfc3339("2026-03-01T16:31:02+08:00"));
    CHECK_FALSE(one.key.empty());
    // Another carrier's access number: our digits are its last.
    const auto& other = std::get<InboundText>(replies->inbound[1]);
    CHECK(other.extension == "90998");
    CHECK(other.at == parse_rfc3339("2026-03-01T16:31:03+08:00"));
    CHECK(other.key != one.key);
    CHECK(test::is_all_read(*replies));

    // The access number itself: no digits of ours.
    auto bare = said(R"([{"phone_number":"13800138000","content":"1","send_time":"2026-03-01 16:31:02","dest_code":"106900020","sequence_id":"5"}])");
    REQUIRE(bare);
    CHECK(std::get<InboundText>(bare->inbound.at(0)).extension.empty());

    auto settings = site.channel.site();
    CHECK(settings.answer.status == 200);
    CHECK(settings.answer.content_type == "application/json");
    CHECK(settings.answer.body == R"({"code":0,"msg":"OK"})");
}

TEST_CASE("Aliyun: check shows a request with its secrets masked") {
    auto lines = gh::sample_request(site.channel.site(), *parse_rfc3339("2026-03-01T08:30:15Z"));
    std::string all;
    for (const auto& line : lines) all += line + "\n";
    CHECK(all.find("the text survey to 13800000000: POST https://dysmsapi.aliyuncs.com/?OutId=") == 0);
    CHECK(all.find("Authorization: SECRET") != std::string::npos);
    CHECK(all.find("testAccessKeySecret") == std::string::npos);
}
