#include "tests/sim/clocks.hpp"

namespace pingjing::sim {

void Clocks::jump(Millis by) {
    city_.clock.jump(by);
    off_ += by;
    unnoticed_ = true;
    city_.watch.clock_off(off_);
}

void Clocks::ask_for_the_time() {
    if (city_.watch.clock_is_off() && unnoticed_) set_right();
}

asio::awaitable<void> Clocks::be_set() {
    for (const auto& planned : city_.plan.jumps) {
        if (planned.at > city_.clock.steady()) co_await sleep_for(planned.at - city_.clock.steady());
        ++city_.fired[planned.name];
        jump(planned.by);
        co_await notice();
        co_await sleep_for(planned.set_right_after);
        if (off_ == Millis(0)) continue;  // a restart did it
        set_right();
        co_await notice();
    }
}

// The daemon looks each second; whoever starts in between finds its clock set right.
asio::awaitable<void> Clocks::notice() {
    co_await sleep_for(std::chrono::milliseconds(city_.random.below(1000)));
    if (unnoticed_ && noticed_()) unnoticed_ = false;
}

}  // namespace pingjing::sim
