// Tencent Cloud's SMS service (腾讯云短信, 2021-01-11). What is sent and what its answers prove: templates/http/tencent.toml.
#pragma once
#include <string>
#include <string_view>

#include "daemon/config/section.hpp"
#include "providers/http/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::tencent {

extern const generic_http::Scheme scheme;
provider::Make read(config::Section& section, provider::ChannelFacts facts);

// TC3-HMAC-SHA256 over method, path, query, the headers that `signed_names` names ("content-type;host") and the body: the value of
// Authorization. The day within it is the UTC day of `now`, which is X-TC-Timestamp as well.
struct Keys { std::string_view id, secret, service = "sms"; };
std::string authorization(const Keys& keys, const http::FetchRequest& request, Instant now, std::string_view signed_names);

// With `secret_id` and the secret `secret_key`. Adds Host, X-TC-Timestamp, X-TC-Token with temporary keys (secret `token`), Authorization.
void sign(const generic_http::Settings& settings, http::FetchRequest& request, const generic_http::Signing& signing);

}  // namespace pingjing::tencent
