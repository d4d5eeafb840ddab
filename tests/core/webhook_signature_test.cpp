#include "daemon/core/webhook_signature.hpp"

#include <doctest/doctest.h>

using namespace pingjing;

// The example of the specification's own libraries; openssl dgst -sha256 -mac HMAC says the same.
TEST_CASE("a push is signed as the Standard Webhooks specification says") {
    auto signer = WebhookSigner::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    REQUIRE(signer);
    Instant at(Millis(1'614'265'330'999));
    CHECK(signer->sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, R"({"test": 2432232314})") == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    auto headers = signer->headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, R"({"test": 2432232314})");
    CHECK(headers == std::vector<std::string>{"webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp: 1614265330",
                                              "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="});
    for (auto [id, body] : {std::pair{"msg_x", R"({"test": 2432232314})"}, std::pair{"msg_p5jXN8AQM9LWM0D4loKWxJek", R"({"test": 2432232315})"}})
        CHECK(signer->sign(id, at, body) != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    CHECK(signer->sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at + 1s, R"({"test": 2432232314})") != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("a signing secret is whsec_ and 24 to 64 bytes in base64") {
    CHECK(WebhookSigner::read("whsec_" + std::string(32, 'A')));
    CHECK(WebhookSigner::read("whsec_" + std::string(84, 'A') + "AA=="));
    for (const std::string& wrong : {std::string(), std::string("swordfish"), std::string(32, 'A'), "whsec_" + std::string(28, 'A'), "whsec_" + std::string(88, 'A'),
                                     "whsec_" + std::string(31, 'A') + "!"})
        CHECK_FALSE_MESSAGE(WebhookSigner::read(wrong), wrong);
}
