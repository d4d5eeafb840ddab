// What the daemon does of itself by day and night: signs the ledger each hour, and each night lets go what may no longer be kept, and looks
// whether all that is kept holds.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>

#include "daemon/config/settings.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/store/erasure.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing {

// How long a forgotten number is still recognised: what it was asked lately counts, and so does a safety case.
Millis recognised_for(const config::Settings& settings);

class Nightly {
public:
    Nightly(store::Reader read, store::Store& store, const store::Seal& seal, const Clock& clock, std::function<const config::Settings&()> settings)
        : read_(std::move(read)), store_(store), seal_(seal), clock_(clock), settings_(std::move(settings)) {}

    asio::awaitable<void> run();  // until it is cancelled
    asio::awaitable<store::Erased> erase();
    asio::awaitable<void> sign();
    asio::awaitable<void> verify();

private:
    asio::awaitable<bool> is_time_to_erase();
    asio::awaitable<bool> is_time_to_verify();
    bool is_night_over() const;
    store::Reader read_;
    store::Store& store_;
    const store::Seal& seal_;
    const Clock& clock_;
    std::function<const config::Settings&()> settings_;
};

}  // namespace pingjing
