#include "providers/link/conversation.hpp"

#include <boost/asio/this_coro.hpp>

#include "daemon/async/within.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::link {
namespace {

constexpr Steady write_within = std::chrono::seconds(30), last_words_within = std::chrono::seconds(1);

}  // namespace

Conversation::Conversation(std::string channel, const asio::any_io_executor& executor, const Clock& clock, std::unique_ptr<Stream> stream, std::unique_ptr<Dialect> dialect,
                           SessionRules rules, provider::Sink& sink, std::function<void()> changed)
    : channel_(std::move(channel)), clock_(clock), stream_(std::move(stream)), dialect_(std::move(dialect)), session_(*dialect_, rules, clock.steady(), clock.now()), sink_(sink),
      changed_(std::move(changed)), output_(executor), deliveries_(executor), input_(executor), time_(executor), ended_(executor),
      tasks_(executor, [this](const std::string& task, std::exception_ptr error) {
          try {
              std::rethrow_exception(error);
          } catch (const std::exception& e) {
              log::error("link.task_failed", {{"channel", channel_}, {"task", task}, {"why", e.what()}});
          }
          session_.lost("a task of ours failed");
          ended_.notify();
      }) {}

void Conversation::look() {
    auto deliveries = session_.take_deliveries();
    for (auto& one : deliveries) kept_.push_back(std::move(one));
    if (!deliveries.empty()) deliveries_.notify();
    for (const auto& why : session_.take_ignored()) {
        metrics::count("link_ignored_total", {{"channel", channel_}});
        log::write(log::Level::debug, "link.ignored", {{"channel", channel_}, {"why", why}});
    }
    for (const auto& why : session_.take_warnings()) {
        metrics::count("link_odd_total", {{"channel", channel_}});
        log::warn("link.odd", {{"channel", channel_}, {"why", why}});
    }
    if (session_.has_output()) output_.notify();
    if (session_.wants_input()) input_.notify();
    if (session_.state() == State::closed) ended_.notify();
    if (auto next = session_.next_tick(); next && *next < next_look_) time_.notify();
    changed_();
}

asio::awaitable<bool> Conversation::run() {
    tasks_.spawn("read", read());
    tasks_.spawn("write", write());
    tasks_.spawn("keep", keep());
    tasks_.spawn("time", watch_time());
    look();
    bool cancelled = false;
    try {
        while (session_.state() != State::closed) co_await ended_.wait(for_ever);
    } catch (const boost::system::system_error&) {
        cancelled = true;
    }
    // Nobody leaves before the tasks have.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    session_.lost("stopped");
    changed_();
    if (!cancelled && !writing_) co_await say_last_words();
    tasks_.stop();
    stream_->close();
    co_await tasks_.join();
    look();
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    co_return cancelled;
}

asio::awaitable<void> Conversation::say_last_words() {
    auto words = session_.take_output();
    if (words.empty()) co_return;
    (void)co_await within(last_words_within, stream_->write(words.data(), words.size()));
}

asio::awaitable<void> Conversation::read() {
    std::vector<char> piece(65536);
    while (session_.state() != State::closed) {
        while (!session_.wants_input()) co_await input_.wait(for_ever);
        auto count = co_await stream_->read(piece.data(), piece.size());
        if (count == 0) session_.lost("the peer hung up");
        else session_.receive(std::string_view(piece.data(), count), clock_.steady(), clock_.now());
        look();
    }
}

asio::awaitable<void> Conversation::write() {
    while (session_.state() != State::closed) {
        if (!session_.has_output()) {
            co_await output_.wait(for_ever);
            continue;
        }
        out_ = session_.take_output();
        if (session_.wants_input()) input_.notify();
        writing_ = true;
        auto written = co_await within(write_within, stream_->write(out_.data(), out_.size()));
        writing_ = false;
        if (written && *written) continue;
        session_.lost(written ? "the peer hung up" : "the peer does not read");
        look();
    }
}

// All that has come meanwhile is kept in one commit, then answered.
asio::awaitable<void> Conversation::keep() {
    for (;;) {
        if (kept_.empty()) {
            co_await deliveries_.wait(for_ever);
            continue;
        }
        std::vector<std::uint64_t> ids;
        std::vector<provider::Inbound> inbound;
        for (auto& one : kept_) {
            ids.push_back(one.id);
            for (auto& i : one.delivery.inbound) inbound.push_back(std::move(i));
        }
        kept_.clear();
        bool durable = true;
        try {
            co_await sink_.take(channel_, std::move(inbound));
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
            durable = false;
        } catch (const std::exception& error) {
            log::error("link.not_kept", {{"channel", channel_}, {"why", error.what()}});
            durable = false;
        }
        for (auto id : ids) session_.answered(id, durable);
        look();
        if (!durable) co_await sleep_for(store_pause);
    }
}

asio::awaitable<void> Conversation::watch_time() {
    for (;;) {
        auto next = session_.next_tick();
        if (!next) co_return;
        next_look_ = *next;
        co_await time_.wait(std::max(*next - clock_.steady(), Steady(std::chrono::milliseconds(1))));
        session_.tick(clock_.steady());
        look();
    }
}

}  // namespace pingjing::link
