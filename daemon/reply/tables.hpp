// The tables of templates/language/ and how their phrases are found in a text. The format stands at the head of each
// file.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pingjing::reply {

struct Span {
    std::size_t begin = 0, end = 0;
    std::size_t size() const { return end - begin; }
    bool operator==(const Span&) const = default;
};

class Phrase {
public:
    explicit Phrase(std::string_view written);
    std::optional<std::size_t> match_at(std::string_view text, std::size_t at) const;  // where it ends
    std::optional<std::size_t> begin_of(std::string_view text, std::size_t end) const;  // plain phrases only
    void find(std::string_view text, std::vector<Span>& out) const;
    char32_t begins_with() const;  // 0: with a gap or a number

private:
    enum class Step { literal, gap, number };
    struct Part {
        Step step;
        std::string literal;
    };
    std::optional<std::size_t> follow(std::string_view text, std::size_t at, std::size_t part) const;
    std::vector<Part> parts_;
    bool fills_clause_ = false;
};

// Phrases in their order, found by their first character: of a thousand a short text can hold but a few.
class Phrases {
public:
    void add(std::string_view written);
    auto begin() const { return all_.begin(); }
    auto end() const { return all_.end(); }
    bool empty() const { return all_.empty(); }
    std::vector<const Phrase*> candidates(std::string_view text) const;  // in their order

private:
    std::vector<Phrase> all_;
    std::unordered_map<char32_t, std::vector<std::size_t>> by_first_;
};

// A missing file or section is our own mistake and throws.
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
