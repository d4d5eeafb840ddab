#include "providers/signing/signing.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace pingjing::signing {
namespace {

const EVP_MD* method(Hash hash) {
    switch (hash) {
        case Hash::md5: return EVP_md5();
        case Hash::sha1: return EVP_sha1();
        case Hash::sha256: return EVP_sha256();
    }
    return nullptr;
}

// MD5 may be missing where OpenSSL is held to FIPS.
std::string octets(const unsigned char* bytes, unsigned length, bool made) {
    if (!made) throw std::runtime_error("OpenSSL has no such digest here, which this vendor's signature needs");
    return {reinterpret_cast<const char*>(bytes), length};
}

}  // namespace

std::string digest(Hash hash, std::string_view bytes) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    bool made = EVP_Digest(bytes.data(), bytes.size(), out, &length, method(hash), nullptr) == 1;
    return octets(out, length, made);
}

std::string hmac(Hash hash, std::string_view key, std::string_view bytes) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    auto* mac = HMAC(method(hash), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out, &length);
    return octets(out, length, mac != nullptr);
}

bool same(std::string_view a, std::string_view b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace pingjing::signing
