// The five reports of design.md A5 and A6, and those of the paths and the appeals, from the rows of the store to a table. No clock: `as_of` says when it is.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"
#include "daemon/reports/figures.hpp"
#include "daemon/reports/render.hpp"
#include "daemon/reports/score.hpp"
#include "daemon/reports/subjects.hpp"

namespace pingjing::store { class Seal; }

namespace pingjing::reports {
class Counting;

struct Request {
    std::string report{};         // one of report_names()
    std::string from{}, to{};     // local days, inclusive; empty: the last 30, of the register the last week that is over, of the trend 12 whole weeks
    std::string week{};           // register: instead of days, 2026-W48
    std::string basis = "closed";  // closed | answered
    std::string service = "110";  // the 110 call, or another by the name that the site gave it
    bool raw = false;             // shows what the smallest n would hide; the caller records the access
    bool cases = false;           // register, signals: one row a case; likewise
    std::string badge{}, unit{};  // of who reads it: of his own cases he sees neither raw figures nor rows
};

const std::vector<std::string>& report_names();

// Fills in the days that were left open. invalid_input names the field at fault and what was expected. Of the register the sums are of one
// whole week that is over, for what two periods differ by is known to who may choose both; its raw sums and cases are of any days.
Result<Request> complete(Request request, const Services& services, const std::string& zone, Instant as_of);
// For whoever leads and no more, for the same reason: ratings of one whole month, when all answers to its calls have come.
Result<Request> complete_for_leader(Request request, const Services& services, const std::string& zone, Instant as_of, Millis answers_until);

// invalid_input as above. The books and the exclusions know no day of answer, the books no day at all: they are whole.
// `seal` opens the places of the register, which are not compared without it, and the numbers of `response` and `signals`.
Result<Table> make_report(store::Connection& db, const Names& names, const Rules& rules, const Request& request, const std::string& zone,
                          Instant as_of, const store::Seal* seal = nullptr);

// funnel, trend, response, assessment or signals, of a request that complete() has completed.
Table statistics_report(Counting& counting, const Names& names, const Request& request);
// The steps of the others, for whoever needs several tables of one counting.
Table score_report(std::string_view report, const Figures& figures, const Names& names, const Rules& rules);
Table exclusions_report(const Figures& figures);
Table appeals_report(const Figures& figures, const Names& names, const Rules& rules);
Table balance_report(Counting& counting);
Table balance_report(store::Connection& db);
Table paths_report(store::Connection& db, const std::string& from, const std::string& to);  // days of sending
Table desk_report(store::Connection& db, const std::string& from, const std::string& to, const std::string& zone);  // days of the alarms

}  // namespace pingjing::reports
