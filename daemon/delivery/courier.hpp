// The loop that takes finished versions of the nightly files to where they are wanted. Each version of a day that is over goes to each target,
// the oldest first; what fails is tried again, later and later. Killed at any moment, the next run finds what is there already.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "daemon/config/settings.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/core/random.hpp"
#include "daemon/store/deliveries.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::delivery {
namespace asio = boost::asio;

struct CourierWorld {
    store::Store& store;
    store::Reader read;
    std::function<asio::awaitable<void>(std::function<void()>)> aside{};  // where a network may be waited for: the work owns what it touches
    const Clock& clock;
    Random& random;
    std::function<config::Reports()> settings{};
    std::function<std::string()> zone{};
};

class Courier {
public:
    explicit Courier(CourierWorld world) : world_(std::move(world)) {}
    asio::awaitable<void> run();  // until it is cancelled
    // One look at every target: what is new is planned, and taken there until the target fails.
    // Returns how long there is nothing to do.
    asio::awaitable<Steady> look();

private:
    struct Rest { int failures = 0; std::optional<Steady> until{}; };
    asio::awaitable<void> plan(const config::Delivery& to, const std::filesystem::path& exports);
    enum class Outcome { delivered, stuck, failed };  // stuck: with this version there is something wrong, and not with the others
    asio::awaitable<Outcome> deliver(const config::Delivery& to, const std::filesystem::path& exports, store::Errand errand);
    CourierWorld world_;
    std::map<std::string, Rest> rests_;
};

}  // namespace pingjing::delivery
