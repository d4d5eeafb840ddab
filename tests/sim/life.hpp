// One life of the daemon: from its start on a disk until it stops, dies or loses its power. The gateway is the real one; its end of the link,
// the people on duty and the desks are the simulation's.
#pragma once
#include <memory>
#include <string>

#include "daemon/async/task_group.hpp"
#include "daemon/desk/desk.hpp"
#include "daemon/gateway.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/nightly.hpp"
#include "tests/sim/city.hpp"
#include "tests/sim/disk.hpp"

namespace pingjing::sim {

struct Life {
    std::shared_ptr<Disk> disk{};
    bool dead = false, buried = false, stopped = false;
    std::int64_t allocations_failed = Disk::failed_allocations();
    std::uint64_t handlers = 0;              // after so many it ends; 0: not by that
    Steady dies_at = Steady::max();
    bool loses_power = false, troubled = false;
    std::unique_ptr<store::Store> store{};
    std::unique_ptr<desk::Desk> desk{};
    std::unique_ptr<Gateway> gateway{};
    std::unique_ptr<intake::Intake> intake{};
    std::unique_ptr<Nightly> nightly{};
    std::unique_ptr<TaskGroup> outside{};    // those who use it
};

// Opens the store and builds what stands on it; nothing runs yet. Returns why it does not stand, or nothing.
std::string open_life(City& city, Life& life);
// Stops it, or what is left of it; says in `stopped` when that is done.
void bury(City& city, Life& life);

}  // namespace pingjing::sim
