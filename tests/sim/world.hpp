// One seed: a city's calls over a few days, a carrier with faults, a daemon that dies and comes back. Everything in one thread on
// virtual time, so the same seed is the same story to the byte.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pingjing::sim {

struct Outcome {
    std::vector<std::string> broken{};      // invariants that do not hold; empty: all is well
    std::map<std::string, int> fired{};     // faults by name
    std::string trace{};                    // hex; equal for equal stories
    int lives = 0, questions = 0, ratings = 0, in_doubt = 0;
};

Outcome run_seed(std::uint64_t seed);

}  // namespace pingjing::sim
