// Who is asked: the ordered table of domain.md §4. Facts in, decision and code out; whoever gathers the facts owns the
// store.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/case.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/survey.hpp"

namespace pingjing::eligibility {

enum class Mode { off, shadow, pilot, on };
std::optional<Mode> parse_mode(std::string_view name);

struct CategoryRule {
    std::string prefix{};  // the code of the map that matched
    std::string name{};
    std::string rule{};  // survey | survey_neutral | survey_unit, or empty: `code` says why not
    std::optional<Code> code{};
};

// categories.csv (code,name,rule) or the same as TOML: [[category]] code, name, rule. The longest prefix wins.
class CategoryMap {
public:
    static Result<CategoryMap> read_csv(std::string_view utf8);
    static Result<CategoryMap> read_toml(std::string_view utf8);
    const CategoryRule* find(std::string_view category) const;  // nullptr: not mapped
    std::size_t size() const { return rules_.size(); }

private:
    Result<void> add(const std::string& where, std::string code, std::string name, std::string rule);
    std::map<std::string, CategoryRule, std::less<>> rules_;
};

// Everything a decision rests on. The caller fills it from lists, configuration and store, at intake and again at
// sending.
struct Facts {
    const ClosedCall& call;
    const CategoryRule* category = nullptr;  // nullptr: not mapped
    bool unknown_source = false;             // no service of the site has records of it
    Mode mode = Mode::on;
    Instant since{};
    bool pilot_unit = false;             // the unit is among `units`; asked only in Mode::pilot
    std::string zone = "Asia/Shanghai";  // for the local day of reported_at
    int adult_age = 18;
    bool staff_phone = false;            // the calling line is on the internal list
    bool phone_hold = false;             // another case of the calling line has `safety`, taken within safety_hold
    bool opt_out = false;
    bool capped = false;
    bool stale = false;  // is_stale(closed_at, now, max_age)
};

struct Decision {
    std::optional<Code> code{};  // nullopt: ask
    std::string
        rule{};  // what decided, for `explain`: "category 0605", "flag dv", "state dispatched"; no personal data
    bool safety = false;  // any safety code applies to this case, whichever code is first and whatever its state
    std::string kind{};   // survey | survey_neutral | survey_unit when asked
};

Decision decide(const Facts& facts);

// Under `adult_age` on the local day of `at`. `birth` is YYYY-MM-DD; empty: not known, so no.
bool is_minor(std::string_view birth, Instant at, const std::string& zone, int adult_age = 18);

// |t1-t2| < 24 h with `per_day` others, or < 30 d with `per_month` others. `others`: planned or real sending times of
// other surveys to this number that were not cancelled.
bool is_capped(Instant planned, const std::vector<Instant>& others, int per_day = 1, int per_month = 3);

}  // namespace pingjing::eligibility
