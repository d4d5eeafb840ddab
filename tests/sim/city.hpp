// What outlives every daemon of a story: time and chance, the carriers with their citizens, what is still to come, and who watches.
#pragma once
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/async/timer.hpp"
#include "daemon/core/random.hpp"
#include "daemon/core/result.hpp"
#include "daemon/store/seal.hpp"
#include "tests/sim/carrier.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/watch.hpp"

namespace pingjing::sim {

struct City {
    City(std::uint64_t seed, const Shape& shape);
    ~City();
    City(const City&) = delete;

    bool happens(double share, const char* name);
    Result<void> refuse(const char* name);
    void start(asio::awaitable<void> task);  // whatever becomes of it
    void alarm_clock(Steady when);           // something to wait for, or virtual time would stand still before `when`
    void pass(Steady time);

    SeededRandom random;
    VirtualClock clock;
    asio::io_context io{};
    store::Seal seal = store::Seal::from_seed(7);
    Fired fired;
    Watch watch;
    Plan plan{};
    config::Settings settings{};             // those in force
    std::vector<std::unique_ptr<Carrier>> carriers{};
    std::vector<Batch> answered{};
    std::set<std::string> alarmed{};         // phones of which the desk heard
    std::filesystem::path exports;           // the nightly files: on a real disk, in memory where there is one
};

}  // namespace pingjing::sim
