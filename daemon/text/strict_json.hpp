// JSON without the liberties Boost.JSON takes: it lets duplicate keys pass and reads 1e400 as infinity.
#pragma once
#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "daemon/core/result.hpp"

namespace pingjing {

struct JsonProblem {
    std::string field{};  // the key of the record it is under
    std::string detail{};
};
struct StrictJson {
    boost::json::value value{};
    // By array index (0 for anything but an array): what makes that record unusable while its neighbours are fine.
    std::map<std::size_t, JsonProblem> problems{};
};
// A citizen's text from a vendor may hold a NUL, for that is how a lost '@' of the default alphabet arrives, and the half of a character
// (an escaped surrogate alone, here U+FFFD), for texts are cut anywhere; a record of ours may not: two ids would become one.
enum class Nul { refused, kept };
struct Place {
    std::int64_t line = 1, column = 1;  // of characters
};
// An error: not JSON, not UTF-8, or nested deeper than 1000; it says the line and the column, `text` beginning at `begin`. What is nested deeper than 32 is a record's problem.
Result<StrictJson> parse_strict(std::string_view text, Nul nul = Nul::refused, Place begin = {});
// The text under `key` of an object that has no other key; an empty body or object is an empty text. An error says what was expected.
Result<std::string> only_text(std::string_view body, std::string_view key, std::size_t longest_bytes);
// Keys sorted at every level, no blanks: equal content gives equal bytes.
std::string canonical(const boost::json::value& value);

}  // namespace pingjing
