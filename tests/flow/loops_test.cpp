#include "daemon/loops.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "daemon/async/timer.hpp"

using namespace pingjing;
using namespace std::chrono_literals;

TEST_CASE("a part of the daemon that fails and begins again is known for a minute after it last failed") {
    asio::io_context io;
    VirtualClock clock(*parse_rfc3339("2026-11-21T12:00:00+08:00"));
    use_virtual_time(io, clock);
    Loops kept(clock);
    TaskGroup group(io.get_executor(), [](const std::string&, std::exception_ptr) {});
    bool broken = true, also_broken = true;
    auto work = [](const char* why, const bool& is_broken) -> asio::awaitable<void> {
        while (!is_broken) co_await sleep_for(1s);
        throw std::runtime_error(why);
    };
    kept.keep(group, "receipts", [&] { return work("disk I/O error", broken); });
    kept.keep(group, "followups", [&] { return work("no such table", also_broken); });
    auto pass = [&](Steady time) { run_virtual(io, [&, end = clock.steady() + time] { return clock.steady() >= end; }); };

    pass(20s);
    CHECK(kept.failing() == std::vector<std::string>{"'followups' fails and begins again: no such table", "'receipts' fails and begins again: disk I/O error"});
    also_broken = false;
    pass(2min);
    CHECK(kept.failing() == std::vector<std::string>{"'receipts' fails and begins again: disk I/O error"});
    broken = false;
    pass(30s);
    CHECK(kept.failing().size() == 1);
    pass(2min);
    CHECK(kept.failing().empty());

    group.stop();
    run_virtual(io, [&] { return group.size() == 0; });
}
