#include "daemon/inbound/own_words.hpp"

#include <algorithm>

#include "daemon/text/normalise.hpp"
#include "daemon/text/unicode.hpp"

namespace pingjing::inbound {
namespace {

constexpr std::size_t shortest = 8;   // characters looked up at once: the fewest that can be ours
constexpr std::size_t lightest = 16;  // a Han character counts twice

struct Words {
    std::vector<char32_t> codes{};
    std::vector<std::size_t> begins{}, ends{};  // in the text
};
Words words_of(std::string_view normalised) {
    Words out;
    for (std::size_t at = 0; at < normalised.size();) {
        auto c = text::character_at(normalised, at);
        if (text::is_word(c.code)) out.codes.push_back(c.code), out.begins.push_back(at), out.ends.push_back(at + c.bytes);
        at += c.bytes;
    }
    return out;
}

std::uint64_t mark_of(const std::vector<char32_t>& words, std::size_t at) {
    std::uint64_t mark = 14695981039346656037u;  // FNV
    for (std::size_t i = 0; i < shortest; ++i) mark = (mark ^ words[at + i]) * 1099511628211u;
    return mark;
}

std::size_t weight(const std::vector<char32_t>& words, std::size_t at, std::size_t length) {
    std::size_t out = 0;
    for (auto i = at; i < at + length; ++i) out += text::is_han(words[i]) ? 2 : 1;
    return out;
}

std::vector<std::string_view> fixed_parts(std::string_view source) {
    std::vector<std::string_view> out;
    while (!source.empty()) {
        auto open = std::min(source.find("{{"), source.size());
        out.push_back(source.substr(0, open));
        auto close = source.find("}}", open);
        source.remove_prefix(close == source.npos ? source.size() : close + 2);
    }
    return out;
}

}  // namespace

OwnWords::OwnWords(const std::vector<std::string>& texts) {
    for (const auto& source : texts)
        for (auto part : fixed_parts(source)) {
            auto words = words_of(text::normalise(part).text);
            words_.insert(words_.end(), words.codes.begin(), words.codes.end());
            words_.push_back(0);
        }
    for (std::size_t at = 0; at + shortest <= words_.size(); ++at) places_[mark_of(words_, at)].push_back(at);
}

std::size_t OwnWords::length_of_run(const std::vector<char32_t>& words, std::size_t at) const {
    if (at + shortest > words.size()) return 0;
    auto found = places_.find(mark_of(words, at));
    if (found == places_.end()) return 0;
    std::size_t longest = 0;
    for (auto place : found->second) {
        std::size_t length = 0;
        while (at + length < words.size() && place + length < words_.size() && words[at + length] == words_[place + length]) ++length;
        longest = std::max(longest, length);
    }
    return longest;
}

std::string OwnWords::without(std::string_view utf8) const {
    auto normal = text::normalise(utf8).text;
    auto words = words_of(normal);
    std::string out;
    std::size_t taken = 0;  // of `normal`
    bool any = false;
    for (std::size_t at = 0; at < words.codes.size();) {
        auto length = length_of_run(words.codes, at);
        if (length == 0 || weight(words.codes, at, length) < lightest) {
            ++at;
            continue;
        }
        out += normal.substr(taken, words.begins[at] - taken);
        out += "。";
        taken = words.ends[at + length - 1];
        at += length, any = true;
    }
    return any ? out + normal.substr(taken) : std::string(utf8);
}

}  // namespace pingjing::inbound
