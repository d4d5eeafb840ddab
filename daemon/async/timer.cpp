#include "daemon/async/timer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

namespace pingjing {
namespace {

// Hangs on the io_context, so that a timer finds out by itself which time it lives in.
class VirtualTimers final : public asio::execution_context::service {
public:
    using key_type = VirtualTimers;
    using Handler = asio::any_completion_handler<void(boost::system::error_code)>;
    using Key = std::pair<Steady, std::uint64_t>;  // equal times keep the order in which they were set
    static inline asio::execution_context::id id;

    explicit VirtualTimers(asio::execution_context& context) : service(context) {}
    void shutdown() override { waiting.clear(); }

    VirtualClock* clock = nullptr;
    std::map<Key, Handler> waiting;
    std::uint64_t next = 0;
};

VirtualTimers* virtual_timers(const asio::any_io_executor& executor) {
    auto& context = asio::query(executor, asio::execution::context);
    return asio::has_service<VirtualTimers>(context) ? &asio::use_service<VirtualTimers>(context) : nullptr;
}

}  // namespace

struct Timer::Impl {
    explicit Impl(const asio::any_io_executor& ex) : executor(ex), timers(virtual_timers(ex)), real(ex) {}

    void end(std::uint64_t which) {
        if (!pending || pending->second != which) return;
        auto it = timers->waiting.find(*pending);
        pending.reset();
        if (it == timers->waiting.end()) return;
        auto handler = std::move(it->second);
        timers->waiting.erase(it);
        asio::post(executor, [handler = std::move(handler)]() mutable { std::move(handler)(asio::error::operation_aborted); });
    }

    asio::any_io_executor executor;
    VirtualTimers* timers;
    asio::steady_timer real;
    Steady expiry{};
    std::optional<VirtualTimers::Key> pending;
};

Timer::Timer(const asio::any_io_executor& executor) : impl_(std::make_unique<Impl>(executor)) {}
Timer::~Timer() { cancel(); }

void Timer::cancel() {
    if (impl_->timers) {
        if (impl_->pending) impl_->end(impl_->pending->second);
    } else {
        impl_->real.cancel();
    }
}

void Timer::expires_after(Steady pause) {
    cancel();
    if (impl_->timers)
        impl_->expiry = impl_->timers->clock->steady() + std::max(pause, Steady::zero());
    else
        impl_->real.expires_after(pause);
}

void Timer::start(Handler handler) {
    if (!impl_->timers) {
        impl_->real.async_wait(std::move(handler));
        return;
    }
    auto which = impl_->timers->next++;
    impl_->pending = VirtualTimers::Key{impl_->expiry, which};
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) slot.assign([impl = impl_.get(), which](asio::cancellation_type) { impl->end(which); });
    impl_->timers->waiting.emplace(*impl_->pending, std::move(handler));
}

void use_virtual_time(asio::io_context& io, VirtualClock& clock) { asio::use_service<VirtualTimers>(io).clock = &clock; }

bool run_virtual(asio::io_context& io, const std::function<bool()>& done) {
    auto& timers = asio::use_service<VirtualTimers>(io);
    for (;;) {
        io.restart();
        while (!done() && io.poll_one() > 0) {}
        if (done()) return true;
        if (timers.waiting.empty()) return false;
        auto first = timers.waiting.extract(timers.waiting.begin());
        timers.clock->move_to(std::max(timers.clock->steady(), first.key().first));
        auto handler = std::move(first.mapped());
        asio::post(io, [handler = std::move(handler)]() mutable { std::move(handler)(boost::system::error_code()); });
    }
}

asio::awaitable<void> sleep_for(Steady pause) {
    auto executor = co_await asio::this_coro::executor;
    Timer timer(executor);
    timer.expires_after(pause);
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace pingjing
