// `report appeals`: by unit and for the force, what was appealed, how it ended, and the share of ratings that were taken out (剔除率).
#include <fmt/format.h>

#include <map>

#include "daemon/reports/queries.hpp"

namespace pingjing::reports {
namespace {

struct Sums {
    std::int64_t filed = 0, open = 0, overdue = 0, upheld = 0, not_upheld = 0, taken_back = 0, rated = 0, left_out = 0, taken_out = 0;
    Sums& operator+=(const Counted& c) {
        filed += c.filed, open += c.open, overdue += c.overdue, upheld += c.upheld, not_upheld += c.not_upheld, taken_back += c.taken_back;
        rated += c.tally.n() + c.left_out + c.taken_out, left_out += c.left_out, taken_out += c.taken_out;
        return *this;
    }
};

std::vector<Cell> row_of(Cell unit, Cell name, Level level, const Sums& s, const Rules& rules) {
    // As everywhere: of fewer than five ratings nobody sees which, and a share of fewer than ten says nothing.
    bool shows = rules.raw || s.rated >= rules.least.counts, rate = s.rated > 0 && (rules.raw || s.rated >= rules.least.rates);
    auto seen = [&](std::int64_t count) { return shows ? Cell(count) : Cell(); };
    // Whether an appealed call was rated at all is the caller's, too: of withdrawn ratings nothing is said before they are a whole step.
    bool steps = rules.raw || s.taken_out > 0;
    auto note = s.rated < rules.least.counts ? Note::under_5 : s.rated < rules.least.rates ? Note::under_10 : Note::none;
    return {unit, name, std::string(level_name(level)), s.filed, s.open, s.overdue, s.upheld, s.not_upheld, s.taken_back, seen(s.rated), rules.raw ? Cell(s.left_out) : Cell(), steps ? seen(s.taken_out) : Cell(),
            rate && steps ? Cell(static_cast<double>(s.taken_out) / static_cast<double>(s.rated)) : Cell(), std::string(note_code(note))};
}

}  // namespace

Table appeals_report(const Figures& figures, const Names& names, const Rules& rules) {
    Table table;
    table.report = "appeals", table.heading = "民警申诉";
    table.columns = {{"unit", "单位代码", "unit"}, {"name", "名称", "name"}, {"level", "层级", "level", Kind::text, false}, {"filed", "申诉", "filed", Kind::count},
                     {"open", "未决", "open", Kind::count}, {"overdue", "超期", "overdue", Kind::count}, {"upheld", "成立", "upheld", Kind::count},
                     {"not_upheld", "不成立", "not upheld", Kind::count}, {"withdrawn", "撤回", "withdrawn", Kind::count}, {"rated", "有效评价", "rated", Kind::count}, {"left_out", "暂不计入", "left out", Kind::count},
                     {"taken_out", "剔除", "taken out", Kind::count}, {"taken_out_share", "剔除率", "share", Kind::ratio}, {"note", "备注", "note"}};
    struct Row { Level level = Level::station; Sums sums{}; };
    std::map<std::string, Row> rows;
    for (const auto& [code, counted] : figures.units) {
        auto above = sub_bureau_of(code);
        if (!above.empty()) rows[above].level = Level::sub_bureau, rows[above].sums += counted;
        if (above != code) rows[code].sums += counted;
    }
    Sums force;
    force += figures.force;
    table.rows.push_back(row_of(Cell(), std::string("全局"), Level::force, force, rules));
    for (const auto& [code, row] : rows) {
        auto known = names.units.find(code);
        table.rows.push_back(row_of(code, known == names.units.end() ? Cell() : Cell(known->second), row.level, row.sums, rules));
    }
    table.footnotes = {"剔除率=申诉成立而剔除的评价/(计入+暂不计入+剔除)。按警情统计,申诉未必对应评价。",
                       "share: ratings that an upheld appeal took out, of all that would count. Appeals are counted by call, rated or not."};
    if (!rules.raw) {
        auto least = rules.least.counts;
        table.footnotes.push_back(fmt::format("未决申诉不影响公开报表;申诉成立、改判的评价每满{}件方剔除一次,以免由数字变化推知某件评价。", least));
        table.footnotes.push_back(fmt::format("Shown tables: open appeals change nothing, and what is taken out leaves {} at a time, so that no change tells what one call was rated.", least));
    }
    return table;
}

}  // namespace pingjing::reports
