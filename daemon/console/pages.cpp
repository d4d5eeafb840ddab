#include "daemon/console/pages.hpp"

#include <sodium.h>

#include <utility>

#include "daemon/core/templates.hpp"

namespace pingjing::console {
namespace {

std::string kind_of(std::string_view name) {
    static constexpr std::pair<std::string_view, const char*> kinds[] = {{".html", "text/html; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
                                                                         {".js", "text/javascript; charset=utf-8"}, {".svg", "image/svg+xml"}};
    for (const auto& [end, kind] : kinds)
        if (name.ends_with(end)) return kind;
    return {};
}

std::string tag_of(std::string_view text) {
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    constexpr std::size_t half = 16;
    char hex[2 * half + 1];
    return std::string("\"") + sodium_bin2hex(hex, sizeof hex, hash, half) + "\"";
}

// A list of tags, each maybe marked as weak.
bool has_it(const http::Request& request, const std::string& tag) { return request.header("If-None-Match").find(tag) != std::string::npos; }

http::Response file(const std::string& name, const http::Request& request) {
    auto kind = kind_of(name);
    auto text = kind.empty() ? std::nullopt : built_in_template("console/" + name);
    if (!text) return http::problem(404, "Not Found", "nothing is served at this path");
    http::Response response;
    auto tag = tag_of(*text);
    response.content_type = kind;
    if (has_it(request, tag)) response.status = 304;
    else response.body = std::string(*text);
    // Asked for each time, and answered in a word while it is the same: a new version of the program is a new page at once.
    response.headers = {{"ETag", tag}, {"Cache-Control", "no-cache"}, {"Content-Security-Policy", page_policy()}, {"X-Content-Type-Options", "nosniff"},
                        {"X-Frame-Options", "DENY"}, {"Referrer-Policy", "no-referrer"}, {"Cross-Origin-Opener-Policy", "same-origin"},
                        {"Cross-Origin-Resource-Policy", "same-origin"}, {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"}};
    return response;
}

}  // namespace

const char* page_policy() {
    return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
           "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
}

void add_page_routes(http::Router& router) {
    auto page = [](http::Request request) -> asio::awaitable<http::Response> { co_return file("index.html", request); };
    auto beside = [](http::Request request) -> asio::awaitable<http::Response> { co_return file(request.captures.at("file"), request); };
    router.add("GET", "/", page);
    router.add("GET", "/console/{file*}", beside);
}

}  // namespace pingjing::console
