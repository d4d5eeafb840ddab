#include "daemon/admin/access.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "daemon/core/person.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::admin {
namespace {

constexpr const char* every_scope = "intake,report,desk,inspect,unit,officer,leader,audit";
constexpr auto oldest_table = std::chrono::seconds(1);

bool same_letters(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

// "Bearer TOKEN", the word in any case (RFC 6750, RFC 9110 §11.1). Empty: no token.
std::string bearer(const http::Request& request) {
    auto value = request.header("Authorization");
    if (value.size() < 8 || !same_letters(std::string_view(value).substr(0, 7), "bearer ")) return {};
    auto from = value.find_first_not_of(' ', 7);
    auto to = value.find_last_not_of(' ');
    return from == std::string::npos ? std::string() : value.substr(from, to - from + 1);
}

// Every row is compared and each to its end: how long it takes tells nothing.
const TokenRow* find(const std::vector<TokenRow>& rows, const std::string& token) {
    auto hash = token_hash(token);
    const TokenRow* found = nullptr;
    for (const auto& row : rows)
        if (row.hash.size() == hash.size() && sodium_memcmp(row.hash.data(), hash.data(), hash.size()) == 0) found = &row;
    return found;
}

const TokenRow* find(const std::vector<TokenRow>& rows, std::int64_t id) {
    for (const auto& row : rows)
        if (row.id == id) return &row;
    return nullptr;
}

// Why this token does not count, or null.
const char* why_not(const TokenRow* row, Instant now) {
    if (!row) return "this token is not known";
    if (row->revoked_at) return "this token was revoked";
    if (row->holder.expires_at && *row->holder.expires_at <= now) return "this token has expired";
    return nullptr;
}

bool may(const TokenRow& row, std::string_view scopes) {
    for (const auto& held : row.scopes) {
        if (held == "admin") return true;
        for (std::size_t at = 0; at <= scopes.size();) {
            auto end = std::min(scopes.find(',', at), scopes.size());
            if (scopes.substr(at, end - at) == held) return true;
            at = end + 1;
        }
    }
    return false;
}

// A proxy on this machine makes everybody look near: what it hands on needs a token like anything from outside.
bool is_near(const http::Request& request) {
    if (!request.loopback) return false;
    for (const char* handed_on : {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"})
        if (!request.header(handed_on).empty()) return false;
    return true;
}

// A name stands in the open beside every step: neither a number nor a page.
std::string short_enough(std::string name) {
    constexpr std::size_t longest_name = 120;  // bytes
    if (name.size() <= longest_name) return name;
    auto end = longest_name;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;  // not within a character
    name.resize(end);
    return name;
}

http::Response who_are_you(const char* reason) {
    metrics::count("http_refused_total", {{"status", "401"}});
    auto response = http::problem(401, "Unauthorized", reason);
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"pingjing\"");
    return response;
}

http::Response store_failed(const char* detail) {
    auto response = http::problem(503, "Service Unavailable", detail);
    response.headers.emplace_back("Retry-After", "5");
    return response;
}

// Many a look is a fact itself and has to be written down: a store that cannot is a matter of time, not a fault of the asker.
asio::awaitable<http::Response> answer(http::Handler handler, http::Request request) {
    std::string why;
    try {
        co_return co_await handler(std::move(request));
    } catch (const store::SqlError& error) {
        why = error.what();
    }
    log::error("http.store", {{"why", why}});
    co_return store_failed("the store does not answer; ask again");
}

// In texts only: a figure stays one, and JSON stays JSON.
std::string without_numbers_in_texts(const std::string& json) {
    std::string out;
    for (std::size_t at = 0; at < json.size();) {
        if (json[at] != '"') {
            out += json[at++];
            continue;
        }
        auto end = at + 1;
        while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
        end = std::min(end + 1, json.size());
        out += hide_mobiles(std::string_view(json).substr(at, end - at));
        at = end;
    }
    return out;
}

http::Response without_numbers(http::Response response) {
    if (response.content_type.find("json") != std::string::npos) response.body = without_numbers_in_texts(response.body);
    else if (response.content_type.starts_with("text/")) response.body = hide_mobiles(response.body);
    return response;
}

}  // namespace

http::Asker near_asker(const http::Request& request) {
    if (!request.trusted) return {.who = "loopback"};
    // It stands beside what he does, in the open: a number that somebody wrote into it goes.
    auto person = short_enough(hide_numbers(trimmed(request.header(person_header))));
    return {.who = person.empty() ? "control" : "control/" + person, .name = person, .scopes = {"admin"}};
}

asio::awaitable<std::shared_ptr<const Access::Table>> Access::table() {
    auto now = clock_.steady();
    if (table_ && table_->changes == token_changes() && now - table_->read_at < oldest_table) co_return table_;

    auto fresh = std::make_shared<Table>();
    fresh->changes = token_changes();  // before the read: what changes during it makes the table old again
    fresh->read_at = now;
    try {
        auto read = [](store::Connection& db) { return list_tokens(db); };
        fresh->rows = co_await store_.run(std::move(read));
        // A slower reader must not put an older table over a newer one.
        if (!table_ || table_->changes <= fresh->changes) table_ = fresh;
        co_return fresh;
    } catch (const store::SqlError& error) {
        log::error("access.store", {{"why", error.what()}});
    }
    co_return table_;  // a store that fails changes no token; null: we never knew any
}

asio::awaitable<http::Response> Access::pass(std::string scopes, bool loopback_passes, http::Handler handler, http::Request request) {
    std::erase_if(request.headers, [](const auto& header) { return same_letters(header.first, who_header); });
    if (request.trusted || (loopback_passes && is_near(request))) {
        request.asker = near_asker(request);
        request.headers.emplace_back(who_header, request.asker.who);
        co_return co_await answer(std::move(handler), std::move(request));
    }
    auto token = bearer(request);
    auto session = token.empty() && signed_in_ ? signed_in_(request) : std::nullopt;
    if (session && !*session) co_return session->error();
    if (token.empty() && !session) co_return who_are_you("this path needs a token: Authorization: Bearer …");
    auto known = co_await table();
    if (!known) co_return store_failed("the store does not answer, so no token can be checked");
    request.asker.page = session.has_value();
    const TokenRow* row = nullptr;
    if (session) row = find(known->rows, **session);
    else row = find(known->rows, token);
    co_return co_await enter(row, std::move(scopes), std::move(handler), std::move(request));
}

// `row` is part of a table that the caller holds.
asio::awaitable<http::Response> Access::enter(const TokenRow* row, std::string scopes, http::Handler handler, http::Request request) {
    if (auto why = why_not(row, clock_.now())) co_return who_are_you(why);
    if (!may(*row, scopes)) {
        metrics::count("http_refused_total", {{"status", "403"}});
        co_return http::problem(403, "Forbidden", fmt::format("this token lacks the scope {}", scopes));
    }
    bool page = request.asker.page, reason_given = request.method == "POST" && request.path.ends_with("/reveal");
    request.asker = {fmt::format("{}/{}", row->id, row->holder.name), row->holder.name, row->holder.unit, row->holder.badge, row->scopes, page};
    request.headers.emplace_back(who_header, request.asker.who);
    auto response = co_await answer(std::move(handler), std::move(request));
    if (page && !reason_given) response = without_numbers(std::move(response));
    co_return response;
}

asio::awaitable<Result<std::int64_t>> Access::check(std::string token) {
    auto known = co_await table();
    if (!known) co_return fail(Error::Kind::unavailable, "the store does not answer, so no token can be checked");
    const auto* row = find(known->rows, token);
    if (auto why = why_not(row, clock_.now())) co_return fail(Error::Kind::forbidden, why);
    co_return row->id;
}

http::Handler Access::guard(std::string scopes, http::Handler handler) {
    return [this, scopes = std::move(scopes), handler = std::move(handler)](http::Request request) {
        return pass(scopes, false, handler, std::move(request));
    };
}

http::Handler Access::loopback_or(std::string scopes, http::Handler handler) {
    return [this, scopes = std::move(scopes), handler = std::move(handler)](http::Request request) {
        return pass(scopes, true, handler, std::move(request));
    };
}

http::Handler Access::anybody(http::Handler handler) { return guard(every_scope, std::move(handler)); }

http::Guard Access::guards() {
    return [this](std::string scopes, http::Handler handler) { return guard(std::move(scopes), std::move(handler)); };
}

}  // namespace pingjing::admin
