#include "daemon/reports/own.hpp"

#include <map>

#include "daemon/core/local_time.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {
namespace {

// As case_rows reads them: without those of which a person said that they are none, and of words only what a person confirmed.
// Appeals and re-coding change nothing here: a month that was shown with one rating more would tell him what that one was.
constexpr const char* own_sql = R"sql(
    SELECT r.case_id, r.grade, r.at,
           r.method = 'code' OR r.method = 'person' OR EXISTS (SELECT 1 FROM reviews v WHERE v.inbound_id = r.inbound_id AND v.kind = 'words' AND v.decision = 'confirmed')
      FROM ratings r JOIN cases c ON c.id = r.case_id
     WHERE r.officer = ?1 AND (r.effect = 'first' OR r.effect = 'replaces') AND c.kind NOT LIKE '%!_unit' ESCAPE '!'
       AND (r.method = 'code' OR r.method = 'person'
            OR NOT EXISTS (SELECT 1 FROM reviews v WHERE v.inbound_id = r.inbound_id AND v.kind = 'words' AND v.decision = 'none'))
     ORDER BY r.case_id, r.id)sql";

std::map<std::string, Tally> months_of(store::Connection& db, const Rules& rules, const std::string& badge, const std::string& zone, Instant as_of) {
    struct Standing { std::string grade{}; Instant at{}; bool counts = false; };
    std::map<std::int64_t, Standing> cases;  // the last one of each
    store::Statement rows(db, own_sql);
    for (rows.bind(1, badge); rows.step();) cases[rows.integer(0)] = {rows.text(1), rows.instant(2), rows.integer(3) != 0};
    auto month_of = [&](Instant t) { return local_day(t, zone).substr(0, 7); };
    auto this_month = month_of(as_of);
    std::map<std::string, Tally> months;
    for (const auto& [id, standing] : cases)
        if (auto month = month_of(standing.at); standing.counts && month < this_month) months[month].rate(parse_grade(standing.grade).value(), rules.weights);
    return months;
}

}  // namespace

Table own_report(store::Connection& db, const Rules& rules, const std::string& badge, const std::string& zone, Instant as_of) {
    Table table;
    table.report = "mine", table.heading = "本人评价", table.basis = "answered", table.as_of = format_local(as_of, zone);
    table.columns = {{"from", "自", "from"}, {"to", "至", "to"}, {"n", "评价数", "n", Kind::count}, {"satisfied", "满意", "satisfied", Kind::count},
                     {"basically_satisfied", "基本满意", "basically", Kind::count}, {"dissatisfied", "不满意", "dissatisfied", Kind::count}, {"rate", "满意率", "rate", Kind::ratio}, {"note", "说明", "note"}};
    Tally sum;
    std::string from;
    for (const auto& [month, tally] : months_of(db, rules, badge, zone, as_of)) {
        if (from.empty()) from = month;
        sum += tally;
        if (sum.n() < rules.least.counts) continue;
        bool rate = sum.n() >= rules.least.rates;
        auto note = note_code(!rate ? Note::under_10 : sum.n() < rules.least.flags ? Note::small_sample : Note::none);
        table.rows.push_back({from, month, sum.n(), sum.satisfied, sum.basically_satisfied, sum.dissatisfied, rate ? Cell(sum.mean().value()) : Cell(), std::string(note)});
        sum = Tally(), from.clear();
    }
    if (!table.rows.empty()) table.from = std::get<std::string>(table.rows.front()[0]), table.to = std::get<std::string>(table.rows.back()[1]);
    table.footnotes = {"已结束的月份;不足最低件数的月份并入下一行 months that are over; those with few ratings are together with the next"};
    return table;
}

bool has_own_ratings(store::Connection& db, const Period& period, const std::string& badge, const std::string& unit) {
    if (badge.empty() && unit.empty()) return false;
    constexpr const char* theirs = R"sql(
           AND ((?3 <> '' AND (c.officer = ?3 OR r.officer = ?3 OR c.call_taker = ?3 OR EXISTS (SELECT 1 FROM case_officers o WHERE o.case_id = c.id AND o.badge = ?3)))
                OR (?4 <> '' AND (c.unit = ?4 OR r.unit = ?4))) LIMIT 1)sql";
    store::Statement find(db, std::string(period.by_answer ? "SELECT 1 FROM ratings r JOIN cases c ON c.id = r.case_id WHERE r.at >= ?1 AND r.at < ?2"
                                                           : "SELECT 1 FROM cases c JOIN ratings r ON r.case_id = c.id WHERE c.closed_at >= ?1 AND c.closed_at < ?2") + theirs);
    return find.bind(1, period.from).bind(2, period.to).bind(3, badge).bind(4, unit).step();
}

}  // namespace pingjing::reports
