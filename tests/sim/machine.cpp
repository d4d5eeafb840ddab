#include "tests/sim/machine.hpp"

#include <algorithm>

#include "daemon/store/backup.hpp"
#include "daemon/store/epoch.hpp"

namespace pingjing::sim {

Machine::Machine(City& city) : city_(city), disk_(std::make_shared<Disk>(city.random, city.fired)) {}

void Machine::put_under(Life& life, std::size_t number) {
    life.disk = disk_;
    life.disk->crashed = [this, &life] {
        life.dead = true;
        image_ = life.disk->fork();
    };
    draw_slowness(life);
    draw_trouble(life, number);
}

// Most disks are done before anybody else comes; on others whatever is asked for meanwhile is one commit, and stands or falls together.
void Machine::draw_slowness(Life& l) {
    constexpr Steady slowest[] = {{}, {}, std::chrono::milliseconds(20), std::chrono::milliseconds(200), std::chrono::seconds(3)};
    l.disk->slowest = slowest[city_.random.below(std::size(slowest))];
}

void Machine::draw_trouble(Life& l, std::size_t number) {
    auto& random = city_.random;
    const auto& handlers = city_.plan.handlers;
    l.handlers = number <= handlers.size() ? handlers[number - 1] : 0;
    l.loses_power = random.below(2) == 0;
    if (!city_.plan.troubled || city_.clock.steady() > city_.plan.end_of_trouble || l.handlers == 0) return;
    l.troubled = true;
    auto& f = l.disk->faults;
    auto some_step = [&] { return 1 + static_cast<std::int64_t>(random.below(std::uint64_t(1) << (2 + random.below(12)))); };
    switch (random.below(14)) {
        case 0: f.error_at_step = some_step(), f.errors = 1, may_get_over_it(l); break;
        case 1: f.error_at_step = some_step(), f.errors = 1 + static_cast<std::int64_t>(random.below(50)), may_get_over_it(l); break;
        case 2:
            f.error_at_step = some_step(), f.errors = 1'000'000'000;
            l.dies_at = city_.clock.steady() + std::chrono::minutes(10 + random.below(600));
            break;
        case 3: f.failed_sync = random.unit() * 0.1; break;
        case 4: f.short_write = random.unit() * 0.05; break;
        case 5: f.failed_read_at = static_cast<std::int64_t>(1 + random.below(60)); break;
        case 6: draw_full_disk(l); break;
        case 7: Disk::fail_allocation(static_cast<std::int64_t>(1 + random.below(20'000)), static_cast<std::int64_t>(random.below(3))); break;
        case 8: case 9: case 10: case 11: f.crash_at_step = some_step(); break;
        default: l.troubled = false;
    }
}

// Then no end is set to this life: it must be as well as before, and what hangs from then on is seen, for no new start comes to its help.
bool Machine::may_get_over_it(Life& l) {
    if (city_.random.below(2) == 0) l.handlers = 0;
    return l.handlers == 0;
}

void Machine::draw_full_disk(Life& l) {
    auto longest = may_get_over_it(l) ? 10 : 300;  // every second of it is tried again
    auto from = city_.clock.steady() + std::chrono::minutes(city_.random.below(600)), to = from + std::chrono::minutes(1 + city_.random.below(longest));
    l.disk->faults.full = [this, from, to] {
        if (city_.clock.steady() >= to) return full_before_ ? (++city_.fired["space again after a full disk"], full_before_ = false) : false;
        return full_before_ = city_.clock.steady() >= from;
    };
}

void Machine::end_trouble(Life& l) {
    l.disk->faults = {};
    Disk::fail_allocation(0);
    l.troubled = false;
}

void Machine::outlive(Life& old, bool tidy) {
    if (tidy) image_ = old.disk->fork();
    if (!image_) {
        ++city_.fired["crash between two steps"];
        image_ = old.disk->fork();
    }
    old.dead = true;
    old.disk->end();
    if (old.loses_power) image_->lose_power();
    if (!tidy) bury(city_, old);
    check_journal(*image_);
    offer_old_backup();
    disk_ = std::move(image_);
    image_.reset();
}

void Machine::check_journal(const Disk& disk) {
    std::string all;
    auto folder = std::filesystem::path(disk.folder()) / "journal";
    for (const auto& name : disk.list(folder))
        if (name.starts_with("sent.")) all += disk.read(folder / name).value_or("");
    const auto& left = city_.watch.all();
    for (; in_journal_ < left.size(); ++in_journal_)
        if (all.find(" " + left[in_journal_].ref + " ") == std::string::npos) city_.watch.broken("the sent journal lost " + left[in_journal_].ref);
}

// Somebody puts back a copy of the database, or an empty one: it must not start, or it would text people again.
void Machine::offer_old_backup() {
    auto& random = city_.random;
    bool sent_since = city_.watch.all().size() > backup_sent_;
    bool under_way = backup_ && notices_under_way() > 0;  // what a backup forgets is worst there: nobody asks for a notice, so nobody would wonder
    if (backup_ && sent_since && (random.below(3) == 0 || under_way)) {
        bool empty = random.below(4) == 0;
        ++city_.fired[empty ? "the database was lost" : "an old backup was put back"];
        if (is_refused(empty) && !empty && random.below(under_way ? 2 : 3) == 0) restore();
    }
    if (random.below(2)) backup_ = image_->copy_database(), backup_sent_ = city_.watch.all().size();
}

// Claimed since the backup was made, and not reported yet.
int Machine::notices_under_way() const {
    int n = 0;
    const auto& left = city_.watch.all();
    for (auto i = backup_sent_; i < left.size(); ++i)
        n += left[i].notice && std::none_of(city_.carriers.begin(), city_.carriers.end(), [&](const auto& c) { return c->has_reported(left[i].ref); });
    return n;
}

bool Machine::is_refused(bool empty) {
    auto other = image_->fork();
    other->put_back(empty ? Disk::Copy() : *backup_);
    auto store = store::Store::open(other->folder(), store::Store::Runner::inline_io, store::Store::Durability::full, *other);
    if (store) city_.watch.broken("an old backup was not refused");
    else if (store.error().kind != Error::Kind::conflict) city_.watch.broken("an old backup was refused for another reason: " + store.error().detail);
    return !store;
}

// A person gives up the newer store and takes the backup into use. What came after it is lost, and the 110 system sends it again.
void Machine::restore() {
    ++city_.fired["a backup was taken into use"];
    if (notices_under_way() > 0) ++city_.fired["a restore between a notice's claim and its receipt"];
    auto folder = std::filesystem::path(image_->folder());
    image_->put_back(*backup_, "/restoring");
    auto prepared = store::prepare_restored(folder, folder / "restoring", std::chrono::hours(72), city_.clock.now(), *image_);
    if (!prepared) return city_.watch.broken("a backup cannot be taken into use: " + prepared.error().detail);
    image_->put_back(image_->copy_database("/restoring"));
    image_->remove_folder("/restoring");
    store::lower_epoch(*image_, folder, 0);
    city_.watch.restored();
    for (const auto& batch : city_.answered) city_.plan.batches.emplace(city_.clock.steady(), batch);
    city_.answered.clear();
}

}  // namespace pingjing::sim
