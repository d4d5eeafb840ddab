// Shares that somebody could push: how often cases are refused by a code that a person writes, how often people answer, and how soon.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/reports/signals.hpp"

namespace pingjing::reports {

// A code that stands in the record because somebody at the station wrote it there, not because of the number or the time.
bool is_chosen(std::string_view code);

struct Watched {
    std::int64_t closed = 0, delivered = 0;          // cases closed; surveys delivered whose window has ended
    std::vector<std::int64_t> chosen{};              // refused by a chosen code
    std::vector<std::int64_t> rated{};               // of `delivered`
    std::int64_t timed = 0;                          // ratings whose survey's time is known
    std::vector<std::int64_t> quick{};               // of those: sooner than anybody reads, thinks and types
    std::vector<std::int64_t> dissatisfied{};        // whose rating is
    std::string unit{};
};
using WatchedBy = std::map<std::pair<Level, std::string>, Watched>;  // officers and stations

WatchedBy watch_period(store::Connection& db, const Period& period, const Rules& rules, Instant as_of);
// exclusion_share, response_high and quick_answers: who is above the rest.
void add_share_signals(std::vector<Signal>& out, const WatchedBy& now, const WatchedBy& before, const Rules& rules);

// Any share of counts, by the same rules: above the rest is a warning, beyond 99.8 % in both periods an alarm.
struct Watchable { Level level = Level::officer; std::string code{}, unit{}; std::vector<std::int64_t> cases{}; std::int64_t of = 0; };
void add_shares(std::vector<Signal>& out, std::string_view signal, const std::vector<Watchable>& now, const std::vector<Watchable>& before, const Rules& rules);

}  // namespace pingjing::reports
