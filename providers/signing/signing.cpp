#include "providers/signing/signing.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace pingjing::signing {
namespace {

const EVP_MD* method(Hash hash) {
    switch (hash) {
        case Hash::md5: return EVP_md5();
        case Hash::sha1: return EVP_sha1();
        case Hash::sha256: return EVP_sha256();
        case Hash::sha512: return EVP_sha512();
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

Address address_of(std::string_view url) {
    Address out;
    url = url.substr(0, url.find('#'));
    auto authority = url.find("://");
    const std::string_view usual_port = url.starts_with("https:") ? ":443" : ":80";
    url.remove_prefix(authority == url.npos ? 0 : authority + 3);
    auto end = std::min(url.find_first_of("/?"), url.size());
    auto host = url.substr(0, end);
    if (host.ends_with(usual_port)) host.remove_suffix(usual_port.size());
    auto rest = url.substr(end);
    auto question = rest.find('?');
    out.host = host;
    out.path = rest.substr(0, question);
    if (out.path.empty()) out.path = "/";
    if (question != rest.npos) out.query = rest.substr(question + 1);
    return out;
}

std::string sorted_query(std::string_view query) {
    std::vector<std::pair<std::string_view, std::string_view>> all;
    while (!query.empty()) {
        auto end = std::min(query.find('&'), query.size());
        auto one = query.substr(0, end);
        auto equals = std::min(one.find('='), one.size());
        if (!one.empty()) all.emplace_back(one.substr(0, equals), one.substr(std::min(equals + 1, one.size())));
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    std::sort(all.begin(), all.end());
    std::string out;
    for (const auto& [name, value] : all) out += std::string(out.empty() ? "" : "&") + std::string(name) + "=" + std::string(value);
    return out;
}

CanonicalHeaders canonical_headers(const std::vector<std::string>& headers, const std::function<bool(std::string_view)>& wanted) {
    std::map<std::string, std::string> all;
    for (const auto& header : headers) {
        auto colon = std::min(header.find(':'), header.size());
        auto name = header.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        std::string_view value = std::string_view(header).substr(std::min(colon + 1, header.size()));
        while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
        while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
        if (wanted(name)) all[name] = value;
    }
    CanonicalHeaders out;
    for (const auto& [name, value] : all) {
        out.lines += name + ":" + value + "\n";
        out.names += (out.names.empty() ? "" : ";") + name;
    }
    return out;
}

bool same(std::string_view a, std::string_view b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace pingjing::signing
