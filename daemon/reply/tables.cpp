#include "daemon/reply/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <mutex>
#include <stdexcept>

#include "daemon/core/templates.hpp"
#include "daemon/text/unicode.hpp"

namespace pingjing::reply {
namespace {

constexpr std::size_t longest_gap = 6;  // characters; more would join what belongs to different thoughts

bool is_latin(std::string_view text, std::size_t at) { return at < text.size() && text[at] >= 'a' && text[at] <= 'z'; }

bool is_digit(std::string_view text, std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; }

constexpr std::u32string_view numerals = U"0123456789零一二两三四五六七八九十百千半几多好";

// A run of digits or of Chinese numerals, the vague ones included: 2, 十几, 半, 好几.
std::size_t end_of_number(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        auto c = text::character_at(text, at);
        if (numerals.find(c.code) == numerals.npos) break;
        at += c.bytes;
    }
    return at;
}

std::string_view trim(std::string_view s) {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '\r')) s.remove_suffix(1);
    return s;
}

constexpr std::size_t hash(std::uint64_t key) { return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15u) >> 40); }

// A space between Han characters: many type no commas.
bool parts_two_clauses(std::string_view text, std::size_t at) {
    return text[at] == ' ' && at > 0 && at + 1 < text.size() && text::is_han(text::character_before(text, at).code) &&
           text::is_han(text::character_at(text, at + 1).code);
}

// [class.NAME] of classes.txt; kept for the life of the program, as the phrases that name it are.
const Phrases& words_of(std::string_view name) {
    static std::recursive_mutex one_at_a_time;  // a class may name another one
    static std::map<std::string, Phrases, std::less<>> known;
    std::lock_guard lock(one_at_a_time);
    auto at = known.find(name);
    if (at == known.end()) at = known.emplace(std::string(name), phrases("classes.txt", fmt::format("class.{}", name))).first;
    return at->second;
}

// Nothing follows, or what is no part of the word before: "很好。", "很好啊", but not "很好吃".
bool thought_ends(std::string_view text, std::size_t at) {
    static const auto& particles = words_of("particle");
    while (at < text.size() && text[at] == ' ') ++at;
    if (at >= text.size() || !text::is_han(text::character_at(text, at).code)) return true;
    return starts_with(particles, text, at).has_value();
}

}  // namespace

bool is_clause_mark(char32_t code) { return std::u32string_view(U",.。;!?、").find(code) != std::u32string_view::npos; }

Span clause_around(std::string_view text, std::size_t place) {
    auto ends = [&](std::size_t at, char32_t code) {
        if (code != U' ') return is_clause_mark(code);
        const bool behind = at > 0 && text::is_han(text::character_before(text, at).code);
        const bool behind_code = at == 1 && is_digit(text, 0);
        return behind || behind_code || (at + 1 < text.size() && text::is_han(text::character_at(text, at + 1).code));
    };
    Span clause{place, place};
    while (clause.begin > 0) {
        auto before = text::character_before(text, clause.begin);
        if (ends(clause.begin - before.bytes, before.code)) break;
        clause.begin -= before.bytes;
    }
    while (clause.end < text.size()) {
        auto next = text::character_at(text, clause.end);
        if (ends(clause.end, next.code)) break;
        clause.end += next.bytes;
    }
    return clause;
}

Phrase::Phrase(std::string_view written) {
    if (written.starts_with('=')) {
        fills_clause_ = true;
        written.remove_prefix(1);
    }
    if (written.ends_with('$') && written.size() > 1) {
        ends_thought_ = true;
        written.remove_suffix(1);
    }
    std::string literal;
    auto flush = [&] {
        if (!literal.empty()) parts_.push_back({Step::literal, literal});
        literal.clear();
    };
    for (std::size_t at = 0; at < written.size(); ++at) {
        const char c = written[at];
        const auto close = c == '<' ? written.find('>', at) : written.npos;
        if (close != written.npos) {
            flush();
            auto name = written.substr(at + 1, close - at - 1);
            Part part{Step::one_of, ""};
            if (name.ends_with('?') || name.ends_with('*')) {
                part.least = 0;
                part.most = name.back() == '?' ? 1 : 4;
                name.remove_suffix(1);
            }
            part.words = &words_of(name);
            parts_.push_back(std::move(part));
            at = close;
        } else if (c == '~' || c == '#') {
            flush();
            parts_.push_back({c == '~' ? Step::gap : Step::number, ""});
        } else {
            literal += c;
        }
    }
    flush();
}

std::optional<std::size_t> Phrase::follow(std::string_view text, std::size_t at, std::size_t part) const {
    if (part == parts_.size()) return at;
    switch (parts_[part].step) {
        case Step::literal: {
            const auto& literal = parts_[part].literal;
            if (!text.substr(at).starts_with(literal)) return std::nullopt;
            // 0分 is not in 20分, and Latin words are whole words: "end" is not in "friend".
            if (is_digit(literal, 0) && at > 0 && is_digit(text, at - 1)) return std::nullopt;
            if (is_latin(literal, 0) && at > 0 && is_latin(text, at - 1)) return std::nullopt;
            if (is_latin(literal, literal.size() - 1) && is_latin(text, at + literal.size())) return std::nullopt;
            return follow(text, at + literal.size(), part + 1);
        }
        case Step::number: {
            if (part == 0 && at > 0 && numerals.find(text::character_before(text, at).code) != numerals.npos) return std::nullopt;  // in the middle of one
            auto end = end_of_number(text, at);
            return end == at ? std::nullopt : follow(text, end, part + 1);
        }
        case Step::one_of: return follow_words(text, at, part, 0);
        case Step::gap:
            for (std::size_t skipped = 0; skipped <= longest_gap; ++skipped) {
                if (auto end = follow(text, at, part + 1)) return end;
                if (at >= text.size()) break;
                auto c = text::character_at(text, at);
                if (is_clause_mark(c.code) || parts_two_clauses(text, at)) break;
                at += c.bytes;
            }
    }
    return std::nullopt;
}

// The longest word first, and as many as there are; fewer where the rest does not fit otherwise.
std::optional<std::size_t> Phrase::follow_words(std::string_view text, std::size_t at, std::size_t part, int had) const {
    const auto& p = parts_[part];
    if (had < p.most && at < text.size()) {
        std::optional<std::size_t> whole;
        p.words->any_at(text, at, [&](const Phrase& word) {
            auto end = word.match_at(text, at);
            if (end && *end > at) whole = follow_words(text, *end, part, had + 1);
            return whole.has_value();
        });
        if (whole) return whole;
    }
    return had >= p.least ? follow(text, at, part + 1) : std::nullopt;
}

std::optional<std::size_t> Phrase::match_at(std::string_view text, std::size_t at) const {
    auto end = follow(text, at, 0);
    if (end && ends_thought_ && !thought_ends(text, *end)) return std::nullopt;
    if (end && fills_clause_) {
        auto left = at, right = *end;
        while (left > 0 && text[left - 1] == ' ') --left;
        while (right < text.size() && text[right] == ' ') ++right;
        if (left > 0 && text::is_word(text::character_before(text, left).code)) return std::nullopt;
        if (right < text.size() && text::is_word(text::character_at(text, right).code)) return std::nullopt;
    }
    return end;
}

std::vector<Phrase::Start> Phrase::begins_with() const {
    std::vector<Start> out;
    for (const auto& part : parts_) {
        if (part.step == Step::gap) return {};
        if (part.step == Step::number)
            for (auto numeral : numerals) out.push_back({numeral});
        if (part.step == Step::literal) {
            auto first = text::character_at(part.literal, 0);
            auto second = first.bytes < part.literal.size() ? text::character_at(part.literal, first.bytes).code : U'\0';
            out.push_back({first.code, second});
        }
        if (part.step == Step::one_of)
            for (const auto& word : *part.words)
                for (auto start : word.begins_with()) out.push_back(start);
        if (part.least > 0) return out;
    }
    return {};
}

std::string_view Phrase::literal() const {
    return parts_.size() == 1 && parts_[0].step == Step::literal ? std::string_view(parts_[0].literal) : std::string_view();
}

void Phrases::add(std::string_view written) { all_.emplace_back(written); }

void Phrases::finish() {
    std::map<std::uint64_t, std::vector<std::uint16_t>> begins, ends;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        const auto place = static_cast<std::uint16_t>(i);
        auto starts = all_[i].begins_with();
        if (starts.empty()) throw std::logic_error("a phrase of a table begins with a gap");
        for (auto start : starts)
            if (auto& list = begins[key(start.first, start.second)]; list.empty() || list.back() != place) list.push_back(place);
        if (auto literal = all_[i].literal(); !literal.empty()) {
            auto last = text::character_before(literal, literal.size());
            auto rest = literal.size() - last.bytes;
            ends[key(last.code, rest > 0 ? text::character_before(literal, rest).code : U'\0')].push_back(place);
        }
    }
    for (auto* lists : {&begins, &ends})
        for (auto& [character, places] : *lists)
            std::stable_sort(places.begin(), places.end(), [&](auto a, auto b) { return all_[a].literal().size() > all_[b].literal().size(); });
    begins_.build(begins);
    ends_.build(ends);
}

void Phrases::Index::build(const std::map<std::uint64_t, std::vector<std::uint16_t>>& all) {
    slots_.assign(std::bit_ceil(2 * all.size() + 1), {});
    for (const auto& [k, list] : all) {
        auto at = hash(k) & (slots_.size() - 1);
        while (slots_[at].count > 0) at = (at + 1) & (slots_.size() - 1);
        slots_[at] = {k, static_cast<std::uint32_t>(places_.size()), static_cast<std::uint32_t>(list.size())};
        places_.insert(places_.end(), list.begin(), list.end());
    }
}

std::span<const std::uint16_t> Phrases::Index::find(std::uint64_t k) const {
    if (slots_.empty()) return {};
    const auto mask = slots_.size() - 1;
    for (auto at = hash(k) & mask; slots_[at].count > 0; at = (at + 1) & mask)
        if (slots_[at].key == k) return std::span(places_).subspan(slots_[at].from, slots_[at].count);
    return {};
}

std::vector<std::string_view> lines(std::string_view file, std::string_view section) {
    auto all = built_in_template(fmt::format("language/{}", file));
    if (!all) throw std::logic_error(fmt::format("no table language/{} was built in", file));
    std::vector<std::string_view> out;
    bool inside = false, found = false;
    for (auto rest = *all; !rest.empty();) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        line = trim(line);
        if (line.empty() || line.starts_with("# ") || line == "#") continue;
        if (line.starts_with('[') && line.ends_with(']') && line.find('|') == line.npos) {
            inside = line.substr(1, line.size() - 2) == section;
            found = found || inside;
        } else if (inside) {
            out.push_back(line);
        }
    }
    if (!found) throw std::logic_error(fmt::format("language/{} has no section [{}]", file, section));
    return out;
}

std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> out;
    while (!line.empty()) {
        auto bar = line.find('|');
        if (auto word = trim(line.substr(0, bar)); !word.empty()) out.push_back(word);
        line = bar == line.npos ? std::string_view() : line.substr(bar + 1);
    }
    return out;
}

Phrases phrases(std::string_view file, std::string_view section) {
    Phrases table;
    for (auto line : lines(file, section))
        for (auto word : split(line)) table.add(word);
    table.finish();
    return table;
}

// Of each phrase every place, in the order of the text.
std::vector<Span> find_all(const Phrases& table, std::string_view text) {
    std::vector<Span> out;
    for (std::size_t at = 0; at < text.size(); at += text::character_at(text, at).bytes)
        table.any_at(text, at, [&](const Phrase& phrase) {
            if (auto end = phrase.match_at(text, at); end && *end > at) out.push_back({at, *end});
            return false;
        });
    return out;
}

bool contains(const Phrases& table, std::string_view text) {
    for (std::size_t at = 0; at < text.size(); at += text::character_at(text, at).bytes)
        if (table.any_at(text, at, [&](const Phrase& phrase) { return phrase.match_at(text, at).value_or(at) > at; })) return true;
    return false;
}

bool is_whole(const Phrases& table, std::string_view text) {
    auto inner = bare(text);
    if (inner.size() == 0) return false;
    auto words = text.substr(inner.begin, inner.size());
    return table.any_at(words, 0, [&](const Phrase& phrase) { return phrase.match_at(words, 0) == words.size(); });
}

std::optional<std::size_t> starts_with(const Phrases& table, std::string_view text, std::size_t at) {
    std::optional<std::size_t> best;
    if (at >= text.size()) return best;
    table.any_at(text, at, [&](const Phrase& phrase) {
        if (auto end = phrase.match_at(text, at); end && (!best || *end > *best)) best = end;
        return false;
    });
    return best;
}

std::optional<std::size_t> ends_with(const Phrases& table, std::string_view text, std::size_t end) {
    std::optional<std::size_t> begin;
    if (end == 0) return begin;
    table.any_before(text, end, [&](const Phrase& phrase) {
        auto size = phrase.literal().size();
        if (size <= end && phrase.match_at(text, end - size) == end) begin = end - size;
        return begin.has_value();
    });
    return begin;
}

void blank_out(std::string& text, const std::vector<Span>& spans, char with) {
    for (auto span : spans)
        std::fill(text.begin() + static_cast<std::ptrdiff_t>(span.begin),
                  text.begin() + static_cast<std::ptrdiff_t>(span.end), with);
}

std::string blank(std::string text, const std::vector<Span>& spans, char with) {
    blank_out(text, spans, with);
    return text;
}

Span bare(std::string_view text) {
    Span inner{0, text.size()};
    while (inner.begin < inner.end) {
        auto c = text::character_at(text, inner.begin);
        if (text::is_word(c.code)) break;
        inner.begin += c.bytes;
    }
    while (inner.begin < inner.end) {
        auto c = text::character_before(text, inner.end);
        if (text::is_word(c.code)) break;
        inner.end -= c.bytes;
    }
    return inner;
}

std::size_t word_count(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto c = text::character_at(text, at);
        if (text::is_word(c.code)) ++count;
        at += c.bytes;
    }
    return count;
}

}  // namespace pingjing::reply
