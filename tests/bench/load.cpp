#include "tests/bench/load.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <sstream>
#include <stdexcept>

#include "daemon/async/timer.hpp"
#include "daemon/core/system_clock.hpp"

namespace pingjing::bench {

// In figures it would look like a telephone number somewhere, and be kept as a hash.
std::string as_letters(Steady moment) {
    auto out = std::to_string(moment.count());
    for (auto& c : out) c = static_cast<char>(c - '0' + 'a');
    return out;
}
Steady from_letters(std::string text) {
    for (auto& c : text) c = static_cast<char>(c - 'a' + '0');
    return Steady(std::stoll(text));
}

namespace {

using tcp = asio::ip::tcp;

struct Counted {
    std::size_t next = 0;
    std::int64_t good = 0, refused = 0;
    std::vector<double> took_ms{};
    Steady begun{};
};

// One connection: a request, its whole answer, the next one.
asio::awaitable<void> talk(const Push& push, tcp::endpoint to, Counted& counted, const Clock& clock) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(to, asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    std::string received;
    while (counted.next < push.bodies.size()) {
        auto n = counted.next++;
        auto body = push.bodies[n];
        if (push.per_second > 0) {
            auto leaves = counted.begun + std::chrono::duration_cast<Steady>(std::chrono::duration<double>(static_cast<double>(n) / push.per_second));
            if (auto wait = leaves - clock.steady(); wait > Steady{}) co_await sleep_for(wait);
            if (auto at = body.find(Push::sent); at != body.npos) body.replace(at, std::string_view(Push::sent).size(), as_letters(leaves));
        }
        auto request = fmt::format("POST {} HTTP/1.1\r\nHost: bench\r\n{}Content-Type: {}\r\nContent-Length: {}\r\n\r\n", push.target,
                                   push.token.empty() ? "" : "Authorization: Bearer " + push.token + "\r\n", push.content_type, body.size()) + body;
        auto from = clock.steady();
        co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
        auto head = co_await asio::async_read_until(socket, asio::dynamic_buffer(received), "\r\n\r\n", asio::use_awaitable);
        auto at = received.find("Content-Length: ");
        std::size_t length = at < head ? std::stoul(received.substr(at + 16)) : 0;
        if (received.size() < head + length) {
            auto missing = asio::transfer_at_least(head + length - received.size());
            co_await asio::async_read(socket, asio::dynamic_buffer(received), missing, asio::use_awaitable);
        }
        bool good = received.starts_with("HTTP/1.1 200");
        if (!good && counted.refused == 0) fmt::print(stderr, "refused: {}\n", received.substr(0, 400));
        ++(good ? counted.good : counted.refused);
        received.clear();
        counted.took_ms.push_back(std::chrono::duration<double, std::milli>(clock.steady() - from).count());
    }
}

Answered send(const Push& push, const std::string& address) {
    auto clock = system_clock();
    asio::io_context io(1);
    auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    Counted counted;
    auto from = clock->steady();
    counted.begun = from;
    auto on_end = [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    };
    for (int i = 0; i < push.connections; ++i) asio::co_spawn(io, talk(push, {asio::ip::address_v4::loopback(), port}, counted, *clock), on_end);
    io.run();
    Answered out;
    out.seconds = std::chrono::duration<double>(clock->steady() - from).count();
    out.good = counted.good, out.refused = counted.refused;
    std::sort(counted.took_ms.begin(), counted.took_ms.end());
    if (auto n = counted.took_ms.size()) out.median_ms = counted.took_ms[n / 2], out.p99_ms = counted.took_ms[n * 99 / 100];
    return out;
}

// In the child: "ADDRESS TOKEN" comes in, "GOOD REFUSED SECONDS MEDIAN P99" goes out. It never returns to main.
void live_as_child(const std::function<Push(std::string)>& make, int in, int out) {
    int status = 1;
    try {
        std::string line;
        for (char c; ::read(in, &c, 1) == 1 && c != '\n';) line += c;
        std::istringstream words(line);
        std::string address, token;
        if (words >> address) {
            words >> token;
            auto a = send(make(token), address);
            auto said = fmt::format("{} {} {} {} {}\n", a.good, a.refused, a.seconds, a.median_ms, a.p99_ms);
            if (::write(out, said.data(), said.size()) > 0) status = 0;
        }
    } catch (const std::exception& error) {
        fmt::print(stderr, "load: {}\n", error.what());
    }
    ::_exit(status);
}

}  // namespace

std::string Answered::latency() const { return fmt::format("; a request took {:.0f} ms, 99 of 100 under {:.0f} ms", median_ms, p99_ms); }

Load::Load(std::function<Push(std::string token)> make) {
    int in[2], out[2];
    if (::pipe(in) != 0 || ::pipe(out) != 0) throw std::runtime_error("no pipe");
    std::fflush(nullptr);
    child_ = ::fork();
    if (child_ < 0) throw std::runtime_error("cannot fork");
    if (child_ == 0) {
        ::close(in[1]), ::close(out[0]);
        live_as_child(make, in[0], out[1]);
    }
    ::close(in[0]), ::close(out[1]);
    to_child_ = in[1], from_child_ = out[0];
}

Load::~Load() {
    ::close(to_child_);  // a child that was never told to go ends here
    if (from_child_ >= 0) ::close(from_child_);
    ::waitpid(child_, nullptr, 0);
}

asio::awaitable<Answered> Load::run(std::string address, std::string token) {
    auto line = address + " " + token + "\n";
    if (::write(to_child_, line.data(), line.size()) < 0) throw std::runtime_error("the load process is gone");
    asio::posix::stream_descriptor from(co_await asio::this_coro::executor, std::exchange(from_child_, -1));
    std::string said;
    co_await asio::async_read_until(from, asio::dynamic_buffer(said), "\n", asio::use_awaitable);
    std::istringstream words(said);
    Answered out;
    words >> out.good >> out.refused >> out.seconds >> out.median_ms >> out.p99_ms;
    co_return out;
}

void in_a_process(const std::function<void()>& work) {
    std::fflush(nullptr);
    int child = ::fork();
    if (child < 0) throw std::runtime_error("cannot fork");
    if (child == 0) {
        int status = 0;
        try {
            work();
        } catch (const std::exception& error) {
            fmt::print(stderr, "{}\n", error.what());
            status = 1;
        }
        std::fflush(nullptr);
        ::_exit(status);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("a part of the benchmark failed");
}

}  // namespace pingjing::bench
