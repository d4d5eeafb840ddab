#include "daemon/watch/paths.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/local_time.hpp"
#include "daemon/core/number_plan.hpp"
#include "daemon/core/silence.hpp"

namespace pingjing::watch {
namespace {

using Texts = std::vector<store::PathText>;

// Replies or reports: the same question of another row.
struct Way {
    const char* name;
    const char* what;
    bool store::PathText::*came;
    std::int64_t store::PathCount::*seen;
    Millis after;
    double share;
};

std::string about_of(const store::Path& path) {
    if (path.second.empty()) return path.first;
    auto carrier = carrier_of(path.second);
    return fmt::format("{} {}{}{}", path.first, path.second, carrier.empty() ? "" : " ", carrier);
}

// `early`: what came before its time counts too. It says nothing of how many will come, but much of whether any can.
std::vector<bool> ripe(const Texts& texts, const Way& way, bool early, Instant now) {
    std::vector<bool> came;
    for (const auto& t : texts)
        if (now - t.claimed_at >= way.after || (early && t.*way.came)) came.push_back(t.*way.came);
    return came;
}

// Each channel as a whole, under the empty prefix.
std::map<store::Path, Texts> with_channels(const std::map<store::Path, Texts>& paths) {
    std::map<store::Path, Texts> out;
    for (const auto& [path, texts] : paths) {
        auto& whole = out[{path.first, ""}];
        whole.insert(whole.end(), texts.begin(), texts.end());
        if (!path.second.empty()) out[path] = texts;
    }
    for (auto& [path, texts] : out)
        if (path.second.empty()) std::sort(texts.begin(), texts.end(), [](const auto& a, const auto& b) { return a.claimed_at > b.claimed_at; });
    return out;
}

// One large group that is silent, sent in one go, looks like its whole channel. It is the channel where it is silent without any one of them.
bool silent_without_any(const std::map<store::Path, Texts>& paths, const std::string& channel, const Way& way, double share, double threshold, Instant now) {
    for (const auto& [left_out, texts] : paths) {
        if (left_out.first != channel) continue;
        auto others = paths;
        others.erase(left_out);
        auto rest = with_channels(others);
        auto whole = rest.find({channel, ""});
        if (whole == rest.end()) return true;  // there is no other
        if (!judge_silence(ripe(whole->second, way, false, now), share, threshold).silent) return false;
    }
    return true;
}

}  // namespace

void PathScan::take(const store::Path& path, const store::PathText& text) {
    if (text.claimed_at < day_begins_ || text.claimed_at >= day_ends_) {
        day_ = local_day(text.claimed_at, zone_);
        auto day = day_range(day_, zone_);
        day_begins_ = day->from, day_ends_ = day->to;
    }
    auto& count = days_[{path, day_}];
    ++count.sent, count.receipts += text.receipt, count.replies += text.reply;
    if (auto& newest = texts_[path]; newest.size() < most_texts) newest.push_back(text);
}

std::vector<Finding> silent_paths(const std::map<store::Path, Texts>& paths, const std::map<store::Path, store::PathCount>& history,
                                  const PathRules& rules, const Alarms& alarms, Instant now) {
    const Way ways[] = {{"replies_silent", "replies", &store::PathText::reply, &store::PathCount::replies, rules.replies_after, rules.reply_share},
                        {"receipts_silent", "reports", &store::PathText::receipt, &store::PathCount::receipts, rules.receipts_after, rules.receipt_share}};
    std::map<std::string, store::PathCount> channels;
    for (const auto& [path, count] : history) {
        auto& sum = channels[path.first];
        sum.sent += count.sent, sum.receipts += count.receipts, sum.replies += count.replies;
    }
    std::vector<Finding> findings;
    for (const auto& way : ways) {
        std::string silent_channel;
        for (const auto& [path, texts] : with_channels(paths)) {
            const auto& channel = channels[path.first];
            auto share = expected_share(channel.*way.seen, channel.sent, way.share);
            if (!path.second.empty()) {
                if (path.first == silent_channel) continue;
                auto own = history.find(path);
                share = own == history.end() ? share : expected_share(own->second.*way.seen, own->second.sent, share);
            }
            auto about = about_of(path);
            bool raised = alarms.is_raised(way.name, about);
            auto verdict = judge_silence(ripe(texts, way, false, now), share, rules.threshold);
            // A silence that is over still stands in the longer windows: the newest texts decide.
            bool lives = judge_silence(ripe(texts, way, true, now), share, rules.threshold).alive;
            if (lives || (!raised && !verdict.silent)) continue;
            if (path.second.empty() && !raised && !silent_without_any(paths, path.first, way, share, rules.threshold, now)) continue;
            if (path.second.empty()) silent_channel = path.first;
            findings.push_back({way.name, about, fmt::format("{} {} of the last {} texts, {:.0f} expected, probability {:.1e}", verdict.seen, way.what,
                                                             verdict.texts, verdict.expected, verdict.probability)});
        }
    }
    return findings;
}

}  // namespace pingjing::watch
