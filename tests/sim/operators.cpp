#include "tests/sim/operators.hpp"

#include <fmt/format.h>

#include <optional>

#include "daemon/store/erasure.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/overrides.hpp"

namespace pingjing::sim {
namespace {

asio::awaitable<void> release_holds(City& city, Life& l) {
    if (city.watch.clock_is_off()) co_return;
    city.watch.stopped(false);
    auto now = city.clock.now();
    auto work = [now](store::Connection& db) {
        int released = 0;
        for (const auto& hold : store::active_holds(db)) released += store::release_holds(db, hold.of, hold.channel, "looked at it", now);
        return released;
    };
    int released = co_await l.store->run(work);
    if (released > 0 && !l.dead) city.fired["operator released a hold"] += released;
    l.gateway->dispatcher().wake();
}

asio::awaitable<void> stop_for_an_hour(City& city, Life& l) {
    auto now = city.clock.now();
    auto work = [now](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "wait", now); };
    co_await l.store->run(work);
    if (l.dead) co_return;
    city.watch.stopped(true);
    co_await sleep_for(std::chrono::hours(1));
    if (!l.dead) co_await release_holds(city, l);
}

asio::awaitable<void> resend(City& city, Life& l) {
    auto now = city.clock.now();
    struct Doubtful { std::string ref, record; };
    std::optional<Doubtful> chosen;
    auto find = [&chosen](store::Connection& db) {
        store::Statement doubtful(db, "SELECT m.ref, c.record FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.state IN ('in_doubt', 'unknown') AND m.purpose = 'survey' ORDER BY m.id");
        if (doubtful.step()) chosen = Doubtful{doubtful.text(0), doubtful.text(1)};
    };
    co_await l.store->run(std::ref(find));
    if (!chosen || l.dead) co_return;
    city.watch.may_be_asked_again(chosen->ref);
    auto work = [&](store::Connection& db) { return store::resend_case(db, city.seal, chosen->record, {"sim", "it may be"}, now).has_value(); };
    co_await l.store->run(std::ref(work));
    l.gateway->dispatcher().wake();
}

// All that a restore holds, and takes no risk: to whom a text left of which this store knows nothing, it stays.
asio::awaitable<void> release_restored(City& city, Life& l) {
    auto work = [&city, now = city.clock.now()](store::Connection& db) {
        auto done = store::release_restored(db, city.seal, {}, true, false, {"sim", "looked at it"}, now);
        return done ? done->released : 0;
    };
    int released = co_await l.store->run(work);
    if (released > 0 && !l.dead) city.fired["operator released what a restore held"] += released;
    l.gateway->dispatcher().wake();
}

// The words are registered with the carrier now.
asio::awaitable<void> release_refused(City& city, Life& l) {
    auto work = [&city, now = city.clock.now()](store::Connection& db) { return store::release_refused(db, city.seal, 500, {"sim", "registered"}, now); };
    int released = co_await l.store->run(work);
    if (released > 0 && !l.dead) city.fired["operator released what was refused for its words"] += released;
    l.gateway->dispatcher().wake();
}

// What waits is not sent any more, whatever the 110 system says of the call from then on.
asio::awaitable<void> call_off(City& city, Life& l) {
    auto now = city.clock.now();
    auto pick = city.random.below(5);
    std::string record;
    auto work = [&](store::Connection& db) {
        store::Statement waiting(db, "SELECT c.record FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.purpose = 'survey' AND m.state IN ('due', 'held') ORDER BY m.id LIMIT 1 OFFSET ?1");
        record = waiting.bind(1, static_cast<std::int64_t>(pick)).step() ? waiting.text(0) : "";
        return !record.empty() && store::cancel_case(db, city.seal, record, {"sim", "it is not to be sent"}, now).has_value();
    };
    bool done = co_await l.store->run(std::ref(work));
    if (!done || l.dead) co_return;
    ++city.fired["operator called a survey off"];
    city.watch.called_off(record);
}

// Whatever of this number is there is to go; what it was asked or was to be asked about is not asked any more.
asio::awaitable<void> forget_number(City& city, Life& l) {
    auto now = city.clock.now();
    auto phone = *Phone::mobile(fmt::format("138{:08}", city.random.below(28)));
    std::vector<std::string> records;
    auto work = [&](store::Connection& db) {
        records.clear();
        auto named = store::find_named(db, city.seal, phone);
        if (!named) return false;
        for (auto id : named->cases) {
            store::Statement find(db, "SELECT record FROM cases WHERE id = ?1 AND phone_id = ?2");
            if (find.bind(1, id).bind(2, named->phone_id).step()) records.push_back(find.text(0));
        }
        return store::forget(db, city.seal, *named, {"sim", "the caller asked"}, now).has_value();
    };
    bool done = co_await l.store->run(std::ref(work));
    if (!done || l.dead) co_return;
    ++city.fired["a number was forgotten"];
    city.watch.forgotten(phone.reveal());
    for (const auto& record : records) city.watch.called_off(record);
}

asio::awaitable<void> look_after(City& city, Life& l) {
    for (const auto& channel : l.gateway->dispatcher().status()) {
        if (channel.state != "stopped") continue;
        ++city.fired["operator let a silent channel go on"];
        l.gateway->dispatcher().release(channel.name);
    }
    co_await release_holds(city, l);
    if (city.watch.was_restored() && !city.watch.clock_is_off() && city.random.below(4) == 0) co_await release_restored(city, l);
    if (!l.dead && city.random.below(4) == 0) co_await release_refused(city, l);
    bool may = city.clock.steady() < city.plan.end_of_trouble;
    if (may && !city.watch.clock_is_off() && city.happens(city.plan.operator_resends, "operator resent at his own risk")) co_await resend(city, l);
    if (city.random.unit() < city.plan.operator_cancels) co_await call_off(city, l);
    if (city.random.unit() < city.plan.operator_forgets) co_await forget_number(city, l);
    if (l.dead) co_return;
    may = city.clock.steady() < city.plan.end_of_trouble;
    if (may && city.happens(city.plan.operator_stops, "operator stopped everything")) co_await stop_for_an_hour(city, l);
}

config::Settings draw_next(City& city, config::Settings next, bool wrong) {
    auto& random = city.random;
    if (wrong) next.lists.categories_text = "code,name,rule\n01,x,no_such_rule\n";
    next.survey.delay = std::chrono::minutes(30 + random.below(300));
    next.survey.spread = std::chrono::minutes(random.below(60));
    next.survey.per_phone_30d = 1 + static_cast<int>(random.below(4));
    next.survey.hours.from = std::chrono::minutes(8 * 60 + static_cast<int>(random.below(120)));
    next.survey.hours.to = std::chrono::minutes(21 * 60 - static_cast<int>(random.below(120)));
    for (const char* text : {"survey", "survey_neutral"}) next.texts[text] = fmt::format("【{{{{sign}}}}】({})请回复1满意 2基本满意 3不满意。回T退订", random.below(100));
    return next;
}

}  // namespace

asio::awaitable<void> operate(City& city, Life& l) {
    for (;;) {
        co_await sleep_for(std::chrono::hours(3));
        if (l.dead) co_return;
        try {
            co_await look_after(city, l);
        } catch (const store::SqlError&) {
            // The command failed; he looks again later.
        }
    }
}

// New texts, delays and hours while it runs; a configuration that is wrong changes nothing.
asio::awaitable<void> reload(City& city, Life& l) {
    auto& reloads = city.plan.reloads;
    while (!reloads.empty()) {
        auto at = reloads.front();
        if (at > city.clock.steady()) co_await sleep_for(at - city.clock.steady());
        if (l.dead || reloads.empty()) co_return;
        reloads.erase(reloads.begin());
        bool wrong = city.random.below(4) == 0;
        auto next = draw_next(city, l.gateway->settings(), wrong);
        auto hours = next.survey.hours;
        auto prepared = l.gateway->prepare(std::move(next));
        if (wrong == prepared.has_value()) city.watch.broken("a reload was read wrongly");
        if (!prepared) {
            ++city.fired["a reload that is wrong"];
            continue;
        }
        ++city.fired["a reload in mid-flow"];
        l.gateway->take_over(std::move(*prepared));
        city.settings = l.gateway->settings();
        for (auto& channel : city.settings.channels) channel.adapter.reset();
        city.watch.hours(hours.from, hours.to);
    }
}

}  // namespace pingjing::sim
