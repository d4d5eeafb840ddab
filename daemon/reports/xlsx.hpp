// The same tables as one workbook for a leader's spreadsheet: a sheet each, its head frozen and with filters, shares as bars.
// As with the other renderings the bytes depend on the tables alone: what the format wants to know of time is their as-of.
#pragma once
#include <string>
#include <vector>

#include "daemon/reports/render.hpp"

namespace pingjing::reports {

// At least one table. Throws std::runtime_error where the library cannot write its parts (no room in the temporary folder).
std::string render_xlsx(const std::vector<Table>& tables);

}  // namespace pingjing::reports
