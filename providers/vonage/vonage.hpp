// Vonage's SMS API (once Nexmo). What is sent and what its answers prove: templates/http/vonage.toml.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config/section.hpp"
#include "providers/http/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::vonage {

extern const generic_http::Scheme scheme;
provider::Make read(config::Section& section, provider::ChannelFacts facts);

// `sig` of a callback, in small hex: over its parameters but `sig`, in the order of their names. `method`: md5hash (MD5 of the text and the secret
// behind it), or md5, sha1, sha256, sha512 as an HMAC. nullopt: no such method.
std::optional<std::string> signature(std::string_view method, std::string_view secret, std::vector<std::pair<std::string, std::string>> parameters);

// Of the Messages API, which sends a token (JWT, HS256) in its place: it is of this secret, and of this body.
bool is_token_of(std::string_view token, std::string_view secret, std::string_view body);

// With the secret `signature_secret` of the account or the one before it (`previous_signature_secret`). True where the channel has none: then
// only the secret in the address is proof. The time in a callback decides nothing: what comes once more is known by its id.
bool is_authentic(const generic_http::Settings& settings, const provider::Callback& callback);

}  // namespace pingjing::vonage
