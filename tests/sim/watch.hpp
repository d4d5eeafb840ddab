// Keeps watch over the promises: what reached whom is judged at once, what the store says by the code of `pingjing verify`.
#pragma once
#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/async/timer.hpp"
#include "daemon/core/tree.hpp"
#include "providers/provider.hpp"

namespace pingjing::store { class Connection; }

namespace pingjing::sim {

struct Reached {
    std::string ref, phone, channel, extension;
    Instant at;      // as the daemon's clock said
    Steady steady;
    bool question = false, told = false, notice = false;  // told: 回告
};

// A closed call that puts its number on hold, or a citizen who wants no more: from when on nobody may be asked.
struct SafetyCall { std::string phone{}, record{}; Steady answered_at = Steady::max(); };

class Watch {
public:
    explicit Watch(VirtualClock& clock) : clock_(clock) {}

    void broken(std::string what) {
        if (broken_.size() < 20) broken_.push_back(std::move(what));
    }
    const std::vector<std::string>& broken() const { return broken_; }

    // What the daemon was told.
    void hours(Millis opens, Millis closes) { opens_ = opens, closes_ = closes; }
    void tps(const std::string& channel, int parts) { tps_[channel] = parts; }
    void opted_out(const std::string& phone) { opted_out_.emplace(phone, clock_.steady()); }
    void asked_for_silence(const std::string& phone) { silent_.emplace(phone, clock_.steady()); }
    void forgotten(const std::string& phone) { forgotten_.insert(phone); }  // the store was told to: words of this number are gone
    bool was_forgotten(const std::string& phone) const { return forgotten_.contains(phone); }
    void called_off(const std::string& record) { called_off_.emplace(record, clock_.steady()); }  // nobody is asked about it from then on
    void notice_stopped(const std::string& name) { stopped_notices_.emplace(name, clock_.steady()); }
    void notice_may_double(const std::string& name) { ++risked_notices_[name]; }  // somebody took that on after a restore
    void may_be_asked_again(const std::string& ref) { ++again_[ref]; }  // an operator took the risk
    bool again(const std::string& ref) const { return again_.contains(ref); }
    void stopped(bool yes);
    // The true time is the daemon's clock less `off`; for a second after a jump it cannot know.
    void clock_off(Millis off) { off_ = off, jumped_at_ = clock_.steady(); }
    bool clock_is_off() const { return off_ != Millis(0); }
    bool clock_was_off() const { return jumped_at_ >= Steady(0); }
    std::map<std::string, SafetyCall>& safety() { return safety_; }

    // A text left for a citizen.
    void reached(const provider::Submission& submission, const std::string& channel, int parts);
    const std::vector<Reached>& all() const { return reached_; }
    int questions() const { return questions_; }
    int canaries() const { return canaries_; }

    // A backup was taken into use: what came after it is lost, and that is what a restore means. Nobody may be asked twice all the same.
    void restored();
    bool was_restored() const { return restored_; }

    // Of what is committed now. `whole`: all of it, otherwise what changed since the last time.
    void look(store::Connection& db, const std::string& when, bool whole);
    // The facts that were seen must be there in every later life.
    const TreeHead& seen() const { return seen_; }

private:
    void judge_question(const Reached& r);
    void judge_canary(const Reached& r);
    void judge_notice(const Reached& r, const std::string& name);
    void judge_silence(const Reached& r, const std::string& text);
    void judge_letter(const std::string& text);
    void judge_ratings(store::Connection& db, const std::vector<std::int64_t>& cases);
    void judge_hold(store::Connection& db);
    void judge_cases(store::Connection& db);
    void judge_states(store::Connection& db, const std::vector<std::int64_t>& cases, bool whole);

    VirtualClock& clock_;
    std::vector<std::string> broken_;
    Millis opens_ = std::chrono::hours(8), closes_ = std::chrono::hours(21);
    std::map<std::string, int> tps_;
    std::map<std::string, Steady> opted_out_, silent_, stopped_notices_;
    std::set<std::string> forgotten_;
    std::map<std::string, Steady> called_off_;  // by record
    std::map<std::string, int> risked_notices_, answered_letters_;
    std::map<std::pair<std::string, std::string>, int> noticed_;  // notice and phone: how often
    struct Standing { std::int64_t rating = 0, rows = 0, decided = 0; };
    std::map<std::int64_t, Standing> standing_;                   // by case
    std::map<std::int64_t, std::string> ratings_;                 // as they were made
    std::map<std::string, int> again_;  // how often
    Steady stopped_at_ = Steady::max(), jumped_at_ = -std::chrono::hours(1);
    Millis off_{};
    std::map<std::string, SafetyCall> safety_;  // by record
    std::vector<Reached> reached_, on_hold_;    // on_hold_: to a number with a safety case; of which case the store knows
    std::map<std::string, std::deque<Steady>> last_second_;
    std::map<std::string, int> asked_;
    std::map<std::pair<std::string, bool>, std::string> asked_case_;  // by record, 回告 apart: the text that went
    std::size_t judged_cases_ = 0;
    bool restored_ = false;
    std::map<std::pair<std::string, std::string>, std::pair<std::string, Steady>> slots_;  // phone and digits: whose, until when
    std::map<std::int64_t, std::string> states_;
    TreeHead seen_;
    int questions_ = 0, canaries_ = 0;
    std::set<std::tuple<std::string, std::string, std::int64_t>> canary_days_;  // phone, channel, day
};

}  // namespace pingjing::sim
