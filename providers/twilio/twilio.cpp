#include "providers/twilio/twilio.hpp"

#include <algorithm>

#include "daemon/core/signed_note.hpp"
#include "daemon/core/tree.hpp"
#include "providers/http/callback.hpp"
#include "providers/http/http.hpp"
#include "providers/http/request.hpp"
#include "providers/signing/signing.hpp"

namespace pingjing::twilio {
namespace {

constexpr std::string_view own_keys[] = {"account"};
// As it is, and with the other way to write its port: Twilio signs the address it was given, which may have the usual port in it or not.
std::vector<std::string> spellings(const std::string& url) {
    std::vector<std::string> out{url};
    auto scheme_end = url.find("://");
    if (scheme_end == url.npos) return out;
    auto host_end = std::min(url.find_first_of("/?", scheme_end + 3), url.size());
    auto port = std::string_view(url).starts_with("https") ? std::string(":443") : std::string(":80");
    auto host = std::string_view(url).substr(0, host_end);
    if (host.ends_with(port)) out.push_back(std::string(host.substr(0, host.size() - port.size())) + url.substr(host_end));
    else if (host.find(':', scheme_end + 3) == host.npos) out.push_back(std::string(host) + port + url.substr(host_end));
    return out;
}

}  // namespace

const generic_http::Scheme scheme{"twilio", own_keys, is_authentic};

std::string sign(std::string_view auth_token, std::string_view url, std::vector<std::pair<std::string, std::string>> form) {
    std::sort(form.begin(), form.end());
    form.erase(std::unique(form.begin(), form.end()), form.end());
    std::string text(url);
    for (const auto& [name, value] : form) text += name + value;
    return to_base64(signing::hmac(signing::Hash::sha1, auth_token, text));
}

bool is_authentic(const generic_http::Settings& settings, const provider::Callback& callback) {
    auto given = generic_http::header(callback, "X-Twilio-Signature");
    if (settings.hook_url.empty() || given.empty()) return false;
    auto url = settings.hook_url + (callback.path.empty() ? "" : "/" + callback.path) + (callback.query.empty() ? "" : "?" + callback.query);
    std::vector<std::pair<std::string, std::string>> form;
    if (callback.content_type.starts_with("application/x-www-form-urlencoded")) {
        form = generic_http::decode_parameters(callback.body);
    } else if (!callback.body.empty()) {
        auto query = generic_http::decode_parameters(callback.query);
        auto is_hash = [&](const auto& parameter) { return parameter.first == "bodySHA256" && signing::same(parameter.second, to_hex(signing::digest(signing::Hash::sha256, callback.body))); };
        if (std::none_of(query.begin(), query.end(), is_hash)) return false;
    }
    std::vector<std::string> tokens;
    for (const char* name : {"auth_token", "previous_auth_token"})
        if (auto found = settings.secrets.find(name); found != settings.secrets.end()) tokens.push_back(found->second);
    if (!settings.secrets.contains("auth_token")) tokens.push_back(settings.password);
    auto addresses = spellings(url);
    return std::any_of(tokens.begin(), tokens.end(), [&](const auto& token) {
        return std::any_of(addresses.begin(), addresses.end(), [&](const auto& address) { return signing::same(sign(token, address, form), given); });
    });
}

provider::Make read(config::Section& section, provider::ChannelFacts facts) { return generic_http::read_with(scheme, section, facts); }

}  // namespace pingjing::twilio
