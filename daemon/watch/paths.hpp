// Reply-path health: for each channel, and for each channel and the first three digits of the number, whether replies and reports still
// come as they used to. A city once lost its callers' "3" because their numbers had been ported to another carrier, and nobody noticed.
#pragma once
#include <map>
#include <string>
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
// What stands in the store of each whole local day that was scanned, for keep_path_day().
DayCounts count_days(const std::map<store::Path, std::vector<store::PathText>>& paths, const std::string& zone);

// The paths that are silent. `history`: whole days before those of `texts`. One that is in `alarms` stays until its newest texts bring
// replies again. Where a whole channel is silent its groups are not named beside it. Pure.
std::vector<Finding> silent_paths(const std::map<store::Path, std::vector<store::PathText>>& texts, const std::map<store::Path, store::PathCount>& history,
                                  const PathRules& rules, const Alarms& alarms, Instant now);

}  // namespace pingjing::watch
