// GET / and GET /console/{file*}: the page and what belongs to it, out of templates/console. Nothing in them is about anybody.
#pragma once
#include "daemon/http/router.hpp"

namespace pingjing::console {
namespace asio = boost::asio;

// Script, style and requests from this origin alone, no frame around us, no markup made of text.
const char* page_policy();

void add_page_routes(http::Router& router);

}  // namespace pingjing::console
