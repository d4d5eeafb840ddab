// The tables of templates/language/ and how their phrases are found in a text. The format stands at the head of each
// file.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/text/unicode.hpp"

namespace pingjing::reply {

struct Span {
    std::size_t begin = 0, end = 0;
    std::size_t size() const { return end - begin; }
    bool operator==(const Span&) const = default;
};

class Phrases;

// A phrase of a table: literals, gaps, numbers and words of a class (templates/language/classes.txt).
class Phrase {
public:
    explicit Phrase(std::string_view written);
    std::optional<std::size_t> match_at(std::string_view text, std::size_t at) const;  // where it ends
    struct Start {
        char32_t first = 0, second = 0;  // second 0: whatever follows
    };
    std::vector<Start> begins_with() const;  // empty: with anything
    std::string_view literal() const;                                                  // of a plain phrase, else empty

private:
    enum class Step { literal, gap, number, one_of };
    struct Part {
        Step step;
        std::string literal;
        const Phrases* words = nullptr;  // of one_of
        int least = 1, most = 1;
    };
    std::optional<std::size_t> follow(std::string_view text, std::size_t at, std::size_t part) const;
    std::optional<std::size_t> follow_words(std::string_view text, std::size_t at, std::size_t part, int had) const;
    std::vector<Part> parts_;
    bool fills_clause_ = false, ends_thought_ = false;
};

// Phrases in their order, found by their first character: of a thousand a short text can hold but a few.
class Phrases {
public:
    void add(std::string_view written);
    void finish();  // after the last was added
    auto begin() const { return all_.begin(); }
    auto end() const { return all_.end(); }
    bool empty() const { return all_.empty(); }
    std::size_t place_of(const Phrase& phrase) const { return static_cast<std::size_t>(&phrase - all_.data()); }
    // The places of those that can begin with what stands here, and of the plain ones that end with what stands before.
    // A function is called with each, the longest first, until it says true.
    template <typename Function>
    bool any_at(std::string_view text, std::size_t at, Function&& function) const;
    template <typename Function>
    bool any_before(std::string_view text, std::size_t end, Function&& function) const;

private:
    // By their first two characters, or last two, and those of a single one: two look-ups leave a handful. Half empty.
    class Index {
    public:
        void build(const std::map<std::uint64_t, std::vector<std::uint16_t>>& all);
        std::span<const std::uint16_t> find(std::uint64_t key) const;

    private:
        struct Slot {
            std::uint64_t key = 0;
            std::uint32_t from = 0, count = 0;
        };
        std::vector<Slot> slots_;
        std::vector<std::uint16_t> places_;
    };
    static constexpr std::uint64_t key(char32_t nearer, char32_t farther = 0) { return std::uint64_t{nearer} << 32 | farther; }
    std::vector<Phrase> all_;
    Index begins_, ends_;
};

template <typename Function>
bool Phrases::any_at(std::string_view text, std::size_t at, Function&& function) const {
    const auto first = text::character_at(text, at);
    if (auto next = at + first.bytes; next < text.size())
        for (auto i : begins_.find(key(first.code, text::character_at(text, next).code)))
            if (function(all_[i])) return true;
    for (auto i : begins_.find(key(first.code)))
        if (function(all_[i])) return true;
    return false;
}

template <typename Function>
bool Phrases::any_before(std::string_view text, std::size_t end, Function&& function) const {
    const auto last = text::character_before(text, end);
    if (last.bytes < end)
        for (auto i : ends_.find(key(last.code, text::character_before(text, end - last.bytes).code)))
            if (function(all_[i])) return true;
    for (auto i : ends_.find(key(last.code)))
        if (function(all_[i])) return true;
    return false;
}

// A missing file or section is our own mistake and throws.
std::vector<std::string_view> lines(std::string_view file, std::string_view section);
std::vector<std::string_view> split(std::string_view line);  // at the bars
Phrases phrases(std::string_view file, std::string_view section);

std::vector<Span> find_all(const Phrases& table, std::string_view text);
bool contains(const Phrases& table, std::string_view text);
bool is_whole(const Phrases& table, std::string_view text);  // punctuation at both ends does not count
std::optional<std::size_t> starts_with(const Phrases& table, std::string_view text,
                                       std::size_t at);  // longest, its end
std::optional<std::size_t> ends_with(const Phrases& table, std::string_view text,
                                     std::size_t end);  // longest, its begin

// Whether a clause may end at this character; and the clause around a place: up to such marks, or to a space beside a Han character, for
// many type no commas.
bool is_clause_mark(char32_t code);
Span clause_around(std::string_view text, std::size_t place);

// The same text with the spans turned into `with`, so that offsets stay.
std::string blank(std::string text, const std::vector<Span>& spans, char with = ' ');
// In place, for what is found in the very text: a text moved into one argument may be empty before the next one looks at it.
void blank_out(std::string& text, const std::vector<Span>& spans, char with = ' ');
Span bare(std::string_view text);               // without punctuation, spaces and symbols at both ends
std::size_t word_count(std::string_view text);  // letters, Han characters and digits in it

}  // namespace pingjing::reply
