// What a value of a callback may be by its look, where no field of the mapping names it: somebody's words, somebody's number, an answer.
// Pure, and quick, for every callback is looked at.
#pragma once
#include <string_view>

namespace pingjing::generic_http {

// A person may have written it, in whatever coding it came. Plainly no words: ASCII with fewer than three letters (numbers, times, codes),
// ids and hashes, addresses of pages, and what machines say of themselves ("UTF-8", "DELIVRD").
bool may_be_words(std::string_view text);
// A number from which somebody may write to us and nothing else: mobile, with its area code, or from abroad.
bool is_number(std::string_view text);
// A mobile number, and something beside it: "13800138000,3".
bool is_number_with_more(std::string_view text);
// As answers are: a digit from 1 to 5, T, or words beyond ASCII.
bool is_like_an_answer(std::string_view text);
// Five digits or more and nothing else: an id, or a number as some vendors write it.
bool is_digits(std::string_view text);

}  // namespace pingjing::generic_http
