#include "tests/sim/chance.hpp"

#include <sodium.h>

#include <stdexcept>

#include "daemon/core/random.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/sqlite.hpp"
#include "tests/sim/disk.hpp"

namespace pingjing::sim {
namespace {

SeededRandom nonces(0);
const char* nonces_name() { return "simulated"; }
std::uint32_t a_nonce() { return static_cast<std::uint32_t>(nonces() >> 32); }
void fill_nonce(void* into, const std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) static_cast<unsigned char*>(into)[i] = static_cast<unsigned char>(nonces() >> 56);
}

}  // namespace

void seed_all_chance(std::uint64_t seed) {
    static randombytes_implementation ours = {nonces_name, a_nonce, nullptr, nullptr, fill_nonce, nullptr};
    static const bool taken = [] {
        Disk::take_over_sqlite();
        store::Connection example(":memory:");
        (void)store::schema_differences(example);  // made once in a process: the first story must not be the one that pays
        (void)store::migrate(example), (void)store::migrate(example);
        return randombytes_set_implementation(&ours) == 0;
    }();
    if (!taken) throw std::runtime_error("libsodium keeps its own chance");
    nonces = SeededRandom(seed);
    Disk::reseed(seed);
}

}  // namespace pingjing::sim
