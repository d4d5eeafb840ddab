#include "daemon/reports/queries.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/local_time.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/reports/assessment.hpp"
#include "daemon/reports/counting.hpp"
#include "daemon/reports/funnel.hpp"
#include "daemon/reports/own.hpp"
#include "daemon/reports/register.hpp"
#include "daemon/reports/response.hpp"
#include "daemon/reports/signals.hpp"
#include "daemon/reports/trend.hpp"
#include "daemon/reports/words.hpp"
#include "daemon/store/sqlite.hpp"
#include "daemon/store/watch.hpp"

namespace pingjing::reports {
namespace {

using store::Connection;
using store::Statement;

void note_recoded(Table& table, const Figures& figures) {
    if (figures.force.recoded_after == 0) return;
    std::string by_unit;
    for (const auto& [code, unit] : figures.units)
        if (unit.recoded_after > 0) by_unit += fmt::format("{}{} {}", by_unit.empty() ? "" : ", ", code, unit.recoded_after);
    table.footnotes.push_back(fmt::format("答复后改判警情类别 {} 件,评价暂不计入,待督察核定: {}", figures.force.recoded_after, by_unit));
    table.footnotes.push_back(fmt::format("{} answers are left out until inspection decides: their cases were re-coded after the survey.",
                                          figures.force.recoded_after));
}

void note_appealed(Table& table, const Figures& figures) {
    if (figures.force.left_out == 0 && figures.force.taken_out == 0) return;
    table.footnotes.push_back(fmt::format("申诉未决 {} 件评价暂不计入,申诉成立 {} 件已剔除(见 report appeals)。", figures.force.left_out, figures.force.taken_out));
    table.footnotes.push_back(fmt::format("{} ratings are left out until an appeal is decided, {} were taken out by upheld ones: report appeals.", figures.force.left_out, figures.force.taken_out));
}

std::int64_t number(Connection& db, const char* sql) {
    Statement read(db, sql);
    return read.step() ? read.integer(0) : 0;
}

std::map<std::string, std::int64_t> counts_by(Connection& db, const char* sql) {
    std::map<std::string, std::int64_t> counts;
    Statement read(db, sql);
    while (read.step()) counts[read.text(0)] = read.integer(1);
    return counts;
}

bool is_statistics(const std::string& report) {
    return report == "funnel" || report == "trend" || report == "response" || report == "assessment" || report == "signals";
}

}  // namespace

Table score_report(std::string_view report, const Figures& figures, const Names& names, const Rules& rules) {
    auto subjects = report == "officers" ? officers_of(figures, names) : report == "units" ? units_of(figures, names) : std::vector<Subject>{force_of(figures)};
    auto table = score_table(report, score(subjects, figures.force.tally, rules));
    note_recoded(table, figures);
    note_appealed(table, figures);
    return table;
}

Table exclusions_report(const Figures& figures) {
    auto table = exclusions_table();
    auto add = [&](Cell unit, const std::map<std::string, std::int64_t>& codes, std::int64_t cases) {
        for (const auto& [code, count] : codes)
            table.rows.push_back({unit, Word{code, code_words(code)}, count, static_cast<double>(count) / static_cast<double>(cases)});
    };
    std::map<std::string, std::int64_t> of_force;
    std::int64_t cases = 0;
    for (const auto& [unit, codes] : figures.excluded)
        for (const auto& [code, count] : codes) of_force[code] += count;
    for (const auto& [unit, count] : figures.cases) cases += count;
    add(std::monostate{}, of_force, cases);
    for (const auto& [unit, codes] : figures.excluded) add(unit, codes, figures.cases.at(unit));
    return table;
}

Table balance_report(Counting& counting) {
    auto& db = counting.db();
    store::Snapshot snapshot(db);
    std::map<std::string, std::int64_t> book;
    Statement rows(db, "SELECT coalesce(sum(received), 0), coalesce(sum(accepted), 0), coalesce(sum(updated), 0), coalesce(sum(unchanged), 0), "
                       "coalesce(sum(rejected), 0), coalesce(sum(excluded), 0) FROM intake_batches");
    rows.step();
    int column = 0;
    for (const char* name : {"rows_received", "accepted", "updated", "unchanged", "rejected", "rows_excluded"}) book[name] = rows.integer(column++);

    book["cases"] = number(db, "SELECT count(*) FROM cases");
    std::int64_t cancelled = 0, surveys = 0;
    for (const auto& [name, count] : counting.surveys()) {
        surveys += count;
        auto state = parse_message_state(name);
        switch (state ? standing_of(state) : Standing::surveyed) {
            case Standing::excluded: cancelled += count; break;
            case Standing::waiting: book["waiting"] += count; break;
            case Standing::surveyed:
                book["surveyed"] += count;
                book[!state ? "another" : name == "sending" || name == "accepted" ? "pending" : name] += count;  // another: the books must not hold
        }
    }
    book["excluded"] = book["cases"] - surveys + cancelled;  // a case has one survey at most, the schema sees to it

    book["inbound"] = number(db, "SELECT count(*) FROM inbound WHERE step = 'done'");
    for (const auto& [name, count] : counts_by(db, "SELECT class, count(*) FROM inbound WHERE step = 'done' GROUP BY class")) book[name] += count;
    book["alarms"] = number(db, "SELECT count(*) FROM alarms");

    auto sum = [&](std::initializer_list<const char*> names) {
        std::int64_t total = 0;
        for (const char* name : names) total += book[name];
        return total;
    };
    bool holds = book["rows_received"] == sum({"accepted", "updated", "unchanged", "rejected", "rows_excluded"}) &&
                 book["cases"] == sum({"excluded", "surveyed", "waiting"}) && book["excluded"] >= 0 &&
                 book["surveyed"] == sum({"delivered", "failed", "expired", "in_doubt", "unknown", "no_report", "pending"}) &&
                 book["inbound"] == sum({"rated", "repeated", "late", "ambiguous", "opt_out", "help", "none", "unmatched", "quarantined"});

    auto table = balance_table();
    std::vector<Cell> row;
    for (const auto& c : table.columns)
        if (c.name == "holds") row.emplace_back(holds);
        else row.emplace_back(book[c.name]);
    table.rows.push_back(std::move(row));
    table.footnotes = {"全部账目,不分日期。 The whole books, whatever the period."};
    for (const auto& doubt : store::read_doubts(db, store::DoubtOf::surveys))
        table.footnotes.push_back(fmt::format("{}: {} ({}) — {}", state_words(doubt.state), doubt.count, doubt.channel, hide_phones(doubt.why)));
    return table;
}

Table balance_report(Connection& db) {
    Rules rules;
    Counting counting(db, nullptr, rules, "UTC", {});
    return balance_report(counting);
}

Result<Request> complete(Request request, const Services& services, const std::string& zone, Instant as_of) {
    auto wrong = [](std::string_view field, std::string_view expected) {
        return fail(Error::Kind::invalid_input, fmt::format("{}: expected {}", field, expected));
    };
    const auto& reports = report_names();
    if (std::ranges::find(reports, request.report) == reports.end()) return wrong("report", fmt::format("{} or {}", fmt::join(reports.begin(), reports.end() - 1, ", "), reports.back()));
    if (!services.find(request.service)) {
        std::string names;
        for (std::size_t n = 0; n < services.size(); ++n) names += (n == 0 ? "" : n + 1 == services.size() ? " or " : ", ") + services[n].name;
        return wrong("service", names);
    }
    if (request.service != "110" && (request.report == "balance" || request.report == "paths" || request.report == "desk" || request.report == "register" || request.report == "appeals")) return wrong("service", "none: this report is of all services together");
    bool weekly = request.report == "register";
    if (!weekly && !request.week.empty()) return wrong("week", "the report register with it");
    if (!weekly && request.report != "signals" && request.cases) return wrong("cases", "the report register or signals with it");
    if (!request.week.empty()) {
        if (!request.from.empty() || !request.to.empty()) return wrong("week", "either a week or days");
        auto week = read_week(request.week);
        if (!week) return tl::unexpected(week.error());
        request.from = week->from, request.to = week->to, request.week.clear();
    }
    bool sums = weekly && !request.raw && !request.cases;
    if (sums && request.from.empty() && request.to.empty()) {
        auto week = last_week_over(local_day(as_of, zone));
        request.from = week.from, request.to = week.to;
    }
    if (request.basis != "closed" && request.basis != "answered") return wrong("basis", "closed or answered");
    if (is_statistics(request.report) && request.basis != "closed") return wrong("basis", "closed, for this report");
    if (request.to.empty()) request.to = local_day(as_of, zone);
    if (!day_range(request.to, zone)) return wrong("to", "a day such as 2026-11-21");
    if (request.from.empty() && request.report == "trend") request.from = last_weeks(request.to).from;
    if (request.from.empty()) request.from = *days_later(request.to, weekly ? -6 : -29);
    if (!day_range(request.from, zone)) return wrong("from", "a day such as 2026-11-21");
    if (request.from > request.to) return wrong("from", fmt::format("a day not after {}", request.to));
    if (sums && (weekday_of(request.from) != 1 || days_later(request.from, 6) != request.to || request.to >= local_day(as_of, zone)))
        return wrong("from, to", "the Monday and the Sunday of one week that is over, or week with it; raw for other days");
    return request;
}

Result<Request> complete_for_leader(Request request, const Services& services, const std::string& zone, Instant as_of, Millis answers_until) {
    bool ratings = request.report == "units" || request.report == "force" || request.report == "appeals" || request.report == "response" || request.report == "assessment";
    if (!ratings) return complete(std::move(request), services, zone, as_of);
    auto first_of = [](const std::string& day) { return day.substr(0, 8) + "01"; };
    // The month before the one in which answers may still come.
    auto settled = *days_later(first_of(local_day(as_of - answers_until, zone)), -1);
    if (request.from.empty() && request.to.empty()) request.from = first_of(settled), request.to = settled;
    auto whole = complete(std::move(request), services, zone, as_of);
    if (!whole) return whole;
    auto next = *days_later(whole->to, 1);
    bool one_month = whole->from == first_of(whole->from) && whole->from == first_of(whole->to) && next == first_of(next);
    if (!one_month || whole->to > settled)
        return fail(Error::Kind::invalid_input, fmt::format("from, to: expected the first and the last day of one month, {} or before", settled.substr(0, 7)));
    return whole;
}

namespace {

// Those that stand on the scores of a period and are no table of A5.
Table statistics_table(Counting& counting, const Names& names, const Request& request) {
    auto& db = counting.db();
    const auto& rules = counting.rules();
    const auto& zone = counting.zone();
    auto as_of = counting.as_of();
    auto service = *rules.services.find(request.service);
    auto start = [&](const std::string& day) { return day_range(day, zone)->from; };
    Period period{start(request.from), day_range(request.to, zone)->to, false, service};
    if (request.report == "signals") return signals_report(counting, names, request);
    if (request.report == "trend") return trend_report(read_trends(counting, names, request.from, request.to, service));
    if (request.report == "assessment") period.answered_before = as_of - settled_after;
    if (request.report == "response") return response_report(count_period(db, period, rules, zone, as_of), read_responses(db, counting.seal(), period, rules.services, zone, as_of), names, rules);
    if (request.report == "assessment")
        return assessment_report(count_period(db, period, rules, zone, as_of), followups_on_time(db, period.from, period.to, as_of), repeats_by_unit(db, counting.seal(), request.from, request.to, zone), names, rules);
    const auto& figures = counting.figures(period);
    const auto& before = counting.figures({start(request.from) - (period.to - period.from), period.from, false, service});
    auto table = funnel_report({figures, names, rules}, {before, names, rules}, rules);
    // Who reads it is not warned of himself or of his unit.
    auto is_own = [&](const std::string& code) { return (!request.badge.empty() && code == request.badge) || (!request.unit.empty() && code == request.unit); };
    std::erase_if(table.rows, [&](const std::vector<Cell>& row) {
        const auto* code = std::get_if<std::string>(&row.at(1));
        return code && is_own(*code);
    });
    for (auto& chart : table.charts)
        if (auto* plot = std::get_if<FunnelChart>(&chart)) std::erase_if(plot->points, [&](const FunnelChart::Point& point) { return is_own(point.code); });
    return table;
}

}  // namespace

Table statistics_report(Counting& counting, const Names& names, const Request& request) {
    auto table = statistics_table(counting, names, request);
    table.from = request.from, table.to = request.to, table.basis = "closed";
    if (request.service != "110") table.footnotes.insert(table.footnotes.begin(), fmt::format("业务 service: {}", request.service));
    table.as_of = format_local(counting.as_of(), counting.zone());
    return table;
}

const std::vector<std::string>& report_names() {
    static const std::vector<std::string> names = {"officers", "units", "force", "balance", "exclusions", "paths", "desk", "appeals", "register", "funnel", "trend", "response", "assessment", "signals"};
    return names;
}

Result<Table> make_report(Connection& db, const Names& names, const Rules& rules, const Request& asked, const std::string& zone, Instant as_of,
                          const store::Seal* seal) {
    const auto& services = rules.services;
    auto request = complete(asked, services, zone, as_of);
    if (!request) return tl::unexpected(request.error());
    Table table;
    if (request->report == "balance") {
        Counting counting(db, seal, rules, zone, as_of);
        table = balance_report(counting);
    } else if (request->report == "paths") {
        table = paths_report(db, request->from, request->to);
        table.from = request->from, table.to = request->to, table.basis = "sent";
    } else if (request->report == "desk") {
        table = desk_report(db, request->from, request->to, zone);
    } else if (request->report == "register") {
        table = register_report(db, seal, names, rules, *request, zone);
    } else if (is_statistics(request->report)) {
        auto wanted = rules;
        Period days{day_range(request->from, zone)->from, day_range(request->to, zone)->to, false, *services.find(request->service)};
        wanted.raw = request->raw && !has_own_ratings(db, days, request->badge, request->unit);
        Counting counting(db, seal, wanted, zone, as_of);
        table = statistics_report(counting, names, *request);
    } else {
        bool scores = request->report != "exclusions";
        if (!scores) request->basis = "closed";
        auto wanted = rules;
        wanted.raw = request->raw;
        wanted.by_answer = request->basis == "answered";
        Period period{day_range(request->from, zone)->from, day_range(request->to, zone)->to, wanted.by_answer, *services.find(request->service)};
        bool own = wanted.raw && has_own_ratings(db, period, request->badge, request->unit);
        if (own) wanted.raw = false;
        auto figures = count_period(db, period, wanted, zone, as_of);
        table = request->report == "appeals" ? appeals_report(figures, names, wanted) : scores ? score_report(request->report, figures, names, wanted) : exclusions_report(figures);
        table.from = request->from, table.to = request->to, table.basis = request->basis;
        if (own) table.footnotes.push_back("期内有本人或本单位的评价,按公开口径显示 as everybody is shown it: some of these ratings are of the reader or his unit");
        if (period.service > 0) table.footnotes.insert(table.footnotes.begin(), fmt::format("业务 service: {} {}", services[period.service].title, request->service));
    }
    table.as_of = format_local(as_of, zone);
    return table;
}

}  // namespace pingjing::reports
