// The loop that makes the lines and sees them off: at least once, in their order. A line has left when the other side has it for good: its file
// is in the folder, or its POST was answered by a 2xx. Killed in between, it leaves again, as the same line under the same key.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>

#include "daemon/config/settings.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/http/client.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::writeback {
namespace asio = boost::asio;

struct FeedWorld {
    store::Store& store;
    std::function<asio::awaitable<void>(std::function<void()>)> aside{};  // where a file may be waited for, for ever: the work owns what it touches
    const store::Seal& seal;
    const Clock& clock;
    http::Client* http = nullptr;
    std::function<config::Writeback()> settings{};
    std::int64_t least = 5;
    std::function<Services()> services = [] { return Services(); };
};

class Feed {
public:
    explicit Feed(FeedWorld world) : world_(std::move(world)) {}
    asio::awaitable<void> run();  // until it is cancelled
    // One look: new lines are made, what waits is handed over. Returns how long there is nothing to do.
    asio::awaitable<Steady> look();

private:
    asio::awaitable<bool> hand_over(const config::Writeback& to);  // true: something left
    FeedWorld world_;
    int failures_ = 0;
};

}  // namespace pingjing::writeback
