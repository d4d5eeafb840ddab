#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "daemon/log/log.hpp"
#include "tests/sim/chance.hpp"

// Before SQLite is first used.
int main(int argc, char** argv) {
    pingjing::sim::seed_all_chance(1);
    pingjing::log::configure(pingjing::log::Level::error, [](std::string_view) {}, nullptr);
    doctest::Context context(argc, argv);
    return context.run();
}
