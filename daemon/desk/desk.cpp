#include "daemon/desk/desk.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <iterator>

#include "daemon/desk/alarms.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/push/push.hpp"

namespace pingjing::desk {
namespace {

void report(const std::string& task, std::exception_ptr error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        log::error("desk.failed", {{"task", task}, {"why", e.what()}});
    }
}

struct Waiting {
    std::vector<Alarm> alarms{}, unanswered{};
    std::optional<Instant> next{};  // since when the next one waits
};

}  // namespace

Steady retry_pause(int failures) {
    constexpr std::chrono::seconds pauses[] = {1s, 2s, 5s, 10s, 20s, 30s};
    return pauses[std::clamp<std::size_t>(static_cast<std::size_t>(std::max(failures, 1)), 1, std::size(pauses)) - 1];
}

Desk::Desk(asio::any_io_executor executor, store::Store& store, const store::Seal& seal, const Clock& clock, std::unique_ptr<Sink> sink,
           std::unique_ptr<Sink> escalation, Millis ack_within, Steady longest_wait)
    : store_(store), seal_(seal), clock_(clock), sink_(std::move(sink)), escalation_(std::move(escalation)), ack_within_(ack_within), longest_wait_(longest_wait),
      work_(executor), tasks_(executor, report) {}

asio::awaitable<void> Desk::run() {
    try {
        for (;;) {
            auto pause = co_await look();
            co_await work_.wait(pause);
        }
    } catch (const boost::system::system_error& stopped) {
        if (stopped.code() != asio::error::operation_aborted) throw;  // whoever keeps us running begins again
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    ended_ = true;
    tasks_.stop();
    co_await tasks_.join();
}

// Starts what waits and returns how long there is nothing to look for.
asio::awaitable<Steady> Desk::look() {
    Waiting waiting;
    auto read = [&, since = clock_.now() - ack_within_](store::Connection& db) {
        waiting = Waiting{waiting_alarms(db, seal_), unanswered_alarms(db, seal_, since), next_unanswered(db, since)};
    };
    try {
        co_await store_.run(std::ref(read));
    } catch (const store::SqlError& error) {
        log::error("desk.store", {{"why", error.what()}});
        co_return std::chrono::seconds(1);
    }
    metrics::gauge("desk_alarms_waiting", {}, static_cast<double>(waiting.alarms.size()));
    metrics::gauge("desk_alarms_unanswered", {}, static_cast<double>(waiting.unanswered.size()));
    for (auto& alarm : waiting.alarms) start(std::move(alarm), false);
    for (auto& alarm : waiting.unanswered) start(std::move(alarm), true);
    if (!waiting.next) co_return longest_wait_;
    auto left = std::chrono::duration<double>(*waiting.next + ack_within_ - clock_.now()) / clock_.speed();
    co_return std::clamp(std::chrono::duration_cast<Steady>(left), Steady(50ms), longest_wait_);
}

void Desk::alarm_now(Alarm alarm) {
    if (ended_) {
        log::error("desk.too_late", {{"alarm", alarm.id}});
        return;
    }
    start(std::move(alarm), false);
}

void Desk::start(Alarm alarm, bool escalate) {
    auto& ids = escalate ? escalating_ : under_way_;
    if (!ids.insert(alarm.id).second) return;
    if (escalate) {
        log::error("desk.unanswered", {{"alarm", alarm.id}, {"escalated", escalation_ != nullptr}});
        metrics::count("desk_escalations_total");
        if (!escalation_) return;  // said once: the id stays in the set
    }
    auto name = (escalate ? "escalate " : "deliver ") + alarm.id;
    tasks_.spawn(std::move(name), deliver(std::move(alarm), escalate));
}

asio::awaitable<void> Desk::deliver(Alarm alarm, bool escalate) {
    // However this ends: what still waits in the store is found again.
    struct UnderWay {
        std::set<std::string>& ids;
        std::string id;
        ~UnderWay() { ids.erase(id); }
    } under_way{escalate ? escalating_ : under_way_, alarm.id};

    for (int failures = 0;;) {
        std::function<asio::awaitable<Result<void>>()> attempt = [&] { return (escalate ? *escalation_ : *sink_).deliver(alarm); };
        auto received = co_await push::try_once(std::move(attempt));  // what it throws is no end: an alarm from memory stands nowhere else
        if (!received) {
            ++failures;
            log::error("desk.refused", {{"alarm", alarm.id}, {"failures", failures}, {"escalation", escalate}, {"why", received.error().detail}});
            metrics::count("desk_failures_total");
        }
        bool over = co_await settle(alarm.id, escalate, received.has_value());
        if (over) co_return;
        co_await sleep_for(retry_pause(failures));
    }
}

// Writes down how it went. True: nothing more to do, it was received or a person has it. While the store is broken a
// received alarm is not sent again by us, but by the next start.
asio::awaitable<bool> Desk::settle(std::string id, bool escalate, bool received) {
    auto write = [id, escalate, received, now = clock_.now()](store::Connection& db) {
        if (!escalate) record_attempt(db, id);
        if (received && escalate) record_escalated(db, id, now);
        if (received && !escalate) record_received(db, id, now);
        return is_acknowledged(db, id);
    };
    for (;;) {
        try {
            bool acknowledged = co_await store_.run(std::ref(write));
            if (received) log::info(escalate ? "desk.escalated" : "desk.received", {{"alarm", id}});
            if (received) work_.notify();  // the time for its acknowledgement begins
            co_return received || acknowledged;
        } catch (const store::SqlError& error) {
            log::error("desk.store", {{"alarm", id}, {"why", error.what()}});
        }
        if (!received) co_return false;
        co_await sleep_for(std::chrono::seconds(5));
    }
}

}  // namespace pingjing::desk
