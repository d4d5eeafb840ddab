#include "daemon/http/head.hpp"

#include <doctest/doctest.h>

namespace pingjing::http {
namespace {

TEST_CASE("a head that comes byte by byte is found where it ends, and a bad one as soon as it is bad") {
    std::string good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (std::size_t n = 0; n < good.size(); ++n) {
        CAPTURE(n);
        auto end = find_head_end(std::string_view(good).substr(0, n), 1000);
        REQUIRE(end.has_value());
        CHECK(*end == 0);
    }
    CHECK(find_head_end(good, 1000).value() == good.size());
    CHECK(find_head_end(good + "body\n\n", good.size()).value() == good.size());
    CHECK(find_head_end(good, good.size() - 1).error().status == 431);
    for (const char* bad : {"GET / HTTP/1.1\n", "GET / HTTP/1.1\rX", "\n", "\r\n", "GET / HTTP/1.1\r\nA: b\n"}) {
        CAPTURE(bad);
        auto end = find_head_end(bad, 1000);
        REQUIRE_FALSE(end.has_value());
        CHECK(end.error().status == 400);
    }
}

TEST_CASE("a head is read into what the server acts on") {
    auto head = read_head("POST /a?b=c HTTP/1.1\r\nHost: [::1]:80\r\nX-Empty:\r\nContent-Length:  7 \r\nExpect: 100-Continue\r\n\r\n", 100);
    REQUIRE(head.has_value());
    CHECK(head->method == "POST");
    CHECK(head->target == "/a?b=c");
    CHECK(head->content_length == 7);
    CHECK(head->expects_continue);
    CHECK(head->keep_alive);
    REQUIRE(head->headers.size() == 4);
    CHECK(head->headers[1].second == "");

    CHECK_FALSE(read_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", 100)->keep_alive);
    CHECK_FALSE(read_head("GET / HTTP/1.0\r\n\r\n", 100)->keep_alive);
    CHECK(read_head("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", 100)->chunked);
}

}  // namespace
}  // namespace pingjing::http
