// How much is under way and how long it has waited, as metrics for whoever scrapes us: what `pingjing status` tells a person.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/clock.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::watch {

struct Gauges {
    std::int64_t later = 0, due = 0, held = 0, sending = 0, in_doubt = 0;  // messages
    Millis oldest_due{}, oldest_in_doubt{};                                // 0: none
    std::int64_t texts = 0, emergencies = 0, followups = 0, letters = 0, reviews = 0;
};

// Works on any connection; every count by an index of what is open.
Gauges read_gauges(store::Connection& db, Instant now);
void say(const Gauges& gauges);
// Of the disk that the store is on.
void say_disk(const std::string& database);

}  // namespace pingjing::watch
