// Takes every alarm to the people on duty and does not give up: again after 1, 2, 5, 10, 20, 30, 30 … seconds until it was
// received, each alarm for itself. Received is not acknowledged: one that no person has taken in time goes to the escalation as well, once,
// and after that comes again to everybody until somebody takes it.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/async/signal.hpp"
#include "daemon/async/task_group.hpp"
#include "daemon/desk/alarm.hpp"
#include "daemon/desk/alarms.hpp"
#include "daemon/desk/sink.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::desk {

// The pause after the n-th failure, from 1. Pure.
Steady retry_pause(int failures);

// How long a person has, on the real clock: `ack_within` from the receipt until the escalation, `then_within` until all are told again, and
// twice as long each time after that, up to an hour. `remind` false: nobody can answer there.
struct Patience {
    Millis ack_within = 3min, then_within = 3min;
    bool remind = true;
};
enum class Notice { alarm, escalation, reminder };
// What is to be said next of an alarm, and how long somebody must have waited for it. Pure.
struct NextNotice { Notice notice = Notice::escalation; Steady after{}; };
NextNotice next_notice(const Unanswered& alarm, const Patience& patience, bool has_escalation);

class Desk {
public:
    // `escalation` may be null: then the log cries, once for each alarm. `longest_wait`: what a lost wake-up, or a row that came with
    // a restart, costs.
    Desk(asio::any_io_executor executor, store::Store& store, const store::Seal& seal, const Clock& clock, std::unique_ptr<Sink> sink,
         std::unique_ptr<Sink> escalation, Patience patience, Steady longest_wait = std::chrono::seconds(5));

    // Until it is cancelled; returns when no delivery is left. What was not received stands in the store.
    asio::awaitable<void> run();
    void wake() { work_.notify(); }  // a row of `alarms` was committed
    // The store is broken and somebody may be in danger: deliver from memory. May arrive twice, never waits for the store.
    // From before run() until it has ended; nothing after that.
    void alarm_now(Alarm alarm);

private:
    struct Waited { int told = -1; Steady since{}; };  // first seen with so many notices
    struct Look;
    asio::awaitable<Steady> look();
    std::vector<std::pair<Notice, std::string>> notices_due(const std::vector<Unanswered>& unanswered, Steady& pause);
    Steady waited(const Unanswered& alarm);
    void cry(const Unanswered& alarm);
    void start(Alarm alarm, Notice notice);
    asio::awaitable<void> deliver(Alarm alarm, Notice notice);
    asio::awaitable<Result<void>> knock(Alarm alarm, Notice notice);
    asio::awaitable<bool> settle(std::string id, Notice notice, bool received);

    store::Store& store_;
    const store::Seal& seal_;
    const Clock& clock_;
    std::unique_ptr<Sink> sink_, escalation_;
    Patience patience_;
    Steady longest_wait_;
    Signal work_;
    std::map<std::string, Waited> waited_;
    std::set<std::string> cried_;                                // ids: said in the log
    std::map<Notice, std::set<std::string>> under_way_;          // ids
    TaskGroup tasks_;
    bool ended_ = false;
};

}  // namespace pingjing::desk
