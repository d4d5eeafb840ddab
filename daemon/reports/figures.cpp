#include "daemon/reports/figures.hpp"

#include <algorithm>
#include <vector>

#include "daemon/core/local_time.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {
namespace {

using store::Connection;
using store::Statement;

// Cases read in one transaction: half a second, so that the WAL can shrink in between. The list of cases is made first, so
// that none is counted twice when it is closed again meanwhile.
constexpr std::size_t cases_a_slice = 50'000;

std::vector<std::int64_t> cases_of(Connection& db, const Period& period) {
    constexpr const char* by_closing = R"sql(
        SELECT id FROM cases WHERE closed_at >= ?1 AND closed_at < ?2
         UNION ALL
        SELECT id FROM cases WHERE closed_at IS NULL AND reported_at >= ?1 AND reported_at < ?2
         ORDER BY 1)sql";
    constexpr const char* by_answer = R"sql(
        SELECT case_id FROM ratings WHERE at >= ?1 AND at < ?2
         UNION
        SELECT case_id FROM inbound WHERE received_at >= ?1 AND received_at < ?2 AND case_id IS NOT NULL
         ORDER BY 1)sql";
    Statement list(db, period.by_answer ? by_answer : by_closing);
    list.bind(1, period.from).bind(2, period.to);
    std::vector<std::int64_t> ids;
    while (list.step()) ids.push_back(list.integer(0));
    return ids;
}

// A case with its survey, its standing rating and the newest text that was matched to it.
constexpr const char* case_sql = R"sql(
    SELECT c.unit, c.category, c.reported_at, c.closed_at, c.officer, c.kind, c.code, c.recoded_after,
           m.state, m.accepted_at, m.answer_until, m.code,
           r.grade, r.method, r.at, r.officer, r.unit,
           EXISTS (SELECT 1 FROM reviews v
                    WHERE v.case_id = c.id AND v.kind = 'words' AND v.closed_at IS NOT NULL AND v.decision = 'confirmed'
                      AND (v.inbound_id IS NULL OR r.inbound_id IS NULL OR v.inbound_id = r.inbound_id)),
           i.class, i.received_at
      FROM cases c
      LEFT JOIN messages m ON m.case_id = c.id AND m.purpose = 'survey'
      LEFT JOIN ratings r ON r.id = (SELECT max(id) FROM ratings WHERE case_id = c.id AND effect IN ('first', 'replaces'))
      LEFT JOIN inbound i ON i.id = (SELECT max(id) FROM inbound
                                      WHERE case_id = c.id AND step = 'done' AND class NOT IN ('unmatched', 'quarantined'))
     WHERE c.id = ?1)sql";

struct Rating {
    Grade grade = Grade::satisfied;
    bool from_words = false, confirmed = false;
    Instant at{};
    std::optional<std::string> officer{};
    std::string unit{};
};

struct CaseRow {
    explicit CaseRow(const Statement& row)
        : unit(row.text(0)), category(row.text(1).substr(0, 2)), reported_at(row.instant(2)), closed_at(row.maybe_instant(3)),
          officer(row.text(5) == "survey_unit" ? std::nullopt : row.maybe_text(4)), code(row.maybe_text(6)), recoded_after(row.integer(7) != 0),
          accepted_once(!row.is_null(9)), answer_until(row.maybe_instant(10)), newest_class(row.text(18)), newest_at(row.maybe_instant(19)) {
        if (!row.is_null(8)) survey = parse_message_state(row.text(8));
        if (!code) code = row.maybe_text(11);
        if (row.is_null(12)) return;
        auto method = row.text(13);
        rating = Rating{parse_grade(row.text(12)).value_or(Grade::satisfied), method == "words" || method == "emoji", row.integer(17) != 0,
                        row.instant(14), row.maybe_text(15), row.text(16)};
    }

    std::string unit, category;
    Instant reported_at;
    std::optional<Instant> closed_at;
    std::optional<std::string> officer, code;
    bool recoded_after;
    std::optional<MessageState> survey{};
    bool accepted_once;
    std::optional<Instant> answer_until;
    std::optional<Rating> rating{};
    std::string newest_class;
    std::optional<Instant> newest_at;

    bool is_of(const Period& period) const {
        auto day = !period.by_answer ? closed_at.value_or(reported_at) : rating ? rating->at : newest_at.value_or(Instant::min());
        return day >= period.from && day < period.to;
    }
};

class Count {
public:
    Count(Figures& figures, const Weights& weights, const std::string& zone, Instant as_of)
        : figures_(figures), weights_(weights), zone_(zone), as_of_(as_of) {}

    void add(const CaseRow& c) {
        auto standing = standing_of(c.survey);
        ++figures_.cases[c.unit];
        if (standing == Standing::excluded) ++figures_.excluded[c.unit][c.code.value_or("")];

        auto& officer = figures_.officers[c.rating ? c.rating->officer : c.officer];
        auto& unit = figures_.units[c.rating ? c.rating->unit : c.unit];
        officer.unit = c.rating ? c.rating->unit : c.unit;
        bool person_knows = c.rating && (!c.rating->from_words || c.rating->confirmed);
        add_to(officer, c, standing, person_knows);
        add_to(unit, c, standing, true);
        add_to(figures_.force, c, standing, true);
        if (c.rating && !c.recoded_after) figures_.mix.add(c.category, band(c), weights_.of(c.rating->grade), 1);
    }

private:
    int band(const CaseRow& c) const { return local_hour(c.reported_at, zone_) / 6; }

    // `rating_counts`: words alone count for an officer only when a person has read them too.
    void add_to(Counted& counted, const CaseRow& c, Standing standing, bool rating_counts) const {
        auto& tally = counted.tally;
        if (standing != Standing::excluded) ++tally.eligible;
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
        if (c.recoded_after) {
            ++counted.recoded_after;
            return;
        }
        tally.unconfirmed += c.rating->from_words && !c.rating->confirmed;
        if (!rating_counts) return;
        tally.rate(c.rating->grade, weights_);
        tally.ended_rated += ended;
        ++counted.rated[{c.category, band(c)}];
    }

    Figures& figures_;
    const Weights& weights_;
    const std::string& zone_;
    Instant as_of_;
};

void expect(Counted& counted, const CaseMix& mix) {
    for (const auto& [cell, n] : counted.rated) counted.tally.expected_sum += static_cast<double>(n) * mix.expected(cell.first, cell.second);
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

Figures count_period(Connection& db, const Period& period, const Rules& rules, const std::string& zone, Instant as_of) {
    auto ids = cases_of(db, period);
    Figures figures;
    figures.mix = CaseMix(rules.least.cell);
    Count count(figures, rules.weights, zone, as_of);
    for (std::size_t first = 0; first < ids.size(); first += cases_a_slice) {
        store::Snapshot snapshot(db);
        auto end = std::min(ids.size(), first + cases_a_slice);
        for (auto i = first; i < end; ++i) {
            Statement find(db, case_sql);
            if (!find.bind(1, ids[i]).step()) continue;
            CaseRow row(find);
            if (row.is_of(period)) count.add(row);
        }
    }
    for (auto& [badge, officer] : figures.officers) expect(officer, figures.mix);
    for (auto& [code, unit] : figures.units) expect(unit, figures.mix);
    expect(figures.force, figures.mix);
    return figures;
}

}  // namespace pingjing::reports
