#include <fmt/format.h>

#include <fstream>

#include "daemon/core/system_clock.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/scenarios.hpp"
#include "tests/bench/site.hpp"

namespace pingjing::bench {
namespace {

constexpr int asked_anew = 20'000;

// In a process of its own, so that the daemon's threads and memory are its alone.
double cost_of(const std::filesystem::path& folder, int count, int first) {
    auto note = folder / "cost";
    in_a_process([&] { std::ofstream(note) << ask_and_rate(folder, count, false, first); });
    double cost = 0;
    std::ifstream(note) >> cost;
    return cost;
}

}  // namespace

void ask_in_an_old_store(const std::filesystem::path& folder, int count) {
    auto old = folder / "old", empty = folder / "empty";
    std::filesystem::create_directories(old);
    std::filesystem::create_directories(empty);
    plant_rated_surveys(old, count);
    auto clock = system_clock();
    in_a_process([&] {
        Stopwatch start(*clock);
        Daemon daemon(old, Carrier::silent);
        auto visit = [&]() -> asio::awaitable<void> {
            fmt::print("{:<34} {:>7} surveys in the store: open for calls after {:.0f} ms\n", "start", count, start.seconds() * 1000);
            std::fflush(stdout);
            co_return;
        };
        daemon.run(visit());
    });
    auto anew = std::min(count, asked_anew);
    auto before = cost_of(empty, anew, 0), after = cost_of(old, anew, count);
    fmt::print("    CPU of a survey in a store with {} others: {:.2f} of that in an empty one\n", count, after / before);
}

}  // namespace pingjing::bench
