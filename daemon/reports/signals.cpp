#include "daemon/reports/signals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "daemon/core/local_time.hpp"
#include "daemon/reports/counting.hpp"
#include "daemon/reports/funnel.hpp"
#include "daemon/reports/signal_cases.hpp"
#include "daemon/reports/signal_shares.hpp"
#include "daemon/reports/trend.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {
namespace {

using store::Connection;
using store::Statement;

constexpr std::size_t most_cases = 200;  // of one signal about one subject

// The period, and as many days before it.
struct Periods { Period now{}, before{}; };
Periods periods_of(const Request& request, const Rules& rules, const std::string& zone) {
    auto service = *rules.services.find(request.service);
    int days = 0;
    while (*days_later(request.from, days) <= request.to) ++days;
    auto start = [&](int later) { return day_range(*days_later(request.from, later), zone)->from; };
    return {{start(0), start(days), false, service}, {start(-days), start(0), false, service}};
}

// Ratings: the funnel of the mean and the exact limits of the dissatisfied. Outside 95 % is a warning, never more in one period.
void add_rating_signals(std::vector<Signal>& out, const PeriodCompared& now, const PeriodCompared& before) {
    for (const auto* subjects : {&now.units, &now.officers})
        for (const auto& subject : *subjects) {
            auto compared = now.of(subject);
            if (!compared) continue;
            auto earlier = before.of(subject);
            auto add = [&](std::string_view signal, Funnel warn, bool alarm, std::int64_t count, std::optional<std::int64_t> of, double share, double expected, std::optional<double> z) {
                if (warn == Funnel::within) return;
                auto unit = subject.level == Level::officer ? subject.parent.value_or("") : *subject.code;
                out.push_back({std::string(signal), subject.level, *subject.code, unit, alarm ? Severity::alarm : Severity::warn, count, of, share, expected, z, {}});
            };
            const auto& tally = subject.tally;
            auto mean = *tally.mean(), dissatisfied = static_cast<double>(tally.dissatisfied) / static_cast<double>(tally.n());
            const auto& level = now.of_level(subject.level);
            add(compared->warn == Funnel::below ? "rate_low" : "rate_high", compared->warn, earlier && twice(compared->alarm, earlier->alarm), tally.n(), std::nullopt, mean, level.centre(), compared->z);
            add(compared->dissatisfied_warn == Funnel::below ? "dissatisfied_few" : "dissatisfied_many", compared->dissatisfied_warn,
                earlier && twice(compared->dissatisfied_alarm, earlier->dissatisfied_alarm), tally.dissatisfied, tally.n(), dissatisfied, level.dissatisfied_share(), std::nullopt);
        }
}

// Of the newest week alone: what came before was told then.
void add_trend_signals(std::vector<Signal>& out, const std::vector<Trend>& trends, const std::string& sunday) {
    for (const auto& trend : trends) {
        const auto& last = trend.weeks.back();
        if (trend.subject.level == Level::force || last.to != sunday || !last.signal) continue;
        out.push_back({"trend", trend.subject.level, *trend.subject.code, *trend.subject.code, Severity::warn, last.row.dissatisfied.value_or(0), last.row.n, last.chart->share,
                       trend.centre, std::nullopt, {}});
    }
}

// Behind a rate stand the dissatisfied, or where it is too good all who rated.
void add_rated_cases(Signal& signal, const CasesBy& watched) {
    bool bad = signal.signal == "rate_low" || signal.signal == "dissatisfied_many" || signal.signal == "trend", good = signal.signal == "rate_high" || signal.signal == "dissatisfied_few";
    if (!bad && !good) return;
    for (const auto& [who, w] : watched) {
        bool his = who == std::pair(signal.level, signal.code);
        bool of_sub_bureau = signal.level == Level::sub_bureau && who.first == Level::station && (who.second == signal.code || sub_bureau_of(who.second) == signal.code);
        if (!his && !of_sub_bureau) continue;
        const auto& cases = bad ? w.dissatisfied : w.rated;
        signal.cases.insert(signal.cases.end(), cases.begin(), cases.end());
    }
    std::ranges::sort(signal.cases);
}

std::vector<Watchable> recoded_shares(const Figures& figures, const std::vector<Thing>& recoded) {
    std::map<std::pair<Level, std::string>, std::set<std::int64_t>> cases;
    for (const auto& one : recoded) {
        cases[{Level::station, one.unit}].insert(one.case_id);
        if (!one.officer.empty()) cases[{Level::officer, one.officer}].insert(one.case_id);
    }
    return watchables(figures, [&](Level level, const std::string& code, const Counted& counted) {
        const auto& his = cases[{level, code}];
        return Watchable{level, code, {}, static_cast<std::int64_t>(his.size()), counted.watched.closed, {his.begin(), his.end()}};
    });
}

bool is_about_reader(const Signal& signal, const Request& request) {
    if (!request.badge.empty() && signal.level == Level::officer && signal.code == request.badge) return true;
    return !request.unit.empty() && (signal.unit == request.unit || signal.code == request.unit);
}

// Nothing of a case at which the reader was, or of his unit.
struct Shown { std::string record{}, day{}, unit{}, officer{}; };
std::optional<Shown> show(Connection& db, std::int64_t id, const Request& request, const std::string& zone) {
    Statement find(db, R"sql(
        SELECT c.record, coalesce(c.closed_at, c.reported_at), c.unit, coalesce(c.officer, '') FROM cases c WHERE c.id = ?1
           AND NOT (?2 <> '' AND (coalesce(c.officer, '') = ?2 OR EXISTS (SELECT 1 FROM case_officers o WHERE o.case_id = c.id AND o.badge = ?2)
                                  OR EXISTS (SELECT 1 FROM ratings r WHERE r.case_id = c.id AND r.officer = ?2)))
           AND NOT (?3 <> '' AND (c.unit = ?3 OR EXISTS (SELECT 1 FROM ratings r WHERE r.case_id = c.id AND r.unit = ?3))))sql");
    if (!find.bind(1, id).bind(2, request.badge).bind(3, request.unit).step()) return std::nullopt;
    return Shown{find.text(0), local_day(find.instant(1), zone), find.text(2), find.text(3)};
}

Cell word_of(std::string_view signal) {
    auto known = std::ranges::find(signal_kinds(), signal, &SignalKind::name);
    return Word{std::string(signal), known == signal_kinds().end() ? std::string(signal) : std::string(known->chinese)};
}

Cell word_of(Severity severity) {
    constexpr std::string_view chinese[] = {"查看", "提示", "警报"};
    return Word{std::string(severity_name(severity)), std::string(chinese[static_cast<int>(severity)])};
}

Cell name_of(const Signal& signal, const Names& names) {
    if (signal.level == Level::officer) {
        auto known = names.officers.find(signal.code);
        return known == names.officers.end() || known->second.name.empty() ? Cell() : Cell(known->second.name);
    }
    auto name = name_of_unit(names, signal.code);
    return name ? Cell(*name) : Cell();
}

void fill_signals(Table& table, const Signals& signals, const Names& names) {
    table.columns = {{"signal", "信号", "signal"}, {"severity", "程度", "severity"}, {"level", "层级", "level", Kind::text, false}, {"code", "代码", "code"}, {"name", "名称", "name"},
                     {"unit", "单位代码", "unit"}, {"count", "件数", "count", Kind::count}, {"of", "总数", "of", Kind::count}, {"share", "占比", "share", Kind::ratio},
                     {"expected", "同类", "peers", Kind::ratio}, {"z", "z值", "z"}};
    auto ratio = [](const std::optional<double>& value) { return value ? Cell(*value) : Cell(); };
    for (const auto& s : signals.found)
        table.rows.push_back({word_of(s.signal), word_of(s.severity), std::string(level_name(s.level)), s.code, name_of(s, names), s.unit, s.count, s.of ? Cell(*s.of) : Cell(),
                              ratio(s.share), ratio(s.expected), ratio(s.z)});
}

void fill_cases(Table& table, Connection& db, const Signals& signals, const Request& request, const std::string& zone) {
    table.columns = {{"signal", "信号", "signal"}, {"severity", "程度", "severity"}, {"code", "代码", "code"}, {"case_id", "警情", "case"}, {"day", "日期", "day"}, {"unit", "单位代码", "unit"},
                     {"officer", "民警", "officer"}, {"detail", "情况", "detail"}};
    std::map<std::tuple<std::string, std::string, std::int64_t>, std::string> details;
    for (const auto& behind : signals.details) {
        auto& said = details[{behind.signal, behind.code, behind.case_id}];
        said += (said.empty() ? "" : "; ") + behind.detail;
    }
    for (const auto& s : signals.found) {
        auto newest = s.cases.size() > most_cases ? s.cases.end() - most_cases : s.cases.begin();
        for (auto id = newest; id != s.cases.end(); ++id) {
            auto shown = show(db, *id, request, zone);
            if (!shown) continue;
            auto detail = details.find({s.signal, s.code, *id});
            table.rows.push_back({word_of(s.signal), word_of(s.severity), s.code, shown->record, shown->day, shown->unit, shown->officer.empty() ? Cell() : Cell(shown->officer),
                                  detail == details.end() ? Cell() : Cell(detail->second)});
        }
    }
}

}  // namespace

std::string_view severity_name(Severity severity) {
    constexpr std::string_view names[] = {"look", "warn", "alarm"};
    return names[static_cast<int>(severity)];
}

const std::vector<SignalKind>& signal_kinds() {
    static const std::vector<SignalKind> all = {
        {"staff_number", "内部号码", "a number of the internal list called or is named as the contact: somebody may rate himself or a colleague"},
        {"one_number", "同一号码多件", "one number stands in many cases"},
        {"number_edited", "结警后改号码", "a number in the record was edited after closing"},
        {"quick_answers", "秒回", "answers come sooner than people read and type: on the caller's phone, or asked for on the spot"},
        {"response_high", "参评率异常高", "far more people answer than elsewhere"},
        {"exclusion_share", "不评占比高", "more cases than elsewhere are refused by a code that a person wrote"},
        {"recoded", "结警后改判", "a closed case was re-coded so that nobody is asked"},
        {"recoded_share", "改判占比高", "more closed cases than elsewhere were re-coded so"},
        {"three_then_better", "先差后好", "a 3, and then a better answer: the caller may have been pressed"},
        {"closed_by_hand", "人工了结", "a survey called off, a complaint dropped, or a rating made better by a person"},
        {"open_age", "久未结警", "a record that is never closed is never asked about"},
        {"rate_low", "满意率偏低", "below the funnel"},
        {"rate_high", "满意率偏高", "above the funnel: too good may be as telling"},
        {"dissatisfied_many", "不满偏多", "more dissatisfied than the exact limits"},
        {"dissatisfied_few", "不满偏少", "fewer dissatisfied than the exact limits"},
        {"trend", "走势突变", "the unit's own p-chart of the last weeks"},
    };
    return all;
}

Signals read_signals(Counting& counting, const Names& names, const Request& request) {
    auto& db = counting.db();
    const auto& rules = counting.rules();
    auto as_of = counting.as_of();
    auto periods = periods_of(request, rules, counting.zone());
    auto from = periods.now.from, to = periods.now.to;
    Signals out;
    auto things = [&](std::string_view signal, const std::vector<Thing>& all) { add_things(out.found, out.details, signal, all, rules); };
    auto changes = counting.changes(from, to);
    things("staff_number", staff_numbers(db, rules, from, to));
    things("one_number", same_numbers(db, rules, from, to));
    things("number_edited", changes.numbers);
    things("recoded", changes.recoded);
    things("three_then_better", three_then_better(db, from, to));
    auto by_hand = std::move(changes.called_off), settled = settled_by_hand(db, from, to);
    by_hand.insert(by_hand.end(), settled.begin(), settled.end());
    things("closed_by_hand", by_hand);
    things("open_age", open_cases(db, rules, to, as_of));

    const auto& now = counting.figures(periods.now);
    const auto& before = counting.figures(periods.before);
    auto cases = request.cases ? watch_period(db, periods.now, rules, as_of) : CasesBy();
    add_share_signals(out.found, now, before, cases, rules);
    add_shares(out.found, "recoded_share", recoded_shares(now, changes.recoded), recoded_shares(before, counting.changes(periods.before.from, from).recoded), rules);

    auto compare = [&](const Figures& figures) { return PeriodCompared(figures, names, rules); };
    add_rating_signals(out.found, compare(now), compare(before));
    auto weeks = last_weeks(request.to);
    add_trend_signals(out.found, read_trends(counting, names, weeks.from, weeks.to, periods.now.service), weeks.to);
    for (auto& signal : out.found) add_rated_cases(signal, cases);

    std::erase_if(out.found, [&](const Signal& signal) { return is_about_reader(signal, request); });
    auto order = [](const Signal& s) {
        auto kind = std::ranges::find(signal_kinds(), s.signal, &SignalKind::name);
        return std::tuple(-static_cast<int>(s.severity), kind - signal_kinds().begin(), -static_cast<int>(s.level), s.code);
    };
    std::ranges::stable_sort(out.found, [&](const Signal& a, const Signal& b) { return order(a) < order(b); });
    return out;
}

Signals read_signals(Connection& db, const store::Seal* seal, const Names& names, const Rules& rules, const Request& request, const std::string& zone, Instant as_of) {
    Counting counting(db, seal, rules, zone, as_of);
    return read_signals(counting, names, request);
}

Table signals_report(Counting& counting, const Names& names, const Request& request) {
    auto signals = read_signals(counting, names, request);
    Table table;
    table.report = "signals", table.heading = "廉洁风险信号", table.from = request.from, table.to = request.to, table.basis = "closed";
    if (request.cases) fill_cases(table, counting.db(), signals, request, counting.zone());
    else fill_signals(table, signals, names);
    table.footnotes = {"信号只是查看的理由,不是结论。查看:单件;提示:超出同类95%或同一民警多件;警报:本期与上期均超出99.8%。",
                       "a signal is a reason to look, not a finding. look: a single thing; warn: beyond 95% of peers, or several of one officer; alarm: beyond 99.8% in this period and the one before."};
    return table;
}

Table signals_report(Connection& db, const store::Seal* seal, const Names& names, const Rules& rules, const Request& request, const std::string& zone, Instant as_of) {
    Counting counting(db, seal, rules, zone, as_of);
    return signals_report(counting, names, request);
}

}  // namespace pingjing::reports
