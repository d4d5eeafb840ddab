// What the routes under /control have in common: whom they answer, in which words, and what they say when the store fails.
#pragma once
#include <boost/json/value.hpp>
#include <string>

#include "daemon/core/result.hpp"
#include "daemon/http/router.hpp"

namespace pingjing::store { class SqlError; }

namespace pingjing::admin {

http::Response ok(boost::json::value body);
http::Response refuse(const Error& error);  // 404, 409, 400 by its kind, else 500
// For whoever came through the control socket; to all others there is nothing here. A failure of the store is a 503.
http::Handler trusted(std::string pattern, http::Handler handler);

// In a sentence that says what to do, where there is something to do.
std::string what_failed(const store::SqlError& error);

}  // namespace pingjing::admin
