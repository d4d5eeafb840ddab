#include "providers/tencent/tencent.hpp"

#include <algorithm>
#include <vector>

#include "daemon/core/tree.hpp"
#include "daemon/http/client.hpp"
#include "providers/http/http.hpp"
#include "providers/signing/signing.hpp"

namespace pingjing::tencent {
namespace {

using signing::Hash;

constexpr std::string_view own_keys[] = {"secret_id", "app_id"};
constexpr std::string_view own_secrets[] = {"secret_key"};
constexpr std::string_view other_secrets[] = {"session_token"};
constexpr generic_http::Default other_keys[] = {{"region", "ap-guangzhou"}};
constexpr std::string_view algorithm = "TC3-HMAC-SHA256";

// "content-type;host" has "host".
bool is_among(std::string_view names, std::string_view name) {
    while (!names.empty()) {
        auto end = std::min(names.find(';'), names.size());
        if (names.substr(0, end) == name) return true;
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    return false;
}

}  // namespace

const generic_http::Scheme scheme{"tencent", own_keys, nullptr, own_secrets, other_keys, sign, other_secrets};

std::string authorization(const Keys& keys, const http::FetchRequest& request, Instant now, std::string_view signed_names) {
    const auto address = signing::address_of(request.url);
    auto headers = signing::canonical_headers(request.headers, [&](std::string_view name) { return is_among(signed_names, name); });
    const auto canonical = request.method + "\n" + address.path + "\n" + address.query + "\n" + headers.lines + "\n" + headers.names + "\n" +
                           to_hex(signing::digest(Hash::sha256, request.body));
    // In UTC: between midnight and eight o'clock in Beijing it is still yesterday.
    const auto day = format_utc(now).substr(0, 10);
    const auto scope = day + "/" + std::string(keys.service) + "/tc3_request";
    const auto text = std::string(algorithm) + "\n" + std::to_string(to_millis(now) / 1000) + "\n" + scope + "\n" +
                      to_hex(signing::digest(Hash::sha256, canonical));
    auto key = signing::hmac(Hash::sha256, "TC3" + std::string(keys.secret), day);
    key = signing::hmac(Hash::sha256, key, keys.service);
    key = signing::hmac(Hash::sha256, key, "tc3_request");
    return std::string(algorithm) + " Credential=" + std::string(keys.id) + "/" + scope + ", SignedHeaders=" + headers.names +
           ", Signature=" + to_hex(signing::hmac(Hash::sha256, key, text));
}

void sign(const generic_http::Settings& settings, http::FetchRequest& request, const generic_http::Signing& signing) {
    request.headers.push_back("Host: " + signing::address_of(request.url).host);
    request.headers.push_back("X-TC-Timestamp: " + std::to_string(to_millis(signing.now) / 1000));
    if (auto token = settings.secrets.find("session_token"); token != settings.secrets.end()) request.headers.push_back("X-TC-Token: " + token->second);
    Keys keys{settings.values.at("secret_id"), settings.secrets.at("secret_key")};
    request.headers.push_back("Authorization: " + authorization(keys, request, signing.now, "content-type;host"));
}

provider::Make read(config::Section& section, provider::ChannelFacts facts) { return generic_http::read_with(scheme, section, facts); }

}  // namespace pingjing::tencent
