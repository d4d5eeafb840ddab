// What watches the service itself: its alarms as rows, what became of the surveys of each path, and what stands in doubt and why.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

// `about`: a channel, a path, or empty. Never a number or a text.
struct WatchAlarm {
    std::string name{}, about{}, detail{};
    Instant since{}, raised_at{};
    std::optional<Instant> told_at{}, cleared_at{};
};
std::vector<WatchAlarm> load_watch_alarms(Connection& db);
void keep_watch_alarm(Connection& db, const WatchAlarm& alarm);
void drop_watch_alarm(Connection& db, std::string_view name, std::string_view about);

// A channel and the first three digits of the number. Those whose number was erased have none, and belong to the channel alone.
using Path = std::pair<std::string, std::string>;

// A survey that reached a carrier, or may have.
struct PathText { Instant claimed_at{}; bool receipt = false, reply = false; };
// Those claimed in [from, until), newest first. Opens each number once: for a connection beside the one writer.
void read_paths(Connection& db, const Seal& seal, Instant from, Instant until, const std::function<void(const Path&, const PathText&)>& take);

struct PathCount { std::int64_t sent = 0, receipts = 0, replies = 0; };
// What was kept of whole days, summed; both days included.
std::map<Path, PathCount> path_counts(Connection& db, std::string_view from, std::string_view to);
void keep_path_day(Connection& db, const Path& path, std::string_view day, const PathCount& count);

// What the last look at everything (`verify`) said. `failure`: what does not hold, empty when all of it does.
struct LastVerification { Instant at{}; std::string failure{}; };
void keep_verification(Connection& db, const LastVerification& verification);
// The local day of which the nightly erasure was finished last; empty: never.
constexpr const char* erased_day_key = "erased_day";
std::string last_erased_day(Connection& db);
std::optional<LastVerification> last_verification(Connection& db);

// What came of carriers since then and could not be read or kept, by channel; of the newest thousand.
std::map<std::string, std::int64_t> count_quarantined(Connection& db, Instant since);
// When the first fact was written that no checkpoint signs; nullopt: all are signed.
std::optional<Instant> first_unsigned(Connection& db);

// Messages that may or may not have gone, by channel, state (in_doubt, unknown) and what the attempt ended with.
struct Doubt { std::string channel{}, state{}, why{}; std::int64_t count = 0; Instant oldest{}; };
enum class DoubtOf { all, surveys };
std::vector<Doubt> read_doubts(Connection& db, DoubtOf what = DoubtOf::all);

}  // namespace pingjing::store
