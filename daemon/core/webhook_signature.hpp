// Who posted it, and that nobody changed it: the headers of the Standard Webhooks specification (standardwebhooks.com), for libraries of
// theirs exist in every language.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"

namespace pingjing {

class WebhookSigner {
public:
    // "whsec_" and 24 to 64 bytes in base64.
    static std::optional<WebhookSigner> read(std::string_view secret);

    // "v1," and HMAC-SHA256 in base64 over "id.seconds.body".
    std::string sign(std::string_view id, Instant at, std::string_view body) const;
    // "webhook-id: …", "webhook-timestamp: …", "webhook-signature: …". The id is the same each time the same thing is posted again.
    std::vector<std::string> headers(std::string_view id, Instant at, std::string_view body) const;

private:
    explicit WebhookSigner(std::string key) : key_(std::move(key)) {}
    std::string key_;
};

}  // namespace pingjing
