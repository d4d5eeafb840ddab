#include "tests/sim/city.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>

#include "tests/sim/chance.hpp"

namespace pingjing::sim {

City::City(std::uint64_t seed, const Shape& shape) : random(seed), clock(*parse_rfc3339("2026-11-20T06:00:00+08:00")), watch(clock) {
    seed_all_chance(seed);
    use_virtual_time(io, clock);
    plan = draw_plan(random, clock.now(), shape);
    settings = plan.settings;
    for (std::size_t c = 0; c < settings.channels.size(); ++c) {
        const auto& channel = settings.channels[c];
        Carrier::World world{io.get_executor(), clock, random, fired, watch};
        carriers.push_back(std::make_unique<Carrier>(std::move(world), channel.name, channel.source, plan.faults[c], plan.hooks));
        for (const auto& [from, to] : plan.outages[c]) carriers[c]->outage(from, to);
        for (const auto& [from, to] : plan.black_holes[c]) carriers[c]->black_hole(from, to);
        watch.tps(channel.name, channel.tps);
    }
    auto place = std::filesystem::is_directory("/dev/shm") ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
    exports = place / fmt::format("pingjing-sim-{}-{}", ::getpid(), seed);
    std::filesystem::create_directories(exports);
    if (carriers.size() > 1) carriers[0]->other = carriers[1].get(), carriers[1]->other = carriers[0].get();
}

City::~City() {
    std::error_code ignored;
    std::filesystem::remove_all(exports, ignored);
}

bool City::happens(double share, const char* name) {
    if (share <= 0 || random.unit() >= share) return false;
    ++fired[name];
    return true;
}

Result<void> City::refuse(const char* name) {
    ++fired[name];
    return fail(Error::Kind::unavailable, name);
}

void City::start(asio::awaitable<void> task) {
    auto done = [](std::exception_ptr) {};
    asio::co_spawn(io, std::move(task), done);
}

void City::alarm_clock(Steady when) {
    auto wait = [](City& city, Steady until) -> asio::awaitable<void> {
        if (until > city.clock.steady()) co_await sleep_for(until - city.clock.steady());
    };
    start(wait(*this, when));
}

void City::pass(Steady time) {
    auto until = clock.steady() + time;
    alarm_clock(until);
    run_virtual(io, [&] { return clock.steady() >= until; });
}

}  // namespace pingjing::sim
