#include "daemon/reply/signs.hpp"

#include <algorithm>
#include <optional>

#include "daemon/reply/words.hpp"
#include "daemon/text/unicode.hpp"

namespace pingjing::reply {
namespace {

struct Tables {
    Phrases cry = phrases("signs.txt", "emergency"), cry_alone = phrases("signs.txt", "emergency.clause"), event = phrases("signs.txt", "emergency.event"),
            story = phrases("signs.txt", "emergency.story"), over = phrases("signs.txt", "emergency.over"), dealt = phrases("signs.txt", "emergency.dealt"), over_not = phrases("signs.txt", "emergency.over_not"), hearsay = phrases("signs.txt", "emergency.hearsay"), grave = phrases("signs.txt", "emergency.grave"), grave_not = phrases("signs.txt", "emergency.grave_not"), lasting = phrases("signs.txt", "emergency.lasting"), now = phrases("signs.txt", "emergency.now"),
            past = phrases("signs.txt", "emergency.past"), emergency_whole = phrases("signs.txt", "emergency.whole"),
            idiom = phrases("signs.txt", "emergency.idiom"), silence = phrases("signs.txt", "do_not_contact"),
            no_callback = phrases("signs.txt", "no_callback"), no_callback_not = phrases("signs.txt", "no_callback.not"),
            opt_out = phrases("signs.txt", "opt_out"), opt_out_whole = phrases("signs.txt", "opt_out.whole"),
            opt_out_sign = phrases("signs.txt", "opt_out.sign"), opt_out_clause = phrases("signs.txt", "opt_out.clause"),
            opt_out_behind = phrases("signs.txt", "opt_out.behind"), opt_out_not = phrases("signs.txt", "opt_out.not"),
            opt_out_filler = phrases("signs.txt", "opt_out.filler"), opt_in = phrases("signs.txt", "opt_in.whole"),
            help = phrases("signs.txt", "help"), help_whole = phrases("signs.txt", "help.whole"),
            elsewhere = phrases("signs.txt", "elsewhere"), away = phrases("signs.txt", "away"), signature = phrases("signs.txt", "signature"),
            polite = phrases("signs.txt", "polite"), small_talk = phrases("signs.txt", "small_talk"), courtesy = phrases("signs.txt", "courtesy"), echo = phrases("signs.txt", "echo"),
            echo_tail = phrases("signs.txt", "echo.tail");
};
const Tables& tables() {
    static const Tables all;
    return all;
}

// None of them empty.
std::vector<Span> clauses(std::string_view text) {
    std::vector<Span> out;
    for (std::size_t at = 0; at < text.size();) {
        const auto clause = clause_around(text, at);
        if (clause.end <= at) {
            at += text::character_at(text, at).bytes;
            continue;
        }
        out.push_back(clause);
        at = clause.end;
    }
    return out;
}

// "别回电话他在旁边 救我"
bool has_clause(std::string_view text, const Phrases& table) {
    const auto all = clauses(text);
    return std::any_of(all.begin(), all.end(), [&](Span clause) { return is_whole(table, text.substr(clause.begin, clause.size())); });
}

// "打死我也不信" is no cry, but what begins before an idiom, or is longer, is none of it: "来世再见" beside 来世再.
std::vector<Span> find_idioms(std::string_view text) {
    auto idioms = find_all(tables().idiom, text);
    const auto cries = find_all(tables().cry, text);
    std::erase_if(idioms, [&](Span idiom) {
        return std::any_of(cries.begin(), cries.end(), [&](Span cry) {
            return cry.begin < idiom.end && idiom.begin < cry.end && cry.begin <= idiom.begin && cry.end >= idiom.end && cry.size() > idiom.size();
        });
    });
    return idioms;
}

// "保护令没用": what was to be over is not. And what is grave and told behind it comes later than it: "撤案后他拿刀".
bool is_over(std::string_view text, std::string_view rest) {
    const auto& t = tables();
    auto undone = [&](Span end) { return starts_with(t.over_not, text, end.end).has_value(); };
    const auto heard = find_all(t.hearsay, text);
    if (!std::all_of(heard.begin(), heard.end(), undone)) return true;
    auto ends = find_all(t.over, text);
    std::erase_if(ends, undone);
    if (ends.empty()) return false;
    const auto last = std::max_element(ends.begin(), ends.end(), [](Span a, Span b) { return a.end < b.end; })->end;
    const auto grave = find_all(t.grave, rest);
    return std::none_of(grave.begin(), grave.end(), [&](Span event) {
        const auto clause = clause_around(text, event.begin);
        return event.begin >= last && !ends_with(t.grave_not, text, event.begin) && !contains(t.story, text.substr(clause.begin, clause.size()));
    });
}

// "他砸我家门,民警批评了他": all that happened stands before what was done about it.
bool is_dealt_with(std::string_view text, const std::vector<Span>& events) {
    auto done = find_all(tables().dealt, text);
    std::erase_if(done, [&](Span act) { return starts_with(tables().over_not, text, act.end).has_value(); });
    if (done.empty()) return false;
    const auto last = std::max_element(done.begin(), done.end(), [](Span a, Span b) { return a.begin < b.begin; })->begin;
    return std::all_of(events.begin(), events.end(), [&](Span event) { return event.begin < last; });
}

// A cry is always one. An event is, too, unless it is known to be over, or its own clause tells it as past ("上次有人打我"),
// and nothing says that it goes on. What another clause tells of the past leaves it as it is: "昨天你们来过,他拿刀".
bool is_emergency(std::string_view text) {
    const auto& t = tables();
    if (is_whole(t.emergency_whole, text) || is_whole(t.emergency_whole, blank(std::string(text), find_polite(text)))) return true;
    const auto rest = blank(std::string(text), find_idioms(text));
    if (contains(t.cry, rest) || has_clause(rest, t.cry_alone)) return true;
    const auto events = find_all(t.event, rest);
    if (events.empty()) return false;
    if (text.starts_with("【") && contains(t.elsewhere, text)) return false;  // the gas company's bill
    if (contains(t.now, blank(std::string(text), find_all(t.past, text)))) return true;
    if (is_over(text, rest) || is_dealt_with(text, events)) return false;
    if (contains(t.lasting, rest)) return true;
    return std::any_of(events.begin(), events.end(), [&](Span event) {
        const auto clause = clause_around(text, event.begin);
        return !contains(t.story, text.substr(clause.begin, clause.size()));
    });
}

// The digits that may be a code; "R15" is a place.
std::string without_codes(std::string text) {
    auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    std::string out = text;
    for (std::size_t at = 0; at < text.size(); ++at)
        if (digit(at) && !digit(at + 1) && !(at > 0 && digit(at - 1))) out[at] = ' ';
    return out;
}

// "TD TD", "t,t"
bool each_word(const Phrases& table, std::string_view text) {
    const auto inner = bare(text);
    text = text.substr(inner.begin, inner.size());
    int words = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto end = std::min(text.find_first_of(" ,.!;", at), text.size());
        if (end > at) {
            if (end - at > 6 || !is_whole(table, text.substr(at, end - at))) return false;
            ++words;
        }
        at = end + 1;
    }
    return words > 1;
}

// "非常满意 回T", "不满意TD": our own text asks for the T, so behind a verdict it is one; T恤 has something behind it.
std::optional<Span> find_sign_behind_verdict(std::string_view text) {
    constexpr std::size_t a_verdict = 8, a_sentence = 20;  // letters
    const auto inner = bare(text);
    const auto said = text.substr(0, inner.end);
    const auto sign = ends_with(tables().opt_out_behind, said, inner.end);
    if (!sign || *sign == inner.begin) return std::nullopt;
    const auto c = text::character_before(said, *sign);
    if (text::is_word(c.code) && !text::is_han(c.code) && !(c.code >= U'0' && c.code <= U'9')) return std::nullopt;
    const bool spelled_out = said.substr(*sign).starts_with("回");
    const auto before = without_codes(std::string(said.substr(0, *sign)));
    const auto mood = read_mood(before);
    const bool verdict = mood.good.any || mood.fair.any || mood.bad.any;
    if (!spelled_out && (word_count(before) > (text::is_word(c.code) ? a_verdict : a_sentence) || !verdict)) return std::nullopt;
    return Span{*sign, inner.end};
}

// "不满意,退出订阅": a clause that asks for the end and nothing else, beside a rating.
std::optional<Span> find_clause_beside_verdict(std::string_view text) {
    constexpr std::size_t a_sentence = 20;  // letters
    const auto all = clauses(text);
    auto asks = [&](Span clause) { return is_whole(tables().opt_out_clause, text.substr(clause.begin, clause.size())); };
    auto clause = std::find_if(all.rbegin(), all.rend(), asks);
    if (all.size() < 2 || clause == all.rend()) return std::nullopt;
    const auto rest = without_codes(blank(std::string(text), {*clause}));
    const auto mood = read_mood(rest);
    if (word_count(rest) > a_sentence || !(mood.good.any || mood.fair.any || mood.bad.any)) return std::nullopt;
    return *clause;
}

std::vector<Span> to_end_of_clause(std::string_view text, std::vector<Span> spans) {
    for (auto& span : spans) span.end = clause_around(text, span.begin).end;
    return spans;
}

// "民警让我别打电话" tells what somebody else wants.
bool wants_no_callback(std::string_view text) {
    const auto others = to_end_of_clause(text, find_all(tables().no_callback_not, text));
    return contains(tables().no_callback, blank(std::string(text), others));
}

// 退订 is a request when hardly anything else is said; "退订酒店的钱没退" is a story.
void find_opt_out(std::string_view text, Signs& signs) {
    constexpr std::size_t beside_a_sign = 4;
    const auto& t = tables();
    auto rest = without_codes(blank(std::string(text), find_polite(text)));
    signs.opt_out = is_whole(t.opt_out_whole, text) || is_whole(t.opt_out_whole, rest) || each_word(t.opt_out_whole, rest);
    if (signs.opt_out) {
        auto inner = bare(rest);
        signs.opt_out_phrases.push_back(inner);
        return;
    }
    auto sign = find_sign_behind_verdict(text);
    if (!sign) sign = find_clause_beside_verdict(text);
    if (sign) {
        signs.opt_out = true;
        signs.opt_out_phrases = {*sign};
        return;
    }
    auto others = find_all(t.opt_out_not, text);  // who is to stop is somebody else, unless it is 你们
    std::erase_if(others, [&](Span span) { return text.substr(span.begin, span.end - span.begin).find("你们") != text.npos; });
    others = to_end_of_clause(text, std::move(others));
    auto spans = find_all(t.opt_out, blank(std::string(text), others));
    if (spans.empty()) {
        spans = find_all(t.opt_out_sign, blank(std::string(text), others));
        rest = blank(rest, spans);
        rest = blank(rest, find_all(t.opt_out_filler, rest));
        if (word_count(rest) > beside_a_sign) spans.clear();
    }
    signs.opt_out = !spans.empty();
    signs.opt_out_phrases = spans;
}

bool only_question_marks(std::string_view text) {
    return text.find('?') != text.npos && text.find_first_not_of("? ") == text.npos;
}

}  // namespace

std::vector<Span> find_polite(std::string_view text) { return find_all(tables().polite, text); }

bool is_small_talk(std::string_view text) {
    const auto& t = tables();
    const auto all = clauses(text);
    auto says_nothing = [&](Span clause) {
        auto words = text.substr(clause.begin, clause.size());
        auto unthanked = blank(std::string(words), find_polite(words));
        return is_whole(t.small_talk, words) || is_whole(t.courtesy, words) || is_whole(t.small_talk, unthanked) || is_whole(t.courtesy, unthanked) ||
               bare(unthanked).size() == 0;
    };
    return std::all_of(all.begin(), all.end(), says_nothing);
}

Signs find_signs(std::string_view text) {
    const auto& t = tables();
    Signs signs;
    signs.emergency = is_emergency(text);
    signs.do_not_contact = contains(t.silence, text);
    signs.no_callback = wants_no_callback(text);
    signs.opt_in = is_whole(t.opt_in, text);
    signs.away = contains(t.away, text) && !contains(t.elsewhere, text);
    signs.elsewhere = signs.away || contains(t.elsewhere, text);
    // "别发短信,他会看" is no request to end: it asks for silence now, and "我不想活了,别找我" for none to come.
    if (!signs.elsewhere && !(signs.emergency && signs.do_not_contact)) find_opt_out(text, signs);
    if (signs.emergency && signs.opt_out && !contains(t.opt_out_sign, text)) {
        signs.opt_out = false;
        signs.do_not_contact = true;
        signs.opt_out_phrases.clear();
    }
    auto rest = blank(std::string(text), find_polite(text));
    signs.help = !signs.elsewhere && (is_whole(t.help_whole, text) || is_whole(t.help_whole, rest) ||
                                      contains(t.help, text) || only_question_marks(text));
    return signs;
}

text::Normalised without_signature(text::Normalised normal) {
    auto signatures = find_all(tables().signature, normal.text);
    if (signatures.empty()) return normal;
    auto end = signatures.front().begin;
    // No device has a name like that.
    if (auto cut = std::string_view(normal.text).substr(end); contains(tables().cry, cut) || contains(tables().event, cut)) return normal;
    while (end > 0 && normal.text[end - 1] == ' ') --end;
    normal.text.resize(end);
    normal.origin.resize(end + 1);
    return normal;
}

namespace {

bool has_symbol(std::string_view text) {
    constexpr char32_t first_symbol = U'\u2190', first_cjk = U'\u2E80', first_emoji = U'\U0001F000';
    for (std::size_t at = 0; at < text.size();) {
        auto c = text::character_at(text, at);
        if ((c.code >= first_symbol && c.code < first_cjk) || c.code >= first_emoji) return true;
        at += c.bytes;
    }
    return false;
}

}  // namespace

std::string without_courtesy(std::string text) {
    const auto& t = tables();
    const auto all = clauses(text);
    auto says_something = [&](Span clause) {
        auto words = std::string_view(text).substr(clause.begin, clause.size());
        if (is_whole(t.courtesy, words)) return false;
        // "太感谢了" is more than courtesy, and an emoji may be all that is said.
        return words.find("谢") != words.npos || has_symbol(words) || bare(blank(std::string(words), find_polite(words))).size() > 0;
    };
    auto first = std::find_if(all.begin(), all.end(), says_something);
    if (first == all.end()) return text;
    auto last = std::find_if(all.rbegin(), all.rend(), says_something).base();  // behind the last that says something
    std::vector<Span> gone;
    if (first->begin > 0) gone.push_back({0, first->begin});
    if (last != all.end()) gone.push_back({last->begin, text.size()});
    return blank(std::move(text), gone);
}

Echo without_echo(std::string text) {
    const auto& t = tables();
    Echo out;
    auto echoes = find_all(t.echo, text);
    out.found = !echoes.empty();
    for (auto span : echoes) {
        // From the sender's sign on it is ours: 【XX公安】您好,请评价:1满意…
        if (auto sign = text.rfind("【", span.begin); sign != text.npos) span.begin = sign;
        text = blank(std::move(text), {span});
    }
    if (out.found) blank_out(text, find_all(t.echo_tail, text));
    out.text = std::move(text);
    return out;
}

}  // namespace pingjing::reply
