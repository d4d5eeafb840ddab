// Whether a channel can be trusted with another message: the breaker, and the black hole. Pure; time comes in.
//
// A black hole takes messages and says nothing. Each of them is a citizen of whom we shall never know whether he was asked, so
// after a window full of silence only one message at a time goes out, ever more slowly, and after a second window none at all.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/clock.hpp"
#include "daemon/core/random.hpp"
#include "providers/provider.hpp"

namespace pingjing::outbox {

class ChannelHealth {
public:
    enum class State {
        up,
        paused,   // asked to slow down
        down,     // refuses us, or cannot be reached: probed, not hammered
        suspect,  // takes and does not answer: one at a time
        stopped   // two windows in doubt: only a sign of life or a person goes on
    };
    explicit ChannelHealth(int window) : window_(window) {}

    // How many more messages it may be given now.
    int room(int in_flight, Steady now) const;
    // When room may grow without anything else happening.
    std::optional<Steady> opens_at(Steady now) const;
    // Another channel is to be taken meanwhile.
    bool usable(Steady now) const { return state_ == State::up || (state_ == State::paused && now >= opens_at_); }

    void ended(const provider::Outcome& outcome, Steady now, Random& random);
    void sign_of_life();  // a receipt, a reply, a late response: it is no black hole
    void release();       // by a person

    State state() const { return state_; }
    std::string_view state_name() const;
    const std::string& why() const { return why_; }

private:
    void go_down(State state, std::string why, Steady until);

    int window_;
    State state_ = State::up;
    std::string why_;
    Steady opens_at_{};
    int refusals_ = 0, silences_ = 0, probes_ = 0;  // in a row
};

}  // namespace pingjing::outbox
