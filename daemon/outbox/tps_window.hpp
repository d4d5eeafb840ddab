// So many parts in any one second of the network's clock, over all links of a channel. Pure.
#pragma once
#include <algorithm>
#include <deque>

#include "daemon/core/clock.hpp"

namespace pingjing::outbox {

class TpsWindow {
public:
    // `ready_at`: nothing leaves before it. A carrier still counts what we sent before we were restarted.
    TpsWindow(int per_second, Steady ready_at) : per_second_(static_cast<std::size_t>(std::max(per_second, 1))), ready_at_(ready_at) {}

    // How many parts could leave within `ahead`, so that nothing is claimed long before its turn.
    int free(Steady now, Steady ahead) const {
        if (now + ahead < ready_at_) return 0;
        auto still_counts = std::count_if(taken_.begin(), taken_.end(), [&](Steady t) { return t + std::chrono::seconds(1) > now + ahead; });
        return static_cast<int>(per_second_) - static_cast<int>(still_counts);
    }

    // When there will be a place again; `now` where there is one.
    Steady opens_at(Steady now, Steady ahead) const {
        if (free(now, ahead) > 0) return now;
        if (now + ahead < ready_at_ || taken_.empty()) return ready_at_ - ahead;
        return std::max(now, taken_.front() + std::chrono::seconds(1) - ahead);
    }

    // Takes `parts` places and says when the message may leave: never more than `per_second` parts in any second.
    Steady reserve(Steady now, int parts) {
        auto when = std::max(now, ready_at_);
        auto places = std::min(static_cast<std::size_t>(std::max(parts, 1)), per_second_);
        while (taken_.size() + places > per_second_) {
            when = std::max(when, taken_.front() + std::chrono::seconds(1));
            taken_.pop_front();
        }
        // All its parts leave together, with the last place; what is more than a second's worth counts for the seconds after.
        auto counts_from = when + std::chrono::seconds((static_cast<std::size_t>(std::max(parts, 1)) - 1) / per_second_);
        taken_.insert(taken_.end(), places, counts_from);
        ready_at_ = when;  // in order: whoever comes later leaves later
        return when;
    }

private:
    std::size_t per_second_;
    Steady ready_at_;
    std::deque<Steady> taken_;  // of the last `per_second` parts
};

}  // namespace pingjing::outbox
