#include "daemon/http/reach.hpp"

#include <doctest/doctest.h>

namespace pingjing::http {
namespace {

AddressKind kind(const char* text) { return kind_of(read_address(text).value()); }

TEST_CASE("an address is the Internet's, a site's own, or none at which a carrier is") {
    for (const char* open : {"8.8.8.8", "100.63.255.255", "172.32.0.1", "192.169.0.1", "223.255.255.255",
                             "2606:4700::1111", "64:ff9b::808:808"}) {
        CAPTURE(open);
        CHECK(kind(open) == AddressKind::open);
    }
    for (const char* site : {"127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
                             "100.64.0.1", "::1", "fd12:3456::1"}) {
        CAPTURE(site);
        CHECK(kind(site) == AddressKind::site);
    }
    for (const char* never :
         {"0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "255.255.255.255", "100.100.100.200", "168.63.129.16",
          "192.0.0.192", "::", "FE80::1", "ff02::1", "fd00:ec2::254", "2002:7f00:1::", "64:ff9b::7f00:1",
          "64:ff9b::a9fe:a9fe", "::127.0.0.1"}) {
        CAPTURE(never);
        CHECK(kind(never) == AddressKind::never);
    }
}

TEST_CASE("a network in the settings is private, exact, and not half the world") {
    auto network = read_network("10.20.0.0/16");
    REQUIRE(network);
    CHECK(network->holds(*read_address("10.20.255.1")));
    CHECK_FALSE(network->holds(*read_address("10.21.0.1")));
    CHECK(read_network("fd12:3456::/32")->holds(*read_address("fd12:3456:7::1")));
    CHECK(read_network("192.168.1.7")->holds(*read_address("192.168.1.7")));
    CHECK_FALSE(read_network("192.168.1.7")->holds(*read_address("192.168.1.8")));
    for (const char* wrong :
         {"", "10.0.0.0/7", "10.1.2.3/16", "8.8.8.0/24", "169.254.0.0/16", "0.0.0.0/8", "10.0.0.0/33", "10.0.0.0/08",
          "10.0.0.0/", "10.0.0/8", "010.0.0.0/8", "::/16", "::ffff:10.0.0.0/104", "gateway.local", "fe80::/10",
          "10.0.0.0/8 ", "fd12:0::/32", "0000::1"}) {
        CAPTURE(wrong);
        CHECK_FALSE(read_network(wrong));
    }
}

TEST_CASE("a private address is reached when the URL or the settings name it") {
    Reach plain, listed{{*read_network("10.20.0.0/16")}};
    auto allows = [](const Reach& reach, const char* url, const char* address) {
        return reach.allows(*read_target(url), *read_address(address));
    };
    CHECK(allows(plain, "https://sms.example.cn/", "8.8.8.8"));
    CHECK_FALSE(allows(plain, "https://sms.example.cn/", "10.20.0.1"));
    CHECK(allows(listed, "https://sms.example.cn/", "10.20.0.1"));
    CHECK_FALSE(allows(listed, "https://sms.example.cn/", "10.21.0.1"));
    CHECK_FALSE(allows(listed, "https://sms.example.cn/", "127.0.0.1"));
    CHECK_FALSE(allows(listed, "https://sms.example.cn/", "169.254.169.254"));
    CHECK(allows(plain, "http://10.1.2.3:8080/x", "10.1.2.3"));
    CHECK_FALSE(allows(plain, "http://10.1.2.3:8080/x", "10.1.2.4"));
    CHECK_FALSE(allows(plain, "http://169.254.169.254/", "169.254.169.254"));
    CHECK(allows(plain, "http://localhost:13013/", "127.0.0.1"));
    CHECK(allows(plain, "http://localhost:13013/", "::1"));
    CHECK_FALSE(allows(plain, "http://localhost:13013/", "10.0.0.1"));
    CHECK_FALSE(allows(plain, "http://sms.localhost/", "127.0.0.1"));
}

TEST_CASE("a URL has one reading") {
    auto target = read_target("https://sms.example.cn:8443/a/b?c=d%20e");
    REQUIRE(target);
    CHECK(target->host == "sms.example.cn");
    CHECK(target->port == 8443);
    CHECK(read_target("http://[fd12::1]:80/")->literal);
    CHECK(read_target("https://h/")->port == 443);
    CHECK(read_target("http://a_b.example:1")->host == "a_b.example");
    CHECK(read_target("http://3gw.example/")->literal == false);
}

}  // namespace
}  // namespace pingjing::http
