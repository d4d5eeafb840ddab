// What was counted of a day as lines of text, so that a kept sum can be read by anybody, and back. Pure.
//
// A subject is one line, its kinds of work and what is listed of it one line each behind it; fields are parted by tabs, and a tab, a line's end or a
// percent sign in a code is written %09, %0A or %25:
//   officer BADGE, nobody, or unit CODE; then the unit of the last of these cases, and the numbers in the order of `numbers_of`
//   kind CATEGORY BAND ELIGIBLE SATISFIED BASICALLY DISSATISFIED
//   withdrawn CASE AT RECODED ENDED UNCONFIRMED GRADE CATEGORY BAND
//   due AT        of an open appeal
//   excluded UNIT CODE COUNT
//   cases UNIT COUNT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "daemon/reports/figures.hpp"
#include "daemon/reports/signal_cases.hpp"

namespace pingjing::reports {

// Of figures that are not finished.
std::string unit_lines(const Figures& figures);
std::string officer_lines(const Figures& figures);
// Adds either to figures that are not finished. False: these are no such lines, and what was added by then is of no use.
bool add_lines(Figures& sum, std::string_view lines);

// recoded, edited or called_off; CASE OFFICER UNIT. Without what was said of them.
std::string change_lines(const Changes& changes);
bool add_changes(Changes& sum, std::string_view lines);

}  // namespace pingjing::reports
