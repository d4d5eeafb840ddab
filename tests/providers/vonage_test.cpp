#include "providers/vonage/vonage.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "daemon/http/client.hpp"
#include "providers/http/callback.hpp"
#include "providers/http/request.hpp"
#include "tests/providers/http_channel.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;
using namespace pingjing::provider;
namespace gh = pingjing::generic_http;

namespace {

const std::string hook = "https://rating.example.gov/v1/hooks/vo/0123456789abcdef", secret = "vonageSignatureSecret0123456789ABCDEF";
test::HttpChannel vonage_channel{"vo", hook, "username = \"abcd1234\"\npassword = \"abcdef0123456789\"\nsource = \"447700900000\"\n", &vonage::scheme};
gh::Settings site(const std::string& more = "") { return vonage_channel.site(more); }
std::string outcome(const std::string& body) { return vonage_channel.outcome(200, body); }
std::string part(const std::string& status, const std::string& id = "") {
    return fmt::format(R"({{"to":"8613800138000","message-id":"{}","status":"{}","error-text":"e","client-ref":"rs0001"}})", id, status);
}
std::string answer(const std::string& parts, int count) { return fmt::format(R"({{"message-count":"{}","messages":[{}]}})", count, parts); }

using Parameters = std::vector<std::pair<std::string, std::string>>;
const auto vectors = boost::json::parse(test::read_source("tests/data/vendors/vectors.json")).at("vonage").as_array();
const boost::json::value& vector(std::string_view id) {
    for (const auto& v : vectors)
        if (v.at("id").as_string() == id) return v;
    throw std::runtime_error("no such vector");
}
Parameters parameters_of(const boost::json::value& v) {
    Parameters out;
    for (const auto& [name, value] : v.at("params").as_object()) out.emplace_back(std::string(name), std::string(value.as_string()));
    return out;
}

// The three ways in which an account may be set to be called.
Callback as_query(const Parameters& all) {
    std::string query;
    for (const auto& [name, value] : all) query += (query.empty() ? "" : "&") + gh::percent_encode(name) + "=" + gh::percent_encode(value);
    return {"GET", "", query, "", {}, ""};
}
Callback as_form(const Parameters& all) { return {"POST", "", "", "application/x-www-form-urlencoded", {}, as_query(all).query}; }
Callback as_json(const Parameters& all) {
    boost::json::object object;
    for (const auto& [name, value] : all) object[name] = value;
    return {"POST", "", "", "application/json", {}, boost::json::serialize(object)};
}
using Way = Callback (*)(const Parameters&);
constexpr Way ways[] = {as_query, as_form, as_json};

Parameters signed_by(Parameters all, const std::string& method, const std::string& key = secret) {
    all.emplace_back("sig", *vonage::signature(method, key, all));
    return all;
}

}  // namespace

TEST_CASE("Vonage: every vector of its callbacks' signature comes out as its own library accepts it") {
    int seen = 0;
    for (const auto& v : vectors) {
        if (v.at("scheme").as_string() != "vonage-sms-signature") continue;
        const std::string name(v.at("id").as_string());
        CAPTURE(name);
        for (const auto& [method, value] : v.at("signatures").as_object()) {
            ++seen;
            const std::string named(method);
            CAPTURE(named);
            CHECK(vonage::signature(named, std::string(v.at("secret").as_string()), parameters_of(v)) == std::string(value.as_string()));
        }
    }
    CHECK(seen == 15);
    CHECK_FALSE(vonage::signature("sha3", secret, {}));

    const auto& token = vector("vo-jwt");
    const std::string jwt(token.at("jwt").as_string()), body(token.at("body").as_string());
    CHECK(vonage::is_token_of(jwt, secret, body));
    CHECK_FALSE(vonage::is_token_of(jwt, "another secret", body));
    CHECK_FALSE(vonage::is_token_of(jwt, secret, body + " "));
    CHECK_FALSE(vonage::is_token_of(jwt.substr(0, jwt.rfind('.') + 1), secret, body));
    // {"alg":"none"} and no signature.
    CHECK_FALSE(vonage::is_token_of("eyJhbGciOiJub25lIn0" + jwt.substr(jwt.find('.'), jwt.rfind('.') - jwt.find('.') + 1), secret, body));
    for (const char* nonsense : {"", ".", "..", "a.b.c", "eyJ9.e30.AA"}) CHECK_FALSE(vonage::is_token_of(nonsense, secret, body));
}

TEST_CASE("Vonage: a Chinese text leaves as unicode, with our id and the address for its reports") {
    auto request = gh::build_request(site(), Submission("rs0001", *Phone::mobile("13800138000"), Text("请评价 1-5"), "", std::chrono::hours(1)), Instant());
    REQUIRE(request);
    CHECK(request->method == "POST");
    CHECK(request->url == "https://rest.nexmo.com/sms/json");
    CHECK(request->user_password == "abcd1234:abcdef0123456789");
    auto form = gh::decode_parameters(request->body);
    CHECK(form == Parameters{{"from", "447700900000"}, {"to", "8613800138000"}, {"text", "请评价 1-5"}, {"type", "unicode"}, {"client-ref", "rs0001"}, {"status-report-req", "1"}, {"callback", hook}, {"ttl", "3600000"}});
    auto plain = gh::build_request(site(), Submission("rs0001", *Phone::mobile("13800138000"), Text("Reply 1 to 3 [x] {y}"), "", std::chrono::hours(1)), Instant());
    REQUIRE(plain);
    CHECK(plain->body.find("&type=text&") != std::string::npos);
}

TEST_CASE("Vonage: a text is taken where every part was, refused where none was, and in part otherwise, which is never sent again") {
    auto whole = vonage_channel.answered(200, answer(part("0", "0A1") + "," + part("0", "0A2"), 2));
    REQUIRE(std::holds_alternative<Accepted>(whole));
    CHECK(std::get<Accepted>(whole).vendor_ids == std::vector<std::string>{"0A1", "0A2"});

    auto some = vonage_channel.answered(200, answer(part("0", "0A1") + "," + part("9"), 2));
    REQUIRE(std::holds_alternative<Partial>(some));
    CHECK(std::get<Partial>(some).vendor_ids == std::vector<std::string>{"0A1"});
    CHECK(std::get<Partial>(some).reason == "9");
    CHECK(outcome(answer(part("9") + "," + part("0", "0A2"), 2)) == "partial 9");

    auto doubtful = vonage_channel.answered(200, answer(part("0", "0A1") + "," + part("5"), 2));
    REQUIRE(std::holds_alternative<Ambiguous>(doubtful));
    CHECK(std::get<Ambiguous>(doubtful).vendor_ids == std::vector<std::string>{"0A1"});

    struct { const char *status, *is; } statuses[] = {
        {"1", "throttled_channel 1, 1s"}, {"10", "throttled_channel 10, 1s"}, {"9", "channel_down_balance 9"}, {"4", "channel_down_auth 4"}, {"8", "channel_down_auth 8"},
        {"11", "channel_down_auth 11"}, {"14", "channel_down_auth 14"}, {"32", "channel_down_auth 32"}, {"7", "permanent_number 7"}, {"33", "permanent_number 33"},
        {"2", "permanent_config 2"}, {"3", "permanent_config 3"}, {"6", "permanent_config 6"}, {"12", "permanent_config 12"}, {"15", "permanent_config 15"},
        {"22", "permanent_config 22"}, {"23", "permanent_config 23"}, {"29", "permanent_config 29"},
        // Theirs is to send it again, and to take what is unheard of as refused; who knows.
        {"5", "ambiguous HTTP 200, 5"}, {"99", "ambiguous HTTP 200, code 99 is in no table"}, {"", "ambiguous HTTP 200, a part that does not say how it ended"}};
    for (const auto& s : statuses) {
        CHECK(outcome(answer(part(s.status), 1)) == std::string(s.is));
        CHECK(outcome(answer(part(s.status) + "," + part(s.status), 2)) == std::string(s.is));
    }

    CHECK(outcome(answer(part("0", "0A1"), 2)) == "ambiguous HTTP 200, 1 parts where the vendor counts 2");
    CHECK(outcome(answer("", 0)) == "ambiguous HTTP 200, no rule for it");
    CHECK(outcome("OK") == "ambiguous HTTP 200, no rule for it");
    CHECK(vonage_channel.outcome(401, "") == "channel_down_auth HTTP 401");
    CHECK(vonage_channel.outcome(500, answer(part("0", "0A1"), 1)) == "ambiguous HTTP 500, no rule for it");
}

TEST_CASE("Vonage: a report and a reply as query, form and JSON, with every signature, and no other") {
    for (const std::string method : {"md5hash", "md5", "sha1", "sha256", "sha512"}) {
        CAPTURE(method);
        auto settings = site("signature_secret = \"" + secret + "\"\nsignature_method = \"" + method + "\"\n");
        for (Way way : ways) {
            auto report = gh::read_callback(settings, way(signed_by(parameters_of(vector("vo-dlr")), method)));
            REQUIRE(report);
            REQUIRE(report->inbound.size() == 1);
            const auto& receipt = std::get<Receipt>(report->inbound[0]);
            CHECK(receipt.ref == "rs-0001");
            CHECK(receipt.vendor_id == "0A0000001234567B");
            CHECK(receipt.state == ReceiptState::delivered);
            CHECK(receipt.at == parse_rfc3339("2026-03-01T08:30:15Z"));
            CHECK(test::is_all_read(*report));

            auto reply = gh::read_callback(settings, way(signed_by(parameters_of(vector("vo-mo")), method)));
            REQUIRE(reply);
            REQUIRE(reply->inbound.size() == 1);
            const auto& text = std::get<InboundText>(reply->inbound[0]);
            CHECK(text.text.reveal() == "5 非常满意 & a=b");
            CHECK(text.to == "447700900000");
            CHECK_FALSE(text.key.empty());
            CHECK_FALSE(text.part);

            auto forged = signed_by(parameters_of(vector("vo-mo")), method);
            for (auto& [name, value] : forged)
                if (name == "text") value = "1";
            CHECK_FALSE(gh::read_callback(settings, way(forged)));
            CHECK_FALSE(gh::read_callback(settings, way(parameters_of(vector("vo-mo")))));
            CHECK_FALSE(gh::read_callback(settings, way(signed_by(parameters_of(vector("vo-mo")), method, "another"))));
        }
    }
    // One that was signed, with more beside it.
    auto settings = site("signature_secret = \"" + secret + "\"\n");
    auto padded = as_query(signed_by(parameters_of(vector("vo-mo")), "md5hash"));
    padded.body = R"({"msisdn":"13800138000","text":"1"})", padded.content_type = "application/json";
    CHECK_FALSE(gh::read_callback(settings, padded));
    // In large letters, and while the secret is being changed.
    auto large = signed_by(parameters_of(vector("vo-mo")), "md5hash");
    for (auto& c : large.back().second) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
    CHECK(gh::read_callback(settings, as_form(large)));
    auto changing = site("signature_secret = \"the new one\"\nprevious_signature_secret = \"" + secret + "\"\n");
    CHECK(gh::read_callback(changing, as_form(large)));
    CHECK(gh::read_callback(site(), as_form(parameters_of(vector("vo-mo")))));
    CHECK_FALSE(vonage_channel.read("username = \"u\"\npassword = \"p\"\nsource = \"1\"\nsignature_method = \"sha3\"\n"));
    CHECK(vonage_channel.said.find("signature_method = \"sha3\": expected") != std::string::npos);
}

TEST_CASE("Vonage: the Messages API's callbacks with their token") {
    const auto& v = vector("vo-jwt");
    auto settings = site("signature_secret = \"" + secret + "\"\n");
    Callback callback{"POST", "", "", "application/json", {{"Authorization", std::string(v.at("authorization").as_string())}}, std::string(v.at("body").as_string())};
    auto read = gh::read_callback(settings, callback);
    REQUIRE(read);
    REQUIRE(read->inbound.size() == 1);
    const auto& text = std::get<InboundText>(read->inbound[0]);
    CHECK(text.text.reveal() == "5");
    CHECK(text.at == parse_rfc3339("2026-03-01T08:30:15Z"));
    callback.body.replace(callback.body.find("\"5\""), 3, "\"1\"");
    CHECK_FALSE(gh::read_callback(settings, callback));
}

TEST_CASE("Vonage: a code of a report is that code, and none that begins with it") {
    struct { const char *status, *code; ReceiptState state; Receipt::Meaning meaning; } reports[] = {
        {"accepted", "0", ReceiptState::buffered, Receipt::Meaning::none}, {"buffered", "0", ReceiptState::buffered, Receipt::Meaning::none},
        {"expired", "1", ReceiptState::expired, Receipt::Meaning::none}, {"failed", "2", ReceiptState::failed, Receipt::Meaning::none},
        {"failed", "3", ReceiptState::failed, Receipt::Meaning::number_invalid}, {"rejected", "4", ReceiptState::failed, Receipt::Meaning::opted_out},
        {"failed", "9", ReceiptState::failed, Receipt::Meaning::number_invalid}, {"failed", "99", ReceiptState::failed, Receipt::Meaning::none},
        {"failed", "39", ReceiptState::failed, Receipt::Meaning::none}, {"failed", "42", ReceiptState::failed, Receipt::Meaning::none}};
    for (const auto& r : reports) {
        CAPTURE(r.code);
        auto read = gh::read_callback(site(), as_form({{"msisdn", "8613800138000"}, {"to", "447700900000"}, {"messageId", "0A1"}, {"status", r.status}, {"err-code", r.code}, {"client-ref", "rs0001"}}));
        REQUIRE(read);
        REQUIRE(read->inbound.size() == 1);
        CHECK(std::get<Receipt>(read->inbound[0]).state == r.state);
        CHECK(std::get<Receipt>(read->inbound[0]).meaning == r.meaning);
    }
}

TEST_CASE("Vonage: a long reply comes in pieces that name their text") {
    for (Way way : ways) {
        auto read = gh::read_callback(site(), way({{"msisdn", "8613800138000"}, {"to", "447700900000"}, {"messageId", "0A2"}, {"text", "而且态度很好"}, {"type", "unicode"}, {"concat", "true"},
                                                   {"concat-ref", "97"}, {"concat-total", "3"}, {"concat-part", "2"}, {"message-timestamp", "2026-03-01 08:30:15"}}));
        REQUIRE(read);
        REQUIRE(read->inbound.size() == 1);
        const auto& text = std::get<InboundText>(read->inbound[0]);
        REQUIRE(text.part);
        CHECK(text.part->group == "97");
        CHECK(text.part->number == 2);
        CHECK(text.part->total == 3);
        CHECK(text.part->octets == "而且态度很好");
        CHECK(text.part->charset == "UTF-8");
    }
    // What cannot be a piece is a text.
    auto odd = gh::read_callback(site(), as_form({{"msisdn", "8613800138000"}, {"messageId", "0A2"}, {"text", "3"}, {"concat-ref", "97"}, {"concat-total", "2"}, {"concat-part", "3"}}));
    REQUIRE(odd);
    CHECK_FALSE(std::get<InboundText>(odd->inbound.at(0)).part);
}
