#include "tests/sim/world.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstring>
#include <memory>
#include <optional>

#include "daemon/core/tree.hpp"
#include "daemon/desk/desk.hpp"
#include "daemon/gateway.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/log/log.hpp"
#include "daemon/reply/read.hpp"
#include "daemon/store/backup.hpp"
#include "daemon/store/epoch.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/overrides.hpp"
#include "tests/sim/chance.hpp"
#include "tests/sim/ending.hpp"

namespace pingjing::sim {
namespace {

bool inside(const std::vector<std::pair<Steady, Steady>>& spans, Steady t) {
    for (const auto& [from, to] : spans)
        if (t >= from && t < to) return true;
    return false;
}

// The daemon's end of the link, for one life.
class Link final : public provider::Provider {
public:
    Link(Carrier& carrier, const bool& dead, bool extension) : carrier_(carrier), dead_(dead) {
        abilities_.extension = extension;
        abilities_.echoes_ref = true;
    }
    const provider::Abilities& abilities() const override { return abilities_; }
    asio::awaitable<provider::Outcome> submit(provider::Submission submission) override {
        if (dead_) co_return provider::Retry{"no longer of this world"};
        auto fate = carrier_.take(submission);
        if (fate.late) carrier_.say_late(std::chrono::seconds(60), submission.ref, *fate.late);
        if (!fate.outcome) co_await sleep_for(std::chrono::hours(1));  // the dispatcher gives up first
        co_await sleep_for(fate.answer_after);
        co_return *fate.outcome;
    }
    asio::awaitable<void> serve(provider::Sink& sink) override { co_await carrier_.serve(sink, dead_); }
    std::string describe() const override { return "simulated"; }

private:
    Carrier& carrier_;
    const bool& dead_;
    provider::Abilities abilities_;
};

class World {
public:
    World(std::uint64_t seed, const Shape& shape) : random_(seed), clock_(*parse_rfc3339("2026-11-20T06:00:00+08:00")), watch_(clock_), shape_(shape) {
        seed_all_chance(seed);
        use_virtual_time(io_, clock_);
        plan_ = draw_plan(random_, clock_.now(), shape);
        settings_ = plan_.settings;
        for (std::size_t c = 0; c < settings_.channels.size(); ++c) {
            const auto& channel = settings_.channels[c];
            Carrier::World world{io_.get_executor(), clock_, random_, fired_, watch_};
            carriers_.push_back(std::make_unique<Carrier>(std::move(world), channel.name, channel.source, plan_.faults[c], plan_.hooks));
            for (const auto& [from, to] : plan_.outages[c]) carriers_[c]->outage(from, to);
            for (const auto& [from, to] : plan_.black_holes[c]) carriers_[c]->black_hole(from, to);
            watch_.tps(channel.name, channel.tps);
        }
        if (carriers_.size() > 1) carriers_[0]->other = carriers_[1].get(), carriers_[1]->other = carriers_[0].get();
        disk_ = std::make_shared<Disk>(random_, fired_);
    }

    Outcome run() {
        start(set_clocks());
        start(push_three_days_again());
        alarm_clock(end_of_story);
        std::size_t refused = 0;
        while (clock_.steady() < end_of_story) {
            bool stands = boot();

            if (stands) live();
            if (!watch_.broken().empty()) break;
            if (stands && !life().dead && clock_.steady() >= end_of_story) break;
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
    struct Life;
    // The people on duty: they hear an alarm, or do not, or we do not hear that they did.
    class Duty final : public desk::Sink {
    public:
        Duty(World& world, const Life& life) : world_(world), life_(life) {}
        asio::awaitable<Result<void>> deliver(desk::Alarm alarm) override {
            co_await sleep_for(std::chrono::milliseconds(300));
            if (life_.dead) co_return fail(Error::Kind::unavailable, "no longer of this world");
            if (inside(world_.plan_.desk_down, world_.clock_.steady())) co_return world_.refuse("desk down");
            if (world_.happens(world_.plan_.desk_fails, "desk says 500")) co_return fail(Error::Kind::unavailable, "500");
            world_.alarmed_.insert(alarm.phone.reveal());
            if (world_.happens(world_.plan_.desk_unheard, "desk's answer was lost")) throw std::runtime_error("reset by peer");
            co_return Result<void>();
        }

    private:
        World& world_;
        const Life& life_;
    };

    struct Life {
        std::shared_ptr<Disk> disk{};
        bool dead = false, stopped = false;
        std::int64_t allocations_failed = Disk::failed_allocations();
        std::uint64_t handlers = 0;
        Steady dies_at = Steady::max();
        bool loses_power = false, troubled = false;
        std::unique_ptr<store::Store> store{};
        std::unique_ptr<desk::Desk> desk{};
        std::unique_ptr<Gateway> gateway{};
        std::unique_ptr<intake::Intake> intake{};
        std::unique_ptr<TaskGroup> outside{};
    };
    Life& life() { return *lives_.back(); }

    bool happens(double share, const char* name) {
        if (share <= 0 || random_.unit() >= share) return false;
        ++fired_[name];
        return true;
    }
    Result<void> refuse(const char* name) {
        ++fired_[name];
        return fail(Error::Kind::unavailable, name);
    }
    void start(asio::awaitable<void> task) {
        auto done = [](std::exception_ptr) {};
        asio::co_spawn(io_, std::move(task), done);
    }
    // Something to wait for, or virtual time would stand still before `when`.
    void alarm_clock(Steady when) {
        auto wait = [](World& world, Steady until) -> asio::awaitable<void> {
            if (until > world.clock_.steady()) co_await sleep_for(until - world.clock_.steady());
        };
        start(wait(*this, when));
    }
    void pass(Steady time) {
        auto until = clock_.steady() + time;
        alarm_clock(until);
        run_virtual(io_, [&] { return clock_.steady() >= until; });
    }

    // --- a life ----------------------------------------------------------------------------------------------------------

    // What will go wrong with its disk and its memory.
    void draw_trouble(Life& l) {
        l.handlers = lives_.size() <= plan_.handlers.size() ? plan_.handlers[lives_.size() - 1] : 0;
        l.loses_power = random_.below(2) == 0;
        if (!plan_.troubled || clock_.steady() > end_of_trouble || l.handlers == 0) return;
        l.troubled = true;
        auto& f = l.disk->faults;
        auto some_step = [&] { return 1 + static_cast<std::int64_t>(random_.below(std::uint64_t(1) << (2 + random_.below(12)))); };
        switch (random_.below(14)) {
            case 0: f.error_at_step = some_step(), f.errors = 1; break;
            case 1: f.error_at_step = some_step(), f.errors = 1 + static_cast<std::int64_t>(random_.below(50)); break;
            case 2:
                f.error_at_step = some_step(), f.errors = 1'000'000'000;
                l.dies_at = clock_.steady() + std::chrono::minutes(10 + random_.below(600));
                break;
            case 3: f.failed_sync = random_.unit() * 0.1; break;
            case 4: f.short_write = random_.unit() * 0.05; break;
            case 5: f.failed_read_at = static_cast<std::int64_t>(1 + random_.below(60)); break;
            case 6: {
                auto from = clock_.steady() + std::chrono::minutes(random_.below(600)), to = from + std::chrono::minutes(1 + random_.below(300));
                f.full = [this, from, to] {
                    if (clock_.steady() >= to) return full_before_ ? (++fired_["space again after a full disk"], full_before_ = false) : false;
                    return full_before_ = clock_.steady() >= from;
                };
                break;
            }
            case 7: Disk::fail_allocation(static_cast<std::int64_t>(1 + random_.below(20'000)), static_cast<std::int64_t>(random_.below(3))); break;
            case 8: case 9: case 10: case 11: f.crash_at_step = some_step(); break;
            default: l.troubled = false;
        }
    }

    static void end_trouble(Life& l) {
        l.disk->faults = {};
        Disk::fail_allocation(0);
        l.troubled = false;
    }

    // What went wrong in this life, so that it may have failed.
    bool has_excuse(const Life& l) const { return l.troubled; }

    // False: it does not stand. Then it is dead (the disk crashed under it), or the start was refused.
    bool boot() {
        if (watch_.clock_is_off() && unnoticed_) set_right();  // a machine asks for the time when it starts
        lives_.push_back(std::make_unique<Life>());
        auto& l = life();
        l.disk = disk_;
        l.disk->crashed = [this, &l] {
            l.dead = true;
            image_ = l.disk->fork();
        };
        draw_trouble(l);
        try {
            auto why = open(l);
            if (l.dead) return false;
            if (why.empty()) return true;
            if (!has_excuse(l)) watch_.broken("it does not start: " + why);
        } catch (const std::exception& error) {
            if (l.dead) return false;
            if (!has_excuse(l)) watch_.broken(fmt::format("its start threw: {}", error.what()));
        }
        ++fired_["a start that failed"];
        return false;
    }

    std::string open(Life& l) {
        auto store = store::Store::open(l.disk->folder(), store::Store::Runner::inline_io, store::Store::Durability::full, *l.disk);
        if (!store) {
            if (store.error().kind != Error::Kind::unavailable) watch_.broken("the store is refused after a mere crash: " + store.error().detail);
            return store.error().detail;
        }
        l.store = std::move(*store);
        auto settings = settings_;
        bool extension = settings.channels[0].extension_digits > 0;
        for (std::size_t c = 0; c < settings.channels.size(); ++c)
            settings.channels[c].adapter = provider::Make([this, c, &l, extension](provider::World&) { return std::make_unique<Link>(*carriers_[c], l.dead, extension); });
        l.desk = std::make_unique<desk::Desk>(io_.get_executor(), *l.store, seal_, clock_, std::make_unique<Duty>(*this, l), nullptr, desk::Patience{}, std::chrono::hours(1));
        GatewayHints hints;
        hints.alarms = [d = l.desk.get()] { d->wake(); };
        hints.unkept = [this, &l](const std::string&, const provider::InboundText& text) {
            if (l.dead || !reply::read(Scale::three_110, text.text.reveal()).emergency) return;
            ++fired_["an alarm from memory"];
            l.desk->alarm_now(desk::Alarm(random_.word(20), clock_.now(), text.from, text.text));
        };
        GatewayWorld world{io_.get_executor(), *l.store, seal_, clock_, random_, nullptr, std::chrono::hours(1)};
        auto gateway = Gateway::build(std::move(settings), std::move(world), std::move(hints));
        if (!gateway) return gateway.error().detail;
        l.gateway = std::move(*gateway);
        l.intake = std::make_unique<intake::Intake>(*l.store, seal_, random_);
        if (l.dead) return {};
        look(l, "after a start", true);
        l.outside = std::make_unique<TaskGroup>(io_.get_executor(), [this, &l](const std::string& task, std::exception_ptr) {
            if (!l.dead) watch_.broken(task + " threw");
        });
        l.gateway->start();
        l.outside->spawn("desk", l.desk->run());
        l.outside->spawn("110 system", feed(l));
        l.outside->spawn("operator", operate(l));
        l.outside->spawn("reloads", reload(l));
        return {};
    }

    void live() {
        auto& l = life();
        std::uint64_t handlers = 0;
        auto looked_at = l.disk->syncs();
        auto over = [&] {
            if (l.dead || !watch_.broken().empty()) return true;
            if (l.store->failed()) return true;  // the process ends, and another begins
            if (l.troubled && clock_.steady() > end_of_trouble) end_trouble(l);
            if (l.disk->syncs() > looked_at) {
                look(l, "after a step", false);
                looked_at = l.disk->syncs();
            }
            if (++handlers > 5'000'000) return watch_.broken("it runs wild"), true;
            return (l.handlers > 0 && handlers >= l.handlers && clock_.steady() < end_of_trouble) || clock_.steady() >= l.dies_at || clock_.steady() >= end_of_story;
        };
        run_virtual(io_, over);
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
        if (auto failed = Disk::failed_allocations() - old.allocations_failed; failed > 0) fired_["an allocation failed"] += static_cast<int>(failed);
        if (!old.dead && !stood) {  // it said why and went away; somebody starts it again
            old.gateway.reset(), old.desk.reset(), old.store.reset();
            old.disk->faults = {};
            pass(std::chrono::seconds(5));
            return;
        }
        bool tidy = stood && !old.dead && random_.below(5) == 0;
        if (tidy) {
            ++fired_["a tidy stop"];
            old.disk->faults = {};
            bury(old);
            run_virtual(io_, [&] { return old.stopped || old.dead; });
            old.gateway.reset(), old.outside.reset(), old.desk.reset(), old.store.reset();
            image_ = old.disk->fork();
        }
        if (!image_) {
            ++fired_["crash between two steps"];
            image_ = old.disk->fork();
        }
        old.dead = true;
        old.disk->end();
        if (old.loses_power) image_->lose_power();
        if (!tidy) bury(old);
        check_journal(*image_);
        offer_old_backup();
        disk_ = std::move(image_);
        image_.reset();
        pass(random_.below(3) ? std::chrono::seconds(1) : std::chrono::seconds(random_.below(7200)));
    }

    void bury(Life& l) {
        auto burial = [](Life& dead) -> asio::awaitable<void> {
            if (dead.outside) {
                dead.outside->stop();
                co_await dead.outside->join();
            }
            if (dead.gateway) co_await dead.gateway->stop();
            dead.stopped = true;
        };
        start(burial(l));
    }

    // Whatever left for a citizen stands in the sent journal, whatever the power did to it.
    void check_journal(const Disk& disk) {
        std::string all;
        auto folder = std::filesystem::path(disk.folder()) / "journal";
        for (const auto& name : disk.list(folder))
            if (name.starts_with("sent.")) all += disk.read(folder / name).value_or("");
        for (; in_journal_ < watch_.all().size(); ++in_journal_)
            if (all.find(" " + watch_.all()[in_journal_].ref + " ") == std::string::npos) watch_.broken("the sent journal lost " + watch_.all()[in_journal_].ref);
    }

    // Somebody puts back a copy of the database, or an empty one: it must not start, or it would text people again.
    void offer_old_backup() {
        bool sent_since = watch_.all().size() > backup_sent_;
        if (backup_ && sent_since && random_.below(3) == 0) {
            bool empty = random_.below(4) == 0;
            ++fired_[empty ? "the database was lost" : "an old backup was put back"];
            auto other = image_->fork();
            other->put_back(empty ? Disk::Copy() : *backup_);
            auto store = store::Store::open(other->folder(), store::Store::Runner::inline_io, store::Store::Durability::full, *other);
            if (store) watch_.broken("an old backup was not refused");
            else if (store.error().kind != Error::Kind::conflict) watch_.broken("an old backup was refused for another reason: " + store.error().detail);
            if (!empty && !store && random_.below(3) == 0) restore();
        }
        if (random_.below(2)) backup_ = image_->copy_database(), backup_sent_ = watch_.all().size();
    }

    // A person gives up the newer store and takes the backup into use. What came after it is lost, and the 110 system sends it again.
    void restore() {
        ++fired_["a backup was taken into use"];
        auto folder = std::filesystem::path(image_->folder());
        image_->put_back(*backup_, "/restoring");
        auto prepared = store::prepare_restored(folder, folder / "restoring", std::chrono::hours(72), clock_.now(), *image_);
        if (!prepared) return watch_.broken("a backup cannot be taken into use: " + prepared.error().detail);
        image_->put_back(image_->copy_database("/restoring"));
        image_->remove_folder("/restoring");
        store::lower_epoch(*image_, folder, 0);
        watch_.restored();
        for (const auto& batch : answered_) plan_.batches.emplace(clock_.steady(), batch);
        answered_.clear();
    }

    // --- the world around it ---------------------------------------------------------------------------------------------

    // A 110 system: sends each batch until it was answered.
    asio::awaitable<void> feed(Life& l) {
        for (;;) {
            if (plan_.batches.empty()) {
                co_await sleep_for(std::chrono::hours(1));
                continue;
            }
            auto next = plan_.batches.begin();
            if (next->first > clock_.steady()) {
                co_await sleep_for(std::min<Steady>(next->first - clock_.steady(), std::chrono::hours(1)));  // what is sent anew comes between
                continue;
            }
            if (inside(plan_.police_down, clock_.steady())) {
                ++fired_["110 system down"];
                co_await sleep_for(std::chrono::minutes(30));
                continue;
            }
            if (l.dead) co_return;
            auto key = next->first;
            auto batch = next->second;
            bool taken = co_await give(l, batch);
            if (l.dead) co_return;  // the answer never arrived
            if (!taken || happens(plan_.police_unheard, "110 system did not hear our answer")) {
                co_await sleep_for(std::chrono::minutes(taken ? 1 : 10));
                continue;
            }
            auto [from, to] = plan_.batches.equal_range(key);
            for (auto it = from; it != to; ++it)
                if (it->second.ndjson == batch.ndjson) {
                    plan_.batches.erase(it);
                    break;
                }
            auto [first, last] = plan_.safety.equal_range(batch.ndjson);
            for (auto it = first; it != last; ++it) put_on_hold(batch.ndjson, it->second);
            answered_.push_back(std::move(batch));
            l.gateway->dispatcher().wake();
        }
    }

    void put_on_hold(const std::string& ndjson, const std::string& record) {
        auto at = ndjson.find("138");
        watch_.safety().try_emplace(record, SafetyCall{ndjson.substr(at, 11), record, clock_.steady()});
    }

    asio::awaitable<bool> give(Life& l, const Batch& batch) {
        intake::Document document{.bytes = batch.ndjson, .content_type = "application/x-ndjson"};
        auto rules = record_rules(l.gateway->settings(), clock_.now());
        auto site = l.gateway->rules();
        std::string why;
        try {
            auto taken = co_await l.intake->take(document, rules, *site, "sim");
            if (taken) co_return heard(*taken);
            why = taken.error().detail;
        } catch (const store::SqlError&) {  // 503: the 110 system tries again
            ++fired_["110 system was told to come again"];
            co_return false;
        }
        watch_.broken("intake refused a batch: " + why);
        co_return false;
    }

    // A row that was rejected is not ours: with a clock that is behind, a call was closed in the future. It comes again.
    bool heard(const std::vector<intake::RowAnswer>& answers) {
        for (const auto& answer : answers)
            if (answer.outcome == "rejected") {
                ++fired_["a call from the future was rejected"];
                if (!watch_.clock_is_off()) watch_.broken(fmt::format("{} was rejected: {} {}", answer.id, answer.reason, answer.detail));
                return false;
            }
        return true;
    }

    asio::awaitable<void> push_three_days_again() {
        if (plan_.push_again == Steady::max()) co_return;
        co_await sleep_for(plan_.push_again);
        ++fired_["110 system sent three days again"];
        for (const auto& batch : answered_) plan_.batches.emplace(clock_.steady(), batch);
    }

    // A person who looks every few hours, lets go on what was stopped, and now and then stops everything.
    asio::awaitable<void> operate(Life& l) {
        for (;;) {
            co_await sleep_for(std::chrono::hours(3));
            if (l.dead) co_return;
            try {
                for (const auto& channel : l.gateway->dispatcher().status()) {
                    if (channel.state != "stopped") continue;
                    ++fired_["operator let a silent channel go on"];
                    l.gateway->dispatcher().release(channel.name);
                }
                co_await release_holds(l);
                if (clock_.steady() < end_of_trouble && !watch_.clock_is_off() && happens(plan_.operator_resends, "operator resent at his own risk")) co_await resend(l);
                if (clock_.steady() < end_of_trouble && happens(plan_.operator_stops, "operator stopped everything")) co_await stop_for_an_hour(l);
            } catch (const store::SqlError&) {
                // The command failed; he looks again later.
            }
        }
    }

    asio::awaitable<void> release_holds(Life& l) {
        if (watch_.clock_is_off()) co_return;
        watch_.stopped(false);
        auto now = clock_.now();
        auto work = [now](store::Connection& db) {
            int released = 0;
            for (const auto& hold : store::active_holds(db)) released += store::release_holds(db, hold.of, hold.channel, "looked at it", now);
            return released;
        };
        int released = co_await l.store->run(work);
        if (released > 0 && !l.dead) fired_["operator released a hold"] += released;
        l.gateway->dispatcher().wake();
    }

    asio::awaitable<void> stop_for_an_hour(Life& l) {
        auto now = clock_.now();
        auto work = [now](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "wait", now); };
        co_await l.store->run(work);
        if (l.dead) co_return;
        watch_.stopped(true);
        co_await sleep_for(std::chrono::hours(1));
        if (!l.dead) co_await release_holds(l);
    }

    asio::awaitable<void> resend(Life& l) {
        auto now = clock_.now();
        struct Doubtful { std::string ref, record; };
        std::optional<Doubtful> chosen;
        auto find = [&chosen](store::Connection& db) {
            store::Statement doubtful(db, "SELECT m.ref, c.record FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.state IN ('in_doubt', 'unknown') AND m.purpose = 'survey' ORDER BY m.id");
            if (doubtful.step()) chosen = Doubtful{doubtful.text(0), doubtful.text(1)};
        };
        co_await l.store->run(std::ref(find));
        if (!chosen || l.dead) co_return;
        watch_.may_be_asked_again(chosen->ref);
        auto work = [&](store::Connection& db) { return store::resend_case(db, seal_, chosen->record, "sim", now).has_value(); };
        co_await l.store->run(std::ref(work));
        l.gateway->dispatcher().wake();
    }

    // New texts, delays and hours while it runs; a configuration that is wrong changes nothing.
    asio::awaitable<void> reload(Life& l) {
        while (!plan_.reloads.empty()) {
            auto at = plan_.reloads.front();
            if (at > clock_.steady()) co_await sleep_for(at - clock_.steady());
            if (l.dead || plan_.reloads.empty()) co_return;
            plan_.reloads.erase(plan_.reloads.begin());
            auto next = l.gateway->settings();
            bool wrong = random_.below(4) == 0;
            if (wrong) next.lists.categories_text = "code,name,rule\n01,x,no_such_rule\n";
            next.survey.delay = std::chrono::minutes(30 + random_.below(300));
            next.survey.spread = std::chrono::minutes(random_.below(60));
            next.survey.per_phone_30d = 1 + static_cast<int>(random_.below(4));
            next.survey.hours.from = std::chrono::minutes(8 * 60 + static_cast<int>(random_.below(120)));
            next.survey.hours.to = std::chrono::minutes(21 * 60 - static_cast<int>(random_.below(120)));
            for (const char* text : {"survey", "survey_neutral"}) next.texts[text] = fmt::format("【{{{{sign}}}}】({})请回复1满意 2基本满意 3不满意。回T退订", random_.below(100));
            auto hours = next.survey.hours;
            auto prepared = l.gateway->prepare(std::move(next));
            if (wrong == prepared.has_value()) watch_.broken("a reload was read wrongly");
            if (!prepared) {
                ++fired_["a reload that is wrong"];
                continue;
            }
            ++fired_["a reload in mid-flow"];
            l.gateway->take_over(std::move(*prepared));
            settings_ = l.gateway->settings();
            for (auto& channel : settings_.channels) channel.adapter.reset();
            watch_.hours(hours.from, hours.to);
        }
    }

    void jump(Millis by) {
        clock_.jump(by);
        off_ += by;
        unnoticed_ = true;
        watch_.clock_off(off_);
    }
    void set_right() { jump(-off_); }

    asio::awaitable<void> set_clocks() {
        for (const auto& planned : plan_.jumps) {
            if (planned.at > clock_.steady()) co_await sleep_for(planned.at - clock_.steady());
            ++fired_[planned.name];
            jump(planned.by);
            co_await notice();
            co_await sleep_for(planned.set_right_after);
            if (off_ == Millis(0)) continue;  // a restart did it
            set_right();
            co_await notice();
        }
    }

    // The daemon looks each second; whoever starts in between finds its clock set right.
    asio::awaitable<void> notice() {
        co_await sleep_for(std::chrono::milliseconds(random_.below(1000)));
        if (!unnoticed_) co_return;
        auto& l = life();
        if (l.dead || !l.outside) co_return;
        unnoticed_ = false;
        l.outside->spawn("clock", l.gateway->look_at_clock());
    }

    // --- the end ---------------------------------------------------------------------------------------------------------

    void finish() {
        auto& l = life();
        if (!l.dead && l.outside) {
            bury(l);
            run_virtual(io_, [&] { return l.stopped; });
            if (watch_.broken().empty()) check_end(l);
        }
        out_.lives = static_cast<int>(lives_.size());
        out_.questions = watch_.questions();
        if (watch_.canaries() > 0) fired_["a test text to staff"] += watch_.canaries();
        out_.fired = fired_;
        out_.broken = watch_.broken();
        out_.trace = trace(l);
    }

    std::string trace(const Life& l) const {
        std::string all = fmt::format("{:x} {}", l.disk->digest(), to_hex(watch_.seen().root()));
        for (const auto& r : watch_.all()) all += fmt::format("{} {} {} {} {}\n", r.ref, r.phone, r.channel, r.extension, r.steady.count());
        for (const auto& [name, n] : fired_) all += fmt::format("{} {}\n", name, n);
        return to_hex(leaf_hash(all));
    }

    void check_end(Life& l) {
        check_journal(*l.disk);
        l.store->run_now([&](store::Connection& db) {
            watch_.look(db, "at the end", true);
            Ending ending{watch_, carriers_, answered_, plan_, alarmed_, clock_.now()};
            if (!watch_.was_restored()) ending.check_stories(db);
            ending.check_books(db);
            out_.ratings = ending.ratings, out_.in_doubt = ending.in_doubt;
        });
    }

    SeededRandom random_;
    VirtualClock clock_;
    asio::io_context io_{};
    store::Seal seal_ = store::Seal::from_seed(7);
    Fired fired_;
    Watch watch_;
    Shape shape_;
    Plan plan_;
    config::Settings settings_;
    std::vector<std::unique_ptr<Carrier>> carriers_;
    std::vector<Batch> answered_;
    std::set<std::string> alarmed_;  // phones
    std::shared_ptr<Disk> disk_, image_;
    std::optional<Disk::Copy> backup_;
    std::size_t backup_sent_ = 0, in_journal_ = 0;
    std::vector<std::unique_ptr<Life>> lives_;
    Millis off_{};
    bool unnoticed_ = false, full_before_ = false;
    Outcome out_;
};

}  // namespace

Outcome run_seed(std::uint64_t seed, const Shape& shape) { return World(seed, shape).run(); }

}  // namespace pingjing::sim
