// A time limit that keeps the real error.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "daemon/async/timer.hpp"

namespace pingjing {

// Runs `op` for at most `limit`. nullopt means the clock won; whatever op threw is rethrown at once. Returns only when
// the loser has ended. Plain `op || timer` would wait out the whole limit when op throws, and then report a timeout.
template <class T>
asio::awaitable<std::optional<T>> within(Steady limit, asio::awaitable<T> op) {
    auto executor = co_await asio::this_coro::executor;
    Timer timer(executor);
    timer.expires_after(limit);

    auto [order, thrown, value, timer_error] =
        co_await asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(op), asio::deferred),
                                                         timer.async_wait(asio::deferred))
            .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);

    // Our own cancellation ends both branches; it is not a timeout.
    asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
    if (order[0] == 1 && !timer_error) co_return std::nullopt;
    if (thrown) std::rethrow_exception(thrown);
    co_return std::move(value);
}

}  // namespace pingjing
