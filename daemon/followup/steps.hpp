// Which step may come next, by whom, and until when the one after it (domain.md §9). Pure.
#pragma once
#include <optional>
#include <string>

#include "daemon/core/working_days.hpp"
#include "daemon/store/followups.hpp"

namespace pingjing::followup {

struct Rules {
    Millis call_back = std::chrono::hours(24);
    int call_attempts = 3;                                 // an hour apart at least, before somebody is unreachable
    int rectify_days = 5, review_days = 2, told_days = 1;  // working days
    int appeal_days = 5, appeal_decision_days = 5;         // working days, too
    int appeals_open = 10;                                 // undecided ones of one officer or one unit
    Millis answers_until = std::chrono::hours(24 * 6);     // after a call was closed: the last moment at which its survey can be answered in time
    Millis safety_hold = std::chrono::hours(24 * 30);     // a number with a safety code so lately is not texted
    WorkingDays working_days{};
    std::string zone = "Asia/Shanghai";
};

struct Person {
    std::string who{};          // "3/张三", as it stands beside the step
    std::string name{}, unit{}, badge{};
    bool inspects = false;      // 督察; else a unit that answers for its own work order
};

constexpr std::size_t longest_note = 4000;  // bytes: a thousand Hanzi

// What somebody wants to write down. Fields that the step does not know stay empty.
struct Step {
    std::string name{};         // call, verify, order, rectify, review, tell, close; drop
    std::string outcome{};      // call: reached, no_answer, declined
    std::string finding{};      // verify: valid, partly, invalid, unreachable
    std::string topic{}, place{};  // verify
    std::string unit{}, person{};  // order: who is to put it right; the unit of the call unless it is said
    std::optional<bool> agreed{};  // review
    std::string how{};          // tell: sms, call, letter
    std::string note{};
};

struct Planned {
    store::FollowupMove move{};
    bool text = false;          // 回告 goes out as a text
};
// invalid_input: a field is missing or not what is expected; conflict: not now; forbidden: not by this person.
Result<Planned> plan_step(const store::Followup& followup, const Step& step, const Person& person, const Rules& rules, Instant now);

}  // namespace pingjing::followup
