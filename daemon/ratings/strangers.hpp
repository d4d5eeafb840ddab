// Texts that say who writes, and answers to the second question. Pure; the text comes as the reader normalised it.
#pragma once
#include <optional>
#include <string_view>

namespace pingjing::ratings {

enum class Stranger {
    none,
    not_the_caller,  // 我没报警, 你们发错人了
    new_owner        // 我是新机主: the number has gone to somebody else
};
Stranger find_stranger(std::string_view normalised);

// What an answer to the question after a 2 or 3 names, in the words of core/followup: its letter, or the thing itself.
std::optional<std::string_view> find_topic(std::string_view normalised);

}  // namespace pingjing::ratings
