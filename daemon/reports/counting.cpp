#include "daemon/reports/counting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>
#include <string_view>

#include "daemon/core/local_time.hpp"
#include "daemon/core/version.hpp"
#include "daemon/reports/case_rows.hpp"
#include "daemon/reports/day_lines.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {
namespace {

using store::Connection;
using store::DaySums;
using store::SumsOf;

// One more whenever the same cases are counted in another way: what an older program counted is not used then.
constexpr int way_of_counting = 1;
constexpr std::int64_t close_ids = 8;  // ids so close to each other are told as one stretch
constexpr int nights_for_all = 7;

// All that a count depends on beside the rows.
std::string rules_of(const Rules& rules, const std::string& zone, bool numbers_seen) {
    auto out = fmt::format("{} {} {} {} {}", version, way_of_counting, zone, rules.signals.quick.count(), numbers_seen);
    for (std::size_t n = 0; n < rules.services.size(); ++n) {
        const auto& service = rules.services[n];
        out += fmt::format("; {} {} {}", service.name, service.settled_by_phone, fmt::join(service.sources, ","));
    }
    return out;
}

struct IdRange { std::int64_t first = 0, last = 0; };

// In the order of their ids.
void add_id(std::vector<IdRange>& ranges, std::int64_t id) {
    if (!ranges.empty() && id - ranges.back().last <= close_ids) ranges.back().last = id;
    else ranges.push_back({id, id});
}

std::string written(const std::vector<IdRange>& ranges) {
    std::string out;
    for (const auto& s : ranges) out += fmt::format("{}{}-{}", out.empty() ? "" : " ", s.first, s.last);
    return out;
}

// Whether one of the cases, which are in order, lies in one of the ranges; of what is no list of them, yes.
bool is_touched(std::string_view ranges, const std::vector<std::int64_t>& cases) {
    const char* at = ranges.data();
    const char* end = at + ranges.size();
    while (at < end) {
        IdRange s;
        auto first = std::from_chars(at, end, s.first);
        if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return true;
        auto last = std::from_chars(first.ptr + 1, end, s.last);
        if (last.ec != std::errc()) return true;
        auto found = std::ranges::lower_bound(cases, s.first);
        if (found != cases.end() && *found <= s.last) return true;
        at = last.ptr + (last.ptr < end);
    }
    return false;
}

// In which of these days the cases lie by now: they may have come from others.
std::set<std::string> days_of_cases(Connection& db, const std::vector<std::int64_t>& cases, const std::set<std::string>& days, const std::string& zone) {
    std::map<Instant, std::pair<Instant, std::string>> by_start;
    for (const auto& day : days)
        if (auto range = day_range(day, zone)) by_start[range->from] = {range->to, day};
    std::set<std::string> out;
    for (auto id : cases) {
        store::Statement find(db, "SELECT coalesce(closed_at, reported_at) FROM cases WHERE id = ?1");
        if (!find.bind(1, id).step()) continue;
        auto at = find.instant(0);
        auto next = by_start.upper_bound(at);
        if (next != by_start.begin() && at < std::prev(next)->second.first) out.insert(std::prev(next)->second.second);
    }
    return out;
}

// Which of the kept days do not hold any more.
std::set<std::string> moved_days(Connection& db, const std::vector<DaySums>& kept, const store::Touched& touched, const std::string& rules, const std::string& zone) {
    std::set<std::string> all;
    for (const auto& one : kept) all.insert(one.day);
    if (touched.all) return all;
    auto moved = days_of_cases(db, touched.cases, all, zone);
    for (const auto& one : kept)
        if (one.rules != rules || is_touched(one.cases, touched.cases)) moved.insert(one.day);
    return moved;
}

bool is_readable(std::string_view changes) {
    Changes nobodys;
    return add_changes(nobodys, changes);
}

void sort_by_case(std::vector<Thing>& things) { std::ranges::stable_sort(things, {}, &Thing::case_id); }

}  // namespace

DaySums count_day(Connection& db, const store::Seal* seal, const Rules& rules, const std::string& zone, Instant as_of, const std::string& day, std::size_t service) {
    auto range = *day_range(day, zone);
    Count count(rules, zone, as_of);
    std::vector<IdRange> ranges;
    DaySums out;
    out.day = day, out.service = rules.services[service].name, out.rules = rules_of(rules, zone, seal != nullptr), out.holds_from = range.to;
    each_case(db, {range.from, range.to, false, service}, rules.services, [&](const CaseRow& c) {
        count.add(c);
        add_id(ranges, c.id);
        if (c.survey == MessageState::delivered && c.answer_until) out.holds_from = std::max(out.holds_from, *c.answer_until);
    });
    auto figures = count.take();
    out.cases = written(ranges), out.units = unit_lines(figures), out.officers = officer_lines(figures);
    // Of all services, as they are looked for.
    if (service == 0) out.changes = change_lines(changed_after_closing(db, seal, range.from, range.to));
    return out;
}

Counting::Counting(Connection& db, const store::Seal* seal, const Rules& rules, const std::string& zone, Instant as_of)
    : db_(db), seal_(seal), rules_(rules), zone_(zone), as_of_(as_of) {}

void Counting::use_kept_sums() {
    by_days_ = !rules_.raw && !rules_.by_answer;
    since_ = store::sums_until(db_);
    auto kept = store::list_day_sums(db_);
    blocks_ = store::read_survey_sums(db_);
    // Where nothing is kept nobody has to read what was written before.
    store::Touched touched;
    if (kept.empty() && blocks_.empty()) touched.until = store::newest_line(db_);
    else touched = store::touched_since(db_, since_);
    until_ = touched.until;
    auto moved = moved_days(db_, kept, touched, rules_of(rules_, zone_, seal_ != nullptr), zone_);
    for (auto& one : kept) {
        if (moved.contains(one.day) || one.holds_from > as_of_) continue;
        Key key(one.day, one.service);
        one.cases.clear();
        days_.emplace(std::move(key), Sums{std::move(one), true});
    }
    dropped_.assign(moved.begin(), moved.end());
    std::erase_if(blocks_, [&](const auto& one) {
        if (!touched.all && !touched.blocks.contains(one.first)) return false;
        dropped_blocks_.push_back(one.first);
        return true;
    });
}

store::SurveyCounts Counting::surveys() {
    store::Statement last(db_, "SELECT coalesce(max(id), 0) FROM messages");
    last.step();
    store::SurveyCounts all;
    for (std::int64_t block = 0; block <= last.integer(0) / store::messages_a_block; ++block) {
        auto kept = blocks_.find(block);
        if (kept == blocks_.end()) kept = counted_blocks_.emplace(block, store::count_surveys(db_, block)).first;
        for (const auto& [state, surveys] : kept->second) all[state] += surveys;
    }
    return all;
}

store::SumsChange Counting::take_change(const std::string& from) {
    store::SumsChange out;
    out.since = since_, out.until = until_, out.dropped = std::move(dropped_);
    for (auto& [key, day] : days_) {
        if (day.is_kept && key.first < from && (out.dropped.empty() || out.dropped.back() != key.first)) out.dropped.push_back(key.first);
        if (!day.is_kept && day.sums.holds_from <= as_of_) out.counted.push_back(std::move(day.sums));
    }
    out.dropped_blocks = std::move(dropped_blocks_), out.surveys = std::move(counted_blocks_);
    days_.clear();
    return out;
}

bool Counting::are_days(const Period& period) const {
    auto is_start = [&](Instant t) { return day_range(local_day(t, zone_), zone_)->from == t; };
    return by_days_ && !period.by_answer && !period.answered_before && is_start(period.from) && is_start(period.to);
}

std::vector<std::string> Counting::days_of(Instant from, Instant to) const {
    std::vector<std::string> out;
    for (auto day = local_day(from, zone_); day_range(day, zone_)->from < to; day = *days_later(day, 1)) out.push_back(day);
    return out;
}

std::string Counting::sums_of(const std::string& day, std::size_t service, SumsOf what) {
    const auto& name = rules_.services[service].name;
    auto found = days_.find({day, name});
    if (found == days_.end()) found = days_.emplace(Key(day, name), Sums{count_day(db_, seal_, rules_, zone_, as_of_, day, service), false}).first;
    const auto& one = found->second;
    if (one.is_kept) return store::read_day_sums(db_, day, name, what);
    return what == SumsOf::units ? one.sums.units : what == SumsOf::officers ? one.sums.officers : one.sums.changes;
}

void Counting::forget(const std::string& day) {
    std::erase_if(days_, [&](const auto& one) { return one.first.first == day && one.second.is_kept; });
    dropped_.push_back(day);
}

// False: one of them was kept and cannot be read; it will be counted the next time.
bool Counting::add_days(Figures& sum, const Period& period, bool officers) {
    for (const auto& day : days_of(period.from, period.to)) {
        bool good = add_lines(sum, sums_of(day, period.service, SumsOf::units)) && (!officers || add_lines(sum, sums_of(day, period.service, SumsOf::officers)));
        if (good) continue;
        forget(day);
        return false;
    }
    return true;
}

Figures Counting::figures_by_days(const Period& period, bool officers) {
    for (;;) {
        Figures sum;
        if (add_days(sum, period, officers)) return finished(std::move(sum), rules_, as_of_);
    }
}

const Figures& Counting::figures(const Period& period) {
    std::pair key(std::pair(period.from, period.to), period.service);
    if (auto known = figures_.find(key); known != figures_.end()) return known->second;
    return figures_.emplace(key, are_days(period) ? figures_by_days(period, true) : count_period(db_, period, rules_, zone_, as_of_)).first->second;
}

Figures Counting::unit_figures(const Period& period) { return are_days(period) ? figures_by_days(period, false) : count_period(db_, period, rules_, zone_, as_of_); }

Changes Counting::changes(Instant from, Instant to) {
    if (!are_days({from, to})) return changed_after_closing(db_, seal_, from, to);
    Changes out;
    for (const auto& day : days_of(from, to)) {
        if (!is_readable(sums_of(day, 0, SumsOf::changes))) forget(day);
        add_changes(out, sums_of(day, 0, SumsOf::changes));
    }
    sort_by_case(out.recoded), sort_by_case(out.numbers), sort_by_case(out.called_off);
    return out;
}

namespace {

std::vector<std::string> differing_blocks(Connection& db, std::optional<std::int64_t> share) {
    auto kept = store::read_survey_sums(db);
    std::vector<std::int64_t> differing;
    for (const auto& [block, counts] : kept)
        if ((!share || block % nights_for_all == *share) && store::count_surveys(db, block) != counts) differing.push_back(block);
    if (differing.empty()) return {};
    auto touched = store::touched_since(db, store::sums_until(db));
    std::vector<std::string> out;
    for (auto block : differing)
        if (!touched.all && !touched.blocks.contains(block)) out.push_back(fmt::format("surveys {}-{}", block * store::messages_a_block, (block + 1) * store::messages_a_block - 1));
    return out;
}

}  // namespace

std::vector<std::string> differing_sums(Connection& db, const store::Seal* seal, const Rules& rules, const std::string& zone, Instant as_of, std::optional<std::int64_t> share) {
    auto blocks = differing_blocks(db, share);
    auto kept = store::list_day_sums(db);
    auto counted_by = rules_of(rules, zone, seal != nullptr);
    std::vector<std::string> out;
    std::int64_t number = 0;
    for (const auto& one : kept) {
        if (share && number++ % nights_for_all != *share) continue;
        if (one.rules != counted_by || one.holds_from > as_of) continue;
        auto service = rules.services.find(one.service);
        if (!service) continue;
        auto again = count_day(db, seal, rules, zone, as_of, one.day, *service);
        std::string what;
        auto compare = [&](SumsOf of, const std::string& lines, std::string_view word) {
            if (store::read_day_sums(db, one.day, one.service, of) != lines) what += fmt::format(" {}", word);
        };
        compare(SumsOf::units, again.units, "units"), compare(SumsOf::officers, again.officers, "officers"), compare(SumsOf::changes, again.changes, "changes");
        if (what.empty()) continue;
        out.push_back(fmt::format("{} {}{}", one.day, one.service, what));
    }
    if (out.empty()) return blocks;
    // What was written meanwhile, or since the night, is no difference but a reason to count again.
    auto moved = moved_days(db, kept, store::touched_since(db, store::sums_until(db)), counted_by, zone);
    std::erase_if(out, [&](const std::string& line) { return moved.contains(line.substr(0, 10)); });
    out.insert(out.end(), blocks.begin(), blocks.end());
    return out;
}

}  // namespace pingjing::reports
