// `report paths`: of each channel and group of numbers, how many surveys brought a report and how many a reply, by the kept sums of days.
#include "daemon/core/local_time.hpp"
#include "daemon/core/number_plan.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/store/canaries.hpp"
#include "daemon/store/watch.hpp"

namespace pingjing::reports {
namespace {
constexpr int canary_days = 30;  // an older one says nothing any more
}  // namespace

Table paths_report(store::Connection& db, const std::string& from, const std::string& to) {
    Table table;
    table.report = "paths", table.heading = "上行与回执通路";
    table.columns = {{"channel", "通道", "channel"}, {"prefix", "号段", "prefix"}, {"carrier", "号段归属", "carrier"},
                     {"sent", "发出", "sent", Kind::count}, {"receipts", "有回执", "reports", Kind::count}, {"receipt_share", "回执率", "", Kind::ratio},
                     {"replies", "有回复", "replies", Kind::count}, {"reply_share", "回复率", "", Kind::ratio}, {"expected", "应有回复", "expected", Kind::count}, {"canary_day", "通路测试", "test texts"}, {"canary_sent", "测试发出", "sent", Kind::count},
                     {"canary_receipts", "有回执", "reports", Kind::count}, {"canary_replies", "有回复", "answers", Kind::count}};
    auto counts = store::path_counts(db, from, to);
    auto canaries = store::newest_canaries(db, *days_later(to, -canary_days), Instant::max());
    for (const auto& [path, c] : canaries) counts[path];  // a group of which nobody was surveyed has its row, too
    std::map<std::string, store::PathCount> channels;
    for (const auto& [path, c] : counts) {
        auto& sum = channels[path.first];
        sum.sent += c.sent, sum.receipts += c.receipts, sum.replies += c.replies;
    }
    auto share = [](std::int64_t of, std::int64_t all) { return all > 0 ? Cell(static_cast<double>(of) / static_cast<double>(all)) : Cell(); };
    auto add = [&](const std::string& channel, Cell prefix, Cell carrier, const store::PathCount& c) {
        const auto& whole = channels[channel];
        // What the group would have brought if it were like its channel.
        Cell expected;
        if (whole.sent > 0) expected = (2 * c.sent * whole.replies + whole.sent) / (2 * whole.sent);
        std::vector<Cell> row{channel, prefix, carrier, c.sent, c.receipts, share(c.receipts, c.sent), c.replies, share(c.replies, c.sent), expected};
        const auto* group = std::get_if<std::string>(&prefix);
        auto last = group ? canaries.find({channel, *group}) : canaries.end();
        if (last == canaries.end()) row.insert(row.end(), 4, Cell());
        else row.insert(row.end(), {last->second.day, last->second.sent, last->second.reported, last->second.answered});
        table.rows.push_back(std::move(row));
    };
    for (const auto& [channel, whole] : channels) {
        add(channel, Cell(), Cell(), whole);
        for (const auto& [path, c] : counts)
            if (path.first == channel && !path.second.empty()) add(channel, path.second, std::string(carrier_of(path.second)), c);
    }
    table.footnotes = {"按号码前三位；携号转网的号码仍按原号段 by the first three digits, which a ported number keeps",
                       "最近几天的回复还会增加 the last days' replies are still coming in; refreshed every ten minutes by the daemon",
                       "通路测试:最近一次发给自愿民警的测试短信 test texts: the last day of them, to members of staff who agreed"};
    return table;
}

}  // namespace pingjing::reports
