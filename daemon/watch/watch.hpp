// Looks every few seconds at what may be wrong, keeps what is as a row, says it in the log and as a metric, and pushes it to the people on
// call until they have it: when it begins, from time to time while it lasts, and when it is over.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/async/signal.hpp"
#include "daemon/config/settings.hpp"
#include "daemon/http/client.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/store/store.hpp"
#include "daemon/watch/alarms.hpp"
#include "daemon/watch/findings.hpp"
#include "daemon/watch/paths.hpp"

namespace pingjing::watch {

// `id` is the same for the same news, however often it is pushed.
using Push = std::function<asio::awaitable<Result<void>>(std::string id, std::string json)>;
// By [alarms] webhook and exec; none, one or both. `http` and `clock` outlive them.
std::vector<Push> make_pushes(const config::Alarms& settings, http::Client& http, const Clock& clock);

// What the watch may use of the world; everything outlives it.
struct WatchWorld {
    asio::any_io_executor executor;
    store::Store& store;
    store::Reader read;
    const store::Seal& seal;
    const Clock& clock;
    std::function<Site()> site;
    std::function<std::vector<ChannelLook>()> channels{};
    std::function<std::vector<std::string>()> failing{};  // parts of the daemon that fail and begin again
    std::function<std::vector<Finding>()> folders{};      // what is wrong in drop folders
    Steady look_every = std::chrono::seconds(5), paths_every = std::chrono::minutes(10);
};

class Watch {
public:
    Watch(WatchWorld world, std::vector<Push> pushes);

    asio::awaitable<void> run();   // looks, until it is cancelled
    asio::awaitable<void> tell();  // pushes, until it is cancelled
    void replace(std::vector<Push> pushes) { pushes_ = std::move(pushes); }

private:
    asio::awaitable<void> look();
    asio::awaitable<bool> look_at_store();
    asio::awaitable<void> measure_store();
    asio::awaitable<void> look_at_paths();
    asio::awaitable<void> keep();
    asio::awaitable<bool> tell_one(store::WatchAlarm alarm, Alarms::News news);
    void say(const Alarms::Change& change) const;

    WatchWorld world_;
    std::vector<Push> pushes_;
    Alarms alarms_;
    bool remembered_ = false, looked_at_paths_ = false, measured_ = false;
    Steady paths_at_{}, measured_at_{};
    std::vector<Finding> store_findings_, path_findings_;
    std::set<std::pair<std::string, std::string>> unkept_;  // name and subject of those that the store does not have as they are
    Signal news_;
};

}  // namespace pingjing::watch
