// 中文 beside the fixed words of the contract, for people; programs get the words alone.
#pragma once
#include <string>
#include <string_view>

namespace pingjing::reports {

// "应评 accepted", and the same of a message, which its carrier took: "运营商已接收 accepted".
std::string both(std::string_view word);
std::string state_words(std::string_view state);
// "涉家庭暴力 dv". A word that is no exclusion code stands as it is.
std::string code_words(std::string_view code);
// What a delivery report says in the words that carriers share, with what it means behind it: "UNDELIV 无法投递 undeliverable". Whatever else
// stands behind such a word stays behind it.
std::string receipt_words(std::string_view code);
// What a decision rests on: "类别 category 010203".
std::string rule_words(std::string_view rule);

}  // namespace pingjing::reports
