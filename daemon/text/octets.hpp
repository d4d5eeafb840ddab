// What a phone sent, octets in the charset that its carrier named, as text: as far as it can be read, for a citizen's words are
// never refused because of one broken character.
#pragma once
#include <string>
#include <string_view>

namespace pingjing {

// `charset`: "GSM" (one septet an octet), "UTF-16BE", or as iconv knows it. What cannot be read is U+FFFD.
std::string read_octets(std::string_view octets, const std::string& charset);

}  // namespace pingjing
