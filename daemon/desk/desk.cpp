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

constexpr int most_unanswered = 1000;

const char* notice_name(Notice n) {
    constexpr const char* names[] = {"deliver", "escalate", "remind"};
    return names[static_cast<int>(n)];
}

}  // namespace

struct Desk::Look {
    std::vector<Alarm> alarms{};  // not received
    std::vector<Unanswered> unanswered{};
};

Steady retry_pause(int failures) {
    constexpr std::chrono::seconds pauses[] = {1s, 2s, 5s, 10s, 20s, 30s};
    return pauses[std::clamp<std::size_t>(static_cast<std::size_t>(std::max(failures, 1)), 1, std::size(pauses)) - 1];
}

NextNotice next_notice(const Unanswered& alarm, const Patience& patience, bool has_escalation) {
    if (has_escalation && !alarm.escalated) return {Notice::escalation, patience.ack_within};
    Steady first = has_escalation ? patience.then_within : patience.ack_within;
    constexpr Steady longest = std::chrono::hours(1);
    return {Notice::reminder, std::max(first, std::min(longest, first * (1 << std::min(alarm.reminders, 12))))};
}

Desk::Desk(asio::any_io_executor executor, store::Store& store, const store::Seal& seal, const Clock& clock, std::unique_ptr<Sink> sink,
           std::unique_ptr<Sink> escalation, Patience patience, Steady longest_wait)
    : store_(store), seal_(seal), clock_(clock), sink_(std::move(sink)), escalation_(std::move(escalation)), patience_(patience), longest_wait_(longest_wait),
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

// How long nobody has taken it, on the real clock: by the service's times, which outlive a restart, and by our own clock, which nobody sets back.
Steady Desk::waited(const Unanswered& alarm) {
    auto& seen = waited_[alarm.id];
    if (seen.told != alarm.told()) seen = {alarm.told(), clock_.steady()};
    auto by_times = std::chrono::duration<double>(clock_.now() - alarm.since) / clock_.speed();
    return std::max(clock_.steady() - seen.since, std::chrono::duration_cast<Steady>(by_times));
}

void Desk::cry(const Unanswered& alarm) {
    if (!cried_.insert(alarm.id).second) return;
    log::error("desk.unanswered", {{"alarm", alarm.id}, {"escalated", escalation_ != nullptr}});
    metrics::count("desk_escalations_total");
}

// Starts what waits and returns how long there is nothing to look for.
asio::awaitable<Steady> Desk::look() {
    Look found;
    auto read = [&](store::Connection& db) { found = {waiting_alarms(db, seal_), unanswered_alarms(db, most_unanswered)}; };
    std::vector<std::pair<Notice, Alarm>> due;
    auto pause = longest_wait_;
    try {
        co_await store_.run(std::ref(read));
        auto notices = notices_due(found.unanswered, pause);
        auto load = [&](store::Connection& db) {
            due.clear();
            for (const auto& [notice, id] : notices)
                if (auto row = find_alarm(db, seal_, id)) due.emplace_back(notice, std::move(row->alarm));
        };
        if (!notices.empty()) co_await store_.run(std::ref(load));
    } catch (const store::SqlError& error) {
        log::error("desk.store", {{"why", error.what()}});
        co_return std::chrono::seconds(1);
    }
    metrics::gauge("desk_alarms_waiting", {}, static_cast<double>(found.alarms.size()));
    for (auto& alarm : found.alarms) start(std::move(alarm), Notice::alarm);
    for (auto& [notice, alarm] : due) start(std::move(alarm), notice);
    co_return std::clamp(pause, Steady(50ms), longest_wait_);
}

// `pause`: no longer than until the next one.
std::vector<std::pair<Notice, std::string>> Desk::notices_due(const std::vector<Unanswered>& unanswered, Steady& pause) {
    std::vector<std::pair<Notice, std::string>> due;
    int late = 0;
    for (const auto& alarm : unanswered) {
        auto next = next_notice(alarm, patience_, escalation_ != nullptr);
        auto left = next.after - waited(alarm);
        if (left > Steady::zero()) {
            pause = std::min(pause, left);
            continue;
        }
        cry(alarm), ++late;
        // What was never received is on its way all the time: a reminder is for those who had it.
        if (next.notice == Notice::reminder && (!patience_.remind || alarm.told() == 0)) continue;
        if (!under_way_[next.notice].contains(alarm.id)) due.emplace_back(next.notice, alarm.id);
    }
    metrics::gauge("desk_alarms_unanswered", {}, static_cast<double>(late));
    std::erase_if(waited_, [&](const auto& known) { return std::ranges::find(unanswered, known.first, &Unanswered::id) == unanswered.end(); });
    return due;
}

void Desk::alarm_now(Alarm alarm) {
    if (ended_) {
        log::error("desk.too_late", {{"alarm", alarm.id}});
        return;
    }
    start(std::move(alarm), Notice::alarm);
}

void Desk::start(Alarm alarm, Notice notice) {
    if (!under_way_[notice].insert(alarm.id).second) return;
    auto name = std::string(notice_name(notice)) + " " + alarm.id;
    tasks_.spawn(std::move(name), deliver(std::move(alarm), notice));
}

// A sink tries once; what it throws is no end: an alarm from memory stands nowhere else. Of a reminder one of them must have heard.
asio::awaitable<Result<void>> Desk::knock(Alarm alarm, Notice notice) {
    std::function<asio::awaitable<Result<void>>()> at_desk = [&] { return sink_->deliver(alarm); }, at_chief = [&] { return escalation_->deliver(alarm); };
    if (notice == Notice::escalation) co_return co_await push::try_once(std::move(at_chief));
    auto heard = co_await push::try_once(std::move(at_desk));
    if (notice == Notice::alarm || !escalation_) co_return heard;
    auto chief = co_await push::try_once(std::move(at_chief));
    co_return heard ? heard : chief;
}

asio::awaitable<void> Desk::deliver(Alarm alarm, Notice notice) {
    // However this ends: what still waits in the store is found again.
    struct UnderWay {
        std::set<std::string>& ids;
        std::string id;
        ~UnderWay() { ids.erase(id); }
    } under_way{under_way_[notice], alarm.id};

    for (int failures = 0;;) {
        auto received = co_await knock(alarm, notice);
        if (!received) {
            ++failures;
            log::error("desk.refused", {{"alarm", alarm.id}, {"failures", failures}, {"notice", notice_name(notice)}, {"why", received.error().detail}});
            metrics::count("desk_failures_total");
        }
        bool over = co_await settle(alarm.id, notice, received.has_value());
        if (over) co_return;
        co_await sleep_for(retry_pause(failures));
    }
}

// Writes down how it went. True: nothing more to do, it was received or a person has it. While the store is broken a
// received alarm is not sent again by us, but by the next start.
asio::awaitable<bool> Desk::settle(std::string id, Notice notice, bool received) {
    auto write = [id, notice, received, now = clock_.now()](store::Connection& db) {
        if (notice == Notice::alarm) record_attempt(db, id);
        if (received && notice == Notice::alarm) record_received(db, id, now);
        if (received && notice == Notice::escalation) record_escalated(db, id, now);
        if (received && notice == Notice::reminder) record_reminded(db, id, now);
        return is_acknowledged(db, id);
    };
    for (;;) {
        try {
            bool acknowledged = co_await store_.run(std::ref(write));
            if (received) log::info("desk.received", {{"alarm", id}, {"notice", notice_name(notice)}});
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
