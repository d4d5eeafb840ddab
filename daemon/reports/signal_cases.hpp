// Single things that a case shows by itself: whose number it was, what was edited afterwards, what was settled by hand.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/reports/signal_shares.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::reports {

// One thing about one case; `heavy`: a warning already when it stands alone.
struct Thing { std::int64_t case_id = 0; std::string officer{}, unit{}, detail{}; bool heavy = false; };

// A number of the internal list called, or is named as the contact; heavy where the case was rated.
std::vector<Thing> staff_numbers(store::Connection& db, const Rules& rules, Instant from, Instant to);
// One number in many cases, repeated calls of one incident left out; heavy where many are one officer's.
std::vector<Thing> same_numbers(store::Connection& db, const Rules& rules, Instant from, Instant to);
// A 3, and a better answer to the same survey before anybody was to call back; by the day of the better one.
std::vector<Thing> three_then_better(store::Connection& db, Instant from, Instant to);
// A complaint dropped, a rating that a person made better: by its day.
std::vector<Thing> settled_by_hand(store::Connection& db, Instant from, Instant to);
// Reported before the end of the period, however long ago, and not closed since.
std::vector<Thing> open_cases(store::Connection& db, const Rules& rules, Instant to, Instant as_of);

// Of cases by the day of closing, in their order: what later versions of a record changed after it was closed, and surveys called off by an operator.
struct Changes { std::vector<Thing> recoded{}, numbers{}, called_off{}; };
Changes changed_after_closing(store::Connection& db, const store::Seal* seal, Instant from, Instant to);

// By officer, or by station where none is known: a warning where one is heavy or there are `officer_cases` of them.
void add_things(std::vector<Signal>& out, std::vector<Behind>& details, std::string_view signal, const std::vector<Thing>& things, const Rules& rules);

}  // namespace pingjing::reports
