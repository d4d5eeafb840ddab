#include "providers/link/md5.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace pingjing::link {

std::string md5(std::string_view bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr) != 1) throw std::runtime_error("OpenSSL has no MD5 here, which this carrier's login needs");
    return {reinterpret_cast<char*>(digest), size};
}

}  // namespace pingjing::link
