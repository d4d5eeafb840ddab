// Things that go wrong at their n-th occasion, once or from then on.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "tests/faults/office.hpp"
#include "tests/faults/operations.hpp"

namespace pingjing::test {

struct Fault {
    std::string name;
    bool for_ever = false;
    bool may_stand = false;  // a COMMIT may say no and have happened
    std::function<void(sim::Disk&, store::Connection*, int n)> arm;
    std::function<bool()> fired;
    std::function<void(sim::Disk&)> disarm;
};

Fault interrupted();  // SQLite at its n-th step: needs a connection
Fault disk_error(bool for_ever);
Fault disk_full(bool for_ever);  // of what grows a file
Fault no_memory(bool for_ever);  // SQLite's
Fault bad_read();
// All that need no connection yet.
std::vector<Fault> all_disk_faults();

// With PINGJING_EVERY_FAULT=1 every occasion is tried; else they come ever further apart.
bool every_occasion();

}  // namespace pingjing::test
