// The order of domain.md §4 is the order of the rows below, and the order of enum Code. A flag or a category that names
// a code counts at that code's place, so a flag "dv" on a prank call is still booked as invalid, and still holds the
// phone.
#include "daemon/eligibility/rules.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>

#include "daemon/core/local_time.hpp"

namespace pingjing::eligibility {
namespace {

using Why = std::string;  // empty: the rule does not apply

struct Rule {
    Code code;
    Why (*own)(const Facts&);  // beside flags and category
};

Why never(const Facts&) { return {}; }

const Rule rules[] = {
    {Code::not_closed,
     [](const Facts& f) {
         return f.call.state == CaseState::closed && f.call.closed_at
                    ? Why()
                    : fmt::format("state {}", case_state_name(f.call.state));
     }},
    {Code::history,
     [](const Facts& f) {
         return f.call.closed_at && *f.call.closed_at < f.since ? Why("closed before since") : Why();
     }},
    {Code::pilot,
     [](const Facts& f) {
         if (f.mode == Mode::off) return Why("mode off");
         return f.mode == Mode::pilot && !f.pilot_unit ? Why("unit not in the pilot") : Why();
     }},
    {Code::invalid, never},
    {Code::duplicate,
     [](const Facts& f) { return f.call.linked_to.empty() ? Why() : Why("linked to another record"); }},
    {Code::no_mobile, [](const Facts& f) { return f.call.calling ? Why() : Why("calling line is no mobile number"); }},
    {Code::dv, never},
    {Code::sexual, never},
    {Code::minor,
     [](const Facts& f) {
         return is_minor(f.call.caller_birth, f.call.reported_at, f.zone, f.adult_age) ? Why("a minor when reported") : Why();
     }},
    {Code::death_serious, never},
    {Code::secret, never},
    {Code::subject, never},
    {Code::police, [](const Facts& f) { return f.staff_phone ? Why("calling line is on the internal list") : Why(); }},
    {Code::medical, never},
    {Code::referred, never},
    {Code::unsafe_flag, never},
    {Code::phone_hold, [](const Facts& f) { return f.phone_hold ? Why("another case of this number") : Why(); }},
    {Code::unknown_category, [](const Facts& f) { return f.unknown_source ? Why("source of no service") : f.category ? Why() : Why("category not mapped"); }},
    {Code::opt_out, [](const Facts& f) { return f.opt_out ? Why("unsubscribed") : Why(); }},
    {Code::capped, [](const Facts& f) { return f.capped ? Why("too many surveys to this number") : Why(); }},
    {Code::stale, [](const Facts& f) { return f.stale ? Why("closed too long ago") : Why(); }},
};

Why applies(const Rule& rule, const Facts& facts) {
    if (auto why = rule.own(facts); !why.empty()) return why;
    if (facts.category && facts.category->code == rule.code) return "category " + facts.category->prefix;
    auto& flags = facts.call.flags;
    if (std::find(flags.begin(), flags.end(), code_name(rule.code)) != flags.end())
        return fmt::format("flag {}", code_name(rule.code));
    return {};
}

std::vector<std::string> cells_of(std::string_view line) {
    std::vector<std::string> cells(1);
    for (char c : line) {
        if (c == ',')
            cells.emplace_back();
        else if (c != '\r' && c != '"')
            cells.back() += c;
    }
    for (auto& cell : cells) {
        cell.erase(0, cell.find_first_not_of(" \t"));
        cell.erase(cell.find_last_not_of(" \t") + 1);
    }
    return cells;
}

}  // namespace

std::optional<Mode> parse_mode(std::string_view name) {
    if (name == "off") return Mode::off;
    if (name == "shadow") return Mode::shadow;
    if (name == "pilot") return Mode::pilot;
    if (name == "on") return Mode::on;
    return std::nullopt;
}

Result<void> CategoryMap::add(const std::string& where, std::string code, std::string name, std::string rule) {
    CategoryRule entry;
    entry.prefix = code;
    entry.name = std::move(name);
    if (rule == "survey" || rule == "survey_neutral" || rule == "survey_unit")
        entry.rule = std::move(rule);
    else if (auto refusal = parse_code(rule); refusal && *refusal != Code::cancelled)
        entry.code = refusal;
    else
        return fail(Error::Kind::invalid_input,
                    fmt::format("{}: rule = \"{}\": expected survey, survey_neutral, survey_unit or an exclusion code",
                                where, rule));
    if (code.empty()) return fail(Error::Kind::invalid_input, where + ": expected a category code");
    if (!rules_.emplace(code, std::move(entry)).second)
        return fail(Error::Kind::invalid_input, fmt::format("{}: category {} stands there twice", where, code));
    return {};
}

Result<CategoryMap> CategoryMap::read_csv(std::string_view utf8) {
    if (utf8.starts_with("\xEF\xBB\xBF")) utf8.remove_prefix(3);
    CategoryMap map;
    int line = 0;
    for (std::size_t at = 0; at < utf8.size();) {
        auto end = std::min(utf8.find('\n', at), utf8.size());
        auto cells = cells_of(utf8.substr(at, end - at));
        at = end + 1;
        ++line;
        if ((line == 1 && cells[0] == "code") || (cells.size() == 1 && cells[0].empty())) continue;
        auto where = fmt::format("line {}", line);
        if (cells.size() < 3) return fail(Error::Kind::invalid_input, where + ": expected code,name,rule");
        // A name may hold commas; the rule never does.
        if (auto added = map.add(where, cells.front(), cells[1], cells.back()); !added)
            return tl::unexpected(added.error());
    }
    return map;
}

Result<CategoryMap> CategoryMap::read_toml(std::string_view utf8) {
    toml::table table;
    try {
        table = toml::parse(utf8);
    } catch (const toml::parse_error& error) {
        return fail(Error::Kind::invalid_input,
                    fmt::format("line {}: {}", error.source().begin.line, error.description()));
    }
    CategoryMap map;
    auto* list = table["category"].as_array();
    if (!list) return fail(Error::Kind::invalid_input, "expected [[category]] tables with code, name and rule");
    for (auto& node : *list) {
        auto where = fmt::format("line {}", node.source().begin.line);
        auto* entry = node.as_table();
        if (!entry) return fail(Error::Kind::invalid_input, where + ": expected a table");
        auto text = [&](std::string_view key) { return (*entry)[key].value_or(std::string()); };
        if (auto added = map.add(where, text("code"), text("name"), text("rule")); !added)
            return tl::unexpected(added.error());
    }
    return map;
}

const CategoryRule* CategoryMap::find(std::string_view category) const {
    for (; !category.empty(); category.remove_suffix(1))
        if (auto it = rules_.find(category); it != rules_.end()) return &it->second;
    return nullptr;
}

bool is_minor(std::string_view birth, Instant at, const std::string& zone, int adult_age) {
    if (birth.size() != 10) return false;
    auto day = local_day(at, zone);
    // The birthday of coming of age, compared as text: who was born on 29 February comes of age on 1 March.
    int year = 0;
    for (char c : birth.substr(0, 4)) year = year * 10 + (c - '0');
    return day < fmt::format("{:04}{}", year + adult_age, birth.substr(4));
}

bool is_capped(Instant planned, const std::vector<Instant>& others, int per_day, int per_month) {
    auto within = [&](Millis span) {
        return std::count_if(others.begin(), others.end(),
                             [&](Instant t) { return (t > planned ? t - planned : planned - t) < span; });
    };
    return within(std::chrono::hours(24)) >= per_day || within(std::chrono::hours(24 * 30)) >= per_month;
}

Decision decide(const Facts& facts) {
    Decision decision;
    for (auto& rule : rules) {
        auto why = applies(rule, facts);
        if (why.empty()) continue;
        if (!decision.code) {
            decision.code = rule.code;
            decision.rule = why;
        }
        decision.safety = decision.safety || is_safety(rule.code);
    }
    if (!decision.code) {
        decision.rule = "category " + facts.category->prefix;
        decision.kind = facts.category->rule;
    }
    return decision;
}

}  // namespace pingjing::eligibility
