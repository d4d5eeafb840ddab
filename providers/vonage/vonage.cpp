#include "providers/vonage/vonage.hpp"

#include <algorithm>

#include "daemon/core/signed_note.hpp"
#include "daemon/core/tree.hpp"
#include "providers/http/callback.hpp"
#include "providers/http/http.hpp"
#include "providers/http/request.hpp"
#include "providers/http/response.hpp"
#include "providers/signing/signing.hpp"

namespace pingjing::vonage {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view other_secrets[] = {"signature_secret", "previous_signature_secret"};
constexpr std::string_view methods[] = {"md5hash", "md5", "sha1", "sha256", "sha512"};
constexpr generic_http::Default other_keys[] = {{"signature_method", "md5hash", methods}};

std::string small(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

// All that came, from wherever it came: what is signed. nullopt: JSON that is more than names and values, which nobody could sign so.
std::optional<Parameters> parameters_of(const provider::Callback& callback) {
    auto out = generic_http::decode_parameters(callback.query);
    auto json = generic_http::read_json(callback.body);
    if (!json) return std::nullopt;
    if (!*json) {
        for (auto& parameter : generic_http::decode_parameters(callback.body)) out.push_back(std::move(parameter));
        return out;
    }
    const auto* object = (*json)->if_object();
    if (!object) return std::nullopt;
    for (const auto& [name, value] : *object) {
        auto text = generic_http::text_at(value, "");
        if (!text && !value.is_null()) return std::nullopt;
        out.emplace_back(std::string(name), text.value_or(""));
    }
    return out;
}

std::optional<std::string> from_base64url(std::string text) {
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    return from_base64(text);
}

std::optional<boost::json::value> json_of(const std::string& base64url) {
    auto text = from_base64url(base64url);
    auto json = text ? generic_http::read_json(*text) : Result<std::optional<boost::json::value>>(std::nullopt);
    return json ? *json : std::nullopt;
}

bool is_signed_with(const std::string& secret, const generic_http::Settings& settings, const provider::Callback& callback) {
    auto bearer = generic_http::header(callback, "Authorization");
    if (bearer.starts_with("Bearer ")) return is_token_of(bearer.substr(7), secret, callback.body);
    auto parameters = parameters_of(callback);
    if (!parameters) return false;
    auto given = std::find_if(parameters->begin(), parameters->end(), [](const auto& p) { return p.first == "sig"; });
    if (given == parameters->end()) return false;
    auto sig = small(given->second);
    auto wanted = signature(settings.values.at("signature_method"), secret, std::move(*parameters));
    return wanted && signing::same(sig, *wanted);
}

}  // namespace

const generic_http::Scheme scheme{"vonage", {}, is_authentic, {}, other_keys, nullptr, other_secrets};

std::optional<std::string> signature(std::string_view method, std::string_view secret, Parameters parameters) {
    std::erase_if(parameters, [](const auto& p) { return p.first == "sig"; });
    std::stable_sort(parameters.begin(), parameters.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string text;
    for (auto& [name, value] : parameters) {
        std::replace_if(value.begin(), value.end(), [](char c) { return c == '&' || c == '='; }, '_');
        text += "&" + name + "=" + value;
    }
    using signing::Hash;
    if (method == "md5hash") return to_hex(signing::digest(Hash::md5, text + std::string(secret)));
    if (method == "md5") return to_hex(signing::hmac(Hash::md5, secret, text));
    if (method == "sha1") return to_hex(signing::hmac(Hash::sha1, secret, text));
    if (method == "sha256") return to_hex(signing::hmac(Hash::sha256, secret, text));
    if (method == "sha512") return to_hex(signing::hmac(Hash::sha512, secret, text));
    return std::nullopt;
}

bool is_token_of(std::string_view token, std::string_view secret, std::string_view body) {
    auto first = token.find('.'), last = token.rfind('.');
    if (first == token.npos || last <= first) return false;
    auto head = json_of(std::string(token.substr(0, first))), claims = json_of(std::string(token.substr(first + 1, last - first - 1)));
    auto given = from_base64url(std::string(token.substr(last + 1)));
    if (!head || !claims || !given) return false;
    // A token that names its own algorithm could name none.
    if (generic_http::text_at(*head, "/alg") != "HS256") return false;
    if (!signing::same(signing::hmac(signing::Hash::sha256, secret, token.substr(0, last)), *given)) return false;
    auto hash = generic_http::text_at(*claims, "/payload_hash");
    return hash && signing::same(small(*hash), to_hex(signing::digest(signing::Hash::sha256, body)));
}

bool is_authentic(const generic_http::Settings& settings, const provider::Callback& callback) {
    bool any = false;
    for (auto name : other_secrets) {
        auto secret = settings.secrets.find(std::string(name));
        if (secret == settings.secrets.end()) continue;
        if (is_signed_with(secret->second, settings, callback)) return true;
        any = true;
    }
    return !any;
}

provider::Make read(config::Section& section, provider::ChannelFacts facts) { return generic_http::read_with(scheme, section, facts); }

}  // namespace pingjing::vonage
