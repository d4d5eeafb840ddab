#include "daemon/reports/trend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "daemon/core/local_time.hpp"
#include "daemon/reports/counting.hpp"

namespace pingjing::reports {
namespace {

// 0 Monday … 6 Sunday.
int day_of_week(const std::string& day) { return (weekday_of(day).value() + 6) % 7; }

// What may be flagged: enough ratings, and not too many of them words that wait for a person.
bool may_flag(const Tally& tally, const Rules& rules) {
    return tally.n() >= rules.least.flags && static_cast<double>(tally.unconfirmed) <= rules.most_unconfirmed * static_cast<double>(tally.n());
}

void draw(Trend& trend, const std::vector<Tally>& tallies, const Rules& rules) {
    std::vector<stats::Share> shares;
    std::vector<std::size_t> where;
    for (std::size_t i = 0; i < trend.weeks.size(); ++i) {
        if (!trend.weeks[i].row.rate) continue;
        shares.push_back({tallies[i].dissatisfied, tallies[i].n()});
        where.push_back(i);
    }
    auto chart = stats::p_chart(shares);
    trend.centre = chart.centre;
    for (std::size_t i = 0; i < where.size(); ++i) {
        auto& week = trend.weeks[where[i]];
        week.chart = chart.points[i];
        week.signal = (week.chart->beyond && may_flag(tallies[where[i]], rules)) || week.chart->run;
    }
}

}  // namespace

std::string name_of_week(const std::string& monday) {
    auto year = days_later(monday, 3)->substr(0, 4);  // the year in which its Thursday lies
    auto january = year + "-01-04";                   // always in the first week
    auto first = *days_later(january, -day_of_week(january));
    int number = 1;
    for (; first < monday; first = *days_later(first, 7)) ++number;
    return fmt::format("{}-W{:02}", year, number);
}

Weeks last_weeks(const std::string& to) {
    auto sunday = *days_later(to, -(day_of_week(to) + 1) % 7);
    return {*days_later(sunday, 1 - 7 * trend_weeks), sunday};
}

std::vector<Trend> read_trends(Counting& counting, const Names& names, const std::string& from, const std::string& to, std::size_t service) {
    const auto& rules = counting.rules();
    const auto& zone = counting.zone();
    using Key = std::pair<std::string, int>;  // the force has no code, so it comes first
    std::map<Key, Trend> trends;
    std::map<Key, std::vector<Tally>> tallies;
    for (auto monday = *days_later(from, (7 - day_of_week(from)) % 7); *days_later(monday, 6) <= to; monday = *days_later(monday, 7)) {
        auto sunday = *days_later(monday, 6);
        if (day_range(sunday, zone)->to > counting.as_of()) break;  // it is not over
        auto figures = counting.unit_figures({day_range(monday, zone)->from, day_range(sunday, zone)->to, false, service});
        auto units = units_of(figures, names);
        auto rows = score(units, figures.force.tally, rules);
        for (std::size_t i = 0; i < units.size(); ++i) {
            Key key(units[i].code.value_or(""), static_cast<int>(units[i].level));
            trends[key].subject = units[i];
            trends[key].weeks.push_back({name_of_week(monday), monday, sunday, std::move(rows[i])});
            tallies[key].push_back(units[i].tally);
        }
    }
    std::vector<Trend> out;
    for (auto& [key, trend] : trends) {
        draw(trend, tallies.at(key), rules);
        out.push_back(std::move(trend));
    }
    return out;
}

namespace {

// A rate and its control chart beside each other; none of a unit of which no week may be shown.
void add_charts(Table& table, const Trend& trend) {
    auto who = trend.subject.name.value_or(trend.subject.code.value_or(""));
    if (trend.subject.code && trend.subject.name) who += " " + *trend.subject.code;
    RateChart rates{who + " 满意率走势", "rate by week", {}};
    ControlChart shares{who + " 不满占比控制图", "p-chart of the dissatisfied share", trend.centre, {}};
    for (const auto& week : trend.weeks) {
        const auto& row = week.row;
        ChartWeek rate{week.week, row.n, {}}, share{week.week, row.n, {}};
        if (row.rate) rate.value = ChartWeek::Value{*row.rate, *row.wilson_low, *row.wilson_high, ChartWeek::Mark::none};
        auto mark = !week.signal ? ChartWeek::Mark::none : week.chart->beyond ? ChartWeek::Mark::beyond : ChartWeek::Mark::run;
        if (week.chart) share.value = ChartWeek::Value{week.chart->share, week.chart->low, week.chart->high, mark};
        rates.weeks.push_back(std::move(rate)), shares.weeks.push_back(std::move(share));
    }
    bool anything = std::ranges::any_of(rates.weeks, [](const ChartWeek& week) { return week.value.has_value(); });
    if (anything) table.charts.emplace_back(std::move(rates)), table.charts.emplace_back(std::move(shares));
}

}  // namespace

Table trend_report(const std::vector<Trend>& trends) {
    Table table;
    table.report = "trend", table.heading = "每周走势", table.basis = "closed";
    table.columns = {{"unit", "单位代码", "unit"}, {"name", "名称", "name"}, {"level", "层级", "level", Kind::text, false}, {"week", "周", "week"},
                     {"from", "自", "from", Kind::text, false}, {"to", "至", "to", Kind::text, false}, {"n", "评价数", "n", Kind::count},
                     {"rate", "满意率", "rate", Kind::ratio}, {"dissatisfied_share", "不满占比", "dissat.", Kind::ratio}, {"centre", "中心", "centre", Kind::ratio},
                     {"low", "控制下限", "low", Kind::ratio}, {"high", "控制上限", "high", Kind::ratio}, {"signal", "提示", "signal"}, {"note", "备注", "note"}};
    for (const auto& trend : trends) {
        add_charts(table, trend);
        for (const auto& week : trend.weeks) {
            auto ratio = [](const std::optional<double>& value) { return value ? Cell(*value) : Cell(); };
            auto text = [](const std::optional<std::string>& value) { return value ? Cell(*value) : Cell(); };
            const auto& row = week.row;
            const auto& chart = week.chart;
            Cell signal;
            if (week.signal) signal = chart->beyond ? Word{"beyond", "超出控制限"} : Word{"run", "连续同侧"};
            table.rows.push_back({text(row.code), text(row.name), std::string(level_name(row.level)), week.week, week.from, week.to, row.n, ratio(row.rate), ratio(row.dissatisfied_share),
                                  chart ? Cell(trend.centre) : Cell(), chart ? Cell(chart->low) : Cell(), chart ? Cell(chart->high) : Cell(), signal, cell(row.note)});
        }
    }
    table.footnotes = {"不满占比的控制图:超出三倍标准差,或连续八周在同一侧。只与本单位自己比。",
                       "p-chart of the dissatisfied share: beyond three sigma, or eight weeks in a row on one side. A unit beside itself, not beside others."};
    return table;
}

}  // namespace pingjing::reports
