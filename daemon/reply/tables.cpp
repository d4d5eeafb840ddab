#include "daemon/reply/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "daemon/core/templates.hpp"
#include "daemon/text/unicode.hpp"

namespace pingjing::reply {
namespace {

constexpr std::size_t longest_gap = 6;  // characters; more would join what belongs to different thoughts

bool is_latin(std::string_view text, std::size_t at) { return at < text.size() && text[at] >= 'a' && text[at] <= 'z'; }

bool is_digit(std::string_view text, std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; }

bool ends_clause(char32_t code) { return std::u32string_view(U",.。;!?、").find(code) != std::u32string_view::npos; }

// A run of digits or of Chinese numerals, the vague ones included: 2, 十几, 半, 好几.
std::size_t end_of_number(std::string_view text, std::size_t at) {
    constexpr std::u32string_view numerals = U"0123456789零一二两三四五六七八九十百千半几多好";
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

}  // namespace

Phrase::Phrase(std::string_view written) {
    if (written.starts_with('=')) {
        fills_clause_ = true;
        written.remove_prefix(1);
    }
    std::string literal;
    auto flush = [&] {
        if (!literal.empty()) parts_.push_back({Step::literal, literal});
        literal.clear();
    };
    for (char c : written) {
        if (c != '~' && c != '#') {
            literal += c;
            continue;
        }
        flush();
        parts_.push_back({c == '~' ? Step::gap : Step::number, ""});
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
            auto end = end_of_number(text, at);
            return end == at ? std::nullopt : follow(text, end, part + 1);
        }
        case Step::gap:
            for (std::size_t skipped = 0; skipped <= longest_gap; ++skipped) {
                if (auto end = follow(text, at, part + 1)) return end;
                if (at >= text.size()) break;
                auto c = text::character_at(text, at);
                if (ends_clause(c.code)) break;
                at += c.bytes;
            }
    }
    return std::nullopt;
}

std::optional<std::size_t> Phrase::match_at(std::string_view text, std::size_t at) const {
    auto end = follow(text, at, 0);
    if (end && fills_clause_) {
        auto left = at, right = *end;
        while (left > 0 && text[left - 1] == ' ') --left;
        while (right < text.size() && text[right] == ' ') ++right;
        if (left > 0 && text::is_word(text::character_before(text, left).code)) return std::nullopt;
        if (right < text.size() && text::is_word(text::character_at(text, right).code)) return std::nullopt;
    }
    return end;
}

std::optional<std::size_t> Phrase::begin_of(std::string_view text, std::size_t end) const {
    const auto size = parts_.front().literal.size();
    if (parts_.size() != 1 || size == 0 || size > end) return std::nullopt;
    return match_at(text, end - size) == end ? std::optional(end - size) : std::nullopt;
}

void Phrase::find(std::string_view text, std::vector<Span>& out) const {
    const bool by_literal = parts_.front().step == Step::literal;
    for (std::size_t at = 0; at < text.size();) {
        if (by_literal) at = text.find(parts_.front().literal, at);
        if (at == text.npos) return;
        auto end = match_at(text, at);
        if (end) out.push_back({at, *end});
        at = end ? std::max(*end, at + 1) : at + text::character_at(text, at).bytes;
    }
}

char32_t Phrase::begins_with() const {
    return parts_.empty() || parts_.front().step != Step::literal ? U'\0' : text::character_at(parts_.front().literal, 0).code;
}

void Phrases::add(std::string_view written) {
    all_.emplace_back(written);
    by_first_[all_.back().begins_with()].push_back(all_.size() - 1);
}

std::vector<const Phrase*> Phrases::candidates(std::string_view text) const {
    std::vector<std::size_t> places;
    auto take = [&](char32_t first) {
        if (auto found = by_first_.find(first); found != by_first_.end()) places.insert(places.end(), found->second.begin(), found->second.end());
    };
    take(U'\0');
    for (std::size_t at = 0; at < text.size();) {
        auto c = text::character_at(text, at);
        take(c.code);
        at += c.bytes;
    }
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    std::vector<const Phrase*> out;
    for (auto place : places) out.push_back(&all_[place]);
    return out;
}

Phrases phrases(std::string_view file, std::string_view section) {
    auto all = built_in_template(fmt::format("language/{}", file));
    if (!all) throw std::logic_error(fmt::format("no table language/{} was built in", file));
    Phrases table;
    bool inside = false, found = false;
    for (auto rest = *all; !rest.empty();) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        line = trim(line);
        if (line.empty() || line.starts_with("# ") || line == "#") continue;
        if (line.starts_with('[') && line.ends_with(']')) {
            inside = line.substr(1, line.size() - 2) == section;
            found = found || inside;
            continue;
        }
        while (inside && !line.empty()) {
            auto bar = line.find('|');
            auto word = trim(line.substr(0, bar));
            if (!word.empty()) table.add(word);
            line = bar == line.npos ? std::string_view() : line.substr(bar + 1);
        }
    }
    if (!found) throw std::logic_error(fmt::format("language/{} has no section [{}]", file, section));
    return table;
}

std::vector<Span> find_all(const Phrases& table, std::string_view text) {
    std::vector<Span> out;
    for (const auto* phrase : table.candidates(text)) phrase->find(text, out);
    return out;
}

bool contains(const Phrases& table, std::string_view text) { return !find_all(table, text).empty(); }

bool is_whole(const Phrases& table, std::string_view text) {
    auto inner = bare(text);
    if (inner.size() == 0) return false;
    auto words = text.substr(inner.begin, inner.size());
    return std::any_of(table.begin(), table.end(),
                       [&](const Phrase& p) { return p.match_at(words, 0) == words.size(); });
}

std::optional<std::size_t> starts_with(const Phrases& table, std::string_view text, std::size_t at) {
    std::optional<std::size_t> best;
    for (const auto& phrase : table)
        if (auto end = phrase.match_at(text, at); end && (!best || *end > *best)) best = end;
    return best;
}

std::optional<std::size_t> ends_with(const Phrases& table, std::string_view text, std::size_t end) {
    std::optional<std::size_t> best;
    for (const auto& phrase : table)
        if (auto begin = phrase.begin_of(text, end); begin && (!best || *begin < *best)) best = begin;
    return best;
}

std::string blank(std::string text, const std::vector<Span>& spans, char with) {
    for (auto span : spans)
        std::fill(text.begin() + static_cast<std::ptrdiff_t>(span.begin),
                  text.begin() + static_cast<std::ptrdiff_t>(span.end), with);
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
