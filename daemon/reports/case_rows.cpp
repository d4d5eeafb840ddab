#include "daemon/reports/case_rows.hpp"

#include <algorithm>

namespace pingjing::reports {
namespace {

using store::Statement;

constexpr const char* cases_sql =
    "SELECT id, unit, category, reported_at, closed_at, officer, kind, code, recoded_after, source, call_taker, "
    "CASE WHEN recoded_after <> 0 THEN (SELECT min(l.at) FROM ledger l WHERE l.case_id = cases.id AND l.kind = 'recoded_after') END FROM cases WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
constexpr const char* surveys_sql = "SELECT case_id, state, accepted_at, answer_until, code, claimed_at, phone_id FROM messages WHERE case_id BETWEEN ?1 AND ?2 AND purpose = 'survey' ORDER BY case_id";
constexpr const char* ratings_sql =
    "SELECT case_id, grade, method, at, officer, unit, inbound_id, id FROM ratings WHERE case_id BETWEEN ?1 AND ?2 AND effect IN ('first', 'replaces') ORDER BY case_id, id";
constexpr const char* texts_sql =
    "SELECT case_id, class, received_at FROM inbound WHERE case_id BETWEEN ?1 AND ?2 AND step = 'done' AND class NOT IN ('unmatched', 'quarantined') ORDER BY case_id, id";
constexpr const char* decided_sql =
    "SELECT case_id, inbound_id, decision FROM reviews WHERE case_id BETWEEN ?1 AND ?2 AND kind = 'words' AND closed_at IS NOT NULL AND "
    "(decision = 'confirmed' OR decision = 'none') ORDER BY case_id";

constexpr const char* appeals_sql = R"sql(
    SELECT case_id, CASE WHEN w.at IS NULL THEN a.state ELSE 'withdrawn' END, a.due_at, a.rating_id, a.decided_at FROM appeals a LEFT JOIN appeal_withdrawals w ON w.appeal_id = a.id
     WHERE case_id BETWEEN ?1 AND ?2 ORDER BY case_id)sql";

void take_case(const Statement& row, CaseRow& into) {
    into = CaseRow();
    into.id = row.integer(0);
    into.unit = row.view(1);
    into.category = row.view(2).substr(0, 2);
    into.reported_at = row.instant(3);
    into.closed_at = row.maybe_instant(4);
    if (row.view(6).ends_with("_taker")) into.officer = row.view(10).empty() ? std::nullopt : row.maybe_text(10);
    else if (!row.view(6).ends_with("_unit")) into.officer = row.maybe_text(5);
    into.code = row.maybe_text(7);
    into.recoded_after = row.integer(8) != 0;
    into.source = row.view(9);
    into.attended = !row.is_null(5);
    into.recoded_at = row.maybe_instant(11).value_or(Instant{});
}

void take_survey(const Statement& row, CaseRow& into) {
    into.survey = parse_message_state(row.view(1));
    into.accepted_once = !row.is_null(2);
    into.asked_at = row.is_null(2) ? row.maybe_instant(5) : row.maybe_instant(2);
    into.answer_until = row.maybe_instant(3);
    into.asked_phone = row.integer(6);
    if (!into.code) into.code = row.maybe_text(4);
}

CaseRow::Rating rating_of(const Statement& row) {
    auto method = row.view(2);
    return {parse_grade(row.view(1)).value_or(Grade::satisfied), method == "words" || method == "emoji", false, row.instant(3), row.maybe_text(4), row.text(5)};
}

}  // namespace

CaseRows::OfCases::OfCases(store::Connection& db, const char* sql, std::int64_t first, std::int64_t last) : rows_(db, sql) {
    rows_.bind(1, first).bind(2, last);
    more_ = rows_.step();
}

CaseRows::CaseRows(store::Connection& db, std::int64_t first, std::int64_t last)
    : cases_(db, cases_sql), surveys_(db, surveys_sql, first, last), ratings_(db, ratings_sql, first, last), texts_(db, texts_sql, first, last),
      decided_(db, decided_sql, first, last), appeals_(db, appeals_sql, first, last) {
    cases_.bind(1, first).bind(2, last);
}

bool CaseRows::next(CaseRow& row) {
    if (!cases_.step()) return false;
    auto id = cases_.integer(0);
    take_case(cases_, row);
    surveys_.of(id, [&](const Statement& survey) { take_survey(survey, row); });
    words_.clear();
    decided_.of(id, [&](const Statement& review) { words_.push_back({review.maybe_integer(1), review.view(2) == "confirmed"}); });
    auto said = [&](const std::optional<std::int64_t>& text, bool confirmed) {
        return std::any_of(words_.begin(), words_.end(), [&](const Words& w) { return w.confirmed == confirmed && (!w.text || !text || w.text == text); });
    };
    std::int64_t standing = 0;
    ratings_.of(id, [&](const Statement& rating) {
        auto next = rating_of(rating);
        auto text = rating.maybe_integer(6);
        if (next.from_words && said(text, false)) return;  // it was none
        next.confirmed = said(text, true);
        row.rating = std::move(next);
        standing = rating.integer(7);
    });
    // What came after the decision was judged by nobody.
    appeals_.of(id, [&](const Statement& appeal) {
        auto state = parse_appeal_state(appeal.view(1)).value_or(AppealState::filed);
        row.appeal = CaseRow::Appeal{state, appeal.instant(2), appeal.maybe_instant(4).value_or(Instant{}), row.rating && state == AppealState::upheld && standing <= appeal.integer(3)};
    });
    texts_.of(id, [&](const Statement& text) { row.newest_class = text.view(1), row.newest_at = text.instant(2); });
    return true;
}

}  // namespace pingjing::reports
