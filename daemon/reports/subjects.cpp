#include "daemon/reports/subjects.hpp"

#include <algorithm>

namespace pingjing::reports {
namespace {

std::optional<std::string> unless_empty(std::string text) { return text.empty() ? std::nullopt : std::optional(std::move(text)); }

}  // namespace

std::string sub_bureau_of(std::string_view unit) {
    bool digits = std::all_of(unit.begin(), unit.end(), [](char c) { return c >= '0' && c <= '9'; });
    return unit.size() == 12 && digits ? std::string(unit.substr(0, 6)) + "000000" : std::string();
}

std::optional<std::string> name_of_unit(const Names& names, const std::string& code) {
    auto found = names.units.find(code);
    return found == names.units.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Subject> officers_of(const Figures& figures, const Names& names) {
    std::vector<Subject> subjects;
    for (const auto& [badge, counted] : figures.officers) {
        Subject subject;
        subject.code = badge;
        subject.tally = counted.tally;
        if (badge) {
            auto known = names.officers.find(*badge);
            bool listed = known != names.officers.end();
            if (listed) subject.name = unless_empty(known->second.name);
            subject.parent = unless_empty(listed && !known->second.unit.empty() ? known->second.unit : counted.unit);
        }
        subjects.push_back(std::move(subject));
    }
    // Cases without an officer come first in the map; in the report they come after everybody.
    if (!subjects.empty() && !subjects.front().code) std::rotate(subjects.begin(), subjects.begin() + 1, subjects.end());
    return subjects;
}

Subject force_of(const Figures& figures) {
    Subject force;
    force.name = "全局";
    force.level = Level::force;
    force.tally = figures.force.tally;
    return force;
}

std::vector<Subject> units_of(const Figures& figures, const Names& names) {
    std::map<std::string, Subject> by_code;
    for (const auto& [code, counted] : figures.units) {
        auto above = sub_bureau_of(code);
        if (!above.empty()) {
            auto& sub_bureau = by_code[above];
            sub_bureau.level = Level::sub_bureau;
            sub_bureau.tally += counted.tally;
            if (above == code) continue;
        }
        auto& station = by_code[code];
        station.level = Level::station;
        station.parent = unless_empty(above);
        station.tally = counted.tally;
    }
    std::vector<Subject> subjects{force_of(figures)};
    for (auto& [code, subject] : by_code) {
        subject.code = code;
        subject.name = name_of_unit(names, code);
        subjects.push_back(std::move(subject));
    }
    return subjects;
}

}  // namespace pingjing::reports
