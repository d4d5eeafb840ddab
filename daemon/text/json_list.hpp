// The elements of a list in JSON as they were written: where one of them is broken, its neighbours can still be read. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pingjing {

struct JsonList {
    std::size_t begin = 0, end = 0;            // of the list in the text, brackets included
    std::vector<std::string_view> elements{};  // into the text, without blanks around
};
// The list at `pointer`, whose parts are keys of objects ("/data/items"; "": the text itself). Only strings and brackets are looked at: an
// element may be no JSON. nullopt: there is no list, or where its elements begin and end cannot be told.
std::optional<JsonList> find_json_list(std::string_view text, std::string_view pointer);

// Halves of characters, as they come where a text was cut between two escapes ("\ud83d" alone), replaced by \ufffd.
// `halves`: where each of them stands, and stood: a replacement is as long.
std::string with_whole_escapes(std::string_view json, std::vector<std::size_t>* halves = nullptr);

}  // namespace pingjing
