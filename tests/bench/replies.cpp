#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "daemon/core/system_clock.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/scenarios.hpp"
#include "tests/bench/site.hpp"

namespace pingjing::bench {

void take_replies(const std::filesystem::path& folder, int count, int texts, int connections) {
    plant_open_surveys(folder, count);
    auto make = [=](std::string) {
        Push push{.target = hook, .content_type = "application/json", .connections = connections};
        auto at = to_millis(system_clock()->now()) / 1000 + 1;  // whole seconds: not before the text it answers
        for (int first = 0; first < count; first += texts) {
            std::string body;
            for (int i = first; i < std::min(first + texts, count); ++i)
                body += fmt::format(R"({}{{"id":"mo-{}","mobile":"{}","to":"10690011000","text":"1","at":{}}})", body.empty() ? "[" : ",", i, number_of(i), at);
            push.bodies.push_back(body + "]");
        }
        return push;
    };
    Load load(make);
    Daemon daemon(folder, Carrier::pushing);
    auto visit = [&]() -> asio::awaitable<void> {
        Stopwatch used(daemon.clock());
        auto answered = co_await load.run(daemon.app().address(), "");
        auto name = fmt::format("replies, {} a push, {} connections", texts, connections);
        tell(name + ": kept", "replies", count, answered.seconds, used, answered.latency());
        if (answered.refused > 0) throw std::runtime_error("replies were refused");
        co_await daemon.until("SELECT coalesce(max(id), 0) FROM ratings", count);
        tell(name + ": rated", "replies", count, used.seconds(), used);
    };
    daemon.run(visit());
}

}  // namespace pingjing::bench
