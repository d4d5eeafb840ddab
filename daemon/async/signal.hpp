// A hint from one loop to another that there is work: saves polling, carries nothing. A notify() before wait() is kept.
#pragma once
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/async/timer.hpp"

namespace pingjing {

class Signal {
public:
    explicit Signal(const asio::any_io_executor& executor) : timer_(executor) {}

    void notify() {
        raised_ = true;
        timer_.cancel();
    }

    // Returns when notified or after `limit`; throws operation_aborted when the coroutine is cancelled. One waiter at a time.
    asio::awaitable<void> wait(Steady limit) {
        if (!raised_) {
            timer_.expires_after(limit);
            auto [ended] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
            auto state = co_await asio::this_coro::cancellation_state;
            if (ended && state.cancelled() != asio::cancellation_type::none)
                throw boost::system::system_error(asio::error::operation_aborted);
        }
        raised_ = false;
    }

private:
    Timer timer_;
    bool raised_ = false;
};

}  // namespace pingjing
