#include <algorithm>

#include "daemon/core/rating.hpp"
#include "daemon/ratings/answers.hpp"
#include "daemon/ratings/strangers.hpp"

namespace pingjing::ratings {
namespace {

// The class of the books, by the precedence of design.md A6.
std::string class_of(const reply::Verdict& v, const Situation& s, const Decision& d) {
    if (!s.match.survey) return "unmatched";
    if (v.label == reply::Label::opt_out || d.opt_out) return "opt_out";
    if (v.label == reply::Label::help) return "help";
    if (s.match.late) return "late";
    if (d.effect == Effect::first || d.effect == Effect::replaces) return "rated";
    if (d.effect) return "repeated";
    return v.label == reply::Label::ambiguous ? "ambiguous" : "none";
}

// The texts in force name other digits than those he was asked by: to answer by them would turn his answer round.
bool was_asked_otherwise(const Situation& s, const AnswerRules& rules) { return s.scale_of(rules.services) != rules.services[s.service].scale; }

// At most the texts of domain.md §5. An emergency answer and the opt-out confirmation come before everything else, and nothing
// comes beside them.
std::optional<Say> say(const reply::Verdict& v, const Situation& s, const AnswerRules& rules, const Decision& d) {
    if (!s.mobile || d.suppress || !d.topic.empty()) return std::nullopt;
    if (v.emergency) return v.do_not_contact || s.told.emergency ? std::nullopt : std::optional(Say{Purpose::emergency, "emergency"});
    if (v.do_not_contact) return std::nullopt;
    if (d.opt_out) return s.told.opt_out ? std::nullopt : std::optional(Say{Purpose::opt_out, "opt_out"});
    if (s.about && s.about->careful) return std::nullopt;
    bool knows_digits = !was_asked_otherwise(s, rules);
    if (v.label == reply::Label::help) return s.told.help || (s.about && s.about->helped) || !knows_digits ? std::nullopt : std::optional(Say{Purpose::help, rules.services[s.service].help});
    // Who has unsubscribed is told what he asks for, and nothing else.
    if (!s.about || s.match.late || (s.opted_out && !v.opt_in)) return std::nullopt;
    bool counts = d.effect == Effect::first || d.effect == Effect::replaces;
    bool called = d.followup && d.urgent && rules.staffed && !d.no_callback;
    if (counts && (rules.thanks || called) && !s.about->thanked && !s.about->clarified)
        return Say{Purpose::thanks, called ? "thanks_dissatisfied" : "thanks"};
    if (d.what == "ambiguous" && !s.before && !s.about->clarified && knows_digits) return Say{Purpose::clarify, rules.services[s.service].unclear};
    return std::nullopt;
}

// The second question, where a site turns it on: after a 2 or 3 that counts, once a case, never where somebody else may read the phone.
bool may_ask(const reply::Verdict& v, const Situation& s, const AnswerRules& rules, const Decision& d) {
    if (!rules.question || !s.mobile || !s.about || v.emergency || v.do_not_contact || d.opt_out || s.opted_out || s.match.late) return false;
    bool counts = d.effect == Effect::first || d.effect == Effect::replaces;
    return counts && reply::grade_of(v, s.scale_of(rules.services)) != Grade::satisfied && !s.about->careful && !s.about->neutral && !s.about->questioned;
}

// He was asked what it was about, and nobody has called him yet.
bool answers_question(const reply::Verdict& v, const Situation& s) {
    return s.about && s.about->questioned && !s.about->followup_begun && s.before && s.about->questioned_at && s.at >= *s.about->questioned_at && !v.emergency && !v.correction && v.label != reply::Label::opt_out;
}

// Answered in letters, because digits are ratings, or in words. Words that praise what he had complained of are read as ever.
std::string answered_topic(const reply::Verdict& v, const Situation& s, const std::optional<Grade>& grade) {
    if (!answers_question(v, s) || (grade && v.method != reply::Method::code && worse(s.before->grade, *grade))) return {};
    return std::string(find_topic(v.normalised).value_or(""));
}

// A digit after that question may mean a place on the list or a rating: a person looks, unless it only says again what stands.
bool is_riddle_after_question(const reply::Verdict& v, const Situation& s, const std::optional<Grade>& grade) {
    if (!answers_question(v, s) || !grade || v.method != reply::Method::code || s.about->followup_begun) return false;
    return v.comment.empty() || *grade != s.before->grade;
}

// Only where he does not rate, has not rated, and is in no danger.
bool is_stranger(const reply::Verdict& v, const Situation& s, const std::optional<Grade>& grade) {
    if (s.before) return false;
    bool may_be = s.mobile && !grade && !v.emergency && (s.match.survey || s.match.how == "several");
    return may_be && (v.label == reply::Label::none || v.label == reply::Label::ambiguous) && find_stranger(v.normalised) != Stranger::none;
}

// Commands were obeyed, and a repetition was kept; what is left and belongs to no survey is for a person. What is dangerous in it is on the
// desk already.
bool is_letter(const reply::Verdict& v, const Situation& s, const Decision& d) {
    if (d.what != "unmatched" || s.match.how == "canary" || s.replay || !d.review.empty() || d.suppress) return false;
    bool command = v.label == reply::Label::opt_out || v.label == reply::Label::help || v.opt_in;
    return (v.emergency || !command) && v.why != "none.blank" && v.why != "none.echo";
}

// Four Hanzi or twelve letters.
bool says_enough(std::string_view text) {
    std::size_t letters = 0;
    for (unsigned char c : text) letters += c >= 0xC0 ? 3 : (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    return letters >= 12;
}

// It answers a question of ours in words that rate nothing: it may be a complaint as nobody has made it yet, or a question about his case. Without
// a survey it would be a letter; with one nobody would read it. Behind a rating it is chatter more often than not, and behind a 3 somebody calls him.
bool opens_nothing(const reply::Verdict& v, const Situation& s, const Decision& d) {
    constexpr std::string_view unknown[] = {"none.chatter", "none.question", "none.number"};
    if (!s.match.survey || s.replay || v.emergency || v.opt_in || v.no_callback || !d.topic.empty() || d.opt_out) return false;
    if (s.before) return false;
    return v.label == reply::Label::none && std::ranges::find(unknown, v.why) != std::end(unknown) && says_enough(v.normalised);
}

}  // namespace

Decision decide(const reply::Verdict& v, const Situation& s, const AnswerRules& rules) {
    Decision d;
    d.alarm = v.emergency;
    bool behind_a_three = s.before && s.before->grade == Grade::dissatisfied;
    d.opt_out = !s.replay && (v.label == reply::Label::opt_out || (v.zero && rules.opt_out_zero && !behind_a_three));
    d.opt_in = !s.replay && v.opt_in;

    auto grade = reply::grade_of(v, s.scale_of(rules.services));
    d.topic = answered_topic(v, s, grade);
    bool riddle = is_riddle_after_question(v, s, grade);
    // What it was about, said in words that are worse than what he had answered, is both.
    bool worse_words = grade && s.before && v.method != reply::Method::code && worse(*grade, s.before->grade);
    if (grade && s.match.survey && (d.topic.empty() || worse_words) && !riddle)
        d.effect = effect_of(*grade, s.at, v.correction, s.match.late, s.about && s.about->followup_begun, s.before, rules.correction_window);
    d.what = class_of(v, s, d);
    d.suppress = is_stranger(v, s, grade);
    if (d.what == "ambiguous" && (d.suppress || !d.topic.empty())) d.what = "none";
    if (d.what == "none" && riddle) d.what = "ambiguous";
    if (v.no_callback && behind_a_three && !grade && d.what == "ambiguous") d.what = "none";

    if (d.effect && *d.effect != Effect::second) {
        // A worse word opens it even where the first answer stands for the score.
        bool dissatisfied = *grade == Grade::dissatisfied;
        bool complains = *grade == Grade::basically_satisfied && v.complaint && rules.basically_with_complaint && *d.effect != Effect::repeated;
        d.followup = dissatisfied || complains;
        d.urgent = dissatisfied;
    }
    // In words it may stand beside the 3 itself; the 0 means it only behind one.
    d.no_callback = v.no_callback && s.match.survey && (v.zero ? behind_a_three : d.followup || s.before);
    // Whatever place on a list he may have meant: who answers worse than before is called, and no queue stands between.
    if (riddle && *grade == Grade::dissatisfied && worse(*grade, s.before->grade)) d.followup = d.urgent = true;

    if (d.suppress) d.review = "data_error";
    else if (riddle && d.what == "ambiguous") d.review = "ambiguous";
    else if (d.effect == Effect::review) d.review = "better_after_worse";
    else if ((d.effect == Effect::first || d.effect == Effect::replaces) && v.method != reply::Method::code) d.review = "words";
    else if ((s.match.how == "several" || s.match.how == "other_text") && (grade || v.label == reply::Label::ambiguous)) d.review = "several_open";
    else if (d.what == "ambiguous" && s.about && (s.about->clarified || s.about->careful || was_asked_otherwise(s, rules))) d.review = "ambiguous";
    else if (opens_nothing(v, s, d)) d.review = "unknown_words";
    d.letter = is_letter(v, s, d);
    d.say = say(v, s, rules, d);
    d.ask = may_ask(v, s, rules, d);
    return d;
}

}  // namespace pingjing::ratings
