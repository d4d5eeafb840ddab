#include "daemon/nightly.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <system_error>

#include "daemon/admin/verify.hpp"
#include "daemon/async/timer.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/log/log.hpp"
#include "daemon/reports/counting.hpp"
#include "daemon/store/checkpoints.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/watch.hpp"

namespace pingjing {
namespace {

using store::Connection;
using store::Statement;

constexpr Millis between_signatures = std::chrono::hours(1);
constexpr std::int64_t ids_a_look = 20'000;  // some ten milliseconds of the reader's
constexpr std::size_t rows_a_share = 100;  // of each kind: some milliseconds of the store's thread
constexpr const char* exported_key = "exported_day";  // the newest day whose files are written
constexpr const char* published_key = "published";
constexpr int days_between_summaries = 7;
constexpr const char* waited_key = "erasure_waited_ms";
constexpr const char* share_key = "verify_share";  // of large tables, the one of the next night
constexpr int most_days_back = 31;
constexpr int most_days_between = 2;  // erasures
constexpr Millis jump = std::chrono::hours(1);
constexpr Steady export_pause = std::chrono::minutes(15);

// Of the many rows of a large store a seventh each night are looked for in the indexes, so each within seven nights; `pingjing verify` does all.
constexpr std::int64_t nights = 7;
store::TableCheck::Sizes share_of_night(const std::string& next) {
    store::TableCheck::Sizes sizes;
    sizes.one_of = nights, sizes.share = std::clamp<std::int64_t>(std::atoll(next.c_str()), 0, nights - 1);
    return sizes;
}

}  // namespace

Millis recognised_for(const config::Settings& settings) { return std::max<Millis>(std::chrono::hours(30 * 24), settings.survey.safety_hold); }

asio::awaitable<void> Nightly::run() {
    for (;;) {
        look_at_clock();
        co_await sign();
        // Before erasure: the files tell of the day as it was. If they cannot be written, what must go goes all the same.
        co_await export_days();
        co_await publish();
        if (co_await is_time_to_erase()) {
            auto done = co_await erase();
            log::info("erasure.done", {{"cases", done.cases}, {"texts", done.texts}, {"numbers", done.numbers}, {"ratings", done.ratings}});
        }
        if (co_await is_time_to_verify()) co_await verify();
        auto pause = std::chrono::duration_cast<Steady>(look_every_ / clock_.speed());
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
    // Verified in the future is verified by a clock that was ahead.
    if (!last || last->at > now || now - last->at > std::chrono::hours(24)) co_return true;
    const auto& zone = settings_().service.timezone;
    co_return is_night_over() && local_day(last->at, zone) < local_day(now, zone);
}

asio::awaitable<void> Nightly::verify() {
    // By what was looked at and not by the day: a machine that is off each Sunday would never see Sunday's.
    auto next = co_await recall(share_key);
    auto sizes = share_of_night(next);
    admin::Verifier verifier(seal_.ledger_signer(), {}, sizes);
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
    auto differing = co_await differing_sums(sizes.share);
    if (!differing.empty()) said.failure += (said.failure.empty() ? "" : "; ") + differing;
    auto keep = [&](Connection& db) { store::keep_verification(db, said); };
    co_await store_.run(std::ref(keep));
    auto after = std::to_string((sizes.share + 1) % nights);
    if (!more) co_await remember(share_key, after);
    auto signatures = unreadable.empty() ? admin::about_signatures(result) : std::string("signatures not looked at");
    if (said.failure.empty()) log::info("verify.done", {{"cases", result.cases}, {"rows", result.rows}, {"checkpoints", result.checkpoints}, {"signatures", signatures}});
    else log::error("verify.failed", {{"why", said.failure}, {"signatures", signatures}});
}

// Of the sums that nights have kept, a share like that of the rows; empty where a count agrees with each. Where one does not, none is used again.
asio::awaitable<std::string> Nightly::differing_sums(std::int64_t share) {
    if (!wish_of_) co_return std::string();
    auto now = clock_.now();
    auto wish = wish_of_(local_day(now, settings_().service.timezone));
    std::vector<std::string> found;
    std::function<void(Connection&)> count = [&](Connection& db) { found = reports::differing_sums(db, wish.seal, wish.rules, wish.zone, now, share); };
    std::string unreadable;
    try {
        co_await read_(count);
    } catch (const store::SqlError& error) {
        unreadable = "sums: the store cannot be read: " + error.reason();
    }
    if (found.empty()) co_return unreadable;
    auto forget = [](Connection& db) { store::forget_sums(db); };
    co_await store_.run(std::ref(forget));
    co_return fmt::format("sums: what was kept of {} is not what its rows come to; all of them are counted anew", fmt::join(found, ", "));
}

// Once a local day, at nightly_at or as soon after it as we run. What goes is gone, and a clock that is twelve years ahead would let all of
// it go: none while it is not to be trusted, and after days in which nothing went, not before we have run for a day by a clock that is.
asio::awaitable<bool> Nightly::is_time_to_erase() {
    if (!is_night_over()) co_return false;
    const auto& zone = settings_().service.timezone;
    auto day = local_day(clock_.now(), zone);
    auto last = co_await recall(store::erased_day_key);
    if (last == day || tried_day_ == day) co_return false;
    bool trusted = false;
    std::function<void(Connection&)> ask = [&](Connection& db) { trusted = !store::is_clock_held(db); };
    co_await read_(ask);
    if (!trusted || has_jumped_) {
        waiting_.reset();
        co_return false;
    }
    // A day that is still to come was written by a clock that was ahead.
    bool is_usual = last.empty() || (last < day && *days_later(last, most_days_between) >= day);
    if (is_usual) co_return true;
    co_return co_await has_waited_a_day();
}

// Of running, over restarts too: a machine that is off at night has its day after some of its own.
asio::awaitable<bool> Nightly::has_waited_a_day() {
    auto waited = co_await recall(waited_key);
    auto since = std::exchange(waiting_, clock_.steady());
    auto total = std::atoll(waited.c_str());
    if (since) total += std::chrono::duration_cast<Millis>((*waiting_ - *since) * clock_.speed()).count();
    bool enough = Millis(total) >= std::chrono::hours(24);
    if (enough) waiting_.reset();
    auto written = std::to_string(enough ? 0 : total);
    co_await remember(waited_key, written);
    co_return enough;
}

// By more than an hour since the minute before, which the hold of the clock may not have seen yet.
void Nightly::look_at_clock() {
    auto now = clock_.now();
    auto steady = clock_.steady();
    auto passed = std::chrono::duration_cast<Millis>((steady - looked_at_.second) * clock_.speed());
    auto off = now - looked_at_.first - passed;
    has_jumped_ = off > jump || off < -jump;
    looked_at_ = {now, steady};
}


asio::awaitable<std::string> Nightly::recall(const char* key) {
    auto last = [key](Connection& db) {
        Statement read(db, "SELECT value FROM meta WHERE key = ?1");
        return read.bind(1, key).step() ? read.text(0) : std::string();
    };
    co_return co_await store_.run(last);
}

asio::awaitable<void> Nightly::remember(const char* key, std::string value) {
    auto keep = [&](Connection& db) {
        Statement write(db, "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
        write.bind(1, key).bind(2, value).run();
    };
    co_await store_.run(std::ref(keep));
}

// From the one after the last that was written, but not from before the first fact; today's has to wait for its night. None while the clock
// is not to be trusted: the files of a day that has not been would stand for it.
asio::awaitable<std::vector<std::string>> Nightly::days_to_export() {
    const auto& settings = settings_();
    auto zone = settings.service.timezone;
    auto newest = *days_later(local_day(clock_.now() - settings.reports.nightly_at, zone), -1);
    auto done = co_await recall(exported_key);
    std::vector<std::string> days;
    if (done == newest) co_return days;
    if (done > local_day(clock_.now(), zone)) done.clear();  // written by a clock that was ahead
    if (done > newest) co_return days;                       // the night begins later than it did
    std::string first;
    std::function<void(Connection&)> ask = [&](Connection& db) {
        if (store::is_clock_held(db)) return;
        // What nobody gave a time has that of the line before, and there may be none.
        Statement fact(db, "SELECT at FROM ledger WHERE at > 0 AND at <= ?1 ORDER BY seq LIMIT 1");
        // What an earlier version of the program, or a person, has written already.
        Statement by_hand(db, "SELECT coalesce(max(day), '') FROM exports WHERE day <= ?1");
        if (done.empty() && by_hand.bind(1, newest).step()) done = by_hand.text(0);
        fact.bind(1, clock_.now());
        if (fact.step()) first = local_day(fact.instant(0), zone);
    };
    co_await read_(ask);
    if (first.empty()) co_return days;
    auto day = std::max(first, *days_later(newest, 1 - most_days_back));
    if (!done.empty()) day = std::max(day, *days_later(done, 1));
    for (; day <= newest; day = *days_later(day, 1)) days.push_back(day);
    co_return days;
}

asio::awaitable<void> Nightly::export_days() {
    if (!wish_of_ || !settings_().reports.export_nightly || has_jumped_) co_return;
    if (export_again_at_ && clock_.steady() < *export_again_at_) co_return;
    export_again_at_.reset();
    auto days = co_await days_to_export();
    for (const auto& day : days) {
        bool written = co_await export_one(day);
        if (written) continue;
        export_again_at_ = clock_.steady() + export_pause;
        co_return;
    }
}

asio::awaitable<bool> Nightly::export_one(std::string day) {
    Result<reports::Edition> edition = reports::Edition();
    std::string why;
    try {
        auto exporting = reports::export_day(read_, store_, wish_of_(day), clock_.now());
        edition = co_await std::move(exporting);
        if (edition) co_await remember(exported_key, day);
    } catch (const std::runtime_error& error) {  // of the disk, of the store, of a workbook that finds no room
        why = error.what();
    }
    if (!edition) why = edition.error().detail;
    if (!why.empty()) log::error("export.failed", {{"day", day}, {"why", why}});
    else if (edition->fresh) log::info("export.written", {{"day", day}, {"version", edition->version}});
    co_return why.empty();
}

asio::awaitable<void> Nightly::publish() {
    if (!public_of_ || !is_night_over() || (publish_again_at_ && clock_.steady() < *publish_again_at_)) co_return;
    publish_again_at_.reset();
    auto wish = public_of_();
    if (wish.folder.empty()) co_return;
    auto now = clock_.now();
    auto today = local_day(now, wish.zone);
    auto settled = reports::settled_year(wish.zone, now, wish.answers_until);
    auto done = co_await recall(published_key);  // "2026-10-31 2026-11-23": of which month, and when
    bool is_done = done.size() == 21 && done.substr(0, 10) == settled.to && done.substr(11) <= today && days_later(done.substr(11), days_between_summaries) > today;
    if (is_done) co_return;
    bool changed = false, trusted = false;
    std::string why;
    std::function<void(Connection&)> work = [&](Connection& db) {
        trusted = !store::is_clock_held(db);
        if (trusted) changed = reports::publish(wish.folder, reports::public_summary(db, wish, now));
    };
    try {
        co_await read_(work);
    } catch (const std::runtime_error& error) {
        why = error.what();
    }
    if (!why.empty()) log::error("public.failed", {{"why", why}});
    if (!why.empty()) publish_again_at_ = clock_.steady() + export_pause;
    if (!why.empty() || !trusted) co_return;
    auto written = settled.to + " " + today;
    co_await remember(published_key, written);
    if (changed) log::info("public.written", {{"until", settled.to}});
}

asio::awaitable<store::Erased> Nightly::erase() {
    auto now = clock_.now();
    const auto& settings = settings_();
    auto day = local_day(now, settings.service.timezone);
    store::Limits limits{now - settings.reports.keep_texts, now - std::chrono::hours(24) * 365 * settings.reports.keep_ratings_years - std::chrono::hours(24),
                         now - recognised_for(settings)};
    store::Erased total;
    int refused = 0;
    for (int n = 0; n < 2; ++n) {
        auto round = n == 0 ? store::Round::texts : store::Round::numbers;
        std::optional<store::Ids> among;
        store::Expired expired;
        std::function<void(Connection&)> find = [&](Connection& db) {
            auto from = among ? among->last + 1 : store::Ids::lowest;
            among = store::next_ids(db, from, ids_a_look);
            if (among) expired = store::find_expired(db, limits, round, *among);
        };
        do {
            co_await read_(find);
            while (!expired.empty()) {
                auto share = expired.take(rows_a_share);
                auto done = co_await erase_share(std::move(share), limits, now, refused);
                total.cases += done.cases, total.texts += done.texts, total.numbers += done.numbers, total.ratings += done.ratings;
            }
        } while (among && among->last < store::Ids::highest);
    }
    tried_day_ = day;
    if (refused == 0) co_await remember(store::erased_day_key, day);
    co_return total;
}

// What the store refuses of one row is that row's own fault: the others go, and the night does not count as finished.
asio::awaitable<store::Erased> Nightly::erase_share(store::Expired share, store::Limits limits, Instant now, int& refused) {
    store::Erased total;
    store::Expired part = share;
    for (bool whole = true;; whole = false) {
        if (!whole) part = share.take_one();
        if (part.empty()) co_return total;
        std::string why;
        auto work = [&](Connection& db) { return store::erase_expired(db, part, limits, now); };
        try {
            auto done = co_await store_.run(std::ref(work));
            total.cases += done.cases, total.texts += done.texts, total.numbers += done.numbers, total.ratings += done.ratings;
            if (whole) co_return total;
        } catch (const store::SqlError& error) {
            if (!error.is_refusal()) throw;
            why = error.what();
        }
        if (why.empty() || whole) continue;
        ++refused;
        log::error("erasure.refused", {{"why", why}});
    }
}

asio::awaitable<void> Nightly::sign() {
    const auto* signer = seal_.ledger_signer();
    if (!signer) co_return;
    auto now = clock_.now();
    auto work = [&](Connection& db) {
        auto newest = store::newest_checkpoint(db);
        if (!newest || newest->at > now || newest->at + between_signatures <= now) store::make_checkpoint(db, *signer, now);
    };
    co_await store_.run(std::ref(work));
}

}  // namespace pingjing
