// A citizen's text → what is recorded and what is said back. The reading is pure (reply/), the decision is pure (decide()); the
// loop finds new texts, reads them, and writes each decision in one transaction with everything that follows from it.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/async/signal.hpp"
#include "daemon/core/first_answer.hpp"
#include "daemon/core/message.hpp"
#include "daemon/core/services.hpp"
#include "daemon/ratings/match.hpp"
#include "daemon/reply/read.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::ratings {

struct AnswerRules {
    Services services{};                   // on which scale each is asked, and by which texts
    int slots = 1;
    Millis late_window = std::chrono::hours(24 * 14), correction_window = std::chrono::minutes(30), answer_within = std::chrono::minutes(10),
           confirm_again_after = std::chrono::hours(24), opt_out_replay = std::chrono::hours(24), call_back = std::chrono::hours(24),
           safety_hold = std::chrono::hours(24 * 30);
    bool staffed = true;                   // somebody calls back after a 3
    bool basically_with_complaint = true;  // a 2 whose words complain opens a follow-up
    bool thanks = true;                    // false: only who will be called is answered
    bool opt_out_zero = false;             // the text offers 0
    bool question = false;                 // one more text after a 2 or 3: what it was about
};

// What is known when a text is decided.
struct Situation {
    bool mobile = true;                    // never an answer to a short code or an alphabetic sender
    bool replay = false;                   // the same words again, and the vendor gives no time to tell
    Match match{};
    std::size_t service = 0;               // of the case, among the site's
    std::optional<Scale> scale{};          // on which he was asked, whatever the service asks on by now; nullopt: as it does
    Scale scale_of(const Services& services) const { return scale.value_or(services[service].scale); }
    bool other_text = false;               // another text than the survey was the last that we sent him: a letter's answer, a notice
    std::optional<store::AnsweredCase> about{};
    std::optional<Before> before{};        // the rating that stands
    bool rated_before = true;              // there is a row of the case, whether it stands or not
    Instant at{};                          // when it was written
    bool opted_out = false;                // before this text
    store::Told told{};                    // within confirm_again_after
};

struct Say { Purpose purpose = Purpose::thanks; std::string text_name{}; };
struct Decision {
    std::string what{};                    // the class of the books (design.md A6)
    std::optional<Effect> effect{};        // of a rating
    bool followup = false, urgent = false, no_callback = false;
    bool opt_out = false, opt_in = false;
    bool alarm = false;
    bool letter = false;                   // it belongs to no survey: a person reads it
    bool suppress = false;                 // who writes is not who called: this number is not texted again
    std::string topic{};                   // it answers the second question
    std::string review{};                  // kind of the row for a person, or empty
    std::optional<Say> say{};              // at most one text; and
    bool ask = false;                      // the second question
};
Decision decide(const reply::Verdict& verdict, const Situation& situation, const AnswerRules& rules);

struct AnswerHints {
    std::function<void()> messages{};      // there is something to say
    std::function<void()> alarms{};
};

// A text and what was read in it; and what came of it.
struct ReadText {
    ReadText(store::InboundRow r, reply::Verdict v, std::optional<reply::Verdict> o) : row(std::move(r)), verdict(std::move(v)), other(std::move(o)) {}
    store::InboundRow row;
    reply::Verdict verdict;               // on the scale of the 110 call
    std::optional<reply::Verdict> other;  // on the other scale, where the site asks on both: which it was is known with the case
};
struct Done {
    bool message = false, alarm = false;
    std::vector<std::string> classes{};  // of the books, one a text
};

class Answers {
public:
    Answers(asio::any_io_executor executor, store::Store& store, const store::Seal& seal, const Clock& clock, Random& random,
            std::shared_ptr<const AnswerRules> rules, AnswerHints hints, Steady look_every = std::chrono::seconds(1))
        : store_(store), seal_(seal), clock_(clock), random_(random), rules_(std::move(rules)), hints_(std::move(hints)), look_every_(look_every), more_(executor) {}

    asio::awaitable<void> run();  // until it is cancelled
    // After run() has ended: what was kept meanwhile is read too, as far as the store goes along. Returns how many.
    asio::awaitable<int> finish();
    void wake() { more_.notify(); }
    // For a delivery that is about to be kept, and for as long as that takes; this outlives it.
    std::unique_ptr<store::ReadTexts> at_the_door();
    void replace(std::shared_ptr<const AnswerRules> rules) { rules_ = std::move(rules); }

private:
    class AtTheDoor;
    ReadText read(store::InboundRow row, std::string_view text) const;
    asio::awaitable<int> step();
    asio::awaitable<Done> one_by_one(const std::vector<ReadText>& read, std::shared_ptr<const AnswerRules> rules, Instant now);
    store::Store& store_;
    const store::Seal& seal_;
    const Clock& clock_;
    Random& random_;
    std::shared_ptr<const AnswerRules> rules_;
    std::vector<store::InboundRow> ahead_;  // found by the step before; what is not read when we stop stands as new
    AnswerHints hints_;
    Steady look_every_;
    Signal more_;
};

}  // namespace pingjing::ratings
