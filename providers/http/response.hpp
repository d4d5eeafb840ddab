// What a vendor's answer proves, and no more. Pure.
#pragma once
#include "daemon/http/client.hpp"
#include "providers/http/settings.hpp"

namespace pingjing::generic_http {

// The vendor's rules in order; where none holds, what the status alone proves. A request that may have left is never `retry`
// unless a rule says that this vendor documents it.
provider::Outcome read_response(const Settings& settings, const http::FetchResult& result);

// The body as JSON, whatever its content type says; nullopt when it is none, or too deep. An error: two readers could understand
// it differently, for a key stands twice in it or a number is beyond a double.
Result<std::optional<boost::json::value>> read_json(std::string_view body);
// A scalar as text, numbers with all their digits; nullopt: no such place, null, or a table.
std::optional<std::string> text_at(const boost::json::value& document, std::string_view pointer);

}  // namespace pingjing::generic_http
