#include "providers/huawei/huawei.hpp"

#include <algorithm>
#include <vector>

#include "daemon/core/signed_note.hpp"
#include "daemon/core/tree.hpp"
#include "daemon/http/client.hpp"
#include "providers/http/callback.hpp"
#include "providers/http/http.hpp"
#include "providers/signing/signing.hpp"

namespace pingjing::huawei {
namespace {

using signing::Hash;

constexpr std::string_view own_keys[] = {"app_key"};
constexpr std::string_view own_secrets[] = {"app_secret"};
constexpr std::string_view other_secrets[] = {"push_secret", "previous_push_secret"};
constexpr std::string_view proofs[] = {"sdk-hmac-sha256", "wsse", "wsse-raw"};
constexpr generic_http::Default other_keys[] = {{"proof", "sdk-hmac-sha256", proofs}};
constexpr std::string_view algorithm = "SDK-HMAC-SHA256";

void sign_by_wsse(const generic_http::Settings& settings, http::FetchRequest& request, const generic_http::Signing& signing) {
    const auto created = format_utc(std::chrono::floor<std::chrono::seconds>(signing.now));
    const auto digest = password_digest(signing.nonce, created, settings.secrets.at("app_secret"), settings.values.at("proof") == "wsse-raw");
    request.headers.push_back(R"(Authorization: WSSE realm="SDP",profile="UsernameToken",type="Appkey")");
    request.headers.push_back("X-WSSE: UsernameToken Username=\"" + settings.values.at("app_key") + "\",PasswordDigest=\"" + digest +
                              "\",Nonce=\"" + signing.nonce + "\",Created=\"" + created + "\"");
}

// What stands behind `name=` up to a comma or the end.
std::string said(std::string_view authorization, std::string_view name) {
    auto at = authorization.find(name);
    if (at == authorization.npos) return {};
    auto value = authorization.substr(at + name.size());
    return std::string(value.substr(0, value.find_first_of(", ")));
}

bool is_among(std::string_view names, std::string_view name) {
    return (";" + std::string(names) + ";").find(";" + std::string(name) + ";") != std::string::npos;
}

}  // namespace

const generic_http::Scheme scheme{"huawei", own_keys, is_authentic, own_secrets, other_keys, sign, other_secrets};

std::string signature(std::string_view secret, std::string_view method, std::string_view path, std::string_view query,
                      std::string_view header_lines, std::string_view names, std::string_view date, std::string_view body) {
    auto uri = std::string(path);
    if (!uri.ends_with('/')) uri += '/';
    auto canonical = std::string(method) + "\n" + uri + "\n" + signing::sorted_query(query) + "\n" + std::string(header_lines) + "\n" +
                     std::string(names) + "\n" + to_hex(signing::digest(Hash::sha256, body));
    auto text = std::string(algorithm) + "\n" + std::string(date) + "\n" + to_hex(signing::digest(Hash::sha256, canonical));
    return to_hex(signing::hmac(Hash::sha256, secret, text));
}

std::string password_digest(std::string_view nonce, std::string_view created, std::string_view secret, bool raw) {
    auto octets = signing::digest(Hash::sha256, std::string(nonce) + std::string(created) + std::string(secret));
    return to_base64(raw ? octets : to_hex(octets));
}

void sign(const generic_http::Settings& settings, http::FetchRequest& request, const generic_http::Signing& signing) {
    if (settings.values.at("proof") != "sdk-hmac-sha256") return sign_by_wsse(settings, request, signing);
    auto date = format_utc(std::chrono::floor<std::chrono::seconds>(signing.now));
    std::erase_if(date, [](char c) { return c == '-' || c == ':'; });
    const auto address = signing::address_of(request.url);
    request.headers.push_back("Host: " + address.host);
    request.headers.push_back("X-Sdk-Date: " + date);
    auto headers = signing::canonical_headers(request.headers, [](std::string_view name) { return is_among("content-type;host;x-sdk-date", name); });
    auto made = signature(settings.secrets.at("app_secret"), request.method, address.path, address.query, headers.lines, headers.names, date, request.body);
    request.headers.push_back("Authorization: " + std::string(algorithm) + " Access=" + settings.values.at("app_key") +
                              ", SignedHeaders=" + headers.names + ", Signature=" + made);
}

bool is_authentic(const generic_http::Settings& settings, const provider::Callback& callback) {
    const auto given = generic_http::header(callback, "Authorization"), names = said(given, "SignedHeaders="), sig = said(given, "Signature=");
    const auto path = signing::address_of(settings.hook_url).path + (callback.path.empty() ? "" : "/" + callback.path);
    std::vector<std::string> lines;
    for (const auto& header : callback.headers) lines.push_back(header.name + ": " + header.value);
    const auto headers = signing::canonical_headers(lines, [&](std::string_view name) { return is_among(names, name); });
    bool any = false;
    for (auto name : other_secrets) {
        auto secret = settings.secrets.find(std::string(name));
        if (secret == settings.secrets.end()) continue;
        any = true;
        auto date = generic_http::header(callback, "X-Sdk-Date");
        auto wanted = signature(secret->second, callback.method, path, callback.query, headers.lines, names, date, callback.body);
        if (given.starts_with(algorithm) && is_among(names, "x-sdk-date") && signing::same(sig, wanted)) return true;
    }
    return !any;
}

provider::Make read(config::Section& section, provider::ChannelFacts facts) { return generic_http::read_with(scheme, section, facts); }

}  // namespace pingjing::huawei
