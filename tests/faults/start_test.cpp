#include <doctest/doctest.h>

#include "daemon/store/backup.hpp"
#include "daemon/store/epoch.hpp"
#include "daemon/store/schema.hpp"
#include "tests/faults/faults.hpp"
#include "tests/support/dump.hpp"
#include "tests/support/old_store.hpp"

using namespace pingjing;
using namespace pingjing::test;

namespace {

using DiskPtr = std::shared_ptr<sim::Disk>;

// As a daemon that was killed leaves it: everything of the last hours in the WAL.
DiskPtr killed() {
    Office office;
    REQUIRE(office.does(operation("take_batch")));
    REQUIRE(office.does(operation("claim")));
    return office.disk()->fork();
}
DiskPtr stopped() {
    Office office;
    REQUIRE(office.does(operation("claim")));
    office.close();
    return office.disk();
}
// As an earlier pingjing left it.
DiskPtr old() {
    auto disk = stopped();
    test::write_old_store(disk->folder() + "/pingjing.db", disk->folder() + "/old.db", 1, disk->vfs());
    disk->rename(disk->folder() + "/old.db", disk->folder() + "/pingjing.db");
    store::EpochFile(*disk, disk->folder(), true).write({}, true);  // how large the file was is of the new one
    return disk;
}

std::string found_by_a_start(DiskPtr disk) { return Office(std::move(disk)).everything(); }

// How often it failed. Whatever is refused is said to be a matter of the disk, never that the store is older than it was.
int starts_failing(const Fault& fault, const DiskPtr& state) {
    auto whole = found_by_a_start(state->fork());
    int failed = 0;
    for (int n = 1;; n += every_occasion() ? 1 : 1 + n / 12) {
        CAPTURE(fault.name);
        CAPTURE(n);
        auto disk = state->fork();
        fault.arm(*disk, nullptr, n);
        std::string why;
        {
            auto store = store::Store::open(disk->folder(), store::Store::Runner::inline_io, store::Store::Durability::full, *disk);
            if (!store) {
                why = store.error().detail;
                CHECK_MESSAGE(store.error().kind == Error::Kind::unavailable, why);
            }
        }
        fault.disarm(*disk);
        failed += !why.empty();
        REQUIRE(found_by_a_start(disk) == whole);
        if (!fault.fired()) break;
    }
    return failed;
}

void starts_failing_anyhow(const DiskPtr& state) {
    for (const auto& fault : all_disk_faults()) {
        auto failed = starts_failing(fault, state);
        if (!fault.name.starts_with("the disk is full")) CHECK_MESSAGE(failed > 0, fault.name);  // without an upgrade nothing has to grow
    }
}

}  // namespace

TEST_CASE("a start that fails anywhere says so, and the next one finds everything: after a tidy stop") { starts_failing_anyhow(stopped()); }
TEST_CASE("a start that fails anywhere says so, and the next one finds everything: after a kill") { starts_failing_anyhow(killed()); }
TEST_CASE("a start that fails anywhere says so, and the next one finds everything: with an upgrade in it") { starts_failing_anyhow(old()); }

TEST_CASE("a backup that is taken into use while the disk fails anywhere harms nothing, and is run again") {
    Office office;
    office.close();
    auto copy = office.disk()->copy_database();
    Office since(office.disk());
    REQUIRE(since.does(operation("claim")));  // the journal knows more than the copy
    since.close();
    auto state = since.disk();
    auto prepare = [&](sim::Disk& disk) {
        disk.remove_folder("/restoring");
        disk.put_back(copy, "/restoring");
        seed_office();
        std::filesystem::path folder(disk.folder());
        return store::prepare_restored(folder, folder / "restoring", std::chrono::hours(72), noon, disk);
    };
    auto restored = [](const sim::Disk& disk) {
        store::Connection db(disk.folder() + "/restoring/pingjing.db", store::Connection::Access::read_only, disk.vfs());
        return dump(db);
    };
    auto reference = state->fork();
    auto done = prepare(*reference);
    REQUIRE_MESSAGE(done, (done ? "" : done.error().detail));
    CHECK(done->maybe_sent == 1);
    auto wanted = restored(*reference), whole = found_by_a_start(state->fork());

    for (const auto& fault : all_disk_faults())
        for (int n = 1;; n += every_occasion() ? 1 : 1 + n / 6) {
            CAPTURE(fault.name);
            CAPTURE(n);
            auto disk = state->fork();
            disk->put_back(copy, "/restoring");
            fault.arm(*disk, nullptr, n);
            bool said_yes = false;
            try {
                std::filesystem::path folder(disk->folder());
                said_yes = store::prepare_restored(folder, folder / "restoring", std::chrono::hours(72), noon, *disk).has_value();
            } catch (const std::exception&) {  // restore() makes an error of it
            }
            fault.disarm(*disk);
            CHECK(found_by_a_start(disk->fork()) == whole);
            auto again = said_yes ? Result<store::Restored>(store::Restored()) : prepare(*disk);
            REQUIRE_MESSAGE(again, (again ? "" : again.error().detail));
            REQUIRE(restored(*disk) == wanted);
            if (!fault.fired()) break;
        }
}
