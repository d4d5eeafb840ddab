#include "daemon/http/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <set>

#include "daemon/core/phone.hpp"
#include "daemon/log/log.hpp"

namespace pingjing::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
    return -1;
}

std::vector<std::string> split_path(std::string_view path) {
    std::vector<std::string> segments;
    if (path.starts_with('/')) path.remove_prefix(1);
    for (;;) {
        auto slash = path.find('/');
        segments.emplace_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

// The target is split before it is decoded, so that %2F stays inside its segment.
std::optional<std::vector<std::string>> segments_of(const Request& request) {
    if (request.target.empty()) return split_path(request.path);
    auto segments = split_path(std::string_view(request.target).substr(0, request.target.find('?')));
    for (auto& segment : segments) {
        auto decoded = percent_decode(segment, false);
        if (!decoded) return std::nullopt;
        segment = std::move(*decoded);
    }
    return segments;
}

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += fmt::format("\\u{:04x}", byte);
        } else {
            out += c;
        }
    }
    return out + '"';
}

// A word misspelt would be a question that nobody answers: all days instead of one.
Response unknown_parameter(const std::string& name, const std::vector<std::string_view>& known) {
    auto expected = known.empty() ? std::string("expected no parameters") : fmt::format("expected one of the parameters {}", fmt::join(known, ", "));
    return problem(400, "Bad Request", fmt::format("{}: {}", hide_numbers(name.substr(0, 64)), expected));
}
asio::awaitable<Response> at_once(Response response) { co_return response; }

std::string what_of(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "something that is no std::exception";
    }
}

}  // namespace

bool Asker::may(std::string_view scope) const {
    return std::ranges::any_of(scopes, [&](const std::string& held) { return held == "admin" || held == scope; });
}

std::string Request::header(std::string_view name) const {
    auto same = [](char a, char b) { return lower(a) == lower(b); };
    for (const auto& [key, value] : headers)
        if (std::ranges::equal(key, name, same)) return value;
    return {};
}

std::string Request::parameter(const std::string& name, const std::string& fallback) const {
    auto found = parameters.find(name);
    return found == parameters.end() ? fallback : found->second;
}

Response private_json(std::string body) {
    Response response;
    response.body = std::move(body);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

Response store_does_not_answer() {
    auto response = problem(503, "Service Unavailable", "the store does not answer");
    response.headers.emplace_back("Retry-After", "5");
    return response;
}

Response problem(int status, std::string_view title, std::string_view detail) {
    Response response;
    response.status = status;
    response.content_type = "application/problem+json";
    response.body = fmt::format(R"({{"type":"about:blank","title":{},"status":{},"detail":{}}})", json_string(title), status,
                                json_string(hide_mobiles(detail)));
    return response;
}

struct Router::Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    Handler handler;

    struct Match {
        std::string rank{};  // one letter per segment, smaller is closer: a literal, b captured, c the rest
        std::map<std::string, std::string> captures{};
    };

    std::optional<Match> match(const std::vector<std::string>& path) const {
        Match found;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            const auto& wanted = segments[i];
            bool capture = wanted.size() > 2 && wanted.front() == '{' && wanted.back() == '}';
            if (capture && wanted[wanted.size() - 2] == '*') {
                if (i >= path.size()) return std::nullopt;
                std::string rest;
                for (auto at = i; at < path.size(); ++at) rest += (at == i ? "" : "/") + path[at];
                found.captures[wanted.substr(1, wanted.size() - 3)] = rest;
                found.rank += 'c';
                return found;
            }
            if (i >= path.size()) return std::nullopt;
            if (capture && !path[i].empty()) {
                found.captures[wanted.substr(1, wanted.size() - 2)] = path[i];
                found.rank += 'b';
            } else if (!capture && wanted == path[i]) {
                found.rank += 'a';
            } else {
                return std::nullopt;
            }
        }
        if (path.size() != segments.size()) return std::nullopt;
        return found;
    }
};

void Router::add(std::string method, std::string pattern, const Guard& guard, Handler handler) {
    const auto& described = operation(method, pattern);
    auto knows_its_parameters = [&described, handler = std::move(handler)](Request request) -> asio::awaitable<Response> {
        auto known = parameters_of(described);
        for (const auto& [name, value] : request.parameters)
            if (std::ranges::find(known, name) == known.end()) return at_once(unknown_parameter(name, known));
        return handler(std::move(request));
    };
    add(std::move(method), std::move(pattern), guard(std::string(described.scopes), std::move(knows_its_parameters)));
}

std::vector<const Operation*> Router::described() const {
    std::vector<const Operation*> out;
    for (const auto& route : routes_)
        for (const auto& known : operations())
            if (known.method == route->method && known.pattern == route->pattern) out.push_back(&known);
    return out;
}

void Router::add(std::string method, std::string pattern, Handler handler) {
    if (side_ != Side::any && operation(method, pattern).door == Door::control && side_ == Side::network) return;
    auto route = std::make_shared<Route>();
    route->method = std::move(method);
    route->segments = split_path(pattern);
    route->pattern = std::move(pattern);
    route->handler = std::move(handler);
    routes_.push_back(std::move(route));
}

asio::awaitable<Response> Router::handle(Request request) const {
    auto path = segments_of(request);
    if (!path) co_return problem(400, "Bad Request", "the path has a broken % escape");

    auto method = request.method == "HEAD" ? std::string("GET") : request.method;
    std::shared_ptr<Route> best;
    Route::Match best_match;
    std::set<std::string> allowed;
    for (const auto& route : routes_) {
        auto match = route->match(*path);
        if (!match) continue;
        allowed.insert(route->method);
        if (route->method != method && route->method != request.method) continue;
        if (best && best_match.rank <= match->rank) continue;
        best = route;
        best_match = std::move(*match);
    }
    if (!best && allowed.empty()) co_return problem(404, "Not Found", "nothing is served at this path");
    if (!best) {
        if (allowed.contains("GET")) allowed.insert("HEAD");
        auto response = problem(405, "Method Not Allowed", "this path does not take this method");
        response.headers.emplace_back("Allow", fmt::format("{}", fmt::join(allowed, ", ")));
        co_return response;
    }

    request.captures = std::move(best_match.captures);
    std::exception_ptr thrown;
    try {
        co_return co_await best->handler(std::move(request));
    } catch (...) {
        thrown = std::current_exception();
    }

    asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) std::rethrow_exception(thrown);
    log::error("http.failed", {{"method", best->method}, {"route", best->pattern}, {"why", what_of(thrown)}});
    co_return problem(500, "Internal Server Error", "the daemon could not answer; its log has the reason");
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (text.size() - i < 3) return std::nullopt;
            int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    std::string out;
    for (char c : text) {
        bool unreserved = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
        if (unreserved)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

// A part with a broken escape is kept as it was sent; the server refuses such a request before it gets here.
std::map<std::string, std::string> parse_query(std::string_view query) {
    auto decoded = [](std::string_view part) { return percent_decode(part, true).value_or(std::string(part)); };
    std::map<std::string, std::string> parameters;
    while (!query.empty()) {
        auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        if (pair.empty()) continue;
        auto equals = pair.find('=');
        auto value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
        parameters.insert_or_assign(decoded(pair.substr(0, equals)), decoded(value));
    }
    return parameters;
}

}  // namespace pingjing::http
