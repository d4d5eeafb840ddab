#include "daemon/gateway.hpp"

#include <fmt/format.h>

#include "daemon/log/log.hpp"
#include "daemon/store/outbox.hpp"

namespace pingjing {
namespace {

constexpr Millis clock_jump = std::chrono::minutes(5), longest_off = std::chrono::hours(24 * 7);

void on_failure(const std::string& task, std::exception_ptr error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        log::error("gateway.task_failed", {{"task", task}, {"why", e.what()}});
    }
}

std::optional<Instant> last_fact(store::Connection& db) {
    store::Statement last(db, "SELECT at FROM ledger ORDER BY seq DESC LIMIT 1");
    return last.step() ? std::optional(last.instant(0)) : std::nullopt;
}

}  // namespace

Gateway::Gateway(config::Settings settings, GatewayWorld world)
    : settings_(std::move(settings)), world_(std::move(world)), provider_world_(world_.executor, world_.clock, world_.random, world_.http),
      doors_(world_.executor, on_failure), loops_(world_.executor, on_failure), sending_(world_.executor, on_failure) {}

Gateway::~Gateway() = default;

std::vector<const provider::Abilities*> Gateway::abilities() const {
    std::vector<const provider::Abilities*> all;
    for (const auto& p : providers_) all.push_back(&p->abilities());
    return all;
}

Result<std::unique_ptr<Gateway>> Gateway::build(config::Settings settings, GatewayWorld world, GatewayHints outside) {
    auto gateway = std::unique_ptr<Gateway>(new Gateway(std::move(settings), std::move(world)));
    auto& g = *gateway;
    auto& w = g.world_;
    for (const auto& channel : g.settings_.channels) {
        auto* make = std::any_cast<provider::Make>(&channel.adapter);
        if (!make || !*make) return fail(Error::Kind::invalid_input, fmt::format("channel '{}' has no adapter", channel.name));
        g.providers_.push_back((*make)(g.provider_world_));
    }
    w.store.run_now([&](store::Connection& db) { g.initialised_at_ = initialised_at(db); });
    auto rules = site_rules(g.settings_, w.seal, g.initialised_at_);
    if (!rules) return tl::unexpected(rules.error());
    g.rules_ = std::make_shared<const eligibility::SiteRules>(std::move(*rules));
    auto policy = sending_policy(g.settings_, g.rules_, w.seal, w.random, g.abilities());
    if (!policy) return tl::unexpected(policy.error());
    g.policy_ = *policy;

    std::vector<provider::Provider*> carriers;
    for (const auto& p : g.providers_) carriers.push_back(p.get());
    g.dispatcher_ = std::make_unique<outbox::Dispatcher>(w.executor, w.store, w.seal, w.clock, w.random, carriers, g.policy_, w.look_every);
    ratings::AnswerHints say{.messages = [d = g.dispatcher_.get()] { d->wake(); }, .alarms = std::move(outside.alarms)};
    g.answers_ = std::make_unique<ratings::Answers>(w.executor, w.store, w.seal, w.clock, w.random,
                                                    std::make_shared<const ratings::AnswerRules>(answer_rules(g.settings_, g.policy_->slots)), say, w.look_every);
    inbound::Hints hints;
    hints.alive = [d = g.dispatcher_.get()](const std::string& channel) { d->sign_of_life(channel); };
    hints.texts = [a = g.answers_.get()] { a->wake(); };
    hints.unkept = std::move(outside.unkept);
    hints.late = [d = g.dispatcher_.get()](std::string ref, provider::Outcome outcome) { return d->late(std::move(ref), std::move(outcome)); };
    g.inbox_ = std::make_unique<inbound::Inbox>(w.executor, w.store, w.seal, w.clock, std::move(hints));
    g.dispatcher_->receipt_waits = [i = g.inbox_.get()] { i->wake(); };

    auto now = w.clock.now();
    w.store.run_now([&](store::Connection& db) {
        auto last = last_fact(db);
        if (last && (now < *last - clock_jump || now > *last + longest_off)) {
            g.clock_trouble_ = now < *last ? "the clock is before the last stored fact" : "nothing was stored for over seven days";
            store::place_hold(db, "clock", std::nullopt, g.clock_trouble_, now);
        }
        g.recovered_ = store::recover_sending(db, now);
        store::forget_routes(db);
        // What a channel that is gone from the configuration still had in hand comes to its end all the same.
        store::Statement open(db, "SELECT DISTINCT channel FROM messages WHERE state = 'accepted' UNION SELECT DISTINCT channel FROM messages WHERE state = 'in_doubt'");
        while (open.step())
            if (!g.settings_.channel(open.text(0))) g.gone_.push_back(open.text(0));
    });
    if (!g.clock_trouble_.empty()) log::error("clock.hold", {{"why", g.clock_trouble_}});
    if (g.recovered_ > 0) log::warn("outbox.recovered", {{"in_doubt", g.recovered_}});
    return gateway;
}

void Gateway::start() {
    for (std::size_t c = 0; c < providers_.size(); ++c) doors_.spawn("link", serve(*providers_[c], settings_.channels[c].name));
    loops_.spawn("receipts", inbox_->settle_receipts());
    loops_.spawn("answers", answers_->run());
    loops_.spawn("time", let_time_pass());
    if (world_.look_every <= std::chrono::seconds(1)) loops_.spawn("clock", watch_clock());
    sending_.spawn("dispatcher", dispatcher_->run());
}

asio::awaitable<void> Gateway::stop() {
    sending_.stop();
    co_await sending_.join();
    co_await dispatcher_->drain(std::chrono::seconds(20));
    doors_.stop();
    co_await doors_.join();
    loops_.stop();
    co_await loops_.join();
}

// A link that breaks is opened again; what it threw is logged by nobody else.
asio::awaitable<void> Gateway::serve(provider::Provider& provider, std::string name) {
    for (;;) {
        std::string why;
        try {
            co_await provider.serve(*inbox_);
            co_return;
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
            why = error.code().message();
        } catch (const std::exception& error) {
            why = error.what();
        }
        log::error("channel.link_failed", {{"channel", name}, {"why", why}});
        co_await sleep_for(std::chrono::seconds(5));
    }
}

asio::awaitable<void> Gateway::let_time_pass() {
    auto pause = std::max<Steady>(std::chrono::seconds(30), world_.look_every);
    for (;;) {
        auto now = world_.clock.now();
        auto policy = policy_;
        auto work = [&](store::Connection& db) {
            store::close_ended_windows(db, now);
            auto channels = policy->channels;
            for (const auto& name : gone_) channels.emplace_back().name = name;
            for (const auto& c : channels) {
                auto validity = c.validity.count() > 0 ? c.validity : Millis(std::chrono::hours(24));
                store::let_time_pass(db, c.name, now - c.no_report_after, now - validity - policy->in_doubt_rest, now);
            }
        };
        try {
            co_await world_.store.run(std::ref(work));
        } catch (const store::SqlError& error) {
            log::error("time.failed", {{"why", error.what()}});
        }
        co_await sleep_for(pause);
    }
}

// Wall and monotonic clock are compared each second: who sets the time by hours would make us text people at night.
asio::awaitable<void> Gateway::watch_clock() {
    auto wall = world_.clock.now();
    auto steady = world_.clock.steady();
    for (;;) {
        co_await sleep_for(std::chrono::seconds(1));
        auto passed = std::chrono::duration<double, std::milli>(world_.clock.steady() - steady).count() * world_.clock.speed();
        auto expected = wall + Millis(static_cast<std::int64_t>(passed));
        auto now = world_.clock.now();
        wall = now, steady = world_.clock.steady();
        if (std::chrono::abs(now - expected) <= clock_jump) continue;
        auto minutes = std::chrono::duration_cast<std::chrono::minutes>(now - expected).count();
        clock_trouble_ = fmt::format("the clock jumped by {} minutes", minutes);
        log::error("clock.hold", {{"minutes", minutes}});
        auto why = clock_trouble_;
        auto work = [why, now](store::Connection& db) { store::place_hold(db, "clock", std::nullopt, why, now); };
        for (bool placed = false; !placed;) {
            try {
                co_await world_.store.run(work);
                placed = true;
            } catch (const store::SqlError&) {
            }
            if (!placed) co_await sleep_for(std::chrono::seconds(1));
        }
    }
}

std::map<std::string, inbound::Hook> Gateway::hooks() const {
    std::map<std::string, inbound::Hook> hooks;
    for (std::size_t c = 0; c < providers_.size(); ++c) hooks[settings_.channels[c].name] = {providers_[c].get(), settings_.channels[c].hook_secrets};
    return hooks;
}

std::vector<std::string> Gateway::not_ready() const {
    std::vector<std::string> reasons;
    if (!dispatcher_->any_usable()) reasons.push_back("no channel is up");
    return reasons;
}

Result<std::vector<std::string>> Gateway::reload(config::Settings settings) {
    auto rules = site_rules(settings, world_.seal, initialised_at_);
    if (!rules) return tl::unexpected(rules.error());
    std::vector<std::string> needs_restart;
    auto same_channels = [&] {
        if (settings.channels.size() != settings_.channels.size()) return false;
        for (std::size_t c = 0; c < settings.channels.size(); ++c)
            if (settings.channels[c].name != settings_.channels[c].name || settings.channels[c].provider != settings_.channels[c].provider) return false;
        return true;
    };
    if (!same_channels()) return fail(Error::Kind::conflict, "channels were added, removed or reordered: that needs a restart; nothing was changed");
    auto shared = std::make_shared<const eligibility::SiteRules>(std::move(*rules));
    auto policy = sending_policy(settings, shared, world_.seal, world_.random, abilities());
    if (!policy) return tl::unexpected(policy.error());
    if (settings.http.listen != settings_.http.listen) needs_restart.push_back("[http] listen");
    if (settings.service.state_dir != settings_.service.state_dir) needs_restart.push_back("[service] state_dir");
    rules_ = std::move(shared);
    policy_ = *policy;
    settings_ = std::move(settings);
    dispatcher_->replace(policy_);
    answers_->replace(std::make_shared<const ratings::AnswerRules>(answer_rules(settings_, policy_->slots)));
    return needs_restart;
}

}  // namespace pingjing
