#include "tests/sim/watch.hpp"

#include <fmt/format.h>

#include "daemon/admin/verify.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::sim {
namespace {

constexpr Steady a_second = std::chrono::seconds(1);
constexpr Steady slot_rest = std::chrono::hours(24 * 30);

// May a message that stood in `from` stand in `to` later on? By the arrows of the design, as far as they lead; `due` again only
// where the carrier had proved that it has nothing, which is judged where texts arrive.
bool may_lead(const std::string& from, const std::string& to) {
    if (from == to) return true;
    static const std::map<std::string, std::set<std::string>> never = {
        {"delivered", {"due", "held", "sending", "accepted", "in_doubt", "not_sent", "failed", "expired", "no_report", "unknown", "cancelled"}},
        {"failed", {"due", "held", "sending", "accepted", "in_doubt", "not_sent", "expired", "no_report", "unknown", "cancelled"}},
        {"expired", {"due", "held", "sending", "accepted", "in_doubt", "not_sent", "no_report", "unknown", "cancelled"}},
        {"no_report", {"due", "held", "sending", "accepted", "in_doubt", "not_sent", "unknown", "cancelled"}},
        {"accepted", {"due", "held", "sending", "in_doubt", "not_sent", "unknown", "cancelled"}},
        {"unknown", {"held", "accepted", "in_doubt", "not_sent", "no_report", "cancelled"}},
        {"in_doubt", {"held"}},
    };
    auto it = never.find(from);
    return it == never.end() || !it->second.contains(to);
}

// Those that have a rating.
std::vector<std::int64_t> rated_cases(store::Connection& db) {
    std::vector<std::int64_t> out;
    store::Statement rated(db, "SELECT DISTINCT case_id FROM ratings");
    while (rated.step()) out.push_back(rated.integer(0));
    return out;
}

}  // namespace

void Watch::stopped(bool yes) { stopped_at_ = yes ? clock_.steady() : Steady::max(); }

void Watch::reached(const provider::Submission& submission, const std::string& channel, int parts) {
    const auto& text = submission.text.reveal();
    Reached r{submission.ref, submission.phone.reveal(), channel, submission.extension, clock_.now(), clock_.steady(), text.find("回T退订") != std::string::npos, text.ends_with("】done"), text.find("】notice_") != std::string::npos};
    auto& second = last_second_[channel];
    while (!second.empty() && r.steady - second.front() >= a_second) second.pop_front();
    for (int i = 0; i < parts; ++i) second.push_back(r.steady);
    if (second.size() > static_cast<std::size_t>(std::max(tps_[channel], parts))) broken(fmt::format("{} parts within a second on {}", second.size(), channel));
    bool emergency = text.find("emergency") != std::string::npos;
    if (!emergency && stopped_at_ < Steady::max() && r.steady > stopped_at_ + 2 * a_second) broken("sent while everything was stopped: " + r.ref);
    if (r.question) judge_question(r);
    if (text.find("canary") != std::string::npos) judge_canary(r);
    if (auto at = text.find("notice_"); at != std::string::npos) judge_notice(r, text.substr(at + 7));
    judge_silence(r, text);
    judge_letter(text);
    reached_.push_back(std::move(r));
}

void Watch::judge_question(const Reached& r) {
    ++questions_;
    auto risks = again_.find(r.ref);
    if (++asked_[r.ref] > 1 + (risks == again_.end() ? 0 : risks->second)) broken("asked twice: " + r.ref);
    // Local time is eight hours ahead. What was claimed at closing time may leave a moment later.
    auto of_day = [](Instant at) {
        auto local = at + std::chrono::hours(8);
        return Millis(local - std::chrono::floor<std::chrono::days>(local));
    };
    auto allowed = [&](Instant at) { return of_day(at) >= opens_ && of_day(at) <= closes_ + std::chrono::minutes(5); };
    if (!allowed(r.at - off_)) broken(fmt::format("asked outside hours: {}, the clock said {}", format_utc(r.at - off_), format_utc(r.at)));
    if (auto out = opted_out_.find(r.phone); out != opted_out_.end() && r.steady > out->second + std::chrono::minutes(1)) broken("asked after opting out: " + r.ref);
    for (const auto& [record, call] : safety_)
        if (call.phone == r.phone && call.answered_at < r.steady - a_second) {
            on_hold_.push_back(r);
            break;
        }
    if (r.extension.empty()) return;
    auto [slot, fresh] = slots_.try_emplace({r.phone, r.extension}, r.ref, r.steady);
    if (!fresh && slot->second.first != r.ref && r.steady < slot->second.second + slot_rest) broken(fmt::format("digits {} mean two questions to one phone: {} and {}", r.extension, slot->second.first, r.ref));
    slot->second = {r.ref, r.steady};
}

// One a number, channel and local day, by the daemon's clock.
void Watch::judge_canary(const Reached& r) {
    ++canaries_;
    auto day = std::chrono::floor<std::chrono::days>(r.at + std::chrono::hours(8));
    if (!canary_days_.emplace(r.phone, r.channel, day.time_since_epoch().count()).second) broken(fmt::format("a second test text on one day: {} at {} to {} on {}", r.ref, format_utc(r.at), r.phone, r.channel));
    if (!r.phone.starts_with("1370000000")) broken("a test text to a citizen: " + r.ref);
}

// One text a notice and number, and none after it was stopped: what was claimed before may leave a moment later.
void Watch::judge_notice(const Reached& r, const std::string& name) {
    auto risks = risked_notices_.find(name);
    if (++noticed_[{name, r.phone}] > 1 + (risks == risked_notices_.end() ? 0 : risks->second)) broken(fmt::format("the notice {} came twice to {}: {}", name, r.phone, r.ref));
    if (auto stopped = stopped_notices_.find(name); stopped != stopped_notices_.end() && r.steady > stopped->second + a_second)
        broken(fmt::format("the notice {} left after it was stopped: {}", name, r.ref));
}

// Who asked for it hears nothing but what she asks for anew: a cry without that wish, that she wants no more texts.
void Watch::judge_silence(const Reached& r, const std::string& text) {
    auto since = [&](const std::map<std::string, Steady>& when) {
        auto it = when.find(r.phone);
        return it != when.end() && r.steady > it->second + std::chrono::minutes(1);
    };
    bool asked_for = text.ends_with("】emergency") || text.ends_with("】opt_out") || text.ends_with("】help");
    if (!asked_for && since(silent_)) broken(fmt::format("a text to somebody who asked for silence: {} '{}'", r.ref, text));
    bool ours = r.told || text.find("notice_") != std::string::npos || text.find("关于您的") != std::string::npos;
    if (ours && since(opted_out_)) broken(fmt::format("a text to somebody who opted out: {} '{}'", r.ref, text));
}

void Watch::judge_letter(const std::string& text) {
    auto at = text.find("关于您的来信");
    if (at != std::string::npos && ++answered_letters_[text.substr(at)] > 1) broken("a letter was answered twice: " + text.substr(at));
}

// A rating that was made stays as it was, and another one stands only where a row or a person's decision is new.
void Watch::judge_ratings(store::Connection& db, const std::vector<std::int64_t>& cases) {
    for (auto id : cases) {
        Standing now;
        store::Statement rows(db, "SELECT id, grade || ' ' || value || ' ' || effect || ' ' || method || ' ' || coalesce(officer, '-') || ' ' || unit FROM ratings WHERE case_id = ?1");
        for (rows.bind(1, id); rows.step(); ++now.rows) {
            auto [known, fresh] = ratings_.try_emplace(rows.integer(0), rows.text(1));
            if (!fresh && known->second != rows.text(1)) broken(fmt::format("rating {} was {} and is {}", rows.integer(0), known->second, rows.text(1)));
        }
        if (now.rows == 0) continue;
        store::Statement decided(db, "SELECT count(*) FROM reviews v JOIN inbound i ON i.id = v.inbound_id WHERE i.case_id = ?1 AND v.closed_at IS NOT NULL");
        decided.bind(1, id).step();
        now.decided = decided.integer(0);
        if (auto rating = store::standing_rating(db, id)) now.rating = rating->id;
        auto& before = standing_[id];
        if (before.rows > now.rows) broken(fmt::format("case {} has lost a rating", id));
        bool alone = before.rows == now.rows && before.decided == now.decided;
        if (before.rows > 0 && before.rating != now.rating && alone) broken(fmt::format("another rating of case {} counts than before, and nothing was added", id));
        before = now;
    }
}

// Safety follows the phone; the case itself may be asked again once it is re-coded harmless.
void Watch::judge_hold(store::Connection& db) {
    for (const auto& r : on_hold_)
        for (const auto& [record, call] : safety_) {
            if (call.phone != r.phone || call.answered_at >= r.steady - a_second) continue;
            store::Statement own(db, "SELECT 1 FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.ref = ?1 AND c.record = ?2");
            if (!own.bind(1, r.ref).bind(2, record).step()) broken(fmt::format("asked a number on hold: {} at {}, because of {}", r.ref, format_utc(r.at), record));
        }
    on_hold_.clear();
}

// One question a case, and one 回告, whatever it is called: after a restore the same call may have another message.
void Watch::judge_cases(store::Connection& db) {
    for (; judged_cases_ < reached_.size(); ++judged_cases_) {
        const auto& r = reached_[judged_cases_];
        if (!r.question && !r.told) continue;
        store::Statement find(db, "SELECT c.record FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.ref = ?1");
        if (!find.bind(1, r.ref).step()) continue;
        if (auto off = called_off_.find(find.text(0)); r.question && off != called_off_.end() && r.steady > off->second + a_second)
            broken(fmt::format("case {} was asked after it was called off: {}", find.text(0), r.ref));
        auto [first, fresh] = asked_case_.try_emplace({find.text(0), r.told}, r.ref);
        if (!fresh && first->second != r.ref) broken(fmt::format("case {} was {} by {} and by {}", find.text(0), r.told ? "told" : "asked", first->second, r.ref));
    }
}

void Watch::restored() {
    restored_ = true;
    seen_ = {};
    states_.clear();
    safety_.clear();
    on_hold_.clear();
    opted_out_.clear();
    silent_.clear();
    standing_.clear();
    ratings_.clear();
    stopped_notices_.clear();
    called_off_.clear();
    slots_.clear();
    canary_days_.clear();
    stopped(false);
}

// By their case only surveys are found; the others are looked at with the whole.
void Watch::judge_states(store::Connection& db, const std::vector<std::int64_t>& cases, bool whole) {
    auto judge = [this](store::Statement& moved) {
        while (moved.step()) {
            auto now = moved.text(1);
            auto& before = states_[moved.integer(0)];
            bool risk_taken = again_.contains(moved.text(2)) && (before == "in_doubt" || before == "unknown");
            if (!before.empty() && !may_lead(before, now) && !risk_taken) broken(fmt::format("message {} went from {} to {}", moved.text(2), before, now));
            before = now;
        }
    };
    if (whole) {
        store::Statement all(db, "SELECT id, state, ref FROM messages");
        return judge(all);
    }
    for (auto id : cases) {
        store::Statement of_case(db, "SELECT id, state, ref FROM messages WHERE purpose = 'survey' AND case_id = ?1");
        judge(of_case.bind(1, id));
    }
}

void Watch::look(store::Connection& db, const std::string& when, bool whole) {
    auto found = admin::verify_since(db, seen_);
    if (whole)
        for (auto& failure : admin::verify(db).failures) found.failures.push_back(std::move(failure));
    for (const auto& failure : found.failures) broken(fmt::format("{}: {}: {}", when, failure.check, failure.detail));
    judge_states(db, found.touched, whole);
    judge_ratings(db, whole ? rated_cases(db) : found.touched);
    judge_hold(db);
    judge_cases(db);
    if (found.head.size() > seen_.size()) seen_ = std::move(found.head);
}

}  // namespace pingjing::sim
