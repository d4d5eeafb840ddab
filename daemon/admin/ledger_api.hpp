// What an operator asks of the ledger, over the control socket or without a daemon: is it whole, sign it, prove it, take a second
// party's name under it; and what the law asks of it: forget a number.
#pragma once
#include <functional>

#include "daemon/core/clock.hpp"
#include "daemon/http/router.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::admin {

struct LedgerParts {
    store::Reader read{};
    store::Store& store;
    const store::Seal& seal;
    const Clock& clock;
    std::function<Millis()> recognised_for{};  // how long a forgotten number is still recognised, for caps and safety holds
    std::function<bool()> ends{};  // is the daemon told to stop? Without: never
};

// Under /control, for trusted requests only: verify checkpoint proof cosign forget. What `parts` refers to outlives the router.
void add_ledger_routes(http::Router& router, LedgerParts parts);

}  // namespace pingjing::admin
