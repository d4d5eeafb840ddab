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
    std::vector<char32_t> begins_with() const;                                         // empty: with anything
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
    const Phrase& operator[](std::size_t i) const { return all_[i]; }
    // Which can begin with this character, and which plain ones end with it.
    std::span<const std::uint16_t> beginning_with(char32_t first) const { return find(begins_, first); }
    std::span<const std::uint16_t> ending_with(char32_t last) const { return find(ends_, last); }

private:
    // An open table of characters; a few hundred at most, so half empty costs nothing.
    struct Index {
        struct Slot {
            char32_t character = 0;
            std::uint32_t from = 0, count = 0;
        };
        std::vector<Slot> slots;
        std::vector<std::uint16_t> places;
        void build(const std::map<char32_t, std::vector<std::uint16_t>>& all);
    };
    static std::span<const std::uint16_t> find(const Index& index, char32_t character);
    std::vector<Phrase> all_;
    Index begins_, ends_;
};

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

// The same text with the spans turned into `with`, so that offsets stay.
std::string blank(std::string text, const std::vector<Span>& spans, char with = ' ');
Span bare(std::string_view text);               // without punctuation, spaces and symbols at both ends
std::size_t word_count(std::string_view text);  // letters, Han characters and digits in it

}  // namespace pingjing::reply
