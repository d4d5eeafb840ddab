// One contract, every provider: what the dispatcher may conclude from an outcome, and where a request may never go.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daemon/async/timer.hpp"
#include "daemon/core/system_clock.hpp"
#include "daemon/http/client.hpp"
#include "providers/registry.hpp"
#include "tests/providers/contract.hpp"
#include "tests/support/run.hpp"

using namespace pingjing;
using namespace pingjing::contract;

namespace {

void for_each_row(const std::function<void(const Row&)>& check) {
    for (const auto& row : rows()) {
        CAPTURE(row.provider);
        CAPTURE(row.settings);
        check(row);
    }
}
bool goes_out(const Row& row) { return row.wire != Wire::process; }

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (char c : text) {
        bool plain = static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
        out += plain ? std::string(1, c) : fmt::format("\\u{:04x}", c);
    }
    return out + "\"";
}

// P is the recorder's port.
std::vector<std::string> hostile_urls(int port) {
    std::vector<std::string> all;
    auto add = [&](std::string url) {
        for (auto at = url.find('P'); at != url.npos; at = url.find('P', at + 1))
            if (at > 0 && url[at - 1] == ':') url.replace(at, 1, std::to_string(port));
        all.push_back(std::move(url));
    };
    // One address, many spellings; browsers and inet_aton know them all.
    for (const char* host :
         {"2130706433", "0x7f000001",  "0x7F.0x0.0x0.0x1", "0177.0.0.1",  "017700000001", "127.1",      "127.0.1",
          "127.0.0.01", "00127.0.0.1", "127.0.0.1.",       "127.00.0.1",  "0x7f.1",       "0",          "0.0.0.0",
          "00000000",   "256.0.0.1",   "127.0.0.256",      "127.0.0.1.1", "1.0x7f",       "127.0.0.0x1"})
        add(fmt::format("http://{}:P/send", host));
    for (const char* host : {"[::ffff:127.0.0.1]",
                             "[::ffff:7f00:1]",
                             "[0:0:0:0:0:ffff:127.0.0.1]",
                             "[::127.0.0.1]",
                             "[::7f00:1]",
                             "[::]",
                             "[0000::1]",
                             "[::1%lo]",
                             "[::1%25lo]",
                             "[fe80::1]",
                             "[fe80::1%eth0]",
                             "[ff02::1]",
                             "[64:ff9b::127.0.0.1]",
                             "[64:ff9b::7f00:1]",
                             "[2002:7f00:1::]",
                             "[fd00:ec2::254]",
                             "[::1",
                             "[]",
                             "[127.0.0.1]",
                             "[::1]x",
                             "::1"})
        add(fmt::format("http://{}:P/send", host));
    // The clouds' own, and the network's edges.
    for (const char* host : {"169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192",
                             "224.0.0.1", "255.255.255.255", "0.1.2.3", "169.254.0.1"})
        add(fmt::format("http://{}:P/latest/meta-data/", host));
    // Names that somebody else lets point at us.
    for (const char* host :
         {"sms.localhost", "metadata.localhost", "localhost.", "LOCALHOST.localhost", "127.0.0.1.localhost"})
        add(fmt::format("http://{}:P/send", host));
    // Whose host is it?
    for (const char* url : {"http://sms.example.cn@127.0.0.1:P/",
                            "http://sms.example.cn:x@127.0.0.1:P/",
                            "http://127.0.0.1:P@sms.invalid/",
                            "http://sms.invalid#@127.0.0.1:P/",
                            "http://sms.invalid\\@127.0.0.1:P/",
                            "http://127.0.0.1:P\\@sms.invalid/",
                            "http://127.0.0.1:P#sms.invalid",
                            "http://127.0.0.1:P/#x",
                            "http:\\\\127.0.0.1:P/",
                            "http:/127.0.0.1:P/",
                            "http:127.0.0.1:P/",
                            "//127.0.0.1:P/",
                            "127.0.0.1:P/",
                            "http://@127.0.0.1:P/",
                            "http://:@127.0.0.1:P/",
                            "http:///127.0.0.1:P/",
                            "http://127.0.0.1%2f:P/",
                            "http://%31%32%37.0.0.1:P/",
                            "http://127.0.0.1 :P/",
                            "http:// 127.0.0.1:P/",
                            " http://127.0.0.1:P/",
                            "http://127.0.0.1:P/ x",
                            "http://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1:P/",
                            "http://127\xE3\x80\x82"
                            "0\xE3\x80\x82"
                            "0\xE3\x80\x82"
                            "1:P/",
                            "http://\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.0.0.1:P/",
                            "http://loc\xC3\xA0lhost:P/",
                            "http://127.0.0.1:+P/",
                            "http://127.0.0.1:0/",
                            "http://127.0.0.1:65536/",
                            "http://127.0.0.1:/",
                            "http://127.0.0.1:P:80/",
                            "http://-:P/",
                            "http://.:P/",
                            "http://..:P/",
                            "http://a..b:P/",
                            "http://:P/",
                            "http://",
                            "http:"})
        add(url);
    // A second line, a second request.
    for (const char* url : {"http://127.0.0.1:P/\r\nX: y", "http://127.0.0.1:P/\nHost: b", "http://127.0.0.1\r\n:P/",
                            "http://127.0.0.1:P\r\n/", "http://127.0.0.1:P/\tx", "http://127.0.0.1:P/\x01"})
        add(url);
    for (const char* scheme :
         {"file:///etc/passwd", "ftp://127.0.0.1:P/", "gopher://127.0.0.1:P/_x", "dict://127.0.0.1:P/x",
          "ldap://127.0.0.1:P/", "tftp://127.0.0.1:P/x", "telnet://127.0.0.1:P", "smtp://127.0.0.1:P",
          "ws://127.0.0.1:P/", "unix:///run/x", "jar:http://127.0.0.1:P/", "HTTP+unix://127.0.0.1:P/", "javascript:x",
          "data:,x", "http+http://127.0.0.1:P/", "HTTP://127.0.0.1:P/"})
        add(scheme);
    // Who it is shall not hang on the text or the number.
    for (const char* url : {"http://{{to_national}}:P/", "http://{{text}}/", "http://127.0.0.1:{{to_national}}/",
                            "{{text}}", "http{{text}}://127.0.0.1:P/", "http://127.0.0.1:P{{text}}"})
        add(url);
    return all;
}

}  // namespace

TEST_CASE("contract: every provider of the registry has its row, and no row is of another") {
    std::set<std::string> listed, in_suite;
    for (const auto& entry : provider::all()) listed.insert(std::string(entry.name));
    for (const auto& row : rows()) in_suite.insert(row.provider);
    for (const auto& name : listed)
        CHECK_MESSAGE(in_suite.count(name) == 1,
                      "provider '" << name << "' has no row in tests/providers/contract.cpp");
    for (const auto& name : in_suite)
        CHECK_MESSAGE(listed.count(name) == 1, "the registry has no provider '" << name << "'");
    for_each_row([](const Row& row) { CHECK(row.refusals.size() >= 2); });
}

TEST_CASE("contract: a text that was taken is accepted, and was said once") {
    for_each_row([](const Row& row) {
        Site site(row, Vendor::takes);
        CHECK(site.submit().starts_with(row.accepted.outcome));
        if (goes_out(row)) CHECK(site.texts() == 1);
    });
}

TEST_CASE("contract: each refusal in the vendor's own words is its class, and nothing is said twice") {
    for_each_row([](const Row& row) {
        for (const auto& refusal : row.refusals) {
            CAPTURE(refusal.code);
            CAPTURE(refusal.said);
            Site site(row, Vendor::refuses, &refusal);
            CHECK(site.submit() == refusal.outcome);
            if (goes_out(row)) CHECK(site.texts() == 1);
        }
    });
}

TEST_CASE("contract: what may have been taken is in doubt: no answer, an end, nonsense") {
    for_each_row([](const Row& row) {
        if (!goes_out(row)) return;
        for (auto vendor : {Vendor::hangs_up, Vendor::silent, Vendor::nonsense}) {
            CAPTURE(static_cast<int>(vendor));
            Site site(row, vendor);
            CHECK(site.submit() == "ambiguous");
            CHECK(site.texts() == 1);
        }
    });
}

TEST_CASE("contract: what provably never left may be tried again: nobody there, no TLS") {
    for_each_row([](const Row& row) {
        if (!goes_out(row)) return;
        Site nobody(row, Vendor::nobody);
        CHECK(nobody.submit() == "retry");
        if (row.wire != Wire::http && row.provider != "smpp") return;
        Site plain(row, Vendor::no_tls);
        CHECK(plain.submit() == "retry");
        CHECK(plain.texts() == 0);
    });
}

TEST_CASE("contract: half an answer, two answers and an answer without end prove nothing") {
    for_each_row([](const Row& row) {
        if (row.wire != Wire::http) return;
        const std::string answers[] = {
            "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + row.accepted.said,
            "HTTP/1.1 200",
            "\r\n\r\n",
            "220 smtp ready\r\n",
            std::string("\x15\x03\x01\x00\x02\x02\x28", 7),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 999 Odd\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + std::string(2'000'000, 'x'),
            "HTTP/1.1 100 Continue\r\n\r\n"};
        for (const auto& answer : answers) {
            CAPTURE(answer.substr(0, 60));
            Site site(row, Vendor::takes);
            site.recorder()->answer = [answer](const std::string&) { return std::optional(answer); };
            CHECK(site.submit() == "ambiguous");
            CHECK(site.texts() == 1);
        }
    });
}

TEST_CASE("contract: nothing that a vendor sends back leads anywhere") {
    for_each_row([](const Row& row) {
        if (row.wire != Wire::http) return;
        asio::io_context other;
        Recorder elsewhere(other);
        for (int status : {300, 301, 302, 303, 305, 307, 308}) {
            CAPTURE(status);
            auto to = elsewhere.url();
            Site site(row, Vendor::takes);
            site.recorder()->answer = [&](const std::string&) {
                auto headers = fmt::format(
                    "Location: {0}\r\nContent-Location: {0}\r\nRefresh: 0; url={0}\r\nLink: <{0}>; "
                    "rel=next\r\nAlt-Svc: http/1.1=\"127.0.0.1:{1}\"\r\nProxy: {0}\r\n",
                    to, elsewhere.port());
                return std::optional(http_answer(
                    status, fmt::format(R"({{"next_page_uri":"{0}","uri":"{0}","redirect":"{0}"}})", to), headers));
            };
            CHECK(site.submit() == "ambiguous");
            CHECK(site.texts() == 1);
        }
        // In every spelling, where an answer is good otherwise.
        for (const auto& url : hostile_urls(elsewhere.port())) {
            if (std::any_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
                continue;
            Site site(row, Vendor::takes);
            site.recorder()->answer = [&](const std::string&) {
                return std::optional(http_answer(302, row.accepted.said, "Location: " + url + "\r\n"));
            };
            CAPTURE(url);
            CHECK_FALSE(site.submit() == "retry");
            CHECK(site.texts() == 1);
            if (&row != &rows().front()) break;  // one provider by all of them: the way is the same
        }
        test::run(other, sleep_for(std::chrono::milliseconds(20)));
        CHECK(elsewhere.connections() == 0);
    });
}

TEST_CASE("contract: over sixty hostile addresses in the settings, and not one connection") {
    for_each_row([](const Row& row) {
        if (row.wire != Wire::http) return;
        Site site(row, Vendor::takes);  // its recorder is the trap
        auto urls = hostile_urls(site.recorder()->port());
        CHECK(urls.size() >= 60);
        int refused = 0;
        for (const auto& url : urls) {
            CAPTURE(url);
            auto toml = row.settings;
            toml.replace(toml.find("\"{url}\""), 7, quoted(url));
            std::string problems;
            auto make = make_channel(row.provider, toml, problems);
            if (!make) {
                ++refused;
                CHECK(problems.find("url") != problems.npos);
                continue;
            }
            asio::io_context io;
            auto clock = system_clock();
            SeededRandom random{3};
            http::Client client(io.get_executor());
            provider::World world(io.get_executor(), *clock, random, &client);
            auto provider = make(world);
            auto submit = [](provider::Provider& p) -> asio::awaitable<std::string> {
                auto submission = a_text();
                auto outcome = co_await p.submit(std::move(submission));
                co_return std::string(provider::outcome_name(outcome)) + ": " + provider::outcome_detail(outcome);
            };
            CHECK(test::run<std::string>(io, submit(*provider)).starts_with("retry: "));
        }
        CHECK(refused >= 60);  // the names that only a resolver knows are found out when they are asked for
        CHECK(site.texts() == 0);
        CHECK(site.recorder()->connections() == 0);

        // And what a site means is let through: its own gateway, said in the settings.
        CHECK(site.submit().starts_with("accepted"));
    });
}

TEST_CASE("contract: a name with a private address is for the settings to allow") {
    asio::io_context io;
    Recorder gateway(io);
    gateway.answer = [](const std::string&) { return std::optional(http_answer(202, "0: Accepted")); };
    auto clock = system_clock();
    SeededRandom random{3};
    http::Client client(io.get_executor());
    provider::World world(io.get_executor(), *clock, random, &client);
    auto outcome = [&](const std::string& host, const std::string& more) {
        std::string problems;
        auto make = make_channel(
            "http",
            fmt::format("preset = \"kannel\"\nurl = \"http://{}:{}/\"\nusername = \"u\"\npassword = \"p\"\n{}", host,
                        gateway.port(), more),
            problems);
        if (!make) return problems;
        auto provider = make(world);
        auto submit = [](provider::Provider& p) -> asio::awaitable<std::string> {
            auto submission = a_text();
            auto ended = co_await p.submit(std::move(submission));
            co_return std::string(provider::outcome_name(ended)) + " " + provider::outcome_detail(ended);
        };
        return test::run<std::string>(io, submit(*provider));
    };
    CHECK(outcome("gateway.localhost", "") ==
          "retry the host has an address that is not public and that the channel's private_networks do not name");
    CHECK(outcome("gateway.localhost", "private_networks = [\"10.0.0.0/8\"]\n").starts_with("retry "));
    CHECK(gateway.connections() == 0);
    CHECK(outcome("gateway.localhost", "private_networks = [\"127.0.0.0/8\", \"::1\"]\n") == "accepted ");
    CHECK(gateway.connections() == 1);
    CHECK(outcome("localhost", "") == "accepted ");
    CHECK(outcome("127.0.0.1", "") == "accepted ");
    CHECK(outcome("127.0.0.1", "private_networks = [\"169.254.169.254\"]\n") ==
          "p.toml:5: private_networks: \"169.254.169.254\": no carrier is at such an address (link-local, multicast, a "
          "cloud's own)");
}

TEST_CASE("contract: a connection that another kept open is no way around") {
    asio::io_context io;
    Recorder gateway(io);
    int asked = 0;
    gateway.answer = [&](const std::string&) -> std::optional<std::string> { return ++asked, std::nullopt; };
    http::Client client(io.get_executor());
    auto fetch = [&](std::shared_ptr<const http::Reach> reach) {
        http::FetchRequest request;
        request.url = fmt::format("http://inside.localhost:{}/", gateway.port());
        request.timeout = std::chrono::milliseconds(300);
        request.reach = std::move(reach);
        return test::run(io, client.fetch(std::move(request)));
    };
    CHECK(fetch(nullptr).error().when == http::Failure::When::after_send);  // the desk's own: wherever the URL leads
    auto nowhere = fetch(std::make_shared<const http::Reach>());
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().when == http::Failure::When::before_send);
    CHECK(asked == 1);
}
