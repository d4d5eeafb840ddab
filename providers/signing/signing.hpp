// What vendors sign with. Pure; keys and digests are octets.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pingjing::signing {

enum class Hash { md5, sha1, sha256, sha512 };
std::string digest(Hash hash, std::string_view bytes);
std::string hmac(Hash hash, std::string_view key, std::string_view bytes);

// Of a URL as it leaves: the host with its port, unless it is the scheme's usual one, as the header Host has it; "/" where there is no path;
// the query without '?'. No fragment.
struct Address { std::string host{}, path{}, query{}; };
Address address_of(std::string_view url);
// The parameters in the order of their names' bytes, each as it was escaped.
std::string sorted_query(std::string_view query);
// Of headers "Name: value" those that `wanted` names in small letters: "name:value\n" each, trimmed, by name, and the names joined by ';'.
struct CanonicalHeaders { std::string lines{}, names{}; };
CanonicalHeaders canonical_headers(const std::vector<std::string>& headers, const std::function<bool(std::string_view lower_name)>& wanted);

bool same(std::string_view a, std::string_view b);  // in a time that says nothing of where they differ

}  // namespace pingjing::signing
