// Takes every alarm to the people on duty and does not give up: again after 1, 2, 5, 10, 20, 30, 30 … seconds until it was
// received, each alarm for itself. One that nobody acknowledges goes to the escalation as well.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <set>
#include <string>

#include "daemon/async/signal.hpp"
#include "daemon/async/task_group.hpp"
#include "daemon/desk/alarm.hpp"
#include "daemon/desk/sink.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::desk {

// The pause after the n-th failure, from 1. Pure.
Steady retry_pause(int failures);

class Desk {
public:
    // `escalation` may be null: then the log cries, once for each alarm. `longest_wait`: what a lost wake-up, or a row that came with
    // a restart, costs.
    Desk(asio::any_io_executor executor, store::Store& store, const store::Seal& seal, const Clock& clock, std::unique_ptr<Sink> sink,
         std::unique_ptr<Sink> escalation, Millis ack_within, Steady longest_wait = std::chrono::seconds(5));

    // Until it is cancelled; returns when no delivery is left. What was not received stands in the store.
    asio::awaitable<void> run();
    void wake() { work_.notify(); }  // a row of `alarms` was committed
    // The store is broken and somebody may be in danger: deliver from memory. May arrive twice, never waits for the store.
    // From before run() until it has ended; nothing after that.
    void alarm_now(Alarm alarm);

private:
    asio::awaitable<Steady> look();
    void start(Alarm alarm, bool escalate);
    asio::awaitable<void> deliver(Alarm alarm, bool escalate);
    asio::awaitable<bool> settle(std::string id, bool escalate, bool received);

    store::Store& store_;
    const store::Seal& seal_;
    const Clock& clock_;
    std::unique_ptr<Sink> sink_, escalation_;
    Millis ack_within_;
    Steady longest_wait_;
    Signal work_;
    std::set<std::string> under_way_, escalating_;  // ids
    TaskGroup tasks_;
    bool ended_ = false;
};

}  // namespace pingjing::desk
