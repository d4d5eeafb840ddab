// A Session over a Stream, from its first octet to its last: reads, writes, hands on what has to be kept, and keeps time.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "daemon/async/signal.hpp"
#include "daemon/async/task_group.hpp"
#include "providers/link/session.hpp"
#include "providers/link/stream.hpp"

namespace pingjing::link {

inline constexpr Steady for_ever = std::chrono::hours(1);       // a wait that something else ends
inline constexpr Steady store_pause = std::chrono::seconds(1);  // until a store that would not keep something is asked again

class Conversation {
public:
    // Whatever it refers to outlives it. `changed` is called whenever something may have ended, or a slot may be free.
    Conversation(std::string channel, const asio::any_io_executor& executor, const Clock& clock, std::unique_ptr<Stream> stream, std::unique_ptr<Dialect> dialect,
                 SessionRules rules, provider::Sink& sink, std::function<void()> changed);

    // Until the session is closed and its last words are said. Cancelled, it hangs up; true: it was.
    asio::awaitable<bool> run();

    Session& session() { return session_; }
    void submit(std::uint64_t ticket, std::vector<std::string> frames) {
        session_.submit(ticket, std::move(frames), clock_.steady());
        look();
    }
    void close() {
        session_.close(clock_.steady());
        look();
    }

private:
    void look();  // after everything that the session was told
    asio::awaitable<void> read();
    asio::awaitable<void> write();
    asio::awaitable<void> keep();
    asio::awaitable<void> watch_time();
    asio::awaitable<void> say_last_words();

    std::string channel_;
    const Clock& clock_;
    std::unique_ptr<Stream> stream_;
    std::unique_ptr<Dialect> dialect_;
    Session session_;
    provider::Sink& sink_;
    std::function<void()> changed_;
    Signal output_, deliveries_, input_, time_, ended_;
    std::deque<Kept> kept_;
    std::string out_;        // what is being written
    bool writing_ = false;
    Steady next_look_{};
    TaskGroup tasks_;
};

}  // namespace pingjing::link
