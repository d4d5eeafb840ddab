#include "daemon/reply/words.hpp"

#include <algorithm>

#include "daemon/reply/signs.hpp"
#include "daemon/text/unicode.hpp"

namespace pingjing::reply {
namespace {

enum class Pole { good, fair, bad, undecided, nothing };

struct Section {
    const char* file;
    const char* name;
    Pole pole;
    Weight weight;
    bool emoji = false, needs_service = false, strong = false;
    bool hedge = false;     // denies the 很 and not the word: 谈不上很满意
    bool anything = false;  // fits the weather as well as us
};
// Of two phrases as long as each other the one of the section that stands first is taken.
constexpr Section sections[] = {
    {.file = "praise.txt", .name = "good.verdict", .pole = Pole::good, .weight = Weight::verdict},
    {.file = "praise.txt", .name = "good.strong", .pole = Pole::good, .weight = Weight::verdict, .strong = true},
    {.file = "praise.txt", .name = "good", .pole = Pole::good, .weight = Weight::judgement},
    {.file = "praise.txt", .name = "good.best", .pole = Pole::good, .weight = Weight::judgement, .strong = true},
    {.file = "praise.txt", .name = "good.weak", .pole = Pole::good, .weight = Weight::weak, .anything = true},
    {.file = "praise.txt", .name = "good.of_service", .pole = Pole::good, .weight = Weight::detail, .needs_service = true},
    {.file = "words.txt", .name = "fair.verdict", .pole = Pole::fair, .weight = Weight::verdict},
    {.file = "words.txt", .name = "fair.weak", .pole = Pole::fair, .weight = Weight::weak},
    {.file = "complaint.txt", .name = "bad.hedge", .pole = Pole::bad, .weight = Weight::verdict, .hedge = true},
    {.file = "complaint.txt", .name = "bad.verdict", .pole = Pole::bad, .weight = Weight::verdict},
    {.file = "complaint.txt", .name = "bad.strong", .pole = Pole::bad, .weight = Weight::verdict, .strong = true},
    {.file = "complaint.txt", .name = "bad", .pole = Pole::bad, .weight = Weight::judgement},
    {.file = "complaint.txt", .name = "bad.adjective", .pole = Pole::bad, .weight = Weight::judgement, .anything = true},
    {.file = "complaint.txt", .name = "bad.worst", .pole = Pole::bad, .weight = Weight::judgement, .strong = true, .anything = true},
    {.file = "words.txt", .name = "nothing", .pole = Pole::nothing, .weight = Weight::verdict},
    {.file = "complaint.txt", .name = "bad.detail", .pole = Pole::bad, .weight = Weight::detail},
    {.file = "complaint.txt", .name = "bad.weak", .pole = Pole::bad, .weight = Weight::weak, .anything = true},
    {.file = "words.txt", .name = "undecided.soft", .pole = Pole::undecided, .weight = Weight::weak},
    {.file = "words.txt", .name = "undecided", .pole = Pole::undecided, .weight = Weight::verdict},
    {.file = "words.txt", .name = "emoji.good", .pole = Pole::good, .weight = Weight::judgement, .emoji = true},
    {.file = "words.txt", .name = "emoji.fair", .pole = Pole::fair, .weight = Weight::judgement, .emoji = true},
    {.file = "words.txt", .name = "emoji.bad", .pole = Pole::bad, .weight = Weight::judgement, .emoji = true},
};

struct Tables {
    Phrases words;  // of all sections, in one table so that each place of a text is looked up once
    std::vector<const Section*> section_of;
    Phrases negation = phrases("words.txt", "negation"), adverb = phrases("words.txt", "adverb"),
            strong = phrases("words.txt", "adverb.strong"), service = phrases("words.txt", "service"), service_any = phrases("words.txt", "service.any"),
            filler = phrases("words.txt", "filler"), contrast = phrases("words.txt", "contrast"),
            question = phrases("words.txt", "question"), elsewhere = phrases("words.txt", "elsewhere"), irony = phrases("words.txt", "irony"),
            negation_after = phrases("words.txt", "negation.after"), doubt = phrases("words.txt", "doubt"),
            doubt_not = phrases("words.txt", "doubt.not"), others = phrases("words.txt", "others"), ours = phrases("words.txt", "ours"),
            deed = phrases("classes.txt", "class.deed"), particle = phrases("classes.txt", "class.particle"), unclear = phrases("words.txt", "unclear"), plan = phrases("words.txt", "plan");
    Tables() {
        for (const auto& section : sections)
            for (auto line : lines(section.file, section.name))
                for (auto word : split(line)) {
                    words.add(word);
                    section_of.push_back(&section);
                }
        words.finish();
    }
};
const Tables& tables() {
    static const Tables all;
    return all;
}

struct Hit {
    Span span;
    const Section* section;
};

// Longest first and none inside another: 满意 is not seen in 不满意, nor 不满意 in 没有不满意.
std::vector<Hit> find_hits(std::string_view text) {
    const auto& t = tables();
    std::vector<Hit> all, kept;
    for (std::size_t at = 0; at < text.size(); at += text::character_at(text, at).bytes)
        t.words.any_at(text, at, [&](const Phrase& word) {
            if (auto end = word.match_at(text, at); end && *end > at) all.push_back({{at, *end}, t.section_of[t.words.place_of(word)]});
            return false;
        });
    // Of two as long as each other the section that stands first in the list above.
    std::stable_sort(all.begin(), all.end(), [](const Hit& a, const Hit& b) { return std::pair(b.span.size(), a.section) < std::pair(a.span.size(), b.section); });
    std::vector<bool> taken(text.size());
    auto at = [&](std::size_t i) { return taken.begin() + static_cast<std::ptrdiff_t>(i); };
    for (const auto& hit : all) {
        if (std::find(at(hit.span.begin), at(hit.span.end), true) != at(hit.span.end)) continue;
        std::fill(at(hit.span.begin), at(hit.span.end), true);
        kept.push_back(hit);
    }
    std::sort(kept.begin(), kept.end(), [](const Hit& a, const Hit& b) { return a.span.begin < b.span.begin; });
    return kept;
}

struct Scope {
    bool negated = false, strong = false;
};
// Walks left from a word over its adverbs, as far as the clause goes: 谈不上|非常|满意.
Scope read_scope(std::string_view text, std::size_t begin) {
    Scope scope;
    for (int steps = 0; steps < 6 && begin > 0; ++steps) {
        while (begin > 0 && text[begin - 1] == ' ') --begin;
        // The longest wins: 特别 is an adverb although 别 denies.
        const auto no = ends_with(tables().negation, text, begin).value_or(begin),
                   very = ends_with(tables().strong, text, begin).value_or(begin),
                   some = ends_with(tables().adverb, text, begin).value_or(begin);
        const auto longest = std::min({no, very, some});
        if (longest == begin) break;
        if (no == longest) {
            scope.negated = true;
            return scope;
        }
        scope.strong = scope.strong || very == longest;
        begin = longest;
    }
    return scope;
}

void note(Mood::Side& side, Weight weight, bool strong, bool in_contrast) {
    side.any = true;
    side.count += !in_contrast;
    side.strong = side.strong || strong;
    side.weight = std::max(side.weight, weight);
    side.firm = side.firm || weight == Weight::verdict || (weight >= Weight::judgement && !in_contrast);
}

// How much remains when the judging, the polite and the empty words are taken out: a text about something else has much.
// A Han character counts one, a word of letters two.
std::size_t other_words(std::string_view text, const std::vector<Hit>& hits) {
    std::vector<Span> known;
    for (const auto& hit : hits) known.push_back(hit.span);
    auto rest = blank(std::string(text), known);
    rest = blank(std::move(rest), find_polite(rest));
    for (const auto* table : {&tables().strong, &tables().filler, &tables().adverb, &tables().negation})
        rest = blank(std::move(rest), find_all(*table, rest));
    std::size_t count = 0;
    bool letters = false;
    for (std::size_t at = 0; at < rest.size();) {
        auto c = text::character_at(rest, at);
        at += c.bytes;
        const bool word = text::is_word(c.code), han = text::is_han(c.code);
        if (word && han) ++count;
        if (word && !han && !letters) count += 2;
        letters = word && !han;
    }
    return count;
}

}  // namespace

std::vector<Span> find_neighbours(std::string_view text) {
    auto out = find_polite(text);
    for (const auto& hit : find_hits(text))
        if (hit.section->pole != Pole::nothing) out.push_back(hit.span);
    for (auto span : find_all(tables().service, text)) out.push_back(span);
    for (auto span : find_all(tables().service_any, text)) out.push_back(span);
    return out;
}

namespace {

// What a text is about decides which of its words are heard: "太差了" may be the weather.
struct Subject {
    bool police = false;    // names the police
    bool service = false;   // or what others do as well
    bool of_others = false;  // begins with somebody else: what he does wrong is not ours
    bool elsewhere = false;  // names something else and not the police
    std::size_t others = 0;
};

Subject find_subject(std::string_view text, const std::vector<Hit>& hits) {
    std::string without(text);
    for (const auto& hit : hits)
        if (hit.section->pole == Pole::nothing) without = blank(std::move(without), {hit.span});
    Subject subject;
    subject.police = subject.service = contains(tables().service, without);
    subject.elsewhere = !subject.service && contains(tables().elsewhere, text);
    subject.service = subject.service || (!subject.elsewhere && contains(tables().service_any, without));
    subject.others = other_words(text, hits);
    if (!subject.police && starts_with(tables().others, text, bare(text).begin) && !contains(tables().ours, text)) {
        subject.of_others = true;
    }
    return subject;
}

// "路况|很差": a judgement of something that we have no name for, and which is not us.
bool of_a_stranger(std::string_view text, std::size_t begin, const std::vector<Hit>& hits) {
    const auto& t = tables();
    for (int steps = 0; steps < 8; ++steps) {
        while (begin > 0 && text[begin - 1] == ' ') --begin;
        if (begin == 0 || !text::is_han(text::character_before(text, begin).code)) return false;
        if (std::any_of(hits.begin(), hits.end(), [&](const Hit& h) { return h.span.end == begin; })) return false;
        if (ends_with(t.service, text, begin) || ends_with(t.service_any, text, begin) || ends_with(t.contrast, text, begin)) return false;
        std::size_t next = begin;
        for (const auto* table : {&t.strong, &t.adverb, &t.negation, &t.filler})
            if (auto word = ends_with(*table, text, begin)) next = std::min(next, *word);
        if (next == begin) return true;
        begin = next;
    }
    return false;
}

// "耐心|等待", "专业|代驾": a quality before a word that we do not know, and nothing else, names something.
bool is_attribute(std::string_view text, Span word, const std::vector<Hit>& hits, std::size_t others) {
    constexpr std::size_t a_noun = 2, two_characters = 6;
    const auto& t = tables();
    if (word.size() != two_characters || others == 0 || others > a_noun || word.end >= text.size() || !text::is_han(text::character_at(text, word.end).code)) return false;
    if (word.begin > 0 && text::is_han(text::character_before(text, word.begin).code)) return false;
    if (std::any_of(hits.begin(), hits.end(), [&](const Hit& h) { return h.span.begin == word.end; })) return false;
    for (const auto* table : {&t.deed, &t.particle, &t.service, &t.service_any, &t.filler, &t.adverb, &t.strong, &t.negation, &t.contrast})
        if (starts_with(*table, text, word.end)) return false;
    return true;
}

std::string_view clause_after(std::string_view text, std::size_t at) {
    return text.substr(at, std::min(text.find_first_of(",.!?;", at), text.size()) - at);
}

// 满족하지 않습니다, ياخشى ئەمەس; Chinese denies before the word.
bool denied_after(std::string_view text, Span word) {
    if (text::is_han(text::character_at(text, word.begin).code)) return false;
    return contains(tables().negation_after, clause_after(text, word.end));
}

// What remains beside the words that were read says 不, 哪, 怎… in a way that no rule knows. In the clause of the praise;
// a short text is one thought, whatever its commas.
bool is_doubtful(std::string_view text, const std::vector<Hit>& hits, std::size_t others) {
    constexpr std::size_t one_thought = 6;
    const auto& t = tables();
    auto rest = blank(std::string(text), find_all(t.doubt_not, text));
    for (const auto& hit : hits)
        if (hit.section->pole != Pole::nothing || text.substr(hit.span.begin, hit.span.size()).find("不是") == text.npos) rest = blank(std::move(rest), {hit.span});
    rest = blank(std::move(rest), find_polite(rest));
    const auto doubts = find_all(t.doubt, rest);
    if (doubts.empty() || others <= one_thought) return !doubts.empty();
    auto clause = [&](std::size_t at) { return std::count_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), [](char c) { return std::string_view(",.!?;").find(c) != std::string_view::npos; }); };
    return std::any_of(doubts.begin(), doubts.end(), [&](Span doubt) {
        return std::any_of(hits.begin(), hits.end(), [&](const Hit& h) { return h.section->pole == Pole::good && clause(h.span.begin) == clause(doubt.begin); });
    });
}

bool is_heard(const Section& section, const Subject& subject, bool several, bool han) {
    constexpr std::size_t beside_a_weak_word = 2, beside_thanks = 5, beside_a_riddle = 6;
    const std::size_t beside_a_judgement = han ? 7 : 4;  // words of letters count two each
    if (section.weight != Weight::verdict && (subject.elsewhere || (subject.of_others && section.pole == Pole::bad))) return false;
    if (section.needs_service) return subject.service || several || subject.others <= beside_thanks;
    if (section.pole == Pole::undecided && section.weight == Weight::verdict) return subject.service || subject.others <= beside_a_riddle;
    switch (section.weight) {
        case Weight::weak: return subject.service || subject.others <= beside_a_weak_word;
        case Weight::detail: return subject.service || several || subject.others <= beside_a_judgement;
        case Weight::judgement: return subject.service || subject.others <= beside_a_judgement;
        case Weight::verdict: break;
    }
    return true;
}

}  // namespace

Mood read_mood(std::string_view text) {
    const auto& t = tables();
    Mood mood;
    const auto hits = find_hits(text);
    const auto subject = find_subject(text, hits);
    mood.service = subject.service;
    std::string unread(text);
    for (const auto& hit : hits)
        if (hit.section->pole == Pole::good || hit.section->pole == Pole::bad) unread = blank(std::move(unread), {hit.span});
    mood.question = text.find('?') != text.npos || contains(t.question, unread);
    // Two things told of the same kind are a story about us, though it never names us.
    auto told = [&](Pole pole) { return std::count_if(hits.begin(), hits.end(), [&](const Hit& h) { return h.section->pole == pole && h.section->weight == Weight::detail; }) > 1; };
    const bool thanks_told = told(Pole::good), wrongs_told = told(Pole::bad);

    const auto contrasts = find_all(t.contrast, text), polite = find_polite(text);
    auto inside = [](Span inner, const std::vector<Span>& outer) {
        return std::any_of(outer.begin(), outer.end(), [&](Span o) { return o.begin <= inner.begin && inner.end <= o.end; });
    };
    auto after_contrast = [&](std::size_t at) {
        return std::any_of(contrasts.begin(), contrasts.end(), [&](Span c) { return c.end <= at; });
    };
    bool emoji = false, words = false, hedged = false, bad_otherwise = false, soft = false;
    for (const auto& [span, section] : hits) {
        if (section->pole == Pole::nothing && !inside(span, polite)) mood.nothing = true;
        if (section->anything && !subject.police && of_a_stranger(text, span.begin, hits)) {
            mood.stranger = mood.stranger || section->pole == Pole::bad;
            continue;
        }
        if (section->pole == Pole::nothing || !is_heard(*section, subject, section->pole == Pole::good ? thanks_told : wrongs_told, text::is_han(text::character_at(text, span.begin).code))) continue;
        if (section->pole == Pole::good && section->weight != Weight::detail && !subject.police && is_attribute(text, span, hits, subject.others)) continue;
        if (section->pole == Pole::undecided) {
            (section->weight == Weight::weak ? soft : mood.undecided) = true;
            mood.riddle = mood.riddle || text.substr(span.begin, span.size()).find("满意") != text.npos;
            continue;
        }
        auto scope = section->emoji ? Scope{} : read_scope(text, span.begin);
        scope.negated = scope.negated || (section->pole != Pole::bad && denied_after(text, span));
        (section->emoji ? emoji : words) = true;
        mood.negated = mood.negated || scope.negated;
        const bool aside = after_contrast(span.begin);
        const bool strong = section->strong || scope.strong;
        if (!scope.negated) {
            auto& side = section->pole == Pole::good ? mood.good : section->pole == Pole::fair ? mood.fair : mood.bad;
            note(side, section->weight, strong, aside);
            if (section->pole == Pole::bad) (section->hedge ? hedged : bad_otherwise) = true;
        } else if (section->pole == Pole::bad) {
            mood.undecided = true;  // 不是很差: who knows
        } else {
            note(mood.bad, std::max(section->weight, Weight::judgement), false, aside);
            (scope.strong ? hedged : bad_otherwise) = true;
        }
        if (section->pole == Pole::good && !scope.negated)
            for (auto c : contrasts) mood.contrast = mood.contrast || c.begin >= span.end;
        if (section->pole == Pole::fair && !scope.negated)
            for (auto c : contrasts) mood.conceded = mood.conceded || c.begin >= span.end;
    }
    // "谈不上很满意,还行": what is denied is the 很.
    if (hedged && !bad_otherwise && mood.fair.any && !mood.good.any) mood.bad = {};
    if (mood.good.any && contains(t.irony, text)) mood.undecided = true;
    // "不好说" is an answer only where nothing else is one.
    if (soft && !mood.good.any && !mood.fair.any && !mood.bad.any) mood.undecided = true;
    mood.doubtful = mood.good.any && !mood.bad.any && !mood.fair.any && is_doubtful(text, hits, subject.others);
    mood.unclear = subject.service && contains(t.unclear, text) && !contains(t.plan, text);
    mood.emoji_only = emoji && !words;
    return mood;
}

}  // namespace pingjing::reply
