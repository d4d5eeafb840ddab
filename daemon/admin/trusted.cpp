#include "daemon/admin/trusted.hpp"

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <utility>

#include "daemon/log/log.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::admin {
namespace asio = boost::asio;
using http::Request;
using http::Response;

Response ok(boost::json::value body) {
    Response response;
    response.body = boost::json::serialize(body);
    return response;
}

Response refuse(const Error& error) {
    auto status = error.kind == Error::Kind::not_found ? 404 : error.kind == Error::Kind::conflict ? 409 : error.kind == Error::Kind::invalid_input ? 400 : 500;
    return http::problem(status, status == 404 ? "Not Found" : status == 409 ? "Conflict" : "Bad Request", error.detail);
}

std::string what_failed(const store::SqlError& error) {
    constexpr int busy = 5;  // SQLITE_BUSY
    return (error.code() & 0xff) == busy ? "another program keeps it locked, such as a backup tool or a sqlite3 shell; end that one, then ask again" : error.what();
}

http::Handler trusted(std::string pattern, http::Handler handler) {
    return [pattern = std::move(pattern), handler = std::move(handler)](Request request) -> asio::awaitable<Response> {
        if (!request.trusted) co_return http::problem(404, "Not Found", "there is nothing here");
        std::string why;
        try {
            co_return co_await handler(std::move(request));
        } catch (const store::SqlError& error) {
            why = what_failed(error);
        }
        log::error("control.store", {{"pattern", pattern}, {"why", why}});
        auto response = http::problem(503, "the store cannot do that", fmt::format("the store failed, nothing was changed: {}", why));
        response.headers.emplace_back("Retry-After", "10");
        co_return response;
    };
}

}  // namespace pingjing::admin
