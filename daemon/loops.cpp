#include "daemon/loops.hpp"

#include <fmt/format.h>

#include "daemon/async/keep_running.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing {

void Loops::keep(TaskGroup& group, std::string name, std::function<asio::awaitable<void>()> loop) {
    auto failed = [this, name](const std::string& why) {
        log::error("loop.failed", {{"loop", name}, {"why", why}});
        metrics::count("loop_failures_total", {{"loop", name}});
        last_[name] = {clock_.steady(), why};
    };
    group.spawn(name, keep_running(std::move(loop), failed));
}

std::vector<std::string> Loops::failing() const {
    std::vector<std::string> all;
    for (const auto& [name, failure] : last_)
        if (clock_.steady() - failure.at < std::chrono::minutes(1)) all.push_back(fmt::format("'{}' fails and begins again: {}", name, failure.why));
    return all;
}

}  // namespace pingjing
