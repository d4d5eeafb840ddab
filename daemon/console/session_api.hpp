// POST /console/session {"token"}: signs in, and answers with a cookie. GET: who is signed in, and what he may. DELETE: signs out.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "daemon/console/sessions.hpp"
#include "daemon/core/result.hpp"

namespace pingjing::console {

struct SessionParts {
    Sessions& sessions;
    // The number of a token that counts now; unavailable: nobody knows, another error: why it does not.
    std::function<asio::awaitable<Result<std::int64_t>>(std::string token)> check;
    std::function<std::string()> public_origin;
    bool tls = false;  // at our own door
};

// `signed_in` lets through whoever has a session, whatever he may. What `parts` refers to outlives the router.
void add_session_routes(http::Router& router, const std::function<http::Handler(http::Handler)>& signed_in, SessionParts parts);

}  // namespace pingjing::console
