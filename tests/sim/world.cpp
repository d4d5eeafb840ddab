#include "tests/sim/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "daemon/async/keep_running.hpp"
#include "daemon/core/tree.hpp"
#include "tests/sim/clocks.hpp"
#include "tests/sim/ending.hpp"
#include "tests/sim/life.hpp"
#include "tests/sim/machine.hpp"
#include "tests/sim/office.hpp"
#include "tests/sim/operators.hpp"
#include "tests/sim/police.hpp"

namespace pingjing::sim {
namespace {

class World {
public:
    World(std::uint64_t seed, const Shape& shape) : city_(seed, shape), machine_(city_), clocks_(city_, [this] { return look_at_clock(); }), office_(city_) {}

    Outcome run() {
        city_.start(clocks_.be_set());
        city_.start(push_three_days_again(city_));
        city_.alarm_clock(city_.plan.end_of_story);
        std::size_t refused = 0;
        while (city_.clock.steady() < city_.plan.end_of_story) {
            bool stands = boot();

            if (stands) live();
            if (!watch_.broken().empty()) break;
            if (stands && !life().dead && city_.clock.steady() >= city_.plan.end_of_story) break;
            if (!stands && !life().dead && ++refused > 100) {
                watch_.broken("it does not start any more");
                break;
            }
            fall(stands);
        }
        finish();
        return std::move(out_);
    }

private:
    Life& life() { return *lives_.back(); }

    // False: it does not stand. Then it is dead (the disk crashed under it), or the start was refused, for which only trouble is an excuse.
    bool boot() {
        clocks_.ask_for_the_time();
        lives_.push_back(std::make_unique<Life>());
        auto& l = life();
        machine_.put_under(l, lives_.size());
        try {
            auto why = open_life(city_, l);
            if (why.empty() && !l.dead) begin(l);
            if (l.dead) return false;
            if (why.empty()) return true;
            if (!l.troubled) watch_.broken("it does not start: " + why);
        } catch (const std::exception& error) {
            if (l.dead) return false;
            if (!l.troubled) watch_.broken(fmt::format("its start threw: {}", error.what()));
        }
        ++city_.fired["a start that failed"];
        return false;
    }

    void begin(Life& l) {
        look(l, "after a start", true);
        l.gateway->start();
        l.outside->spawn("desk", l.desk->run());
        l.outside->spawn("110 system", feed(city_, l));
        l.outside->spawn("operator", operate(city_, l));
        l.outside->spawn("reloads", reload(city_, l));
        l.outside->spawn("nightly", keep_running([&l] { return l.nightly->run(); }, [](const std::string&) {}));
        l.outside->spawn("office", office_.work(l));
    }

    void live() {
        auto& l = life();
        std::uint64_t handlers = 0;
        auto looked_at = l.disk->syncs();
        auto over = [&] {
            if (l.dead || !watch_.broken().empty()) return true;
            if (l.store->failed()) return true;  // the process ends, and another begins
            if (l.troubled && city_.clock.steady() > city_.plan.end_of_trouble) Machine::end_trouble(l);
            if (l.disk->syncs() > looked_at) {
                look(l, "after a step", false);
                looked_at = l.disk->syncs();
            }
            if (++handlers > 5'000'000) return watch_.broken("it runs wild"), true;
            auto now = city_.clock.steady();
            return (l.handlers > 0 && handlers >= l.handlers && now < city_.plan.end_of_trouble) || now >= l.dies_at || now >= city_.plan.end_of_story;
        };
        run_virtual(city_.io, over);
    }

    void look(Life& l, const std::string& when, bool whole) {
        auto quiet = l.disk->quietly();
        Disk::fail_allocation(0);
        l.store->run_now([&](store::Connection& db) {
            watch_.look(db, when, whole);
            if (when != "after a start") return;
            store::Statement sending(db, "SELECT count(*) FROM messages WHERE state = 'sending'");
            sending.step();
            if (sending.integer(0) > 0) watch_.broken(fmt::format("{} messages are still `sending` after recovery", sending.integer(0)));
        });
    }

    // Everything that is on the disk is what the next life finds; what this one does from now on, nobody sees.
    void fall(bool stood) {
        auto& old = life();
        Disk::fail_allocation(0);
        if (auto failed = Disk::failed_allocations() - old.allocations_failed; failed > 0) city_.fired["an allocation failed"] += static_cast<int>(failed);
        if (!old.dead && !stood) {  // it said why and went away; somebody starts it again
            old.gateway.reset(), old.desk.reset(), old.store.reset();
            old.disk->faults = {};
            city_.pass(std::chrono::seconds(5));
            return;
        }
        bool tidy = stood && !old.dead && city_.random.below(5) == 0;
        if (tidy) stop_tidily(old);
        machine_.outlive(old, tidy);
        city_.pass(city_.random.below(3) ? std::chrono::seconds(1) : std::chrono::seconds(city_.random.below(7200)));
    }

    void stop_tidily(Life& old) {
        ++city_.fired["a tidy stop"];
        old.disk->faults = {};
        bury(city_, old);
        run_virtual(city_.io, [&] { return old.stopped || old.dead; });
        old.gateway.reset(), old.outside.reset(), old.desk.reset(), old.store.reset();
    }

    bool look_at_clock() {
        auto& l = life();
        if (l.dead || !l.outside) return false;
        l.outside->spawn("clock", l.gateway->look_at_clock());
        return true;
    }

    void finish() {
        auto& l = life();
        if (!l.dead && l.outside) {
            bury(city_, l);
            run_virtual(city_.io, [&] { return std::ranges::all_of(lives_, [](const auto& one) { return !one->buried || one->stopped; }); });
            if (watch_.broken().empty()) check_end(l);
        }
        out_.lives = static_cast<int>(lives_.size());
        out_.questions = watch_.questions();
        if (watch_.canaries() > 0) city_.fired["a test text to staff"] += watch_.canaries();
        out_.fired = city_.fired;
        out_.broken = watch_.broken();
        out_.trace = trace(l);
    }

    std::string trace(const Life& l) const {
        std::string all = fmt::format("{:x} {}", l.disk->digest(), to_hex(watch_.seen().root()));
        for (const auto& r : watch_.all()) all += fmt::format("{} {} {} {} {}\n", r.ref, r.phone, r.channel, r.extension, r.steady.count());
        for (const auto& [name, n] : city_.fired) all += fmt::format("{} {}\n", name, n);
        return to_hex(leaf_hash(all));
    }

    void check_end(Life& l) {
        machine_.check_journal(*l.disk);
        l.store->run_now([&](store::Connection& db) {
            watch_.look(db, "at the end", true);
            Ending ending{watch_, city_.seal, city_.carriers, city_.answered, city_.plan, city_.alarmed, city_.exports, city_.clock.now()};
            if (!watch_.was_restored()) ending.check_stories(db);
            ending.check_books(db);
            ending.check_scores(db);
            ending.check_exports(db);
            if (auto erased = ending.erased_cases(db)) city_.fired["texts of a case went by their age"] += erased;
            out_.ratings = ending.ratings, out_.in_doubt = ending.in_doubt;
        });
    }

    City city_;
    Watch& watch_ = city_.watch;
    Machine machine_;
    Clocks clocks_;
    Office office_;
    std::vector<std::unique_ptr<Life>> lives_;
    Outcome out_;
};

}  // namespace

Outcome run_seed(std::uint64_t seed, const Shape& shape) { return World(seed, shape).run(); }

}  // namespace pingjing::sim
