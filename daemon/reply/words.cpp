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
    bool firm = false;      // no 但是 before it softens it
    bool only_of_us = false;  // what anybody may do: heard where the text names the service
    bool pending = false;   // not over yet
    bool soft = false;      // is an answer only where nothing else is one
    bool listed = false;    // of a language whose grammar we do not know
};
// Of two phrases as long as each other the one of the section that stands first is taken.
constexpr Section sections[] = {
    {.file = "words.txt", .name = "nothing.whole", .pole = Pole::nothing, .weight = Weight::verdict},
    {.file = "listed.txt", .name = "dissatisfied", .pole = Pole::bad, .weight = Weight::verdict, .listed = true},
    {.file = "listed.txt", .name = "dissatisfied.strong", .pole = Pole::bad, .weight = Weight::verdict, .strong = true, .listed = true},
    {.file = "listed.txt", .name = "bad", .pole = Pole::bad, .weight = Weight::judgement, .listed = true},
    {.file = "listed.txt", .name = "bad.detail", .pole = Pole::bad, .weight = Weight::detail, .listed = true},
    {.file = "listed.txt", .name = "fair", .pole = Pole::fair, .weight = Weight::verdict, .listed = true},
    {.file = "listed.txt", .name = "satisfied", .pole = Pole::good, .weight = Weight::verdict, .listed = true},
    {.file = "listed.txt", .name = "satisfied.strong", .pole = Pole::good, .weight = Weight::verdict, .strong = true, .listed = true},
    {.file = "listed.txt", .name = "good", .pole = Pole::good, .weight = Weight::judgement, .listed = true},
    {.file = "praise.txt", .name = "good.verdict", .pole = Pole::good, .weight = Weight::verdict},
    {.file = "praise.txt", .name = "good.strong", .pole = Pole::good, .weight = Weight::verdict, .strong = true},
    {.file = "praise.txt", .name = "good", .pole = Pole::good, .weight = Weight::judgement},
    {.file = "praise.txt", .name = "good.best", .pole = Pole::good, .weight = Weight::judgement, .strong = true},
    {.file = "praise.txt", .name = "good.weak", .pole = Pole::good, .weight = Weight::weak, .anything = true},
    {.file = "praise.txt", .name = "good.of_service", .pole = Pole::good, .weight = Weight::detail, .needs_service = true},
    {.file = "praise.txt", .name = "good.of_us", .pole = Pole::good, .weight = Weight::detail, .only_of_us = true},
    {.file = "words.txt", .name = "fair.verdict", .pole = Pole::fair, .weight = Weight::verdict},
    {.file = "words.txt", .name = "fair.weak", .pole = Pole::fair, .weight = Weight::weak},
    {.file = "complaint.txt", .name = "bad.hedge", .pole = Pole::bad, .weight = Weight::verdict, .hedge = true},
    {.file = "complaint.txt", .name = "bad.verdict", .pole = Pole::bad, .weight = Weight::verdict},
    {.file = "complaint.txt", .name = "bad.strong", .pole = Pole::bad, .weight = Weight::verdict, .strong = true},
    {.file = "complaint.txt", .name = "bad.firm", .pole = Pole::bad, .weight = Weight::judgement, .firm = true},
    {.file = "complaint.txt", .name = "bad.absent", .pole = Pole::bad, .weight = Weight::detail, .firm = true},
    {.file = "complaint.txt", .name = "bad", .pole = Pole::bad, .weight = Weight::judgement},
    {.file = "complaint.txt", .name = "bad.adjective", .pole = Pole::bad, .weight = Weight::judgement, .anything = true},
    {.file = "complaint.txt", .name = "bad.worst", .pole = Pole::bad, .weight = Weight::judgement, .strong = true, .anything = true},
    {.file = "words.txt", .name = "nothing", .pole = Pole::nothing, .weight = Weight::verdict},
    {.file = "complaint.txt", .name = "bad.detail", .pole = Pole::bad, .weight = Weight::detail},
    {.file = "complaint.txt", .name = "bad.of_us", .pole = Pole::bad, .weight = Weight::detail, .only_of_us = true},
    {.file = "complaint.txt", .name = "bad.weak", .pole = Pole::bad, .weight = Weight::weak, .anything = true},
    {.file = "words.txt", .name = "undecided.soft", .pole = Pole::undecided, .weight = Weight::weak, .soft = true},
    {.file = "words.txt", .name = "undecided.pending", .pole = Pole::undecided, .weight = Weight::verdict, .pending = true},
    {.file = "words.txt", .name = "undecided.goes_on", .pole = Pole::undecided, .weight = Weight::verdict, .soft = true},
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
            filler = phrases("words.txt", "filler"), contrast = phrases("words.txt", "contrast"), contrast_not = phrases("words.txt", "contrast.not"),
            concession = phrases("words.txt", "concession"),
            question = phrases("words.txt", "question"), elsewhere = phrases("words.txt", "elsewhere"), irony = phrases("words.txt", "irony"),
            negation_after = phrases("words.txt", "negation.after"), doubt = phrases("words.txt", "doubt"),
            doubt_not = phrases("words.txt", "doubt.not"),
            others = phrases("words.txt", "others"), others_not = phrases("words.txt", "others.not"), ours = phrases("words.txt", "ours"),
            deed = phrases("classes.txt", "class.deed"), aspect = phrases("classes.txt", "class.aspect"), particle = phrases("classes.txt", "class.particle"),
            beside = phrases("listed.txt", "beside"), condition = phrases("words.txt", "condition"), unclear = phrases("words.txt", "unclear"), of_a_case = phrases("words.txt", "case"), plan = phrases("words.txt", "plan");
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

// Letters of scripts that put spaces between words: what stands before a word is a part of it, "نارازى", "불만족합니다".
bool joins(char32_t before, char32_t first) {
    auto spaced = [](char32_t c) {
        const bool mongolian = c >= 0x1800 && c < 0x18B0, hangul = c >= 0xAC00 && c < 0xD7B0;
        return (c >= 0x0370 && c < 0x0780) || mongolian || hangul;  // Greek, Cyrillic, Hebrew, Arabic
    };
    return text::is_word(before) && text::is_word(first) && spaced(before) && spaced(first);
}

bool is_inside_a_word(std::string_view text, std::size_t at) {
    return at > 0 && joins(text::character_before(text, at).code, text::character_at(text, at).code);
}

// Longest first and none inside another: 满意 is not seen in 不满意, nor 不满意 in 没有不满意.
std::vector<Hit> find_hits(std::string_view text) {
    const auto& t = tables();
    std::vector<Hit> all, kept;
    for (std::size_t at = 0; at < text.size(); at += text::character_at(text, at).bytes)
        t.words.any_at(text, at, [&](const Phrase& word) {
            const auto* section = t.section_of[t.words.place_of(word)];
            if (section->listed && is_inside_a_word(text, at)) return false;
            if (auto end = word.match_at(text, at); end && *end > at) all.push_back({{at, *end}, section});
            return false;
        });
    // Of two as long as each other the section that stands first in the list above.
    std::stable_sort(all.begin(), all.end(),
                     [](const Hit& a, const Hit& b) { return std::pair(b.span.size(), a.section) < std::pair(a.span.size(), b.section); });
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
// Walks left from a word over its adverbs, as far as the clause goes: 谈不上|非常|满意. It ends where another judgement stands,
// "没什么好说的 满意", but 一点也不 is one only before a complaint.
Scope read_scope(std::string_view text, const Hit& word, const std::vector<Hit>& hits) {
    auto begin = word.span.begin;
    Scope scope;
    for (int steps = 0; steps < 6 && begin > 0; ++steps) {
        while (begin > 0 && text[begin - 1] == ' ') --begin;
        auto stands_between = [&](const Hit& h) {
            if (h.span.end != begin || h.section->pole == Pole::nothing) return false;
            return h.section->pole != Pole::bad || word.section->pole == Pole::bad;
        };
        if (std::any_of(hits.begin(), hits.end(), stands_between)) break;
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
    blank_out(rest, find_polite(rest));
    for (const auto* table : {&tables().strong, &tables().filler, &tables().adverb, &tables().negation})
        blank_out(rest, find_all(*table, rest));
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

// Whether a word is left over beside praise of a listed language, once all that we know is taken out; what denies is known only where
// it is asked about. Beside a word of letters, Chinese counts for nothing, and beside Japanese all of it.
bool leaves_a_word(std::string_view text, const std::vector<Hit>& hits, bool denial_is_known) {
    const auto& t = tables();
    std::vector<Span> known;
    bool in_han = false;
    for (const auto& hit : hits) {
        if (hit.section->pole != Pole::undecided) known.push_back(hit.span);
        in_han = in_han || (hit.section->listed && text::is_han(text::character_at(text, hit.span.begin).code));
    }
    auto rest = blank(std::string(text), known);
    blank_out(rest, find_polite(rest));
    if (denial_is_known) blank_out(rest, find_all(t.negation_after, rest));
    for (const auto* table : {&t.beside, &t.service, &t.strong}) {
        auto words = find_all(*table, rest);
        std::erase_if(words, [&](Span word) { return is_inside_a_word(rest, word.begin); });
        rest = blank(std::move(rest), words);
    }
    for (std::size_t at = 0; at < rest.size();) {
        auto c = text::character_at(rest, at);
        at += c.bytes;
        const bool digit = c.code >= U'0' && c.code <= U'9';
        if (text::is_word(c.code) && !digit && (in_han || !text::is_han(c.code))) return true;
    }
    return false;
}

}  // namespace

bool hangs_on_condition(std::string_view text, Span code) {
    constexpr std::size_t nearby = 9;  // bytes: 就给你
    if (!contains(tables().condition, text.substr(0, code.end))) return false;
    auto near = text.substr(code.begin - std::min(code.begin, nearby), code.end - code.begin + std::min(code.begin, nearby));
    // "如果能找回来我给1": what is said of the code is a promise.
    const bool promised = near.find("我给") != near.npos || near.find("再给") != near.npos;
    return promised || near.find("就") != near.npos || near.find("才") != near.npos;
}

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
    std::string unjudged(text);  // 饭 in 饭桶 is no meal
    for (const auto& hit : hits)
        if (hit.section->pole == Pole::good || hit.section->pole == Pole::bad) unjudged = blank(std::move(unjudged), {hit.span});
    subject.elsewhere = !subject.service && contains(tables().elsewhere, unjudged);
    subject.service = subject.service || (!subject.elsewhere && contains(tables().service_any, without));
    subject.others = other_words(text, hits);
    const auto begin = bare(text).begin;
    const bool names_another = starts_with(tables().others, text, begin) && !starts_with(tables().others_not, text, begin);
    if (!subject.police && names_another && !contains(tables().ours, text)) subject.of_others = true;
    return subject;
}

// 但是, 就是, 希望; "希望继续保持" is none.
std::vector<Span> find_contrasts(std::string_view text) {
    return find_all(tables().contrast, blank(std::string(text), find_all(tables().contrast_not, text)));
}

// From 虽然 to the end of its clause, or to the 但是 in it.
std::vector<Span> find_conceded(std::string_view text) {
    std::vector<Span> conceded;
    for (auto span : find_all(tables().concession, text)) {
        auto clause = clause_around(text, span.begin);
        if (auto turn = find_contrasts(text.substr(0, clause.end)); !turn.empty() && turn.back().begin > span.end) clause.end = turn.back().end;
        conceded.push_back({span.begin, clause.end});
    }
    return conceded;
}

// "虽然没找到,很满意": beside the scale's own word what was conceded does not count.
std::string without_concession(std::string_view text) {
    const auto conceded = find_conceded(text);
    std::string all(text);
    if (conceded.empty()) return all;
    auto rest = blank(all, conceded);
    const auto hits = find_hits(rest);
    const bool verdict = std::any_of(hits.begin(), hits.end(), [](const Hit& h) { return h.section->weight == Weight::verdict && h.section->pole != Pole::nothing; });
    return verdict ? rest : all;
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
    if (word.size() != two_characters || others == 0 || others > a_noun || word.end >= text.size()) return false;
    if (!text::is_han(text::character_at(text, word.end).code)) return false;
    if (word.begin > 0 && text::is_han(text::character_before(text, word.begin).code)) return false;
    if (std::any_of(hits.begin(), hits.end(), [&](const Hit& h) { return h.span.begin == word.end; })) return false;
    for (const auto* table : {&t.deed, &t.particle, &t.service, &t.service_any, &t.filler, &t.adverb, &t.strong, &t.negation, &t.contrast})
        if (starts_with(*table, text, word.end)) return false;
    return true;
}

std::string_view clause_after(std::string_view text, std::size_t at) {
    return text.substr(at, clause_around(text, at).end - at);
}

// 满족하지 않습니다, ياخشى ئەمەس; Chinese denies before the word.
bool denied_after(std::string_view text, Span word) {
    const bool kana_follow = word.end < text.size() && text::is_word(text::character_at(text, word.end).code) && !text::is_han(text::character_at(text, word.end).code);
    if (text::is_han(text::character_at(text, word.begin).code) && !kana_follow) return false;
    return contains(tables().negation_after, clause_after(text, word.end));
}

// What remains beside the words that were read says 不, 哪, 怎… in a way that no rule knows. In the clause of the praise;
// a short text is one thought, whatever its commas.
bool is_doubtful(std::string_view text, const std::vector<Hit>& hits, std::size_t others) {
    constexpr std::size_t one_thought = 6;
    const auto& t = tables();
    auto rest = blank(std::string(text), find_all(t.doubt_not, text));
    for (const auto& hit : hits) {
        const bool denies = hit.section->pole == Pole::nothing && text.substr(hit.span.begin, hit.span.size()).find("不是") != text.npos;
        if (!denies) rest = blank(std::move(rest), {hit.span});
    }
    blank_out(rest, find_polite(rest));
    const auto doubts = find_all(t.doubt, rest);
    if (doubts.empty() || others <= one_thought) return !doubts.empty();
    auto same_clause = [&](std::size_t one, std::size_t other) {
        return std::max(one, other) < clause_around(text, std::min(one, other)).end;
    };
    return std::any_of(doubts.begin(), doubts.end(), [&](Span doubt) {
        return std::any_of(hits.begin(), hits.end(), [&](const Hit& h) { return h.section->pole == Pole::good && same_clause(h.span.begin, doubt.begin); });
    });
}

// Reads the words that were found one by one and keeps what follows from them.
class Listener {
public:
    explicit Listener(std::string_view text)
        : text_(text), hits_(find_hits(text)), subject_(find_subject(text, hits_)), contrasts_(find_contrasts(text)), conceded_(find_conceded(text)) {}

    Mood listen() {
        mood_.question = asks();
        const auto polite = find_polite(text_);
        for (const auto& hit : hits_) {
            if (hit.section->pole != Pole::nothing)
                hear(hit);
            else if (std::none_of(polite.begin(), polite.end(), [&](Span p) { return p.begin <= hit.span.begin && hit.span.end <= p.end; }))
                mood_.nothing = true;
        }
        conclude();
        return mood_;
    }

private:
    bool asks() const {
        auto rest = blank(std::string(text_), find_all(tables().doubt_not, text_));  // 没多久
        for (const auto& hit : hits_)
            if (hit.section->pole == Pole::good || hit.section->pole == Pole::bad) rest = blank(std::move(rest), {hit.span});
        return text_.find('?') != text_.npos || contains(tables().question, rest);
    }

    // Two things told of the same kind are a story about us, though it never names us.
    bool several_told(Pole pole) const {
        auto tells = [&](const Hit& h) { return h.section->pole == pole && h.section->weight == Weight::detail && !h.section->only_of_us; };
        return std::count_if(hits_.begin(), hits_.end(), tells) > 1;
    }

    bool is_heard(const Hit& hit) const {
        constexpr std::size_t beside_a_weak_word = 2, beside_thanks = 5, beside_a_riddle = 6;
        const auto& section = *hit.section;
        // Words of letters count two each.
        const std::size_t beside_a_judgement = text::is_han(text::character_at(text_, hit.span.begin).code) ? 7 : 4;
        if (section.weight != Weight::verdict && (subject_.elsewhere || (subject_.of_others && section.pole == Pole::bad))) return false;
        const bool of_the_scale = text_.substr(hit.span.begin, hit.span.size()).find("满意") != text_.npos;
        if (section.pole == Pole::undecided && of_the_scale && !subject_.elsewhere) return true;
        if (section.only_of_us) return subject_.service || several_told(section.pole);
        if (section.needs_service) return subject_.service || several_told(section.pole) || subject_.others <= beside_thanks;
        if (section.pole == Pole::undecided && section.weight == Weight::verdict) return subject_.service || subject_.others <= beside_a_riddle;
        switch (section.weight) {
            case Weight::weak: return subject_.service || subject_.others <= beside_a_weak_word;
            case Weight::detail: return subject_.service || several_told(section.pole) || subject_.others <= beside_a_judgement;
            case Weight::judgement: return subject_.service || subject_.others <= beside_a_judgement;
            case Weight::verdict: break;
        }
        return true;
    }

    void hear(const Hit& hit) {
        const auto& section = *hit.section;
        if (section.anything && !subject_.police && of_a_stranger(text_, hit.span.begin, hits_)) {
            mood_.stranger = mood_.stranger || (section.pole == Pole::bad && !subject_.elsewhere);
            return;
        }
        if (!is_heard(hit)) return;
        const bool names = section.pole == Pole::good && section.weight != Weight::detail && !subject_.police;
        if (names && is_attribute(text_, hit.span, hits_, subject_.others)) return;
        if (section.pole == Pole::undecided)
            puzzle(hit);
        else
            judge(hit);
    }

    void puzzle(const Hit& hit) {
        (hit.section->pending ? pending_ : hit.section->soft ? soft_ : mood_.undecided) = true;
        mood_.riddle = mood_.riddle || text_.substr(hit.span.begin, hit.span.size()).find("满意") != text_.npos;
    }

    // “负责”: said of what it is not.
    bool in_quotes(Span word) const {
        auto stands = [&](std::string_view mark, std::size_t at) { return at <= text_.size() && text_.substr(at).starts_with(mark); };
        for (std::string_view mark : {"“", "\"", "'", "「"})
            if (word.begin >= mark.size() && stands(mark, word.begin - mark.size()))
                for (std::string_view end : {"”", "\"", "'", "」", "“"})
                    if (stands(end, word.end)) return word.begin > mark.size() || word.end + end.size() < text_.size();
        return false;
    }

    // "没出警|不满意", "态度不好|不满意": what stands before a complaint denies the service, and not the complaint.
    bool denies_another(Span complaint) const {
        const auto before = text_.substr(0, complaint.begin);
        if (before.ends_with("不好") || before.ends_with("不行")) return true;
        const bool denied = before.ends_with("不") || before.ends_with("没") || before.ends_with("无") || before.ends_with("未");
        return denied && starts_with(tables().aspect, text_, complaint.begin);
    }

    // "赔钱了吗", but not "一个月没人联系我,是不是忘了".
    bool is_asked(Span word) const {
        const auto clause = clause_around(text_, word.begin);
        const bool mark = clause.end < text_.size() && text_[clause.end] == '?';
        return mark || contains(tables().question, text_.substr(clause.begin, clause.size()));
    }

    // "满意?我等到现在!": the question's own word, and nothing else before its mark, is no answer to it.
    bool is_asked_back(Span word) const {
        const auto said = text_.substr(word.begin, word.size());
        if (said != "满意" && said != "不满意" && said != "很满意") return false;
        const auto clause = clause_around(text_, word.begin);
        const auto inner = bare(text_.substr(clause.begin, clause.size()));
        const bool alone = clause.begin + inner.begin == word.begin && clause.begin + inner.end == word.end;
        return alone && clause.end < text_.size() && text_[clause.end] == '?' && bare(text_.substr(clause.end)).size() > 0;
    }

    bool is_aside(Span word) const {
        return std::any_of(contrasts_.begin(), contrasts_.end(), [&](Span c) { return c.end <= word.begin; }) ||
               std::any_of(conceded_.begin(), conceded_.end(), [&](Span c) { return c.begin <= word.begin && word.end <= c.end; });
    }

    void judge(const Hit& hit) {
        const auto& section = *hit.section;
        if (section.pole == Pole::good && in_quotes(hit.span)) {
            mood_.undecided = true;
            return;
        }
        if (is_asked_back(hit.span)) {
            soft_ = true;
            return;
        }
        auto scope = section.emoji ? Scope{} : read_scope(text_, hit, hits_);
        if (section.pole == Pole::bad && denies_another(hit.span)) scope.negated = false;
        if (section.listed) return judge_listed(hit, scope);
        scope.negated = scope.negated || (section.pole != Pole::bad && denied_after(text_, hit.span));
        weigh(hit, scope);
    }

    // What we do not know beside it may deny it: 満足には足りない. Then a person reads it.
    void judge_listed(const Hit& hit, Scope scope) {
        std::vector<Span> judged;
        for (const auto& other : hits_) judged.push_back(other.span);
        const auto rest = blank(std::string(text_), judged);
        scope.negated = scope.negated || contains(tables().negation_after, clause_after(rest, hit.span.end));
        if (hit.section->pole == Pole::bad || !leaves_a_word(text_, hits_, scope.negated)) return weigh(hit, scope);
        mood_.undecided = mood_.riddle = true;
    }

    void weigh(const Hit& hit, const Scope& scope) {
        const auto& section = *hit.section;
        (section.emoji ? emoji_ : words_) = true;
        mood_.negated = mood_.negated || scope.negated;
        const bool aside = is_aside(hit.span);
        if (scope.negated && section.pole == Pole::bad) {
            mood_.undecided = true;  // 不是很差: who knows
        } else if (scope.negated) {
            note(mood_.bad, std::max(section.weight, Weight::judgement), false, aside);
            (scope.strong ? hedged_ : bad_otherwise_) = true;
        } else {
            auto& side = section.pole == Pole::good ? mood_.good : section.pole == Pole::fair ? mood_.fair : mood_.bad;
            note(side, section.weight, section.strong || scope.strong, aside);
            side.firm = side.firm || section.firm;
            mood_.told = mood_.told || (section.pole == Pole::bad && mood_.question && !is_asked(hit.span));
            if (section.pole == Pole::bad)
                (section.hedge ? hedged_ : bad_otherwise_) = true;
            else if (std::any_of(contrasts_.begin(), contrasts_.end(), [&](Span c) { return c.begin >= hit.span.end; }))
                (section.pole == Pole::good ? mood_.contrast : mood_.conceded) = true;
        }
    }

    void conclude() {
        const auto& t = tables();
        // "谈不上很满意,还行": what is denied is the 很.
        if (hedged_ && !bad_otherwise_ && mood_.fair.any && !mood_.good.any) mood_.bad = {};
        if (mood_.good.any && contains(t.irony, text_)) mood_.undecided = true;
        const bool only_good = mood_.good.any && !mood_.bad.any && !mood_.fair.any;
        // "不好说" is an answer only where nothing else is one.
        if (soft_ && !mood_.good.any && !mood_.fair.any && !mood_.bad.any) mood_.undecided = true;
        // "还没处理完" leaves the praise beside it open, but not a clear complaint: "没结果,太差了".
        const bool clear = mood_.bad.any && mood_.bad.firm && !mood_.good.any && !mood_.fair.any;
        mood_.undecided = mood_.undecided || (pending_ && !clear);
        mood_.doubtful = only_good && is_doubtful(text_, hits_, subject_.others);
        const bool of_us = subject_.service || contains(t.of_a_case, text_);
        mood_.unclear = of_us && contains(t.unclear, text_) && !contains(t.plan, text_);
        mood_.emoji_only = emoji_ && !words_;
    }

    std::string_view text_;
    std::vector<Hit> hits_;
    Subject subject_;
    std::vector<Span> contrasts_, conceded_;
    Mood mood_;
    bool emoji_ = false, words_ = false, soft_ = false, pending_ = false;
    bool hedged_ = false, bad_otherwise_ = false;  // what is bad is but a denied 很, or not only
};

}  // namespace

Mood read_mood(std::string_view text) {
    const auto said = without_concession(text);
    return Listener(said).listen();
}

}  // namespace pingjing::reply
