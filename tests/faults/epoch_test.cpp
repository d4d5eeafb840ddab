#include <doctest/doctest.h>

#include "daemon/store/epoch.hpp"
#include "tests/sim/disk.hpp"

using namespace pingjing;

TEST_CASE("an epoch that a restore has lowered stays low, whatever the power takes") {
    int some_were_lost = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SeededRandom random(seed);
        sim::Fired fired;
        sim::Disk disk(random, fired);
        store::write_epoch(disk, disk.folder(), 40);
        store::write_epoch(disk, disk.folder(), 59);
        auto before = disk.fork();
        before->lose_power();
        some_were_lost += store::read_epoch(*before, disk.folder()) < 59;
        store::lower_epoch(disk, disk.folder(), 49);
        store::write_epoch(disk, disk.folder(), 50);
        disk.lose_power();
        CAPTURE(seed);
        auto epoch = store::read_epoch(disk, disk.folder());
        CHECK(epoch <= 50);  // 0: torn, and says nothing
    }
    CHECK(some_were_lost > 50);  // it is a disk that loses what was not synced
}
