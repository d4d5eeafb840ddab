#include "tests/sim/life.hpp"

#include "daemon/reply/read.hpp"
#include "daemon/reports/api.hpp"

namespace pingjing::sim {
namespace {

// The daemon's end of the link.
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

// The people on duty: they hear an alarm, or do not, or we do not hear that they did.
class Duty final : public desk::Sink {
public:
    Duty(City& city, const Life& life) : city_(city), life_(life) {}
    asio::awaitable<Result<void>> deliver(desk::Alarm alarm) override {
        co_await sleep_for(std::chrono::milliseconds(300));
        if (life_.dead) co_return fail(Error::Kind::unavailable, "no longer of this world");
        if (inside(city_.plan.desk_down, city_.clock.steady())) co_return city_.refuse("desk down");
        if (city_.happens(city_.plan.desk_fails, "desk says 500")) co_return fail(Error::Kind::unavailable, "500");
        city_.alarmed.insert(alarm.phone.reveal());
        if (city_.happens(city_.plan.desk_unheard, "desk's answer was lost")) throw std::runtime_error("reset by peer");
        co_return Result<void>();
    }

private:
    City& city_;
    const Life& life_;
};

Result<std::unique_ptr<Gateway>> build_gateway(City& city, Life& l) {
    auto settings = city.settings;
    bool extension = settings.channels[0].extension_digits > 0;
    for (std::size_t c = 0; c < settings.channels.size(); ++c)
        settings.channels[c].adapter = provider::Make([&city, c, &l, extension](provider::World&) { return std::make_unique<Link>(*city.carriers[c], l.dead, extension); });
    GatewayHints hints;
    hints.alarms = [d = l.desk.get()] { d->wake(); };
    hints.unkept = [&city, &l](const std::string&, const provider::InboundText& text) {
        if (l.dead || !reply::read(Scale::three_110, text.text.reveal()).emergency) return;
        ++city.fired["an alarm from memory"];
        l.desk->alarm_now(desk::Alarm(city.random.word(20), city.clock.now(), text.from, text.text));
    };
    GatewayWorld world{city.io.get_executor(), *l.store, city.seal, city.clock, city.random, nullptr, std::chrono::hours(1)};
    return Gateway::build(std::move(settings), std::move(world), std::move(hints));
}

}  // namespace

std::string open_life(City& city, Life& l) {
    auto store = store::Store::open(l.disk->folder(), store::Store::Runner::inline_io, store::Store::Durability::full, *l.disk);
    if (!store) {
        if (store.error().kind != Error::Kind::unavailable) city.watch.broken("the store is refused after a mere crash: " + store.error().detail);
        return store.error().detail;
    }
    l.store = std::move(*store);
    l.desk = std::make_unique<desk::Desk>(city.io.get_executor(), *l.store, city.seal, city.clock, std::make_unique<Duty>(city, l), nullptr, desk::Patience{}, std::chrono::hours(1));
    auto gateway = build_gateway(city, l);
    if (!gateway) return gateway.error().detail;
    l.gateway = std::move(*gateway);
    l.intake = std::make_unique<intake::Intake>(*l.store, city.seal, city.random);
    auto wish_of = [&city, &l](const std::string& day) {
        return reports::export_wish(reports::ReportSite(), {city.exports, l.gateway->settings().rules_sha256}, city.seal, day);
    };
    l.nightly = std::make_unique<Nightly>(store::read_on(*l.store), *l.store, city.seal, city.clock, [&l]() -> const config::Settings& { return l.gateway->settings(); }, wish_of, std::chrono::minutes(60));
    l.outside = std::make_unique<TaskGroup>(city.io.get_executor(), [&city, &l](const std::string& task, std::exception_ptr) {
        if (!l.dead) city.watch.broken(task + " threw");
    });
    return {};
}

void bury(City& city, Life& life) {
    auto burial = [](Life& dead) -> asio::awaitable<void> {
        if (dead.outside) {
            dead.outside->stop();
            co_await dead.outside->join();
        }
        if (dead.gateway) co_await dead.gateway->stop();
        dead.stopped = true;
    };
    life.buried = true;
    city.start(burial(life));
}

}  // namespace pingjing::sim
