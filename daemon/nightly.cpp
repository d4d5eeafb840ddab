#include "daemon/nightly.hpp"

#include <algorithm>

#include "daemon/admin/verify.hpp"
#include "daemon/async/timer.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/log/log.hpp"
#include "daemon/store/checkpoints.hpp"
#include "daemon/store/watch.hpp"

namespace pingjing {
namespace {

using store::Connection;
using store::Statement;

constexpr Millis between_signatures = std::chrono::hours(1);
constexpr std::int64_t ids_a_look = 20'000;  // some ten milliseconds of the reader's
constexpr std::size_t rows_a_share = 100;  // of each kind: some milliseconds of the store's thread
constexpr const char* done_key = "erased_day";

// Of the many rows of a large store a seventh each night are looked for in the indexes, so each within a week; `pingjing verify` does all.
store::TableCheck::Sizes share_of_night(Instant now) {
    constexpr std::int64_t nights = 7;
    store::TableCheck::Sizes sizes;
    sizes.one_of = nights, sizes.share = now.time_since_epoch() / std::chrono::hours(24) % nights;
    return sizes;
}

}  // namespace

Millis recognised_for(const config::Settings& settings) { return std::max<Millis>(std::chrono::hours(30 * 24), settings.survey.safety_hold); }

asio::awaitable<void> Nightly::run() {
    for (;;) {
        co_await sign();
        if (co_await is_time_to_erase()) {
            auto done = co_await erase();
            log::info("erasure.done", {{"cases", done.cases}, {"texts", done.texts}, {"numbers", done.numbers}, {"ratings", done.ratings}});
        }
        if (co_await is_time_to_verify()) co_await verify();
        auto pause = std::chrono::duration_cast<Steady>(std::chrono::minutes(1) / clock_.speed());
        co_await sleep_for(std::max<Steady>(pause, std::chrono::seconds(1)));
    }
}

bool Nightly::is_night_over() const {
    auto now = clock_.now();
    const auto& settings = settings_();
    return now >= day_range(local_day(now, settings.service.timezone), settings.service.timezone)->from + settings.reports.nightly_at;
}

// Once a local day as well; and at once where it was left out, as after days in which we did not run.
asio::awaitable<bool> Nightly::is_time_to_verify() {
    std::optional<store::LastVerification> last;
    auto read = [&](Connection& db) { last = store::last_verification(db); };
    co_await store_.run(std::ref(read));
    auto now = clock_.now();
    if (!last || now - last->at > std::chrono::hours(24)) co_return true;
    const auto& zone = settings_().service.timezone;
    co_return is_night_over() && local_day(last->at, zone) < local_day(now, zone);
}

asio::awaitable<void> Nightly::verify() {
    admin::Verifier verifier(seal_.ledger_signer(), {}, share_of_night(clock_.now()));
    bool more = true;
    std::function<void(Connection&)> step = [&](Connection& db) { more = verifier.step(db); };
    std::string unreadable;
    try {
        while (more) co_await read_(step);
    } catch (const store::SqlError& error) {  // the night goes on: what was found by then is told, and this with it
        unreadable = "file: the store cannot be read: " + error.reason();
    }
    const auto& result = verifier.result();
    store::LastVerification said{clock_.now(), admin::first_failures(result)};
    if (!unreadable.empty()) said.failure = said.failure.empty() ? unreadable : unreadable + "; " + said.failure;
    auto keep = [&](Connection& db) { store::keep_verification(db, said); };
    co_await store_.run(std::ref(keep));
    auto signatures = unreadable.empty() ? admin::about_signatures(result) : std::string("signatures not looked at");
    if (said.failure.empty()) log::info("verify.done", {{"cases", result.cases}, {"rows", result.rows}, {"checkpoints", result.checkpoints}, {"signatures", signatures}});
    else log::error("verify.failed", {{"why", said.failure}, {"signatures", signatures}});
}

// Once a local day, at nightly_at or as soon after it as we run.
asio::awaitable<bool> Nightly::is_time_to_erase() {
    if (!is_night_over()) co_return false;
    auto day = local_day(clock_.now(), settings_().service.timezone);
    auto last = [](Connection& db) {
        Statement read(db, "SELECT value FROM meta WHERE key = ?1");
        return read.bind(1, done_key).step() ? read.text(0) : std::string();
    };
    auto done = co_await store_.run(last);
    co_return done < day;
}

asio::awaitable<store::Erased> Nightly::erase() {
    auto now = clock_.now();
    const auto& settings = settings_();
    auto day = local_day(now, settings.service.timezone);
    store::Limits limits{now - settings.reports.keep_texts, now - std::chrono::hours(24) * 365 * settings.reports.keep_ratings_years - std::chrono::hours(24),
                         now - recognised_for(settings)};
    std::int64_t newest = 0;
    std::function<void(Connection&)> ask = [&](Connection& db) { newest = store::newest_id(db); };
    co_await read_(ask);
    store::Erased total;
    for (int n = 0; n < 2; ++n) {
        auto round = n == 0 ? store::Round::texts : store::Round::numbers;
        for (store::Ids among{0, ids_a_look}; among.after < newest; among.after = among.until, among.until += ids_a_look) {
            store::Expired expired;
            std::function<void(Connection&)> find = [&](Connection& db) { expired = store::find_expired(db, limits, round, among); };
            co_await read_(find);
            while (!expired.empty()) {
                auto share = expired.take(rows_a_share);
                auto work = [&](Connection& db) { return store::erase_expired(db, share, limits, now); };
                auto done = co_await store_.run(std::ref(work));
                total.cases += done.cases, total.texts += done.texts, total.numbers += done.numbers, total.ratings += done.ratings;
            }
        }
    }
    auto remember = [&](Connection& db) {
        Statement write(db, "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
        write.bind(1, done_key).bind(2, day).run();
    };
    co_await store_.run(std::ref(remember));
    co_return total;
}

asio::awaitable<void> Nightly::sign() {
    const auto* signer = seal_.ledger_signer();
    if (!signer) co_return;
    auto now = clock_.now();
    auto work = [&](Connection& db) {
        auto newest = store::newest_checkpoint(db);
        if (!newest || newest->at + between_signatures <= now) store::make_checkpoint(db, *signer, now);
    };
    co_await store_.run(std::ref(work));
}

}  // namespace pingjing
