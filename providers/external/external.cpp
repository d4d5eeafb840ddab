#include "providers/external/external.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <map>

#include "daemon/async/backoff.hpp"
#include "daemon/async/task_group.hpp"
#include "daemon/async/value_or_error.hpp"
#include "daemon/async/within.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/text/segments.hpp"
#include "providers/external/frames.hpp"

namespace pingjing::external {
namespace {

using namespace provider;
using Local = asio::local::stream_protocol;
using Socket = std::shared_ptr<Local::socket>;

constexpr Steady for_ever = std::chrono::hours(24 * 365);
constexpr Steady first_pause = std::chrono::milliseconds(500), longest_pause = std::chrono::seconds(30);
constexpr Steady first_pause_refused = std::chrono::seconds(15), longest_pause_refused = std::chrono::minutes(5);
constexpr Steady store_pause = std::chrono::seconds(1);
constexpr std::size_t most_batches = 16;  // unacknowledged; a carrier that floods us must not fill our memory
constexpr std::size_t most_late = 1000;   // texts given up of which we still want to hear

struct Message {
    Message(const asio::any_io_executor& e, std::string r) : news(e), ref(std::move(r)) {}
    Signal news;
    std::string ref;
    std::optional<Outcome> outcome{};
    bool left = false;      // its first octet may be on its way
    bool given_up = false;  // nobody waits any more
};

// One connection, from the adapter's hello to its end.
struct Line {
    Line(const asio::any_io_executor& e, Socket s) : socket(std::move(s)), to_write(e), to_keep(e), ended(e) {}
    struct Out {
        std::uint64_t seq = 0;  // 0: no submission
        std::string frame{};
    };
    struct Batch {
        std::uint64_t number = 0;
        std::string body{};
    };
    Socket socket;
    std::deque<Out> out{};
    std::deque<Batch> batches{};
    Signal to_write, to_keep, ended;
    std::string why{};  // it ended

    void end(std::string reason) {
        if (why.empty()) why = std::move(reason);
        ended.notify();
    }
};

class External final : public Provider {
public:
    External(Settings settings, World& world)
        : settings_(std::move(settings)),
          executor_(world.executor),
          clock_(world.clock),
          random_(world.random),
          last_seq_(first_seq(world.clock)),
          pause_(executor_),
          late_news_(executor_) {}

    const Abilities& abilities() const override { return settings_.abilities; }
    Result<CallbackRead> read_callback(const Callback& callback) const override { return read_items(callback); }
    std::optional<int> room() const override {
        return line_ ? std::optional(std::max(0, settings_.window - unanswered())) : std::nullopt;
    }
    void try_now() override { failures_ = 0, refused_ = false, pause_.notify(); }
    Links links() const override { return {line_ ? 1 : 0, 1, refused_ ? 1 : 0, line_ ? std::string() : why_}; }
    std::string describe() const override {
        return fmt::format("an adapter of its own process at {}, of user {}, window {}", settings_.socket,
                           settings_.user.empty() ? "as ours" : settings_.user, settings_.window);
    }
    std::vector<std::string> sample() const override {
        Submission one("r0000000000000000000", *Phone::mobile("13800138000"), Text("…"), "", std::chrono::hours(1));
        return {submit_frame(settings_, 1, one).substr(head_octets)};
    }

    asio::awaitable<Outcome> submit(Submission submission) override {
        auto segments = cut_segments(submission.text.reveal());
        if (submission.text.empty() || !segments) co_return Permanent{Permanent::content, "empty, or not UTF-8"};
        if (static_cast<int>(segments->parts.size()) > settings_.abilities.largest_parts)
            co_return Permanent{Permanent::content, "more parts than largest_parts"};
        if (!line_ && refused_) co_return ChannelDown{ChannelDown::auth, why_};
        if (!line_) co_return Retry{why_};
        auto line = line_;
        auto seq = ++last_seq_;
        auto message = std::make_shared<Message>(executor_, submission.ref);
        messages_.emplace(seq, message);
        line->out.push_back({seq, submit_frame(settings_, seq, submission)});
        line->to_write.notify();
        bool cancelled = co_await wait_for(message);
        if (message->outcome) co_return std::move(*message->outcome);
        message->given_up = true;
        if (!message->left) {
            messages_.erase(seq);
            std::erase_if(line->out, [seq](const auto& waiting) { return waiting.seq == seq; });
        }
        if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
        if (!message->left) co_return Retry{"the adapter does not read"};
        forget_oldest();
        co_return Ambiguous{"no answer in time"};
    }

    asio::awaitable<void> serve(Sink& sink) override {
        stopping_ = false;
        std::exception_ptr broken;
        Signal stop(executor_);
        auto failed = [&](const std::string&, std::exception_ptr error) { broken = error, stop.notify(); };
        TaskGroup tasks(executor_, failed);
        tasks.spawn("line", keep_line(sink));
        tasks.spawn("late", tell_late(sink));
        bool cancelled = false;
        try {
            co_await stop.wait(for_ever);
        } catch (const boost::system::system_error&) {
            cancelled = true;
        }
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        stopping_ = true;
        tasks.stop();
        co_await tasks.join();
        if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
        if (broken) std::rethrow_exception(broken);
    }

private:
    // An answer to what an earlier process of ours submitted fits nothing of this one's. Below 2^53: a number for every language.
    static std::uint64_t first_seq(const Clock& clock) {
        auto since = std::chrono::floor<std::chrono::seconds>(clock.now().time_since_epoch()).count();
        return static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0)) * 1'000'000;
    }

    int unanswered() const {
        return static_cast<int>(std::count_if(messages_.begin(), messages_.end(),
                                              [](const auto& m) { return !m.second->given_up && !m.second->outcome; }));
    }

    // True: we were told to stop.
    asio::awaitable<bool> wait_for(std::shared_ptr<Message> message) {
        auto until = clock_.steady() + settings_.timeout;
        bool cancelled = false;
        try {
            for (auto now = clock_.steady(); !message->outcome && now < until; now = clock_.steady())
                co_await message->news.wait(until - now);
        } catch (const boost::system::system_error&) {
            cancelled = true;
        }
        co_return cancelled;
    }

    void forget_oldest() {
        auto given_up = [](const auto& m) { return m.second->given_up; };
        if (static_cast<std::size_t>(std::count_if(messages_.begin(), messages_.end(), given_up)) <= most_late) return;
        if (auto oldest = std::find_if(messages_.begin(), messages_.end(), given_up); oldest != messages_.end())
            messages_.erase(oldest);
    }

    void settle(std::uint64_t seq, Outcome outcome) {
        auto found = messages_.find(seq);
        if (found == messages_.end()) return;  // said before
        auto message = found->second;
        if (!message->left) return;  // of a text that it cannot have seen
        messages_.erase(found);
        if (!message->given_up) {
            message->outcome = std::move(outcome);
            message->news.notify();
        } else if (!std::holds_alternative<Ambiguous>(outcome)) {
            late_.push_back({message->ref, std::move(outcome)});
            late_news_.notify();
        }
    }

    // The line is no more: what never left may go again, of the rest nobody knows.
    void settle_all(const std::string& why) {
        auto all = std::exchange(messages_, {});
        for (auto& [seq, message] : all) {
            if (message->given_up || message->outcome) continue;
            if (message->left)
                message->outcome = Ambiguous{why};
            else
                message->outcome = Retry{why};
            message->news.notify();
        }
    }

    // ── the line ──

    asio::awaitable<Result<Socket>> open() {
        auto socket = std::make_shared<Local::socket>(executor_);
        auto [refused] = co_await socket->async_connect(Local::endpoint(settings_.socket), value_or_error);
        if (refused) co_return fail(Error::Kind::unavailable, "nobody listens: " + refused.message());
        ucred peer{};
        socklen_t size = sizeof peer;
        bool known = ::getsockopt(socket->native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
        if (!known || peer.uid != settings_.uid.value_or(::geteuid()))
            co_return fail(Error::Kind::forbidden, "another user's process listens there");
        co_return socket;
    }

    asio::awaitable<Result<Socket>> greet() {
        auto opened = co_await open();
        if (!opened) co_return opened;
        auto socket = *opened;
        auto frame = hello_frame(settings_);
        auto [failed, count] = co_await asio::async_write(*socket, asio::buffer(frame), value_or_error);
        if (failed) co_return fail(Error::Kind::unavailable, "no hello: " + failed.message());
        auto body = co_await read_body(socket);
        if (!body) co_return tl::unexpected(body.error());
        auto said = read_frame(*body);
        auto* hello = said ? std::get_if<Hello>(&*said) : nullptr;
        if (!hello) co_return fail(Error::Kind::unavailable, "its first frame is no hello");
        if (hello->version != version)
            co_return fail(Error::Kind::forbidden, fmt::format("it does not speak version {}", version));
        co_return socket;
    }

    static asio::awaitable<Result<std::string>> read_body(Socket socket) {
        char head[head_octets];
        auto [ended, head_count] = co_await asio::async_read(*socket, asio::buffer(head), value_or_error);
        if (ended) co_return fail(Error::Kind::unavailable, "it ended the connection");
        auto length = read_length({head, head_octets});
        if (length == 0 || length > most_octets)
            co_return fail(Error::Kind::invalid_input, "a frame of no possible length");
        std::string body(length, '\0');
        auto [cut, count] = co_await asio::async_read(*socket, asio::buffer(body), value_or_error);
        if (cut) co_return fail(Error::Kind::unavailable, "it ended the connection within a frame");
        co_return body;
    }

    asio::awaitable<void> keep_line(Sink& sink) {
        while (!stopping_) {
            auto opened = co_await within(settings_.connect_timeout, greet());
            bool was_open = opened && *opened;
            refused_ = opened && !*opened && opened->error().kind == Error::Kind::forbidden;
            if (was_open)
                co_await hold(std::make_shared<Line>(executor_, **opened), sink);
            else
                why_ = opened ? opened->error().detail : "no hello in time";
            if (stopping_) co_return;
            tell(was_open);
            failures_ = was_open ? 1 : failures_ + 1;
            auto pause = refused_ ? backoff(failures_, first_pause_refused, longest_pause_refused, random_)
                                  : backoff(failures_, first_pause, longest_pause, random_);
            co_await pause_.wait(pause);
        }
    }

    void tell(bool was_open) const {
        metrics::gauge("links_open", {{"channel", settings_.channel}}, line_ ? 1 : 0);
        metrics::gauge("links_refused", {{"channel", settings_.channel}}, refused_ ? 1 : 0);
        metrics::gauge("links_wanted", {{"channel", settings_.channel}}, 1);
        if (line_)
            log::info("link.open", {{"channel", settings_.channel}});
        else if (refused_)
            log::error("link.refused", {{"channel", settings_.channel}, {"why", why_}});
        else
            log::warn(was_open ? "link.closed" : "link.unreachable", {{"channel", settings_.channel}, {"why", why_}});
    }

    asio::awaitable<void> hold(std::shared_ptr<Line> line, Sink& sink) {
        auto failed = [line](const std::string&, std::exception_ptr error) {
            try {
                std::rethrow_exception(error);
            } catch (const std::exception& e) {
                line->end(e.what());
            }
        };
        line_ = line;
        tell(false);
        TaskGroup tasks(executor_, failed);
        tasks.spawn("read", read(line));
        tasks.spawn("write", write(line));
        tasks.spawn("keep", keep(line, sink));
        try {
            co_await line->ended.wait(for_ever);
        } catch (const boost::system::system_error&) {
            line->end("we stop");
        }
        // Whoever cancelled this has set stopping_ before.
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        line_.reset();
        why_ = line->why;
        boost::system::error_code ignored;
        line->socket->close(ignored);
        tasks.stop();
        co_await tasks.join();
        settle_all(why_);
        co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    }

    asio::awaitable<void> read(std::shared_ptr<Line> line) {
        for (;;) {
            auto body = co_await read_body(line->socket);
            if (!body) co_return line->end(body.error().detail);
            auto said = read_frame(*body);
            if (!said) co_return line->end(said.error().detail);
            if (auto* answered = std::get_if<Answered>(&*said)) {
                if (answered->seq == 0 || answered->seq > last_seq_)
                    co_return line->end("an outcome of nothing that was submitted");
                settle(answered->seq, std::move(answered->outcome));
            } else if (auto* items = std::get_if<Items>(&*said)) {
                if (line->batches.size() >= most_batches)
                    co_return line->end(fmt::format("more than {} batches that are not yet kept", most_batches));
                line->batches.push_back({items->batch, std::move(*body)});
                line->to_keep.notify();
            } else {
                co_return line->end("a second hello");
            }
        }
    }

    asio::awaitable<void> write(std::shared_ptr<Line> line) {
        for (;;) {
            if (line->out.empty()) {
                co_await line->to_write.wait(for_ever);
                continue;
            }
            auto next = std::move(line->out.front());
            line->out.pop_front();
            auto found = messages_.find(next.seq);
            auto message = found == messages_.end() ? nullptr : found->second;
            if (next.seq > 0 && !message) continue;
            if (message) message->left = true;
            auto [error, count] = co_await asio::async_write(*line->socket, asio::buffer(next.frame), value_or_error);
            if (!error) continue;
            if (message && count == 0 && error != asio::error::operation_aborted) message->left = false;
            co_return line->end("it does not read any more");
        }
    }

    // One after the other, acknowledged when it is durable.
    asio::awaitable<void> keep(std::shared_ptr<Line> line, Sink& sink) {
        for (;;) {
            if (line->batches.empty()) {
                co_await line->to_keep.wait(for_ever);
                continue;
            }
            Callback callback;
            callback.method = "POST", callback.content_type = "application/json",
            callback.body = line->batches.front().body;
            bool kept = true;
            try {
                co_await sink.take_callback(settings_.channel, std::move(callback), *this);
            } catch (const boost::system::system_error& error) {
                if (error.code() == asio::error::operation_aborted) throw;
                kept = false;
            } catch (const std::exception&) {
                kept = false;
            }
            if (!kept) co_await sleep_for(store_pause);
            line->out.push_back({0, kept_frame(line->batches.front().number, kept)});
            line->batches.pop_front();
            line->to_write.notify();
        }
    }

    asio::awaitable<void> tell_late(Sink& sink) {
        for (;;) {
            if (late_.empty()) {
                co_await late_news_.wait(for_ever);
                continue;
            }
            auto one = late_.front();
            bool told = false;
            try {
                co_await sink.late(settings_.channel, one.ref, one.outcome);
                told = true;
            } catch (const boost::system::system_error& error) {
                if (error.code() == asio::error::operation_aborted) throw;
            } catch (const std::exception& error) {
                log::error("link.late_not_kept",
                           {{"channel", settings_.channel}, {"ref", one.ref}, {"why", error.what()}});
            }
            if (told)
                late_.pop_front();
            else
                co_await sleep_for(store_pause);
        }
    }

    struct Late {
        std::string ref{};
        Outcome outcome{};
    };
    Settings settings_;
    asio::any_io_executor executor_;
    const Clock& clock_;
    Random& random_;
    std::shared_ptr<Line> line_{};  // null: there is none
    std::map<std::uint64_t, std::shared_ptr<Message>> messages_{};
    std::uint64_t last_seq_;
    std::deque<Late> late_{};
    std::string why_ = "not connected yet";
    int failures_ = 0;
    bool refused_ = false, stopping_ = false;
    Signal pause_, late_news_;
};

}  // namespace

Make read(config::Section& section, ChannelFacts facts) {
    auto settings = read_settings(section, facts);
    if (!settings) return nullptr;
    return [settings = std::move(*settings)](World& world) -> std::unique_ptr<Provider> {
        return std::make_unique<External>(settings, world);
    };
}

}  // namespace pingjing::external
