#include "tests/sim/police.hpp"

#include <fmt/format.h>

namespace pingjing::sim {
namespace {

// A row that was rejected is not ours: with a clock that is behind, a call was closed in the future. It comes again.
bool heard(City& city, const std::vector<intake::RowAnswer>& answers) {
    for (const auto& answer : answers)
        if (answer.outcome == "rejected") {
            ++city.fired["a call from the future was rejected"];
            if (!city.watch.clock_is_off()) city.watch.broken(fmt::format("{} was rejected: {} {}", answer.id, answer.reason, answer.detail));
            return false;
        }
    return true;
}

asio::awaitable<bool> give(City& city, Life& l, const Batch& batch) {
    intake::Document document{.bytes = batch.ndjson, .content_type = "application/x-ndjson"};
    auto rules = record_rules(l.gateway->settings(), city.clock.now());
    auto site = l.gateway->rules();
    std::string why;
    try {
        auto taken = co_await l.intake->take(document, rules, *site, "sim");
        if (taken) co_return heard(city, *taken);
        why = taken.error().detail;
    } catch (const store::SqlError&) {  // 503: the 110 system tries again
        ++city.fired["110 system was told to come again"];
        co_return false;
    }
    city.watch.broken("intake refused a batch: " + why);
    co_return false;
}

void put_on_hold(City& city, const std::string& ndjson, const std::string& record) {
    auto at = ndjson.find("138");
    city.watch.safety().try_emplace(record, SafetyCall{ndjson.substr(at, 11), record, city.clock.steady()});
}

void strike_off(Plan& plan, Steady key, const Batch& batch) {
    auto [from, to] = plan.batches.equal_range(key);
    for (auto it = from; it != to; ++it)
        if (it->second.ndjson == batch.ndjson) {
            plan.batches.erase(it);
            return;
        }
}

}  // namespace

asio::awaitable<void> feed(City& city, Life& l) {
    for (;;) {
        if (city.plan.batches.empty()) {
            co_await sleep_for(std::chrono::hours(1));
            continue;
        }
        auto next = city.plan.batches.begin();
        if (next->first > city.clock.steady()) {
            co_await sleep_for(std::min<Steady>(next->first - city.clock.steady(), std::chrono::hours(1)));  // what is sent anew comes between
            continue;
        }
        if (inside(city.plan.police_down, city.clock.steady())) {
            ++city.fired["110 system down"];
            co_await sleep_for(std::chrono::minutes(30));
            continue;
        }
        if (l.dead) co_return;
        auto key = next->first;
        auto batch = next->second;
        bool taken = co_await give(city, l, batch);
        if (l.dead) co_return;  // the answer never arrived
        if (!taken || city.happens(city.plan.police_unheard, "110 system did not hear our answer")) {
            co_await sleep_for(std::chrono::minutes(taken ? 1 : 10));
            continue;
        }
        strike_off(city.plan, key, batch);
        auto [first, last] = city.plan.safety.equal_range(batch.ndjson);
        for (auto it = first; it != last; ++it) put_on_hold(city, batch.ndjson, it->second);
        city.answered.push_back(std::move(batch));
        l.gateway->dispatcher().wake();
    }
}

asio::awaitable<void> push_three_days_again(City& city) {
    if (city.plan.push_again == Steady::max()) co_return;
    co_await sleep_for(city.plan.push_again);
    ++city.fired["110 system sent three days again"];
    for (const auto& batch : city.answered) city.plan.batches.emplace(city.clock.steady(), batch);
}

}  // namespace pingjing::sim
