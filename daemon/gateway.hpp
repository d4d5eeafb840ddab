// All stages together, without a socket: the whole way from a stored call to a rating. The daemon puts doors on it, the
// demonstration and the tests run it on virtual time.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/assist/assist.hpp"
#include "daemon/async/task_group.hpp"
#include "daemon/config/settings.hpp"
#include "daemon/core/clock_watch.hpp"
#include "daemon/inbound/inbox.hpp"
#include "daemon/inbound/webhooks.hpp"
#include "daemon/loops.hpp"
#include "daemon/outbox/dispatcher.hpp"
#include "daemon/ratings/answers.hpp"
#include "daemon/site_rules.hpp"
#include "providers/provider.hpp"

namespace pingjing {

// What the gateway may use of the world; everything outlives it.
struct GatewayWorld {
    asio::any_io_executor executor;
    store::Store& store;
    const store::Seal& seal;
    const Clock& clock;
    Random& random;
    http::Client* http = nullptr;
    Steady look_every = std::chrono::seconds(1);  // what a lost hint costs; long where time is virtual
};

// What the desk wants to know; null where there is none.
struct GatewayHints {
    std::function<void()> alarms{};                                                              // a row of `alarms` was committed
    // Nobody reads it in its turn: the store is broken, or the other pieces of this text are not there yet.
    std::function<void(const std::string& channel, const provider::InboundText& text)> unkept{};
    // A cry for help in a callback that can be neither read nor kept.
    std::function<void(const store::Cry& cry)> unkept_cry{};
};

// A clock that stands before the last fact, or a week after it, may have been set by hours while nobody ran: sending is put on
// hold. Returns why, or nothing. To be asked before anything else is written down.
std::string hold_if_clock_is_off(store::Connection& db, Instant now);

// Who gets a test text today, by which channel, and from when until when.
struct CanariesOfDay {
    std::string day{};
    Instant at{}, until{};
    std::vector<std::pair<Phone, std::string>> texts{};
};
std::optional<CanariesOfDay> canaries_of_today(const config::Settings& settings, Instant now);

class Gateway {
public:
    // Reads the store's past (recovery of what was being sent). Errors: a setting that the stages cannot work with.
    static Result<std::unique_ptr<Gateway>> build(config::Settings settings, GatewayWorld world, GatewayHints hints = {});
    ~Gateway();

    void start();
    // No more claims, what is under way ends (20 s), then the loops.
    asio::awaitable<void> stop();
    // New texts, lists, hours, routes …: what can change while it runs. Nothing changes until it is taken over.
    struct Next {
        config::Settings settings{};
        std::shared_ptr<const eligibility::SiteRules> rules{};
        outbox::PolicyPtr policy{};
        std::vector<std::string> needs_restart{};  // what is not as it was at the start, and stays as it was until the next one
    };
    Result<Next> prepare(config::Settings settings) const;
    void take_over(Next next);

    const config::Settings& settings() const { return settings_; }
    std::shared_ptr<const eligibility::SiteRules> rules() const { return rules_; }
    outbox::Dispatcher& dispatcher() { return *dispatcher_; }
    inbound::Inbox& inbox() { return *inbox_; }
    ratings::Answers& answers() { return *answers_; }
    std::map<std::string, inbound::Hook> hooks() const;
    const std::vector<std::unique_ptr<provider::Provider>>& providers() const { return providers_; }
    // Why it is not ready for work; empty when it is.
    std::vector<std::string> not_ready() const;
    std::vector<std::string> failing() const { return kept_.failing(); }
    int recovered() const { return recovered_; }
    // Wall and monotonic clock since the last look; a jump puts sending on hold, and from its very moment the store's own thread knows
    // of it (store::is_clock_held). Each second by itself, unless hints are looked
    // for so rarely that time is virtual: then whoever makes a clock jump calls it.
    asio::awaitable<void> look_at_clock();
    bool has_clock_jumped() const { return clock_watch_->has_jumped(); }  // and does not stand in `holds` yet

private:
    Gateway(config::Settings settings, GatewayWorld world);
    asio::awaitable<void> serve(provider::Provider& provider, std::string name);
    asio::awaitable<void> let_time_pass();
    asio::awaitable<void> watch_clock();
    asio::awaitable<void> plan_canaries();
    asio::awaitable<void> plan(CanariesOfDay today);
    void know_own_words();
    inbound::Danger danger_in(std::string_view text) const;
    std::vector<const provider::Abilities*> abilities() const;
    std::vector<std::string> needs_restart(const config::Settings& is) const;

    config::Settings settings_;
    const config::Settings at_start_;  // by these the links, the doors and the desk were made
    GatewayWorld world_;
    std::shared_ptr<const eligibility::SiteRules> rules_;
    outbox::PolicyPtr policy_;
    provider::World provider_world_;
    std::vector<std::unique_ptr<provider::Provider>> providers_;  // in the order of [[channel]]
    std::unique_ptr<outbox::Dispatcher> dispatcher_;
    std::unique_ptr<ratings::Answers> answers_;
    std::unique_ptr<assist::Assist> assist_;  // none unless a program is named
    std::unique_ptr<inbound::Inbox> inbox_;
    std::set<std::string> own_texts_{};  // in force now or at some time since the start
    std::shared_ptr<const inbound::OwnWords> own_words_{};
    Loops kept_;
    TaskGroup doors_, loops_, sending_;
    Instant initialised_at_{};
    std::shared_ptr<ClockWatch> clock_watch_;  // the store's connection may outlive us
    Steady started_{};
    int recovered_ = 0;
    std::string clock_trouble_;
    std::vector<std::string> gone_;  // channels that are configured no more and still have messages without an end
};

}  // namespace pingjing
