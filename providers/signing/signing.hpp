// What vendors sign with. Pure; keys and digests are octets.
#pragma once
#include <string>
#include <string_view>

namespace pingjing::signing {

std::string sha256(std::string_view bytes);
std::string hmac_sha1(std::string_view key, std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);
bool same(std::string_view a, std::string_view b);  // in a time that says nothing of where they differ

}  // namespace pingjing::signing
