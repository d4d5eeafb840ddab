#include "daemon/async/keep_running.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "daemon/async/task_group.hpp"

using namespace pingjing;

TEST_CASE("a loop that throws begins again after a pause, says why each time, and ends when it is told to") {
    asio::io_context io;
    VirtualClock clock(*parse_rfc3339("2026-11-21T12:00:00+08:00"));
    use_virtual_time(io, clock);
    std::vector<Steady> begun;
    std::vector<std::string> said, lost;
    auto loop = [&]() -> asio::awaitable<void> {
        begun.push_back(clock.steady());
        if (begun.size() == 1) throw std::runtime_error("broken");
        if (begun.size() == 2) throw boost::system::system_error(asio::error::operation_aborted);  // not by us: nobody cancelled it
        if (begun.size() == 3) throw 3;
        for (;;) co_await sleep_for(1h);
    };
    TaskGroup group(io.get_executor(), [&](const std::string& task, std::exception_ptr) { lost.push_back(task); });
    group.spawn("loop", keep_running(loop, [&](const std::string& why) { said.push_back(why); }, 5s));
    run_virtual(io, [&] { return clock.steady() >= 2h; });
    CHECK(begun == std::vector<Steady>{0s, 5s, 10s, 15s});
    REQUIRE(said.size() == 3);
    CHECK(said[0] == "broken");
    CHECK(said[2] == "something that is no std::exception");

    group.stop();
    run_virtual(io, [&] { return group.size() == 0; });
    CHECK(group.size() == 0);
    CHECK(begun.size() == 4);
    CHECK(lost.empty());
}
