#include "daemon/outbox/dispatcher.hpp"

#include <algorithm>

#include "daemon/async/within.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/outbox/retry.hpp"
#include "daemon/store/phones.hpp"

namespace pingjing::outbox {
namespace {

constexpr Steady before_first_submit = std::chrono::seconds(1);
constexpr Steady claimed_ahead = std::chrono::milliseconds(200);
constexpr Steady between_sweeps = std::chrono::minutes(10);
constexpr Steady steady_before_stale = std::chrono::minutes(10);
constexpr Steady store_pause = std::chrono::seconds(1), record_pause = std::chrono::milliseconds(10);

void on_failure(const std::string& task, std::exception_ptr error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        log::error("outbox.task_failed", {{"task", task}, {"why", e.what()}});
    }
}

}  // namespace

Dispatcher::Dispatcher(asio::any_io_executor executor, store::Store& store, const store::Seal& seal, const Clock& clock, Random& random,
                       std::vector<provider::Provider*> providers, PolicyPtr policy, Steady look_every)
    : store_(store), seal_(seal), clock_(clock), random_(random), policy_(std::move(policy)), started_(clock.steady()), swept_(started_), look_every_(look_every), wake_(executor),
      under_way_(executor, on_failure) {
    channels_.reserve(providers.size());
    for (std::size_t c = 0; c < providers.size(); ++c) channels_.emplace_back(providers[c], policy_->channels[c], started_ + before_first_submit);
}

void Dispatcher::replace(PolicyPtr policy) {
    policy_ = std::move(policy);
    wordings_ = std::make_shared<Wordings>();
    forget_routes_ = true;  // their numbers mean something else now
    wake();
}

std::optional<std::size_t> Dispatcher::index_of(const std::string& name) const {
    for (std::size_t c = 0; c < channels_.size(); ++c)
        if (policy_->channels[c].name == name) return c;
    return std::nullopt;
}

void Dispatcher::sign_of_life(const std::string& channel) {
    auto c = index_of(channel);
    if (!c) return;
    auto before = channels_[*c].health.state();
    channels_[*c].health.sign_of_life();
    if (channels_[*c].health.state() != before) wake();
}

void Dispatcher::release(const std::optional<std::string>& channel) {
    for (std::size_t c = 0; c < channels_.size(); ++c) {
        if (channel && policy_->channels[c].name != *channel) continue;
        channels_[c].health.release();
        channels_[c].provider->try_now();
    }
    wake();
}

std::vector<ChannelView> Dispatcher::views() const {
    auto now = clock_.steady();
    std::vector<ChannelView> views;
    for (const auto& c : channels_) {
        auto room = std::min(c.health.room(c.in_flight, now), c.tps.free(now, claimed_ahead));
        if (auto wire = c.provider->room()) room = std::min(room, *wire);
        bool usable = c.health.usable(now);
        views.push_back({usable, std::max(room, 0), !usable && c.health.room(c.in_flight, now) > 0});
    }
    return views;
}

Millis Dispatcher::business(Steady pause) const {
    return Millis(static_cast<std::int64_t>(std::chrono::duration<double, std::milli>(pause).count() * clock_.speed()));
}

Steady Dispatcher::pause_until(const Round& round) const {
    auto pause = look_every_;
    if (round.next_due) {
        auto business = std::chrono::duration<double, std::nano>(*round.next_due - clock_.now());
        pause = std::min(pause, Steady(static_cast<std::int64_t>(business.count() / std::max(clock_.speed(), 1e-6))));
    }
    return std::max(pause, Steady(std::chrono::milliseconds(1)));
}

// What proved not to have gone does not count for the day's ceiling.
void Dispatcher::uncount(store::Connection& db, const Policy& policy, const store::Attempt& attempt, Instant now) {
    if (attempt.survey) store::add_surveys_of_day(db, attempt.channel, policy.local_day(now), -1);
}

// The carrier's black list is an opt-out like any other: whoever stands on it is not tried again.
void Dispatcher::opt_out_of(store::Connection& db, std::int64_t phone_id, Instant now) const {
    store::record_opt_out(db, phone_id, true, "carrier", "", now);
    store::cancel_waiting_surveys_to(db, phone_id, 0, Code::opt_out, now);
}

// nullopt: the store is broken. Then nothing was sent, whatever of the claims is on disk.
asio::awaitable<std::optional<Round>> Dispatcher::claim() {
    std::vector<store::Attempt> announced;
    ClaimInput input;
    input.policy = policy_;
    input.wordings = wordings_;
    input.views = views();
    input.now = clock_.now();
    input.careful = std::exchange(careful_, false);
    input.surveys_held = surveys_held_;
    input.forget_routes = std::exchange(forget_routes_, false);
    input.may_go_stale = clock_.steady() - started_ >= steady_before_stale || clock_.speed() != 1.0;
    if (clock_.steady() - swept_ >= between_sweeps) input.sweep_stale = true, swept_ = clock_.steady();
    input.announce = [this](store::Connection& db, const std::string& ref, const std::string& key) { store_.will_send(db, ref, key); };
    auto work = [this, &announced, &input](store::Connection& db) {
        auto round = claim_round(db, seal_, input);
        announced.clear();
        for (const auto& sending : round.claimed) announced.push_back(sending.attempt);
        return round;
    };
    try {
        auto round = co_await store_.run(std::ref(work));
        if (round.more_stale) swept_ -= between_sweeps;  // again in the next one
        co_return round;
    } catch (const store::SqlError& error) {
        log::error("outbox.claim_failed", {{"why", error.what()}});
        careful_ = error.is_refusal();
    } catch (const std::exception& error) {  // the sent journal, or something we did not think of: the loop must outlive it
        log::error("outbox.claim_failed", {{"why", error.what()}});
    }
    forget_routes_ = forget_routes_ || input.forget_routes;
    if (input.sweep_stale) swept_ -= between_sweeps;
    co_await never_sent(std::move(announced));
    co_return std::nullopt;
}

asio::awaitable<void> Dispatcher::never_sent(std::vector<store::Attempt> attempts) {
    for (const auto& attempt : attempts) {
        for (bool is_settled = false; !is_settled;) {
            auto now = clock_.now();
            auto policy = policy_;  // a reload on the io thread must not pull it away under the store's
            auto work = [&attempt, policy, now](store::Connection& db) {
                if (store::record_never_sent(db, attempt, now).moved) uncount(db, *policy, attempt, now);
            };
            try {
                co_await store_.run(std::ref(work));
                is_settled = true;
            } catch (const store::SqlError& error) {
                log::error("outbox.record_failed", {{"ref", attempt.ref}, {"why", error.what()}});
                // Refused it would be refused for ever, and nobody claims meanwhile. What is still `sending` at the next start is in doubt.
                is_settled = error.is_refusal();
            }
            if (!is_settled) co_await sleep_for(store_pause);
        }
    }
}

asio::awaitable<void> Dispatcher::run() {
    for (;;) {
        auto round = co_await claim();
        if (!round) {
            co_await sleep_for(store_pause);
            continue;
        }
        for (const auto& name : round->ceilings) log::error("outbox.ceiling", {{"channel", name}});
        for (const auto& why : round->refused) log::error("outbox.row_refused", {{"why", why}});
        if (round->unroutable > 0) log::error("outbox.no_route", {{"messages", round->unroutable}});
        bool some = !round->claimed.empty();
        for (auto& sending : round->claimed) {
            ++channels_[sending.channel].in_flight;
            under_way_.spawn("deliver", deliver(std::move(sending)));
        }
        if (some) continue;  // there may be more that is due, and room for it
        auto pause = pause_until(*round);
        for (const auto& c : channels_)
            if (auto opens = c.health.opens_at(clock_.steady())) pause = std::min(pause, std::max(*opens - clock_.steady(), Steady(std::chrono::milliseconds(1))));
        // A full second of messages is over before anybody tells us.
        for (const auto& c : channels_)
            if (auto opens = c.tps.opens_at(clock_.steady(), claimed_ahead); opens > clock_.steady()) pause = std::min(pause, opens - clock_.steady());
        co_await wake_.wait(pause);
    }
}

asio::awaitable<void> Dispatcher::deliver(Sending sending) {
    auto& channel = channels_[sending.channel];
    struct Unrecorded {
        Unrecorded(std::multiset<std::string>& a, const std::string& ref) : all(a), place(a.insert(ref)) {}
        ~Unrecorded() { all.erase(place); }
        std::multiset<std::string>& all;
        std::multiset<std::string>::iterator place;
    } unrecorded(unrecorded_, sending.attempt.ref);
    auto limit = std::chrono::duration_cast<Steady>(policy_->channels[sending.channel].submit_timeout);
    provider::Outcome outcome = provider::Retry{"stopped before it left"};
    try {
        auto leaves = channel.tps.reserve(clock_.steady(), sending.parts);
        if (leaves > clock_.steady()) co_await sleep_for(leaves - clock_.steady());
        outcome = provider::Ambiguous{"stopped while the carrier had it"};
        if (auto answer = co_await within(limit, channel.provider->submit(std::move(sending.submission)))) outcome = std::move(*answer);
        else outcome = provider::Ambiguous{"no answer in time"};
    } catch (const boost::system::system_error& stopped) {
        if (stopped.code() != asio::error::operation_aborted) outcome = provider::Ambiguous{stopped.code().message()};
    } catch (const std::exception& broken) {
        outcome = provider::Ambiguous{broken.what()};
    }
    // The carrier may have the message. Whatever happens to us, that gets written down.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    --channel.in_flight;
    auto state = channel.health.state();
    channel.health.ended(outcome, clock_.steady(), random_);
    auto name = policy_->channels[sending.channel].name;
    metrics::count("submitted_total", {{"channel", name}, {"outcome", provider::outcome_name(outcome)}});
    if (channel.health.state() != state)
        log::warn("channel.state", {{"channel", name}, {"state", channel.health.state_name()}, {"why", channel.health.why()}});
    wake();
    co_await record(std::move(sending.attempt), std::move(outcome));
}

asio::awaitable<void> Dispatcher::record(store::Attempt attempt, provider::Outcome outcome) {
    auto next = next_step(outcome, attempt.number, random_);
    auto name = provider::outcome_name(outcome);
    auto detail = provider::outcome_detail(outcome);
    std::vector<std::string> ids;
    if (const auto* accepted = std::get_if<provider::Accepted>(&outcome)) ids = accepted->vendor_ids;
    if (const auto* partial = std::get_if<provider::Partial>(&outcome)) ids = partial->vendor_ids;
    std::vector<std::string> doubted;
    if (const auto* doubt = std::get_if<provider::Ambiguous>(&outcome)) doubted = doubt->vendor_ids;
    for (auto* all : {&ids, &doubted})
        for (auto& id : *all) id = store::open_id(seal_, id);
    auto policy = policy_;  // the work runs on the store's thread, and a reload replaces ours
    for (;;) {
        auto now = clock_.now();
        auto due = now + business(next.pause);
        auto work = [&](store::Connection& db) {
            if (next.code == "opted_out") opt_out_of(db, attempt.phone_id, now);
            switch (next.step) {
                case Next::Step::accepted: return store::record_accepted(db, attempt, ids, now, now + policy->answer_window);
                case Next::Step::again: {
                    auto settled = store::record_again(db, attempt, name, detail, due, now);
                    if (settled.moved) uncount(db, *policy, attempt, now);
                    return settled;
                }
                case Next::Step::failed: return store::record_failed(db, attempt, name, detail, next.code, ids, now);
                case Next::Step::held: return store::record_held(db, attempt, name, detail, now);
                case Next::Step::in_doubt: return store::record_in_doubt(db, attempt, name, detail, now, doubted);
            }
            return store::Settled{};
        };
        try {
            auto settled = co_await store_.run(std::ref(work));
            if (settled.woke && receipt_waits) receipt_waits();
            break;
        } catch (const store::SqlError& error) {
            log::error("outbox.record_failed", {{"ref", attempt.ref}, {"why", error.what()}});
            // Refused again and again it would never stand. What is still `sending` at the next start is in doubt.
            if (error.is_refusal() && std::exchange(next.step, Next::Step::in_doubt) == Next::Step::in_doubt) co_return;
        }
        // Until it stands: what we learned of this message is nowhere else. If we are stopped first, it is in doubt; and where the disk
        // has lost what was written it never stands before the next start.
        if (give_up_ || store_.failed()) co_return;
        co_await sleep_for(store_pause);
    }
    if (next.step != Next::Step::accepted)
        log::info("submit.ended", {{"channel", attempt.channel}, {"ref", attempt.ref}, {"attempt", attempt.number}, {"outcome", name}, {"why", detail}});
    wake();
}

asio::awaitable<void> Dispatcher::late(std::string channel, std::string ref, provider::Outcome outcome) {
    auto next = next_step(outcome, 1, random_);
    if (next.step == Next::Step::in_doubt) co_return;
    // It can be here before our giving up is written down, where the store is slow or broken.
    while (unrecorded_.contains(ref)) co_await sleep_for(record_pause);
    std::vector<std::string> ids;
    if (const auto* accepted = std::get_if<provider::Accepted>(&outcome)) ids = accepted->vendor_ids;
    if (const auto* partial = std::get_if<provider::Partial>(&outcome)) ids = partial->vendor_ids;
    for (auto& id : ids) id = store::open_id(seal_, id);
    auto policy = policy_;
    auto now = clock_.now();
    auto work = [&](store::Connection& db) {
        auto refused = next.step == Next::Step::again;
        if (next.code == "opted_out")
            if (auto phone_id = store::phone_of_message(db, ref)) opt_out_of(db, *phone_id, now);
        return store::record_late(db, channel, ref, next.step == Next::Step::accepted, refused, ids, provider::outcome_name(outcome),
                                  provider::outcome_detail(outcome), next.code, now, policy->answer_window);
    };
    store::Settled settled;
    try {
        settled = co_await store_.run(std::ref(work));
    } catch (const store::SqlError& error) {
        // Whoever tells it tells it until it stands, and those behind it wait. Refused it would be refused for ever: it stays in doubt.
        if (!error.is_refusal()) throw;
        log::error("outbox.late_refused", {{"channel", channel}, {"ref", ref}, {"why", error.what()}});
        co_return;
    }
    if (settled.woke && receipt_waits) receipt_waits();
    wake();
}

asio::awaitable<void> Dispatcher::drain(Steady grace) {
    auto ended = co_await within(grace, [](TaskGroup& group) -> asio::awaitable<bool> {
        co_await group.join();
        co_return true;
    }(under_way_));
    if (ended) co_return;
    give_up_ = true;
    under_way_.stop();
    co_await under_way_.join();
}

std::vector<Dispatcher::ChannelStatus> Dispatcher::status() const {
    std::vector<ChannelStatus> out;
    for (std::size_t c = 0; c < channels_.size(); ++c) {
        const auto& rules = policy_->channels[c];
        const auto& channel = channels_[c];
        ChannelStatus one{rules.name, std::string(channel.health.state_name()), channel.health.why(), provider::describe_evidence(channel.provider->abilities()), channel.in_flight, channel.provider->way_back_closed(), channel.provider->links()};
        auto say = [&](const std::string& what) { one.why += (one.why.empty() ? "" : "; ") + what; };
        if (rules.open && !rules.open(clock_.now())) say("closed until " + rules.opens);
        if (auto links = provider::describe_links(one.links); !links.empty()) say(links);
        if (one.links.of > 0 && one.links.up == 0 && one.state == "up") one.state = "down";  // nothing was sent yet that could have shown it
        if (!one.way_back_closed.empty()) say("its way back is closed: " + one.way_back_closed);
        out.push_back(std::move(one));
    }
    return out;
}

bool Dispatcher::any_usable() const {
    return std::any_of(channels_.begin(), channels_.end(), [](const Channel& c) {
        auto links = c.provider->links();
        bool is_well = c.health.state() == ChannelHealth::State::up || c.health.state() == ChannelHealth::State::paused;
        return is_well && (links.of == 0 || links.up > 0);
    });
}

}  // namespace pingjing::outbox
