#include "tests/faults/faults.hpp"

#include <cstdlib>
#include <optional>

#include "tests/support/fail_after.hpp"

namespace pingjing::test {
namespace {

void heal(sim::Disk& disk) {
    sim::Disk::fail_allocation(0);
    disk.faults = {};
}

}  // namespace

bool every_occasion() {
    static const bool every = std::getenv("PINGJING_EVERY_FAULT") != nullptr;
    return every;
}

Fault interrupted() {
    auto fault = std::make_shared<std::optional<FailAfter>>();
    auto hit = std::make_shared<bool>(false);
    auto disarm = [fault, hit](sim::Disk&) {
        *hit = *fault && (*fault)->left() <= 0;
        fault->reset();
    };
    return {"SQLite is interrupted", false, true, [fault](sim::Disk&, store::Connection* db, int n) { fault->emplace(*db, n); }, [hit] { return *hit; }, disarm};
}

Fault disk_error(bool for_ever) {
    auto at = std::make_shared<std::pair<sim::Disk*, std::int64_t>>();
    auto hit = std::make_shared<bool>(false);
    auto arm = [=](sim::Disk& disk, store::Connection*, int n) {
        *at = {&disk, disk.steps() + n};
        disk.faults.error_at_step = at->second, disk.faults.errors = for_ever ? 1'000'000'000 : 1;
    };
    auto disarm = [=](sim::Disk& disk) {
        *hit = disk.steps() >= at->second;
        heal(disk);
    };
    return {for_ever ? "the disk fails for ever" : "the disk fails once", for_ever, false, arm, [hit] { return *hit; }, disarm};
}

Fault disk_full(bool for_ever) {
    auto left = std::make_shared<int>();
    auto arm = [=](sim::Disk& disk, store::Connection*, int n) {
        *left = n;
        disk.faults.full = [=] { return --*left <= 0 && (for_ever || *left == 0); };
    };
    return {for_ever ? "the disk is full and stays so" : "the disk is full for a moment", for_ever, false, arm, [left] { return *left <= 0; }, heal};
}

Fault no_memory(bool for_ever) {
    auto before = std::make_shared<std::int64_t>();
    auto arm = [=](sim::Disk&, store::Connection*, int n) {
        *before = sim::Disk::failed_allocations();
        sim::Disk::fail_allocation(n, for_ever ? 1'000'000'000 : 0);
    };
    return {for_ever ? "there is no memory any more" : "an allocation fails", for_ever, false, arm, [before] { return sim::Disk::failed_allocations() > *before; }, heal};
}

Fault bad_read() {
    auto hit = std::make_shared<bool>(false);
    auto before = std::make_shared<std::int64_t>();
    auto arm = [=](sim::Disk& disk, store::Connection*, int n) {
        *before = disk.reads();
        disk.faults.failed_read_at = *before + n;
    };
    auto disarm = [=](sim::Disk& disk) {
        *hit = disk.reads() >= disk.faults.failed_read_at;
        heal(disk);
    };
    return {"a read fails", false, false, arm, [hit] { return *hit; }, disarm};
}

std::vector<Fault> all_disk_faults() { return {disk_error(false), disk_error(true), disk_full(false), disk_full(true), no_memory(false), no_memory(true), bad_read()}; }

}  // namespace pingjing::test
