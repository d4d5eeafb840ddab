#include "daemon/reply/read.hpp"

#include <algorithm>

#include "daemon/reply/codes.hpp"
#include "daemon/reply/signs.hpp"
#include "daemon/reply/spelling.hpp"
#include "daemon/reply/words.hpp"
#include "daemon/text/normalise.hpp"
#include "daemon/text/unicode.hpp"

namespace pingjing::reply {
namespace {

void settle(Verdict& v, Label label, Method method, double confidence, std::string why) {
    v.label = label;
    v.method = method;
    v.confidence = confidence;
    v.why = std::move(why);
}

void rate(Verdict& v, int rating, Method method, double confidence, std::string why) {
    v.rating = rating;
    settle(v, Label::rating, method, confidence, std::move(why));
}

// What the citizen wrote beside the code: from the original, for a person will read it.
std::string comment_beside(std::string_view written, const text::Normalised& n, const std::string& rest) {
    std::string out;
    for (std::size_t at = 0; at < rest.size();) {
        if (rest[at] == '\0') {
            ++at;
            continue;
        }
        auto end = std::min(rest.find('\0', at), rest.size());
        auto inner = bare(std::string_view(rest).substr(at, end - at));
        if (inner.size() > 0) {
            auto from = n.origin[at + inner.begin], to = n.origin[at + inner.end];
            if (!out.empty()) out += ' ';
            out += written.substr(from, to - from);
        }
        at = end;
    }
    return out;
}

// Code and words contradict each other: a person has to look (rule 3).
bool contradicts(Scale scale, int code, const Mood& mood) {
    const bool best = scale == Scale::three_110 ? code == 1 : code >= 4;
    const bool worst = scale == Scale::three_110 ? code == 3 : code <= 2;
    if (mood.undecided && !mood.good.any && !mood.bad.any) return false;
    // Of five a 4 leaves room for a fault beside the praise: "4 来得慢,其他都好".
    if (scale == Scale::csat_5 && code == 4 && mood.good.any && mood.bad.weight < Weight::verdict) return false;
    if (best) return mood.bad.any && (mood.bad.firm || mood.bad.count > 1);
    if (worst) return mood.good.any && !mood.bad.any && !mood.contrast;
    return (mood.bad.any && mood.bad.strong && !mood.contrast && mood.bad.weight >= Weight::judgement) ||
           (mood.bad.any && mood.bad.weight == Weight::verdict && !mood.good.any) ||
           (mood.good.strong && mood.good.weight == Weight::verdict);
}

// True when the codes decide, for a rating or for a person.
bool read_codes(Verdict& v, Scale scale, std::string_view text, const Codes& codes, const Mood& mood) {
    if (codes.values.size() > 1 || codes.run_together)
        return settle(v, Label::ambiguous, Method::code, 0.9, "code.several"), true;
    if (codes.outside && !codes.correction) return settle(v, Label::ambiguous, Method::code, 0.8, "code.out_of_range"), true;
    if (codes.values.empty()) {
        if (codes.negated) return settle(v, Label::ambiguous, Method::code, 0.8, "code.negated"), true;
        // 0分 and 满分 are words; any other number outside the scale is a riddle.
        const bool worded = mood.bad.weight == Weight::verdict || mood.good.weight == Weight::verdict;
        if (codes.out_of_range && !worded)
            return settle(v, Label::ambiguous, Method::code, 0.8, "code.out_of_range"), true;
        return false;
    }
    if (codes.questioned) return settle(v, Label::ambiguous, Method::code, 0.8, "code.question"), true;
    // 1分 may be the worst of a hundred and is no 1; the words beside it say it outright: "1星差评".
    const bool only_bad = mood.bad.firm && !mood.good.any && !mood.fair.any;
    if (codes.points && scale == Scale::three_110 && only_bad) return false;
    if (codes.points && scale == Scale::three_110)
        return settle(v, Label::ambiguous, Method::code, 0.8, "code.points"), true;
    if (hangs_on_condition(text, codes.spans.back())) return settle(v, Label::ambiguous, Method::code, 0.8, "code.condition"), true;
    if (contradicts(scale, codes.values[0], mood))
        return settle(v, Label::ambiguous, Method::code, 0.9, "code.contradicted"), true;
    rate(v, codes.values[0], Method::code, codes.correction ? 0.95 : 1.0,
         codes.correction ? "code.corrected" : "code.frame");
    return true;
}

int value_of(Scale scale, const Mood& mood) {
    const bool good = mood.good.any, fair = mood.fair.any && !mood.bad.any;
    if (scale == Scale::three_110) return good ? 1 : fair ? 2 : 3;
    if (good) return mood.good.strong ? 5 : 4;
    return fair ? 3 : mood.bad.strong ? 1 : 2;
}

bool read_by_words(Verdict& v, Scale scale, const Mood& mood) {
    const bool good = mood.good.any, bad = mood.bad.any;
    const bool fair = mood.fair.any && !(good && mood.good.weight == Weight::verdict && mood.fair.weight == Weight::weak);
    auto method = mood.emoji_only ? Method::emoji : Method::words;
    const bool said_outright = bad && !good && !mood.riddle && mood.bad.weight == Weight::verdict;
    if (mood.undecided && !said_outright) return settle(v, Label::ambiguous, method, 0.7, "words.undecided"), true;
    if (!good && !fair && !bad && mood.stranger && !mood.question) return settle(v, Label::ambiguous, method, 0.5, "words.of_whom"), true;
    if (!good && !fair && !bad) return false;
    const auto weight = std::max({good ? mood.good.weight : Weight::weak, fair ? mood.fair.weight : Weight::weak,
                                  bad ? mood.bad.weight : Weight::weak});
    if (mood.nothing && !bad && !mood.conceded && weight == Weight::weak) return false;
    if (mood.question && !bad) {
        if (weight <= Weight::detail) return false;
        return settle(v, Label::ambiguous, method, 0.7, "words.question"), true;
    }
    // "赔钱了吗": one thing told in a question is the question.
    if (mood.question && bad && !good && !fair && !mood.told && mood.bad.count <= 1 && weight <= Weight::detail) return false;
    // "基本满意,就是慢", "还行,希望再快点": the second half is why it is no 1.
    const bool outweighs = mood.fair.weight == Weight::verdict && !(bad && mood.bad.weight == Weight::verdict) &&
                           !(good && mood.good.weight == Weight::verdict);
    if (fair && (outweighs || (mood.conceded && !good && bad && !mood.bad.firm)))
        return rate(v, scale == Scale::three_110 ? 2 : 3, method, 0.8, "words.fair_but"), true;
    if ((good && (bad || fair)) || (fair && bad && mood.bad.weight == Weight::weak)) return settle(v, Label::ambiguous, method, 0.7, "words.mixed"), true;
    // "满意,就是天太热": a 但是 without a complaint moves the scale's own word as little as it moves a code.
    if (good && mood.contrast && (mood.good.weight != Weight::verdict || mood.doubtful))
        return settle(v, Label::ambiguous, method, 0.7, "words.contrast"), true;
    if (mood.doubtful) return settle(v, Label::ambiguous, method, 0.6, "words.doubtful"), true;
    const double confidence = weight == Weight::verdict     ? 0.95
                              : weight == Weight::judgement ? 0.9
                              : weight == Weight::detail    ? 0.8
                                                            : 0.7;
    const char* why = mood.emoji_only ? "emoji"
                      : mood.negated  ? "words.negated"
                      : good          ? "words.praise"
                      : fair && !bad  ? "words.fair"
                                      : "words.complaint";
    rate(v, value_of(scale, mood), method, confidence, why);
    return true;
}

// "赞 谢谢", "滚,谢谢": one word that says something only alone, and thanks.
bool read_beside_thanks(Verdict& v, Scale scale, const std::string& rest) {
    const auto polite = find_polite(rest);
    return !polite.empty() && read_by_words(v, scale, read_mood(blank(rest, polite)));
}

// Letters we have no words for are not chatter: a person may be able to read them.
bool readable(std::string_view text) {
    std::size_t known = 0, unknown = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto c = text::character_at(text, at);
        at += c.bytes;
        if (text::is_word(c.code)) ++((text::is_han(c.code) || c.code < 0x80) ? known : unknown);
        if (c.code == U'\uFFFD') ++unknown;
    }
    return known >= unknown;
}

// A character that did not survive its way, right before a word or a digit: it may have been the 不 of 不满意. A question mark is
// one of those only before everything else.
bool is_damaged(std::string_view text) {
    bool any_word = false, lost = false;
    for (std::size_t at = 0; at < text.size();) {
        auto c = text::character_at(text, at);
        at += c.bytes;
        if (text::is_word(c.code)) {
            if (lost) return true;
            any_word = true;
        }
        lost = c.code == U'\uFFFD' || c.code == U'□' || (c.code == U'?' && !any_word);
    }
    return false;
}

void read_remainder(Verdict& v, std::string_view text, const Codes& codes, const Mood& mood, bool echo, std::string_view said) {
    if (echo) return settle(v, Label::none, Method::none, 0.9, "none.echo");
    auto inner = bare(text);
    const bool polite = !find_polite(said).empty();
    if (polite && inner.size() == 0) return settle(v, Label::none, Method::none, 0.8, "none.polite");
    if (inner.size() == 0) return settle(v, Label::none, Method::none, 0.8, "none.blank");
    if (mood.question) return settle(v, Label::none, Method::none, 0.8, "none.question");
    if (!readable(text)) return settle(v, Label::ambiguous, Method::none, 0.5, "ambiguous.unread");
    if (codes.other_numbers) return settle(v, Label::none, Method::none, 0.8, "none.number");
    if (inner.size() == 1) return settle(v, Label::ambiguous, Method::none, 0.5, "ambiguous.letter");
    if (mood.unclear) return settle(v, Label::ambiguous, Method::none, 0.5, "ambiguous.unknown_words");
    if (is_small_talk(said)) return settle(v, Label::none, Method::none, 0.8, "none.small_talk");
    settle(v, Label::none, Method::none, 0.6, "none.chatter");
}

// "不要1": the whole text is a code that is not meant, and 不要 asks for no end of texts.
bool is_negated_code(Scale scale, std::string_view text) {
    const auto codes = find_codes(scale, text, {});
    const auto inner = bare(text);
    return codes.negated && codes.values.empty() && codes.spans.size() == 1 && codes.spans[0].begin <= inner.begin && codes.spans[0].end >= inner.end;
}

}  // namespace

std::string_view method_name(Method m) {
    constexpr std::string_view names[] = {"code", "words", "emoji", "none"};
    return names[static_cast<int>(m)];
}

std::string label_text(const Verdict& verdict, Scale scale) {
    switch (verdict.label) {
        case Label::opt_out: return "opt_out";
        case Label::help: return "help";
        case Label::none: return "none";
        case Label::ambiguous: return "ambiguous";
        case Label::rating: break;
    }
    if (scale == Scale::csat_5) return std::to_string(verdict.rating.value_or(0));
    return std::string(grade_name(grade_of(verdict, scale).value_or(Grade::dissatisfied)));
}

std::optional<Grade> grade_of(const Verdict& verdict, Scale scale) {
    if (!verdict.rating) return std::nullopt;
    if (scale == Scale::csat_5) return grade_of_csat(*verdict.rating);
    return static_cast<Grade>(*verdict.rating - 1);
}

Verdict read(Scale scale, std::string_view written) {
    Verdict v;
    auto normal = spell(without_signature(text::normalise(written)));
    v.normalised = normal.text;
    auto echo = without_echo(normal.text);
    const auto said = without_courtesy(echo.text);

    auto signs = find_signs(said);
    if (signs.opt_out && is_negated_code(scale, said)) signs.opt_out = false, signs.opt_out_phrases.clear();
    v.emergency = signs.emergency;
    v.do_not_contact = signs.do_not_contact;
    v.opt_in = signs.opt_in;

    auto text = blank(said, signs.opt_out_phrases);
    auto codes = find_codes(scale, text, find_neighbours(text));
    auto rest = blank(text, codes.spans, '\0');  // no clause runs across a code
    auto mood = read_mood(rest);
    v.correction = codes.correction;
    v.zero = codes.zero;
    v.no_callback = codes.zero || signs.no_callback;
    v.complaint = mood.bad.any;
    if (!codes.values.empty()) v.comment = comment_beside(written, normal, blank(blank(echo.text, signs.opt_out_phrases), codes.spans, '\0'));

    constexpr std::size_t an_excuse = 5;  // "在开车,1"
    const bool closes_with_code = !codes.spans.empty() && codes.spans.back().end >= bare(text).end && word_count(rest) <= an_excuse;
    const bool answers_by_code = closes_with_code || (!codes.spans.empty() && codes.spans[0].begin <= bare(text).begin);
    const bool quotes_phone = signs.away && mood.bad.firm;
    if (signs.elsewhere && !quotes_phone && !answers_by_code) {
        settle(v, Label::none, Method::none, 0.9, "none.elsewhere");
    } else if (signs.help && !signs.opt_out) {
        settle(v, Label::help, Method::none, 0.9, "help");
    } else if (!read_codes(v, scale, text, codes, mood) && !(signs.emergency && !mood.bad.firm && !mood.good.firm) &&
               !read_by_words(v, scale, mood) && !read_beside_thanks(v, scale, rest)) {
        read_remainder(v, blank(rest, find_polite(rest)), codes, mood, echo.found, rest);
    } else if (v.why.empty()) {
        settle(v, Label::none, Method::none, 0.9, "none.emergency");
    }
    if (v.label == Label::rating && grade_of(v, scale) != Grade::dissatisfied && is_damaged(echo.text)) {
        v.rating.reset();
        settle(v, Label::ambiguous, v.method, 0.5, "ambiguous.damaged");
    }
    if (signs.opt_out) {
        const bool both = v.label == Label::rating;
        settle(v, Label::opt_out, both ? v.method : Method::none, 0.95, both ? "opt_out.with_rating" : "opt_out");
    }
    return v;
}

}  // namespace pingjing::reply
