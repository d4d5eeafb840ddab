// 民情台账: what people complain of, by the findings of follow-ups: topic, place, unit, and what comes again. A complaint belongs to the day
// on which it was first found out, so a week that is over stays as it is: also where it is looked at again, and where its words turn out later to be
// no complaint. Those of which that was known by the end of the week are not in it.
//
// Who reads it. Leaders read sums, and none of fewer than `least` complaints: a topic and a unit with one complaint is a caller whom the
// whole station knows. Nor is one to be had by subtraction: where what is left out of a topic's sum would be less than that, the
// smallest unit shown is left out too. And they are of one whole week that is over: two periods that anybody may choose tell what they differ
// by. 督察 reads the cases and raw sums, but not of his own unit or of where he was.
#pragma once
#include <map>
#include <string>

#include "daemon/core/result.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::reports {

// The Monday and the Sunday of "2026-W48" (ISO 8601).
struct Week { std::string from{}, to{}; };
Result<Week> read_week(std::string_view week);
Week last_week_over(const std::string& today);

// How often the same again: within so many days before.
constexpr int again_days = 90;

// Of a request that complete() has completed. `seal` opens the places, which are compared and, with `cases`, shown; nullptr: none are.
Table register_report(store::Connection& db, const store::Seal* seal, const Names& names, const Rules& rules, const Request& request, const std::string& zone);

// By unit: how many complaints were found out in these days, and of how many the same caller or the same place had complained within
// the days before. Local days, both included.
struct Repeats { std::int64_t complaints = 0, again = 0; };
std::map<std::string, Repeats> repeats_by_unit(store::Connection& db, const store::Seal* seal, const std::string& from, const std::string& to, const std::string& zone);

}  // namespace pingjing::reports
