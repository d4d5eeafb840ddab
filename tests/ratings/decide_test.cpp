#include <doctest/doctest.h>

#include "daemon/ratings/answers.hpp"

using namespace pingjing;
using namespace pingjing::ratings;
using reply::Label;
using reply::Method;

namespace {

const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

reply::Verdict rated(int code, Method method = Method::code) {
    reply::Verdict v;
    v.label = Label::rating, v.rating = code, v.method = method;
    return v;
}
reply::Verdict said(Label label) {
    reply::Verdict v;
    v.label = label;
    return v;
}
template <class Change>
reply::Verdict but(reply::Verdict v, Change change) {
    change(v);
    return v;
}

// An open survey of a plain case.
Situation asked() {
    Situation s;
    s.match.survey = store::SentSurvey{1, 1, 0, true, noon - 1h, noon + 71h};
    s.match.how = "slot";
    s.about.emplace();
    s.at = noon;
    return s;
}
template <class Change>
Situation asked(Change change) {
    auto s = asked();
    change(s);
    return s;
}
Situation unmatched(const char* how = "none") {
    Situation s;
    s.match.how = how, s.at = noon;
    return s;
}

std::string effect_text(const Decision& d) { return d.effect ? std::string(effect_name(*d.effect)) : "-"; }
std::string say_text(const Decision& d) { return d.say ? d.say->text_name : "-"; }

}  // namespace

TEST_CASE("which of several answers stands") {
    struct Row { Grade now; Millis after; bool correction, late, followup; std::optional<Grade> before; Effect expected; };
    const auto s = Grade::satisfied, b = Grade::basically_satisfied, d = Grade::dissatisfied;
    const Row rows[] = {
        {s, 0min, false, false, false, {}, Effect::first},
        {s, 0min, false, true, false, {}, Effect::late},
        {s, 0min, false, false, true, {}, Effect::first},  // a second answer needs a first one
        {d, 5min, false, false, false, s, Effect::replaces},
        {b, 30min, false, false, false, s, Effect::replaces},
        {d, 31min, false, false, false, s, Effect::repeated},
        {s, 5min, false, false, false, d, Effect::review},
        {s, 5min, true, false, false, d, Effect::replaces},
        {s, 31min, true, false, false, d, Effect::repeated},
        {d, 5min, false, false, false, d, Effect::repeated},
        {d, 5min, false, true, false, s, Effect::late},
        {s, 5min, true, false, true, d, Effect::second},
        {d, -5min, false, false, false, s, Effect::replaces},
    };
    for (const auto& row : rows) {
        std::optional<Before> before;
        if (row.before) before = Before{*row.before, noon};
        CHECK(effect_of(row.now, noon + row.after, row.correction, row.late, row.followup, before, 30min) == row.expected);
    }
}

namespace {

reply::Verdict unknown(const char* why, const char* text) {
    return but(said(Label::none), [&](reply::Verdict& v) { v.why = why, v.normalised = text; });
}

}  // namespace

TEST_CASE("every class of the books, every effect, and what is said to it") {
    struct Row { const char* what; reply::Verdict verdict; Situation situation; const char* cls; const char* effect; const char* say; const char* review; };
    auto emergency = [](reply::Verdict& v) { v.emergency = true; };
    auto thrice = Before{Grade::dissatisfied, noon - 5min};
    auto once = Before{Grade::satisfied, noon - 5min};
    const Row rows[] = {
        {"a first 1", rated(1), asked(), "rated", "first", "thanks", ""},
        {"a first 2", rated(2), asked(), "rated", "first", "thanks", ""},
        {"a first 3", rated(3), asked(), "rated", "first", "thanks_dissatisfied", ""},
        {"in words", rated(1, Method::words), asked(), "rated", "first", "thanks", "words"},
        {"as a picture", rated(1, Method::emoji), asked(), "rated", "first", "thanks", "words"},
        {"thanked already", rated(3), asked([&](Situation& s) { s.about->thanked = true, s.before = once; }), "rated", "replaces", "-", ""},
        {"clarified before", rated(1), asked([](Situation& s) { s.about->clarified = true; }), "rated", "first", "-", ""},
        {"again", rated(1), asked([&](Situation& s) { s.before = once; }), "repeated", "repeated", "-", ""},
        {"better within minutes", rated(1), asked([&](Situation& s) { s.before = thrice; }), "repeated", "review", "-", "better_after_worse"},
        {"after somebody called", rated(1), asked([&](Situation& s) { s.before = thrice, s.about->followup_begun = true; }), "repeated", "second", "-", ""},
        {"late", rated(1), asked([](Situation& s) { s.match.late = true; }), "late", "late", "-", ""},
        {"late chatter", said(Label::none), asked([](Situation& s) { s.match.late = true; }), "late", "-", "-", ""},
        {"unreadable", said(Label::ambiguous), asked(), "ambiguous", "-", "unclear", ""},
        {"unreadable again", said(Label::ambiguous), asked([](Situation& s) { s.about->clarified = true; }), "ambiguous", "-", "-", "ambiguous"},
        {"unreadable after a rating", said(Label::ambiguous), asked([&](Situation& s) { s.before = once; }), "ambiguous", "-", "-", ""},
        {"chatter", said(Label::none), asked(), "none", "-", "-", ""},
        {"a complaint in unknown words", unknown("none.chatter", "警察和对方是亲戚"), asked(), "none", "-", "-", "unknown_words"},
        {"the same, late", unknown("none.chatter", "警察和对方是亲戚"), asked([](Situation& s) { s.match.late = true; }), "late", "-", "-", "unknown_words"},
        {"the same after a 1", unknown("none.chatter", "警察和对方是亲戚"), asked([&](Situation& s) { s.before = once; }), "none", "-", "-", ""},
        {"the same after a 3", unknown("none.chatter", "警察和对方是亲戚"), asked([&](Situation& s) { s.before = thrice; }), "none", "-", "-", ""},
        {"a question", unknown("none.question", "案子怎么样了"), asked(), "none", "-", "-", "unknown_words"},
        {"a word", unknown("none.chatter", "没空"), asked(), "none", "-", "-", ""},
        {"thanks", unknown("none.polite", "谢谢你们了"), asked(), "none", "-", "-", ""},
        {"a wish", unknown("none.small_talk", "祝工作顺利"), asked(), "none", "-", "-", ""},
        {"an advert", unknown("none.elsewhere", "【某店】双十一大促"), asked(), "none", "-", "-", ""},
        {"unknown words that nobody asked for", unknown("none.chatter", "警察和对方是亲戚"), unmatched(), "unmatched", "-", "-", ""},
        {"help", said(Label::help), asked(), "help", "-", "help", ""},
        {"help again", said(Label::help), asked([](Situation& s) { s.about->helped = true; }), "help", "-", "-", ""},
        {"help without a survey", said(Label::help), unmatched(), "unmatched", "-", "help", ""},
        {"the same without a survey", said(Label::help), asked([](Situation& s) { s.told.help = true; }), "help", "-", "-", ""},
        {"opt-out", said(Label::opt_out), asked(), "opt_out", "-", "opt_out", ""},
        {"opt-out with a rating", but(said(Label::opt_out), [](reply::Verdict& v) { v.rating = 1, v.method = Method::code; }), asked(), "opt_out", "first", "opt_out", ""},
        {"opt-out confirmed today", said(Label::opt_out), asked([](Situation& s) { s.told.opt_out = true; }), "opt_out", "-", "-", ""},
        {"opt-out without a survey", said(Label::opt_out), unmatched(), "unmatched", "-", "opt_out", ""},
        {"late opt-out", said(Label::opt_out), asked([](Situation& s) { s.match.late = true; }), "opt_out", "-", "opt_out", ""},
        {"rated after an opt-out", rated(3), asked([](Situation& s) { s.opted_out = true; }), "rated", "first", "-", ""},
        {"unreadable after an opt-out", said(Label::ambiguous), asked([](Situation& s) { s.opted_out = true; }), "ambiguous", "-", "-", ""},
        {"emergency", but(said(Label::none), emergency), asked(), "none", "-", "emergency", ""},
        {"emergency and a rating", but(rated(3), emergency), asked(), "rated", "first", "emergency", ""},
        {"emergency after an opt-out", but(said(Label::none), emergency), asked([](Situation& s) { s.opted_out = true; }), "none", "-", "emergency", ""},
        {"emergency of a safety case", but(said(Label::none), emergency), asked([](Situation& s) { s.about->careful = true; }), "none", "-", "emergency", ""},
        {"emergency answered today", but(said(Label::none), emergency), asked([](Situation& s) { s.told.emergency = true; }), "none", "-", "-", ""},
        {"emergency that must not be answered", but(said(Label::none), [](reply::Verdict& v) { v.emergency = v.do_not_contact = true; }), unmatched(), "unmatched", "-", "-", ""},
        {"do not call", but(rated(1), [](reply::Verdict& v) { v.do_not_contact = true; }), asked(), "rated", "first", "-", ""},
        {"from a short code", said(Label::help), [] { auto s = unmatched("no_mobile"); s.mobile = false; return s; }(), "unmatched", "-", "-", ""},
        {"a safety case", rated(3), asked([](Situation& s) { s.about->careful = true; }), "rated", "first", "-", ""},
        {"a safety case, unreadable", said(Label::ambiguous), asked([](Situation& s) { s.about->careful = true; }), "ambiguous", "-", "-", "ambiguous"},
        {"several open", rated(1), unmatched("several"), "unmatched", "-", "-", "several_open"},
        {"several open, chatter", said(Label::none), unmatched("several"), "unmatched", "-", "-", ""},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        auto d = decide(row.verdict, row.situation, {});
        CHECK(d.what == row.cls);
        CHECK(effect_text(d) == row.effect);
        CHECK(say_text(d) == row.say);
        CHECK(d.review == row.review);
        CHECK(d.alarm == row.verdict.emergency);
        // A class means that its number is in the books: a rating stands exactly where it says `rated` or was given along.
        if (d.what == "rated") CHECK((d.effect == Effect::first || d.effect == Effect::replaces));
        if (d.what == "unmatched") CHECK_FALSE(d.effect);
    }
}

TEST_CASE("who is called back, and how soon") {
    auto complaint = but(rated(2), [](reply::Verdict& v) { v.complaint = true; });
    struct Row { const char* what; reply::Verdict verdict; Situation situation; AnswerRules rules; bool followup, urgent; const char* say; };
    AnswerRules plain, unstaffed, mild, terse;
    terse.thanks = false, unstaffed.staffed = false, mild.basically_with_complaint = false;
    const Row rows[] = {
        {"a 1", rated(1), asked(), plain, false, false, "thanks"},
        {"a 2", rated(2), asked(), plain, false, false, "thanks"},
        {"a 2 that complains", complaint, asked(), plain, true, false, "thanks"},
        {"where that is not wanted", complaint, asked(), mild, false, false, "thanks"},
        {"a 3", rated(3), asked(), plain, true, true, "thanks_dissatisfied"},
        {"a 3 and nobody to call", rated(3), asked(), unstaffed, true, true, "thanks"},
        {"a 1 where thanks are saved", rated(1), asked(), terse, false, false, "-"},
        {"a 3 where thanks are saved", rated(3), asked(), terse, true, true, "thanks_dissatisfied"},
        {"a 3 hours after a 1", rated(3), asked([](Situation& s) { s.before = Before{Grade::satisfied, noon - 5h}; }), plain, true, true, "-"},
        {"a late 3", rated(3), asked([](Situation& s) { s.match.late = true; }), plain, true, true, "-"},
        {"a 3 after the call", rated(3), asked([](Situation& s) { s.about->followup_begun = true, s.before = Before{Grade::dissatisfied, noon - 5h}; }), plain, false, false, "-"},
        {"a 3 that belongs to nothing", rated(3), unmatched(), plain, false, false, "-"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        auto d = decide(row.verdict, row.situation, row.rules);
        CHECK(d.followup == row.followup);
        CHECK(d.urgent == row.urgent);
        CHECK(say_text(d) == row.say);
    }
}

TEST_CASE("a bare 0 is what the text before it offered: no call-back, an opt-out, or nothing that can be read") {
    auto zero = but(said(Label::ambiguous), [](reply::Verdict& v) { v.zero = v.no_callback = true; });
    auto after_3 = asked([](Situation& s) { s.before = Before{Grade::dissatisfied, noon - 5min}; });
    AnswerRules plain, offered;
    offered.opt_out_zero = true;
    auto d = decide(zero, asked(), plain);
    CHECK((d.what == "ambiguous" && !d.opt_out && !d.no_callback && say_text(d) == "unclear"));
    d = decide(zero, after_3, plain);
    CHECK((d.what == "none" && !d.opt_out && d.no_callback && !d.say));
    d = decide(zero, after_3, offered);
    CHECK((d.what == "none" && !d.opt_out && d.no_callback));
    d = decide(zero, asked(), offered);
    CHECK((d.what == "opt_out" && d.opt_out && say_text(d) == "opt_out"));
}

TEST_CASE("that no call is wished may be said in words, beside the 3 or behind it, and nobody is then told that he will be called") {
    auto with_3 = but(rated(3), [](reply::Verdict& v) { v.no_callback = true; });
    auto words = but(said(Label::none), [](reply::Verdict& v) { v.no_callback = true; });
    auto after_3 = asked([](Situation& s) { s.before = Before{Grade::dissatisfied, noon - 5min}; });
    auto d = decide(with_3, asked(), {});
    CHECK((d.what == "rated" && d.followup && d.no_callback && say_text(d) == "thanks"));
    d = decide(words, after_3, {});
    CHECK((d.what == "none" && d.no_callback && !d.say));
    CHECK_FALSE(decide(words, asked(), {}).no_callback);
    CHECK_FALSE(decide(words, unmatched(), {}).no_callback);
    CHECK_FALSE(decide(rated(3), asked(), {}).no_callback);
}

TEST_CASE("opt-out and opt-in of a text that came before, word for word and without a time, are not done again") {
    auto in = but(said(Label::none), [](reply::Verdict& v) { v.opt_in = true; });
    auto replayed = asked([](Situation& s) { s.replay = true; });
    CHECK(decide(said(Label::opt_out), asked(), {}).opt_out);
    CHECK(decide(in, asked(), {}).opt_in);
    CHECK_FALSE(decide(said(Label::opt_out), replayed, {}).opt_out);
    CHECK_FALSE(decide(in, replayed, {}).opt_in);
    CHECK_FALSE(decide(said(Label::opt_out), replayed, {}).say);
}
