#include "daemon/reply/codes.hpp"

#include <algorithm>
#include <array>

#include "daemon/reply/signs.hpp"
#include "daemon/text/unicode.hpp"

namespace pingjing::reply {
namespace {

struct Tables {
    Phrases before = phrases("codes.txt", "before"), negated = phrases("codes.txt", "before.negated"),
            never_before = phrases("codes.txt", "before.never"), after = phrases("codes.txt", "after"),
            after_negated = phrases("codes.txt", "after.negated"), of_a_word = phrases("codes.txt", "one.of_a_word"),
            after_last = phrases("codes.txt", "after.last"), after_count = phrases("codes.txt", "after.count"), points = phrases("codes.txt", "after.points"),
            not_points = phrases("codes.txt", "after.points.not"),
            units = phrases("codes.txt", "units"), not_units = phrases("codes.txt", "units.not"),
            connectors = phrases("codes.txt", "connectors"), correction = phrases("codes.txt", "correction");
    std::array<Phrases, 6> spelled;
    Tables() {
        for (std::size_t i = 0; i < spelled.size(); ++i)
            spelled[i] = phrases("codes.txt", "spelled." + std::to_string(i));
    }
};
const Tables& tables() {
    static const Tables all;
    return all;
}

bool digit(std::string_view text, std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; }

struct Number {
    Span span;
    std::vector<int> parts;  // the digits of 1/2 or 1~3; one for a plain digit or a doubled one; none: no code whatever
                             // stands around
    bool numeral = false;    // 一: a code only in a frame
    bool mixed = false;      // 23: digits of the scale run together
    bool measure = false;    // 12:00, 7*24
};

// "3到5天": the number before a joint is of the same kind as the one behind it.
bool joined(std::string_view text, std::size_t end, std::size_t begin) {
    while (end < begin && text[end] == ' ') ++end;
    auto joint = starts_with(tables().connectors, text, end);
    while (joint && *joint < begin && text[*joint] == ' ') ++*joint;
    return joint && *joint == begin;
}

// One number with what clings to it: 12:00, 2-3-1012, 1.5, 1/2.
Number read_number(std::string_view text, std::size_t at) {
    Number n{{at, at}, {}, false, false, false};
    std::vector<std::string_view> pieces;
    std::string joiners;
    for (auto end = at;;) {
        auto begin = end;
        while (digit(text, end)) ++end;
        pieces.push_back(text.substr(begin, end - begin));
        n.span.end = end;
        if (end + 1 < text.size() && std::string_view("-./:~*").find(text[end]) != std::string_view::npos &&
            digit(text, end + 1)) {
            joiners += text[end++];
            continue;
        }
        break;
    }
    auto same = [](std::string_view d) { return d.find_first_not_of(d[0]) == d.npos && d.size() <= 10; };
    n.measure = joiners.find_first_of(":*") != std::string::npos;
    const bool decimal = n.measure || joiners.find('.') != std::string::npos;
    if (pieces.size() == 1 && same(pieces[0])) n.parts = {pieces[0][0] - '0'};
    if (pieces.size() == 1 && !same(pieces[0]) && pieces[0].size() <= 3) n.mixed = true;
    if (pieces.size() > 1 && !decimal &&
        std::all_of(pieces.begin(), pieces.end(), [](auto p) { return p.size() == 1; }))
        for (auto p : pieces) n.parts.push_back(p[0] - '0');
    return n;
}

// 三或二, 一三: numerals and what joins them, and nothing else.
bool only_numerals(std::string_view text) {
    constexpr std::u32string_view allowed = U"一二三四五或和跟、,./ 者还是还";
    int numerals = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto c = text::character_at(text, at);
        at += c.bytes;
        auto place = allowed.find(c.code);
        if (place == allowed.npos && text::is_word(c.code)) return false;
        numerals += place < 5;
    }
    return numerals > 1;
}

std::vector<Number> read_numbers(std::string_view text) {
    constexpr std::u32string_view numerals = U"零一二三四五";
    std::vector<Number> out;
    for (std::size_t at = 0; at < text.size();) {
        if (digit(text, at)) {
            out.push_back(read_number(text, at));
            at = out.back().span.end;
            continue;
        }
        auto c = text::character_at(text, at);
        if (auto value = numerals.find(c.code); value != numerals.npos)
            out.push_back({{at, at + c.bytes}, {static_cast<int>(value)}, true, false, false});
        at += c.bytes;
    }
    return out;
}

struct Side {
    bool fits = false, framed = false, negated = false, clause = false, questioned = false, points = false;
    bool counted = false;  // 1号, 1个
    bool beside = false;   // touches a word that may stand there
    bool loose = false;    // words we do not know stand before it: a code if nothing follows, 果断1
    std::size_t edge = 0;
};

bool touches_end(const std::vector<Span>& spans, std::size_t at) {
    return std::any_of(spans.begin(), spans.end(), [&](Span s) { return s.end == at; });
}
bool touches_begin(const std::vector<Span>& spans, std::size_t at) {
    return std::any_of(spans.begin(), spans.end(), [&](Span s) { return s.begin == at; });
}

// 点 in "点1" is a frame where it opens the clause, in "下午点1" never; and 只有 is no 有.
bool opens_frame(std::string_view text, std::size_t never, std::size_t end) {
    const auto frame = ends_with(tables().before, text, end);
    if (!frame || *frame > never) return false;
    return *frame < never || never == 0 || !text::is_word(text::character_before(text, never).code);
}

Side look_left(std::string_view text, std::size_t begin, const std::vector<Span>& neighbours) {
    const auto& t = tables();
    Side side;
    auto at = begin;
    while (at > 0 && text[at - 1] == ' ') --at;
    const bool space = at < begin;
    side.edge = at;
    if (at == 0) return side.fits = side.clause = true, side;
    const auto never = ends_with(t.never_before, text, at);
    if (never && !opens_frame(text, *never, at)) return side;
    const auto plain = ends_with(t.before, text, at);  // 我妈让我回1 is no 让我回1
    if (auto frame = ends_with(t.negated, text, at); frame && !(plain && *plain < *frame))
        return side.fits = side.framed = side.negated = true, side.edge = *frame, side;
    if (plain) return side.fits = side.framed = true, side.edge = *plain, side;
    auto c = text::character_before(text, at);
    if (!space && c.code >= U'a' && c.code <= U'z') return side;  // g3, k123
    side.clause = !text::is_word(c.code);
    side.loose = text::is_han(c.code);
    side.fits = side.clause || touches_end(neighbours, at) || ends_with(t.connectors, text, at) ||
                (space && (text::is_han(c.code) || digit(text, at - 1)));
    side.framed = touches_end(neighbours, at);
    return side;
}

// `open`: the code opens a clause or has a frame before it, so that words may follow without a space ("2没抓到人").
Side look_right(std::string_view text, std::size_t end, bool open, const std::vector<Span>& neighbours) {
    const auto& t = tables();
    Side side;
    side.edge = end;
    auto at = end;
    auto skip = [&] {
        while (at < text.size() && text[at] == ' ') ++at;
    };
    skip();
    const bool space = at > end;
    auto ended = [&](std::size_t i) {
        while (i < text.size() && text[i] == ' ') ++i;
        return i >= text.size() || !text::is_word(text::character_at(text, i).code) || touches_begin(neighbours, i) ||
               starts_with(t.connectors, text, i) || starts_with(t.after, text, i);
    };
    auto finish = [&](std::size_t edge) {
        side.edge = edge;
        for (auto more = starts_with(t.after, text, edge); more; more = starts_with(t.after, text, edge)) side.edge = edge = *more;
        side.fits = true;
        while (edge < text.size() && text[edge] == ' ') ++edge;
        side.questioned = edge < text.size() && (text[edge] == '?' || text.substr(edge).starts_with("吗"));
        side.clause = edge >= text.size() || !text::is_word(text::character_at(text, edge).code);
        return side;
    };
    if (at >= text.size()) return finish(end);
    if (!space && text[end - 1] == '1' && starts_with(t.of_a_word, text, at)) return side;  // 1直没人来
    if (auto never = starts_with(t.after_negated, text, at); never && ended(*never)) return side.negated = true, finish(*never);
    const auto unit = starts_with(t.units, text, at);
    // "1分,不能再多" and "1分也不给", but not 1分钟.
    if (auto points = starts_with(t.points, text, at); points && (ended(*points) || (open && !unit && !starts_with(t.not_points, text, at))))
        return side.points = true, finish(*points);
    if (auto last = starts_with(t.after_last, text, at); last && unit.value_or(0) <= *last) {
        if (ended(*last)) return side.counted = true, finish(*last);
        if (!starts_with(t.after, text, at)) return side;
    }
    if (starts_with(t.after, text, at)) return finish(at);
    if (touches_begin(neighbours, at) || starts_with(t.connectors, text, at)) return side.beside = true, finish(end);
    if (unit && !starts_with(t.not_units, text, at)) {
        // With a space between, a single character is rather the first of a sentence: "3 家里没人".
        const bool single = text::character_at(text, at).bytes == *unit - at;
        if (!space || !single) return side;
    }
    auto c = text::character_at(text, at);
    if (!text::is_word(c.code) || space) return finish(end);
    if (starts_with(t.before, text, at) || starts_with(t.negated, text, at)) return finish(end);
    if (open && text::is_han(c.code)) return finish(end);
    return side;
}

// "0 满意", "10满意", "1.5,不满意": a number that nobody asked for opens the answer, or closes it ("满意 7"), and whatever
// parts it from the words, they do not tell which of the two was meant. 110 is a name and 666 is praise.
bool stands_outside(std::string_view text, const Number& n, const Side& left, const Side& right, int top) {
    if (n.numeral || n.measure || left.negated || right.points || right.counted || !(left.fits && right.fits)) return false;
    const auto digits = text.substr(n.span.begin, n.span.size());
    const bool doubled = digits.find_first_not_of(digits[0]) == digits.npos;
    const bool decimal = digits.find('.') != digits.npos;
    const bool telephone = digits.size() == 3 && digits[0] == '1' && (digits[1] == '1' || digits[1] == '2');
    if (doubled && digits[0] - '0' >= 1 && digits[0] - '0' <= top) return false;
    if ((digits[0] == '6' && doubled && digits.size() > 1) || telephone || digits.size() > (decimal ? 4 : 3)) return false;
    if (!doubled && !decimal && digits.find_first_not_of("0123456789") != digits.npos) return false;
    const auto inner = bare(text);
    const bool opens = left.edge <= inner.begin && (right.clause || right.beside);
    const bool closes = digits.size() <= 2 && right.edge >= inner.end && (left.clause || left.framed);
    return opens || closes;
}

// The whole text is a number in words, or nothing but numerals. `said`: without the polite words.
bool read_whole(Codes& out, const std::string& said, int top) {
    const auto& t = tables();
    for (int value = 1; value <= top; ++value)
        if (is_whole(t.spelled[static_cast<std::size_t>(value)], said)) {
            out.values = {value};
            out.points = contains(t.points, said);  // one star
            out.spans = {bare(said)};
            return true;
        }
    if (!only_numerals(said)) return false;
    for (const auto& n : read_numbers(said))
        if (std::find(out.values.begin(), out.values.end(), n.parts[0]) == out.values.end()) out.values.push_back(n.parts[0]);
    out.run_together = out.values.back() > top;
    out.spans = {bare(said)};
    return true;
}

// 一 in 第一个, 选一, 一号, 五分; 一个 counts something.
bool numeral_is_code(std::string_view text, const Number& n, const Side& left, const Side& right) {
    if (left.framed && right.clause) return true;
    const bool a_choice = right.counted && right.clause && !starts_with(tables().after_count, text, n.span.end);
    const bool softened = right.clause && !right.counted && right.edge > n.span.end;  // 二吧
    return left.clause && (right.points || a_choice || softened);
}

}  // namespace

Codes find_codes(Scale scale, std::string_view text, const std::vector<Span>& neighbours) {
    const auto& t = tables();
    const int top = scale == Scale::three_110 ? 3 : 5;
    Codes out;
    struct Found {
        int value;
        std::size_t at, end;
    };
    std::vector<Found> found;

    auto corrections = find_all(t.correction, text);
    out.correction = !corrections.empty();

    if (read_whole(out, blank(std::string(text), find_polite(text)), top)) return out;
    for (auto& n : read_numbers(text)) {
        auto left = look_left(text, n.span.begin, neighbours);
        auto right = look_right(text, n.span.end, left.clause || left.framed, neighbours);
        const bool ends_it = right.fits && (right.clause || right.beside) && !right.counted;
        if (left.loose && ends_it && !n.numeral && n.span.size() == 1) left.fits = true;
        const bool stands = left.fits && right.fits;
        if (n.numeral && !(stands && numeral_is_code(text, n, left, right))) continue;
        if (scale == Scale::csat_5 && n.parts.size() == 2 && n.parts[1] == 5 && text[n.span.begin + 1] == '/')
            n.parts.pop_back();
        const bool alone = left.edge <= bare(text).begin && right.edge >= bare(text).end;
        out.outside = out.outside || stands_outside(text, n, left, right, top);
        if ((!stands || right.counted) && !found.empty() && joined(text, found.back().end, n.span.begin)) {
            out.other_numbers = true;
            found.pop_back();
            out.spans.pop_back();
            continue;
        }
        if (n.span.begin == 1 && text[0] == '-' && stands) {  // "-1" is worse than 1
            out.out_of_range = true;
            continue;
        }
        if (!stands || n.parts.empty()) {
            if (n.mixed && stands && !right.counted) {
                auto digits = text.substr(n.span.begin, n.span.size());
                bool within =
                    std::all_of(digits.begin(), digits.end(), [&](char d) { return d > '0' && d - '0' <= top; });
                if (within && (alone || left.framed)) {
                    out.run_together = true;
                    continue;
                }
            }
            if (stands && alone && n.span.size() <= 3 && !n.measure && !right.counted)
                out.out_of_range = true;
            else
                out.other_numbers = true;
            continue;
        }
        if (std::any_of(n.parts.begin(), n.parts.end(), [&](int v) { return v < 1 || v > top; })) {
            const bool dated = right.counted && !left.framed && text.substr(n.span.end).starts_with("号");  // 8号 is a day
            if (!dated && (alone || left.framed || right.points || (left.clause && right.clause))) {
                (n.span.size() <= 3 ? out.out_of_range : out.other_numbers) = true;
                out.zero = out.zero || (n.parts[0] == 0 && n.span.size() == 1 && alone);
            } else {
                out.other_numbers = true;
            }
            continue;
        }
        // A doubled code must be the whole clause; 11 and 22 in a sentence count something.
        if (n.parts.size() == 1 && n.span.size() > 1 && !n.numeral && !(right.clause && (left.clause || left.framed))) {
            out.other_numbers = true;
            continue;
        }
        out.spans.push_back(
            {left.framed && left.edge < n.span.begin && !touches_end(neighbours, left.edge) ? left.edge : n.span.begin,
             right.edge});
        if (left.negated || right.negated) {
            out.negated = out.correction = true;
            continue;
        }
        out.questioned = out.questioned || right.questioned;
        out.points = out.points || right.points;
        for (int value : n.parts) found.push_back({value, n.span.begin, n.span.end});
    }

    // "1 打错了,是3": what follows the correction counts.
    if (!corrections.empty()) {
        const auto last = *std::max_element(corrections.begin(), corrections.end(), [](Span a, Span b) { return a.begin < b.begin; });
        // "发了1,其实是3": some corrections hold their number.
        for (auto heard : {last.end, last.begin})
            if (std::any_of(found.begin(), found.end(), [&](const Found& f) { return f.at >= heard; }))
                std::erase_if(found, [&](const Found& f) { return f.at < heard; });
    }
    for (const auto& f : found)
        if (std::find(out.values.begin(), out.values.end(), f.value) == out.values.end()) out.values.push_back(f.value);
    return out;
}

}  // namespace pingjing::reply
