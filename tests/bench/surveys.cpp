#include <algorithm>
#include <optional>
#include <stdexcept>

#include "daemon/core/system_clock.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/scenarios.hpp"
#include "tests/bench/simulator.hpp"
#include "tests/bench/site.hpp"

namespace pingjing::bench {

namespace {

const char* name_of(Carrier carrier) {
    return carrier == Carrier::linked ? "surveys, end to end, over SMPP" : carrier == Carrier::answered_and_thanked ? "surveys, end to end, and thanks" : "surveys, end to end";
}

}  // namespace

double ask_and_rate(const std::filesystem::path& folder, int count, Carrier carrier, int first, Millis later) {
    constexpr int rows = 100;
    // Closed hours ago: due at once.
    auto make = [=](std::string token) {
        Push push{.target = "/v1/calls", .content_type = "application/x-ndjson", .token = std::move(token), .connections = 16};
        auto closed = system_clock()->now() + later - std::chrono::hours(3);
        for (int n = 0; n < count; n += rows) push.bodies.push_back(closed_calls(first + n, std::min(rows, count - n), closed));
        return push;
    };
    Load load(make);
    std::optional<Simulator> simulator;
    if (carrier == Carrier::linked) simulator.emplace(folder / "simulator");
    Daemon daemon(folder, carrier, store::Store::Durability::full, {.port = simulator ? simulator->port() : 0, .later = later});
    auto token = daemon.intake_token();
    double cost = 0;
    auto visit = [&]() -> asio::awaitable<void> {
        co_await sleep_for(std::chrono::milliseconds(1200));  // the second after a start in which nothing is sent
        Stopwatch used(daemon.clock());
        auto answered = co_await load.run(daemon.app().address(), token);
        if (answered.refused > 0) throw std::runtime_error("calls were refused");
        co_await daemon.until("SELECT coalesce(max(id), 0) FROM ratings", first + count);
        co_await daemon.until(under_way, 0);
        tell(name_of(carrier), "surveys", count, used.seconds(), used);
        cost = used.seconds_without_reader() * 1e6 / count;
        if (daemon.count("SELECT count(*) FROM messages WHERE purpose = 'survey' AND state = 'delivered' AND attempt = 1") != first + count)
            throw std::runtime_error("not every survey was delivered");
    };
    daemon.run(visit());
    return cost;
}

}  // namespace pingjing::bench
