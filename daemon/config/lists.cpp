#include "daemon/config/lists.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daemon/config/section.hpp"
#include "daemon/core/local_time.hpp"

namespace pingjing::config {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    auto first = text.find_first_not_of(blank);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

// Spreadsheets save lists in GB18030 when nobody asks them; reading that as UTF-8 would match nothing and say nothing.
bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        auto lead = static_cast<unsigned char>(text[i]);
        std::size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
        if (length == 0 || i + length > text.size()) return false;
        for (std::size_t k = 1; k < length; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
        i += length;
    }
    return true;
}

// False: not to be read.
template <class Row>
bool each_line(std::string_view text, const std::string& file, Problems& problems, Row&& row) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (!is_utf8(text)) {
        problems.add(file, 0, "not UTF-8; save the list as UTF-8");
        return false;
    }
    int number = 0;
    while (!text.empty()) {
        auto end = std::min(text.find('\n'), text.size());
        auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (!line.empty() && line.front() != '#') row(number, line);
    }
    return true;
}

// Rows of a CSV file with a head; each comes with exactly these columns, in this order, whatever the file's order is.
template <class Row>
void each_row(std::string_view text, const std::string& file, Problems& problems, const std::vector<std::string>& columns, Row&& row) {
    std::vector<std::size_t> places;
    std::size_t width = 0;
    bool head = true, usable = true;
    bool readable = each_line(text, file, problems, [&](int number, std::string_view line) {
        auto fields = split_csv_line(line);
        if (!fields) return problems.add(file, number, "a quote that does not end");
        if (head) {
            head = false;
            width = fields->size();
            for (const auto& column : columns) {
                auto at = std::find(fields->begin(), fields->end(), column);
                if (at == fields->end()) {
                    problems.add(file, number, fmt::format("the head has no column '{}'", column));
                    usable = false;
                }
                places.push_back(static_cast<std::size_t>(at - fields->begin()));
            }
            return;
        }
        if (!usable) return;
        if (fields->size() != width) return problems.add(file, number, fmt::format("{} fields where the head has {}", fields->size(), width));
        std::vector<std::string> values;
        for (auto place : places) values.push_back((*fields)[place]);
        row(number, values);
    });
    if (head && readable) problems.add(file, 0, "empty; expected a head row");
}

bool digits_only(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_rule(const std::string& rule) {
    return rule == "survey" || rule == "survey_neutral" || rule == "survey_unit" || parse_code(rule).has_value();
}
constexpr auto rule_expected = "expected survey, survey_neutral, survey_unit or an exclusion code such as dv";

}  // namespace

std::optional<std::vector<std::string>> split_csv_line(std::string_view line) {
    std::vector<std::string> out;
    std::string field;
    bool quoted = false, was_quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        char c = line[i];
        if (quoted) {
            if (c != '"') field += c;
            else if (i + 1 < line.size() && line[i + 1] == '"') field += line[++i];
            else quoted = false;
        } else if (c == '"' && trimmed(field).empty() && !was_quoted) {
            field.clear();
            quoted = was_quoted = true;
        } else if (c == ',') {
            out.push_back(was_quoted ? field : std::string(trimmed(field)));
            field.clear();
            was_quoted = false;
        } else {
            field += c;
        }
    }
    if (quoted) return std::nullopt;
    out.push_back(was_quoted ? field : std::string(trimmed(field)));
    return out;
}

std::vector<Phone> read_staff_phones(std::string_view text, const std::string& file, Problems& problems) {
    std::vector<Phone> out;
    each_line(text, file, problems, [&](int number, std::string_view line) {
        auto phone = Phone::sender(line);
        // Never shown: the list is one of numbers.
        if (!digits_only(phone.reveal())) return problems.add(file, number, "not a phone number; expected one number a line");
        out.push_back(std::move(phone));
    });
    return out;
}

std::vector<OfficerRow> read_officers(std::string_view text, const std::string& file, Problems& problems) {
    std::vector<OfficerRow> out;
    std::set<std::string> seen;
    each_row(text, file, problems, {"badge", "name", "unit"}, [&](int number, const std::vector<std::string>& v) {
        if (v[0].empty()) return problems.add(file, number, "no badge");
        if (!seen.insert(v[0]).second) return problems.add(file, number, fmt::format("badge {} stands twice", v[0]));
        out.push_back({v[0], v[1], v[2]});
    });
    return out;
}

std::vector<UnitRow> read_units(std::string_view text, const std::string& file, Problems& problems) {
    std::vector<UnitRow> out;
    std::set<std::string> seen;
    each_row(text, file, problems, {"unit", "name"}, [&](int number, const std::vector<std::string>& v) {
        if (v[0].size() != 12 || !digits_only(v[0])) return problems.add(file, number, fmt::format("unit \"{}\": expected 12 digits", v[0]));
        if (!seen.insert(v[0]).second) return problems.add(file, number, fmt::format("unit {} stands twice", v[0]));
        out.push_back({v[0], v[1]});
    });
    return out;
}

WorkingDays read_working_days(std::string_view text, const std::string& file, Problems& problems) {
    WorkingDays out;
    std::set<std::string> seen;
    each_row(text, file, problems, {"date", "working"}, [&](int number, const std::vector<std::string>& v) {
        if (!weekday_of(v[0])) return problems.add(file, number, fmt::format("date \"{}\": expected YYYY-MM-DD", v[0]));
        if (v[1] != "yes" && v[1] != "no") return problems.add(file, number, fmt::format("working \"{}\": expected yes or no", v[1]));
        if (!seen.insert(v[0]).second) return problems.add(file, number, fmt::format("{} stands twice", v[0]));
        out.set(v[0], v[1] == "yes");
    });
    return out;
}

std::vector<FlagRow> read_flags(std::string_view text, const std::string& file, Problems& problems) {
    std::vector<FlagRow> out;
    std::set<std::string> seen;
    each_row(text, file, problems, {"flag", "rule"}, [&](int number, const std::vector<std::string>& v) {
        if (v[0].empty()) return problems.add(file, number, "no flag");
        auto code = parse_code(v[1]);
        if (!code) return problems.add(file, number, fmt::format("rule \"{}\": expected an exclusion code such as dv", v[1]));
        if (!seen.insert(v[0]).second) return problems.add(file, number, fmt::format("flag {} stands twice", v[0]));
        out.push_back({v[0], *code});
    });
    return out;
}

std::vector<CategoryRow> read_categories(std::string_view text, const std::string& file, Problems& problems) {
    std::vector<CategoryRow> out;
    std::set<std::string> seen;
    each_row(text, file, problems, {"code", "name", "rule"}, [&](int number, const std::vector<std::string>& v) {
        if (v[0].empty()) return problems.add(file, number, "no code");
        if (!is_rule(v[2])) return problems.add(file, number, fmt::format("rule \"{}\": {}", v[2], rule_expected));
        if (!seen.insert(v[0]).second) return problems.add(file, number, fmt::format("code {} stands twice", v[0]));
        out.push_back({v[0], v[1], v[2]});
    });
    return out;
}

NumberPlan read_number_plan(std::string_view text, const std::string& file, Problems& problems) {
    NumberPlan out;
    each_row(text, file, problems, {"prefix", "carrier"}, [&](int number, const std::vector<std::string>& v) {
        if (!digits_only(v[0]) || v[0].size() < NumberPlan::shortest || v[0].size() > NumberPlan::longest)
            return problems.add(file, number, fmt::format("prefix \"{}\": expected {} to {} digits", v[0], NumberPlan::shortest, NumberPlan::longest));
        if (v[1].empty()) return problems.add(file, number, "no carrier");
        out.add(v[0], v[1]);
    });
    for (const auto& prefix : out.finish()) problems.add(file, 0, fmt::format("prefix {} stands twice", prefix));
    return out;
}

// CODE = "rule", or CODE = { name = "…", rule = "…" }.
std::vector<CategoryRow> read_categories_toml(std::string_view text, const std::string& file, Problems& problems) {
    std::vector<CategoryRow> out;
    auto document = Document::parse(std::string(text), file, problems);
    if (!document) return out;
    Section root(*document, problems);
    Problems ignored;
    for (const auto& code : root.keys()) {
        CategoryRow row{code, "", ""};
        Section probe(*document, ignored);
        Section entry = probe.child(code);
        if (entry.keys().empty()) {
            row.rule = root.text(code);
        } else {
            Section table = root.child(code);
            row.name = table.text("name", "");
            row.rule = table.text("rule");
            table.finish();
        }
        if (is_rule(row.rule)) out.push_back(std::move(row));
        else if (!row.rule.empty()) root.problem(code, fmt::format("{} = \"{}\": {}", code, row.rule, rule_expected));
    }
    return out;
}

}  // namespace pingjing::config
