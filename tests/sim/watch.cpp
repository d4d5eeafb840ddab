#include "tests/sim/watch.hpp"

#include <fmt/format.h>

#include "daemon/admin/verify.hpp"
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

}  // namespace

void Watch::stopped(bool yes) { stopped_at_ = yes ? clock_.steady() : Steady::max(); }

void Watch::reached(const provider::Submission& submission, const std::string& channel, int parts) {
    const auto& text = submission.text.reveal();
    Reached r{submission.ref, submission.phone.reveal(), channel, submission.extension, clock_.now(), clock_.steady(), text.find("回T退订") != std::string::npos};
    auto& second = last_second_[channel];
    while (!second.empty() && r.steady - second.front() >= a_second) second.pop_front();
    for (int i = 0; i < parts; ++i) second.push_back(r.steady);
    if (second.size() > static_cast<std::size_t>(std::max(tps_[channel], parts))) broken(fmt::format("{} parts within a second on {}", second.size(), channel));
    bool emergency = text.find("emergency") != std::string::npos;
    if (!emergency && stopped_at_ < Steady::max() && r.steady > stopped_at_ + 2 * a_second) broken("sent while everything was stopped: " + r.ref);
    if (r.question) judge_question(r);
    if (text.find("canary") != std::string::npos) judge_canary(r);
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
    bool cannot_know = r.steady - jumped_at_ <= a_second;
    if (!allowed(r.at - off_) && !cannot_know) broken(fmt::format("asked outside hours: {}, the clock said {}", format_utc(r.at - off_), format_utc(r.at)));
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

// One question a case, whatever it is called: after a restore the same call may have another message.
void Watch::judge_cases(store::Connection& db) {
    for (; judged_cases_ < reached_.size(); ++judged_cases_) {
        const auto& r = reached_[judged_cases_];
        if (!r.question) continue;
        store::Statement find(db, "SELECT c.record FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.ref = ?1");
        if (!find.bind(1, r.ref).step()) continue;
        auto [first, fresh] = asked_case_.try_emplace(find.text(0), r.ref);
        if (!fresh && first->second != r.ref) broken(fmt::format("case {} was asked by {} and by {}", find.text(0), first->second, r.ref));
    }
}

void Watch::restored() {
    restored_ = true;
    seen_ = {};
    states_.clear();
    safety_.clear();
    on_hold_.clear();
    opted_out_.clear();
    slots_.clear();
    canary_days_.clear();
    stopped(false);
}

void Watch::judge_states(store::Connection& db, std::int64_t after, bool whole) {
    // By their case only surveys are found; the others are looked at with the whole.
    constexpr const char* changed = "SELECT id, state, ref FROM messages WHERE purpose = 'survey' AND case_id IN (SELECT case_id FROM ledger NOT INDEXED WHERE seq > ?1 AND case_id IS NOT NULL)";
    store::Statement moved(db, whole ? "SELECT id, state, ref FROM messages WHERE ?1 IS NOT NULL" : changed);
    moved.bind(1, after);
    while (moved.step()) {
        auto now = moved.text(1);
        auto& before = states_[moved.integer(0)];
        bool risk_taken = again_.contains(moved.text(2)) && (before == "in_doubt" || before == "unknown");
        if (!before.empty() && !may_lead(before, now) && !risk_taken) broken(fmt::format("message {} went from {} to {}", moved.text(2), before, now));
        before = now;
    }
}

void Watch::look(store::Connection& db, const std::string& when, bool whole) {
    auto after = static_cast<std::int64_t>(seen_.size());
    auto found = admin::verify_since(db, seen_);
    if (whole)
        for (auto& failure : admin::verify(db).failures) found.failures.push_back(std::move(failure));
    for (const auto& failure : found.failures) broken(fmt::format("{}: {}: {}", when, failure.check, failure.detail));
    judge_states(db, after, whole);
    judge_hold(db);
    judge_cases(db);
    if (found.head.size() > seen_.size()) seen_ = std::move(found.head);
}

}  // namespace pingjing::sim
