#include <doctest/doctest.h>
#include <fmt/format.h>

#include "providers/http/callback.hpp"
#include "tests/providers/http_channel.hpp"

using namespace pingjing;
using namespace pingjing::provider;
namespace gh = pingjing::generic_http;
using test::android;
using test::kannel;

namespace {

const std::string secret_url = "https://pj.example.cn/v1/hooks/k/0123456789abcdef";

std::string said;  // what was wrong with the last settings
std::optional<gh::Settings> read(const std::string& toml, const std::string& hook_url = secret_url) {
    test::HttpChannel channel{"k", hook_url};
    auto settings = channel.read(toml);
    said = channel.said;
    return settings;
}

// What can be read of a callback, whatever is left of it.
Result<std::vector<Inbound>> taken(const gh::Settings& settings, const Callback& callback) {
    auto read = gh::read_callback(settings, callback);
    if (!read) return tl::unexpected(read.error());
    CHECK(read->places.size() == read->inbound.size());
    return std::move(read->inbound);
}

Callback get(std::string path, std::string query) {
    Callback callback;
    callback.method = "GET";
    callback.path = std::move(path);
    callback.query = std::move(query);
    return callback;
}

const std::string asg_body =
    R"({"deviceId":"ffffffffceb0b1db0000018e937c815b","event":"sms:received","id":"Ey6ECgOkVVFjz3CL48B8C","payload":{"messageId":"abc123","message":"5 非常满意","sender":"+8613800138000","recipient":"+8613900139000","simNumber":1,"receivedAt":"2026-03-01T16:30:15.000+08:00"},"webhookId":"LreFUt-Z3sSq0JufY9uWB"})";

Callback asg(std::string body, std::string signature = "32f0d34fa55d6507053f3d20a1b0858f75d37d348f4341610a30cea2575c3df5") {
    Callback callback;
    callback.method = "POST";
    callback.content_type = "application/json";
    callback.body = std::move(body);
    callback.headers = {{"x-timestamp", "1772353815"}, {"X-Signature", std::move(signature)}};
    return callback;
}

}  // namespace

TEST_CASE("Kannel: receipts as they were captured") {
    auto settings = kannel();
    struct { const char* query; const char* state; const char* code; } cases[] = {
        {"ref=rs-0001&type=8&smsc=F1&fid=&meta=ACK%2F&ts=1795343473&to=10690001&from=13800138000&id=b14d1a7d", "buffered", "ACK/"},
        {"ref=rs-0001&type=1&smsc=F1&fid=130a4e21-a57c&meta=&ts=1795343473&to=10690001&from=13800138000&id=57a2c846", "delivered", "1"},
        {"ref=rs-0001&type=16&fid=&meta=NACK%2FAuthorization+failed+for+sendsms&to=13800138000", "failed", "NACK/Authorization failed for sendsms"},
        {"ref=rs-0001&type=2&meta=", "failed", "2"},
        {"ref=rs-0001&type=99", "unknown", "99"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.query);
        auto inbound = taken(settings, get("dlr", c.query));
        REQUIRE(inbound);
        REQUIRE(inbound->size() == 1);
        const auto& receipt = std::get<Receipt>(inbound->front());
        CHECK(receipt.ref == "rs-0001");
        CHECK(receipt_state_name(receipt.state) == c.state);
        CHECK(receipt.code == c.code);
    }
    auto first = taken(settings, get("dlr", "ref=a&type=1&id=x&ts=1795343473"));
    auto again = taken(settings, get("dlr", "ref=a&type=1&id=y&ts=1795343500"));
    CHECK(std::get<Receipt>(first->front()).key == std::get<Receipt>(again->front()).key);
    CHECK(std::get<Receipt>(first->front()).at == from_millis(1795343473000));
    for (const char* nobody : {"", "+", "%86%86"})  // a number that is none is no number, not one that fits nobody
        CHECK_FALSE(std::get<Receipt>(taken(settings, get("dlr", std::string("ref=a&type=1&from=") + nobody))->front()).phone);
    CHECK_FALSE(taken(settings, get("dlr", "type=1")));
    CHECK_FALSE(taken(settings, get("", "ref=a&type=1")));
}

TEST_CASE("Kannel: replies as they were captured, raw UTF-16 included") {
    auto settings = kannel();
    struct { const char* query; const char* text; } cases[] = {
        {"id=3ded834f&from=13800138000&to=10690011007&text=1&ts=1795343496&coding=0&charset=UTF-8&smsc=F1", "1"},
        {"id=3ded834f&from=%2B8613800138000&to=10690011007&text=%005%97%5E%5E8n%E1a%0F&coding=2&charset=UTF-16BE&smsc=F1&udh=", "5非常满意"},
        {"id=3ded834f&from=13800138000&to=10690011007&text=5%E9%9D%9E%E5%B8%B8+%E6%BB%A1&coding=0", "5非常 满"},
        {"id=3ded834f&from=13800138000&to=10690011007&text=&charset=UTF-8", ""},
    };
    for (const auto& c : cases) {
        CAPTURE(c.query);
        auto inbound = taken(settings, get("mo", c.query));
        REQUIRE(inbound);
        REQUIRE(inbound->size() == 1);
        const auto& reply = std::get<InboundText>(inbound->front());
        CHECK(reply.from.reveal() == "13800138000");
        CHECK(reply.text.reveal() == c.text);
        CHECK(reply.extension == "07");
        CHECK(reply.key == "8:3ded834f");
    }
    for (const char* to : {"10690011007", "%2B8610690011007", "+8610690011007", "8610690011007"}) {
        CAPTURE(to);
        auto inbound = taken(settings, get("mo", "id=1&from=13800138000&text=1&to=" + std::string(to)));
        REQUIRE(inbound);
        CHECK(std::get<InboundText>(inbound->front()).extension == "07");
    }
    CHECK_FALSE(taken(settings, get("mo", "id=1&text=1")));
    CHECK_FALSE(taken(settings, get("mo", "id=1&from=13800138000&text=%FF&charset=UTF-8")));
}

TEST_CASE("android-sms-gateway: a webhook counts only with its signature") {
    auto settings = android("signing_key = \"signing-key-0123456789\"\n");
    auto inbound = taken(settings, asg(asg_body));
    REQUIRE(inbound);
    const auto& reply = std::get<InboundText>(inbound->front());
    CHECK(reply.from.reveal() == "13800138000");
    CHECK(reply.to == "+8613900139000");
    CHECK(reply.text.reveal() == "5 非常满意");
    CHECK(reply.at == parse_rfc3339("2026-03-01T08:30:15Z"));
    CHECK_FALSE(reply.key.empty());

    CHECK_FALSE(taken(settings, asg(asg_body + " ")));
    CHECK_FALSE(taken(settings, asg(asg_body, "")));
    CHECK_FALSE(taken(settings, asg(asg_body, std::string(64, '0'))));
    CHECK(taken(android(), asg(asg_body, "")));
}

TEST_CASE("android-sms-gateway: receipts, pings and what cannot be read") {
    auto settings = android();
    struct { const char* body; const char* state; } cases[] = {
        {R"({"event":"sms:sent","payload":{"messageId":"rs0001","phoneNumber":"+8613800138000","sentAt":"2026-03-01T16:30:15.000+08:00"}})", "buffered"},
        {R"({"event":"sms:delivered","payload":{"messageId":"rs0001"}})", "delivered"},
        {R"({"event":"sms:failed","payload":{"messageId":"rs0001","reason":"no service"}})", "failed"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.body);
        auto inbound = taken(settings, asg(c.body));
        REQUIRE(inbound);
        REQUIRE(inbound->size() == 1);
        const auto& receipt = std::get<Receipt>(inbound->front());
        CHECK(receipt.ref == "rs0001");
        CHECK(receipt_state_name(receipt.state) == c.state);
    }
    auto ping = taken(settings, asg(R"({"event":"system:ping","payload":{}})"));
    REQUIRE(ping);
    CHECK(ping->empty());
    for (const char* body : {"", "{", "[1", "null", R"({"event":"sms:delivered","payload":{}})", R"({"event":"sms:received","payload":{"message":"1"}})"}) {
        CAPTURE(body);
        CHECK_FALSE(taken(settings, asg(body)));
    }
}

TEST_CASE("JSON that two readers could understand differently tells nothing") {
    auto settings = android();
    CHECK(taken(settings, asg(R"({"event":"sms:delivered","payload":{"messageId":"a"}})")));
    CHECK_FALSE(taken(settings, asg(R"({"event":"sms:delivered","payload":{"messageId":"a","messageId":"b"}})")));

    // A NUL in what a citizen wrote is no reason to put the answer aside.
    auto said_so = taken(settings, asg(R"({"event":"sms:received","payload":{"messageId":"a","sender":"+8613800138000","message":"1\u0000"}})"));
    REQUIRE(said_so);
    CHECK(said_so->size() == 1);
}

TEST_CASE("whatever comes to a hook is read or refused, and nothing worse") {
    SeededRandom random(1);
    auto settings = android();
    auto by_query = kannel();
    for (int i = 0; i < 3000; ++i) {
        std::string body = asg_body;
        for (int k = 0; k < 3; ++k) body[random.below(body.size())] = static_cast<char>(random.below(256));
        (void)taken(settings, asg(body.substr(0, random.below(2) ? body.size() : random.below(body.size()))));
        std::string query = "id=1&from=13800138000&text=%00%31&charset=UTF-16BE&type=1&ref=a";
        for (int k = 0; k < 3; ++k) query[random.below(query.size())] = static_cast<char>(random.below(256));
        (void)taken(by_query, get(random.below(2) ? "mo" : "dlr", query));
    }
    CHECK_FALSE(taken(settings, asg(std::string(100'000, '['))));
    std::string many = "[";
    for (int i = 0; i < 1001; ++i) many += R"({"event":"sms:delivered","payload":{"messageId":"a"}},)";
    many.back() = ']';
    CHECK(taken(settings, asg(many))->size() == 1001);
}

TEST_CASE("Chinese push styles by mapping alone: lists, wrapped lists, JSON in a form field") {
    auto settings = read(R"(
url = "http://127.0.0.1/send"
[receipt]
path = "dlr"
items = "/items"
vendor_id = "message_id"
status = "/status"
code = "/error"
at = "/delivrd_at"
at_format = "beijing"
ref = "/seq"
[receipt.states]
DELIVRD = "delivered"
UNDELIV = "failed"
[reply]
path = "mo"
json_field = "sms_reply"
from = "/mobile"
text = "/text"
at = "/reply_time"
at_format = "beijing"
key = ["/id"]
[answer]
content_type = "text/plain"
body = "SUCCESS"
error_status = 500
error_body = "0"
)");
    REQUIRE_MESSAGE(settings, said);
    auto callback = asg(R"({"items":[{"seq":"r1","status":"DELIVRD","delivrd_at":"2026-11-22 10:31:13"},{"seq":"r2","status":"UNDELIV","error":"MK:0001"},{"seq":"r3","status":"UNDELIV","error":"MBBLACK"}]})");
    callback.path = "dlr";
    auto receipts = taken(*settings, callback);
    REQUIRE(receipts);
    REQUIRE(receipts->size() == 3);
    CHECK(std::get<Receipt>((*receipts)[0]).at == parse_rfc3339("2026-11-22T10:31:13+08:00"));
    CHECK(std::get<Receipt>((*receipts)[1]).meaning == Receipt::Meaning::number_invalid);
    CHECK(std::get<Receipt>((*receipts)[2]).meaning == Receipt::Meaning::opted_out);

    Callback form;
    form.path = "mo";
    form.content_type = "application/x-www-form-urlencoded";
    form.body = "sms_reply=%7B%22mobile%22%3A%2213800138000%22%2C%22text%22%3A%223%22%2C%22id%22%3A9223372036854775807%7D";
    auto replies = taken(*settings, form);
    REQUIRE(replies);
    REQUIRE(replies->size() == 1);
    CHECK(std::get<InboundText>(replies->front()).key == "19:9223372036854775807");
    CHECK(settings->answer.body == "SUCCESS");
    CHECK(settings->answer_not_understood.status == 500);
}

TEST_CASE("a reply whose text stands under another name is not a blank one: nobody understands it, and its words are kept") {
    auto settings = kannel();
    for (const char* query : {"id=m1&from=13800138000&to=106900110&msg=3", "id=m1&from=13800138000&to=106900110"}) {
        CAPTURE(query);
        CHECK_FALSE(taken(settings, get("mo", query)));
    }
    auto blank = taken(settings, get("mo", "id=m1&from=13800138000&to=106900110&text="));
    REQUIRE(blank);
    CHECK(std::get<InboundText>(blank->front()).text.reveal().empty());
}

TEST_CASE("receipts and replies at one address, in one list, are told apart by the fields that are there") {
    auto settings = read(R"(
url = "http://127.0.0.1/send"
[receipt]
vendor_id = "id|/id"
phone = "mobile|/mobile"
status = "status|/status"
[receipt.states]
ok = "delivered"
[reply]
from = "mobile|/mobile"
text = "content|/content"
)");
    REQUIRE_MESSAGE(settings, said);
    auto both = taken(*settings, asg(R"([{"id":"7","mobile":"13800138000","status":"ok"},{"mobile":"13800138001","content":"救命!他有刀"},{"id":"","status":"","mobile":"13800138002","content":"3"}])"));
    REQUIRE(both);
    REQUIRE(both->size() == 3);
    CHECK(std::get<Receipt>((*both)[0]).vendor_id == "7");
    CHECK(std::get<InboundText>((*both)[1]).text.reveal() == "救命!他有刀");
    CHECK(std::get<InboundText>((*both)[2]).text.reveal() == "3");
    auto reply = taken(*settings, get("", "mobile=13800138000&content=1"));
    REQUIRE(reply);
    REQUIRE(reply->size() == 1);
    CHECK(std::get<InboundText>(reply->front()).text.reveal() == "1");
    auto receipt = taken(*settings, get("", "id=7&mobile=13800138000&status=ok"));
    REQUIRE(receipt);
    REQUIRE(receipt->size() == 1);
    CHECK(std::get<Receipt>(receipt->front()).state == ReceiptState::delivered);
    // A renamed field makes no blank reply of a receipt, and what has the fields of both is for a person.
    for (const char* query : {"id=7", "status=ok", "x=1", "", "id=7&mobile=13800138000&stat=ok", "id=3&mobile=13800138000&status=0&content=3", "mobile=13800138000&msg=3"}) CHECK_FALSE(taken(*settings, get("", query)));
}

namespace {

gh::Settings lists_of_both(const std::string& more = "") {
    auto settings = read("url = \"http://127.0.0.1/send\"\nevent = \"/type\"\nignored_events = [\"sent\"]\n" + more + R"(
[receipt]
items = "/reports"
vendor_id = "/id"
status = "/status"
[receipt.states]
ok = "delivered"
[reply]
items = "/replies"
from = "/mobile"
text = "/content"
key = ["/id"]
)");
    REQUIRE_MESSAGE(settings, said);
    return std::move(*settings);
}

// "t/replies/0 13800138000 3 | r/reports/0 7 unknown | -unreadable item 2: … [piece]"
std::string told(const gh::Settings& settings, const Callback& callback) {
    auto read = gh::read_callback(settings, callback);
    if (!read) return "refused: " + read.error().detail;
    REQUIRE(read->places.size() == read->inbound.size());
    std::string out;
    auto add = [&](const std::string& one) { out += (out.empty() ? "" : " | ") + one; };
    for (std::size_t i = 0; i < read->inbound.size(); ++i) {
        if (const auto* t = std::get_if<InboundText>(&read->inbound[i])) add("t" + read->places[i] + " " + t->from.reveal() + " " + t->text.reveal());
        else add("r" + read->places[i] + " " + std::get<Receipt>(read->inbound[i]).vendor_id + " " + std::string(receipt_state_name(std::get<Receipt>(read->inbound[i]).state)));
    }
    const char* kinds[] = {"unreadable", "unnamed", "unnamed_state", "on_purpose", "beside"};
    for (const auto& left : read->left) add(std::string("-") + kinds[static_cast<int>(left.kind)] + " " + left.why + " [" + left.piece + "]");
    return out;
}
std::string told(const gh::Settings& settings, const std::string& body) { return told(settings, asg(body)); }

gh::Settings mapped(const std::string& toml) {
    auto settings = read("url = \"http://127.0.0.1/send\"\n" + toml);
    REQUIRE_MESSAGE(settings, said);
    return std::move(*settings);
}

}  // namespace

TEST_CASE("one bad item keeps none of its neighbours from being read, and is left with its place") {
    auto both = lists_of_both();
    const std::string good = R"({"id":"a","mobile":"13800138000","content":"3"})", next = R"({"id":"b","mobile":"13800138001","content":"1"})";
    struct { const char* what; std::string bad, left; } cases[] = {
        {"a field is missing", R"({"id":"x","content":"2"})", R"(-unreadable item 2: a reply without a number [{"id":"x","content":"2"}])"},
        {"a key stands twice", R"({"id":"x","id":"y"})", R"(-unreadable item 2: JSON that can be read in two ways: expected each key once [{"id":"x","id":"y"}])"},
        {"a number beyond all", R"({"id":1e999})", R"(-unreadable item 2: JSON that can be read in two ways: expected a number that a double can hold [{"id":1e999}])"},
        {"bytes that are no UTF-8", "{\"id\":\"x\",\"content\":\"\xE6\x95\"}", "-unreadable item 2: not JSON [{\"id\":\"x\",\"content\":\"\xE6\x95\"}]"},
        {"no object", "7", R"(-unreadable item 2: a reply without a number [7])"},
        {"an escape that is none", R"({"id":"\q"})", R"(-unreadable item 2: not JSON [{"id":"\q"}])"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        auto found = told(both, R"({"replies":[)" + good + "," + c.bad + "," + next + "]}");
        CHECK(found == "t/replies/0 13800138000 3 | t/replies/2 13800138001 1 | " + c.left);
    }
    // Nothing of it can be read: as before.
    CHECK(told(both, R"({"replies":[{"id":"x"},{"id":"y"}]})") == "refused: item 1: a reply without a number; item 2: a reply without a number");
    CHECK(told(both, "{\"replies\":[" + good) == "refused: not JSON");
    CHECK(told(both, "{\"replies\":[" + good + "],\"x\":\"\xE6\"}") == "refused: not JSON");
    // A signature that does not fit says nothing about anybody.
    CHECK(told(lists_of_both("signing_key = \"signing-key-0123456789\"\n"), R"({"replies":[)" + good + "]}") == "refused: the signature does not fit");
    auto many = gh::read_callback(both, asg(R"({"replies":[)" + good + R"(,{},{},{},{},{}]})"));
    REQUIRE(many);
    CHECK(describe_left(*many) == "1 of 6 items taken; item 2: a reply without a number; item 3: a reply without a number; item 4: a reply without a number; and 2 more");
}

TEST_CASE("a text that was cut between the halves of a character is read as far as it goes") {
    auto both = lists_of_both();
    CHECK(told(both, R"({"replies":[{"id":"a","mobile":"13800138000","content":"3 \ud83d"}]})") == "t/replies/0 13800138000 3 \uFFFD");
    CHECK(told(both, R"({"replies":[{"id":"a","mobile":"13800138000","content":"3 \ud83d"},{"id":"a","id":"b"},{"id":"c","mobile":"13800138001","content":"1"}]})")
              .starts_with("t/replies/0 13800138000 3 \uFFFD | t/replies/2 13800138001 1 | -unreadable item 2: "));
    CHECK(told(android(), R"({"event":"sms:received","payload":{"sender":"+8613800138000","message":"3\ude00"}})") == "t 13800138000 3\uFFFD");
    CHECK(told(both, "\xEF\xBB\xBF{\"replies\":[{\"mobile\":\"13800138000\",\"content\":\"3\"}]}") == "t/replies/0 13800138000 3");
}

TEST_CASE("an event that the mapping does not name is left for a person, one that it ignores is not, wherever they stand") {
    CHECK(told(android(), R"({"event":"system:ping","payload":{}})") == "-on_purpose an event of no concern []");
    CHECK(told(android(), R"({"event":"mms:received","payload":{"sender":"+8613800138000","body":"3"}})") == "-unnamed the mapping does not name the event \"mms:received\" []");
    CHECK(told(android(), R"({"event":"+447700900001"})") == "-unnamed the mapping does not name the event \"+***\" []");
    CHECK(told(android(), R"({"event":"025-84420000"})") == "-unnamed the mapping does not name the event \"***\" []");
    CHECK(told(android(), R"({"event":"13800138000"})") == "-unnamed the mapping does not name the event \"138****8000\" []");
    auto by_event = read(R"(
url = "http://127.0.0.1/send"
event = "/type"
ignored_events = ["sent"]
[receipt]
events = ["dlr"]
vendor_id = "/id"
status = "/status"
[receipt.states]
ok = "delivered"
[reply]
events = ["mo"]
from = "/mobile"
text = "/content"
)");
    REQUIRE_MESSAGE(by_event, said);
    CHECK(told(*by_event, R"([{"type":"mo","mobile":"13800138000","content":"3"},{"type":"mo2","mobile":"13800138001","content":"1"},{"type":"sent","id":"7"},{"id":"8"},{"type":"dlr","id":"9","status":"ok"}])") ==
          "r/4 9 delivered | t/0 13800138000 3 | -unnamed item 2: the mapping does not name the event \"mo2\" [{\"type\":\"mo2\",\"mobile\":\"13800138001\",\"content\":\"1\"}]"
          " | -on_purpose item 3: an event of no concern [{\"type\":\"sent\",\"id\":\"7\"}] | -unreadable item 4: neither a receipt nor a reply [{\"id\":\"8\"}]");
    // What stands beside what is of no concern is heard as well.
    auto ignored = asg(R"([{"type":"sent","id":"7"}])");
    ignored.query = "msg=%E6%95%91";
    CHECK(told(*by_event, ignored) ==
          R"(-on_purpose item 1: an event of no concern [{"type":"sent","id":"7"}] | -beside words that the mapping does not take [words=%E6%95%91])");
}

TEST_CASE("a status that the mapping does not name is taken as unknown and left, under a key of its own, what the mapping puts there needs no name") {
    auto both = lists_of_both();
    CHECK(told(both, R"({"reports":[{"id":"7","status":"ok"},{"id":"8","status":"MO","x":"3"}]})") ==
          "r/reports/0 7 delivered | r/reports/1 8 unknown | -unnamed_state item 2: the mapping does not name the status \"MO\" [{\"id\":\"8\",\"status\":\"MO\",\"x\":\"3\"}]");
    auto key = [](const gh::Settings& settings) { return std::get<Receipt>(gh::read_callback(settings, get("dlr", "ref=a&type=99"))->inbound.front()).key; };
    auto before = key(kannel()), mended = key(kannel("[receipt.states]\n99 = \"delivered\"\n"));
    CHECK_FALSE(before.empty());
    CHECK(before != mended);
    auto constant = read("url = \"http://127.0.0.1/send\"\n[receipt]\nvendor_id = \"/id\"\nstatus = \"/s|=none\"\n[receipt.states]\nok = \"delivered\"\n");
    REQUIRE_MESSAGE(constant, said);
    CHECK(told(*constant, R"({"id":"7"})") == "r 7 unknown");
}

TEST_CASE("whatever stands in a list is read or left, and every item that is whole is read") {
    SeededRandom random(2);
    auto both = lists_of_both();
    const std::string good = R"({"id":"g","mobile":"13800138000","content":"3"})", bad = R"({"id":"x","mobile":"13800138001","content":"\u6551"})";
    int read_apart = 0;
    for (int i = 0; i < 3000; ++i) {
        auto broken = bad;
        for (int k = 0; k < 2; ++k) {
            auto& c = broken[random.below(broken.size())];
            if (std::string_view("{}[]\"\\").find(c) == std::string_view::npos) c = static_cast<char>(random.below(256));
        }
        if (broken.find_first_of("\"\\{}[]") == std::string::npos || std::count(broken.begin(), broken.end(), '"') != std::count(bad.begin(), bad.end(), '"') ||
            broken.find_first_of("[]") != std::string::npos || std::count(broken.begin(), broken.end(), '\\') != 1 || std::count_if(broken.begin(), broken.end(), [](char c) { return c == '{' || c == '}'; }) != 2)
            continue;
        auto read = gh::read_callback(both, asg(R"({"replies":[)" + good + "," + broken + "," + good + "]}"));
        CAPTURE(broken);
        REQUIRE(read);
        CHECK(read->inbound.size() + read->left.size() == 3);
        CHECK(read->places.front() == "/replies/0");
        CHECK(read->places.back() == "/replies/2");
        read_apart += !read->left.empty();
    }
    CHECK(read_apart > 100);
}

TEST_CASE("a list under a new name beside one that is read is left for a person, a second list of no concern is not") {
    auto both = lists_of_both();
    CHECK(told(both, R"({"reports":[{"id":"7","status":"ok"}],"mo":[{"mobile":"13800138000","content":"3"}],"n":[1]})") ==
          R"(r/reports/0 7 delivered | -unreadable the mapping does not name the list "mo" [[{"mobile":"13800138000","content":"3"}]])");
    CHECK(told(both, R"({"reports":[{"id":"7","status":"ok"}],"replies":[],"links":[{"a":1}]})") == "r/reports/0 7 delivered");
    CHECK(told(both, R"({"reports":[{"id":"7","status":"ok"}],"links":[{"a":1}]})") == "r/reports/0 7 delivered");
    CHECK(told(both, R"({"reports":[{"id":"7","status":"ok"}]})") == "r/reports/0 7 delivered");
}

TEST_CASE("what no mapping names and may be an answer is left for a person, wherever the vendor has put it, and is heard") {
    auto both = lists_of_both();
    const std::string taken = R"("reports":[{"id":"7","status":"ok"}])", first = "r/reports/0 7 delivered";
    struct { const char* what; std::string more, left; } cases[] = {
        {"a nested list", R"("data":{"newList":[{"mobile":"13800138000","content":"3"}]})",
         R"(-unreadable the mapping does not name the list "data/newList" [[{"mobile":"13800138000","content":"3"}]])"},
        {"a third list beside two", R"("replies":[],"mo":[{"tel":13800138000,"msg":"3"}])", R"(-unreadable the mapping does not name the list "mo" [[{"tel":13800138000,"msg":"3"}]])"},
        {"a list in a list", R"("replies":[],"mo":[[{"tel":"13800138000","msg":"3"}]])", R"(-unreadable the mapping does not name the list "mo/0" [[{"tel":"13800138000","msg":"3"}]])"},
        {"one object", R"("replies":[],"mo":{"mobile":"13800138000","content":"3"})", R"(-unreadable the mapping does not name the object "mo" [{"mobile":"13800138000","content":"3"}])"},
        {"one object, deep, in other letters", R"("a":{"b":{"Content":"3"}})", R"(-unreadable the mapping does not name the object "a/b" [{"Content":"3"}])"},
        {"JSON in a string", R"("payload":"{\"mobile\":\"13800138000\",\"content\":\"3\"}")", R"(-unreadable the mapping does not name the object "payload" [{"mobile":"13800138000","content":"3"}])"},
        {"a list in JSON in JSON", R"("p":"{\"q\":\"[{\\\"m\\\":\\\"13800138000\\\"}]\"}")", R"(-unreadable the mapping does not name the list "p/q" [[{"m":"13800138000"}]])"},
        {"JSON that was cut", R"("payload":"[{\"mobile\":\"13800138000\",\"content\":\"\u6551")", "-unreadable what may be JSON cannot be read \"payload\" [[{\"mobile\":\"13800138000\",\"content\":\"救]"},
        {"the envelope itself", R"("mobile":"13800138000","content":"3")", R"(-unreadable around the items stands what may be another [{"mobile":"13800138000","content":"3"}])"},
        {"a number in the name", R"("replies":[],"13800138000":[{"content":"3"}])", R"(-unreadable the mapping does not name the list "138****8000" [[{"content":"3"}]])"},
        {"words in what is no item", R"("replies":[],"note":{"say":"救命"})", "-beside words that the mapping does not take [[{\"say\":\"救命\"}]]"},
        {"a smile that is no JSON", R"("replies":[],"note":"[微笑] 救命")", "-beside words that the mapping does not take [[\"[微笑] 救命\"]]"},
        {"a list without a number", R"("replies":[],"l":[{"x":"救命"}])", "-beside words that the mapping does not take [[[{\"x\":\"救命\"}]]]"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        CHECK(told(both, "{" + taken + "," + c.more + "}") == first + " | " + c.left);
    }
    // An item that was read holds another; what a mapping reads of it is no other.
    CHECK(told(both, R"({"replies":[{"mobile":"13800138000","content":"3","next":{"mobile":"13800138001","content":"1"},"sim":{"id":"x","status":"y"}}]})") ==
          R"(t/replies/0 13800138000 3 | -unnamed_state within an item stands what may be another "replies/0/next" [{"mobile":"13800138001","content":"1"}])");
    // One text of JSON is a text.
    CHECK(told(both, R"({"replies":[{"mobile":"13800138000","content":"[{\"content\":\"3\"}]"}]})") == R"(t/replies/0 13800138000 [{"content":"3"}])");
    // However many there are, what is left is bounded.
    std::string many = "{" + taken;
    for (int i = 0; i < 500; ++i) many += fmt::format(R"(,"l{}":[{{"content":"3"}}])", i);
    CHECK(told(both, many + "}") == first + " | -unreadable more than 20 places that the mapping does not name []");
    // Of a form: a second field of JSON, and the same once more.
    auto form = read("url = \"http://127.0.0.1/send\"\n[reply]\njson_field = \"r\"\nfrom = \"/mobile\"\ntext = \"/content\"\n");
    REQUIRE_MESSAGE(form, said);
    auto of_form = [&](const std::string& body) {
        Callback callback;
        callback.content_type = "application/x-www-form-urlencoded", callback.body = body;
        auto read = gh::read_callback(*form, callback);
        return read ? fmt::format("{} {}", read->inbound.size(), describe_left(*read)) : read.error().detail;
    };
    const std::string one = R"([{"mobile":"13800138000","content":"3"}])";
    CHECK(of_form("sign=x&r=" + one) == "1 1 of 1 items taken; ");
    CHECK(of_form("r=" + one + "&q=" + one) == "1 1 of 2 items taken; the mapping does not name the list \"q\"");
    CHECK(of_form("r=" + one + R"(&r=[{"mobile":"13800138001","content":"1"}])") == "1 1 of 2 items taken; the mapping does not name the list \"r\"");
    // What a site knows to be of no concern is heard, and not listed.
    CHECK(told(lists_of_both("ignored_places = [\"/mo\"]\n"), "{" + taken + R"(,"mo":[{"mobile":"13800138000","content":"3 abc"}]})") ==
          first + R"( | -beside words that the mapping does not take [[[{"mobile":"13800138000","content":"3 abc"}]]])");
    CHECK_FALSE(read("url = \"http://a/\"\nignored_places = [\"mo\"]\n"));
}

TEST_CASE("words that stand with what was read, in a field that the mapping does not take, are heard with its number, and nothing else comes of them") {
    auto both = lists_of_both();
    const std::string read_first = "t/replies/0 13800138000 1", heard = " | -beside words that the mapping does not take [";
    auto item = [&](const std::string& more) { return told(both, R"({"replies":[{"id":"a-7","mobile":"13800138000","content":"1",)" + more + "}]}"); };
    struct { const char* what; std::string more, words; } cases[] = {
        {"plain", R"("note":"救命")", "救命"},
        {"deeper", R"("more":{"said":["救命"]})", "救命"},
        {"in ASCII", R"("note":"help me")", "help me"},
        {"in hex", R"("note":"6551547D")", "6551547D"},
        {"in hex that has digits alone", R"("note":"65516211")", "65516211"},
        {"in base64", R"("note":"5pWR5ZG9")", "5pWR5ZG9"},
        {"in GBK, in hex", R"("note":"BEC8C3FC")", "BEC8C3FC"},
        {"in JSON in a string", R"("note":"{\"x\":\"救命\"}")", R"({\"x\":\"救命\"})"},
        {"in what the site ignores", R"("links":{"x":"救命"})", "救命"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        CHECK(item(c.more) == read_first + heard + R"([{"from":"13800138000","words":")" + c.words + R"("}]])");
    }
    CHECK(told(lists_of_both("ignored_places = [\"/links\"]\n"), R"({"replies":[{"mobile":"13800138000","content":"1","links":{"x":"救命"}}]})") ==
          read_first + heard + R"([{"from":"13800138000","words":"救命"}]])");
    // Plainly none: ids, times, codes, addresses, and the text itself once more.
    CHECK(item(R"("a":"8f14e45fceea167a5a36dedd4bea2543","b":"b14d1a7d-94d7-42ba-99d1-8ab16b800be0","c":"LreFUt-Z3sSq0JufY9uWB","d":"2026-03-01T16:30:15.000+08:00","e":"https://x/y?z=1",)"
               R"("f":"UTF-8","g":"DELIVRD","h":"20261122103113","i":"","j":null,"k":7,"l":"+8613800138000","m":"1","n":"10690011007","o":"MK:1")") == read_first);
    CHECK(told(both, R"({"replies":[{"mobile":"13800138000","content":"救命 有人","raw":" 救命 "}]})") == "t/replies/0 13800138000 救命 有人");
    // Of two each has his own; a receipt that names no number is heard as it is.
    CHECK(told(both, R"({"replies":[{"mobile":"13800138000","content":"1","x":"好的"},{"mobile":"13800138001","content":"3","x":"救命"}]})") ==
          read_first + " | t/replies/1 13800138001 3" + heard + R"([{"from":"13800138000","words":"好的"},{"from":"13800138001","words":"救命"}]])");
    CHECK(told(both, R"({"reports":[{"id":"7","status":"ok","tel":"13800138000","x":"救命"}]})") == "r/reports/0 7 delivered" + heard + R"([{"id":"7","status":"ok","tel":"13800138000","x":"救命"}]])");
    // The mapping names it, and has read another.
    auto either = mapped("[reply]\nfrom = \"/mobile\"\ntext = \"/text|/content\"\n");
    CHECK(told(either, R"({"mobile":"13800138000","text":"1","content":"救命"})") == "t 13800138000 1" + heard + R"([{"from":"13800138000","words":"救命"}]])");
    CHECK(told(either, R"({"mobile":"13800138000","content":"救命"})") == "t 13800138000 救命");
}

TEST_CASE("words in a parameter that the mapping does not take are heard, in whatever charset, and so is a body that is no form") {
    auto mo = [](const std::string& query, const std::string& body = "") {
        auto callback = get("mo", query);
        return callback.body = body, told(kannel(), callback);
    };
    const std::string first = "t 13800138000 1", heard = first + " | -beside words that the mapping does not take [from=13800138000&words=";
    CHECK(mo("id=1&from=13800138000&text=1&msg=%E6%95%91%E5%91%BD") == heard + "%E6%95%91%E5%91%BD]");
    CHECK(mo("id=1&from=13800138000&text=1&msg=%BE%C8%C3%FC") == heard + "%BE%C8%C3%FC]");
    CHECK(mo("id=1&from=13800138000&text=%00%31&charset=UTF-16BE&msg=%65%51%54%7D") == heard + "eQT%7D]");
    CHECK(mo("id=1&from=13800138000&text=1", "救命") == heard + "%E6%95%91%E5%91%BD]");
    CHECK(mo("id=1&from=13800138000&text=1", "<msg>help</msg>") == heard + "%3Cmsg%3Ehelp%3C%2Fmsg%3E]");
    CHECK(mo("id=1&from=13800138000&text=1&rawtext=1&ts=1795343496&date=2026-11-22+10:31:36&coding=0&charset=UTF-8&smsc=F1&udh=&a=b14d1a7d-94d7-42ba-99d1-8ab16b800be0") == first);
    CHECK(mo("from=13800138000&text=%65%51%54%7D&charset=UTF-16BE&rawtext=%65%51%54%7D") == "t 13800138000 救命");
    // Beside several: whose they are, only what stands there can tell. One that names nobody is another.
    auto reports = asg(R"({"reports":[{"id":"7","status":"ok"}],"replies":[{"mobile":"13800138000","content":"1"}]})");
    reports.query = "msg=%E6%95%91";
    CHECK(told(lists_of_both(), reports) == "r/reports/0 7 delivered | t/replies/0 13800138000 1 | -beside words that the mapping does not take [words=%E6%95%91]");
    auto callback = asg(R"({"replies":[{"mobile":"13800138000","content":"1"},{"mobile":"13800138001","content":"3"}]})");
    callback.query = "msg=%E6%95%91&tel=13800138002&x=";
    CHECK(told(lists_of_both(), callback) == "t/replies/0 13800138000 1 | t/replies/1 13800138001 3 | -beside words that the mapping does not take [words=%E6%95%91&tel=13800138002]");
}

TEST_CASE("a parameter that is read and stands there twice is left for a person where it says two things") {
    auto mo = [](const std::string& query) { return told(kannel(), get("mo", query)); };
    for (const char* query : {"from=13800138000&text=1&text=3", "from=13800138000&from=13800138001&text=1", "from=13800138000&text=1&to=10690011007&to=10690011008"})
        CHECK(mo(query).starts_with("refused: the parameter \""));
    CHECK(mo("from=13800138000&text=1&text=3") == "refused: the parameter \"text\" stands there twice and says two things");
    CHECK(mo("from=13800138000&text=3&text=3&text=") == "t 13800138000 3");
    CHECK(told(kannel(), get("dlr", "ref=a&type=1&type=2")).starts_with("refused: the parameter \"type\""));
    CHECK(told(kannel(), get("dlr", "ref=a&type=1&ts=1&ts=2")) == "r  delivered");
    // Query and form are one.
    auto callback = get("mo", "from=13800138000&text=1");
    callback.body = "text=3";
    CHECK(told(kannel(), callback).starts_with("refused: "));
}

TEST_CASE("what parameters say is said once, however many elements a list in the body has") {
    auto callback = get("mo", "from=13800138000&text=3");
    for (const char* body : {"[{},{},{}]", "[1,2]", "[]"}) {
        callback.body = body;
        CHECK(told(kannel(), callback) == "t 13800138000 3");
    }
    callback.body = R"([{"from":"13800138001","text":"1"}])";
    CHECK(told(kannel(), callback) == R"(t 13800138000 3 | -unreadable the mapping does not name the list [[{"from":"13800138001","text":"1"}]])");
    auto either = mapped("[reply]\nfrom = \"/mobile|mobile\"\ntext = \"/content|content\"\n");
    auto list = asg(R"([{"mobile":"13800138001","content":"1"},{"x":1},{"x":2}])");
    list.query = "mobile=13800138000&content=3";
    CHECK(told(either, list) == R"(t/0 13800138001 1 | t/1 13800138000 3 | -unreadable item 3: nothing that the mapping reads [{"x":2}])");
    // A mapping that points into JSON reads each element, one that does not the callback.
    auto both = mapped("[receipt]\nref = \"ref\"\nstatus = \"st\"\n[reply]\nfrom = \"/mobile\"\ntext = \"/content\"\n");
    list.query = "";
    CHECK(told(both, list).starts_with("t/0 13800138001 1 | -unreadable item 2: "));
    list.query = "ref=a&st=ok";
    CHECK(told(both, list).find("r  unknown") != std::string::npos);
}

TEST_CASE("beside an empty list what may be answers is listed, as lines, rows or in one string, and what is none is not") {
    auto both = lists_of_both();
    struct { const char* beside; const char* what; } listed[] = {
        {R"("mo":["13800138000,3"])", "list"}, {R"("mo":[["mobile","text"],["13800138000","3"]])", "list"}, {R"("mo":["13800138000","3"])", "list"},
        {R"("mo":[13800138000,3])", "list"}, {R"("mo":[{"who":"a","say":"3"}])", "list"}, {R"("mo":"13800138000,3;13800138001,1")", "text"}, {R"("mo":{"tel":"13800138000","say":"3"})", "object"},
    };
    for (const auto& c : listed) {
        CAPTURE(c.beside);
        CHECK(told(both, std::string(R"({"replies":[],)") + c.beside + "}") == fmt::format("refused: the mapping does not name the {} \"mo\"", c.what));
    }
    for (const char* none : {R"("message":"成功","time":"2026-11-22 10:31:13")", R"("ids":["1795343473123"])", R"("numbers":["13800138000","13800138001"])", R"("links":[{"rel":"self","href":"/a/12345678"}])",
                             R"("page":{"size":20000,"next":"/b"})", R"("errors":[])", R"("result":{"status":"ok","time":1795343473})", R"("tel":"13800138000")"}) {
        CAPTURE(none);
        CHECK(told(both, std::string(R"({"replies":[],)") + none + "}") == "");
    }
    // Beside what was read as well; there a string around it is only heard.
    const std::string taken = R"({"reports":[{"id":"7","status":"ok"}],"replies":[],)", first = "r/reports/0 7 delivered";
    CHECK(told(both, taken + R"("mo":["13800138000,3"]})") == first + R"( | -unreadable the mapping does not name the list "mo" [["13800138000,3"]])");
    CHECK(told(both, taken + R"("mo":["6551547D"]})") == first + R"( | -beside words that the mapping does not take [[["6551547D"]]])");
    CHECK(told(both, taken + R"("mo":"13800138000 救命"})").starts_with(first + " | -beside words that the mapping does not take ["));
    CHECK(told(both, taken + R"("numbers":["13800138000","13800138001"]})") == first);
}

TEST_CASE("links, pages, results and times under names that no mapping knows are not listed, what has a number or an answer is") {
    auto both = lists_of_both();
    const std::string taken = R"({"reports":[{"id":"7","status":"ok"}],)", first = "r/reports/0 7 delivered";
    for (const char* none : {R"("links":[{"href":"/a/12345678","rel":"next"}])", R"("links":[{"href":"https://x/v1/40012345?page=2"}])", R"("result":{"status":"ok","time":"2026-11-22 10:31:13"})",
                             R"("result":{"id":"r1","status":"done"})", R"("batch":{"id":"12345678"})", R"("pages":[{"page":3,"size":20000}])", R"("times":[{"at":1795343473,"until":"20261122103113"}])",
                             R"("media":[{"url":"https://x/1","size":102400}])", R"("parts":[{"id":"40012345","n":1},{"id":"40012346","n":2}])", R"("errors":[{"code":"1007","status":"x"}])"}) {
        CAPTURE(none);
        auto found = told(both, taken + none + "}");
        CHECK((found == first || found.starts_with(first + " | -beside ")));  // heard at most
    }
    for (const char* listed : {R"("mo":[{"tel":"+85291234567","msg":"3"}])", R"("mo":[{"tel":"025-84420000","msg":"3"}])", R"("mo":[{"tel":8613800138000}])", R"("mo":[{"uid":"88123456","say":"3"}])",
                               R"("mo":[{"uid":"88123456","say":"很满意"}])", R"("mo":[{"who":{"tel":"13800138000"}}])", R"("mo":{"content":"x"})", R"("mo":{"mobile":"x"})", R"("mo":{"id":"8","status":"ok"})",
                               R"("mo":[{"id":"8","status":"ok"}])", R"("mo":{"tel":"13800138000","say":"3"})"}) {
        CAPTURE(listed);
        CHECK(told(both, taken + listed + "}").starts_with(first + " | -unreadable the mapping does not name the "));
    }
}

TEST_CASE("ordinary callbacks leave nothing for a person: of the presets, and of vendors that wrap what they push") {
    auto listed = [](const gh::Settings& settings, const Callback& callback) {
        auto read = gh::read_callback(settings, callback);
        if (!read) return "refused: " + read.error().detail;
        CHECK(read->inbound.size() > 0);
        for (const auto& left : read->left)
            if (left.kind != CallbackRead::Kind::on_purpose && left.kind != CallbackRead::Kind::beside) return left.why;
        return std::string();
    };
    CHECK(listed(kannel(), get("dlr", "ref=rs-0001&type=8&smsc=F1&fid=&meta=ACK%2F&ts=1795343473&to=10690001&from=13800138000&id=b14d1a7d&d=2026-11-22+10:31:13")) == "");
    CHECK(listed(kannel(), get("dlr", "ref=s403&type=16&fid=&meta=NACK%2FAuthorization+failed+for+sendsms&to=13800138000")) == "");
    CHECK(listed(kannel(), get("mo", "id=3ded834f&from=13800138000&frompl=10690001_&text=1&rawtext=1&ts=1795343496&date=2026-11-22+10:31:36&coding=0&charset=UTF-8&smsc=F1&udh=")) == "");
    CHECK(listed(kannel(), get("mo", "id=1&from=13800138000&text=%7B%22text%22%3A%223%22%7D&rawtext=x&charset=UTF-8")) == "");
    CHECK(listed(android(), asg(asg_body)) == "");
    for (const char* event : {"sms:sent", "sms:delivered", "sms:failed"})
        CHECK(listed(android(), asg(std::string(R"({"deviceId":"d","event":")") + event +
                                    R"(","id":"i","payload":{"messageId":"rs-0001","phoneNumber":"+8613800138000","recipient":"+8613800138000","simNumber":1,"partsCount":2,"reason":"No service","sentAt":"2026-03-01T16:30:15.000+08:00"},"webhookId":"w"})")) == "");
    auto vendor = [](const std::string& toml) {
        auto settings = read("url = \"http://127.0.0.1/send\"\n" + toml);
        REQUIRE_MESSAGE(settings, said);
        return std::move(*settings);
    };
    auto qiniu = vendor("[receipt]\npath = \"dlr\"\nitems = \"/items\"\nvendor_id = \"/message_id\"\nphone = \"/mobile\"\nstatus = \"/status\"\ncode = \"/error\"\n[receipt.states]\nDELIVRD = \"delivered\"\n"
                        "[reply]\npath = \"mo\"\nitems = \"/items\"\nfrom = \"/mobile\"\nto = \"/dest_code\"\ntext = \"/content\"\n");
    auto at = [](std::string path, Callback callback) { return callback.path = std::move(path), callback; };
    CHECK(listed(qiniu, at("dlr", asg(R"({"code":200,"message":"ok","request_id":"r1","page":1,"total":1,"items":[{"mobile":"13800138000","message_id":"1","status":"DELIVRD","delivrd_at":"","error":"","job_id":"2","seq":1}]})"))) == "");
    CHECK(listed(qiniu, at("mo", asg(R"({"items":[{"dest_code":"1069","mobile":"13800138000","content":"3","time":"2026-11-22 10:31:13"}]})"))) == "");
    auto ucloud = vendor("event = \"/MsgType\"\n[receipt]\nevents = [\"2\"]\nitems = \"/Data\"\nvendor_id = \"/SessionNo\"\nphone = \"/Phone\"\nstatus = \"/ReceiptResult\"\ncode = \"/ReceiptCode\"\n[receipt.states]\nsuccess = \"delivered\"\n");
    CHECK(listed(ucloud, asg(R"({"MsgType":2,"Data":[{"SessionNo":"s1","Phone":"13800138000","CostCount":1,"ReceiptTime":1795343473,"ReceiptResult":"success","ReceiptCode":"000","ReceiptDesc":"ok","UserId":"u"}]})")) == "");
    auto yunpian = vendor("[receipt]\njson_field = \"sms_status\"\nvendor_id = \"/sid\"\nref = \"/uid\"\nphone = \"/mobile\"\nstatus = \"/report_status\"\n[receipt.states]\nSUCCESS = \"delivered\"\n");
    Callback form;
    form.content_type = "application/x-www-form-urlencoded";
    form.body = R"(_sign=0a1b&sms_status=[{"sid":9527,"uid":null,"user_receive_time":"2014-03-17 22:55:21","error_msg":"","mobile":"15205201314","report_status":"SUCCESS"}])";
    CHECK(listed(yunpian, form) == "");
    auto baidu = vendor("[reply]\nfrom = \"/mobile\"\ntext = \"/content\"\n");
    CHECK(listed(baidu, asg(R"({"mobile":"13800138000","content":"5","sign":"XX","receiveTime":"2026-11-22 10:31:13","userExtId":"07","requestId":"r"})")) == "");
    // Wrapped in a payload, the status deep in it; and several receivers, of whom the first is read.
    auto wrapped = vendor("[receipt]\nvendor_id = \"/payload/umid\"\nphone = \"/payload/destination\"\nstatus = \"/payload/status/state\"\n[receipt.states]\ndelivered_to_operator = \"buffered\"\n");
    CHECK(listed(wrapped, asg(R"({"namespace":"SMS","eventType":"outbound_message_status_changed","payload":{"umid":"bda3","batchId":"b","destination":"+8613800138000","status":{"state":"delivered_to_operator","timestamp":"2026-11-22T10:31:13Z"},"price":{"total":0.02,"currency":"USD"}}})")) == "");
    auto telnyx = vendor("[reply]\nfrom = \"/data/payload/from/phone_number\"\nto = \"/data/payload/to/0/phone_number\"\ntext = \"/data/payload/text\"\n");
    CHECK(listed(telnyx, asg(R"({"data":{"event_type":"message.received","id":"b30","payload":{"from":{"phone_number":"+8613800138000","carrier":"x"},"to":[{"phone_number":"+1555","status":"webhook_delivered"},{"phone_number":"+1556","status":"webhook_delivered"}],"text":"3","media":[{"url":"https://x/1","content_type":"image/png","size":102400}],"id":"8"},"record_type":"event"},"meta":{"attempt":1,"delivered_to":"https://x/y"}})")) == "");
    auto infobip = vendor("[receipt]\nitems = \"/results\"\nvendor_id = \"/messageId\"\nphone = \"/to\"\nstatus = \"/status/groupName\"\ncode = \"/error/name\"\n[receipt.states]\nDELIVERED = \"delivered\"\n");
    CHECK(listed(infobip, asg(R"({"results":[{"messageId":"m1","to":"8613800138000","status":{"groupId":3,"groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET"},"error":{"groupId":0,"groupName":"OK","id":0,"name":"NO_ERROR"},"price":{"pricePerMessage":0.01,"currency":"EUR"}}],"messageCount":1})")) == "");
}

TEST_CASE("a named list with nothing in it leaves nothing, unless another list stands beside it or the event is another") {
    auto both = lists_of_both();
    CHECK(told(both, R"({"replies":[]})") == "");
    CHECK(told(both, R"({"reports":[],"replies":[]})") == "");
    CHECK(told(both, R"({"type":"mo2","replies":[]})") == R"(-unnamed the mapping does not name the event "mo2" [])");
    CHECK(told(both, R"({"reports":[],"mo":[{"mobile":"13800138000","content":"3"}]})") == R"(refused: the mapping does not name the list "mo")");
    auto by_event = read("url = \"http://127.0.0.1/send\"\nevent = \"/type\"\n[reply]\nevents = [\"mo\"]\nitems = \"/replies\"\nfrom = \"/mobile\"\ntext = \"/content\"\n");
    REQUIRE_MESSAGE(by_event, said);
    CHECK(told(*by_event, R"({"type":"mo","replies":[]})") == "");
    CHECK(told(*by_event, R"({"replies":[]})") == "");
}
