#include "providers/aliyun/aliyun.hpp"

#include "daemon/core/tree.hpp"
#include "daemon/http/client.hpp"
#include "providers/http/http.hpp"
#include "providers/signing/signing.hpp"

namespace pingjing::aliyun {
namespace {

constexpr std::string_view own_keys[] = {"access_key_id"};
constexpr std::string_view own_secrets[] = {"access_key_secret"};
constexpr std::string_view other_secrets[] = {"security_token"};
constexpr std::string_view algorithm = "ACS3-HMAC-SHA256";

bool is_signed_header(std::string_view name) { return name == "host" || name == "content-type" || name.starts_with("x-acs-"); }

}  // namespace

const generic_http::Scheme scheme{"aliyun", own_keys, nullptr, own_secrets, {}, sign, other_secrets};

void sign(const generic_http::Settings& settings, http::FetchRequest& request, const generic_http::Signing& signing) {
    const auto address = signing::address_of(request.url);
    const auto body_hash = to_hex(signing::digest(signing::Hash::sha256, request.body));
    request.headers.push_back("Host: " + address.host);
    request.headers.push_back("x-acs-date: " + format_utc(std::chrono::floor<std::chrono::seconds>(signing.now)));
    request.headers.push_back("x-acs-signature-nonce: " + signing.nonce);
    request.headers.push_back("x-acs-content-sha256: " + body_hash);
    if (auto token = settings.secrets.find("security_token"); token != settings.secrets.end())
        request.headers.push_back("x-acs-security-token: " + token->second);

    const auto headers = signing::canonical_headers(request.headers, is_signed_header);
    const auto canonical = request.method + "\n" + address.path + "\n" + signing::sorted_query(address.query) + "\n" + headers.lines + "\n" +
                           headers.names + "\n" + body_hash;
    const auto text = std::string(algorithm) + "\n" + to_hex(signing::digest(signing::Hash::sha256, canonical));
    const auto signature = to_hex(signing::hmac(signing::Hash::sha256, settings.secrets.at("access_key_secret"), text));
    request.headers.push_back("Authorization: " + std::string(algorithm) + " Credential=" + settings.values.at("access_key_id") +
                              ",SignedHeaders=" + headers.names + ",Signature=" + signature);
}

provider::Make read(config::Section& section, provider::ChannelFacts facts) { return generic_http::read_with(scheme, section, facts); }

}  // namespace pingjing::aliyun
