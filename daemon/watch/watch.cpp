#include "daemon/watch/watch.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "daemon/core/local_time.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/push/push.hpp"
#include "daemon/watch/gauges.hpp"

namespace pingjing::watch {
namespace {

constexpr Steady first_pause = std::chrono::seconds(1), longest_pause = std::chrono::minutes(1), between_measures = std::chrono::minutes(1);

PathRules path_rules(const Site& site) {
    const auto& a = site.alarms;
    PathRules rules;
    rules.zone = site.zone;
    rules.replies_after = a.replies_after, rules.receipts_after = a.receipts_after, rules.threshold = a.silence_threshold;
    rules.reply_share = a.reply_share, rules.receipt_share = a.receipt_share;
    return rules;
}

bool is_warning(const store::WatchAlarm& alarm) {
    const auto* kind = find_kind(alarm.name);
    return kind && kind->severity == Severity::warning;
}

void measure(const store::WatchAlarm& alarm, bool is_raised) {
    metrics::gauge("alarm", {{"name", alarm.name}, {"about", alarm.about}, {"severity", is_warning(alarm) ? "warning" : "error"}}, is_raised ? 1 : 0);
}

}  // namespace

std::vector<Push> make_pushes(const config::Alarms& settings, http::Client& http, const Clock& clock) {
    std::vector<Push> pushes;
    push::Address to{settings.webhook, settings.token, settings.signing_secret, settings.timeout};
    if (!to.url.empty())
        pushes.push_back([to, &http, &clock](std::string id, std::string json) { return push::post(http, to, std::move(id), std::move(json), clock.now()); });
    if (!settings.exec.empty())
        pushes.push_back([settings](std::string, std::string json) { return push::run_program(settings.exec, std::move(json), settings.timeout); });
    return pushes;
}

Watch::Watch(WatchWorld world, std::vector<Push> pushes) : world_(std::move(world)), pushes_(std::move(pushes)), news_(world_.executor) {}

asio::awaitable<void> Watch::run() {
    for (;;) {
        co_await look();
        co_await sleep_for(world_.look_every);
    }
}

void Watch::say(const Alarms::Change& change) const {
    const auto& a = change.alarm;
    auto level = !change.raised ? log::Level::info : is_warning(a) ? log::Level::warn : log::Level::error;
    log::write(level, change.raised ? "alarm.on" : "alarm.off", {{"name", a.name}, {"about", a.about}, {"detail", a.detail}, {"since", format_utc(a.since)}});
    measure(a, change.raised);
}

asio::awaitable<void> Watch::look() {
    bool store_works = co_await look_at_store();
    if (store_works && (!looked_at_paths_ || world_.clock.steady() >= paths_at_)) co_await look_at_paths();
    if (store_works && (!measured_ || world_.clock.steady() >= measured_at_)) co_await measure_store();
    auto findings = store_findings_;
    findings.insert(findings.end(), path_findings_.begin(), path_findings_.end());
    auto add = [&](std::vector<Finding> more) { findings.insert(findings.end(), more.begin(), more.end()); };
    if (!store_works || world_.store.failed()) findings.push_back({"store_failed", "", world_.store.failed() ? "the disk lost what was written" : "it cannot be written or read"});
    add(about_disk(world_.store.path(), world_.site().alarms));
    if (world_.channels) add(about_channels(world_.channels()));
    if (world_.folders) add(world_.folders());
    if (world_.failing)
        for (const auto& loop : world_.failing()) findings.push_back({"loop_failing", "", loop});
    // One alarm a name and subject, whatever number of rows says so.
    std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) { return std::tie(a.name, a.about) < std::tie(b.name, b.about); });
    auto twice = [](const Finding& a, const Finding& b) { return a.name == b.name && a.about == b.about; };
    findings.erase(std::unique(findings.begin(), findings.end(), twice), findings.end());

    auto changes = alarms_.look(findings, world_.clock.now());
    for (const auto& change : changes) say(change), unkept_.emplace(change.alarm.name, change.alarm.about);
    if (!changes.empty()) news_.notify();
    if (!unkept_.empty()) co_await keep();
}

// False: the store does not answer. What was found before stands meanwhile.
asio::awaitable<bool> Watch::look_at_store() {
    std::vector<Finding> found;
    std::vector<store::WatchAlarm> raised;
    auto now = world_.clock.now();
    auto site = world_.site();
    bool first = !remembered_;
    std::function<void(store::Connection&)> work = [&](store::Connection& db) {
        found = about_store(db, site, world_.seal.ledger_signer() != nullptr, now);
        if (first) raised = store::load_watch_alarms(db);
    };
    // Writes, for a store that only reads takes no work; the row is the one that /readyz touches.
    auto touch = [now](store::Connection& db) {
        store::Statement touched(db, "INSERT INTO meta(key, value) VALUES ('watched_at', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
        touched.bind(1, std::to_string(to_millis(now))).run();
    };
    try {
        co_await world_.read(std::move(work));
        co_await world_.store.run(touch);
    } catch (const store::SqlError& error) {
        log::error("watch.store", {{"why", error.what()}});
        co_return false;
    }
    if (first) {
        for (const auto& a : raised)
            if (!a.cleared_at) measure(a, true);
        alarms_.remember(std::move(raised));
        remembered_ = true;
    }
    store_findings_ = std::move(found);
    co_return true;
}

asio::awaitable<void> Watch::measure_store() {
    Gauges gauges;
    std::function<void(store::Connection&)> read = [&gauges, now = world_.clock.now()](store::Connection& db) { gauges = read_gauges(db, now); };
    try {
        co_await world_.read(std::move(read));
    } catch (const store::SqlError&) {
        co_return;  // the next look at the store says so
    }
    watch::say(gauges);
    say_disk(world_.store.path());
    measured_ = true;
    measured_at_ = world_.clock.steady() + between_measures;
}

asio::awaitable<void> Watch::look_at_paths() {
    auto site = world_.site();
    auto rules = path_rules(site);
    auto now = world_.clock.now();
    auto today = local_day(now, rules.zone);
    auto first_day = days_later(today, -rules.scan_days).value_or(today);
    auto from = day_range(first_day, rules.zone)->from;
    // What is silent now must not become what is expected.
    auto before = first_day;
    for (const auto& a : alarms_.all())
        if (!a.cleared_at && (a.name == "replies_silent" || a.name == "receipts_silent"))
            before = std::min(before, days_later(local_day(a.since, rules.zone), -rules.scan_days).value_or(before));
    PathScan scan(rules.zone);
    std::map<store::Path, store::PathCount> history;
    std::vector<Finding> appeals;
    std::function<void(store::Connection&)> read = [&](store::Connection& db) {
        store::read_paths(db, world_.seal, from, now + Millis(1), [&scan](const store::Path& path, const store::PathText& text) { scan.take(path, text); });
        history = store::path_counts(db, *days_later(before, -rules.history_days), *days_later(before, -1));
        appeals = about_appeals(db, site, now);
    };
    std::function<void(store::Connection&)> write = [&scan](store::Connection& db) {
        for (const auto& [key, count] : scan.days()) store::keep_path_day(db, key.first, key.second, count);
    };
    try {
        co_await world_.read(std::move(read));
        co_await world_.store.run(std::move(write));
    } catch (const store::SqlError& error) {
        log::error("watch.paths", {{"why", error.what()}});
        co_return;
    }
    path_findings_ = silent_paths(scan.texts(), history, rules, alarms_, now);
    path_findings_.insert(path_findings_.end(), appeals.begin(), appeals.end());
    looked_at_paths_ = true;
    paths_at_ = world_.clock.steady() + world_.paths_every;
}

// As they stand now: what could not be written before says no more than which they are, so that the older never comes after the newer.
asio::awaitable<void> Watch::keep() {
    auto whose = std::exchange(unkept_, {});
    std::vector<store::WatchAlarm> standing;
    auto over = whose;
    for (const auto& a : alarms_.all())
        if (over.erase({a.name, a.about}) > 0) standing.push_back(a);
    auto work = [&standing, &over](store::Connection& db) {
        for (const auto& a : standing) store::keep_watch_alarm(db, a);
        for (const auto& [name, about] : over) store::drop_watch_alarm(db, name, about);
    };
    bool kept = false;
    try {
        co_await world_.store.run(work);
        kept = true;
    } catch (const store::SqlError&) {  // said by the next look
    }
    if (!kept) unkept_.merge(whose);
}

asio::awaitable<void> Watch::tell() {
    for (Steady pause = first_pause;;) {
        bool all_told = true;
        auto alarms = alarms_.all();
        for (auto& alarm : alarms) {
            auto news = Alarms::news_of(alarm, world_.site().alarms.remind_after, world_.clock.now());
            if (news == Alarms::News::none) continue;
            bool told = co_await tell_one(std::move(alarm), news);
            all_told = all_told && told;
        }
        if (!all_told) {
            co_await sleep_for(pause);
            pause = std::min(pause * 2, longest_pause);
            continue;
        }
        pause = first_pause;
        co_await news_.wait(std::min<Steady>(std::chrono::minutes(1), world_.look_every * 6));
    }
}

// Everybody, or it is told again to everybody: hearing it twice is better than not at all.
asio::awaitable<bool> Watch::tell_one(store::WatchAlarm alarm, Alarms::News news) {
    auto pushes = pushes_;
    bool received = true;
    auto id = news_id(alarm, news);
    for (const auto& push : pushes) {
        auto json = news_json(alarm, news, world_.clock.now());
        std::function<asio::awaitable<Result<void>>()> attempt = [&] { return push(id, json); };
        auto pushed = co_await push::try_once(std::move(attempt));
        metrics::count("alarm_pushes_total", {{"outcome", pushed ? "received" : "failed"}});
        if (pushed) continue;
        log::error("alarm.push_failed", {{"name", alarm.name}, {"about", alarm.about}, {"why", pushed.error().detail}});
        received = false;
    }
    if (!received) co_return false;
    alarms_.told(alarm.name, alarm.about, news, world_.clock.now());
    unkept_.emplace(alarm.name, alarm.about);
    co_await keep();
    co_return true;
}

}  // namespace pingjing::watch
