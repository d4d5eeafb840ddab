// A citizen's text → which survey it answers. Pure, given the surveys this number was sent (design.md B, slots).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/inbox.hpp"

namespace pingjing::ratings {

struct Match {
    std::optional<store::SentSurvey> survey{};
    bool late = false;    // after its window: kept, not counted
    std::string how{};    // slot, only_open, only_late, several, none; set by the loop: canary, no_mobile, other_text
};

// `extension`: the digits behind our number, empty where there were none. `at`: when it was written. Texts to a slot belong to
// the slot's survey; to the bare number only where one survey alone is open. After `late_window` it is a letter.
Match match(const std::vector<store::SentSurvey>& surveys, std::string_view extension, int slots, Instant at, Millis late_window);

}  // namespace pingjing::ratings
