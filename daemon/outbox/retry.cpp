#include "daemon/outbox/retry.hpp"

#include <algorithm>

#include "daemon/async/backoff.hpp"

namespace pingjing::outbox {

using namespace provider;

Next next_step(const Outcome& outcome, int attempt, Random& random) {
    using Step = Next::Step;
    struct {
        int attempt;
        Random& random;
        Next again(Steady first, Steady most) const { return {Step::again, backoff(attempt, first, most, random)}; }

        Next operator()(const Accepted&) const { return {Step::accepted}; }
        Next operator()(const Retry&) const { return again(std::chrono::seconds(2), std::chrono::minutes(10)); }
        Next operator()(const Ambiguous&) const { return {Step::in_doubt}; }
        Next operator()(const Throttled& t) const {
            auto least = std::clamp<Steady>(t.after, std::chrono::seconds(1), std::chrono::minutes(10));
            return again(least * 2, std::max<Steady>(least * 2, std::chrono::minutes(10)));  // jitter takes up to half of it
        }
        Next operator()(const Permanent& p) const {
            if (p.fault == Permanent::number) return {Step::failed, {}, "number"};
            if (p.fault == Permanent::content) return {Step::held, {}, "content"};
            return again(std::chrono::minutes(1), std::chrono::hours(1));  // our own mistake: somebody has to mend it first
        }
        Next operator()(const OptedOut&) const { return {Step::failed, {}, "opted_out"}; }
        Next operator()(const ChannelDown&) const { return again(std::chrono::seconds(10), std::chrono::minutes(5)); }
        Next operator()(const Partial&) const { return {Step::failed, {}, "partial"}; }
    } policy{attempt, random};
    return std::visit(policy, outcome);
}

}  // namespace pingjing::outbox
