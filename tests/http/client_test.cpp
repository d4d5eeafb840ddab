#include "daemon/http/client.hpp"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>

#include <cstring>
#include <thread>

#include "daemon/async/timer.hpp"
#include "tests/http/site.hpp"

// In place of the system's, for libcurl too, which asks on a thread of its own: names under .carrier.test are this machine, and to find one
// takes as long as to ask a name server.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
    static const auto systems = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
    if (!name || !std::strstr(name, ".carrier.test")) return systems(name, service, hints, found);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return systems("127.0.0.1", service, hints, found);
}

namespace pingjing::http {
namespace {

using When = Failure::When;

ServerSettings anywhere() {
    ServerSettings settings;
    settings.listen = "127.0.0.1:0";
    return settings;
}

Router echo() {
    auto handler = [](Request request) -> asio::awaitable<Response> {
        Response response;
        response.content_type = "text/plain";
        response.body = request.method + " " + request.target + " [" + request.body + "]";
        for (const char* name : {"Authorization", "Content-Type", "Content-Length", "Expect", "X-One"})
            if (auto value = request.header(name); !value.empty()) response.body += std::string(" ") + name + "=" + value;
        if (auto status = request.parameter("status"); !status.empty()) response.status = std::stoi(status);
        if (request.path == "/long") response.body.assign((1u << 20) + std::stoul(request.parameter("over")), 'x');
        response.headers.emplace_back("Retry-After", "7");
        response.headers.emplace_back("Location", "/elsewhere");
        co_return response;
    };
    Router router;
    for (const char* method : {"GET", "POST", "PUT"}) router.add(method, "/{path*}", handler);
    return router;
}

FetchResult fetch(asio::io_context& io, Client& client, FetchRequest request) { return test::run(io, client.fetch(std::move(request))); }

// What a carrier's front door may do with a connection: takes requests and ends without an answer where told to.
struct Carrier {
    explicit Carrier(asio::io_context& io)
        : acceptor(io, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {}
    std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/"; }

    // Answers `answers` requests on each connection, reads one more and closes.
    asio::awaitable<void> serve(int answers) {
        for (;;) {
            auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
            for (int i = 0; i <= answers; ++i) {
                std::string head;
                char c = 0;
                while (!head.ends_with("\r\n\r\n")) {
                    auto [failed, count] = co_await socket.async_read_some(asio::buffer(&c, 1), asio::as_tuple(asio::use_awaitable));
                    if (failed) break;
                    head += c;
                }
                if (!head.ends_with("\r\n\r\n")) break;
                ++requests;
                std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                if (i < answers) co_await asio::async_write(socket, asio::buffer(ok), asio::use_awaitable);
            }
            socket.close();
        }
    }

    asio::ip::tcp::acceptor acceptor;
    int requests = 0;
};

TEST_CASE("a request arrives as it was meant and its answer comes back") {
    Site site(anywhere(), echo());
    Client client(site.io.get_executor());
    auto url = "http://" + site.address();

    FetchRequest plain{.url = url + "/a?b=c"};
    auto answer = fetch(site.io, client, plain);
    REQUIRE(answer.has_value());
    CHECK(answer->status == 200);
    CHECK(answer->content_type == "text/plain");
    CHECK(answer->retry_after == "7");
    CHECK(answer->body == "GET /a?b=c []");

    FetchRequest full{.method = "POST", .url = url + "/", .headers = {"X-One: 1", "Content-Type: application/json"}, .body = "{}", .user_password = "me:a:b"};
    CHECK(fetch(site.io, client, full)->body == "POST / [{}] Authorization=Basic bWU6YTpi Content-Type=application/json Content-Length=2 X-One=1");

    FetchRequest empty{.method = "POST", .url = url + "/"};
    CHECK(fetch(site.io, client, empty)->body == "POST / [] Content-Length=0");

    FetchRequest put{.method = "PUT", .url = url + "/", .body = std::string(100'000, 'p')};
    CHECK(fetch(site.io, client, put)->body.ends_with(" Content-Length=100000"));  // and no Expect

    FetchRequest head{.method = "HEAD", .url = url + "/"};
    CHECK(fetch(site.io, client, head)->body == "");

    FetchRequest moved{.url = url + "/?status=302"};
    CHECK(fetch(site.io, client, moved)->status == 302);
    FetchRequest broken{.url = url + "/?status=503"};
    CHECK(fetch(site.io, client, broken)->status == 503);
}

TEST_CASE("a proxy named in the environment is not used") {
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    Site site(anywhere(), echo());
    Client client(site.io.get_executor());
    FetchRequest request{.url = "http://" + site.address() + "/"};
    CHECK(fetch(site.io, client, request).has_value());
    ::unsetenv("http_proxy");
}

TEST_CASE("an answer of 1 MiB is taken, a longer one is a failure after the request left") {
    Site site(anywhere(), echo());
    Client client(site.io.get_executor());
    FetchRequest fits{.url = "http://" + site.address() + "/long?over=0"};
    CHECK(fetch(site.io, client, fits)->body.size() == 1u << 20);
    FetchRequest over{.url = "http://" + site.address() + "/long?over=1"};
    auto answer = fetch(site.io, client, over);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().when == When::after_send);
    CHECK(answer.error().detail == "the answer is longer than 1 MiB");
}

TEST_CASE("what provably never left is told apart from the rest") {
    asio::io_context io;
    Client client(io.get_executor());
    std::string refused;
    {
        Carrier gone(io);
        refused = gone.url();
    }
    struct { const char* given; FetchRequest request; } never[] = {
        {"nobody listens", {.method = "POST", .url = refused, .body = "x"}},
        {"no such host", {.url = "http://pingjing.invalid/"}},
        {"a file", {.url = "file:///etc/hostname"}},
        {"another protocol", {.url = "ftp://127.0.0.1/"}},
        {"no URL", {.url = ""}},
        {"a header with a line break", {.url = refused, .headers = {"A: b\r\nC: d"}}},
        {"a method of two words", {.method = "GET /", .url = refused}},
    };
    for (auto& c : never) {
        CAPTURE(c.given);
        auto answer = fetch(io, client, c.request);
        REQUIRE_FALSE(answer.has_value());
        CHECK(answer.error().when == When::before_send);
        CHECK(answer.error().detail != "");
    }
}

TEST_CASE("a carrier that reads the request and closes may have taken it") {
    asio::io_context io;
    Client client(io.get_executor());
    Carrier carrier(io);
    TaskGroup tasks(io.get_executor(), [](const std::string&, std::exception_ptr) {});
    tasks.spawn("carrier", carrier.serve(0));
    FetchRequest request{.method = "POST", .url = carrier.url(), .body = ""};
    auto answer = fetch(io, client, request);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().when == When::after_send);
    CHECK(carrier.requests == 1);
    tasks.stop();
    test::run(io, tasks.join());
}

TEST_CASE("a request on a kept connection that dies is not repeated behind our back") {
    asio::io_context io;
    Client client(io.get_executor());
    Carrier carrier(io);
    TaskGroup tasks(io.get_executor(), [](const std::string&, std::exception_ptr) {});
    tasks.spawn("carrier", carrier.serve(1));
    FetchRequest request{.method = "POST", .url = carrier.url(), .body = ""};
    CHECK(fetch(io, client, request).has_value());
    auto answer = fetch(io, client, request);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().when == When::after_send);
    CHECK(answer.error().detail == "the connection ended without an answer");
    CHECK(carrier.requests == 2);
    CHECK(fetch(io, client, request).has_value());  // the next one takes a new connection
    tasks.stop();
    test::run(io, tasks.join());
}

TEST_CASE("no answer in time is after_send, a cancelled fetch ends at once and leaves nothing behind") {
    asio::io_context io;
    Client client(io.get_executor());
    asio::ip::tcp::acceptor silent(io, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));  // the kernel answers connects
    auto url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/";

    FetchRequest slow{.method = "POST", .url = url, .body = "x", .timeout = 200ms};
    auto answer = fetch(io, client, slow);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().when == When::after_send);

    FetchRequest cancelled{.method = "POST", .url = url, .body = "x"};
    CHECK_FALSE(test::run(io, within(100ms, client.fetch(cancelled))).has_value());
}

// The thread that looks a name up tells by a pair of sockets, and the connection takes the number of one of them as soon as it is closed.
TEST_CASE("the answer of a carrier whose name had to be looked up is seen, however long it takes") {
    auto slow = [](Request) -> asio::awaitable<Response> {
        co_await sleep_for(400ms);  // longer than libcurl's own timers, which look at everything; but for the limit for connecting
        co_return Response();
    };
    Router router;
    router.add("GET", "/", slow);
    Site site(anywhere(), std::move(router));
    auto port = site.address().substr(site.address().rfind(':'));
    for (std::string name : {"one", "two", "three"}) {
        CAPTURE(name);
        Client client(site.io.get_executor());
        FetchRequest request{.url = "http://" + name + ".carrier.test" + port + "/", .connect_timeout = 8s, .timeout = 4s};
        auto answer = fetch(site.io, client, request);
        CHECK_MESSAGE(answer.has_value(), (answer ? "" : answer.error().detail));
    }
}

TEST_CASE("twenty at a time") {
    Site site(anywhere(), echo());
    Client client(site.io.get_executor());
    int good = 0;
    auto one = [](Client& c, std::string url, int& count) -> asio::awaitable<void> {
        FetchRequest request{.method = "POST", .url = url, .body = "x"};
        for (int i = 0; i < 5; ++i) {
            auto answer = co_await c.fetch(request);
            if (answer && answer->status == 200) ++count;
        }
    };
    TaskGroup tasks(site.io.get_executor(), [](const std::string&, std::exception_ptr) {});
    for (int i = 0; i < 20; ++i) tasks.spawn("one", one(client, "http://" + site.address() + "/", good));
    test::run(site.io, tasks.join());
    CHECK(good == 100);
}

}  // namespace
}  // namespace pingjing::http
