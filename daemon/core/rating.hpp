// What a citizen says about the service, on the scale the survey offered.
#pragma once
#include <optional>
#include <string_view>

namespace pingjing {

enum class Scale { three_110, csat_5 };  // "110-3": 1 satisfied … 3 dissatisfied; "csat-5": 5 best … 1 worst

// The three grades everything is counted in, whatever scale was asked (domain.md §10).
enum class Grade { satisfied, basically_satisfied, dissatisfied };

constexpr std::string_view scale_name(Scale s) { return s == Scale::three_110 ? "110-3" : "csat-5"; }
std::optional<Scale> parse_scale(std::string_view name);

constexpr std::string_view grade_name(Grade g) {
    constexpr std::string_view names[] = {"satisfied", "basically_satisfied", "dissatisfied"};
    return names[static_cast<int>(g)];
}
std::optional<Grade> parse_grade(std::string_view name);

// csat-5 into grades: 4 and 5 satisfied, 3 basically, 1 and 2 dissatisfied.
constexpr Grade grade_of_csat(int value) {
    return value >= 4 ? Grade::satisfied : value == 3 ? Grade::basically_satisfied : Grade::dissatisfied;
}
constexpr bool worse(Grade a, Grade b) { return static_cast<int>(a) > static_cast<int>(b); }

}  // namespace pingjing
