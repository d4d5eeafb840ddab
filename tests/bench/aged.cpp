#include <fmt/format.h>

#include <fstream>

#include "daemon/core/system_clock.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/scenarios.hpp"
#include "tests/bench/site.hpp"

namespace pingjing::bench {
namespace {

constexpr int asked_anew = 20'000;
// An old store is one of many days: what looks at the newest of them, such as the watch over reply paths, finds few.
constexpr Millis some_weeks = std::chrono::hours(24 * 20);

// In a process of its own, so that the daemon's threads and memory are its alone.
double cost_of(const std::filesystem::path& folder, int count, int first, Millis later) {
    auto note = folder / "cost";
    in_a_process([&] { std::ofstream(note) << ask_and_rate(folder, count, Carrier::answered, first, later); });
    double cost = 0;
    std::ifstream(note) >> cost;
    return cost;
}

struct Past {
    int rated = 0;
    Instant last{};  // of the surveys
};
Past past_of(const std::filesystem::path& folder) {
    store::Connection db((folder / "state" / "pingjing.db").string(), store::Connection::Access::read_only);
    store::Statement newest(db, "SELECT (SELECT coalesce(max(id), 0) FROM ratings), (SELECT max(claimed_at) FROM messages WHERE purpose = 'survey' AND claimed_at IS NOT NULL)");
    newest.step();
    return {static_cast<int>(newest.integer(0)), newest.instant(1)};
}

// On a machine that has run for long, the index by which a caller is known again lies in memory; behind a report over all cases it no
// longer does.
void read_callers(const std::filesystem::path& folder) {
    store::Connection db((folder / "state" / "pingjing.db").string(), store::Connection::Access::read_only);
    store::Statement all(db, "SELECT count(key) FROM phones WHERE key >= x''");
    all.run();
}

}  // namespace

void ask_in_an_old_store(const std::filesystem::path& folder, int count, const std::filesystem::path& planted) {
    auto old = planted.empty() ? folder / "old" : planted, empty = folder / "empty";
    std::filesystem::create_directories(old);
    std::filesystem::create_directories(empty);
    auto clock = system_clock();
    if (!std::filesystem::exists(old / "state")) {
        Stopwatch planting(*clock);
        plant_rated_surveys(old, count);
        fmt::print("    {} surveys planted in {:.0f} s\n", count, planting.seconds());
        std::fflush(stdout);
    }
    // Who comes back to a planted store finds those of the last time, too.
    auto [there, last] = past_of(old);
    in_a_process([&] {
        Stopwatch start(*clock);
        Daemon daemon(old, Carrier::silent);
        auto visit = [&]() -> asio::awaitable<void> {
            fmt::print("{:<34} {:>7} surveys in the store: open for calls after {:.0f} ms\n", "start", there, start.seconds() * 1000);
            std::fflush(stdout);
            co_return;
        };
        daemon.run(visit());
    });
    in_a_process([&] { report_on_officers(old / "state" / "pingjing.db"); });
    std::fflush(stdout);
    auto anew = std::min(count, asked_anew);
    auto before = cost_of(empty, anew, 0, some_weeks), cold = cost_of(old, anew, there, last + some_weeks - clock->now());
    read_callers(old);
    auto [then, latest] = past_of(old);
    auto warm = cost_of(old, anew, then, latest + some_weeks - clock->now());
    fmt::print("    CPU of a survey in a store with {} others: {:.2f} of that in an empty one; right after the report, when the disk has to be read, {:.2f}\n", then, warm / before,
               cold / before);
}

}  // namespace pingjing::bench
