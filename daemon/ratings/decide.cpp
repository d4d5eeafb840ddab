#include "daemon/ratings/answers.hpp"

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

// At most the texts of domain.md §5. An emergency answer and the opt-out confirmation come before everything else, and nothing
// comes beside them.
std::optional<Say> say(const reply::Verdict& v, const Situation& s, const AnswerRules& rules, const Decision& d) {
    if (!s.mobile) return std::nullopt;
    if (v.emergency) return v.do_not_contact || s.told.emergency ? std::nullopt : std::optional(Say{Purpose::emergency, "emergency"});
    if (v.do_not_contact) return std::nullopt;
    if (d.opt_out) return s.told.opt_out ? std::nullopt : std::optional(Say{Purpose::opt_out, "opt_out"});
    if (s.about && s.about->careful) return std::nullopt;
    if (v.label == reply::Label::help) return s.told.help || (s.about && s.about->helped) ? std::nullopt : std::optional(Say{Purpose::help, "help"});
    // Who has unsubscribed is told what he asks for, and nothing else.
    if (!s.about || s.match.late || (s.opted_out && !v.opt_in)) return std::nullopt;
    bool counts = d.effect == Effect::first || d.effect == Effect::replaces;
    bool called = d.followup && d.urgent && rules.staffed;
    if (counts && (rules.thanks || called) && !s.about->thanked && !s.about->clarified)
        return Say{Purpose::thanks, called ? "thanks_dissatisfied" : "thanks"};
    if (d.what == "ambiguous" && !s.before && !s.about->clarified) return Say{Purpose::clarify, "unclear"};
    return std::nullopt;
}

}  // namespace

Decision decide(const reply::Verdict& v, const Situation& s, const AnswerRules& rules) {
    Decision d;
    d.alarm = v.emergency;
    bool whole_zero = v.no_callback;
    bool no_callback_wished = whole_zero && s.before && s.before->grade == Grade::dissatisfied;
    d.opt_out = !s.replay && (v.label == reply::Label::opt_out || (whole_zero && rules.opt_out_zero && !no_callback_wished));
    d.opt_in = !s.replay && v.opt_in;

    auto grade = reply::grade_of(v, rules.scale);
    if (grade && s.match.survey)
        d.effect = effect_of(*grade, s.at, v.correction, s.match.late, s.about && s.about->followup_begun, s.before, rules.correction_window);
    d.what = class_of(v, s, d);
    if (no_callback_wished) {
        d.no_callback = true;
        if (d.what == "ambiguous") d.what = "none";
    }

    if (d.effect && *d.effect != Effect::second) {
        // A worse word opens it even where the first answer stands for the score.
        bool dissatisfied = *grade == Grade::dissatisfied;
        bool complains = *grade == Grade::basically_satisfied && v.complaint && rules.basically_with_complaint && *d.effect != Effect::repeated;
        d.followup = dissatisfied || complains;
        d.urgent = dissatisfied;
    }

    if (d.effect == Effect::review) d.review = "better_after_worse";
    else if ((d.effect == Effect::first || d.effect == Effect::replaces) && v.method != reply::Method::code) d.review = "words";
    else if (s.match.how == "several" && (grade || v.label == reply::Label::ambiguous)) d.review = "several_open";
    else if (d.what == "ambiguous" && s.about && (s.about->clarified || s.about->careful)) d.review = "ambiguous";
    d.say = say(v, s, rules, d);
    return d;
}

}  // namespace pingjing::ratings
