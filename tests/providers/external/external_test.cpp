// An adapter in a process of its own, over a real socket: what an attempt ends as wherever the line breaks, when an
// item is acknowledged, and what a stranger's program can do to us.
#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/providers/external/adapter.hpp"

using namespace pingjing;
using namespace pingjing::provider;
using test::Adapter;
using test::AdapterSite;
using test::framed;
using test::outcome_frame;

namespace {

// The usual adapter, which says this of every text.
Adapter::Answer says(std::string what) {
    return [what](Adapter& self, const Adapter::Heard& heard) -> std::optional<std::string> {
        return heard.frame.at("type").as_string() == "submit" ? outcome_frame(heard.frame, what)
                                                              : Adapter::usual(self, heard);
    };
}
// It answers every text with these octets; with none it ends the connection.
Adapter::Answer answers(std::string octets) {
    return [octets](Adapter& self, const Adapter::Heard& heard) -> std::optional<std::string> {
        return heard.frame.at("type").as_string() == "submit" ? std::optional(octets) : Adapter::usual(self, heard);
    };
}
std::string items(int batch, const std::string& list) {
    return framed(fmt::format(R"({{"type":"items","batch":{},"items":[{}]}})", batch, list));
}
const std::string reply =
    R"({"kind":"reply","from":"+8613800138000","to":"10690011007","text":"3 没人来","at":"2026-11-21T10:02:11+08:00","key":"m1"})";
const std::string report =
    R"({"kind":"receipt","ref":"r1","vendor_id":"x1","phone":"13800138000","state":"delivered","code":"DELIVRD"})";

}  // namespace

TEST_CASE("external: hello, a text, its outcome") {
    AdapterSite site;
    REQUIRE(site.up());
    CHECK(site.submit("请评价", "r1") == "accepted x1");
    REQUIRE(site.adapter->heard.size() == 2);
    CHECK(boost::json::serialize(site.adapter->heard[0].frame) ==
          R"({"type":"hello","versions":[1],"channel":"main","source":"106900110"})");
    auto sent = site.adapter->heard[1].frame;
    sent["seq"] = 0;
    CHECK(
        boost::json::serialize(sent) ==
        R"({"type":"submit","seq":0,"ref":"r1","phone":"+8613800138000","text":"请评价","source":"106900110","extension":"07","validity_seconds":3600})");
    CHECK(site.provider->room() == 16);
}

TEST_CASE("external: an outcome of the closed set, and no other") {
    struct {
        const char* said;
        const char* is;
    } cases[] = {
        {R"("outcome":"accepted","vendor_ids":["a","b"])", "accepted a b"},
        {R"("outcome":"accepted")", "accepted"},
        {R"("outcome":"retry","reason":"modem busy")", "retry: modem busy"},
        {R"("outcome":"ambiguous")", "ambiguous: no reason given"},
        {R"("outcome":"throttled_number","after":60,"code":"E1")", "throttled_number: E1, 60s"},
        {R"("outcome":"throttled_channel")", "throttled_channel: no code, 1s"},
        {R"("outcome":"throttled_channel","after":99999999999)", "throttled_channel: no code, 86400s"},
        {R"("outcome":"permanent_number","code":"gone")", "permanent_number: gone"},
        {R"("outcome":"permanent_config","code":"sign")", "permanent_config: sign"},
        {R"("outcome":"permanent_content","code":"word")", "permanent_content: word"},
        {R"("outcome":"opted_out","code":"black")", "opted_out: black"},
        {R"("outcome":"channel_down_auth","code":"key")", "channel_down_auth: key"},
        {R"("outcome":"channel_down_balance","code":"money")", "channel_down_balance: money"},
        {R"("outcome":"partial","vendor_ids":["a"],"reason":"second part refused")", "partial: second part refused"},
        // What is none may have sent it.
        {R"("outcome":"sent")", "ambiguous: an outcome that is none of the protocol's"},
        {R"("outcome":7)", "ambiguous: an outcome that is none of the protocol's"},
        {R"("status":"accepted")", "ambiguous: an outcome that is none of the protocol's"},
        {R"("outcome":"accepted","vendor_ids":[1,{},"",null])", "accepted"},
        {R"("outcome":"accepted","vendor_ids":"a")", "accepted"},
    };
    AdapterSite site;
    REQUIRE(site.up());
    for (auto& c : cases) {
        CAPTURE(c.said);
        site.adapter->on = says(c.said);
        CHECK(site.submit() == c.is);
    }
    // Logs and pages show it: no number, no lines of its own, not a page long.
    site.adapter->on = says(R"("outcome":"retry","reason":"cannot send to 13800138000\n\u0000{\"event\":\"x\"} 张三")");
    auto said = site.submit();
    CHECK(said.find("138001") == said.npos);
    CHECK(said.find('\n') == said.npos);
    CHECK(site.adapter->connections() == 1);
}

TEST_CASE("external: what left is in doubt however the line ends, what never left is tried again") {
    struct {
        const char* given;
        std::string octets;
    } lost[] = {
        {"it hangs up instead of an answer", ""},
        {"half a length", std::string("\0\0", 2)},
        {"a length and no body", framed("x").substr(0, 4)},
        {"no JSON", framed("OK")},
        {"a frame of no size", std::string(4, '\0')},
        {"a frame of four gigabytes", std::string(4, '\xFF')},
        {"an outcome of nothing that was submitted",
         framed(R"({"type":"outcome","seq":9007199254740991,"outcome":"accepted"})")},
        {"HTTP", "HTTP/1.1 200 OK\r\n\r\n"},
    };
    for (auto& c : lost) {
        CAPTURE(c.given);
        AdapterSite site("timeout = \"1s\"\n");
        site.adapter->on = answers(c.octets);
        REQUIRE(site.up());
        CHECK(site.submit().starts_with("ambiguous: "));
        CHECK(site.adapter->of_type("submit").size() == 1);  // nobody says it twice
    }

    AdapterSite silent("timeout = \"200ms\"\n");
    silent.adapter->on = [](Adapter& self, const Adapter::Heard& h) {
        return h.frame.at("type").as_string() == "hello" ? Adapter::usual(self, h) : std::nullopt;
    };
    REQUIRE(silent.up());
    CHECK(silent.submit() == "ambiguous: no answer in time");
    CHECK(silent.provider->room() == 16);

    AdapterSite nobody("", false);
    CHECK(nobody.until([&] { return nobody.provider->links().why != "not connected yet"; }));
    CHECK(nobody.submit() == "retry: nobody listens: No such file or directory");

    AdapterSite gone;
    REQUIRE(gone.up());
    gone.adapter->on = [](Adapter&, const Adapter::Heard&) { return std::optional<std::string>(""); };
    gone.adapter->cut(0);
    CHECK(gone.until([&] { return gone.provider->links().up == 0; }));
    CHECK(gone.submit().starts_with("retry: "));
    CHECK(gone.adapter->of_type("submit").empty());
}

TEST_CASE("external: a text that is too long for it, or that waits behind one that it does not read, never left") {
    AdapterSite site("largest_parts = 1\n");
    REQUIRE(site.up());
    std::string text;
    for (int i = 0; i < 71; ++i) text += "评";
    CHECK(site.submit(text) == "permanent_content: more parts than largest_parts");
    CHECK(site.submit("") == "permanent_content: empty, or not UTF-8");
    CHECK(site.submit("\xFF") == "permanent_content: empty, or not UTF-8");
    CHECK(site.adapter->of_type("submit").empty());
}

TEST_CASE("external: an outcome after we stopped waiting is told late, once") {
    AdapterSite site("timeout = \"100ms\"\n");
    REQUIRE(site.up());
    std::string answer;
    site.adapter->on = [&](Adapter&, const Adapter::Heard& h) -> std::optional<std::string> {
        if (h.frame.at("type").as_string() == "submit")
            answer = outcome_frame(h.frame, R"("outcome":"accepted","vendor_ids":["late"])");
        return std::nullopt;
    };
    CHECK(site.submit() == "ambiguous: no answer in time");
    site.adapter->say(0, answer + answer);
    CHECK(site.until([&] { return !site.kept.told.empty(); }));
    CHECK(site.kept.told == std::vector<std::string>{"r1 accepted"});
    CHECK(site.provider->links().up == 1);
}

TEST_CASE("external: another user's process is not spoken to, nor one of another version") {
    if (::geteuid() == 0) {
        AdapterSite other("user = \"nobody\"\n");
        CHECK(other.until([&] { return other.provider->links().refused == 1; }));
        CHECK(other.provider->links().why == "another user's process listens there");
        CHECK(other.submit() == "channel_down_auth: another user's process listens there");
        CHECK(other.adapter->heard.empty());  // not even hello
    }
    AdapterSite old;
    old.adapter->on = [](Adapter&, const Adapter::Heard&) {
        return std::optional(framed(R"({"type":"hello","version":2})"));
    };
    CHECK(old.until([&] { return old.provider->links().refused == 1; }));
    CHECK(old.submit() == "channel_down_auth: it does not speak version 1");

    AdapterSite wrong;
    CHECK_FALSE(wrong.make("user = \"no-such-user\"\n"));
    CHECK(wrong.problems ==
          "p.toml:4: user = \"no-such-user\": expected a user of this machine, whose process the adapter is");
    wrong.make("sokket = \"x\"\n");
    CHECK(wrong.problems == "p.toml:4: the file has no setting 'sokket'");
}

TEST_CASE("external: items are acknowledged when they are durable, and not before") {
    AdapterSite site;
    REQUIRE(site.up());
    site.kept.before_keeping = [&] { CHECK(site.adapter->of_type("kept").empty()); };
    site.kept.refuse = 1;
    site.adapter->say(0, items(7, reply + "," + report));
    CHECK(site.until([&] { return site.adapter->of_type("not_kept").size() == 1; }));
    CHECK(site.kept.bodies.empty());
    site.adapter->say(0, items(7, reply + "," + report));
    CHECK(site.until([&] { return site.adapter->of_type("kept").size() == 1; }));
    CHECK(site.adapter->of_type("kept")[0] == R"({"type":"kept","batch":7})");
    REQUIRE(site.kept.read.size() == 1);
    REQUIRE(site.kept.read[0]);
    REQUIRE(site.kept.read[0]->inbound.size() == 2);
    const auto* receipt = std::get_if<Receipt>(&site.kept.read[0]->inbound[0]);
    const auto& text = std::get<InboundText>(site.kept.read[0]->inbound[receipt ? 1 : 0]);
    CHECK(text.from.reveal() == "13800138000");
    CHECK(text.to == "10690011007");
    CHECK(text.text.reveal() == "3 没人来");
    CHECK(text.key.ends_with(":m1"));
    CHECK(text.at == parse_rfc3339("2026-11-21T10:02:11+08:00"));
    if (!receipt) receipt = std::get_if<Receipt>(&site.kept.read[0]->inbound[1]);
    REQUIRE(receipt);
    CHECK(receipt->ref == "r1");
    CHECK(receipt->state == ReceiptState::delivered);
    CHECK(site.submit() == "accepted x1");  // beside it
}

TEST_CASE("external: an item that nobody can read is left for a person, its neighbours are taken") {
    auto read = [](const std::string& list) {
        return external::read_items({"POST", "", "", "application/json", {}, items(1, list).substr(4)});
    };
    auto mixed = read(
        reply +
        R"(,{"kind":"reply","text":"1"},{"kind":"greeting","text":"hello"},{"kind":"receipt","ref":"r2","state":"lost"})");
    REQUIRE(mixed);
    CHECK(mixed->inbound.size() == 2);  // a state that nobody knows is `unknown`
    CHECK(mixed->left.size() >= 2);
    CHECK_FALSE(read(R"({"kind":"reply","text":"1"})"));
    CHECK_FALSE(external::read_items({"POST", "", "", "application/json", {}, "no JSON"}));
    auto black = read(
        R"({"kind":"receipt","vendor_id":"x","state":"failed","meaning":"opted_out","code":"17"},{"kind":"receipt","vendor_id":"y","state":"failed","code":"MK:0001"})");
    REQUIRE(black);
    REQUIRE(black->inbound.size() == 2);
    CHECK(std::get<Receipt>(black->inbound[0]).meaning == Receipt::Meaning::opted_out);
    CHECK(std::get<Receipt>(black->inbound[1]).meaning == Receipt::Meaning::number_invalid);
}

TEST_CASE("external: nonsense ends the connection and nothing else") {
    std::string deep(40, '[');
    std::string many;
    for (int i = 0; i < 40; ++i) many += items(i, reply);
    const std::string nonsense[] = {
        "",
        "\0",
        "GET / HTTP/1.1\r\n\r\n",
        std::string(4, '\0'),
        std::string(4, '\x7F'),
        std::string("\x00\x10\x00\x01", 4),
        std::string(100'000, '\xFF'),
        framed(""),
        framed(" "),
        framed("{"),
        framed("}"),
        framed("[]"),
        framed("null"),
        framed("1e400"),
        framed("\"hello\""),
        framed("\xFF\xFE"),
        framed(std::string(1, '\0')),
        framed(deep),
        framed("{}"),
        framed(R"({"type":1})"),
        framed(R"({"type":""})"),
        framed(R"({"type":"hello","version":1})"),
        framed(R"({"type":"goodbye"})"),
        framed(R"({"type":"outcome"})"),
        framed(R"({"type":"outcome","seq":-1,"outcome":"accepted"})"),
        framed(R"({"type":"outcome","seq":"1"})"),
        framed(R"({"type":"outcome","seq":1.5})"),
        framed(R"({"type":"outcome","seq":0,"outcome":"accepted"})"),
        framed(R"({"type":"outcome","seq":1e400})"),
        framed(R"({"type":"outcome","seq":18446744073709551615,"outcome":"accepted"})"),
        framed(R"({"type":"outcome","seq":99999999999999999999,"outcome":"accepted"})"),
        framed(R"({"type":"outcome","type":"hello","seq":1,"outcome":"accepted"})"),
        framed(R"({"type":"items"})"),
        framed(R"({"type":"items","batch":-1,"items":[]})"),
        framed(R"({"type":"items","batch":[],"items":[]})"),
        framed(R"({"type":"submit","seq":1})"),
        framed(R"({"type":"kept","batch":1})"),
        many,
    };
    AdapterSite site;
    site.kept.refuse = 1000;
    for (const auto& octets : nonsense) {
        CAPTURE(octets.substr(0, 80));
        REQUIRE(site.up());
        auto connection = site.adapter->connections() - 1;
        if (octets.empty())
            site.adapter->cut(connection);
        else
            site.adapter->say(connection, octets);
        if (octets.size() < 4 && !octets.empty()) site.adapter->cut(connection);
        CHECK(site.until([&] { return site.provider->links().up == 0; }));
        CHECK(site.provider->links().refused == 0);
        site.provider->try_now();
    }
    REQUIRE(site.up());
    CHECK(site.submit() == "accepted x1");

    // Old outcomes, repeated ones and items of any kind are no nonsense.
    auto connection = site.adapter->connections() - 1;
    site.kept.refuse = 0;
    site.adapter->say(connection, framed(R"({"type":"outcome","seq":1,"outcome":"accepted"})") +
                                      items(1, R"({"kind":"?"},7,null,[[]],{"kind":"reply","from":{},"text":[]})") +
                                      framed(R"({"type":"items","batch":2,"items":{"a":1e400,"a":2}})"));
    CHECK(site.until([&] { return site.adapter->of_type("kept").size() == 2; }));
    CHECK(site.provider->links().up == 1);
    CHECK(site.submit() == "accepted x2");
}
