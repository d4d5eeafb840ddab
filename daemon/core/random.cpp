#include "daemon/core/random.hpp"

#include <pthread.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace pingjing {
namespace {

constexpr std::string_view letters = "23456789abcdefghijkmnpqrstuvwxyz";  // 32, in their order: no l, o, 0, 1

// Many at once, for libsodium goes to the kernel each time; each thread its own, for the store's draws too.
thread_local std::array<std::uint64_t, 64> drawn;
thread_local std::size_t used = drawn.size();
// A forked child must not draw what its parent draws: nonces come from here.
void throw_away() { used = drawn.size(); }

}  // namespace

std::string Random::word(int length) {
    std::string out;
    for (int i = 0; i < length; i += 12) {
        auto bits = (*this)();
        for (int k = i; k < std::min(length, i + 12); ++k, bits >>= 5) out += letters[bits & 31];
    }
    return out;
}

std::string Random::word(int length, Instant now) {
    std::string time(9, letters[0]);
    auto left = to_millis(now);
    for (auto letter = time.rbegin(); letter != time.rend(); ++letter, left >>= 5) *letter = letters[static_cast<std::size_t>(left & 31)];
    return time + word(length - 9);
}

std::uint64_t SeededRandom::operator()() {
    auto z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

std::uint64_t SystemRandom::operator()() {
    if (used == drawn.size()) {
        [[maybe_unused]] static const int watched = pthread_atfork(nullptr, nullptr, throw_away);
        randombytes_buf(drawn.data(), sizeof drawn);
        used = 0;
    }
    return std::exchange(drawn[used++], 0);
}

}  // namespace pingjing
