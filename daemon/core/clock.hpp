// What time it is, given from outside. Nobody else asks the operating system: so a day can be replayed,
// and a whole gateway can run on virtual time.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pingjing {

using namespace std::chrono_literals;

// A moment in UTC, to the millisecond: what is stored, compared and shown.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;
using Millis = std::chrono::milliseconds;
// Never jumps; its origin means nothing. For time-outs, windows and pauses of the network.
using Steady = std::chrono::nanoseconds;

class Clock {
public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;       // the business timeline: delays, hours, windows, stored times
    virtual Steady steady() const = 0;     // the real one: network time-outs, TPS, keep-alive, backoff
    virtual double speed() const { return 1.0; }  // business seconds per real second
};

inline std::int64_t to_millis(Instant t) { return t.time_since_epoch().count(); }
inline Instant from_millis(std::int64_t ms) { return Instant(Millis(ms)); }

// RFC 3339 in UTC, "2026-11-21T02:02:11.000Z"; milliseconds are left out when they are zero.
std::string format_utc(Instant t);
// RFC 3339 with an offset ("…+08:00" or "Z"), fraction optional; nullopt for anything else, an absent offset included.
std::optional<Instant> parse_rfc3339(std::string_view text);

}  // namespace pingjing
