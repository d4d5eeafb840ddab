// China Telecom's cloud (天翼云) SMS. What is sent and what its answers prove: templates/http/ctyun.toml.
#pragma once
#include <string>
#include <string_view>

#include "daemon/config/section.hpp"
#include "providers/http/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::ctyun {

extern const generic_http::Scheme scheme;
provider::Make read(config::Section& section, provider::ChannelFacts facts);

// The value of Eop-Authorization. `date`: "20260301T163015Z", as it stands in eop-date.
struct Keys { std::string_view access, secret; };
std::string authorization(const Keys& keys, std::string_view request_id, std::string_view date, std::string_view query, std::string_view body);

// With `access_key` and the secret `secret_key`. Adds ctyun-eop-request-id, eop-date and Eop-Authorization. The date is Beijing's with a "Z" behind it, as
// their own examples have it, unless `eop_zone` is "Z".
void sign(const generic_http::Settings& settings, http::FetchRequest& request, const generic_http::Signing& signing);

}  // namespace pingjing::ctyun
