// Path and verb to handler; 404 and 405; problem documents. No sockets here, and no Beast.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/http/operations.hpp"

namespace pingjing::http {
namespace asio = boost::asio;

// Who asks, as the guard found out. Nothing that comes from outside gets in here.
struct Asker {
    std::string who{};                           // "3/张三" (token id and name), "control/NAME", "control", "loopback"
    std::string name{}, unit{}, badge{};         // of the token's holder; through the control socket the name that the command gave
    std::vector<std::string> scopes{};
    bool page = false;                           // signed in at the console: no number is shown but for a reason
    bool may(std::string_view scope) const;      // `admin` may everything
};

struct Request {
    std::string method{};
    std::string target{};                        // as sent
    std::string path{};                          // decoded
    std::string query{};                         // raw
    std::map<std::string, std::string> parameters{};  // decoded; the last of equal names
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
    std::map<std::string, std::string> captures{};    // {name} of the route
    bool trusted = false;                        // came through the control socket, peer credentials checked
    bool loopback = false;
    Asker asker{};

    std::string header(std::string_view name) const;  // case-insensitive; "" when absent
    std::string parameter(const std::string& name, const std::string& fallback = "") const;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
    // In place of `body`: each call waits for the next piece, an empty one is the end, and so is the connection's.
    std::function<asio::awaitable<std::string>()> pieces{};
};

// JSON for one reader: not to be kept by whoever is between.
Response private_json(std::string body);
// 503: asking again is safe.
Response store_does_not_answer();
// RFC 9457.
Response problem(int status, std::string_view title, std::string_view detail);

using Handler = std::function<asio::awaitable<Response>(Request)>;
// Puts a handler behind a scope, "inspect" or "inspect,desk" (one of them is enough), so that a stage need not know who may do what.
using Guard = std::function<Handler(std::string scopes, Handler)>;

// Patterns are segments, "{name}" captures one, "{name*}" as the last one captures the rest. A literal segment goes before
// a capture whatever the order of add(); HEAD is answered by GET. What a handler throws becomes a 500 that tells the
// client nothing, and a line `http.failed` that names the pattern, never the path: paths carry secrets.
class Router {
public:
    // Of the daemon's two doors a route that is not described throws std::logic_error, and what is the control socket's own is left out at the other.
    enum class Side { any, network, control };
    explicit Router(Side side = Side::any) : side_(side) {}

    void add(std::string method, std::string pattern, Handler handler);
    // Behind the scopes that its description names; a parameter that it does not name is a 400. Throws std::logic_error for a route without one.
    void add(std::string method, std::string pattern, const Guard& guard, Handler handler);
    // What is described of what was added, in its order.
    std::vector<const Operation*> described() const;
    asio::awaitable<Response> handle(Request request) const;

private:
    struct Route;
    std::vector<std::shared_ptr<Route>> routes_;
    Side side_;
};

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);  // nullopt: a broken escape
std::string percent_encode(std::string_view text);                                     // RFC 3986 unreserved stay
std::map<std::string, std::string> parse_query(std::string_view query);

}  // namespace pingjing::http
