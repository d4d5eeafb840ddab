// What the daemon does of itself by day and night: signs the ledger each hour, and each night writes the files of yesterday, lets go what may
// no longer be kept, and looks whether all that is kept holds.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/settings.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/reports/export.hpp"
#include "daemon/reports/public_summary.hpp"
#include "daemon/store/erasure.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing {

// How long a forgotten number is still recognised: what it was asked lately counts, and so does a safety case.
Millis recognised_for(const config::Settings& settings);

// Everything it is given outlives it.
class Nightly {
public:
    // What `pingjing export` would write of that day, by the rules and into the folder of now.
    using WishOf = std::function<reports::ExportWish(const std::string& day)>;
    // What may be published, and where; an empty folder: nothing.
    using PublicOf = std::function<reports::PublicWish()>;
    // Without `wish_of` nothing is exported, without `public_of` nothing published.
    Nightly(store::Reader read, store::Store& store, const store::Seal& seal, const Clock& clock, std::function<const config::Settings&()> settings, WishOf wish_of = {},
            Steady look_every = std::chrono::minutes(1), PublicOf public_of = {})
        : read_(std::move(read)), store_(store), seal_(seal), clock_(clock), settings_(std::move(settings)), wish_of_(std::move(wish_of)), public_of_(std::move(public_of)), look_every_(look_every),
          looked_at_(clock.now(), clock.steady()) {}

    asio::awaitable<void> run();  // until it is cancelled
    // The days whose night is over and which nobody has exported yet, the oldest first; one after the other, until one fails.
    asio::awaitable<void> export_days();
    // When another month is settled, and once a week for what was corrected in the old ones.
    asio::awaitable<void> publish();
    asio::awaitable<store::Erased> erase();
    asio::awaitable<void> sign();
    asio::awaitable<void> verify();

private:
    asio::awaitable<bool> is_time_to_erase();
    asio::awaitable<store::Erased> erase_share(store::Expired share, store::Limits limits, Instant now, int& refused);
    asio::awaitable<bool> is_time_to_verify();
    asio::awaitable<std::string> differing_sums(std::int64_t share);
    bool is_night_over() const;
    void look_at_clock();
    asio::awaitable<bool> has_waited_a_day();
    asio::awaitable<std::vector<std::string>> days_to_export();
    asio::awaitable<bool> export_one(std::string day);
    asio::awaitable<std::string> recall(const char* key);
    asio::awaitable<void> remember(const char* key, std::string value);
    store::Reader read_;
    store::Store& store_;
    const store::Seal& seal_;
    const Clock& clock_;
    std::function<const config::Settings&()> settings_;
    WishOf wish_of_;
    PublicOf public_of_;
    Steady look_every_;
    std::optional<Steady> export_again_at_, publish_again_at_;  // after one that failed
    std::pair<Instant, Steady> looked_at_;
    std::optional<Steady> waiting_;          // when it was last written down how long we have run since a gap
    std::string tried_day_{};                // of the last erasure, finished or not
    bool has_jumped_ = false;                // just now
};

}  // namespace pingjing
