#include <fmt/format.h>

#include <algorithm>

#include "providers/http/request.hpp"

namespace pingjing::generic_http {
namespace {

constexpr std::string_view masked = "SECRET";

// A key of the vendor that somebody wrote into the address or a header.
bool names_secret(std::string_view name) {
    for (std::string_view end : {"password", "passwd", "pwd", "secret", "token", "key", "sign", "Authorization", "authorization"})
        if (name.ends_with(end)) return true;
    return false;
}

std::string mask_parameters(const std::string& url) {
    auto question = url.find('?');
    if (question == url.npos) return url;
    auto out = url.substr(0, question + 1);
    for (std::size_t at = question + 1; at < url.size();) {
        auto end = std::min(url.find('&', at), url.size());
        auto pair = url.substr(at, end - at);
        auto equals = pair.find('=');
        if (equals != pair.npos && names_secret(pair.substr(0, equals))) pair = pair.substr(0, equals + 1) + std::string(masked);
        out += pair + (end < url.size() ? "&" : "");
        at = end + 1;
    }
    return out;
}

std::string mask_header(const std::string& line) {
    auto colon = line.find(':');
    return colon != line.npos && names_secret(line.substr(0, colon)) ? fmt::format("{}: {}", line.substr(0, colon), masked) : line;
}

Settings without_secrets(Settings settings) {
    for (auto* secret : {&settings.password, &settings.token})
        if (!secret->empty()) *secret = masked;
    for (auto& [name, secret] : settings.secrets) secret = masked;
    settings.hook_url = without_secret(settings.hook_url);
    return settings;
}

}  // namespace

std::string without_secret(std::string hook_url) {
    if (hook_url.empty()) return "PUBLIC_URL/v1/hooks/CHANNEL/" + std::string(masked);
    return hook_url.substr(0, hook_url.rfind('/') + 1) + std::string(masked);
}

std::vector<std::string> sample_request(const Settings& settings, Instant now) {
    provider::Submission submission("0123456789abcdefghij", Phone::sender("13800000000"), Text("1"), settings.abilities.extension ? "00" : "", std::chrono::hours(12));
    auto text = std::string("a text \"1\"");
    if (settings.approved) {
        if (settings.approved->by_text.empty()) return {"no text has a template yet"};
        const auto& all = settings.approved->by_text;
        submission.text_name = all.contains("survey") ? "survey" : all.begin()->first;
        submission.values = {{"sign", "SIGN"}, {"month", "12"}, {"day", "31"}, {"sms_alarm", "12110"}};
        text = "the text " + submission.text_name;
    }
    auto shown = without_secrets(settings);
    auto request = build_request(shown, submission, now, "NONCE");
    if (!request) return {"a text could not be said to this vendor: " + request.error().detail};
    std::vector<std::string> lines{fmt::format("{} to 13800000000: {} {}", text, request->method, mask_parameters(request->url))};
    if (!request->user_password.empty()) lines.push_back(fmt::format("Authorization: Basic of {}:{}", settings.token.empty() ? settings.username : std::string(masked), masked));
    for (const auto& header : request->headers) lines.push_back(mask_header(header));
    if (!request->body.empty()) lines.push_back(request->body);
    return lines;
}

}  // namespace pingjing::generic_http
