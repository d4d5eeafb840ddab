#include <fmt/format.h>

#include <stdexcept>

#include "tests/bench/load.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/scenarios.hpp"
#include "tests/bench/site.hpp"

namespace pingjing::bench {

void hold_open(const std::filesystem::path& folder, int count) {
    plant_open_surveys(folder, count);
    // Every fiftieth citizen answers, from all over the store.
    auto make = [=](std::string) {
        Push push{.target = hook, .content_type = "application/json", .connections = 16};
        for (int i = 0; i < count; i += 50)
            push.bodies.push_back(fmt::format(R"([{{"id":"mo-{}","mobile":"{}","to":"10690011000","text":"1"}}])", i, number_of(i)));
        return push;
    };
    Load load(make);
    auto before = memory().now_mb;
    Daemon daemon(folder, Carrier::pushing);
    auto visit = [&]() -> asio::awaitable<void> {
        if (daemon.count("SELECT count(*) FROM messages WHERE purpose = 'survey' AND open = 1") != count) throw std::runtime_error("not every survey is open");
        co_await sleep_for(std::chrono::seconds(1));
        auto started = memory();
        auto answered = co_await load.run(daemon.app().address(), "");
        if (answered.refused > 0) throw std::runtime_error("replies were refused");
        co_await daemon.until("SELECT coalesce(max(id), 0) FROM ratings", (count + 49) / 50);
        auto after = memory();
        fmt::print("{:<34} {:>7} surveys; the program alone {:.0f} MB, started {:.0f} MB (peak {:.0f}), after {} replies {:.0f} MB, peak {:.0f} MB\n", "memory, open surveys", count,
                   before, started.now_mb, started.peak_mb, answered.good, after.now_mb, after.peak_mb);
    };
    daemon.run(visit());
}

}  // namespace pingjing::bench
