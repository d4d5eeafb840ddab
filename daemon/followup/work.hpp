// What is done about one complaint, over HTTP: GET /v1/followups/{id}, POST /v1/followups/{id}/reveal {"reason"},
// POST /v1/followups/{id}/{step} with the step's fields (steps.hpp) as JSON. A unit sees its own work orders and nothing of who rated
// whom; every look at words and every number that is shown is recorded with who looked and why.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>

#include "daemon/followup/steps.hpp"
#include "daemon/http/router.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::followup {

// All of them outlive the routes and the loop.
struct Parts {
    store::Store& store;
    const store::Seal& seal;
    const Clock& clock;
    Random& random;
    std::function<std::shared_ptr<const Rules>()> rules;
    std::function<void()> planned;  // a text is due
    store::Reader read{};           // for looks that write nothing; none: the store itself
    store::Reader reader() const { return read ? read : store::read_on(store); }
};

void add_work_routes(http::Router& router, const http::Guard& guard, Parts parts);

// Limits that were overrun, of follow-ups and of appeals, go a level up, once for each limit; a 回告 that could not be sent is nobody's 回告. Returns how many.
asio::awaitable<int> look_at_clocks(Parts parts);
asio::awaitable<void> watch_clocks(Parts parts);  // every minute of the site's clock, until it is cancelled

}  // namespace pingjing::followup
