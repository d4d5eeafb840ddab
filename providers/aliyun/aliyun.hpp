// Aliyun's SMS service (阿里云短信, Dysmsapi 2017-05-25), and who offers the same API. What is sent and what its answers prove:
// templates/http/aliyun.toml.
#pragma once
#include "daemon/config/section.hpp"
#include "providers/http/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::aliyun {

extern const generic_http::Scheme scheme;
provider::Make read(config::Section& section, provider::ChannelFacts facts);

// ACS3-HMAC-SHA256 with `access_key_id` and the secret `access_key_secret`: over method, path, parameters in the order of their names, host,
// every x-acs- header, the content type where there is one, and the body's SHA-256. Adds those of them that say when, which and of what
// (Host, x-acs-date, x-acs-signature-nonce, x-acs-content-sha256, x-acs-security-token with temporary keys), and Authorization.
void sign(const generic_http::Settings& settings, http::FetchRequest& request, const generic_http::Signing& signing);

}  // namespace pingjing::aliyun
