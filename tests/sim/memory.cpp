#include "tests/sim/memory.hpp"

#include <sqlite3.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace pingjing::sim {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool keeps_pieces = false;  // the sanitizer must see every piece
#else
constexpr bool keeps_pieces = true;
#endif

// Before each piece stands how long it is, without this.
struct Head { std::uint64_t size; };

// Lists by length: every 16 bytes up to 1 KiB, then every 512 up to a page of the database and what SQLite keeps beside it.
constexpr std::uint64_t small_step = 16, small_most = 1024, large_step = 512, large_most = 16 * 512 + 1024;
constexpr std::size_t small_lists = small_most / small_step + 1, lists = small_lists + large_most / large_step + 1;
constexpr std::size_t carved_at_once = 64 * 1024;

struct Free { Free* next; };
std::array<Free*, lists> free_pieces{};
char* uncarved = nullptr;
std::size_t uncarved_bytes = 0;

std::uint64_t rounded(std::uint64_t n) {
    auto step = n <= small_most ? small_step : large_step;
    return n > large_most ? (n + 7) / 8 * 8 : (n + step - 1) / step * step;
}
std::size_t list_of(std::uint64_t size) { return size <= small_most ? size / small_step : small_lists + size / large_step; }

void* carve(std::uint64_t size) {
    auto whole = size + sizeof(Head);
    if (uncarved_bytes < whole) {
        uncarved = static_cast<char*>(std::malloc(carved_at_once));
        uncarved_bytes = uncarved ? carved_at_once : 0;
        if (!uncarved) return nullptr;
    }
    auto* head = new (uncarved) Head{size};
    uncarved += whole, uncarved_bytes -= whole;
    return head + 1;
}

Head& head_of(void* piece) { return *(static_cast<Head*>(piece) - 1); }

void* take(int wanted) {
    auto size = rounded(static_cast<std::uint64_t>(wanted));
    if (!keeps_pieces || size > large_most) {
        auto* place = std::malloc(size + sizeof(Head));
        return place ? new (place) Head{size} + 1 : nullptr;
    }
    auto& list = free_pieces[list_of(size)];
    if (!list) return carve(size);
    auto* piece = list;
    list = piece->next;
    return piece;
}

void give_back(void* piece) {
    auto size = head_of(piece).size;
    if (!keeps_pieces || size > large_most) return std::free(&head_of(piece));
    auto& list = free_pieces[list_of(size)];
    list = new (piece) Free{list};
}

int size_of(void* piece) { return piece ? static_cast<int>(head_of(piece).size) : 0; }

void* take_longer(void* piece, int wanted) {
    if (size_of(piece) >= wanted) return piece;
    auto* longer = take(wanted);
    if (!longer) return nullptr;
    std::memcpy(longer, piece, head_of(piece).size);
    give_back(piece);
    return longer;
}

int round_up(int n) { return static_cast<int>(rounded(static_cast<std::uint64_t>(n))); }

}  // namespace

void give_sqlite_quick_memory() {
    static const sqlite3_mem_methods methods = {take, give_back, take_longer, size_of, round_up, [](void*) { return SQLITE_OK; }, [](void*) {}, nullptr};
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

}  // namespace pingjing::sim
