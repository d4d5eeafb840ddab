// The configuration as lines that a person understands: settings with their section, lists by row, texts. What two loads differ in is
// what the ledger keeps. Secrets are not in it; of staff phones and the number plan only how many.
#pragma once
#include <string>
#include <vector>

#include "daemon/config/settings.hpp"

namespace pingjing::config {

// "[survey] mode = 'on'", "[[channel]] main tps = 50", "list officers: 012345,王杰,320102430000", "text survey = …"; no line ends in them.
std::vector<std::string> open_lines(const Settings& settings);
// What such a line is about: "[survey] mode", "[[channel]] main tps", "list officers", "text survey".
std::string key_of_line(const std::string& line);

}  // namespace pingjing::config
