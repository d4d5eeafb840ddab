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

// `every_step`: the promises are looked at after every commit, otherwise after every 40th and in one story of sixteen.
Outcome run_seed(std::uint64_t seed, const Shape& shape = {}, bool every_step = false);

}  // namespace pingjing::sim
