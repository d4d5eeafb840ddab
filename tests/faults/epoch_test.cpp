#include <doctest/doctest.h>

#include "daemon/store/epoch.hpp"
#include "tests/sim/disk.hpp"

using namespace pingjing;

static std::uint64_t facts_of(const sim::Disk& disk) { return store::read_epoch(disk, disk.folder()).value_or(store::Epoch{}).facts; }

TEST_CASE("an epoch that a restore has lowered stays low, whatever the power takes") {
    int some_were_lost = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SeededRandom random(seed);
        sim::Fired fired;
        sim::Disk disk(random, fired);
        store::EpochFile file(disk, disk.folder(), true);
        file.write({40}, false);
        file.write({59}, false);
        auto before = disk.fork();
        before->lose_power();
        some_were_lost += facts_of(*before) < 59;
        store::lower_epoch(disk, disk.folder(), 49);
        file.write({50}, false);
        disk.lose_power();
        CAPTURE(seed);
        CHECK(facts_of(disk) <= 50);  // 0: torn, and says nothing
    }
    CHECK(some_were_lost > 50);  // it is a disk that loses what was not synced
}
