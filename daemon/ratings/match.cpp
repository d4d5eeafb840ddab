#include "daemon/ratings/match.hpp"

#include <algorithm>
#include <charconv>

namespace pingjing::ratings {
namespace {

// A vendor's clock may be behind ours: what it dates shortly before our claim answers it all the same.
constexpr Millis vendor_clock_behind = std::chrono::minutes(10);

std::optional<int> slot_number(std::string_view extension, int slots) {
    int slot = 0;
    auto [end, bad] = std::from_chars(extension.data(), extension.data() + extension.size(), slot);
    if (extension.empty() || bad != std::errc{} || end != extension.data() + extension.size() || slot >= slots) return std::nullopt;
    return slot;
}

}  // namespace

Instant within_window(const store::SentSurvey& survey, Instant at) { return std::max(survey.claimed_at, std::min(at, survey.answer_until)); }

Match match(const std::vector<store::SentSurvey>& surveys, std::string_view extension, int slots, Instant at, Millis late_window, bool in_doubt) {
    auto when = [&](const store::SentSurvey& s) { return in_doubt && s.open ? within_window(s, at) : at; };
    auto too_late = [&](const store::SentSurvey& s) { return when(s) - s.claimed_at > late_window; };
    if (auto slot = slots > 1 ? slot_number(extension, slots) : std::nullopt) {
        // The newest one in the slot at that moment: an old text can still be on its way when the slot has a new owner.
        for (auto s = surveys.rbegin(); s != surveys.rend(); ++s)
            if (s->slot == *slot && s->claimed_at <= when(*s) + vendor_clock_behind) return too_late(*s) ? Match{{}, false, "none"} : Match{*s, when(*s) > s->answer_until, "slot"};
        return {{}, false, "none"};
    }
    std::vector<store::SentSurvey> open, late;
    for (const auto& s : surveys) {
        if (s.open && when(s) <= s.answer_until) open.push_back(s);
        else if (!too_late(s)) late.push_back(s);
    }
    if (open.size() == 1) return {open.front(), false, "only_open"};
    if (open.size() > 1) return {{}, false, "several"};
    if (late.size() == 1) return {late.front(), true, "only_late"};
    return {{}, false, late.empty() ? "none" : "several"};
}

}  // namespace pingjing::ratings
