// Which of several answers stands (design.md B, domain.md §6). Pure.
#pragma once
#include <optional>
#include <string_view>

#include "daemon/core/clock.hpp"
#include "daemon/core/rating.hpp"

namespace pingjing {

enum class Effect {
    first,
    replaces,  // stands instead of the one before
    repeated,  // kept with its time; the first stands
    late,      // after the window: kept, not counted
    second,    // after follow-up has begun: 二次回访满意, a number of its own
    review     // better within minutes, without words of correction: what pressure looks like; a person decides
};
constexpr std::string_view effect_name(Effect e) {
    constexpr std::string_view names[] = {"first", "replaces", "repeated", "late", "second", "review"};
    return names[static_cast<int>(e)];
}

struct Before { Grade grade = Grade::satisfied; Instant first_at{}; };

inline Effect effect_of(Grade now, Instant at, bool correction, bool late, bool followup_begun, const std::optional<Before>& before, Millis correction_window) {
    if (followup_begun && before) return Effect::second;  // a second answer needs a first one
    if (late) return Effect::late;
    if (!before) return Effect::first;
    if (now == before->grade || at - before->first_at > correction_window) return Effect::repeated;
    if (worse(now, before->grade) || correction) return Effect::replaces;
    return Effect::review;
}

}  // namespace pingjing
