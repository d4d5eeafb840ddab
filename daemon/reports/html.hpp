// The same tables as one page that says everything on its own: it opens without a network, holds no script, and prints on A4.
// Its bytes depend on the tables alone.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "daemon/reports/render.hpp"

namespace pingjing::reports {

// As text in a page or a picture: no mark-up, no escape sequence.
std::string escaped(std::string_view text);

std::string render_html(const std::vector<Table>& tables);
// For who serves such a page: nothing is fetched, nothing runs, and of styles only its own.
std::string html_policy();

}  // namespace pingjing::reports
