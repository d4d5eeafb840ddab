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
template <class Value>
std::optional<Value> said_of(const std::map<std::string, Value>& codes, const std::string& code) {
    if (auto found = codes.find(code); found != codes.end()) return found->second;
    for (auto length = code.size(); length > 0; --length)
        if (auto found = codes.find(code.substr(0, length) + '*'); found != codes.end()) return found->second;
    return std::nullopt;
}

bool holds_status(const ResponseRule& rule, const http::FetchResponse& response) {
    auto is_in = [&](const auto& range) { return response.status >= range.first && response.status <= range.second; };
    return rule.statuses.empty() || std::any_of(rule.statuses.begin(), rule.statuses.end(), is_in);
}

std::optional<Held> holds(const Settings& settings, const ResponseRule& rule, const http::FetchResponse& response, const std::optional<boost::json::value>& json) {
    Held held;
    if (!holds_status(rule, response)) return std::nullopt;
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
        if (rule.by_code && !(held.by_code = said_of(settings.codes, *value))) return std::nullopt;
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

Outcome as_outcome(const Settings& settings, const ResponseRule& rule, const Held& held, const http::FetchResponse& response,
                   const boost::json::value* json) {
    auto code = fmt::format("HTTP {}", response.status);
    if (!rule.json.empty() && json) code = text_at(*json, rule.json).value_or(code);
    auto after = held.by_code ? said_of(settings.codes_after, code).value_or(rule.after) : rule.after;
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
        case Class::throttled_number: return Throttled{Throttled::number, pause_of(response, after), code};
        case Class::throttled_channel: return Throttled{Throttled::channel, pause_of(response, after), code};
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

// The parts of one text, each with its own end: taken as a whole, refused as a whole, or in part, and then never sent again. nullopt: the
// list that the rule means is not there.
std::optional<Outcome> outcome_of_parts(const Settings& settings, const ResponseRule& rule, const http::FetchResponse& response,
                                        const boost::json::value& json) {
    boost::json::error_code none;
    const auto* list = json.find_pointer({rule.each.data(), rule.each.size()}, none);
    if (!list || !list->is_array() || list->as_array().empty()) return std::nullopt;
    const auto& parts = list->as_array();
    std::vector<std::string> ids;
    std::optional<Outcome> refusal;
    std::string doubt;
    bool any_taken = false;
    for (const auto& part : parts) {
        auto code = text_at(part, rule.json).value_or("");
        Held held;
        held.by_code = said_of(settings.codes, code);
        if (!held.by_code) doubt = code.empty() ? "a part that does not say how it ended" : "code " + code.substr(0, 64) + " is in no table";
        auto one = as_outcome(settings, rule, held, response, &part);
        if (auto* taken = std::get_if<Accepted>(&one)) any_taken = true, ids.insert(ids.end(), taken->vendor_ids.begin(), taken->vendor_ids.end());
        else if (held.by_code == Class::ambiguous) doubt = code;
        else if (held.by_code && !refusal) refusal = std::move(one);
    }
    auto count = rule.count.empty() ? std::nullopt : text_at(json, rule.count);
    if (count && *count != std::to_string(parts.size())) doubt = fmt::format("{} parts where the vendor counts {}", parts.size(), count->substr(0, 16));
    auto reason = fmt::format("HTTP {}, {}", response.status, doubt);
    if (!doubt.empty()) return Ambiguous{std::move(reason), std::move(ids)};
    if (!refusal) return Accepted{std::move(ids)};
    if (!any_taken) return refusal;
    return Partial{std::move(ids), outcome_detail(*refusal)};
}

// The vendor's own word where a rule looked for it and no table has it: whoever reads it can add it to [channel.codes].
std::string unknown_code(const Settings& settings, const std::optional<boost::json::value>& json) {
    for (const auto& rule : settings.rules)
        if (rule.by_code && rule.each.empty() && json)
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
    const auto* document = *json ? &**json : nullptr;
    for (const auto& rule : settings.rules) {
        if (!rule.each.empty()) {
            if (!holds_status(rule, *result) || !document) continue;
            if (auto outcome = outcome_of_parts(settings, rule, *result, *document)) return *outcome;
        } else if (auto held = holds(settings, rule, *result, *json)) {
            return as_outcome(settings, rule, *held, *result, document);
        }
    }
    return by_status(*result, unknown_code(settings, *json));
}

}  // namespace pingjing::generic_http
