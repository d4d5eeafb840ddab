// Reply-path health: for each channel, and for each channel and the first three digits of the number, whether replies and reports still
// come as they used to. A city once lost its callers' "3" because their numbers had been ported to another carrier, and nobody noticed.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store/watch.hpp"
#include "daemon/watch/alarms.hpp"

namespace pingjing::watch {

struct PathRules {
    std::string zone = "Asia/Shanghai";
    Millis replies_after = 12h, receipts_after = 2h;  // a text that is younger has not had its time
    double threshold = 1e-6;                          // of chance, below which it is none
    double reply_share = 0.05, receipt_share = 0.5;   // of a channel without a history
    int scan_days = 7, history_days = 28;
};

using DayCounts = std::map<std::pair<store::Path, std::string>, store::PathCount>;  // by path and local day

// What read_paths() shows, newest first: whole days are counted, for keep_path_day(), and of each path only its newest texts kept.
class PathScan {
public:
    static constexpr std::size_t most_texts = 5000;  // of a path: at one reply in twenty, 250 expected ones
    explicit PathScan(std::string zone) : zone_(std::move(zone)) {}
    void take(const store::Path& path, const store::PathText& text);
    const std::map<store::Path, std::vector<store::PathText>>& texts() const { return texts_; }
    const DayCounts& days() const { return days_; }

private:
    std::string zone_, day_{};
    Instant day_begins_{}, day_ends_{};
    std::map<store::Path, std::vector<store::PathText>> texts_{};
    DayCounts days_{};
};

// The paths that are silent. `history`: whole days before those of `texts`. One that is in `alarms` stays until its newest texts bring
// replies again. Where a whole channel is silent its groups are not named beside it. Pure.
std::vector<Finding> silent_paths(const std::map<store::Path, std::vector<store::PathText>>& texts, const std::map<store::Path, store::PathCount>& history,
                                  const PathRules& rules, const Alarms& alarms, Instant now);

}  // namespace pingjing::watch
