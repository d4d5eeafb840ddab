#include "daemon/reports/funnel.hpp"

#include <algorithm>

#include "daemon/stats/interval.hpp"

namespace pingjing::reports {
namespace {

Cell ratio_or_nothing(const std::optional<double>& value) { return value ? Cell(*value) : Cell(); }
Cell word_of(Funnel place) { return cell(std::optional(place)); }
double within_unit(double value) { return std::clamp(value, 0.0, 1.0); }

void add_interval(std::vector<Cell>& row, std::int64_t count, std::int64_t n, double z) {
    auto share = static_cast<double>(count) / static_cast<double>(n);
    auto interval = stats::wilson(share, n, z);
    row.insert(row.end(), {share, interval.low, interval.high});
}

void add_rates(std::vector<Cell>& row, const ReportRow& shown, const Tally& tally, const Rules& rules) {
    row.insert(row.end(), {ratio_or_nothing(shown.rate), ratio_or_nothing(shown.expected), shown.rate ? Cell(*shown.rate - *shown.expected) : Cell()});
    if (!shown.rate) {
        row.insert(row.end(), 11, Cell());
        return;
    }
    auto n = tally.n();
    add_interval(row, tally.satisfied, n, rules.z);
    add_interval(row, tally.satisfied + tally.basically_satisfied, n, rules.z);
    add_interval(row, tally.dissatisfied, n, rules.z);
    auto exact = stats::clopper_pearson(tally.dissatisfied, n, rules.exact_warn);
    row.insert(row.end(), {exact.low, exact.high});
}

void add_limits(std::vector<Cell>& row, const Comparison& level, const Subject& subject, const std::optional<Compared>& now, const std::optional<Compared>& before,
                const Rules& rules) {
    if (!now) {
        row.insert(row.end(), 14, Cell());
        return;
    }
    auto n = subject.tally.n();
    auto warn = level.limits(n, rules.funnel_z), alarm = level.limits(n, rules.funnel_alarm);
    auto counts = stats::counts_within(n, level.dissatisfied_share(), rules.exact_warn);
    bool mean_alarm = before && twice(now->alarm, before->alarm), dissatisfied_alarm = before && twice(now->dissatisfied_alarm, before->dissatisfied_alarm);
    row.insert(row.end(), {level.centre(), level.spread(), now->z, within_unit(warn.low), within_unit(warn.high), within_unit(alarm.low), within_unit(alarm.high),
                           word_of(now->warn), mean_alarm, counts.low, counts.high, now->tail, word_of(now->dissatisfied_warn), dissatisfied_alarm});
}

// Of one level: who may be compared and no others, each at its number of ratings.
FunnelChart chart_of(Level which, const char* title, const char* english, const std::vector<Subject>& subjects, const std::vector<ReportRow>& shown, const Comparison& level,
                     const Rules& rules) {
    FunnelChart chart;
    chart.title = title, chart.english = english;
    chart.centre = level.centre();
    auto of_one = level.limits(1, 1);
    chart.deviation = (of_one.high - of_one.low) / 2;
    chart.warn = rules.funnel_z, chart.alarm = rules.funnel_alarm, chart.least = rules.least.flags;
    for (std::size_t i = 0; i < subjects.size(); ++i)
        if (const auto& row = shown[i]; subjects[i].level == which && row.funnel && row.rate && row.code) chart.points.push_back({*row.code, row.name.value_or(""), row.n, *row.rate});
    return chart;
}

}  // namespace

PeriodCompared::PeriodCompared(const Figures& figures, const Names& names, const Rules& rules)
    : officers(officers_of(figures, names)), units(units_of(figures, names)), force(figures.force.tally) {
    levels.emplace(Level::officer, Comparison(officers, Level::officer, force, rules));
    for (auto level : {Level::station, Level::sub_bureau, Level::force}) levels.emplace(level, Comparison(units, level, force, rules));
}

std::optional<Compared> PeriodCompared::of(const Subject& subject) const {
    const auto& peers = subject.level == Level::officer ? officers : units;
    auto same = std::ranges::find_if(peers, [&](const Subject& peer) { return peer.level == subject.level && peer.code == subject.code; });
    return same == peers.end() ? std::nullopt : levels.at(subject.level).of(*same);
}

Table funnel_report(const PeriodCompared& now, const PeriodCompared& before, const Rules& rules) {
    Table table;
    table.report = "funnel", table.heading = "漏斗图";
    constexpr bool spreadsheet = false;
    table.columns = {{"level", "层级", "level"}, {"code", "代码", "code"}, {"name", "名称", "name"}, {"n", "评价数", "n", Kind::count}, {"rate", "满意率", "rate", Kind::ratio},
                     {"expected", "预期", "expected", Kind::ratio}, {"difference", "差", "diff.", Kind::ratio}, {"satisfied_share", "满意占比", "sat.", Kind::ratio, spreadsheet},
                     {"satisfied_low", "下限", "low", Kind::ratio, spreadsheet}, {"satisfied_high", "上限", "high", Kind::ratio, spreadsheet},
                     {"positive_share", "含基本", "positive", Kind::ratio, spreadsheet}, {"positive_low", "下限", "low", Kind::ratio, spreadsheet},
                     {"positive_high", "上限", "high", Kind::ratio, spreadsheet}, {"dissatisfied_share", "不满占比", "dissat.", Kind::ratio},
                     {"dissatisfied_low", "下限", "low", Kind::ratio, spreadsheet}, {"dissatisfied_high", "上限", "high", Kind::ratio, spreadsheet},
                     {"exact_low", "精确下限", "exact low", Kind::ratio}, {"exact_high", "精确上限", "exact high", Kind::ratio},
                     {"centre", "均值", "centre", Kind::ratio, spreadsheet}, {"spread", "离散", "phi", Kind::text, spreadsheet}, {"z", "z值", "z"},
                     {"warn_low", "95%下限", "95% low", Kind::ratio}, {"warn_high", "95%上限", "95% high", Kind::ratio}, {"alarm_low", "99.8%下限", "99.8% low", Kind::ratio, spreadsheet},
                     {"alarm_high", "99.8%上限", "99.8% high", Kind::ratio, spreadsheet}, {"funnel", "对比", "funnel"}, {"alarm", "警报", "alarm"},
                     {"dissatisfied_within_low", "不满应不少于", "d. at least", Kind::count, spreadsheet}, {"dissatisfied_within_high", "不满应不多于", "d. at most", Kind::count, spreadsheet},
                     {"dissatisfied_tail", "概率", "tail", Kind::text, spreadsheet}, {"dissatisfied_funnel", "不满对比", "dissat."}, {"dissatisfied_alarm", "不满警报", "alarm"},
                     {"note", "备注", "note"}};
    for (const auto* subjects : {&now.units, &now.officers}) {
        auto shown = score(*subjects, now.force, rules);
        auto add = [&](Level level, const char* title, const char* english) { table.charts.push_back(chart_of(level, title, english, *subjects, shown, now.of_level(level), rules)); };
        if (subjects == &now.officers) add(Level::officer, "民警满意率漏斗图", "funnel plot, officers");
        else add(Level::station, "派出所满意率漏斗图", "funnel plot, stations"), add(Level::sub_bureau, "分局满意率漏斗图", "funnel plot, sub-bureaus");
        for (std::size_t i = 0; i < subjects->size(); ++i) {
            const auto& subject = (*subjects)[i];
            auto text = [](const std::optional<std::string>& value) { return value ? Cell(*value) : Cell(); };
            std::vector<Cell> row{std::string(level_name(subject.level)), text(subject.code), text(subject.name), shown[i].n};
            add_rates(row, shown[i], subject.tally, rules);
            bool visible = shown[i].funnel.has_value();
            add_limits(row, now.of_level(subject.level), subject, visible ? now.of(subject) : std::nullopt, before.of(subject), rules);
            row.push_back(cell(shown[i].note));
            table.rows.push_back(std::move(row));
        }
    }
    table.footnotes = {"对比:95%界外为提示,仅供督察;警报:本期与上期均在99.8%界外同侧。不作排名。",
                       "funnel: outside 95% is a warning, for inspection alone; alarm: outside 99.8% in this period and the one before. Not a ranking."};
    return table;
}

}  // namespace pingjing::reports
