// Callbacks that nobody could read, for a person: which there are, one of them by name and for a reason, and all of them read again by the mapping
// that the channel has now. For the control socket.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>

#include "daemon/core/clock.hpp"
#include "daemon/http/router.hpp"
#include "daemon/inbound/inbox.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::inbound {

// All of them outlive the router.
struct QuarantineParts {
    store::Store& store;
    store::Reader read;
    const store::Seal& seal;
    const Clock& clock;
    std::function<asio::awaitable<Reread>(std::optional<std::string> channel)> reread{};  // null without a daemon
};
// GET /control/quarantine?channel=, POST /control/quarantine/{id}/show {"reason"}, POST /control/quarantine/reread?channel=
void add_quarantine_routes(http::Router& router, const http::Guard& guard, QuarantineParts parts);

}  // namespace pingjing::inbound
