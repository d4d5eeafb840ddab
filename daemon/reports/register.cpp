#include "daemon/reports/register.hpp"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <map>
#include <optional>
#include <vector>

#include "daemon/core/followup.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/store/followups.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {
namespace {

using store::Connection;
using store::Statement;

// One complaint, and whether something of it was there before.
struct Complaint {
    std::int64_t followup = 0;
    std::string record{}, unit{}, topic{}, finding{}, state{}, place{};
    std::optional<std::string> officer{};
    std::optional<std::int64_t> phone{};
    Instant found_at{};
    bool mine = false;  // of the reader's unit, or he was there
    bool again_caller = false, again_place = false, again_officer = false, again_topic = false;
};

// As people write a place: 栖霞路 12号 and 栖霞路12号 are one.
std::string plain_place(const std::string& place) {
    auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    utf8proc_uint8_t* mapped = nullptr;
    auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(place.data()), static_cast<utf8proc_ssize_t>(place.size()), &mapped, options);
    if (size < 0) return place;
    std::string out(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
    std::free(mapped);
    std::erase_if(out, [](char c) { return c == ' ' || c == '\t' || c == '-' || c == ',' || c == '.' || c == '#'; });
    return out;
}

// Attributed as the rating was: a record that names others since moves nothing. The record is looked up where the rating does not say it, and
// its name (of a complaint found since ?5) where it is shown: most complaints are here to be remembered when the next one comes.
constexpr const char* complaints_sql = R"sql(
    WITH found AS MATERIALIZED (SELECT v.followup_id AS id, min(v.at) AS at FROM followup_steps v
                                 WHERE v.state = 'verified' AND v.at > 0 AND v.at >= ?1 AND v.at < ?2 GROUP BY v.followup_id)
    SELECT f.id, CASE WHEN found.at >= ?5 THEN (SELECT c.record FROM cases c WHERE c.id = f.case_id) ELSE '' END,
           coalesce(r.unit, (SELECT c.unit FROM cases c WHERE c.id = f.case_id)),
           CASE WHEN r.id IS NULL THEN (SELECT c.officer FROM cases c WHERE c.id = f.case_id) ELSE r.officer END,
           coalesce((SELECT m.phone_id FROM messages m WHERE m.case_id = f.case_id AND m.purpose = 'survey' AND m.claimed_at IS NOT NULL LIMIT 1),
                    (SELECT c.phone_id FROM cases c WHERE c.id = f.case_id)),
           w.finding, coalesce(w.topic, ''), f.state, found.at,
           (?3 <> '' AND (r.officer = ?3 OR EXISTS (SELECT 1 FROM cases c WHERE c.id = f.case_id AND c.officer = ?3)
                          OR EXISTS (SELECT 1 FROM case_officers o WHERE o.case_id = f.case_id AND o.badge = ?3)))
               OR (?4 <> '' AND (r.unit = ?4 OR EXISTS (SELECT 1 FROM cases c WHERE c.id = f.case_id AND c.unit = ?4))),
           (SELECT CASE s.state WHEN 'dropped' THEN s.at END FROM followup_steps s
             WHERE s.followup_id = f.id AND (s.state = 'dropped' OR s.state = 'opened') ORDER BY s.id DESC LIMIT 1)
      FROM found JOIN followups f ON f.id = found.id JOIN followup_work w ON w.followup_id = f.id LEFT JOIN ratings r ON r.id = f.rating_id
     WHERE w.finding IS NOT NULL AND NOT EXISTS (SELECT 1 FROM followup_steps e WHERE e.followup_id = f.id AND e.state = 'verified' AND e.at < ?1)
     ORDER BY found.at, f.id)sql";

Instant end_of_week(Instant t, const std::string& zone) {
    auto day = local_day(t, zone);
    return day_range(*days_later(day, (7 - weekday_of(day).value()) % 7), zone)->to;
}

// Found in the period, and in the days before it in which one is remembered.
std::vector<Complaint> read_complaints(Connection& db, const store::Seal* seal, const Request& request, Instant from, Instant to, const std::string& zone) {
    Statement rows(db, complaints_sql);
    rows.bind(1, from - std::chrono::hours(24) * again_days).bind(2, to).bind(3, request.badge).bind(4, request.unit).bind(5, from);
    std::vector<Complaint> out;
    while (rows.step()) {
        if (!rows.is_null(10) && rows.instant(10) < end_of_week(rows.instant(8), zone)) continue;
        Complaint c;
        c.followup = rows.integer(0), c.record = rows.text(1), c.unit = rows.text(2), c.officer = rows.maybe_text(3), c.phone = rows.maybe_integer(4);
        c.finding = rows.text(5), c.topic = rows.text(6), c.state = rows.text(7), c.found_at = rows.instant(8), c.mine = rows.integer(9) != 0;
        if (seal) c.place = store::followup_words(db, *seal, c.followup).place;
        out.push_back(std::move(c));
    }
    return out;
}

// In the order of time: each against the last one before it.
void mark_repeats(std::vector<Complaint>& all) {
    std::map<std::string, Instant> last;
    auto seen = [&](const std::string& key, Instant at) {
        auto [entry, first] = last.try_emplace(key, at);
        bool again = !first && at - entry->second <= std::chrono::hours(24) * again_days;
        entry->second = at;
        return again;
    };
    for (auto& c : all) {
        if (c.phone) c.again_caller = seen(fmt::format("caller {}", *c.phone), c.found_at);
        if (auto place = plain_place(c.place); !place.empty()) c.again_place = seen(fmt::format("place {} {}", c.unit, place), c.found_at);
        if (c.officer) c.again_officer = seen("officer " + *c.officer, c.found_at);
        if (!c.topic.empty()) c.again_topic = seen(fmt::format("topic {} {}", c.unit, c.topic), c.found_at);
    }
}

struct Sum {
    std::int64_t n = 0, founded = 0, again_caller = 0, again_place = 0, again_officer = 0, again_topic = 0;
    void add(const Complaint& c) {
        ++n, founded += c.finding == "valid" || c.finding == "partly";
        again_caller += c.again_caller, again_place += c.again_place, again_officer += c.again_officer, again_topic += c.again_topic;
    }
};
using SumsByTopic = std::map<std::string, std::map<std::string, Sum>>;  // topic, unit; "": the force

// What may be read of one topic: see the head of register.hpp.
void withhold(std::map<std::string, Sum>& units, std::int64_t least) {
    auto force = units[""].n;
    std::int64_t left_out = 0;
    auto leave_out = [&](auto unit) {
        left_out += unit->second.n;
        return units.erase(unit);
    };
    for (auto unit = units.begin(); unit != units.end();) unit = !unit->first.empty() && unit->second.n < least ? leave_out(unit) : std::next(unit);
    while (left_out > 0 && left_out < least && units.size() > 1)
        leave_out(std::min_element(std::next(units.begin()), units.end(), [](const auto& a, const auto& b) { return a.second.n < b.second.n; }));
    if (force < least) units.clear();
}

std::string topic_name(std::string_view topic) {
    for (const auto& known : topics())
        if (known.name == topic) return std::string(known.chinese);
    return topic.empty() ? "未能联系" : std::string(topic);
}
Cell text_or_nothing(const std::string& text) { return text.empty() ? Cell() : Cell(text); }
Cell unit_name(const Names& names, const std::string& unit) {
    auto known = names.units.find(unit);
    return unit.empty() ? Cell(std::string("全局")) : known == names.units.end() ? Cell() : Cell(known->second);
}

Table sums_table(const std::vector<Complaint>& complaints, const Names& names, const Rules& rules, bool raw) {
    Table table;
    table.heading = "民情台账";
    table.columns = {{"unit", "单位", "unit"}, {"name", "名称", "name"}, {"rank", "位次", "rank", Kind::count}, {"topic", "问题", "topic", Kind::text, false},
                     {"topic_name", "问题", "topic"}, {"n", "件数", "n", Kind::count}, {"founded", "属实", "founded", Kind::count},
                     {"again_caller", "同一人再次", "caller again", Kind::count}, {"again_place", "同地再次", "place again", Kind::count},
                     {"again_officer", "同一民警再次", "officer again", Kind::count}, {"again_topic", "同单位同类再次", "topic again", Kind::count}};
    SumsByTopic sums;
    for (const auto& c : complaints)
        if (!raw || !c.mine) sums[c.topic][""].add(c), sums[c.topic][c.unit].add(c);
    struct Line { std::string unit, topic; Sum sum; };
    std::vector<Line> lines;
    for (auto& [topic, units] : sums) {
        if (!raw) withhold(units, rules.least.counts);
        for (const auto& [unit, sum] : units) lines.push_back({unit, topic, sum});
    }
    // The force first, then the units by their codes; of each what is complained of most. Of equals the order of the topics' names.
    std::ranges::sort(lines, [](const Line& a, const Line& b) { return std::tie(a.unit, b.sum.n, a.topic) < std::tie(b.unit, a.sum.n, b.topic); });
    std::int64_t rank = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto& [unit, topic, sum] = lines[i];
        rank = i > 0 && lines[i - 1].unit == unit ? rank + 1 : 1;
        table.rows.push_back({text_or_nothing(unit), unit_name(names, unit), rank, text_or_nothing(topic), topic_name(topic), sum.n, sum.founded, sum.again_caller, sum.again_place,
                              sum.again_officer, sum.again_topic});
    }
    table.footnotes = {fmt::format("按核查日;“再次”指此前{}天内已有 by the day of the finding; again: within the {} days before", again_days, again_days)};
    if (!raw) table.footnotes.push_back(fmt::format("不足{}件的不列出,亦不可由总数推出 sums under {} are left out, and cannot be had by subtraction", rules.least.counts, rules.least.counts));
    return table;
}

Table cases_table(const std::vector<Complaint>& complaints, const Names& names, const std::string& zone) {
    Table table;
    table.heading = "民情台账(逐件)";
    table.columns = {{"day", "核查日", "found"}, {"case_id", "警情", "case"}, {"followup", "回访", "follow-up", Kind::count}, {"unit", "单位", "unit"}, {"name", "名称", "name", Kind::text, false},
                     {"officer", "民警", "officer"}, {"topic", "问题", "topic", Kind::text, false}, {"topic_name", "问题", "topic"}, {"finding", "核查", "finding"}, {"place", "地点", "place"},
                     {"state", "状态", "state"}, {"again_caller", "同一人", "caller again"}, {"again_place", "同地", "place again"}, {"again_officer", "同一民警", "officer again"},
                     {"again_topic", "同单位同类", "topic again"}};
    for (const auto& c : complaints) {
        if (c.mine) continue;
        table.rows.push_back({local_day(c.found_at, zone), c.record, c.followup, c.unit, unit_name(names, c.unit), c.officer ? Cell(*c.officer) : Cell(), text_or_nothing(c.topic),
                              topic_name(c.topic), c.finding, text_or_nothing(c.place), c.state, c.again_caller, c.again_place, c.again_officer, c.again_topic});
    }
    return table;
}

std::optional<int> number_in(std::string_view text) {
    int value = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    return bad == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<Week> read_week(std::string_view week) {
    auto wrong = [] { return fail(Error::Kind::invalid_input, "week: expected one such as 2026-W48"); };
    if (week.size() != 8 || week.substr(4, 2) != "-W") return wrong();
    auto number = number_in(week.substr(6));
    auto january = fmt::format("{}-01-04", week.substr(0, 4));  // always in the first week
    auto weekday = weekday_of(january);
    if (!number || !weekday || *number < 1 || *number > 53) return wrong();
    Week out;
    out.from = *days_later(january, 7 * (*number - 1) - (*weekday + 6) % 7);
    out.to = *days_later(out.from, 6);
    if (days_later(out.from, 3)->substr(0, 4) != week.substr(0, 4)) return wrong();  // that year has no fifty-third
    return out;
}

std::map<std::string, Repeats> repeats_by_unit(Connection& db, const store::Seal* seal, const std::string& from, const std::string& to, const std::string& zone) {
    auto first = day_range(from, zone)->from;
    auto complaints = read_complaints(db, seal, Request(), first, day_range(to, zone)->to, zone);
    mark_repeats(complaints);
    std::map<std::string, Repeats> out;
    for (const auto& c : complaints) {
        if (c.found_at < first) continue;
        auto& unit = out[c.unit];
        ++unit.complaints, unit.again += c.again_caller || c.again_place;
    }
    return out;
}

Week last_week_over(const std::string& today) {
    Week out;
    auto weekday = weekday_of(today).value();  // 0 on Sunday, which is not over
    out.to = *days_later(today, weekday == 0 ? -7 : -weekday);
    out.from = *days_later(out.to, -6);
    return out;
}

Table register_report(Connection& db, const store::Seal* seal, const Names& names, const Rules& rules, const Request& request, const std::string& zone) {
    auto from = day_range(request.from, zone)->from, to = day_range(request.to, zone)->to;
    auto complaints = read_complaints(db, seal, request, from, to, zone);
    mark_repeats(complaints);
    std::erase_if(complaints, [&](const Complaint& c) { return c.found_at < from; });
    auto table = request.cases ? cases_table(complaints, names, zone) : sums_table(complaints, names, rules, request.raw);
    table.report = "register", table.from = request.from, table.to = request.to, table.basis = "found";
    return table;
}

}  // namespace pingjing::reports
