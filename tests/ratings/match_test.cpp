#include "daemon/ratings/match.hpp"

#include <doctest/doctest.h>

using namespace pingjing;
using namespace pingjing::ratings;

namespace {
const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");
const Millis two_weeks = 24h * 14;
store::SentSurvey sent(std::int64_t case_id, int slot, Millis ago, bool open = true) {
    return {case_id * 10, case_id, slot, open, noon - ago, noon - ago + 72h};
}
}  // namespace

TEST_CASE("which survey a text answers") {
    struct Row {
        const char* what;
        std::vector<store::SentSurvey> surveys;
        std::string extension;
        int slots;
        std::int64_t expected;  // case, 0: none
        bool late;
        const char* how;
    };
    const auto old = 24h * 20, hour = 1h * 1, days = 1h * 80;
    const Row rows[] = {
        {"nothing was sent", {}, "", 100, 0, false, "none"},
        {"the slot says it", {sent(1, 3, hour), sent(2, 4, hour)}, "03", 100, 1, false, "slot"},
        {"also after its window", {sent(1, 3, days, false)}, "03", 100, 1, true, "slot"},
        {"after two weeks it is a letter", {sent(1, 3, old, false)}, "03", 100, 0, false, "none"},
        {"the newest in the slot", {sent(1, 3, 24h * 10, false), sent(2, 3, hour)}, "03", 100, 2, false, "slot"},
        {"a slot that nobody has", {sent(1, 3, hour)}, "07", 100, 0, false, "none"},
        {"a survey from the future does not answer", {sent(1, 3, -1h)}, "03", 100, 0, false, "none"},
        {"but a clock may be some minutes behind", {sent(1, 3, -5min)}, "03", 100, 1, false, "slot"},
        {"the bare number and one open survey", {sent(1, 3, hour)}, "", 100, 1, false, "only_open"},
        {"the bare number and several", {sent(1, 3, hour), sent(2, 4, hour)}, "", 100, 0, false, "several"},
        {"an open one goes before a late one", {sent(1, 3, days, false), sent(2, 4, hour)}, "", 100, 2, false, "only_open"},
        {"one late one", {sent(1, 3, days, false)}, "", 100, 1, true, "only_late"},
        {"several late ones", {sent(1, 3, days, false), sent(2, 4, days, false)}, "", 100, 0, false, "several"},
        {"digits that are no slot count as the bare number", {sent(1, 3, hour)}, "777", 100, 1, false, "only_open"},
        {"so does what is no number", {sent(1, 3, hour)}, "3x", 100, 1, false, "only_open"},
        {"nor a negative one", {sent(1, 3, hour)}, "-3", 100, 0, false, "none"},
        {"without slots digits mean nothing", {sent(1, 0, hour)}, "03", 1, 1, false, "only_open"},
        {"closed early, by the carrier", {sent(1, 3, hour, false)}, "", 100, 1, true, "only_late"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        auto found = match(row.surveys, row.extension, row.slots, noon, two_weeks);
        CHECK((found.survey ? found.survey->case_id : 0) == row.expected);
        CHECK(found.late == row.late);
        CHECK(found.how == row.how);
    }
}

TEST_CASE("while the clock is in doubt what is open is answered in time, and what was closed before is not") {
    struct Row {
        const char* what;
        std::vector<store::SentSurvey> surveys;
        std::string extension;
        std::int64_t expected;
        bool late;
    };
    const auto years = 24h * 365 * 12;
    const Row rows[] = {
        {"its window seems to have ended", {sent(1, 3, 1h * 80)}, "03", 1, false},
        {"years ago", {sent(1, 3, years)}, "03", 1, false},
        {"it seems to be sent tomorrow", {sent(1, 3, -24h)}, "03", 1, false},
        {"years ago, to the bare number", {sent(1, 3, years)}, "", 1, false},
        {"tomorrow, to the bare number", {sent(1, 3, -24h)}, "", 1, false},
        {"closed already", {sent(1, 3, 1h * 80, false)}, "03", 1, true},
        {"closed already and old", {sent(1, 3, years, false)}, "03", 0, false},
        {"the open one of two in a slot", {sent(1, 3, years, false), sent(2, 3, -24h)}, "03", 2, false},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        auto found = match(row.surveys, row.extension, 100, noon, two_weeks, true);
        CHECK((found.survey ? found.survey->case_id : 0) == row.expected);
        CHECK(found.late == row.late);
        if (!found.survey || found.late) continue;
        auto when = within_window(*found.survey, noon);
        CHECK((when >= found.survey->claimed_at && when <= found.survey->answer_until));
    }
}
