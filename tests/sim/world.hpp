// One seed: a city's calls over a few days, a carrier with faults, a daemon that dies and comes back on a disk that tears.
// Everything in one thread on virtual time, so the same seed is the same story to the byte.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/plan.hpp"

namespace pingjing::sim {

struct Outcome {
    std::vector<std::string> broken{};  // promises that do not hold; empty: all is well
    Fired fired{};                      // faults by name
    std::string trace{};                // hex; equal for equal stories
    int lives = 0, questions = 0, ratings = 0, in_doubt = 0;
};

// The promises are looked at after every step that left something on the disk.
Outcome run_seed(std::uint64_t seed, const Shape& shape = {});

}  // namespace pingjing::sim
