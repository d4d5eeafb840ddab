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

class Count {
public:
    Count(Figures& figures, const Rules& rules, const std::string& zone, Instant as_of)
        : figures_(figures), weights_(rules.weights), zone_(zone), as_of_(as_of), raw_(rules.raw) {}

    void add(const CaseRow& c) {
        auto standing = standing_of(c.survey);
        band_ = local_hour(c.reported_at, zone_) / 6;
        ++figures_.cases[c.unit];
        if (standing == Standing::excluded) ++figures_.excluded[c.unit][c.code.value_or("")];

        auto& officer = figures_.officers[c.rating ? c.rating->officer : c.officer];
        auto& unit = figures_.units[c.rating ? c.rating->unit : c.unit];
        officer.unit = c.rating ? c.rating->unit : c.unit;
        bool person_knows = c.rating && (!c.rating->from_words || c.rating->confirmed);
        add_to(officer, c, standing, person_knows);
        add_to(unit, c, standing, true);
        add_to(figures_.force, c, standing, true);
        if (c.rating && !is_withdrawn(c) && !is_left_out(c)) figures_.mix.add(c.category, band_, weights_.of(c.rating->grade), 1);
    }

private:
    bool is_withdrawn(const CaseRow& c) const { return c.recoded_after || c.taken_out(); }
    bool is_left_out(const CaseRow& c) const { return raw_ && c.under_appeal(); }

    void add_appeal(Counted& counted, const CaseRow::Appeal& appeal) const {
        bool open = !is_settled(appeal.state);
        ++counted.filed;
        counted.open += open, counted.overdue += open && appeal.due_at < as_of_;
        counted.upheld += appeal.state == AppealState::upheld, counted.not_upheld += appeal.state == AppealState::not_upheld, counted.taken_back += appeal.state == AppealState::withdrawn;
    }

    // `rating_counts`: words alone count for an officer only when a person has read them too.
    void add_to(Counted& counted, const CaseRow& c, Standing standing, bool rating_counts) const {
        auto& tally = counted.tally;
        if (c.appeal) add_appeal(counted, *c.appeal);
        auto& work = counted.work[{c.category, band_}];
        bool eligible = standing != Standing::excluded;
        tally.eligible += eligible, work.eligible += eligible;
        bool delivered = c.survey == MessageState::delivered;
        bool ended = delivered && c.answer_until && *c.answer_until <= as_of_;
        tally.sent += c.survey && was_sent(*c.survey, c.accepted_once);
        tally.delivered += delivered;
        tally.ended_delivered += ended;
        tally.answered += !c.newest_class.empty();
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
        tally.rate(c.rating->grade, weights_);
        tally.ended_rated += ended;
        ++work.rated, work.sum += weights_.of(c.rating->grade);
    }

    Figures& figures_;
    const Weights& weights_;
    const std::string& zone_;
    Instant as_of_;
    bool raw_;
    int band_ = 0;  // of the case at hand: 00–06, 06–12, 12–18, 18–24 of the day it was reported
};

void put_back(Counted& counted, const Withdrawn& w, const Weights& weights) {
    --(w.recoded ? counted.recoded_after : counted.taken_out);
    counted.tally.unconfirmed += w.unconfirmed;
    counted.tally.rate(w.grade, weights);
    counted.tally.ended_rated += w.ended;
    auto& work = counted.work[w.kind];
    ++work.rated, work.sum += weights.of(w.grade);
}

// What does not fill a step stays in the row. Returns that.
std::vector<Withdrawn> leave_by_steps(Counted& counted, std::int64_t step, const Weights& weights) {
    auto& all = counted.withdrawn;
    std::ranges::sort(all, {}, [](const Withdrawn& w) { return std::tuple(w.at, w.case_id); });
    auto size = static_cast<std::int64_t>(all.size());
    std::vector<Withdrawn> stay(all.begin() + (size - size % std::max<std::int64_t>(step, 1)), all.end());
    for (const auto& w : stay) put_back(counted, w, weights);
    return stay;
}

void as_shown(Figures& figures, const Rules& rules) {
    for (auto& [badge, officer] : figures.officers) leave_by_steps(officer, rules.least.counts, rules.weights);
    for (auto& [code, unit] : figures.units)
        for (const auto& w : leave_by_steps(unit, rules.least.counts, rules.weights)) {
            put_back(figures.force, w, rules.weights);
            figures.mix.add(w.kind.first, w.kind.second, rules.weights.of(w.grade), 1);
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

Figures count_period(Connection& db, const Period& period, const Rules& rules, const std::string& zone, Instant as_of) {
    Figures figures;
    figures.mix = stats::CaseMix(rules.least.cell);
    Count count(figures, rules, zone, as_of);
    each_case(db, period, rules.services, [&](const CaseRow& c) { count.add(c); });
    if (!rules.raw) as_shown(figures, rules);
    for (auto& [badge, officer] : figures.officers) expect(officer, figures.mix);
    for (auto& [code, unit] : figures.units) expect(unit, figures.mix);
    expect(figures.force, figures.mix);
    return figures;
}

}  // namespace pingjing::reports
