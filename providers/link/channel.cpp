#include "providers/link/channel.hpp"

#include <algorithm>

#include "daemon/async/backoff.hpp"
#include "daemon/async/within.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::link {

using namespace provider;

namespace {

constexpr Steady stop_within = std::chrono::seconds(12);

}  // namespace

Channel::Channel(ChannelSettings settings, std::shared_ptr<asio::ssl::context> tls, World& world, MakeDialect make)
    : settings_(std::move(settings)), tls_(std::move(tls)), executor_(world.executor), clock_(world.clock), random_(world.random), make_dialect_(std::move(make)),
      late_news_(world.executor), stop_(world.executor) {
    for (int i = 0; i < settings_.links; ++i) links_.emplace_back(static_cast<std::size_t>(i), executor_);
}

Channel::~Channel() = default;

int Channel::open_links() const {
    return static_cast<int>(std::count_if(links_.begin(), links_.end(), [](const Link& l) { return l.conversation && l.conversation->session().state() == State::open; }));
}

Links Channel::links() const {
    Links out;
    out.of = static_cast<int>(links_.size());
    for (const auto& link : links_) {
        if (link.resting || (link.conversation && link.conversation->session().state() == State::open)) {
            ++out.up;
            continue;
        }
        if (link.refused || out.refused == 0) out.why = link.why;
        if (link.refused) ++out.refused;
    }
    return out;
}

std::string Channel::way_back_closed() const {
    bool any = false;
    const Link* missing = nullptr;
    for (const auto& link : links_) {
        bool open = link.conversation && link.conversation->session().state() == State::open;
        if (open && link.receives) return {};
        any = any || open;
        if (link.receives && !missing) missing = &link;
    }
    return any && missing ? "the link that receives is down: " + missing->why : std::string();
}

void Channel::tell_metrics() const {
    auto all = links();
    metrics::gauge("links_open", {{"channel", settings_.name}}, open_links());
    metrics::gauge("links_refused", {{"channel", settings_.name}}, all.refused);
    metrics::gauge("links_wanted", {{"channel", settings_.name}}, all.of);
}

void Channel::ended(Link& link, std::string why, bool refused) {
    link.refused = refused;
    link.why = why;
    why_ = std::move(why);
}

int Channel::in_flight() const {
    int all = 0;
    for (const auto& link : links_) all += link.conversation ? link.conversation->session().in_flight() : 0;
    return all;
}

// A text goes as a whole where it fits: its parts then stay together.
std::optional<int> Channel::room() const {
    bool none = true;
    int places = 0;
    for (const auto& link : links_) {
        bool open = link.conversation && link.conversation->session().state() == State::open;
        if (open || link.resting) none = false;
        if (open) places += std::max(0, link.conversation->session().room());
        else if (link.resting) places += settings_.session.window;
    }
    if (none) return std::nullopt;
    for (auto ticket : queue_)
        if (auto waiting = messages_.find(ticket); waiting != messages_.end()) places -= static_cast<int>(waiting->second->frames.size());
    return std::max(0, places);
}

Conversation* Channel::roomiest(std::size_t parts) const {
    Conversation* best = nullptr;
    for (const auto& link : links_) {
        if (!link.conversation) continue;
        auto room = link.conversation->session().room();
        auto needed = std::min(static_cast<int>(parts), link.conversation->session().window());
        if (room >= needed && (!best || room > best->session().room())) best = link.conversation.get();
    }
    return best;
}

void Channel::feed() {
    if (feeding_) return;
    feeding_ = true;
    while (!queue_.empty()) {
        auto found = messages_.find(queue_.front());
        if (found == messages_.end()) {
            queue_.pop_front();
            continue;
        }
        auto message = found->second;
        auto* conversation = roomiest(message->frames.size());
        if (!conversation) {
            wake_a_link();
            break;
        }
        queue_.pop_front();
        message->left_queue = true;
        conversation->submit(found->first, std::move(message->frames));
    }
    feeding_ = false;
}

// One after the other: what waits may fit into the next one.
void Channel::wake_a_link() {
    for (const auto& link : links_)
        if (!link.resting && (!link.conversation || link.conversation->session().state() == State::opening)) return;
    for (auto& link : links_) {
        if (!link.resting) continue;
        link.resting = false;
        link.pause.notify();
        return;
    }
}

void Channel::changed() {
    for (auto& link : links_)
        if (link.conversation)
            for (auto& one : link.conversation->session().take_settled()) settle(std::move(one));
    feed();
}

void Channel::settle(Settled settled) {
    auto found = messages_.find(settled.ticket);
    if (found == messages_.end()) return;
    auto message = found->second;
    if (message->outcome || message->given_up) {
        bool tells = message->followed ? std::holds_alternative<Accepted>(settled.outcome) : !std::holds_alternative<Ambiguous>(settled.outcome);
        if (tells) late_.push_back({message->ref, std::move(settled.outcome)}), late_news_.notify();
    } else {
        message->outcome = std::move(settled.outcome);
        message->news.notify();
    }
    if (settled.last) messages_.erase(found);
}

void Channel::try_now() {
    refused_ = false;
    for (auto& link : links_) {
        link.failures = 0;
        if (!link.conversation && !link.resting) link.pause.notify();
    }
}

asio::awaitable<Outcome> Channel::submit(std::string ref, std::vector<std::string> frames) {
    if (refused_ && open_links() == 0) co_return ChannelDown{ChannelDown::auth, why_};
    // That an older attempt was refused would be taken for a word on this one.
    for (auto& [older, message] : messages_) message->followed = message->followed || message->ref == ref;
    auto ticket = ++last_ticket_;
    auto message = std::make_shared<Message>(executor_, std::move(ref), std::move(frames));
    messages_.emplace(ticket, message);
    queue_.push_back(ticket);
    feed();
    auto until = clock_.steady() + settings_.wait_for_room;
    try {
        while (!message->outcome) {
            auto now = clock_.steady();
            if (!message->left_queue && now >= until) break;
            co_await message->news.wait(message->left_queue ? for_ever : until - now);
        }
    } catch (const boost::system::system_error&) {
        message->given_up = true;
        if (!message->left_queue) messages_.erase(ticket);
        throw;
    }
    if (message->outcome) co_return std::move(*message->outcome);
    messages_.erase(ticket);
    co_return Retry{open_links() == 0 ? why_ : "no free place in the window"};
}

Steady Channel::pause_after(Link& link, bool was_open, bool refused) {
    if (was_open) link.failures = 0;
    ++link.failures;
    return refused ? backoff(link.failures, settings_.first_pause_refused, settings_.longest_pause_refused, random_)
                   : backoff(link.failures, settings_.first_pause, settings_.longest_pause, random_);
}

asio::awaitable<Steady> Channel::hold_conversation(Link& link, Sink& sink) {
    auto opened = co_await connect(settings_.endpoint, tls_, settings_.connect_within);
    if (!opened) {
        ended(link, opened.error().detail, false);
        tell_metrics();
        refused_ = false;  // an account that was refused yesterday is not why nobody is there today
        log::warn("link.unreachable", {{"channel", settings_.name}, {"why", why_}});
        co_return pause_after(link, false, false);
    }
    if (stopping_) co_return Steady{};
    auto seen = State::opening;
    auto dialect = make_dialect_(link.index);
    link.receives = dialect->receives();
    auto on_change = [this, &link, &seen] {
        auto& session = link.conversation->session();
        if (session.state() == State::open && seen == State::opening) {
            seen = State::open, refused_ = link.refused = false;
            log::info("link.open", {{"channel", settings_.name}});
            tell_metrics();
        }
        changed();
    };
    link.conversation = std::make_unique<Conversation>(settings_.name, executor_, clock_, std::move(*opened), std::move(dialect), settings_.session, sink, on_change);
    bool cancelled = co_await link.conversation->run();
    auto& session = link.conversation->session();
    bool was_open = session.was_open(), refused = session.refused();
    ended(link, session.why(), refused);
    auto not_before = session.not_before();
    link.resting = settings_.on_demand && session.ended_idle() && queue_.empty() && !stopping_ && !cancelled;
    if (refused) refused_ = true;
    link.conversation.reset();
    tell_metrics();
    if (stopping_ || cancelled || link.resting) log::info("link.closed", {{"channel", settings_.name}, {"why", why_}});
    else if (refused) log::error("link.refused", {{"channel", settings_.name}, {"why", why_}});
    else log::warn("link.closed", {{"channel", settings_.name}, {"why", why_}});
    if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
    co_return std::max(pause_after(link, was_open, refused), not_before);
}

asio::awaitable<void> Channel::keep_link(std::size_t index, Sink& sink) {
    while (!stopping_) {
        auto pause = co_await hold_conversation(links_[index], sink);
        auto& link = links_[index];
        bool rested = link.resting;
        while (link.resting && !stopping_) co_await link.pause.wait(for_ever);
        if (!rested && !stopping_) co_await link.pause.wait(pause);
    }
}

// The store may be broken for a while; what a response proves is nowhere else.
asio::awaitable<void> Channel::tell_late(Sink& sink) {
    for (;;) {
        if (late_.empty()) {
            if (stopping_ && std::none_of(links_.begin(), links_.end(), [](const Link& l) { return l.conversation != nullptr; })) co_return;
            co_await late_news_.wait(for_ever);
            continue;
        }
        auto one = late_.front();
        bool told = false;
        try {
            co_await sink.late(settings_.name, one.ref, one.outcome);
            told = true;
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
        } catch (const std::exception& error) {
            log::error("link.late_not_kept", {{"channel", settings_.name}, {"ref", one.ref}, {"why", error.what()}});
        }
        if (told) late_.pop_front();
        else co_await sleep_for(store_pause);
    }
}

asio::awaitable<void> Channel::serve(Sink& sink) {
    stopping_ = false;
    for (auto& link : links_) link.resting = false;
    auto failed = [this](const std::string& task, std::exception_ptr error) {
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& e) {
            log::error("link.task_failed", {{"channel", settings_.name}, {"task", task}, {"why", e.what()}});
        }
        if (task != "late") stop_.notify();
    };
    TaskGroup tasks(executor_, failed), teller(executor_, failed);
    for (std::size_t i = 0; i < links_.size(); ++i) tasks.spawn("link", keep_link(i, sink));
    teller.spawn("late", tell_late(sink));
    bool cancelled = false;
    try {
        co_await stop_.wait(Steady(std::chrono::hours(24 * 365 * 10)));
    } catch (const boost::system::system_error&) {
        cancelled = true;
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    stopping_ = true;
    bool talking = false;
    for (auto& link : links_) {
        link.pause.notify();
        if (link.conversation) link.conversation->close(), talking = true;
    }
    auto join = [](TaskGroup& group) -> asio::awaitable<bool> {
        co_await group.join();
        co_return true;
    };
    // A link that is just connecting has nothing to end.
    if (talking) (void)co_await within(stop_within, join(tasks));
    tasks.stop();
    co_await tasks.join();
    late_news_.notify();
    (void)co_await within(stop_within, join(teller));
    teller.stop();
    co_await teller.join();
    if (!cancelled) throw std::runtime_error("a link of channel '" + settings_.name + "' failed");
    co_return;
}

}  // namespace pingjing::link
