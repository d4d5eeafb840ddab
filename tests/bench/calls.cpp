#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "daemon/core/system_clock.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/scenarios.hpp"
#include "tests/bench/site.hpp"

namespace pingjing::bench {

void take_calls(const std::filesystem::path& folder, int count, int rows, int connections) {
    // Closed a minute ago, to be asked in two hours: nothing but intake happens.
    auto make = [=](std::string token) {
        Push push{.target = "/v1/calls", .content_type = "application/x-ndjson", .token = std::move(token), .connections = connections};
        auto closed = system_clock()->now() - std::chrono::minutes(1);
        for (int first = 0; first < count; first += rows) push.bodies.push_back(closed_calls(first, std::min(rows, count - first), closed));
        return push;
    };
    Load load(make);
    Daemon daemon(folder, Carrier::silent);
    auto token = daemon.intake_token();
    auto visit = [&]() -> asio::awaitable<void> {
        Stopwatch used(daemon.clock());
        auto answered = co_await load.run(daemon.app().address(), token);
        tell(fmt::format("calls, {} a batch, {} connections", rows, connections), "calls", count, answered.seconds, used, answered.latency());
        if (answered.refused > 0) throw std::runtime_error("calls were refused");
        co_await daemon.until("SELECT count(*) FROM messages WHERE state = 'due'", count);
    };
    daemon.run(visit());
}

}  // namespace pingjing::bench
