#include "daemon/async/aside.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "daemon/async/task_group.hpp"
#include "tests/support/run.hpp"

using namespace pingjing;

namespace {

// What hangs until it is let go.
struct Gate {
    std::mutex mutex{};
    std::condition_variable changed{};
    bool entered = false, open = false, left = false;
    void wait() {
        std::unique_lock lock(mutex);
        entered = true;
        changed.notify_all();
        changed.wait(lock, [this] { return open; });
        left = true;
        changed.notify_all();
    }
    void let_go() {
        std::unique_lock lock(mutex);
        open = true;
        changed.notify_all();
        changed.wait(lock, [this] { return left; });
    }
};

}  // namespace

TEST_CASE("work aside is done in order, and what it throws reaches who asked for it") {
    asio::io_context io;
    Aside aside("aside");
    std::string order;
    for (char c : {'a', 'b'}) {
        std::function<void()> work = [&order, c] { order += c; };
        test::run(io, aside.run(work));
    }
    CHECK(order == "ab");
    std::function<void()> breaks = [] { throw std::runtime_error("on purpose"); };
    CHECK_THROWS_AS(test::run(io, aside.run(breaks)), std::runtime_error);
    std::function<void()> goes_on = [&order] { order += 'c'; };
    test::run(io, aside.run(goes_on));
    CHECK(order == "abc");
}

TEST_CASE("who is told to stop does not wait for work that hangs, and nobody does who takes the thread away") {
    asio::io_context io;
    auto gate = std::make_shared<Gate>();
    bool ended = false, never = true;
    {
        Aside aside("aside");
        auto task = [&]() -> asio::awaitable<void> {
            std::function<void()> hangs = [gate] { gate->wait(); };
            try {
                co_await aside.run(hangs);
                never = false;
            } catch (const boost::system::system_error& error) {
                ended = error.code() == asio::error::operation_aborted;
            }
        };
        TaskGroup group(io.get_executor(), [](const std::string&, std::exception_ptr) { FAIL_CHECK("nothing failed"); });
        group.spawn("hangs", task());
        io.poll();
        {
            std::unique_lock lock(gate->mutex);
            gate->changed.wait(lock, [&] { return gate->entered; });
        }
        group.stop();
        test::run(io, group.join());
        CHECK(ended);
        CHECK(never);
    }
    gate->let_go();  // long after everybody has gone
}
