#include "daemon/reports/score.hpp"

#include <algorithm>
#include <tuple>

#include "daemon/reports/compare.hpp"
#include "daemon/stats/interval.hpp"
#include "daemon/stats/shrink.hpp"

namespace pingjing::reports {
namespace {

Note note_for(std::int64_t n, const Smallest& least) {
    return n < least.counts ? Note::under_5 : n < least.rates ? Note::under_10 : n < least.flags ? Note::small_sample : Note::none;
}

// A row under 5 could be had by subtracting its siblings from the row above, so a second one is withheld: the smallest,
// for it costs the reader least. A hidden row could also be had by adding up those below it: one of them goes too.
// The row above an officer stands in another report and counts as readable.
std::vector<bool> withheld(const std::vector<Subject>& subjects, const Smallest& least) {
    using Group = std::pair<Level, std::string>;
    std::map<Group, std::vector<std::size_t>> groups;
    std::map<std::string, std::size_t> sub_bureaus;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        const auto& subject = subjects[i];
        if (subject.level == Level::force) continue;
        groups[{subject.level, subject.parent.value_or("")}].push_back(i);
        if (subject.level == Level::sub_bureau && subject.code) sub_bureaus.emplace(*subject.code, i);
    }

    std::vector<bool> hidden(subjects.size()), second(subjects.size());
    for (std::size_t i = 0; i < subjects.size(); ++i) hidden[i] = subjects[i].tally.n() < least.counts;

    for (bool changed = true; changed;) {
        changed = false;
        for (const auto& [group, members] : groups) {
            auto above = sub_bureaus.find(group.second);
            bool above_hidden = group.first == Level::station && above != sub_bureaus.end() && hidden[above->second];
            auto hidden_with_ratings = std::count_if(members.begin(), members.end(), [&](std::size_t i) { return hidden[i] && subjects[i].tally.n() > 0; });
            bool derivable = above_hidden ? hidden_with_ratings == 0 : hidden_with_ratings == 1;
            if (!derivable) continue;

            auto cost = [&](std::size_t i) { return std::tuple(hidden[i], subjects[i].tally.n(), subjects[i].code.value_or(""), i); };
            auto smallest = *std::min_element(members.begin(), members.end(), [&](std::size_t a, std::size_t b) { return cost(a) < cost(b); });
            if (hidden[smallest]) continue;  // no sibling is left to withhold
            hidden[smallest] = second[smallest] = changed = true;
        }
    }
    return second;
}

ReportRow identity(const Subject& subject) {
    ReportRow row;
    row.code = subject.code;
    row.name = subject.name;
    row.parent = subject.parent;
    row.level = subject.level;
    row.n = subject.tally.n();
    return row;
}

void fill_counts(ReportRow& row, const Tally& tally, bool by_answer) {
    if (!by_answer) row.delivered = tally.delivered;
    row.answered = tally.answered;
    row.satisfied = tally.satisfied;
    row.basically_satisfied = tally.basically_satisfied;
    row.dissatisfied = tally.dissatisfied;
    row.unconfirmed = tally.unconfirmed;
    row.late = tally.late;
    row.ambiguous = tally.ambiguous;
}

void fill_rates(ReportRow& row, const Tally& tally, double prior, const Rules& rules) {
    if (!rules.by_answer && tally.ended_delivered > 0)
        row.response_rate = static_cast<double>(tally.ended_rated) / static_cast<double>(tally.ended_delivered);
    auto n = tally.n();
    if (n == 0) return;

    auto share = [n](std::int64_t count) { return static_cast<double>(count) / static_cast<double>(n); };
    row.rate = tally.mean();
    auto around_rate = stats::wilson(*row.rate, n, rules.z);
    row.wilson_low = around_rate.low;
    row.wilson_high = around_rate.high;
    row.satisfied_share = share(tally.satisfied);
    row.positive_share = share(tally.satisfied + tally.basically_satisfied);
    auto around_positive = stats::wilson(*row.positive_share, n, rules.z);
    row.positive_low = around_positive.low;
    row.positive_high = around_positive.high;
    row.dissatisfied_share = share(tally.dissatisfied);
    row.expected = tally.expected_sum / static_cast<double>(n);
    row.shrunk = stats::shrink(*row.expected, prior, tally.sum, n);
}

}  // namespace

double Weights::of(Grade grade) const {
    return grade == Grade::satisfied ? satisfied : grade == Grade::basically_satisfied ? basically_satisfied : dissatisfied;
}

std::optional<double> Tally::mean() const {
    if (n() == 0) return std::nullopt;
    return sum / static_cast<double>(n());
}

double Tally::variance() const {
    return stats::sample_variance(n(), sum, sum_of_squares);
}

void Tally::rate(Grade grade, const Weights& weights, std::int64_t times) {
    (grade == Grade::satisfied ? satisfied : grade == Grade::basically_satisfied ? basically_satisfied : dissatisfied) += times;
    auto x = weights.of(grade);
    sum += x * static_cast<double>(times);
    sum_of_squares += x * x * static_cast<double>(times);
}

Tally& Tally::operator+=(const Tally& other) {
    eligible += other.eligible;
    sent += other.sent;
    delivered += other.delivered;
    answered += other.answered;
    satisfied += other.satisfied;
    basically_satisfied += other.basically_satisfied;
    dissatisfied += other.dissatisfied;
    unconfirmed += other.unconfirmed;
    late += other.late;
    ambiguous += other.ambiguous;
    sum += other.sum;
    sum_of_squares += other.sum_of_squares;
    expected_sum += other.expected_sum;
    ended_delivered += other.ended_delivered;
    ended_rated += other.ended_rated;
    return *this;
}

stats::FunnelRules funnel_rules(const Rules& rules) {
    stats::FunnelRules out;
    out.warn = rules.funnel_z, out.alarm = rules.funnel_alarm, out.warn_tails = rules.exact_warn, out.alarm_tails = rules.exact_alarm;
    out.least_spread = rules.least.rates, out.least_groups = out.least_comparable = rules.least.comparable_rows, out.least_flag = rules.least.flags;
    return out;
}

std::string_view level_name(Level level) {
    constexpr std::string_view names[] = {"officer", "station", "sub_bureau", "force"};
    return names[static_cast<int>(level)];
}

std::string_view note_code(Note note) {
    constexpr std::string_view codes[] = {"", "n<5", "n<10", "small_sample", "withheld"};
    return codes[static_cast<int>(note)];
}

std::vector<ReportRow> score(const std::vector<Subject>& subjects, const Tally& force, const Rules& rules) {
    std::map<Level, Comparison> comparisons;
    std::map<Level, double> priors;
    for (auto level : {Level::officer, Level::station, Level::sub_bureau, Level::force}) {
        const auto& comparison = comparisons.emplace(level, Comparison(subjects, level, force, rules)).first->second;
        priors[level] = rules.prior ? *rules.prior : stats::prior_by_moments(comparison.groups(), force.variance(), rules.least.rates);
    }
    auto second = withheld(subjects, rules.least);

    std::vector<ReportRow> rows;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        const auto& subject = subjects[i];
        const auto& tally = subject.tally;
        auto row = identity(subject);
        if (!rules.by_answer) {
            row.eligible = tally.eligible;
            row.sent = tally.sent;
        }
        row.note = second[i] && !rules.raw ? Note::withheld : note_for(row.n, rules.least);
        if (rules.raw || (!second[i] && row.n >= rules.least.counts)) fill_counts(row, tally, rules.by_answer);
        if (rules.raw || (!second[i] && row.n >= rules.least.rates)) fill_rates(row, tally, priors[subject.level], rules);
        if (rules.raw || !second[i]) row.funnel = comparisons.at(subject.level).place(subject);
        rows.push_back(std::move(row));
    }
    return rows;
}

namespace {

template <class T> Cell cell(const std::optional<T>& value) {
    if (!value) return std::monostate{};
    return *value;
}

constexpr bool spreadsheet_only = false;

}  // namespace

Cell cell(const std::optional<Funnel>& funnel) {
    if (!funnel) return std::monostate{};
    switch (*funnel) {
        case Funnel::below: return Word{"below", "偏低"};
        case Funnel::above: return Word{"above", "偏高"};
        case Funnel::within: break;
    }
    return Word{"within", "正常"};
}

Cell cell(Note note) {
    constexpr std::string_view shown[] = {"", "不足5件", "不足10件", "样本不足", "隐去防推算"};
    return Word{std::string(note_code(note)), std::string(shown[static_cast<int>(note)])};
}

Table score_table(std::string_view report, const std::vector<ReportRow>& rows) {
    bool officers = report == "officers";
    Table table;
    table.report = report;
    table.heading = officers ? "民警满意率" : report == "units" ? "单位满意率" : "全局满意率";
    auto who = officers ? Column{"officer", "警号", "badge"} : Column{"unit", "单位代码", "unit"};
    table.columns = {
        who,
        {"name", "名称", "name"},
        {"parent", "上级", "parent", Kind::text, spreadsheet_only},
        {"level", "层级", "level", Kind::text, spreadsheet_only},
        {"eligible", "应评", "eligible", Kind::count},
        {"sent", "发送", "sent", Kind::count},
        {"delivered", "送达", "deliv.", Kind::count},
        {"answered", "答复", "answered", Kind::count, spreadsheet_only},
        {"satisfied", "满意", "sat.", Kind::count},
        {"basically_satisfied", "基本", "basic", Kind::count},
        {"dissatisfied", "不满意", "dissat.", Kind::count},
        {"unconfirmed", "待确认", "unconf.", Kind::count, spreadsheet_only},
        {"late", "逾期", "late", Kind::count, spreadsheet_only},
        {"ambiguous", "含糊", "ambig.", Kind::count, spreadsheet_only},
        {"n", "评价数", "n", Kind::count},
        {"rate", "满意率", "rate", Kind::ratio},
        {"wilson_low", "下限", "low", Kind::ratio},
        {"wilson_high", "上限", "high", Kind::ratio},
        {"satisfied_share", "满意占比", "sat.%", Kind::ratio, spreadsheet_only},
        {"positive_share", "含基本", "positive", Kind::ratio},
        {"positive_low", "含基本下限", "pos.low", Kind::ratio, spreadsheet_only},
        {"positive_high", "含基本上限", "pos.high", Kind::ratio, spreadsheet_only},
        {"dissatisfied_share", "不满占比", "dissat.%", Kind::ratio},
        {"shrunk", "稳健分", "shrunk", Kind::ratio},
        {"expected", "预期", "expected", Kind::ratio},
        {"funnel", "对比", "funnel"},
        {"response_rate", "参评率", "resp.", Kind::ratio},
        {"note", "备注", "note"},
    };
    for (const auto& row : rows)
        table.rows.push_back({
            cell(row.code), cell(row.name), cell(row.parent), std::string(level_name(row.level)), cell(row.eligible), cell(row.sent), cell(row.delivered),
            cell(row.answered), cell(row.satisfied), cell(row.basically_satisfied), cell(row.dissatisfied), cell(row.unconfirmed), cell(row.late),
            cell(row.ambiguous), row.n, cell(row.rate), cell(row.wilson_low), cell(row.wilson_high), cell(row.satisfied_share), cell(row.positive_share),
            cell(row.positive_low), cell(row.positive_high), cell(row.dissatisfied_share), cell(row.shrunk), cell(row.expected), cell(row.funnel),
            cell(row.response_rate), cell(row.note),
        });
    table.footnotes = {
        "满意率按权重计(默认 满意1 基本满意0.5 不满意0);上下限为95%区间;稳健分向同类警情(类别代码前两位、时段)的预期收缩;- 为样本太少不显示。对比为 -:不足30件评价,或可比者不足10个,或一成以上评价仅据文字、尚未经人确认。不作排名。",
        "rate is weighted (default 1, 0.5, 0) with its 95% interval; shrunk leans toward the score expected from the kind of work (first two characters of the category, time of day); "
        "- is not shown: too few. funnel -: fewer than 30 ratings, or fewer than 10 to compare, or more than a tenth from words alone that nobody has confirmed. Not a ranking.",
    };
    return table;
}

Table exclusions_table() {
    Table table;
    table.report = "exclusions";
    table.heading = "不予评价情况";
    table.columns = {{"unit", "单位代码", "unit"}, {"code", "原因", "code"}, {"count", "件数", "count", Kind::count}, {"share", "占比", "share", Kind::ratio}};
    return table;
}

Table balance_table() {
    Table table;
    table.report = "balance";
    table.heading = "收支平衡表";
    table.shape = Table::Shape::record;
    constexpr std::pair<const char*, const char*> counts[] = {
        {"rows_received", "收到记录"}, {"accepted", "新收"}, {"updated", "更新"}, {"unchanged", "重复"}, {"rejected", "退回"}, {"rows_excluded", "不评记录"},
        {"cases", "警情"}, {"excluded", "不予评价"}, {"surveyed", "已发问"}, {"waiting", "待发"},
        {"delivered", "送达"}, {"failed", "失败"}, {"expired", "过期"}, {"in_doubt", "存疑"}, {"unknown", "未知"}, {"no_report", "无回执"}, {"pending", "在途"},
        {"inbound", "收到短信"}, {"rated", "评价"}, {"repeated", "重复评价"}, {"late", "逾期"}, {"ambiguous", "含糊"}, {"opt_out", "退订"}, {"help", "求助说明"},
        {"none", "非评价"}, {"unmatched", "无对应"}, {"quarantined", "隔离"}, {"alarms", "紧急报警"},
    };
    for (auto [name, title] : counts) table.columns.push_back({name, title, name, Kind::count});
    table.columns.push_back({"holds", "平衡", "holds"});
    return table;
}

}  // namespace pingjing::reports
