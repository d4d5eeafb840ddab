// Whether a signature holds depends on nothing but the signature, the key and the text, and the night of each story looks at every checkpoint
// once more: five hundred times in a story, each time as much work as two steps of the gateway. What libsodium found to hold, or made itself,
// is remembered. The linker puts this in place of libsodium's functions (`--wrap`).
#include <sodium.h>

#include <string>
#include <string_view>
#include <unordered_set>

namespace {

constexpr std::size_t most_remembered = 10'000;

std::unordered_set<std::string>& known_to_hold() {
    static std::unordered_set<std::string> all;
    if (all.size() >= most_remembered) all.clear();
    return all;
}

std::string_view bytes(const unsigned char* from, unsigned long long size) { return {reinterpret_cast<const char*>(from), static_cast<std::size_t>(size)}; }

std::string joined(const unsigned char* signature, const unsigned char* key, const unsigned char* text, unsigned long long size) {
    std::string all(bytes(signature, crypto_sign_BYTES));
    return all.append(bytes(key, crypto_sign_PUBLICKEYBYTES)).append(bytes(text, size));
}

}  // namespace

extern "C" {

int __real_crypto_sign_verify_detached(const unsigned char* signature, const unsigned char* text, unsigned long long size, const unsigned char* key);
int __wrap_crypto_sign_verify_detached(const unsigned char* signature, const unsigned char* text, unsigned long long size, const unsigned char* key);
int __real_crypto_sign_detached(unsigned char* signature, unsigned long long* length, const unsigned char* text, unsigned long long size, const unsigned char* secret);
int __wrap_crypto_sign_detached(unsigned char* signature, unsigned long long* length, const unsigned char* text, unsigned long long size, const unsigned char* secret);

int __wrap_crypto_sign_verify_detached(const unsigned char* signature, const unsigned char* text, unsigned long long size, const unsigned char* key) {
    auto all = joined(signature, key, text, size);
    if (known_to_hold().contains(all)) return 0;
    int result = __real_crypto_sign_verify_detached(signature, text, size, key);
    if (result == 0) known_to_hold().insert(std::move(all));
    return result;
}

// The second half of a secret key is the public one.
int __wrap_crypto_sign_detached(unsigned char* signature, unsigned long long* length, const unsigned char* text, unsigned long long size, const unsigned char* secret) {
    int result = __real_crypto_sign_detached(signature, length, text, size, secret);
    if (result == 0) known_to_hold().insert(joined(signature, secret + crypto_sign_SECRETKEYBYTES - crypto_sign_PUBLICKEYBYTES, text, size));
    return result;
}

}
