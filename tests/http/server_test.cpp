#include "daemon/http/server.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <vector>

#include "tests/http/site.hpp"
#include "tests/support/inputs.hpp"
#include "tests/support/source.hpp"

namespace pingjing::http {
namespace {

ServerSettings anywhere() {
    ServerSettings settings;
    settings.listen = "127.0.0.1:0";
    settings.body_limit = 1000;
    settings.header_limit = 2000;
    return settings;
}

// Answers with what it was asked.
Router echo() {
    auto handler = [](Request request) -> asio::awaitable<Response> {
        Response response;
        response.content_type = "text/plain";
        response.body = request.method + " " + request.path + " " + request.body;
        if (request.trusted) response.body += " trusted";
        if (request.loopback) response.body += " loopback";
        co_return response;
    };
    Router router;
    for (const char* method : {"GET", "POST"}) router.add(method, "/{path*}", handler);
    return router;
}

std::string ask_raw(Site& site, const std::string& bytes, bool& closed, Steady limit = 5s) {
    Peer peer(site.io);
    peer.connect(site.address());
    test::run(site.io, peer.send(bytes));
    auto answer = test::run(site.io, peer.read_all(limit));
    closed = peer.ended();
    return answer;
}

std::string body_of(const std::string& answer) {
    auto end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
}

const std::string host = "Host: a\r\n";
const std::string get = "GET / HTTP/1.1\r\n" + host;
const std::string post = "POST / HTTP/1.1\r\n" + host;

// All statuses, in order; 100 does not count.
std::string statuses_in(std::string answers) {
    std::string out;
    while (!answers.empty()) {
        auto status = status_of(answers);
        auto end = answers.find("\r\n\r\n");
        if (status == 0 || end == std::string::npos) return out + " and what is no answer";
        auto at = answers.find("Content-Length: ");
        auto length = at < end ? std::stoul(answers.substr(at + 16)) : 0;
        answers.erase(0, end + 4 + length);
        if (status != 100) out += (out.empty() ? "" : " ") + std::to_string(status);
    }
    return out;
}

TEST_CASE("a request that two readers could understand differently is refused and the connection closed") {
    auto lines = test::read_lines(test::source_root / "tests/http/hostile.tsv");
    CHECK(lines.size() >= 190);
    Site site(anywhere(), echo());
    Peer bystander(site.io);
    bystander.connect(site.address());
    std::set<std::string> names;
    for (const auto& line : lines) {
        CAPTURE(line);
        auto first = line.find('\t'), second = line.find('\t', first + 1);
        REQUIRE(second != std::string::npos);
        CHECK(names.insert(line.substr(0, first)).second);
        bool closed = false;
        auto answer = ask_raw(site, test::unescaped(line.substr(second + 1)), closed);
        CHECK(statuses_in(answer) == line.substr(first + 1, second - first - 1));  // nothing smuggled behind it
        CHECK(closed);
        CHECK(answer.rfind("Connection: close\r\n") > answer.rfind("HTTP/1.1 "));
        CHECK(answer.rfind("Connection: close\r\n") != std::string::npos);

        // Nobody else is the worse for it: who was there before, and who comes next.
        test::run(site.io, bystander.send(get + "\r\n"));
        CHECK(status_of(test::run(site.io, bystander.read_answer())) == 200);
        CHECK(status_of(ask_raw(site, get + "Connection: close\r\n\r\n", closed)) == 200);
        CHECK(closed);
    }
}

TEST_CASE("honest requests of every form are answered") {
    struct { const char* given; std::string bytes; std::string body; } cases[] = {
        {"GET", get + "\r\n", "GET /  loopback"},
        {"a path with escapes", "GET /a%20b?q=1 HTTP/1.1\r\n" + host + "\r\n", "GET /a b  loopback"},
        {"Content-Length", post + "Content-Length: 2\r\n\r\nhi", "POST / hi loopback"},
        {"a body at the limit", post + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x'), "POST / " + std::string(1000, 'x') + " loopback"},
        {"chunks", post + "transfer-encoding: Chunked\r\n\r\n2\r\nhi\r\n3\r\n ho\r\n0\r\n\r\n", "POST / hi ho loopback"},
        {"chunks with small extensions", post + "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0;c=d\r\n\r\n", "POST / hi loopback"},
        {"no body", post + "Content-Length: 0\r\n\r\n", "POST /  loopback"},
        {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET /  loopback"},
        {"Host with a port", "GET / HTTP/1.1\r\nHost: [::1]:8110\r\n\r\n", "GET /  loopback"},
    };
    Site site(anywhere(), echo());
    for (auto& c : cases) {
        CAPTURE(c.given);
        Peer peer(site.io);
        peer.connect(site.address());
        test::run(site.io, peer.send(c.bytes));
        auto answer = test::run(site.io, peer.read_answer());
        CHECK(status_of(answer) == 200);
        CHECK(body_of(answer) == c.body);
    }
}

TEST_CASE("a connection is kept, also for requests sent in one go or byte by byte") {
    Site site(anywhere(), echo());
    Peer peer(site.io);
    peer.connect(site.address());
    for (int i = 0; i < 3; ++i) {
        test::run(site.io, peer.send(get + "\r\n"));
        CHECK(status_of(test::run(site.io, peer.read_answer())) == 200);
    }
    for (char c : post + "Content-Length: 2\r\n\r\nhi") test::run(site.io, peer.send(std::string(1, c)));
    CHECK(body_of(test::run(site.io, peer.read_answer())) == "POST / hi loopback");
    for (std::string chunks : {"0\r\n\r\n", "2;a=b\r\nhi\r\n0\r\n\r\n"}) {
        for (char c : post + "Transfer-Encoding: chunked\r\n\r\n" + chunks) {
            test::run(site.io, peer.send(std::string(1, c)));
            test::run(site.io, sleep_for(1ms));  // so that each byte is read alone
        }
        CHECK(status_of(test::run(site.io, peer.read_answer())) == 200);
    }
    CHECK_FALSE(peer.ended());

    bool closed = false;
    auto answers = ask_raw(site, get + "\r\n" + post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" + get + "Connection: close\r\n\r\n", closed);
    CHECK(closed);
    CHECK(answers.find("GET /  loopback") < answers.find("POST / hi loopback"));
    CHECK(answers.find("POST / hi loopback") < answers.rfind("GET /  loopback"));
}

TEST_CASE("HEAD is GET without the body, other answers keep their form") {
    Site site(anywhere(), echo());
    bool closed = false;
    auto answer = ask_raw(site, "HEAD /x HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", closed);
    CHECK(status_of(answer) == 200);
    CHECK(answer.find("Content-Length: ") != std::string::npos);
    CHECK(body_of(answer).empty());
    CHECK(status_of(ask_raw(site, "DELETE /x HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", closed)) == 405);
}

TEST_CASE("a client that asks first is told to go on, unless its body is too long") {
    Site site(anywhere(), echo());
    Peer peer(site.io);
    peer.connect(site.address());
    test::run(site.io, peer.send(post + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
    CHECK(test::run(site.io, peer.read_answer()) == "HTTP/1.1 100 Continue\r\n\r\n");
    test::run(site.io, peer.send("hi"));
    CHECK(status_of(test::run(site.io, peer.read_answer())) == 200);

    bool closed = false;
    auto answer = ask_raw(site, post + "Content-Length: 2000\r\nExpect: 100-continue\r\n\r\n", closed);
    CHECK(status_of(answer) == 413);
    CHECK(closed);
}

TEST_CASE("who is slow is answered 408, who says nothing is dropped without a word") {
    struct { const char* given; std::string bytes; int status; Steady after; } cases[] = {
        {"half a head", "GET / HT", 408, 10s},
        {"half a body", post + "Content-Length: 5\r\n\r\nhi", 408, 60s},
        {"half a chunk", post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhi", 408, 60s},
        {"nothing", "", 0, 10s},
        {"nothing after an answer", get + "\r\n", 200, 60s},
    };
    for (auto& c : cases) {
        CAPTURE(c.given);
        asio::io_context io;
        VirtualClock clock(Instant{});
        use_virtual_time(io, clock);
        Server server(io.get_executor(), anywhere(), echo());
        REQUIRE(server.open().has_value());
        server.start();
        Peer peer(io);
        peer.connect(server.address());
        run_on(clock, io, peer.send(c.bytes));
        auto answer = run_on(clock, io, peer.read_all(120s));
        CHECK(status_of(answer) == c.status);
        CHECK(peer.ended());
        CHECK(clock.steady() == c.after);
        auto stop = [](Server& s) -> asio::awaitable<bool> {
            co_await s.stop();
            co_return true;
        };
        run_on(clock, io, stop(server));
    }
}

TEST_CASE("a client that leaves in the middle costs nothing") {
    Site site(anywhere(), echo());
    for (const std::string& bytes : {std::string("GET /"), post + "Content-Length: 5\r\n\r\nhi", post + "Transfer-Encoding: chunked\r\n\r\n2\r\nh"}) {
        Peer peer(site.io);
        peer.connect(site.address());
        test::run(site.io, peer.send(bytes));
        peer.close_sending();
        CHECK(test::run(site.io, peer.read_all()) == "");
        CHECK(peer.ended());
    }
    bool closed = false;
    CHECK(status_of(ask_raw(site, get + "Connection: close\r\n\r\n", closed)) == 200);
}

TEST_CASE("a handler's exception is a 500 and the connection lives on, its headers cannot split the answer") {
    Router router;
    router.add("GET", "/throw", [](Request) -> asio::awaitable<Response> {
        throw std::bad_alloc();
        co_return Response();
    });
    router.add("GET", "/split", [](Request) -> asio::awaitable<Response> {
        Response response;
        response.headers.emplace_back("Location", "/a\r\nSet-Cookie: b=c");
        co_return response;
    });
    Site site(anywhere(), std::move(router));
    Peer peer(site.io);
    peer.connect(site.address());
    for (const char* path : {"/throw", "/split"}) {
        test::run(site.io, peer.send("GET " + std::string(path) + " HTTP/1.1\r\n" + host + "\r\n"));
        auto answer = test::run(site.io, peer.read_answer());
        CHECK(status_of(answer) == 500);
        CHECK(answer.find("application/problem+json") != std::string::npos);
        CHECK(answer.find("Set-Cookie") == std::string::npos);
    }
}

TEST_CASE("one connection too many is told so at once while all are being served") {
    Router router;
    router.add("GET", "/slow", [](Request) -> asio::awaitable<Response> {
        co_await sleep_for(300ms);
        co_return Response();
    });
    auto settings = anywhere();
    settings.most_connections = 2;
    Site site(settings, std::move(router));
    Peer first(site.io), second(site.io), third(site.io);
    for (auto* peer : {&first, &second}) {
        peer->connect(site.address());
        test::run(site.io, peer->send("GET /slow HTTP/1.1\r\n" + host + "\r\n"));
    }
    test::run(site.io, sleep_for(50ms));
    third.connect(site.address());
    auto answer = test::run(site.io, third.read_all());
    CHECK(status_of(answer) == 503);
    CHECK(answer.find("Retry-After: 5\r\n") != std::string::npos);
    CHECK(third.ended());
    for (auto* peer : {&first, &second}) CHECK(status_of(test::run(site.io, peer->read_answer())) == 200);
}

TEST_CASE("when it is full, whom it waits for longest makes room for who comes") {
    auto settings = anywhere();
    settings.most_connections = 3;
    Site site(settings, echo());
    Peer idle(site.io), head(site.io), body(site.io);
    struct { Peer* peer; std::string bytes; int status; } guests[] = {
        {&idle, get + "\r\n", 200}, {&head, get, 0}, {&body, post + "Content-Length: 5\r\n\r\nhi", 0}};
    for (auto& g : guests) {
        g.peer->connect(site.address());
        test::run(site.io, g.peer->send(g.bytes));
        if (g.status != 0) CHECK(status_of(test::run(site.io, g.peer->read_answer())) == g.status);
        test::run(site.io, sleep_for(20ms));
    }
    for (auto& g : guests) {
        bool closed = false;
        CHECK(status_of(ask_raw(site, get + "Connection: close\r\n\r\n", closed)) == 200);
        CHECK(test::run(site.io, g.peer->read_all(200ms)) == "");
        CHECK(g.peer->ended());
        // The place that is free again is taken by one who says nothing, so that it is full for the next.
        if (g.peer != &body) {
            *g.peer = Peer(site.io);
            g.peer->connect(site.address());
            test::run(site.io, sleep_for(20ms));
        }
    }
}

TEST_CASE("stopping lets a running request finish, ends idle connections and takes no new ones") {
    Router router;
    router.add("GET", "/slow", [](Request) -> asio::awaitable<Response> {
        co_await sleep_for(100ms);
        Response response;
        response.body = "done";
        co_return response;
    });
    asio::io_context io;
    Server server(io.get_executor(), anywhere(), std::move(router));
    REQUIRE(server.open().has_value());
    server.start();
    Peer busy(io), idle(io);
    busy.connect(server.address());
    idle.connect(server.address());
    test::run(io, busy.send("GET /slow HTTP/1.1\r\n" + host + "\r\n"));
    test::run(io, sleep_for(20ms));

    test::run(io, server.stop(), std::chrono::seconds(4));
    auto answer = test::run(io, busy.read_all());
    CHECK(status_of(answer) == 200);
    CHECK(body_of(answer) == "done");
    CHECK(answer.find("Connection: close") != std::string::npos);
    CHECK(test::run(io, idle.read_all()) == "");
    CHECK(idle.ended());
    Peer late(io);
    CHECK_THROWS(late.connect(server.address()));
}

TEST_CASE("a handler that does not end is given five seconds at the stop") {
    asio::io_context io;
    VirtualClock clock(Instant{});
    use_virtual_time(io, clock);
    Router router;
    router.add("GET", "/", [](Request) -> asio::awaitable<Response> {
        co_await sleep_for(1h);
        co_return Response();
    });
    Server server(io.get_executor(), anywhere(), std::move(router));
    REQUIRE(server.open().has_value());
    server.start();
    Peer peer(io);
    peer.connect(server.address());
    auto send_and_stop = [](Peer& p, Server& s) -> asio::awaitable<std::string> {
        co_await p.send(get + "\r\n");
        co_await sleep_for(1s);
        co_await s.stop();
        co_return co_await p.read_all();
    };
    CHECK(run_on(clock, io, send_and_stop(peer, server)) == "");
    CHECK(peer.ended());
    CHECK(clock.steady() == 6s);
}

TEST_CASE("bodies together have a limit, and who only promises a body takes nobody's place") {
    Site site(anywhere(), echo());
    auto head = post + "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n";
    std::vector<std::unique_ptr<Peer>> peers;
    for (int i = 0; i < 20; ++i) {
        peers.push_back(std::make_unique<Peer>(site.io));
        peers.back()->connect(site.address());
        test::run(site.io, peers.back()->send(head));
        CHECK(status_of(test::run(site.io, peers.back()->read_answer())) == 100);
    }
    auto small = post + "Content-Length: 100\r\nConnection: close\r\n\r\n" + std::string(100, 'x');
    bool closed = false;
    CHECK(status_of(ask_raw(site, small, closed)) == 200);

    for (int i = 0; i < 16; ++i) test::run(site.io, peers[static_cast<std::size_t>(i)]->send(std::string(999, 'x')));
    test::run(site.io, sleep_for(20ms));
    auto answer = ask_raw(site, small, closed);
    CHECK(status_of(answer) == 503);
    CHECK(answer.find("Retry-After") != std::string::npos);

    test::run(site.io, peers[0]->send("x"));
    CHECK(status_of(test::run(site.io, peers[0]->read_answer())) == 200);
    CHECK(status_of(ask_raw(site, small, closed)) == 200);
    for (auto& peer : peers) peer->close_sending();
}

TEST_CASE("without descriptors the door waits and opens again") {
    Site site(anywhere(), echo());
    Peer peer(site.io);
    peer.connect(site.address());
    rlimit usual{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
    rlimit none{0, usual.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    test::run(site.io, peer.send(get + "Connection: close\r\n\r\n"));
    test::run(site.io, sleep_for(20ms));
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
    CHECK(status_of(test::run(site.io, peer.read_all())) == 200);
}

struct Folder {
    Folder() {
        char name[] = "/tmp/pingjing-http-XXXXXX";
        REQUIRE(::mkdtemp(name) != nullptr);
        path = name;
    }
    ~Folder() {
        ::unlink((path + "/s").c_str());
        ::rmdir(path.c_str());
    }
    std::string path;
};

TEST_CASE("the control socket is ours alone and its requests are trusted") {
    Folder folder;
    ServerSettings settings = anywhere();
    settings.listen = "unix:" + folder.path + "/s";
    settings.control = true;
    {
        Site site(settings, echo());
        struct stat file {};
        REQUIRE(::stat((folder.path + "/s").c_str(), &file) == 0);
        CHECK((file.st_mode & 0777) == 0600);
        bool closed = false;
        CHECK(body_of(ask_raw(site, get + "Connection: close\r\n\r\n", closed)) == "GET /  trusted loopback");

        asio::io_context io;
        Server second(io.get_executor(), settings, echo());
        auto opened = second.open();
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error().detail.find("another daemon answers there") != std::string::npos);
        CHECK(::stat((folder.path + "/s").c_str(), &file) == 0);
    }
    CHECK(::access((folder.path + "/s").c_str(), F_OK) != 0);  // tidied away
}

TEST_CASE("a stale socket file is replaced, any other file is left alone") {
    Folder folder;
    ServerSettings settings = anywhere();
    settings.listen = "unix:" + folder.path + "/s";
    {
        asio::io_context io;
        asio::local::stream_protocol::acceptor dead(io, asio::local::stream_protocol::endpoint(folder.path + "/s"));
    }
    REQUIRE(::access((folder.path + "/s").c_str(), F_OK) == 0);
    {
        Site site(settings, echo());
        bool closed = false;
        CHECK(status_of(ask_raw(site, get + "Connection: close\r\n\r\n", closed)) == 200);
    }

    std::ofstream(folder.path + "/s") << "precious";
    asio::io_context io;
    Server server(io.get_executor(), settings, echo());
    CHECK_FALSE(server.open().has_value());
    std::string kept;
    std::ifstream(folder.path + "/s") >> kept;
    CHECK(kept == "precious");
}

TEST_CASE("a listening socket can be inherited, another descriptor cannot") {
    asio::io_context io;
    asio::ip::tcp::acceptor activated(io, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    ServerSettings settings = anywhere();
    settings.listen = "";
    settings.inherited_fd = ::dup(activated.native_handle());
    {
        Site site(settings, echo());
        CHECK(site.address() == "127.0.0.1:" + std::to_string(activated.local_endpoint().port()));
        bool closed = false;
        CHECK(status_of(ask_raw(site, get + "Connection: close\r\n\r\n", closed)) == 200);
    }
    settings.inherited_fd = 0;
    Server server(io.get_executor(), settings, echo());
    CHECK_FALSE(server.open().has_value());
}

TEST_CASE("an answer in pieces goes out as they come, and the connection ends with it") {
    auto left = std::make_shared<int>(0);
    auto handler = [left](Request) -> asio::awaitable<Response> {
        Response response;
        response.content_type = "text/event-stream";
        auto guard = std::shared_ptr<int>(new int(3), [left](int* p) { ++*left, delete p; });
        response.pieces = [guard]() -> asio::awaitable<std::string> { co_return --*guard == 0 ? std::string() : "piece " + std::to_string(*guard) + "\n"; };
        co_return response;
    };
    Router router;
    router.add("GET", "/stream", handler);
    Site site(anywhere(), std::move(router));
    bool closed = false;
    auto answer = ask_raw(site, "GET /stream HTTP/1.1\r\n" + host + "\r\n", closed);
    CHECK(status_of(answer) == 200);
    CHECK(answer.find("Content-Length") == std::string::npos);
    CHECK(answer.find("Connection: close") != std::string::npos);
    CHECK(body_of(answer) == "piece 2\npiece 1\n");
    CHECK(closed);
    CHECK(*left == 1);
    answer = ask_raw(site, "HEAD /stream HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", closed);
    CHECK(status_of(answer) == 200);
    CHECK(body_of(answer).empty());
    CHECK(*left == 2);
}

TEST_CASE("open() says what it tried and what to do") {
    struct { const char* listen; bool control; const char* says; } cases[] = {
        {"8110", false, "expected \"127.0.0.1:8110\""},
        {"localhost:8110", false, "expected \"127.0.0.1:8110\""},
        {"127.0.0.1:70000", false, "expected \"127.0.0.1:8110\""},
        {"::1:80", false, "expected \"127.0.0.1:8110\""},
        {"127.0.0.1:", false, "expected \"127.0.0.1:8110\""},
        {"unix:", false, "1 to 107 bytes"},
        {"127.0.0.1:0", true, "the control socket is a \"unix:/path\""},
        {"unix:/nonexistent/s", false, "its directory must exist"},
    };
    for (auto& c : cases) {
        CAPTURE(c.listen);
        asio::io_context io;
        ServerSettings settings;
        settings.listen = c.listen;
        settings.control = c.control;
        Server server(io.get_executor(), settings, echo());
        auto opened = server.open();
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error().detail.find(c.says) != std::string::npos);
    }
}

}  // namespace
}  // namespace pingjing::http
