// Whether somebody has set the time: the wall clock is held against the monotonic one, which nobody sets.
#pragma once
#include <mutex>

#include "daemon/core/clock.hpp"

namespace pingjing {

// Any thread may ask. `clock` outlives it.
class ClockWatch {
public:
    static constexpr Millis tolerated = std::chrono::minutes(5);
    struct Look {
        Instant wall{};
        Steady steady{};
    };

    explicit ClockWatch(const Clock& clock) : clock_(clock), from_(read()) {}
    Look read() const { return {clock_.now(), clock_.steady()}; }
    // By how much the wall clock went on more than the monotonic one between `from` and `look`; zero for as little as is no jump.
    Millis jump_until(const Look& look) const;
    // Since `from`, in either direction. True from the very moment of the jump, before anybody has written it down.
    bool has_jumped() const { return jump_until(read()) != Millis(0); }
    // What was seen until then is dealt with.
    void compare_from(const Look& look);

private:
    const Clock& clock_;
    mutable std::mutex mutex_;
    Look from_;
};

}  // namespace pingjing
