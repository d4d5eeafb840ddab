#include "daemon/gateway.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/async/within.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/reply/read.hpp"
#include "daemon/store/canaries.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/reviews.hpp"

namespace pingjing {
namespace {

constexpr Millis longest_off = std::chrono::hours(24 * 7);
// A machine's clock may be wrong when it starts, and it asks for the time then: until that is done nothing comes to its end by it.
constexpr Steady steady_before_time_passes = std::chrono::minutes(10);

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

// nullopt: none is due now.
std::optional<CanariesOfDay> canaries_of_today(const config::Settings& settings, Instant now) {
    const auto& canary = settings.canary;
    if (canary.phones.empty()) return std::nullopt;
    CanariesOfDay today;
    today.day = local_day(now, settings.service.timezone);
    auto midnight = day_range(today.day, settings.service.timezone)->from;
    today.at = midnight + canary.at;
    // Staff, too, are not texted at night, whatever kept it from going in its hour.
    today.until = std::min(today.at + canary.answer_within, midnight + Millis(settings.survey.hours.to));
    if (now < today.at || now >= today.until || (canary.weekday && weekday_of(today.day) != canary.weekday)) return std::nullopt;
    auto routes = site_routes(settings);
    for (const auto& phone : canary.phones)
        if (auto route = outbox::find_route(routes, *settings.lists.number_plan, phone.reveal()))
            for (auto channel : routes[*route].channels) today.texts.emplace_back(phone, settings.channels[channel].name);
    return today;
}

std::string hold_if_clock_is_off(store::Connection& db, Instant now) {
    auto last = last_fact(db);
    if (!last || (now >= *last - ClockWatch::tolerated && now <= *last + longest_off)) return {};
    std::string why = now < *last ? "the clock is before the last stored fact" : "nothing was stored for over seven days";
    store::place_hold(db, "clock", std::nullopt, why, now);
    return why;
}

Gateway::Gateway(config::Settings settings, GatewayWorld world)
    : settings_(std::move(settings)), at_start_(settings_), world_(std::move(world)), provider_world_(world_.executor, world_.clock, world_.random, world_.http),
      kept_(world_.clock), doors_(world_.executor, on_failure), loops_(world_.executor, on_failure), sending_(world_.executor, on_failure),
      clock_watch_(std::make_shared<ClockWatch>(world_.clock)) {}

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
    w.store.run_now([&](store::Connection& db) { db.watch_clock(g.clock_watch_), g.initialised_at_ = initialised_at(db); });
    auto rules = site_rules(g.settings_, w.seal, g.initialised_at_);
    if (!rules) return tl::unexpected(rules.error());
    g.rules_ = std::make_shared<const eligibility::SiteRules>(std::move(*rules));
    auto policy = sending_policy(g.settings_, g.rules_, w.seal, w.random, g.abilities());
    if (!policy) return tl::unexpected(policy.error());
    g.policy_ = *policy;

    std::vector<provider::Provider*> carriers;
    for (const auto& p : g.providers_) carriers.push_back(p.get());
    g.dispatcher_ = std::make_unique<outbox::Dispatcher>(w.executor, w.store, w.seal, w.clock, w.random, carriers, g.policy_, w.look_every);
    ratings::AnswerHints say{.messages = [d = g.dispatcher_.get()] { d->wake(); }, .alarms = outside.alarms};
    g.answers_ = std::make_unique<ratings::Answers>(w.executor, w.store, w.seal, w.clock, w.random,
                                                    std::make_shared<const ratings::AnswerRules>(answer_rules(g.settings_, g.policy_->slots)), say, w.look_every);
    if (const auto& reader = g.settings_.reader; !reader.assist.empty())
        g.assist_ = std::make_unique<assist::Assist>(w.store, w.seal, w.clock, assist::Rules{reader.assist, reader.assist_timeout, g.settings_.survey.scale}, w.look_every);
    inbound::Hints hints;
    hints.alive = [d = g.dispatcher_.get()](const std::string& channel) { d->sign_of_life(channel); };
    hints.texts = [a = g.answers_.get()] { a->wake(); };
    hints.read = [a = g.answers_.get()] { return a->at_the_door(); };
    hints.unkept = std::move(outside.unkept);
    g.know_own_words();
    hints.lookout.read = [g = gateway.get()](std::string_view text) { return g->danger_in(text); };
    hints.lookout.own = [g = gateway.get()] { return g->own_words_; };
    hints.lookout.random = &w.random, hints.lookout.alarms = std::move(outside.alarms);
    hints.lookout.unkept = std::move(outside.unkept_cry);
    hints.late = [d = g.dispatcher_.get()](std::string channel, std::string ref, provider::Outcome outcome) { return d->late(std::move(channel), std::move(ref), std::move(outcome)); };
    g.inbox_ = std::make_unique<inbound::Inbox>(w.executor, w.store, w.seal, w.clock, std::move(hints), std::max<Steady>(std::chrono::seconds(60), w.look_every));
    g.dispatcher_->receipt_waits = [i = g.inbox_.get()] { i->wake(); };

    auto now = w.clock.now();
    w.store.run_now([&](store::Connection& db) {
        g.clock_trouble_ = hold_if_clock_is_off(db, now);
        g.recovered_ = store::recover_sending(db, now);
        store::forget_routes(db, now);
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
    clock_watch_->compare_from(clock_watch_->read());
    started_ = world_.clock.steady();
    for (std::size_t c = 0; c < providers_.size(); ++c) doors_.spawn("link", serve(*providers_[c], settings_.channels[c].name));
    kept_.keep(loops_, "receipts", [this] { return inbox_->settle_receipts(); });
    kept_.keep(loops_, "answers", [this] { return answers_->run(); });
    if (assist_) kept_.keep(loops_, "assist", [this] { return assist_->run(); });
    kept_.keep(loops_, "time", [this] { return let_time_pass(); });
    kept_.keep(loops_, "canaries", [this] { return plan_canaries(); });
    if (world_.look_every <= std::chrono::seconds(1)) kept_.keep(loops_, "clock", [this] { return watch_clock(); });
    kept_.keep(sending_, "dispatcher", [this] { return dispatcher_->run(); });
}

asio::awaitable<void> Gateway::stop() {
    sending_.stop();
    co_await sending_.join();
    co_await dispatcher_->drain(std::chrono::seconds(20));
    doors_.stop();
    co_await doors_.join();
    loops_.stop();
    co_await loops_.join();
    (void)co_await within(std::chrono::seconds(5), answers_->finish());
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

// On its day and hour each number gets one test text on every channel of its route. What was left out, because nobody ran, is made up
// for as long as an answer would still be in time.
asio::awaitable<void> Gateway::plan_canaries() {
    auto pause = std::max<Steady>(std::chrono::seconds(30), world_.look_every);
    for (;;) {
        if (auto today = canaries_of_today(settings_, world_.clock.now())) co_await plan(std::move(*today));
        co_await sleep_for(pause);
    }
}

asio::awaitable<void> Gateway::plan(CanariesOfDay today) {
    int planned = 0;
    auto now = world_.clock.now();
    auto work = [&](store::Connection& db) {
        planned = 0;
        if (store::no_send_before(db) > today.at) return;  // a restored store does not remember what it sent today
        if (store::is_clock_held(db)) return;              // planned for a wrong day, it would be missing on the right one
        for (const auto& [phone, channel] : today.texts) planned += store::plan_canary(db, world_.seal, world_.random, channel, phone, today.day, today.until, now);
    };
    try {
        co_await world_.store.run(std::ref(work));
    } catch (const store::SqlError& error) {
        log::error("canaries.failed", {{"why", error.what()}});
        co_return;
    }
    if (planned == 0) co_return;
    log::info("canaries.planned", {{"texts", planned}});
    dispatcher_->wake();
}

asio::awaitable<void> Gateway::let_time_pass() {
    auto pause = std::max<Steady>(std::chrono::seconds(30), world_.look_every);
    auto first = started_ + steady_before_time_passes;
    if (world_.clock.speed() == 1.0 && first > world_.clock.steady()) co_await sleep_for(first - world_.clock.steady());
    store::UnclearSoFar unclear;
    Steady look_for_unclear{};  // windows last for days: a person has time for what is found minutes later
    for (;;) {
        auto now = world_.clock.now();
        auto policy = policy_;
        bool more = false, more_unclear = false;
        bool looks = world_.clock.steady() >= look_for_unclear;
        auto looked = unclear;
        auto work = [&](store::Connection& db) {
            more = store::close_ended_windows(db, now) >= store::of_time_at_once;
            looked = unclear;
            if (looks) more_unclear = store::open_reviews_of_unclear(db, looked, now) >= store::unclear_at_once;
            auto channels = policy->channels;
            for (const auto& name : gone_) channels.emplace_back().name = name;
            for (const auto& c : channels) {
                auto validity = c.validity.count() > 0 ? c.validity : Millis(std::chrono::hours(24));
                more = store::let_time_pass(db, c.name, now - c.no_report_after, now - validity - policy->in_doubt_rest, now) >= store::of_time_at_once || more;
            }
        };
        try {
            co_await world_.store.run(std::ref(work));
            unclear = looked;
            if (looks && !more_unclear) look_for_unclear = world_.clock.steady() + std::chrono::minutes(5);
        } catch (const store::SqlError& error) {
            if (error.is_refusal()) throw;  // it will not go away: then somebody is told that time stands still
            log::error("time.failed", {{"why", error.what()}});
            more = more_unclear = false;
        }
        if (!more && !more_unclear) co_await sleep_for(pause);
    }
}

// Who sets the time by hours would make us text people at night.
asio::awaitable<void> Gateway::watch_clock() {
    for (;;) {
        co_await sleep_for(std::chrono::seconds(1));
        co_await look_at_clock();
    }
}

asio::awaitable<void> Gateway::look_at_clock() {
    auto look = clock_watch_->read();
    auto off = clock_watch_->jump_until(look);
    if (off == Millis(0)) {
        clock_watch_->compare_from(look);
        co_return;
    }
    auto minutes = std::chrono::duration_cast<std::chrono::minutes>(off).count();
    clock_trouble_ = fmt::format("the clock jumped by {} minutes", minutes);
    log::error("clock.hold", {{"minutes", minutes}});
    auto why = clock_trouble_;
    auto work = [why, now = look.wall](store::Connection& db) { store::place_hold(db, "clock", std::nullopt, why, now); };
    dispatcher_->hold_surveys(true);
    for (bool placed = false; !placed;) {
        try {
            co_await world_.store.run(work);
            placed = true;
        } catch (const store::SqlError&) {
        }
        if (!placed) co_await sleep_for(std::chrono::seconds(1));
    }
    clock_watch_->compare_from(look);
    dispatcher_->hold_surveys(false);
}

std::map<std::string, inbound::Hook> Gateway::hooks() const {
    std::map<std::string, inbound::Hook> hooks;
    for (std::size_t c = 0; c < providers_.size(); ++c) hooks[settings_.channels[c].name] = {providers_[c].get(), settings_.channels[c].hook_secrets};
    return hooks;
}

std::vector<std::string> Gateway::not_ready() const {
    std::vector<std::string> reasons;
    if (!dispatcher_->any_usable()) reasons.push_back("no channel is up");
    for (auto& why : failing()) reasons.push_back(std::move(why));
    return reasons;
}

Result<Gateway::Next> Gateway::prepare(config::Settings settings) const {
    auto rules = site_rules(settings, world_.seal, initialised_at_);
    if (!rules) return tl::unexpected(rules.error());
    auto same = [](const config::Channel& a, const config::Channel& b) { return a.name == b.name && a.provider == b.provider; };
    if (!std::ranges::equal(settings.channels, settings_.channels, same))
        return fail(Error::Kind::conflict, "channels were added, removed or reordered: that needs a restart; nothing was changed");
    Next next;
    next.rules = std::make_shared<const eligibility::SiteRules>(std::move(*rules));
    auto policy = sending_policy(settings, next.rules, world_.seal, world_.random, abilities());
    if (!policy) return tl::unexpected(policy.error());
    next.policy = *policy;
    next.needs_restart = needs_restart(settings);
    next.settings = std::move(settings);
    return next;
}

// Compared with the start, not with the load before: what waits for a restart waits after a second reload still.
std::vector<std::string> Gateway::needs_restart(const config::Settings& is) const {
    const auto& was = at_start_;
    std::vector<std::string> needed;
    auto compare = [&](const std::string& key, const auto& a, const auto& b) {
        if (a != b) needed.push_back(key);
    };
    compare("[http] listen", was.http.listen, is.http.listen);
    compare("[http] body_limit", was.http.body_limit, is.http.body_limit);
    compare("[http] tls_cert", was.http.tls_cert, is.http.tls_cert);
    compare("[http] tls_key", was.http.tls_key, is.http.tls_key);
    compare("[http] public_url", was.http.public_url, is.http.public_url);
    compare("[service] state_dir", was.service.state_dir, is.service.state_dir);
    compare("[service] key_dir", was.service.key_dir, is.service.key_dir);
    compare("[service] test_clock", was.service.test_clock, is.service.test_clock);
    compare("[desk] kind", was.desk.main.kind, is.desk.main.kind);
    compare("[desk] url", was.desk.main.url, is.desk.main.url);
    compare("[desk] command", was.desk.main.command, is.desk.main.command);
    compare("[reader] assist", was.reader.assist, is.reader.assist);
    compare("[reader] assist_timeout", was.reader.assist_timeout, is.reader.assist_timeout);
    compare("[intake] folder", was.intake.folder, is.intake.folder);
    auto folders = [](const config::Settings& s) {
        std::vector<config::Path> all;
        for (const auto& door : s.service_intakes) all.push_back(door.folder);
        return all;
    };
    compare("[[survey.service]] folder", folders(was), folders(is));
    // What carriers are told to call was given to the adapter when it was made: taken are the new secrets, told is the old one.
    for (std::size_t c = 0; c < was.channels.size(); ++c) {
        // Account, address, port, source, codes …: the adapter was made of them, and its links stand.
        compare("[[channel]] " + was.channels[c].name, was.channels[c].adapter_digest, is.channels[c].adapter_digest);
        auto about = fmt::format("[[channel]] {}: ", was.channels[c].name);
        compare(about + "window", was.channels[c].window, is.channels[c].window);
        compare(about + "tps", was.channels[c].tps, is.channels[c].tps);
        compare(about + "the hook address that carriers are told", was.channels[c].hook_url, is.channels[c].hook_url);
    }
    return needed;
}

void Gateway::take_over(Next next) {
    rules_ = std::move(next.rules);
    policy_ = std::move(next.policy);
    settings_ = std::move(next.settings);
    dispatcher_->replace(policy_);
    answers_->replace(std::make_shared<const ratings::AnswerRules>(answer_rules(settings_, policy_->slots)));
    know_own_words();
}

// Those of before a reload as well: receipts still quote them.
void Gateway::know_own_words() {
    for (const auto& [name, text] : settings_.texts) own_texts_.insert(text);
    for (const auto& [language, texts] : settings_.texts_of)
        for (const auto& [name, text] : texts) own_texts_.insert(text);
    own_words_ = std::make_shared<const inbound::OwnWords>(std::vector<std::string>(own_texts_.begin(), own_texts_.end()));
}

inbound::Danger Gateway::danger_in(std::string_view text) const {
    auto verdict = reply::read(settings_.survey.scale, text);
    bool request = verdict.label == reply::Label::opt_out || verdict.label == reply::Label::help;
    return {verdict.emergency, verdict.do_not_contact, request};
}

}  // namespace pingjing
