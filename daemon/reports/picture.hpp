// Pictures of figures as SVG, to stand in a page. Pure; the same figures are the same bytes.
#pragma once
#include <string>

namespace pingjing::reports {

// Where a share lies between 0 and 1 and how sure that is: its interval as a bar, itself as a stroke. Each from 0 to 1, low ≤ at ≤ high.
std::string interval_picture(double low, double at, double high);

}  // namespace pingjing::reports
