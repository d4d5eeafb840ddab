// GET /openapi.json: the routes of the door at which it is asked, as OpenAPI 3.1. Made of their rows in http/operations.cpp; what bodies
// look like is in templates/openapi/components.json.
#pragma once
#include <string>
#include <vector>

#include "daemon/http/router.hpp"

namespace pingjing::admin {

// Every name that the operations use is one of the components, or it throws std::logic_error.
std::string openapi_document(const std::vector<const http::Operation*>& operations);

// Comes after all other routes of the router.
void add_openapi_route(http::Router& router);

}  // namespace pingjing::admin
