// The machine's clock: somebody sets it wrong, and it is set right again, by hand or because a machine asks for the time when it starts.
#pragma once
#include <functional>

#include "tests/sim/city.hpp"

namespace pingjing::sim {

class Clocks {
public:
    // `noticed`: whoever runs looks at the clock, as the daemon does each second. False: nobody does.
    Clocks(City& city, std::function<bool()> noticed) : city_(city), noticed_(std::move(noticed)) {}
    asio::awaitable<void> be_set();  // as planned, for the whole story
    void ask_for_the_time();         // at a start

private:
    void jump(Millis by);
    void set_right() { jump(-off_); }
    asio::awaitable<void> notice();

    City& city_;
    std::function<bool()> noticed_;
    Millis off_{};
    bool unnoticed_ = false;
};

}  // namespace pingjing::sim
