// Our own texts, as carriers send them back: a receipt that quotes what was sent says "紧急情况请拨110" and "回T退订", and nobody wrote it to us.
// Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pingjing::inbound {

class OwnWords {
public:
    OwnWords() = default;
    // The texts to citizens, with their {{placeholders}}.
    explicit OwnWords(const std::vector<std::string>& texts);

    // What is left of a text without the runs that one of ours has word for word, from eight Hanzi or sixteen letters on, however it is
    // spaced and punctuated; a full stop where one was. As it was where there is none.
    std::string without(std::string_view utf8) const;

private:
    std::size_t length_of_run(const std::vector<char32_t>& words, std::size_t at) const;

    std::vector<char32_t> words_{};  // of all texts, letters and digits only, a 0 between what never stands together
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> places_{};  // where each `run` characters begin
};

}  // namespace pingjing::inbound
