// Where chance comes from, given from outside: the operating system in service, a seed in tests and demonstrations.
#pragma once
#include <cstdint>
#include <limits>
#include <string>

#include "daemon/core/clock.hpp"

namespace pingjing {

class Random {
public:
    using result_type = std::uint64_t;  // usable with <random>'s distributions
    virtual ~Random() = default;
    virtual std::uint64_t operator()() = 0;
    static constexpr std::uint64_t min() { return 0; }
    static constexpr std::uint64_t max() { return std::numeric_limits<std::uint64_t>::max(); }

    std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : (*this)() % n; }
    double unit() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }  // [0, 1)
    // Lower-case letters and digits without look-alikes, five bits each: 20 of them name a message for good.
    std::string word(int length);
    // The same with the time first (9 letters, a millisecond each), so that names sort by when they were given: a database keeps
    // its newest together.
    std::string word(int length, Instant now);
};

// xoshiro-free and plain: SplitMix64, the same numbers for the same seed on every machine.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    std::uint64_t operator()() override;

private:
    std::uint64_t state_;
};

// libsodium's generator. From any thread.
class SystemRandom final : public Random {
public:
    std::uint64_t operator()() override;
};

}  // namespace pingjing
