#include "daemon/reports/public_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/core/files.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/core/night_files.hpp"
#include "daemon/reports/html.hpp"

namespace pingjing::reports {
namespace {

namespace fs = std::filesystem;

constexpr unsigned for_everybody = 0644;  // a web server reads it under another account

// True: it was another, or none.
bool replace_file(const fs::path& folder, const std::string& name, const std::string& bytes) {
    if (read_plain_file(folder / name, largest_night_file) == bytes) return false;
    auto hidden = folder / ("." + name + ".unfinished");
    write_new_file(hidden, bytes, for_everybody);
    fs::permissions(hidden, fs::perms{for_everybody});  // whatever the umask
    put_in_place(hidden, folder / name);
    return true;
}

}  // namespace

Months settled_year(const std::string& zone, Instant now, Millis answers_until) {
    auto month_of_answers = local_day(now - answers_until, zone).substr(0, 8) + "01";
    auto last = *days_later(month_of_answers, -1);
    // The same month of the year before begins with that month's own first day.
    auto year = std::stoi(month_of_answers.substr(0, 4)) - 1;
    return {fmt::format("{:04}{}", year, month_of_answers.substr(4)), last};
}

Table public_summary(store::Connection& db, const PublicWish& wish, Instant now) {
    auto months = settled_year(wish.zone, now, wish.answers_until);
    auto rules = wish.rules;
    rules.raw = rules.by_answer = false;
    // A unit that is not published counts as one of too few: so a second one goes with it where the first could be had by subtraction.
    rules.least.counts = rules.least.rates = std::max(wish.least, rules.least.rates);
    auto figures = count_period(db, {day_range(months.from, wish.zone)->from, day_range(months.to, wish.zone)->to, false, 0}, rules, wish.zone, now);
    Table table;
    table.report = "public", table.heading = "群众满意度", table.basis = "closed";
    table.from = months.from, table.to = months.to;
    table.columns = {{"unit", "单位代码", "unit"}, {"name", "名称", "name"}, {"level", "层级", "level", Kind::text, false}, {"n", "评价数", "ratings", Kind::count},
                     {"rate", "满意率", "rate", Kind::ratio}, {"wilson_low", "下限", "low", Kind::ratio}, {"wilson_high", "上限", "high", Kind::ratio},
                     {"satisfied_share", "满意占比", "satisfied", Kind::ratio}, {"positive_share", "含基本满意", "positive", Kind::ratio}, {"dissatisfied_share", "不满占比", "dissatisfied", Kind::ratio}};
    for (const auto& row : score(units_of(figures, wish.names), figures.force.tally, rules)) {
        if (!row.rate || row.n < wish.least) continue;
        auto text = [](const std::optional<std::string>& value) { return value ? Cell(*value) : Cell(); };
        table.rows.push_back({text(row.code), text(row.name), std::string(level_name(row.level)), row.n, *row.rate, *row.wilson_low, *row.wilson_high, *row.satisfied_share, *row.positive_share,
                              *row.dissatisfied_share});
    }
    table.footnotes = {fmt::format("由110报警人短信评价。满意率按权重计(满意{}、基本满意{}、不满意{}),上下限为95%区间。十二个月内不足{}件评价的单位不公布;不公布民警个人;按单位代码排列,不作排名。", wish.rules.weights.satisfied,
                                   wish.rules.weights.basically_satisfied, wish.rules.weights.dissatisfied, wish.least),
                       fmt::format("From callers' answers by SMS. Units with fewer than {} ratings in twelve months are not published, officers never. In the order of their codes: not a ranking.", wish.least)};
    return table;
}

bool publish(const fs::path& folder, const Table& summary) {
    if (fs::create_directories(folder)) fs::permissions(folder, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec);
    bool changed = replace_file(folder, "satisfaction.csv", render_csv(summary));
    changed = replace_file(folder, "satisfaction.json", render_json(summary)) || changed;
    return replace_file(folder, "satisfaction.html", render_html({summary})) || changed;
}

}  // namespace pingjing::reports
