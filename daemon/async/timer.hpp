// The one kind of timer: waits on the network's clock in service, on virtual time in tests and demonstrations, where a
// day passes as fast as its work can be done. Which of the two is a property of the io_context, so nobody has to be told.
#pragma once
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "daemon/core/clock.hpp"

namespace pingjing {
namespace asio = boost::asio;

// A clock that stands still until it is moved; its business time runs along with its steady time.
class VirtualClock final : public Clock {
public:
    explicit VirtualClock(Instant origin) : origin_(origin) {}
    Instant now() const override { return origin_ + std::chrono::floor<Millis>(steady_); }
    Steady steady() const override { return steady_; }
    void move_to(Steady when) { steady_ = when; }
    void jump(Millis by) { origin_ += by; }  // as when somebody sets the time: the steady one knows nothing of it

private:
    Instant origin_;
    Steady steady_{};
};

// From now on timers of this context wait on `clock` and run_virtual() moves it.
void use_virtual_time(asio::io_context& io, VirtualClock& clock);
// Runs what is ready, one handler after the other, then moves the clock to the next timer, until `done()` (asked after each
// handler) or nothing is left to wait for
// (false: the work stood still before it was done).
bool run_virtual(asio::io_context& io, const std::function<bool()>& done);

class Timer {
public:
    explicit Timer(const asio::any_io_executor& executor);
    ~Timer();  // a pending wait ends with operation_aborted
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void expires_after(Steady pause);  // ends a pending wait
    void cancel();

    template <class Token>
    auto async_wait(Token&& token) {
        return asio::async_initiate<Token, void(boost::system::error_code)>(
            [this](auto handler) { start(std::move(handler)); }, token);
    }

private:
    using Handler = asio::any_completion_handler<void(boost::system::error_code)>;
    void start(Handler handler);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Waits; ends early, with operation_aborted thrown, when the coroutine is cancelled.
asio::awaitable<void> sleep_for(Steady pause);

}  // namespace pingjing
