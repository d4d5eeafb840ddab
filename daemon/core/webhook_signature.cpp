#include "daemon/core/webhook_signature.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "daemon/core/signed_note.hpp"

namespace pingjing {
namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::size_t least_key = 24, most_key = 64;

const unsigned char* bytes(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
std::int64_t seconds(Instant at) { return to_millis(at) / 1000; }

}  // namespace

std::optional<WebhookSigner> WebhookSigner::read(std::string_view secret) {
    if (!secret.starts_with(prefix)) return std::nullopt;
    auto key = from_base64(secret.substr(prefix.size()));
    if (!key || key->size() < least_key || key->size() > most_key) return std::nullopt;
    return WebhookSigner(std::move(*key));
}

std::string WebhookSigner::sign(std::string_view id, Instant at, std::string_view body) const {
    auto text = fmt::format("{}.{}.", id, seconds(at));
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes(key_), key_.size());
    crypto_auth_hmacsha256_update(&state, bytes(text), text.size());
    crypto_auth_hmacsha256_update(&state, bytes(body), body.size());
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_final(&state, mac);
    return "v1," + to_base64(std::string_view(reinterpret_cast<const char*>(mac), sizeof mac));
}

std::vector<std::string> WebhookSigner::headers(std::string_view id, Instant at, std::string_view body) const {
    return {fmt::format("webhook-id: {}", id), fmt::format("webhook-timestamp: {}", seconds(at)), "webhook-signature: " + sign(id, at, body)};
}

}  // namespace pingjing
