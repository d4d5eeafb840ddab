// What stands in the folder of a night, told by the names of its files: "funnel-window.csv" is the funnel of the service window.
#pragma once
#include <cstdint>
#include <string_view>

namespace pingjing {

inline constexpr std::uintmax_t largest_night_file = 256u << 20;  // of ours none comes near

constexpr std::string_view table_of_night_file(std::string_view name) { return name.substr(0, name.find_first_of(".-")); }

// Warnings, which are for 督察 alone to read.
constexpr bool is_for_inspection(std::string_view name) {
    auto table = table_of_night_file(name);
    return table == "signals" || table == "funnel";
}

// The books, and what is counted over months: they move from day to day, are in every version and make none.
constexpr bool moves_by_itself(std::string_view name) {
    auto table = table_of_night_file(name);
    return table == "balance" || table == "signals" || table == "funnel" || table == "trend";
}

}  // namespace pingjing
