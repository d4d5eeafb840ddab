#include "daemon/watch/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "daemon/core/local_time.hpp"
#include "daemon/core/number_plan.hpp"
#include "daemon/core/silence.hpp"
#include "daemon/store/appeals.hpp"
#include "daemon/store/canaries.hpp"
#include "daemon/store/deliveries.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/watch.hpp"

namespace pingjing::watch {
namespace {

using Findings = std::vector<Finding>;

constexpr int erased_within_days = 3;
constexpr Millis verified_within = std::chrono::hours(26), signed_within = std::chrono::hours(3), unreadable_for = std::chrono::hours(1);
constexpr Millis exported_within = std::chrono::hours(2), delivered_within = std::chrono::hours(2);
constexpr Millis letters_read_within = std::chrono::hours(48);
constexpr int canary_days = 30;  // an older one says nothing any more
constexpr int appeal_days = 30;  // of ratings, for the share that is taken out

std::string counted(std::int64_t n, std::string_view one, std::string_view more) { return fmt::format("{} {}", n, n == 1 ? one : more); }
std::string messages(std::int64_t n) { return counted(n, "message", "messages"); }

std::int64_t count(store::Connection& db, const char* sql, Instant until) {
    store::Statement read(db, sql);
    read.bind(1, until).step();
    return read.integer(0);
}

void holds(store::Connection& db, Findings& out) {
    for (const auto& hold : store::active_holds(db)) {
        auto about = hold.channel.value_or("");
        auto detail = fmt::format("since {}: {}", format_utc(hold.at), hold.reason);
        bool strangers = hold.of == "stop" && hold.reason.starts_with("many receipts for messages that this store never sent");
        auto name = hold.of == "clock" ? "clock_held" : hold.of == "ceiling" ? "ceiling_reached" : strangers ? "receipts_of_strangers" : "sending_stopped";
        out.push_back({name, about, detail});
    }
}

void waiting_rows(store::Connection& db, Findings& out) {
    store::Statement held(db, "SELECT coalesce(code, ''), count(*) FROM messages WHERE state = 'held' GROUP BY 1 ORDER BY 1");
    std::int64_t others = 0;
    std::string codes;
    while (held.step()) {
        auto code = held.text(0);
        auto n = held.integer(1);
        if (code == "no_route") out.push_back({"no_route", "", messages(n)});
        else if (code == "restored") out.push_back({"restored_held", "", messages(n)});
        else if (code != "ceiling") others += n, codes += fmt::format("{}{} {}", codes.empty() ? "" : ", ", n, code);
    }
    if (others > 0) out.push_back({"rows_held", "", codes});
}

// During opening hours only, and not while a hold or a mode says that nothing goes.
void backlog(store::Connection& db, const Site& site, Instant now, Findings& out) {
    if (!site.sends || !store::active_holds(db).empty()) return;
    auto clock = format_local(now, site.zone);
    auto minutes = std::chrono::minutes(std::stoi(clock.substr(11, 2)) * 60 + std::stoi(clock.substr(14, 2)));
    // What waited for the opening goes out over `spread`, and is not late before the limit has passed after that.
    auto long_open = [&](const config::Hours& hours) { return minutes >= hours.from + site.spread + site.alarms.backlog && minutes < hours.to; };
    if (!long_open(site.hours)) return;
    std::int64_t late = 0;
    store::Statement due(db, "SELECT route, count(*) FROM messages WHERE state = 'due' AND due_at < ?1 GROUP BY route");
    for (due.bind(1, now - site.alarms.backlog); due.step();) {
        // Not where every channel that may take it has hours of its own and is closed, or has just opened.
        auto route = static_cast<std::size_t>(due.integer(0));
        bool waits = due.integer(0) >= 0 && route < site.routes.size() && std::none_of(site.routes[route].begin(), site.routes[route].end(), long_open);
        if (!waits) late += due.integer(1);
    }
    if (late > 0) out.push_back({"backlog", "", fmt::format("{} {} due for more than {} minutes", messages(late), late == 1 ? "is" : "are", std::chrono::duration_cast<std::chrono::minutes>(site.alarms.backlog).count())});
}

void writeback(store::Connection& db, const Site& site, Instant now, Findings& out) {
    if (!site.writes_back) return;
    auto late = count(db, "SELECT count(*) FROM writeback WHERE left_at IS NULL AND at < ?1", now - site.alarms.backlog - site.writes_every);
    if (late > 0) out.push_back({"writeback_waits", "", counted(late, "line", "lines")});
}

std::optional<Instant> first_fact(store::Connection& db, Instant now) {
    store::Statement first(db, "SELECT at FROM ledger WHERE at > 0 AND at <= ?1 ORDER BY seq LIMIT 1");
    if (!first.bind(1, now).step()) return std::nullopt;
    return first.instant(0);
}

// Of the newest day whose night has been over for two hours: by then it has had every chance.
void nightly_export(store::Connection& db, const Site& site, Instant now, Findings& out) {
    const auto& zone = site.zone;
    if (!site.export_nightly) return;
    auto day = days_later(local_day(now - site.nightly_at - exported_within, zone), -1).value_or("");
    auto first = first_fact(db, now);
    if (!first || local_day(*first, zone) > day) return;
    store::Statement written(db, "SELECT 1 FROM exports WHERE day = ?1 LIMIT 1");
    if (!written.bind(1, day).step()) out.push_back({"export_missing", "", day});
}

// Of targets that the site still has.
void deliveries(store::Connection& db, const Site& site, Instant now, Findings& out) {
    for (const auto& late : store::late_deliveries(db, now - delivered_within)) {
        const auto& errand = late.errand;
        if (std::ranges::find(site.deliveries, errand.target) == site.deliveries.end()) continue;
        auto why = late.why.empty() ? std::string() : ": " + late.why;
        out.push_back({"delivery_waits", errand.target, fmt::format("{} v{}, tried {}{}", errand.day, errand.version, errand.attempts == 1 ? "once" : fmt::format("{} times", errand.attempts), why)});
    }
}

// The daemon verifies its store each night; a store that is younger than a night has not had its turn.
void verification(store::Connection& db, Instant now, Findings& out) {
    auto last = store::last_verification(db);
    if (last && !last->failure.empty()) out.push_back({"verify_failed", "", fmt::format("at {}: {}", format_utc(last->at), last->failure)});
    auto since = last ? last->at : first_fact(db, now).value_or(now);
    bool by_another_clock = last && last->at > now + verified_within;
    if (now - since > verified_within || by_another_clock) out.push_back({"verify_missing", "", last ? "last at " + format_utc(last->at) : "never"});
}

// What the law lets nobody keep goes each night. A night that was not yet over for two hours may still be at it; a machine that was off for days
// runs for one before it lets anything go.
void erasure(store::Connection& db, const Site& site, Instant now, Findings& out) {
    auto day = local_day(now - site.nightly_at - exported_within, site.zone);
    auto last = store::last_erased_day(db);
    auto first = first_fact(db, now);
    if (last.empty() && !first) return;
    bool by_another_clock = !last.empty() && last > days_later(local_day(now, site.zone), 1).value_or("");
    auto too_late = days_later(last.empty() ? local_day(*first, site.zone) : last, erased_within_days);
    if (by_another_clock || !too_late || *too_late <= day)
        out.push_back({"erasure_missing", "", last.empty() ? "never" : by_another_clock ? fmt::format("last on {}, by a clock that was ahead", last) : "last on " + last});
}

void signatures(store::Connection& db, bool signs, Instant now, Findings& out) {
    auto since = store::first_unsigned(db);
    if (!signs && since) out.push_back({"ledger_unsigned", "", "there is no ledger.key in key_dir"});
    else if (since && now - *since > signed_within) out.push_back({"ledger_unsigned", "", "not since " + format_utc(*since)});
}

void unreadable(store::Connection& db, const Site& site, Instant now, Findings& out) {
    for (const auto& [channel, n] : store::count_quarantined(db, now - unreadable_for))
        if (n > site.alarms.unreadable) out.push_back({"callbacks_unreadable", channel, fmt::format("{} within an hour", n)});
}

// A path is open again when somebody's newest test text on it is answered, late too.
void canaries(store::Connection& db, const Site& site, Instant now, Findings& out) {
    if (!site.canaries) return;
    auto first_day = days_later(local_day(now, site.zone), -canary_days).value_or("");
    for (const auto& [path, c] : store::newest_canaries(db, first_day, now - site.canary_within)) {
        if (c.answered > 0) continue;
        auto about = fmt::format("{} {} {}", path.first, path.second, carrier_of(path.second));
        out.push_back({"canary_silent", about, fmt::format("{}: {} test texts, {} reported, {} refused, none answered", c.day, c.sent, c.reported, c.failed)});
    }
}

// `ack_within` runs on the real clock, the times of the store on the site's.
void desk(store::Connection& db, const Site& site, Instant now, Findings& out) {
    auto waiting = count(db, "SELECT count(*) FROM alarms WHERE received_at IS NULL AND acknowledged_at IS NULL AND ?1 > 0", now);
    if (waiting > 0) out.push_back({"desk_unreachable", "", counted(waiting, "emergency waits", "emergencies wait")});
    if (!site.desk_answers) return;  // nobody can acknowledge there
    auto patience = std::chrono::duration_cast<Millis>(site.ack_within * site.speed);
    auto unanswered = count(db, "SELECT count(*) FROM alarms WHERE received_at < ?1 AND acknowledged_at IS NULL", now - patience);
    if (unanswered > 0) out.push_back({"desk_unanswered", "", counted(unanswered, "emergency", "emergencies")});
}

// Somebody writes to the police and nobody reads it.
void letters(store::Connection& db, Instant now, Findings& out) {
    auto unread = count(db, "SELECT count(*) FROM letters WHERE closed_at IS NULL AND message_id IS NULL AND at < ?1", now - letters_read_within);
    if (unread > 0) out.push_back({"letters_unread", "", counted(unread, "letter waits", "letters wait") + " for more than two days"});
}

}  // namespace

Findings about_channels(const std::vector<ChannelLook>& channels) {
    Findings out;
    for (const auto& c : channels) {
        auto says = [&](const char* word) { return c.why.starts_with(word); };
        if (!c.way_back_closed.empty()) out.push_back({"way_back_closed", c.name, c.way_back_closed});
        if (c.state == "suspect" || c.state == "stopped") out.push_back({"channel_black_hole", c.name, c.state + ": " + c.why});
        if (!c.links_down.empty() && !c.no_link) out.push_back({"links_down", c.name, c.links_down});
        // Nothing may have been sent since: but answers, a call for help among them, do not come in either.
        if (c.no_link && c.state != "down") out.push_back({c.all_refused ? "channel_refuses_us" : "channel_down", c.name, c.links_down});
        if (c.state != "down") continue;
        auto name = says("channel_down_balance") ? "channel_balance" : says("channel_down_auth") ? "channel_refuses_us" : "channel_down";
        out.push_back({name, c.name, c.why});
    }
    return out;
}

Findings about_disk(const std::string& database, const config::Alarms& limits) {
    Findings out;
    if (database == ":memory:") return out;
    std::error_code error;
    auto space = std::filesystem::space(std::filesystem::path(database).parent_path(), error);
    auto free_mib = static_cast<std::int64_t>(space.available >> 20);
    if (!error && free_mib < limits.disk_free_mib) out.push_back({"disk_nearly_full", "", fmt::format("{} MiB free", free_mib)});
    auto wal = std::filesystem::file_size(database + "-wal", error);
    if (!error && static_cast<std::int64_t>(wal >> 20) >= limits.wal_mib) out.push_back({"wal_grows", "", fmt::format("{} MiB", wal >> 20)});
    // We go on writing into what somebody took away, and a new start does not find it.
    std::string gone;
    for (const auto& file : {std::filesystem::path(database), std::filesystem::path(database + "-wal"), std::filesystem::path(database).parent_path() / "journal" / "epoch"})
        if (!std::filesystem::exists(file, error) && !error) gone += (gone.empty() ? "" : ", ") + file.filename().string();
    if (!gone.empty()) out.push_back({"files_gone", "", gone});
    return out;
}

// One upheld appeal says nothing: one rating of nineteen is more than a twentieth.
Findings about_appeals(store::Connection& db, const Site& site, Instant now) {
    Findings out;
    store::TakenOut force;
    auto look = [&](const std::string& unit, const store::TakenOut& c) {
        for (const auto& [name, count] : {std::pair("ratings_taken_out", c.taken_out), std::pair("ratings_left_out", c.left_out)}) {
            auto share = c.rated > 0 ? static_cast<double>(count) / static_cast<double>(c.rated) : 0;
            if (count > 1 && share > site.alarms.taken_out_share) out.push_back({name, unit, fmt::format("{} of {} ratings of the last {} days, {:.1f} %", count, c.rated, appeal_days, 100 * share)});
        }
    };
    for (const auto& [unit, c] : store::count_taken_out(db, now - std::chrono::hours(24 * appeal_days), now)) {
        force.rated += c.rated, force.taken_out += c.taken_out, force.left_out += c.left_out;
        look(unit, c);
    }
    look("", force);
    return out;
}

Findings about_store(store::Connection& db, const Site& site, bool signs, Instant now) {
    Findings out;
    holds(db, out);
    waiting_rows(db, out);
    backlog(db, site, now, out);
    writeback(db, site, now, out);
    nightly_export(db, site, now, out);
    deliveries(db, site, now, out);
    desk(db, site, now, out);
    letters(db, now, out);
    verification(db, now, out);
    erasure(db, site, now, out);
    signatures(db, signs, now, out);
    unreadable(db, site, now, out);
    canaries(db, site, now, out);
    auto doubt = count(db, "SELECT count(*) FROM messages WHERE state = 'in_doubt' AND ?1 > 0", now);
    if (doubt > site.alarms.in_doubt) out.push_back({"in_doubt", "", messages(doubt)});
    // With a + no index of times is taken: it would lead past every text there ever was.
    auto unread = count(db, "SELECT count(*) FROM inbound WHERE step = 'new' AND +received_at < ?1", now - Millis(60'000));
    if (unread > 0) out.push_back({"unread_texts", "", counted(unread, "text", "texts")});
    return out;
}

}  // namespace pingjing::watch
