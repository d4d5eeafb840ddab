// What will happen in a story, drawn from its seed: calls, what carriers do, when who dies, when which disk breaks.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "daemon/config/settings.hpp"
#include "tests/sim/carrier.hpp"

namespace pingjing::sim {

// A batch of the 110 system: sent until it was answered.
struct Batch { Steady at{}; std::string ndjson{}; std::vector<std::string> ids{}; bool answered = false; };

// How a story differs from a usual one.
struct Shape {
    bool is_short = false;  // a day of few calls instead of two of many
    int calls = 0;          // 0: some dozens
    Steady outage{};        // of the carrier, from the second hour on; then nothing else goes wrong
};

struct ClockJump { Steady at{}, set_right_after{}; Millis by{}; const char* name = ""; };

struct Plan {
    config::Settings settings{};
    Faults faults[2]{};
    bool hooks = false;
    std::vector<std::pair<Steady, Steady>> outages[2]{}, black_holes[2]{}, police_down{}, desk_down{};
    std::multimap<Steady, Batch> batches{};
    std::multimap<std::string, std::string> safety{};  // batch's text → record: on hold once it was answered
    std::vector<ClockJump> jumps{};
    std::vector<Steady> reloads{};
    Steady push_again = Steady::max();                 // when the 110 system sends three days anew
    std::vector<std::uint64_t> handlers{};             // after so many handlers each life ends; then nobody dies any more
    double desk_fails = 0, desk_unheard = 0, police_unheard = 0, operator_resends = 0, operator_stops = 0, operator_cancels = 0, operator_forgets = 0;
    bool notices = false;                              // somebody sends 平安短信
    bool troubled = true;                              // disks break, memory is short
    Steady end_of_trouble{}, end_of_story{};           // what breaks breaks before; the rest is there to come to an end
};

Plan draw_plan(Random& random, Instant origin, const Shape& shape);

}  // namespace pingjing::sim
