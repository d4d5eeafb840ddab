// Claim → submit → record. One loop claims what is due and allowed; one coroutine a message gives it to its carrier and
// writes down how that ended, whatever happens to us meanwhile.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/async/signal.hpp"
#include "daemon/async/task_group.hpp"
#include "daemon/outbox/claims.hpp"
#include "daemon/outbox/health.hpp"
#include "daemon/outbox/tps_window.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::outbox {

class Dispatcher {
public:
    // `providers` in the order of Policy::channels; everything outlives the dispatcher. `look_every`: what a lost wake() costs.
    Dispatcher(asio::any_io_executor executor, store::Store& store, const store::Seal& seal, const Clock& clock, Random& random,
               std::vector<provider::Provider*> providers, PolicyPtr policy, Steady look_every = std::chrono::seconds(1));

    // Until it is cancelled. Before it: store::recover_sending().
    asio::awaitable<void> run();
    // No more claims; messages under way get `grace` to end, then what is left is in doubt.
    asio::awaitable<void> drain(Steady grace);

    // Called when a receipt that had come before its submit response can be settled.
    std::function<void()> receipt_waits{};

    void wake() { wake_.notify(); }  // something became due, or a hold was released
    void hold_surveys(bool yes) { surveys_held_ = yes; }  // while the hold itself cannot be written down
    void replace(PolicyPtr policy);  // the same channels; next_due and routes are looked at anew
    void sign_of_life(const std::string& channel);
    void release(const std::optional<std::string>& channel);  // a person says: go on
    // A response after we had given up on it.
    asio::awaitable<void> late(std::string channel, std::string ref, provider::Outcome outcome);

    // why: in words of status, what stands below included. evidence: what can settle a doubt.
    struct ChannelStatus { std::string name, state, why, evidence; int in_flight = 0; std::string way_back_closed{}; provider::Links links{}; };
    std::vector<ChannelStatus> status() const;
    bool any_usable() const;

private:
    struct Channel {
        Channel(provider::Provider* p, const ChannelRules& rules, Steady ready_at) : provider(p), health(rules.window), tps(rules.tps, ready_at) {}
        provider::Provider* provider;
        ChannelHealth health;
        TpsWindow tps;
        int in_flight = 0;
    };

    asio::awaitable<std::optional<Round>> claim();
    asio::awaitable<void> never_sent(std::vector<store::Attempt> attempts);
    asio::awaitable<void> deliver(Sending sending);
    asio::awaitable<void> record(store::Attempt attempt, provider::Outcome outcome);
    static void uncount(store::Connection& db, const Policy& policy, const store::Attempt& attempt, Instant now);
    void opt_out_of(store::Connection& db, std::int64_t phone_id, Instant now) const;
    std::vector<ChannelView> views() const;
    Steady pause_until(const Round& round) const;
    Millis business(Steady pause) const;
    std::optional<std::size_t> index_of(const std::string& name) const;

    store::Store& store_;
    const store::Seal& seal_;
    const Clock& clock_;
    Random& random_;
    PolicyPtr policy_;
    std::shared_ptr<Wordings> wordings_ = std::make_shared<Wordings>();
    bool careful_ = false;  // a round was refused: the next one finds out for which row
    bool surveys_held_ = false, forget_routes_ = false, give_up_ = false;
    std::vector<Channel> channels_;
    Steady started_, swept_, look_every_;
    Signal wake_;
    std::multiset<std::string> unrecorded_;  // refs that are under way, until their end is written down
    TaskGroup under_way_;
};

}  // namespace pingjing::outbox
