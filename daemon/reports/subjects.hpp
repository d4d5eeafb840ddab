// Of whom a report speaks: officers, or stations with the sub-bureaus above them and the force, under the names of a site's lists.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/reports/figures.hpp"
#include "daemon/reports/score.hpp"

namespace pingjing::reports {

// What people call officers and units, where a list says so. Others are kept and counted under their codes.
struct Names {
    struct Officer { std::string name{}, unit{}; };
    std::map<std::string, Officer> officers{};  // by badge
    std::map<std::string, std::string> units{};
};

// Nobody at the scene comes last, under no code.
std::vector<Subject> officers_of(const Figures& figures, const Names& names);
Subject force_of(const Figures& figures);
// The force, then each sub-bureau before its stations: the order of the codes. What a sub-bureau attends itself counts in
// its row alone.
std::vector<Subject> units_of(const Figures& figures, const Names& names);

std::optional<std::string> name_of_unit(const Names& names, const std::string& code);
// 320102430000 → 320102000000; empty: no code of twelve digits, so nobody between it and the force.
std::string sub_bureau_of(std::string_view unit);

}  // namespace pingjing::reports
