// `report desk`: emergencies of the period by unit, and how long until a person had them (domain.md §11).
#include <algorithm>
#include <map>

#include "daemon/core/local_time.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {
namespace {

struct Emergencies {
    std::int64_t raised = 0, received = 0, escalated = 0, reminders = 0, silent = 0;
    std::vector<std::int64_t> seconds{};  // until it was acknowledged, of those that were

    void add(const store::Statement& row) {
        ++raised;
        received += row.integer(2), escalated += row.integer(3), silent += row.integer(4), reminders += row.integer(6);
        if (!row.is_null(5)) seconds.push_back(std::max<std::int64_t>(0, row.integer(5) / 1000));
    }
    // The time within which that share of them had a person.
    Cell within(double share) {
        if (seconds.empty()) return {};
        std::sort(seconds.begin(), seconds.end());
        auto at = static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1) + 0.5);
        return seconds[at];
    }
    std::vector<Cell> row(Cell unit) {
        auto taken = static_cast<std::int64_t>(seconds.size());
        return {std::move(unit), raised, received, escalated, reminders, silent, taken, raised - taken, within(0.5), within(0.9), within(1)};
    }
};

}  // namespace

Table desk_report(store::Connection& db, const std::string& from, const std::string& to, const std::string& zone) {
    Table table;
    table.report = "desk", table.heading = "紧急报警", table.basis = "raised", table.from = from, table.to = to;
    table.columns = {{"unit", "单位", "unit"}, {"raised", "报警", "raised", Kind::count}, {"received", "送达", "received", Kind::count}, {"escalated", "升级", "escalated", Kind::count},
                     {"reminders", "催办", "reminders", Kind::count}, {"do_not_contact", "勿回电", "no call back", Kind::count}, {"acknowledged", "已接", "taken", Kind::count},
                     {"open", "未接", "open", Kind::count}, {"ack_median_seconds", "接警中位秒", "median s", Kind::count}, {"ack_p90_seconds", "九成秒", "90% s", Kind::count},
                     {"ack_longest_seconds", "最长秒", "longest s", Kind::count}};
    store::Statement rows(db, R"sql(
        SELECT a.id, c.unit, a.received_at IS NOT NULL, a.escalated_at IS NOT NULL, a.do_not_contact, a.acknowledged_at - a.at,
               (SELECT count(*) FROM alarm_reminders r WHERE r.alarm_id = a.id)
          FROM alarms a LEFT JOIN cases c ON c.id = a.case_id WHERE a.at >= ?1 AND a.at < ?2)sql");
    Emergencies force;
    std::map<std::string, Emergencies> units;  // "": of no case
    for (rows.bind(1, day_range(from, zone)->from).bind(2, day_range(to, zone)->to); rows.step();) {
        force.add(rows);
        units[rows.maybe_text(1).value_or("")].add(rows);
    }
    table.rows.push_back(force.row({}));
    for (auto& [unit, counted] : units)
        if (!unit.empty()) table.rows.push_back(counted.row(unit));
    table.footnotes = {"首行为全局,含无对应警情者 the first row is the force, those of no call included", "送达不等于已接 received is not taken: only a person's acknowledgement counts"};
    return table;
}

}  // namespace pingjing::reports
