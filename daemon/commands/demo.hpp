// `pingjing demo`: thirty days and one long day of an invented city through the real daemon code, a real SQLite file and a
// simulated carrier, on virtual time.
#pragma once
#include <cstdint>
#include <string>

namespace pingjing::commands {

struct DemoOptions {
    int calls = 2400;           // of the last day; each of the thirty days before it has a quarter of them
    std::uint64_t seed = 1;
    bool serve = false;
    std::string keep{};         // state folder to leave behind; empty: a temporary one
};
int demo(const DemoOptions& options);

}  // namespace pingjing::commands
