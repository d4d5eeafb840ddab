#include "daemon/text/octets.hpp"

#include <algorithm>

#include "daemon/text/gsm7.hpp"
#include "daemon/text/utf.hpp"

namespace pingjing {

std::string read_octets(std::string_view octets, const std::string& charset) {
    if (charset == "GSM") return from_gsm7(octets);
    if (auto whole = charset_to_utf8(octets, charset)) return *whole;
    // Character by character: what stands alone is read alone, the longest first.
    std::string out;
    while (!octets.empty()) {
        std::size_t took = 0;
        for (std::size_t size = std::min<std::size_t>(octets.size(), 4); size > 0 && took == 0; --size) {
            auto some = charset_to_utf8(octets.substr(0, size), charset);
            auto letters = some ? decode_utf8(*some) : std::nullopt;
            if (!letters || letters->empty()) continue;
            out += *some;
            took = size;
        }
        if (took == 0) append_utf8(out, 0xFFFD);
        octets.remove_prefix(std::max<std::size_t>(took, 1));
    }
    return out;
}

}  // namespace pingjing
