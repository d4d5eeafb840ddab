#include "daemon/watch/alarms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <stdexcept>

#include "daemon/core/tree.hpp"

namespace pingjing::watch {
namespace {

using enum Severity;
constexpr Kind all_kinds[] = {
    {"clock_held", error, "surveys are held: the clock jumped or was far off at start", 0s, 0s},
    {"receipts_of_strangers", error, "sending is stopped: reports came for messages that this store never sent", 0s, 0s},
    {"sending_stopped", warning, "a person stopped sending, and it is stopped still", 12h, 0s},
    {"ceiling_reached", warning, "a channel is at its daily ceiling; the rest waits for tomorrow", 0s, 5min},
    {"channel_down", error, "a channel refuses us or cannot be reached", 5min, 2min},
    {"channel_refuses_us", error, "a channel does not accept our account or our address", 0s, 2min},
    {"links_down", warning, "some links of a channel are down or refused; the others carry everything", 5min, 2min},
    {"channel_balance", error, "a channel says that money or package are used up", 0s, 2min},
    {"way_back_closed", error, "replies and reports cannot come in: the gateway cannot call us, or the link that receives is down", 30s, 2min},
    {"channel_black_hole", error, "a channel takes messages and does not answer", 0s, 2min},
    {"in_doubt", warning, "more messages are in doubt than usual", 5min, 10min},
    {"backlog", warning, "what is due does not go out", 5min, 5min},
    {"writeback_waits", warning, "the 110 system does not take what goes back to it", 5min, 5min},
    {"rows_held", warning, "messages wait for a person: content, an erased number, a row that the store refused", 0s, 0s},
    {"no_route", warning, "no [[route]] matches the numbers of some messages", 0s, 0s},
    {"restored_held", warning, "a restore holds surveys until a person looks at them", 0s, 0s},
    {"unread_texts", error, "citizens' texts are kept and not read", 5min, 1min},
    {"desk_unreachable", error, "the duty desk does not take emergencies", 1min, 0s},
    {"letters_unread", warning, "letters of citizens are not read", 1min, 0s},
    {"desk_unanswered", error, "nobody acknowledges an emergency", 10min, 0s},
    {"replies_silent", error, "replies do not come back on a path", 0s, 0s},
    {"receipts_silent", warning, "delivery reports do not come back on a path", 0s, 0s},
    {"canary_silent", error, "the answers of staff to test texts do not come back on a path", 0s, 0s},
    {"ratings_taken_out", warning, "appeals take more ratings out of the scores than they should", 0s, 0s},
    {"ratings_left_out", warning, "appeals that nobody decides keep more ratings out of the scores than they should", 0s, 0s},
    {"disk_nearly_full", error, "the disk of state_dir is nearly full", 0s, 10min},
    {"store_failed", error, "the store cannot be written or read", 0s, 1min},
    {"files_gone", error, "a file of the store was taken away while it is in use", 0s, 0s},
    {"wal_grows", warning, "the store's log is not folded into it", 10min, 10min},
    {"drop_file_refused", warning, "a file in the drop folder cannot be read and was put aside: its calls are not taken", 0s, 1min},
    {"drop_folder_waits", warning, "the drop folder cannot be read or written, or a file in it waits", 5min, 1min},
    {"export_missing", warning, "the nightly export of yesterday was not written", 10min, 0s},
    {"delivery_waits", warning, "nightly files do not arrive where they are to be taken", 5min, 0s},
    {"verify_failed", error, "the store was verified, and something does not hold", 0s, 0s},
    {"verify_missing", warning, "the store was not verified for 26 hours", 30min, 0s},
    {"erasure_missing", warning, "what may no longer be kept was not erased for three days", 30min, 0s},
    {"ledger_unsigned", warning, "the ledger is not signed each hour", 10min, 0s},
    {"callbacks_unreadable", warning, "a carrier says what nobody can read; answers may be among it", 0s, 10min},
    {"loop_failing", error, "a part of the daemon fails and begins again", 0s, 5min},
};

template <class Row>
auto same(const std::string& name, const std::string& about) {
    return [&](const Row& row) { return row.name == name && row.about == about; };
}

}  // namespace

std::span<const Kind> kinds() { return all_kinds; }

const Kind* find_kind(std::string_view name) {
    auto* found = std::find_if(std::begin(all_kinds), std::end(all_kinds), [&](const Kind& k) { return k.name == name; });
    return found == std::end(all_kinds) ? nullptr : found;
}

void Alarms::remember(std::vector<store::WatchAlarm> raised) { raised_ = std::move(raised); }

bool Alarms::is_raised(std::string_view name, std::string_view about) const {
    return std::any_of(raised_.begin(), raised_.end(), [&](const auto& a) { return a.name == name && a.about == about && !a.cleared_at; });
}

std::vector<Alarms::Change> Alarms::look(const std::vector<Finding>& findings, Instant now) {
    std::vector<Change> changes;
    std::vector<Pending> pending;
    for (const auto& f : findings) {
        const auto* kind = find_kind(f.name);
        if (!kind) throw std::logic_error("an alarm without a name: " + f.name);
        std::erase_if(gone_, same<Gone>(f.name, f.about));
        auto known = std::find_if(raised_.begin(), raised_.end(), same<store::WatchAlarm>(f.name, f.about));
        if (known != raised_.end() && !known->cleared_at) {
            known->detail = f.detail;
            continue;
        }
        auto waits = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& p) { return p.finding.name == f.name && p.finding.about == f.about; });
        // A clock that was set back makes nothing wait longer.
        auto since = waits == pending_.end() ? now : std::min(waits->since, now);
        if (now - since < kind->raise_after) {
            pending.push_back({f, since});
            continue;
        }
        store::WatchAlarm alarm{f.name, f.about, f.detail, since, now, std::nullopt, std::nullopt};
        if (known == raised_.end()) raised_.push_back(alarm);
        else *known = alarm;
        changes.push_back({true, alarm});
    }
    pending_ = std::move(pending);
    for (auto& alarm : raised_) {
        if (alarm.cleared_at) continue;
        if (std::any_of(findings.begin(), findings.end(), same<Finding>(alarm.name, alarm.about))) continue;
        const auto* kind = find_kind(alarm.name);  // null: a later version had it
        auto gone = std::find_if(gone_.begin(), gone_.end(), same<Gone>(alarm.name, alarm.about));
        if (gone == gone_.end()) gone = gone_.insert(gone_.end(), {alarm.name, alarm.about, now});
        gone->since = std::min(gone->since, now);
        if (kind && now - gone->since < kind->clear_after) continue;
        gone_.erase(gone);
        alarm.cleared_at = now;
        changes.push_back({false, alarm});
    }
    return changes;
}

Alarms::News Alarms::news_of(const store::WatchAlarm& alarm, Millis remind_after, Instant now) {
    if (alarm.cleared_at) return News::cleared;
    if (!alarm.told_at) return News::raised;
    // Told in the future was told by a clock that was ahead.
    return now - *alarm.told_at >= remind_after || *alarm.told_at > now ? News::still : News::none;
}

bool Alarms::told(std::string_view name, std::string_view about, News news, Instant now) {
    auto alarm = std::find_if(raised_.begin(), raised_.end(), [&](const auto& a) { return a.name == name && a.about == about; });
    if (alarm == raised_.end()) return false;
    // It ended, or began anew, while the news was on its way.
    if ((news == News::cleared) != alarm->cleared_at.has_value()) return false;
    if (news != News::cleared) {
        alarm->told_at = now;
        return false;
    }
    raised_.erase(alarm);
    return true;
}

std::string_view news_name(Alarms::News news) {
    constexpr std::string_view names[] = {"none", "raised", "still", "cleared"};
    return names[static_cast<int>(news)];
}

std::string news_id(const store::WatchAlarm& alarm, Alarms::News news) {
    auto told = alarm.told_at ? to_millis(*alarm.told_at) : 0;  // which reminder
    auto all = fmt::format("{}\n{}\n{}\n{}\n{}", alarm.name, alarm.about, news_name(news), to_millis(alarm.since), told);
    return "alarm_" + to_hex(leaf_hash(all)).substr(0, 32);
}

std::string news_json(const store::WatchAlarm& alarm, Alarms::News news, Instant now) {
    const auto* kind = find_kind(alarm.name);
    boost::json::object out;
    out["alarm"] = alarm.name;
    out["about"] = alarm.about;
    out["state"] = news_name(news);
    out["severity"] = kind && kind->severity == Severity::warning ? "warning" : "error";
    out["meaning"] = kind ? kind->meaning : "";
    out["detail"] = alarm.detail;
    out["since"] = format_utc(alarm.since);
    out["at"] = format_utc(now);
    out["page"] = "systemd/README.md#" + alarm.name;
    return boost::json::serialize(out);
}

}  // namespace pingjing::watch
