#include "daemon/delivery/courier.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>

#include "daemon/async/backoff.hpp"
#include "daemon/async/timer.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/delivery/folder.hpp"
#include "daemon/delivery/remote.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::delivery {
namespace {

constexpr int most_days_back = 31;
constexpr Steady longest_rest = std::chrono::hours(1), between_looks = std::chrono::seconds(10);

// One attempt, with all that it touches: it may be left behind on its thread.
struct Attempt {
    config::Delivery to{};
    std::filesystem::path exports{};
    store::Errand errand{};
    std::atomic<bool> stop{false};
    store::Arrival arrival{};
    std::string why{};
    bool own_fault = false;
};

// Without the user, who may stand in it by mistake.
std::string place_of(const config::Delivery& to, const Parcel& parcel) {
    return (to.to == config::Delivery::To::folder ? to.folder.string() : to.url) + "/" + parcel.folder();
}

Result<void> take_there(Attempt& attempt) {
    auto parcel = read_parcel(attempt.exports, attempt.errand.day, attempt.errand.version, attempt.to.inspection);
    if (!parcel) return tl::unexpected(parcel.error());
    attempt.arrival = {place_of(attempt.to, *parcel), static_cast<std::int64_t>(parcel->files.size()), parcel->bytes(), parcel->sha256};
    if (attempt.to.to == config::Delivery::To::folder) {
        auto put = put_into_folder(attempt.to.folder, *parcel);
        return put ? Result<void>() : tl::unexpected(put.error());
    }
    auto sent = send(attempt.to, *parcel, attempt.stop);
    return sent ? Result<void>() : tl::unexpected(sent.error());
}

void make(Attempt& attempt) {
    try {
        if (auto done = take_there(attempt); !done) attempt.why = done.error().detail, attempt.own_fault = done.error().kind == Error::Kind::conflict;
    } catch (const std::exception& error) {
        attempt.why = error.what();
    }
}

// Whoever stops waiting for it wants it to end.
struct EndWith {
    explicit EndWith(std::shared_ptr<Attempt> a) : attempt(std::move(a)) {}
    ~EndWith() { attempt->stop = true; }
    EndWith(const EndWith&) = delete;
    EndWith& operator=(const EndWith&) = delete;
    std::shared_ptr<Attempt> attempt;
};

}  // namespace

asio::awaitable<void> Courier::run() {
    for (;;) {
        auto pause = co_await look();
        co_await sleep_for(pause);
    }
}

asio::awaitable<Steady> Courier::look() {
    auto settings = world_.settings();
    auto pause = between_looks;
    auto rest_until = [&](Steady when) { pause = std::clamp<Steady>(when - world_.clock.steady(), std::chrono::milliseconds(50), pause); };
    for (const auto& to : settings.deliveries) {
        auto& rest = rests_[to.name];
        if (rest.until && world_.clock.steady() < *rest.until) {
            rest_until(*rest.until);
            continue;
        }
        co_await plan(to, settings.export_dir);
        std::vector<store::Errand> open;
        std::function<void(store::Connection&)> find = [&](store::Connection& db) { open = store::open_deliveries(db, to.name); };
        co_await world_.read(find);
        bool failed = false;
        for (const auto& errand : open) {
            auto outcome = co_await deliver(to, settings.export_dir, errand);
            failed = failed || outcome != Outcome::delivered;
            if (outcome == Outcome::failed) break;  // the next one would fare no better
        }
        rest.failures = failed ? rest.failures + 1 : 0;
        rest.until.reset();
        if (failed) rest.until = world_.clock.steady() + backoff(rest.failures, std::chrono::duration_cast<Steady>(to.retry), longest_rest, world_.random);
        if (failed) rest_until(*rest.until);
    }
    co_return pause;
}

// Not what was written elsewhere by `export --out`, or taken away since.
asio::awaitable<void> Courier::plan(const config::Delivery& to, const std::filesystem::path& exports) {
    auto today = local_day(world_.clock.now(), world_.zone());
    auto first = days_later(today, -most_days_back).value_or(today), last = days_later(today, -1).value_or(today);
    std::vector<store::Errand> found;
    std::function<void(store::Connection&)> find = [&](store::Connection& db) { found = store::unplanned_deliveries(db, to.name, first, last); };
    co_await world_.read(find);
    if (found.empty()) co_return;
    std::function<void(store::Connection&)> look = [&](store::Connection&) {
        std::erase_if(found, [&](const store::Errand& errand) {
            std::error_code none;
            return !std::filesystem::exists(exports / errand.day / ("v" + std::to_string(errand.version)) / "manifest.json", none);
        });
    };
    co_await world_.read(look);
    if (found.empty()) co_return;
    auto now = world_.clock.now();
    auto keep = [&](store::Connection& db) {
        for (const auto& errand : found) store::plan_delivery(db, errand, now);
    };
    co_await world_.store.run(std::ref(keep));
}

asio::awaitable<Courier::Outcome> Courier::deliver(const config::Delivery& to, const std::filesystem::path& exports, store::Errand errand) {
    auto attempt = std::make_shared<Attempt>();
    attempt->to = to, attempt->exports = exports, attempt->errand = errand;
    {
        EndWith end(attempt);
        std::function<void()> work = [attempt] { make(*attempt); };
        co_await world_.aside(work);
    }
    auto now = world_.clock.now();
    auto record = [&](store::Connection& db) {
        if (attempt->why.empty()) store::record_delivered(db, errand.id, attempt->arrival, now);
        else store::record_delivery_failed(db, errand.id, attempt->why, now);
    };
    std::string unrecorded;
    bool refused = false;
    try {
        co_await world_.store.run(std::ref(record));
    } catch (const store::SqlError& error) {
        unrecorded = error.what(), refused = error.is_refusal();
    }
    // On a full disk the whole parcel would be taken there every few seconds: it rests like any that failed, and other targets have their turn.
    if (!unrecorded.empty()) {
        log::error("delivery.not_recorded", {{"target", to.name}, {"day", errand.day}, {"version", errand.version}, {"why", unrecorded}});
        co_return refused ? Outcome::stuck : Outcome::failed;
    }
    bool done = attempt->why.empty();
    metrics::count("deliveries_total", {{"outcome", done ? "delivered" : "failed"}, {"target", to.name}});
    if (done) log::info("delivery.done", {{"target", to.name}, {"day", errand.day}, {"version", errand.version}, {"files", attempt->arrival.files}, {"bytes", attempt->arrival.bytes}});
    else log::error("delivery.failed", {{"target", to.name}, {"day", errand.day}, {"version", errand.version}, {"why", attempt->why}});
    co_return done ? Outcome::delivered : attempt->own_fault ? Outcome::stuck : Outcome::failed;
}

}  // namespace pingjing::delivery
