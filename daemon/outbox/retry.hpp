// What an attempt's end means for the message. Pure: the table of outcome classes and their policies (design.md B).
#pragma once
#include <string>

#include "daemon/core/random.hpp"
#include "providers/provider.hpp"

namespace pingjing::outbox {

struct Next {
    enum class Step {
        accepted,
        again,     // proved refusal: due again after `pause`, on whatever channel is next
        failed,    // for good
        held,      // the text itself is refused: a person looks
        in_doubt   // may have been sent: only evidence settles it, nothing is sent again
    };
    Step step = Step::in_doubt;
    Steady pause{};       // of the network's clock
    std::string code{};   // for `failed` and `held`: number, opted_out, partial, content
};

// `attempt` counts from 1 and is the one that just ended.
Next next_step(const provider::Outcome& outcome, int attempt, Random& random);

}  // namespace pingjing::outbox
