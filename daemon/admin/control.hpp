// What an operator may do, over the control socket or, without a daemon, on the store itself: the same handlers for both.
#pragma once
#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "daemon/admin/health.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/core/random.hpp"
#include "daemon/http/router.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::admin {

struct Known { std::set<std::string> units{}, officers{}; };

struct ControlParts {
    store::Store& store;
    store::Reader read;
    const store::Seal& seal;
    const Clock& clock;
    Random& random;
    std::function<void()> changed{};                                               // there may be something to send now
    std::function<void(const std::optional<std::string>& channel)> released{};     // a person says: go on
    std::function<boost::json::value()> channels{};                                // state of each, for `status`; null without a daemon
    std::function<asio::awaitable<Readiness>()> readiness{};                       // what /readyz would say; null without a daemon
    std::function<std::string()> mode{};                                           // off, shadow, pilot, on
    std::function<Known()> known{};                                                // by the site's lists
    // What follows when a waiting survey to this number is cancelled. Asked for before the work and called on the store's thread:
    // the rules in force may be replaced meanwhile.
    std::function<std::function<void(store::Connection&, std::int64_t phone_id)>()> called_off{};
};

// GET /v1/status for whoever looks after the service: what `pingjing status` says.
void add_status_route(http::Router& router, const http::Guard& guard, ControlParts parts);

// Under /control, for trusted requests only: hold release cancel resend optout tokens status. What `parts` refers to
// outlives the router.
void add_control_routes(http::Router& router, ControlParts parts);

}  // namespace pingjing::admin
