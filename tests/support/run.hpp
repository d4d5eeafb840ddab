// Runs one coroutine to its end on an io_context. A test that hangs fails instead of hanging everything after it.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <doctest/doctest.h>
#include <exception>
#include <optional>
#include <utility>

namespace pingjing::test {
namespace asio = boost::asio;

// Whatever else lives on `io` (a server, say) stays there, asleep, until the next run().
template <class T>
T run(asio::io_context& io, asio::awaitable<T> task, std::chrono::seconds limit = std::chrono::seconds(10)) {
    std::optional<T> out;
    std::exception_ptr thrown;
    auto on_done = [&](std::exception_ptr error, T value) {
        thrown = error;
        out.emplace(std::move(value));
        io.stop();
    };
    io.restart();
    asio::co_spawn(io, std::move(task), on_done);
    io.run_for(limit);
    REQUIRE_MESSAGE(out.has_value(), "the coroutine did not finish in time");
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*out);
}

inline void run(asio::io_context& io, asio::awaitable<void> task, std::chrono::seconds limit = std::chrono::seconds(10)) {
    auto wrapped = [](asio::awaitable<void> inner) -> asio::awaitable<bool> {
        co_await std::move(inner);
        co_return true;
    };
    run<bool>(io, wrapped(std::move(task)), limit);
}

}  // namespace pingjing::test
