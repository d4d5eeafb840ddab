#include "daemon/outbox/health.hpp"

#include <algorithm>

#include "daemon/async/backoff.hpp"

namespace pingjing::outbox {
namespace {
constexpr int refusals_before_down = 3;  // one refused row may be the row's own fault
constexpr Steady first_probe = std::chrono::seconds(2), last_probe = std::chrono::minutes(5);
constexpr Steady first_suspect = std::chrono::seconds(30), last_suspect = std::chrono::hours(1);
}  // namespace

int ChannelHealth::room(int in_flight, Steady now) const {
    if (state_ == State::stopped || now < opens_at_) return 0;
    auto allowed = state_ == State::up || state_ == State::paused ? window_ : 1;
    return std::max(0, allowed - in_flight);
}

std::optional<Steady> ChannelHealth::opens_at(Steady now) const {
    return state_ != State::stopped && opens_at_ > now ? std::optional(opens_at_) : std::nullopt;
}

void ChannelHealth::go_down(State state, std::string why, Steady until) {
    state_ = state;
    why_ = std::move(why);
    opens_at_ = until;
}

void ChannelHealth::ended(const provider::Outcome& outcome, Steady now, Random& random) {
    using namespace provider;
    auto name = std::string(outcome_name(outcome));
    // What was under way when it went down says the same once more: a window of refusals is one outage, not sixteen.
    bool known = state_ == State::down && now < opens_at_;
    if (std::holds_alternative<ChannelDown>(outcome)) {
        if (!known) ++refusals_;
        // At once: more tries with a wrong key get the account locked.
        go_down(State::down, name + " " + outcome_detail(outcome), now + backoff(std::max(1, refusals_), std::chrono::seconds(30), last_probe, random));
        return;
    }
    if (std::holds_alternative<Retry>(outcome) || (std::holds_alternative<Permanent>(outcome) && std::get<Permanent>(outcome).fault == Permanent::config)) {
        if (known) return;
        if (++refusals_ >= refusals_before_down || state_ == State::down)
            go_down(State::down, name + " " + outcome_detail(outcome), now + backoff(std::max(1, refusals_ - refusals_before_down + 1), first_probe, last_probe, random));
        return;
    }
    if (std::holds_alternative<Ambiguous>(outcome)) {
        // Counted in a row whatever state it is in: one that refuses us between two silences is no less of a hole.
        ++silences_;
        probes_ = std::max(0, silences_ - window_);
        if (probes_ >= window_) go_down(State::stopped, "two windows in doubt", now);
        else if (silences_ >= window_) go_down(State::suspect, outcome_detail(outcome), now + backoff(probes_ + 1, first_suspect, last_suspect, random));
        return;
    }
    // It answered, and about this message: it lives.
    refusals_ = 0;
    sign_of_life();
    state_ = State::up;
    why_.clear();
    opens_at_ = Steady{};
    if (const auto* throttled = std::get_if<Throttled>(&outcome); throttled && throttled->scope == Throttled::channel)
        go_down(State::paused, name, now + std::min<Steady>(throttled->after, std::chrono::minutes(10)));
}

void ChannelHealth::sign_of_life() {
    silences_ = probes_ = 0;
    if (state_ == State::suspect || state_ == State::stopped) release();
}

void ChannelHealth::release() {
    state_ = State::up;
    why_.clear();
    opens_at_ = Steady{};
    refusals_ = silences_ = probes_ = 0;
}

std::string_view ChannelHealth::state_name() const {
    constexpr std::string_view names[] = {"up", "paused", "down", "suspect", "stopped"};
    return names[static_cast<int>(state_)];
}

}  // namespace pingjing::outbox
