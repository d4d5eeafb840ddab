// One seed for every source of chance in the process that is not handed in: SQLite's (the salts of its WAL) and libsodium's (nonces).
#pragma once
#include <cstdint>

namespace pingjing::sim {

// From now on equal work has equal bytes. The first call takes over SQLite's allocator and libsodium's generator, so it comes before
// either is used.
void seed_all_chance(std::uint64_t seed);

}  // namespace pingjing::sim
