// Twilio Programmable Messaging, and those who offer the same API. What is sent and what its answers prove: templates/http/twilio.toml.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config/section.hpp"
#include "providers/http/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::twilio {

extern const generic_http::Scheme scheme;
provider::Make read(config::Section& section, provider::ChannelFacts facts);

// X-Twilio-Signature: HMAC-SHA1 in base64, keyed with the account's auth token, over the address as Twilio was given it and, of a form, each
// name and value in the order of the names' bytes (values of a repeated name once each, in theirs).
std::string sign(std::string_view auth_token, std::string_view url, std::vector<std::pair<std::string, std::string>> form);

// With the auth token (secret `auth_token`, else the password) or the one before it (`previous_auth_token`, while tokens are changed); the port
// of the address may be said or left out. Of JSON the address bears the SHA-256 of the body. False without an address: nobody could check it.
bool is_authentic(const generic_http::Settings& settings, const provider::Callback& callback);

}  // namespace pingjing::twilio
