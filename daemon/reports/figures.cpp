#include "daemon/reports/figures.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include "daemon/core/local_time.hpp"
#include "daemon/reports/case_rows.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {
namespace {

using store::Connection;
using store::Statement;

// Read in one transaction: half a second, so that the WAL can shrink in between. Where the period's cases lie is found first, so that
// none is counted twice when it is closed again meanwhile.
constexpr std::int64_t cases_a_snapshot = 200'000;

// Cases by eights, one bit each: in eight neighbours there are rarely strangers, and those are passed over.
using Eights = std::vector<bool>;

Eights where_cases_lie(Connection& db, const Period& period) {
    constexpr const char* by_closing = R"sql(
        SELECT id FROM cases WHERE closed_at >= ?1 AND closed_at < ?2
         UNION ALL
        SELECT id FROM cases WHERE closed_at IS NULL AND reported_at >= ?1 AND reported_at < ?2)sql";
    constexpr const char* by_answer = R"sql(
        SELECT case_id FROM ratings WHERE at >= ?1 AND at < ?2
         UNION ALL
        SELECT case_id FROM inbound WHERE received_at >= ?1 AND received_at < ?2 AND case_id IS NOT NULL)sql";
    Statement list(db, period.by_answer ? by_answer : by_closing);
    list.bind(1, period.from).bind(2, period.to);
    Eights eights;
    while (list.step()) {
        auto eight = static_cast<std::size_t>(list.integer(0) / 8);
        if (eight >= eights.size()) eights.resize(eight + 1);
        eights[eight] = true;
    }
    return eights;
}

struct Stretch { std::int64_t first, last; };
std::vector<Stretch> stretches(const Eights& eights) {
    constexpr std::int64_t longest = 50'000;
    std::vector<Stretch> all;
    for (std::size_t i = 0; i < eights.size(); ++i) {
        if (!eights[i]) continue;
        auto first = static_cast<std::int64_t>(i) * 8, last = first + 7;
        if (!all.empty() && all.back().last + 1 == first && last - all.back().first < longest) all.back().last = last;
        else all.push_back({first, last});
    }
    return all;
}

bool is_of(const Period& period, const Services& services, const CaseRow& c) {
    if (services.of(c.source, c.attended) != period.service) return false;
    auto day = !period.by_answer ? c.closed_at.value_or(c.reported_at) : c.rating ? c.rating->at : c.newest_at.value_or(Instant::min());
    return day >= period.from && day < period.to;
}

void add_appeal(Counted& counted, const CaseRow::Appeal& appeal) {
    bool open = !is_settled(appeal.state);
    ++counted.filed;
    if (open) ++counted.open, counted.open_due.push_back(appeal.due_at);
    counted.upheld += appeal.state == AppealState::upheld, counted.not_upheld += appeal.state == AppealState::not_upheld, counted.taken_back += appeal.state == AppealState::withdrawn;
}

void rate(Counted& counted, Grade grade, const std::pair<std::string, int>& kind) {
    auto& tally = counted.tally;
    (grade == Grade::satisfied ? tally.satisfied : grade == Grade::basically_satisfied ? tally.basically_satisfied : tally.dissatisfied) += 1;
    auto& work = counted.work[kind];
    ++work.rated, ++work.grades[static_cast<std::size_t>(grade)];
}

void put_back(Counted& counted, const Withdrawn& w) {
    --(w.recoded ? counted.recoded_after : counted.taken_out);
    counted.tally.unconfirmed += w.unconfirmed;
    counted.tally.ended_rated += w.ended;
    rate(counted, w.grade, w.kind);
}

// What does not fill a step stays in the row.
void leave_by_steps(Counted& counted, std::int64_t step) {
    auto& all = counted.withdrawn;
    std::ranges::sort(all, {}, [](const Withdrawn& w) { return std::tuple(w.at, w.case_id); });
    auto size = static_cast<std::int64_t>(all.size());
    for (auto w = all.begin() + (size - size % std::max<std::int64_t>(step, 1)); w != all.end(); ++w) put_back(counted, *w);
}

void add_counted(Counted& sum, const Counted& more) {
    sum.tally += more.tally;
    for (const auto& [kind, work] : more.work) {
        auto& into = sum.work[kind];
        into.eligible += work.eligible, into.rated += work.rated;
        for (std::size_t i = 0; i < work.grades.size(); ++i) into.grades[i] += work.grades[i];
    }
    sum.recoded_after += more.recoded_after, sum.filed += more.filed, sum.open += more.open, sum.overdue += more.overdue, sum.upheld += more.upheld;
    sum.not_upheld += more.not_upheld, sum.taken_back += more.taken_back, sum.left_out += more.left_out, sum.taken_out += more.taken_out;
    sum.open_due.insert(sum.open_due.end(), more.open_due.begin(), more.open_due.end());
    sum.withdrawn.insert(sum.withdrawn.end(), more.withdrawn.begin(), more.withdrawn.end());
    auto& w = sum.watched;
    w.closed += more.watched.closed, w.chosen += more.watched.chosen, w.rated += more.watched.rated, w.timed += more.watched.timed, w.quick += more.watched.quick;
    if (more.last_case >= sum.last_case) sum.last_case = more.last_case, sum.unit = more.unit;
}

// From how many there are of each grade, not one by one: a sum of weights such as 0.6 depends on the order in its last digits.
void weigh(Counted& counted, const Weights& weights) {
    auto& tally = counted.tally;
    auto counts = std::array{tally.satisfied, tally.basically_satisfied, tally.dissatisfied};
    tally.satisfied = tally.basically_satisfied = tally.dissatisfied = 0, tally.sum = tally.sum_of_squares = 0;
    for (std::size_t i = 0; i < all_grades.size(); ++i) tally.rate(all_grades[i], weights, counts[i]);
    for (auto& [kind, work] : counted.work) {
        work.sum = 0;
        for (auto grade : all_grades) work.sum += weights.of(grade) * static_cast<double>(work.grades[static_cast<std::size_t>(grade)]);
    }
}

void expect(Counted& counted, const stats::CaseMix& mix) {
    for (const auto& [kind, work] : counted.work)
        if (work.rated > 0) counted.tally.expected_sum += static_cast<double>(work.rated) * mix.expected(kind.first, kind.second);
}

}  // namespace

Standing standing_of(std::optional<MessageState> survey) {
    if (!survey || *survey == MessageState::cancelled) return Standing::excluded;
    switch (*survey) {
        case MessageState::due: case MessageState::held: case MessageState::not_sent: return Standing::waiting;
        default: return Standing::surveyed;
    }
}

bool was_sent(MessageState survey, bool accepted_once) {
    using enum MessageState;
    switch (survey) {
        case accepted: case delivered: case expired: case no_report: case in_doubt: case unknown: return true;
        case failed: return accepted_once;
        case due: case held: case sending: case not_sent: case cancelled: return false;
    }
    return false;
}

void each_case(Connection& db, const Period& period, const Services& services, const std::function<void(const CaseRow&)>& take) {
    auto all = stretches(where_cases_lie(db, period));
    for (std::size_t next = 0; next < all.size();) {
        store::Snapshot snapshot(db);
        CaseRow row;
        for (std::int64_t read = 0; next < all.size() && read < cases_a_snapshot; read += all[next].last - all[next].first + 1, ++next) {
            CaseRows rows(db, all[next].first, all[next].last);
            while (rows.next(row)) {
                if (!is_of(period, services, row)) continue;
                if (period.answered_before && row.rating && row.rating->at >= *period.answered_before) row.rating.reset();
                take(row);
            }
        }
    }
}

bool is_chosen(std::string_view code) {
    constexpr std::string_view chosen[] = {"invalid", "duplicate", "dv", "sexual", "minor", "death_serious", "secret", "subject", "medical", "referred", "unsafe_flag"};
    return std::ranges::find(chosen, code) != std::end(chosen);
}

Count::Count(const Rules& rules, const std::string& zone, Instant as_of) : zone_(zone), as_of_(as_of), quick_(rules.signals.quick), raw_(rules.raw) {}

void Count::add(const CaseRow& c) {
    auto standing = standing_of(c.survey);
    band_ = local_hour(c.reported_at, zone_) / 6;
    ++figures_.cases[c.unit];
    if (standing == Standing::excluded) ++figures_.excluded[c.unit][c.code.value_or("")];

    auto& officer = figures_.officers[c.rating ? c.rating->officer : c.officer];
    auto& unit = figures_.units[c.rating ? c.rating->unit : c.unit];
    if (c.id >= officer.last_case) officer.last_case = c.id, officer.unit = c.rating ? c.rating->unit : c.unit;
    bool person_knows = c.rating && (!c.rating->from_words || c.rating->confirmed);
    add_to(officer, c, standing, person_knows, false);
    add_to(unit, c, standing, true, true);
}

bool Count::is_withdrawn(const CaseRow& c) const { return c.recoded_after || c.taken_out(); }
bool Count::is_left_out(const CaseRow& c) const { return raw_ && c.under_appeal(); }

// `rating_counts`: words alone count for an officer only when a person has read them too.
void Count::add_to(Counted& counted, const CaseRow& c, Standing standing, bool rating_counts, bool for_strata) const {
    auto& tally = counted.tally;
    if (c.appeal) add_appeal(counted, *c.appeal);
    bool eligible = standing != Standing::excluded;
    tally.eligible += eligible;
    if (for_strata) counted.work[{c.category, band_}].eligible += eligible;
    bool delivered = c.survey == MessageState::delivered;
    bool ended = delivered && c.answer_until && *c.answer_until <= as_of_;
    tally.sent += c.survey && was_sent(*c.survey, c.accepted_once);
    tally.delivered += delivered;
    tally.ended_delivered += ended;
    tally.answered += !c.newest_class.empty();
    watch(counted.watched, c, ended);
    if (!c.rating) {
        tally.late += c.newest_class == "late";
        tally.ambiguous += c.newest_class == "ambiguous";
        return;
    }
    bool unconfirmed = c.rating->from_words && !c.rating->confirmed;
    if (is_withdrawn(c) && (raw_ || rating_counts)) {
        ++(c.recoded_after ? counted.recoded_after : counted.taken_out);
        auto at = c.recoded_after ? c.recoded_at : c.appeal->decided_at;
        counted.withdrawn.push_back({at, c.id, c.recoded_after, ended, unconfirmed, c.rating->grade, {c.category, band_}});
        return;
    }
    if (is_left_out(c)) {
        ++counted.left_out;
        return;
    }
    tally.unconfirmed += unconfirmed;
    if (!rating_counts) return;
    tally.ended_rated += ended;
    rate(counted, c.rating->grade, {c.category, band_});
}

void Count::watch(Watched& watched, const CaseRow& c, bool ended) const {
    watched.closed += c.closed_at.has_value();
    watched.chosen += c.code && is_chosen(*c.code);
    watched.rated += ended && c.rating;
    if (!c.rating || !c.asked_at || c.rating->at < *c.asked_at) return;
    ++watched.timed;
    watched.quick += c.rating->at - *c.asked_at < quick_;
}

void add_figures(Figures& sum, const Figures& more) {
    for (const auto& [badge, officer] : more.officers) add_counted(sum.officers[badge], officer);
    for (const auto& [code, unit] : more.units) add_counted(sum.units[code], unit);
    for (const auto& [unit, codes] : more.excluded)
        for (const auto& [code, count] : codes) sum.excluded[unit][code] += count;
    for (const auto& [unit, count] : more.cases) sum.cases[unit] += count;
}

Figures finished(Figures figures, const Rules& rules, Instant as_of) {
    auto finish = [&](Counted& counted) {
        std::ranges::sort(counted.open_due);
        counted.overdue = std::ranges::count_if(counted.open_due, [&](Instant due) { return due < as_of; });
        if (!rules.raw) leave_by_steps(counted, rules.least.counts);
        weigh(counted, rules.weights);
    };
    for (auto& [badge, officer] : figures.officers) finish(officer);
    // The force is what its units are, and leaves out what they do.
    for (auto& [code, unit] : figures.units) finish(unit), add_counted(figures.force, unit);
    figures.force.withdrawn.clear(), figures.force.unit.clear();
    weigh(figures.force, rules.weights);
    figures.mix = stats::CaseMix(rules.least.cell);
    for (const auto& [kind, work] : figures.force.work)
        if (work.rated > 0) figures.mix.add(kind.first, kind.second, work.sum, work.rated);
    for (auto& [badge, officer] : figures.officers) expect(officer, figures.mix);
    for (auto& [code, unit] : figures.units) expect(unit, figures.mix);
    expect(figures.force, figures.mix);
    return figures;
}

Figures count_period(Connection& db, const Period& period, const Rules& rules, const std::string& zone, Instant as_of) {
    Count count(rules, zone, as_of);
    each_case(db, period, rules.services, [&](const CaseRow& c) { count.add(c); });
    return finished(count.take(), rules, as_of);
}

}  // namespace pingjing::reports
