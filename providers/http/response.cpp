#include "providers/http/response.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/text/strict_json.hpp"

namespace pingjing::generic_http {
namespace {

using namespace provider;

// A regular expression sees the head of a body only: what decides stands there, and its cost stays bounded.
constexpr std::size_t matched_bytes = 4096;

struct Held {
    std::optional<std::string> group{};
    std::optional<Class> by_code{};
};

// Exact first, then the longest beginning.
std::optional<Class> class_of(const std::map<std::string, Class>& codes, const std::string& code) {
    if (auto found = codes.find(code); found != codes.end()) return found->second;
    for (auto length = code.size(); length > 0; --length)
        if (auto found = codes.find(code.substr(0, length) + '*'); found != codes.end()) return found->second;
    return std::nullopt;
}

std::optional<Held> holds(const Settings& settings, const ResponseRule& rule, const http::FetchResponse& response, const std::optional<boost::json::value>& json) {
    Held held;
    if (!rule.statuses.empty() && std::none_of(rule.statuses.begin(), rule.statuses.end(), [&](const auto& range) {
            return response.status >= range.first && response.status <= range.second;
        }))
        return std::nullopt;
    if (!response.body.starts_with(rule.prefix)) return std::nullopt;
    if (rule.matches) {
        auto head = response.body.substr(0, matched_bytes);
        boost::smatch match;
        try {
            if (!boost::regex_search(head, match, *rule.matches)) return std::nullopt;
        } catch (const std::runtime_error&) {  // a pattern that runs away on this body decides nothing
            return std::nullopt;
        }
        if (match.size() > 1) held.group = match[1].str();
    }
    if (!rule.json.empty()) {
        auto value = json ? text_at(*json, rule.json) : std::nullopt;
        if (!value) return std::nullopt;
        if (!rule.is.empty() && std::find(rule.is.begin(), rule.is.end(), *value) == rule.is.end()) return std::nullopt;
        if (rule.by_code && !(held.by_code = class_of(settings.codes, *value))) return std::nullopt;
    }
    return held;
}

std::chrono::seconds pause_of(const http::FetchResponse& response, std::chrono::seconds otherwise) {
    int seconds = 0;
    const auto& text = response.retry_after;
    auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || bad != std::errc{} || stop != text.data() + text.size() || seconds < 1) return otherwise;
    return std::chrono::seconds(std::min(seconds, 3600));
}

Outcome as_outcome(const ResponseRule& rule, const Held& held, const http::FetchResponse& response, const std::optional<boost::json::value>& json) {
    auto code = fmt::format("HTTP {}", response.status);
    if (!rule.json.empty() && json) code = text_at(*json, rule.json).value_or(code);
    if (code.size() > 64) code.resize(64);
    switch (held.by_code.value_or(rule.outcome)) {
        case Class::accepted: {
            Accepted accepted;
            if (rule.id_from_match && held.group) accepted.vendor_ids.push_back(*held.group);
            for (const auto& place : rule.ids)
                if (auto id = json && accepted.vendor_ids.empty() ? text_at(*json, place) : std::nullopt) accepted.vendor_ids.push_back(*id);
            return accepted;
        }
        case Class::retry: return Retry{code};
        case Class::throttled_number: return Throttled{Throttled::number, pause_of(response, rule.after), code};
        case Class::throttled_channel: return Throttled{Throttled::channel, pause_of(response, rule.after), code};
        case Class::permanent_number: return Permanent{Permanent::number, code};
        case Class::permanent_config: return Permanent{Permanent::config, code};
        case Class::permanent_content: return Permanent{Permanent::content, code};
        case Class::opted_out: return OptedOut{code};
        case Class::auth: return ChannelDown{ChannelDown::auth, code};
        case Class::balance: return ChannelDown{ChannelDown::balance, code};
        case Class::ambiguous: break;
    }
    return Ambiguous{code};
}

// The vendor's own word where a rule looked for it and no table has it: whoever reads it can add it to [channel.codes].
std::string unknown_code(const Settings& settings, const std::optional<boost::json::value>& json) {
    for (const auto& rule : settings.rules)
        if (rule.by_code && json)
            if (auto value = text_at(*json, rule.json); value && !value->empty()) return ", code " + value->substr(0, 64) + " is in no table";
    return {};
}

Outcome by_status(const http::FetchResponse& response, const std::string& unknown) {
    auto code = fmt::format("HTTP {}{}", response.status, unknown);
    switch (response.status) {
        case 401: case 403: return ChannelDown{ChannelDown::auth, code};
        case 402: return ChannelDown{ChannelDown::balance, code};
        case 429: return Throttled{Throttled::channel, pause_of(response, std::chrono::seconds(1)), code};
        case 400: case 404: case 405: case 413: case 415: case 422: return Permanent{Permanent::config, code};
        default: return Ambiguous{unknown.empty() ? code + ", no rule for it" : code};
    }
}

}  // namespace

Result<std::optional<boost::json::value>> read_json(std::string_view body) {
    auto first = body.find_first_not_of(" \t\r\n");
    if (first == body.npos || (body[first] != '{' && body[first] != '[')) return std::nullopt;
    auto read = parse_strict(body, Nul::kept);
    if (!read) return std::nullopt;
    if (!read->problems.empty()) return fail(Error::Kind::invalid_input, "JSON that can be read in two ways: expected " + read->problems.begin()->second.detail);
    return std::move(read->value);
}

std::optional<std::string> text_at(const boost::json::value& document, std::string_view pointer) {
    boost::json::error_code error;
    auto* found = document.find_pointer({pointer.data(), pointer.size()}, error);
    if (!found) return std::nullopt;
    if (auto* text = found->if_string()) return std::string(*text);
    if (auto* number = found->if_int64()) return std::to_string(*number);
    if (auto* number = found->if_uint64()) return std::to_string(*number);
    if (auto* number = found->if_double()) return fmt::format("{}", *number);
    if (auto* flag = found->if_bool()) return *flag ? "true" : "false";
    return std::nullopt;
}

provider::Outcome read_response(const Settings& settings, const http::FetchResult& result) {
    if (!result && result.error().when == http::Failure::When::before_send) return Retry{result.error().detail};
    if (!result) return Ambiguous{result.error().detail};
    auto json = read_json(result->body);
    if (!json) return Ambiguous{json.error().detail};
    for (const auto& rule : settings.rules)
        if (auto held = holds(settings, rule, *result, *json)) return as_outcome(rule, *held, *result, *json);
    return by_status(*result, unknown_code(settings, *json));
}

}  // namespace pingjing::generic_http
