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
// `in_doubt`: nobody knows when, for our clock was set; then what is open still is answered in time.
Match match(const std::vector<store::SentSurvey>& surveys, std::string_view extension, int slots, Instant at, Millis late_window, bool in_doubt = false);
// Within the time in which it can have been an answer to that survey.
Instant within_window(const store::SentSurvey& survey, Instant at);

}  // namespace pingjing::ratings
