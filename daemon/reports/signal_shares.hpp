// Shares that somebody could push: how often cases are refused by a code that a person writes, how often people answer, and how soon.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/reports/signals.hpp"

namespace pingjing::reports {

// The cases behind the shares and the rates of one officer or station; what is counted of them is in `Watched`.
struct WatchedCases {
    std::vector<std::int64_t> chosen{}, rated{}, quick{}, dissatisfied{};
};
using CasesBy = std::map<std::pair<Level, std::string>, WatchedCases>;

CasesBy watch_period(store::Connection& db, const Period& period, const Rules& rules, Instant as_of);
// exclusion_share, response_high and quick_answers: who is above the rest. `cases`, where somebody asks for them, are of `now`.
void add_share_signals(std::vector<Signal>& out, const Figures& now, const Figures& before, const CasesBy& cases, const Rules& rules);

// Any share of counts, by the same rules: above the rest is a warning, beyond 99.8 % in both periods an alarm.
struct Watchable { Level level = Level::officer; std::string code{}, unit{}; std::int64_t count = 0, of = 0; std::vector<std::int64_t> cases{}; };
void add_shares(std::vector<Signal>& out, std::string_view signal, const std::vector<Watchable>& now, const std::vector<Watchable>& before, const Rules& rules);
// Officers and stations, each with what is to be watched of it.
std::vector<Watchable> watchables(const Figures& figures, const std::function<Watchable(Level, const std::string&, const Counted&)>& of);

}  // namespace pingjing::reports
