#include "daemon/reports/signal_cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <map>
#include <set>

#include "daemon/core/phone.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {
namespace {

namespace json = boost::json;
using store::Connection;
using store::Statement;

// Columns: case, officer, unit, detail.
Thing thing_of(const Statement& row, bool heavy = false) { return {row.integer(0), row.maybe_text(1).value_or(""), row.text(2), row.text(3), heavy}; }

std::vector<Thing> things_of(Statement& rows) {
    std::vector<Thing> out;
    while (rows.step()) out.push_back(thing_of(rows));
    return out;
}

// Every mobile number that stands alone in a field of the record, by the field's name: each 110 system has its own.
std::map<std::string, std::string> numbers_in(const std::string& record) {
    std::map<std::string, std::string> out;
    boost::system::error_code broken;
    auto fields = json::parse(record, broken);
    if (broken || !fields.is_object()) return out;
    for (const auto& field : fields.as_object())
        if (field.value().is_string())
            if (auto phone = Phone::mobile(std::string(field.value().as_string()))) out[field.key()] = phone->reveal();
    return out;
}

// Which fields name another number than before, or none any more, or one at last.
std::string edited_numbers(const std::string& before, const std::string& after) {
    auto old_numbers = numbers_in(before), numbers = numbers_in(after);
    std::set<std::string> fields;
    for (const auto& [field, number] : old_numbers)
        if (auto now = numbers.find(field); now == numbers.end() || now->second != number) fields.insert(field);
    for (const auto& [field, number] : numbers)
        if (!old_numbers.contains(field)) fields.insert(field);
    return hide_mobiles(fmt::format("{}", fmt::join(fields, " ")));
}

struct Version { std::int64_t number = 0; std::optional<std::string> code{}; };

std::vector<Version> versions_of(Connection& db, std::int64_t id) {
    std::vector<Version> out;
    Statement rows(db, "SELECT number, code FROM case_versions WHERE case_id = ?1 ORDER BY number");
    for (rows.bind(1, id); rows.step();) out.push_back({rows.integer(0), rows.maybe_text(1)});
    return out;
}

// nullopt: erased, or not to be opened.
std::optional<std::string> record_of(Connection& db, const store::Seal& seal, std::int64_t id, std::int64_t number) {
    Statement row(db, "SELECT content FROM case_versions WHERE case_id = ?1 AND number = ?2");
    if (!row.bind(1, id).bind(2, number).step() || row.view(0).empty()) return std::nullopt;
    auto plain = seal.open(row.text(0), fmt::format("case_versions:{}:{}", id, number));
    return plain ? std::optional(std::move(*plain)) : std::nullopt;
}

// What a record says differently since it was closed.
void add_changes_of(Connection& db, const store::Seal* seal, const Thing& one, Changes& out) {
    auto versions = versions_of(db, one.case_id);
    for (std::size_t i = 1; i < versions.size(); ++i) {
        const auto& before = versions[i - 1];
        const auto& after = versions[i];
        if (before.code == "not_closed") continue;  // it was being worked on
        if (after.code && is_chosen(*after.code) && !(before.code && is_chosen(*before.code))) {
            out.recoded.push_back(one);
            out.recoded.back().detail = "now " + *after.code;
        }
        if (!seal) continue;
        auto was = record_of(db, *seal, one.case_id, before.number), is = record_of(db, *seal, one.case_id, after.number);
        if (!was || !is) continue;
        auto fields = edited_numbers(*was, *is);
        if (fields.empty()) continue;
        out.numbers.push_back(one);
        out.numbers.back().detail = "edited: " + fields, out.numbers.back().heavy = true;
    }
}

}  // namespace

std::vector<Thing> staff_numbers(Connection& db, const Rules& rules, Instant from, Instant to) {
    std::vector<Thing> out;
    std::set<std::int64_t> staff;
    for (const auto& key : rules.signals.staff_keys)
        if (auto known = store::find_phone_id(db, key)) staff.insert(*known);
    for (auto phone : staff) {
        for (const char* role : {"calling", "contact"}) {
            auto mine = std::string(role) == "calling" ? "c.phone_id = ?1" : "c.contact_id = ?1 AND c.phone_id IS NOT ?1";
            Statement rows(db, fmt::format(R"sql(
                SELECT c.id, coalesce(r.officer, c.officer), coalesce(r.unit, c.unit), CASE WHEN r.id IS NULL THEN '' ELSE ', rated ' || r.grade END
                  FROM cases c LEFT JOIN ratings r ON r.case_id = c.id AND r.effect = 'first'
                 WHERE {} AND c.closed_at >= ?2 AND c.closed_at < ?3 ORDER BY c.id)sql", mine));
            for (rows.bind(1, phone).bind(2, from).bind(3, to); rows.step();) {
                auto thing = thing_of(rows);
                thing.heavy = !thing.detail.empty();
                thing.detail = role + thing.detail;
                out.push_back(std::move(thing));
            }
        }
    }
    return out;
}

namespace {

struct CaseOf { std::int64_t number = 0, id = 0; };

// Cases of numbers that have so many, repeated calls among them, in the order of their ids: what the index knows alone is found without a look
// at millions of cases. Sixteen octets a case of the period, and one a number.
std::vector<CaseOf> cases_of_frequent_numbers(Connection& db, std::int64_t least, Instant from, Instant to) {
    auto enough = static_cast<std::uint8_t>(std::clamp<std::int64_t>(least, 1, 255));
    std::vector<std::uint8_t> counts;  // by number, and no more than enough
    std::vector<CaseOf> out;
    Statement rows(db, "SELECT phone_id, id FROM cases WHERE closed_at >= ?1 AND closed_at < ?2 AND phone_id IS NOT NULL");
    for (rows.bind(1, from).bind(2, to); rows.step();) {
        const auto& one = out.emplace_back(CaseOf{rows.integer(0), rows.integer(1)});
        auto number = static_cast<std::size_t>(one.number);
        if (number >= counts.size()) counts.resize(number + number / 2 + 1);
        if (counts[number] < enough) ++counts[number];
    }
    std::erase_if(out, [&](const CaseOf& one) { return counts[static_cast<std::size_t>(one.number)] < enough; });
    std::ranges::sort(out, {}, &CaseOf::id);
    return out;
}

// Those cases by number, each as a thing, without repeated calls.
std::map<std::int64_t, std::vector<Thing>> things_by_number(Connection& db, const std::vector<CaseOf>& cases) {
    std::map<std::int64_t, std::vector<Thing>> out;
    for (const auto& [number, id] : cases) {
        Statement one(db, R"sql(
            SELECT c.id, coalesce(r.officer, c.officer), coalesce(r.unit, c.unit), '' FROM cases c LEFT JOIN ratings r ON r.case_id = c.id AND r.effect = 'first'
             WHERE c.id = ?1 AND c.code IS NOT 'duplicate')sql");
        if (one.bind(1, id).step()) out[number].push_back(thing_of(one));
    }
    return out;
}

}  // namespace

std::vector<Thing> same_numbers(Connection& db, const Rules& rules, Instant from, Instant to) {
    const auto& s = rules.signals;
    store::Snapshot moment(db);
    std::vector<Thing> out;
    for (auto& [number, cases] : things_by_number(db, cases_of_frequent_numbers(db, std::min(s.number_cases, s.number_officer), from, to))) {
        std::map<std::string, std::int64_t> by_officer;
        for (const auto& one : cases) ++by_officer[one.officer];
        auto all = static_cast<std::int64_t>(cases.size());
        for (auto& one : cases) {
            auto his = one.officer.empty() ? 0 : by_officer[one.officer];
            one.heavy = his >= s.number_officer;
            if (!one.heavy && all < s.number_cases) continue;
            one.detail = fmt::format("number of {} cases, {} of this officer", all, his);
            out.push_back(std::move(one));
        }
    }
    return out;
}

std::vector<Thing> three_then_better(Connection& db, Instant from, Instant to) {
    Statement rows(db, R"sql(
        SELECT b.case_id, b.officer, b.unit, a.value || ' then ' || b.value || ', ' || b.effect || ', after ' || max(0, (b.at - a.at) / 1000) || ' s'
          FROM ratings b JOIN ratings a ON a.id = (SELECT max(x.id) FROM ratings x WHERE x.case_id = b.case_id AND x.id < b.id AND x.grade = 'dissatisfied')
         WHERE b.at >= ?1 AND b.at < ?2 AND b.grade <> 'dissatisfied' AND b.method <> 'person' AND b.effect <> 'first' AND b.effect <> 'second' ORDER BY b.id)sql");
    rows.bind(1, from).bind(2, to);
    return things_of(rows);
}

std::vector<Thing> settled_by_hand(Connection& db, Instant from, Instant to) {
    std::vector<Thing> out;
    auto add = [&](const char* sql) {
        Statement rows(db, sql);
        rows.bind(1, from).bind(2, to);
        auto more = things_of(rows);
        out.insert(out.end(), more.begin(), more.end());
    };
    add(R"sql(
        SELECT c.id, coalesce(r.officer, c.officer), coalesce(r.unit, c.unit), 'complaint dropped'
          FROM followup_steps s JOIN followups f ON f.id = s.followup_id JOIN cases c ON c.id = f.case_id LEFT JOIN ratings r ON r.id = f.rating_id
         WHERE s.at >= ?1 AND s.at < ?2 AND s.state = 'dropped' ORDER BY s.id)sql");
    // What words meant is a person's to say; but where it was dissatisfied and is so no more, somebody looks at who said it.
    add(R"sql(
        SELECT r.case_id, r.officer, r.unit, 'dissatisfied, then ' || v.decision || ' by a person'
          FROM reviews v JOIN ratings r ON r.inbound_id = v.inbound_id AND r.grade = 'dissatisfied' AND r.method <> 'person' AND (r.effect = 'first' OR r.effect = 'replaces')
         WHERE v.closed_at >= ?1 AND v.closed_at < ?2 AND v.kind = 'words'
           AND (v.decision = 'none' OR (v.decision = 'corrected' AND NOT EXISTS (
                SELECT 1 FROM ratings p WHERE p.inbound_id = v.inbound_id AND p.method = 'person' AND p.grade = 'dissatisfied'))) ORDER BY v.id)sql");
    add(R"sql(
        SELECT r.case_id, r.officer, r.unit, 'better answer accepted by a person'
          FROM reviews v JOIN ratings r ON r.inbound_id = v.inbound_id AND r.effect = 'review'
         WHERE v.closed_at >= ?1 AND v.closed_at < ?2 AND v.kind = 'better_after_worse' AND v.decision = 'accept' ORDER BY v.id)sql");
    return out;
}

std::vector<Thing> open_cases(Connection& db, const Rules& rules, Instant to, Instant as_of) {
    auto until = std::min(to, as_of - rules.signals.open_after);
    Statement rows(db, R"sql(
        SELECT id, officer, unit, state || ' since its report' FROM cases
         WHERE closed_at IS NULL AND state <> 'cancelled' AND state <> 'closed' AND reported_at < ?1 ORDER BY reported_at, id)sql");
    rows.bind(1, until);
    return things_of(rows);
}

Changes changed_after_closing(Connection& db, const store::Seal* seal, Instant from, Instant to) {
    Changes out;
    std::vector<Thing> changed;
    Statement rows(db, "SELECT id, officer, unit, '', code = 'cancelled', changed_at > received_at FROM cases WHERE closed_at >= ?1 AND closed_at < ?2 AND (code = 'cancelled' OR "
                       "changed_at > received_at) ORDER BY id");
    for (rows.bind(1, from).bind(2, to); rows.step();) {
        auto one = thing_of(rows);
        if (rows.integer(5) != 0) changed.push_back(one);
        if (rows.integer(4) == 0) continue;
        one.detail = "survey called off";
        out.called_off.push_back(std::move(one));
    }
    for (const auto& one : changed) add_changes_of(db, seal, one, out);
    return out;
}

void add_things(std::vector<Signal>& out, std::vector<Behind>& details, std::string_view signal, const std::vector<Thing>& things, const Rules& rules) {
    struct Sum { std::set<std::int64_t> cases{}; std::string unit{}; bool heavy = false; };
    std::map<std::pair<Level, std::string>, Sum> sums;
    for (const auto& thing : things) {
        auto& sum = sums[thing.officer.empty() ? std::pair(Level::station, thing.unit) : std::pair(Level::officer, thing.officer)];
        sum.cases.insert(thing.case_id), sum.unit = thing.unit, sum.heavy = sum.heavy || thing.heavy;
        details.push_back({std::string(signal), thing.officer.empty() ? thing.unit : thing.officer, thing.detail, thing.case_id});
    }
    for (const auto& [who, sum] : sums) {
        auto count = static_cast<std::int64_t>(sum.cases.size());
        bool many = who.first == Level::officer && count >= rules.signals.officer_cases;
        Signal found{std::string(signal), who.first, who.second, sum.unit, sum.heavy || many ? Severity::warn : Severity::look, count, {}, {}, {}, {}, {}};
        found.cases.assign(sum.cases.begin(), sum.cases.end());
        out.push_back(std::move(found));
    }
}

}  // namespace pingjing::reports
