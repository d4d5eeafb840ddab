// One number, many spellings: a carrier may give an id in hexadecimal with its answer and in decimal with its report, in capitals
// or with zeros in front. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pingjing {

// The other ways to write this id, without itself. Empty for what is no number of at most 64 bits.
std::vector<std::string> other_spellings(std::string_view id);

}  // namespace pingjing
