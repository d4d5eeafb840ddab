#include "daemon/reply/spelling.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/reply/tables.hpp"
#include "daemon/text/unicode.hpp"

namespace pingjing::reply {
namespace {

// "word: variant | variant", found by their first characters like all phrases.
struct Spellings {
    Phrases variants;
    std::vector<std::string> words;  // one for each variant
    explicit Spellings(std::string_view section) {
        for (auto line : lines("spelling.txt", section)) {
            auto colon = line.find(':');
            for (auto variant : split(line.substr(std::min(colon + 1, line.size())))) {
                variants.add(variant);
                words.emplace_back(line.substr(0, colon));
            }
        }
        variants.finish();
    }
    // The longest that begins here: its end and the word it stands for.
    std::optional<std::pair<std::size_t, std::string_view>> at(std::string_view text, std::size_t begin) const {
        std::optional<std::pair<std::size_t, std::string_view>> best;
        variants.any_at(text, begin, [&](const Phrase& variant) {
            if (auto end = variant.match_at(text, begin); end && (!best || *end > best->first)) best = {*end, words[variants.place_of(variant)]};
            return false;
        });
        return best;
    }
};

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

// Latin letters that are syllables we know from their first to their last, as a Chinese text: "bu tai man yi". Spaces
// count for nothing, for people set them as they like. Syllables that are English words as well prove nothing alone.
class Pinyin {
public:
    Pinyin() {
        for (auto [section, proof] : {std::pair{"pinyin", true}, {"pinyin.english", false}})
            for (auto line : lines("spelling.txt", section)) {
                auto colon = line.find(':');
                for (auto syllable : split(line.substr(std::min(colon + 1, line.size())))) {
                    syllables_.add(syllable);
                    meanings_.push_back({std::string(line.substr(0, colon)), proof});
                }
            }
        syllables_.finish();
    }

    struct Found {
        std::size_t end = 0;
        std::string text;
    };
    std::optional<Found> at(std::string_view text, std::size_t begin) const {
        std::string letters;
        std::size_t end = begin;
        for (auto i = begin; i < text.size() && (is_letter(text[i]) || text[i] == ' ' || text[i] == '\''); ++i) {
            if (is_letter(text[i])) letters += text[i], end = i + 1;
            if (letters.size() > longest) return std::nullopt;
        }
        auto chinese = read(letters);
        if (!chinese) return std::nullopt;
        return Found{end, *chinese};
    }

private:
    static constexpr std::size_t longest = 48;
    struct Meaning {
        std::string word;
        bool proof = false;
    };
    // From the end, so that each place is looked at once however the syllables could be cut.
    std::optional<std::string> read(const std::string& letters) const {
        struct Reading {
            bool known = false, proof = false;
            std::string text;
        };
        std::vector<Reading> from(letters.size() + 1);
        from[letters.size()].known = true;
        for (auto at = letters.size(); at-- > 0;) {
            std::size_t best = 0;
            syllables_.any_at(letters, at, [&](const Phrase& phrase) {
                const auto syllable = phrase.literal();
                const auto& meaning = meanings_[syllables_.place_of(phrase)];
                const auto end = at + syllable.size();
                if (syllable.size() > best && end <= letters.size() && from[end].known && letters.compare(at, syllable.size(), syllable) == 0) {
                    best = syllable.size();
                    from[at] = {true, meaning.proof || from[end].proof, meaning.word + from[end].text};
                }
                return false;
            });
        }
        if (!from[0].known || !from[0].proof) return std::nullopt;
        return std::move(from[0].text);
    }

    Phrases syllables_;
    std::vector<Meaning> meanings_;
};

// Puts words in the place of others and remembers where they came from.
class Rewriting {
public:
    explicit Rewriting(const text::Normalised& from) : from_(from) {}
    void keep(std::size_t at, std::size_t bytes) {
        out_.text.append(from_.text, at, bytes);
        for (std::size_t i = 0; i < bytes; ++i) out_.origin.push_back(from_.origin[at + i]);
    }
    void put(std::string_view word, std::size_t at) {
        out_.text += word;
        out_.origin.insert(out_.origin.end(), word.size(), from_.origin[at]);
    }
    text::Normalised finish() {
        out_.origin.push_back(from_.origin.back());
        return std::move(out_);
    }

private:
    const text::Normalised& from_;
    text::Normalised out_;
};

text::Normalised respell(const text::Normalised& in) {
    static const Spellings dialect("dialect");
    static const Pinyin pinyin;
    Rewriting out(in);
    const std::string_view text = in.text;
    for (std::size_t at = 0; at < text.size();) {
        auto before = at > 0 && text[at - 1] == ' ' ? at - 1 : at;
        const bool run_begins = is_letter(text[at]) && (before == 0 || !is_letter(text[before - 1]));
        if (auto found = run_begins ? pinyin.at(text, at) : std::nullopt) {
            out.put(found->text, at);
            at = found->end;
        } else if (auto variant = dialect.at(text, at)) {
            out.put(variant->second, at);
            at = variant->first;
        } else {
            auto c = text::character_at(text, at);
            if (auto plain = text::without_marks(c.code); plain != c.code)
                out.put(std::string_view(std::string(1, static_cast<char>(plain))), at);
            else
                out.keep(at, c.bytes);
            at += c.bytes;
        }
    }
    return out.finish();
}

}  // namespace

text::Normalised spell(text::Normalised normal) { return respell(normal); }

}  // namespace pingjing::reply
