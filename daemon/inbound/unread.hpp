// A callback that no mapping can read, or what is left of one, taken apart as far as anybody could: the texts that may stand in it, and the
// numbers. Pure, and bounded for any bytes. No reading of what it says: that is for whoever looks for a cry for help.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/phone.hpp"

namespace pingjing::inbound {

struct Unread {
    // UTF-8, at most `longest_value` bytes each. `group`: what stood together, such as one object of JSON or one line. `named`: as texts are.
    struct Value { std::string text{}; int group = 0; bool named = false; };
    struct Number { Phone phone{}; int group = 0; bool named = false; };  // named: as a sender's number usually is
    // What it stands in, and whether what stands in it are records of their own: elements of a list, lines. The first is the callback.
    struct Group { int in = 0; bool list = false; };
    std::vector<Value> values{};    // those with words in them, or under the name of a text; each once
    std::vector<Number> numbers{};  // mobile ones, and fixed lines written as such
    std::vector<Group> groups{{}};
    std::size_t bytes_left = 0;     // of query and body, not looked at
    bool values_left = false;       // there were more texts than are looked at
    bool numbers_left = false;      // there were more numbers
};

constexpr std::size_t most_bytes = 1024 * 1024, longest_value = 1800, most_values = 10'000, most_numbers = 2000;

// What may still be looked at of one callback, over all its pieces.
struct Budget {
    std::size_t bytes = most_bytes, values = most_values, numbers = most_numbers;
    std::size_t text = 4 * most_bytes;  // bytes of the values: the same may be read in several ways
};

// The query as it is in the address, and the body: JSON (whole or cut off), XML, a form, lines; in UTF-8, GB18030 or UTF-16, percent-encoded,
// escaped, in base64 or hex, and one in the other. What it takes of the budget is gone.
Unread take_apart(std::string_view query, std::string_view body, Budget& budget);
Unread take_apart(std::string_view query, std::string_view body);  // all there is of a callback

// Whose a text of that group is: the only number that stands with it under a sender's name, else the only one beside it; where none stands
// there, the same of what belongs to the same record. nullopt: none, or several that nothing tells apart; a neighbour's number never.
std::optional<Phone> number_of(const Unread& unread, int group);

}  // namespace pingjing::inbound
