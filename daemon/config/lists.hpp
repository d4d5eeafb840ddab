// The lists a site keeps beside its configuration, read with line numbers: small CSV files in UTF-8, a BOM and CRLF allowed.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/number_plan.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/core/survey.hpp"
#include "daemon/core/working_days.hpp"

namespace pingjing::config {

class Problems;

struct OfficerRow { std::string badge, name, unit; };
struct UnitRow { std::string unit, name; };
struct FlagRow { std::string word; Code code = Code::unsafe_flag; };
// `rule` as written: survey | survey_neutral | survey_unit | an exclusion code. The longest prefix wins.
struct CategoryRow { std::string prefix, name, rule; };

struct Lists {
    std::vector<Phone> staff_phones;  // numbers never texted; landlines and short codes in the file are kept as written
    std::vector<OfficerRow> officers;
    std::vector<UnitRow> units;
    std::vector<FlagRow> flags;
    std::vector<CategoryRow> categories;
    std::shared_ptr<const NumberPlan> number_plan = std::make_shared<const NumberPlan>();
    std::string categories_text;      // raw, as it stands in the file
};

// `file` is for messages only. Empty lines and lines that begin with '#' count but carry nothing.
std::vector<Phone> read_staff_phones(std::string_view text, const std::string& file, Problems& problems);
std::vector<OfficerRow> read_officers(std::string_view text, const std::string& file, Problems& problems);
std::vector<UnitRow> read_units(std::string_view text, const std::string& file, Problems& problems);
std::vector<FlagRow> read_flags(std::string_view text, const std::string& file, Problems& problems);
std::vector<CategoryRow> read_categories(std::string_view text, const std::string& file, Problems& problems);
std::vector<CategoryRow> read_categories_toml(std::string_view text, const std::string& file, Problems& problems);

// Columns `prefix` and `carrier`; others, such as a province, are passed over.
NumberPlan read_number_plan(std::string_view text, const std::string& file, Problems& problems);

// Columns `date`, YYYY-MM-DD, and `working`, yes or no.
WorkingDays read_working_days(std::string_view text, const std::string& file, Problems& problems);

// One line of CSV into its fields (RFC 4180 quotes, no line breaks inside); nullopt: a quote that does not end.
std::optional<std::vector<std::string>> split_csv_line(std::string_view line);

}  // namespace pingjing::config
