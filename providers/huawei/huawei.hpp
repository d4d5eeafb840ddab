// Huawei Cloud's Message & SMS (华为云短信), for sites that have an account from before 2025. What is sent and what its answers prove:
// templates/http/huawei.toml.
#pragma once
#include <string>
#include <string_view>

#include "daemon/config/section.hpp"
#include "providers/http/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::huawei {

extern const generic_http::Scheme scheme;
provider::Make read(config::Section& section, provider::ChannelFacts facts);

// SDK-HMAC-SHA256 in hex, over a request or a push: `headers` and `names` as signing::canonical_headers() makes them, `path` with or without its last '/'.
std::string signature(std::string_view secret, std::string_view method, std::string_view path, std::string_view query,
                      std::string_view header_lines, std::string_view names, std::string_view date, std::string_view body);
// WSSE's PasswordDigest: base64 of the SHA-256's hex, or of its octets (`raw`): their own sources differ.
std::string password_digest(std::string_view nonce, std::string_view created, std::string_view secret, bool raw);

// With `app_key` and the secret `app_secret`, as `proof` says: sdk-hmac-sha256, wsse or wsse-raw.
void sign(const generic_http::Settings& settings, http::FetchRequest& request, const generic_http::Signing& signing);

// Pushes are signed where the vendor was asked to: with the secret `push_secret`, or the one before it (`previous_push_secret`). True where there is
// neither: then only the secret in the address is proof.
bool is_authentic(const generic_http::Settings& settings, const provider::Callback& callback);

}  // namespace pingjing::huawei
