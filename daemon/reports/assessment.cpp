#include "daemon/reports/assessment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/stats/assess.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {
namespace {

// The force under "", sub-bureaus as the sum of their stations.
template <class Sum, class Add> std::map<std::string, Sum> rolled_up(const std::map<std::string, Sum>& units, Add add) {
    std::map<std::string, Sum> out;
    for (const auto& [code, sum] : units) {
        auto above = sub_bureau_of(code);
        add(out[""], sum);
        if (!above.empty()) add(out[above], sum);
        if (above != code) add(out[code], sum);
    }
    return out;
}

double share(std::int64_t count, std::int64_t n) { return static_cast<double>(count) / static_cast<double>(n); }

// The four components of one unit. Of fewer than five follow-ups or complaints nothing is said.
struct Measured {
    std::optional<double> satisfaction{}, response{}, followup{}, repeats{};

    Measured(const ReportRow& shown, const OnTime& followups, const Repeats& complaints, const Rules& rules) {
        auto least = rules.raw ? 1 : rules.least.counts;
        satisfaction = shown.shrunk;
        if (shown.response_rate) response = std::min(1.0, *shown.response_rate / rules.assessment.response_target);
        if (followups.followups >= least) followup = share(followups.on_time, followups.followups);
        if (complaints.complaints >= least) repeats = 1 - share(complaints.again, complaints.complaints);
    }

    // Without satisfaction there is no assessment: the rest alone is not what it is called.
    std::optional<stats::Assessed> together(const Assessment& weights) const {
        if (!satisfaction) return std::nullopt;
        return stats::assess({{weights.satisfaction, satisfaction}, {weights.response, response}, {weights.followup, followup}, {weights.repeats, repeats}});
    }
};

}  // namespace

std::map<std::string, OnTime> followups_on_time(store::Connection& db, Instant from, Instant to, Instant as_of) {
    store::Statement rows(db, R"sql(
        SELECT coalesce(r.unit, c.unit), count(*), sum(coalesce(w.escalated, 0) = 0 AND (f.state = 'closed' OR f.due_at >= ?3))
          FROM followups f JOIN cases c ON c.id = f.case_id LEFT JOIN ratings r ON r.id = f.rating_id LEFT JOIN followup_work w ON w.followup_id = f.id
         WHERE f.opened_at >= ?1 AND f.opened_at < ?2
           AND (SELECT s.state FROM followup_steps s WHERE s.followup_id = f.id ORDER BY s.id DESC LIMIT 1) <> 'dropped' GROUP BY 1)sql");
    rows.bind(1, from).bind(2, to).bind(3, as_of);
    std::map<std::string, OnTime> out;
    while (rows.step()) out[rows.text(0)] = {rows.integer(1), rows.integer(2)};
    return out;
}

Table assessment_report(const Figures& figures, const std::map<std::string, OnTime>& followups, const std::map<std::string, Repeats>& repeats, const Names& names,
                        const Rules& rules) {
    Table table;
    table.report = "assessment", table.heading = "综合考评", table.basis = "closed";
    table.columns = {{"unit", "单位代码", "unit"}, {"name", "名称", "name"}, {"level", "层级", "level", Kind::text, false}, {"n", "评价数", "n", Kind::count},
                     {"satisfaction", "满意(稳健分)", "satisfied", Kind::ratio}, {"satisfaction_weight", "权重", "weight", Kind::text, false},
                     {"response", "参评", "response", Kind::ratio}, {"response_weight", "权重", "weight", Kind::text, false},
                     {"followup", "按期回访整改", "on time", Kind::ratio}, {"followup_weight", "权重", "weight", Kind::text, false},
                     {"repeats", "未重复投诉", "no repeats", Kind::ratio}, {"repeats_weight", "权重", "weight", Kind::text, false},
                     {"score", "综合", "score", Kind::ratio}, {"covered", "已计权重", "covered", Kind::ratio}, {"note", "备注", "note"}};
    auto on_time = rolled_up(followups, [](OnTime& into, const OnTime& sum) { into.followups += sum.followups, into.on_time += sum.on_time; });
    auto again = rolled_up(repeats, [](Repeats& into, const Repeats& sum) { into.complaints += sum.complaints, into.again += sum.again; });
    const auto& weights = rules.assessment;
    auto units = units_of(figures, names);
    auto shown = score(units, figures.force.tally, rules);
    for (std::size_t i = 0; i < units.size(); ++i) {
        auto code = units[i].code.value_or("");
        Measured parts(shown[i], on_time[code], again[code], rules);
        auto ratio = [](const std::optional<double>& value) { return value ? Cell(*value) : Cell(); };
        auto text = [](const std::optional<std::string>& value) { return value ? Cell(*value) : Cell(); };
        auto together = parts.together(weights);
        table.rows.push_back({text(units[i].code), text(units[i].name), std::string(level_name(units[i].level)), shown[i].n, ratio(parts.satisfaction), weights.satisfaction,
                              ratio(parts.response), weights.response, ratio(parts.followup), weights.followup, ratio(parts.repeats), weights.repeats,
                              together ? Cell(together->score) : Cell(), together ? Cell(together->covered) : Cell(), cell(shown[i].note)});
    }
    table.footnotes = {fmt::format("综合=各项×权重之和/已计权重(满意{} 参评{} 按期{} 未重复{});参评以{:.0f}%为满;缺项不计。只作考评参考之一,不作排名。", weights.satisfaction, weights.response,
                                   weights.followup, weights.repeats, weights.response_target * 100),
                       "score: the components by their weights, over those that there are; satisfaction is the shrunk score, response is full at its target. One input of an appraisal, not a ranking."};
    return table;
}

}  // namespace pingjing::reports
