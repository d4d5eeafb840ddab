// What vendors sign with. Pure; keys and digests are octets.
#pragma once
#include <string>
#include <string_view>

namespace pingjing::signing {

enum class Hash { md5, sha1, sha256 };
std::string digest(Hash hash, std::string_view bytes);
std::string hmac(Hash hash, std::string_view key, std::string_view bytes);
bool same(std::string_view a, std::string_view b);  // in a time that says nothing of where they differ

}  // namespace pingjing::signing
