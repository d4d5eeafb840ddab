#include "daemon/text/octets.hpp"

#include "daemon/text/gsm7.hpp"
#include "daemon/text/utf.hpp"

namespace pingjing {

std::string read_octets(std::string_view octets, const std::string& charset) {
    if (charset == "GSM") return from_gsm7(octets);
    return charset_to_utf8_as_far(octets, charset);
}

}  // namespace pingjing
