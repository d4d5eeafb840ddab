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

namespace pingjing::store { class Seal; }

namespace pingjing::reports {

// What people call officers and units, where a list says so. Others are kept and counted under their codes.
struct Names {
    struct Officer { std::string name{}, unit{}; };
    std::map<std::string, Officer> officers{};  // by badge
    std::map<std::string, std::string> units{};
};

struct Request {
    std::string report{};         // officers | units | force | balance | exclusions | paths | desk | appeals | register
    std::string from{}, to{};     // local days, inclusive; empty: the last 30, of the register 7
    std::string week{};           // register: instead of days, 2026-W48
    std::string basis = "closed";  // closed | answered
    std::string service = "110";  // the 110 call, or another by the name that the site gave it
    bool raw = false;             // shows what the smallest n would hide; the caller records the access
    bool cases = false;           // register: one row a complaint; likewise
    std::string badge{}, unit{};  // register: of who reads it, whose own cases are left out of those rows
};

// Fills in the days that were left open. invalid_input names the field at fault and what was expected.
Result<Request> complete(Request request, const Services& services, const std::string& zone, Instant as_of);

// invalid_input as above. The books and the exclusions know no day of answer, the books no day at all: they are whole.
// `seal` opens the places of the register, which are not compared without it.
Result<Table> make_report(store::Connection& db, const Names& names, const Rules& rules, const Request& request, const std::string& zone,
                          Instant as_of, const store::Seal* seal = nullptr);

// The steps of it, for whoever needs several tables of one counting.
Table score_report(std::string_view report, const Figures& figures, const Names& names, const Rules& rules);
Table exclusions_report(const Figures& figures);
Table appeals_report(const Figures& figures, const Names& names, const Rules& rules);
Table balance_report(store::Connection& db);
Table paths_report(store::Connection& db, const std::string& from, const std::string& to);  // days of sending
Table desk_report(store::Connection& db, const std::string& from, const std::string& to, const std::string& zone);  // days of the alarms

// 320102430000 → 320102000000; empty: no code of twelve digits, so nobody between it and the force.
std::string sub_bureau_of(std::string_view unit);

}  // namespace pingjing::reports
