// A loop that must not end: what it throws is said, and after a pause it begins again. A daemon whose loop has died in silence
// looks alive and does nothing; one that ended with its loop would close its doors to calls and emergencies as well.
#pragma once
#include <boost/asio/this_coro.hpp>
#include <functional>
#include <string>

#include "daemon/async/timer.hpp"

namespace pingjing {

// `loop` makes the coroutine anew each time; what both functions refer to outlives the task. Ends when it is cancelled, or
// when the loop returns of its own accord.
inline asio::awaitable<void> keep_running(std::function<asio::awaitable<void>()> loop, std::function<void(const std::string& why)> failed,
                                          Steady pause = std::chrono::seconds(5)) {
    for (;;) {
        std::string why;
        try {
            co_await loop();
            co_return;
        } catch (const std::exception& error) {
            why = error.what();
        } catch (...) {
            why = "something that is no std::exception";
        }
        asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return;
        failed(why);
        co_await sleep_for(pause);
    }
}

}  // namespace pingjing
