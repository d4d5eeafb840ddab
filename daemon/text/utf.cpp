#include "daemon/text/utf.hpp"

#include <iconv.h>

#include <algorithm>
#include <cctype>

namespace pingjing {
namespace {

class Converter {
public:
    Converter(const char* to, const char* from) : iconv_(iconv_open(to, from)) {}
    ~Converter() {
        if (known()) iconv_close(iconv_);
    }
    Converter(const Converter&) = delete;
    bool known() const { return iconv_ != reinterpret_cast<iconv_t>(-1); }

    // Appends what can be said of the front of `in` and takes it away; true where that was all of it, exactly.
    bool take(std::string& in, std::string& out) {
        auto done = out.size();
        out.resize(done + in.size() * 4 + 16);
        char* source = in.data();
        char* target = out.data() + done;
        std::size_t left = in.size(), room = out.size() - done;
        auto lossy = iconv(iconv_, &source, &left, &target, &room);
        out.resize(out.size() - room);
        in.erase(0, in.size() - left);
        return lossy == 0 && left == 0;
    }

private:
    iconv_t iconv_;
};

std::optional<std::string> convert(std::string_view from, const char* to_charset, const char* from_charset) {
    Converter converter(to_charset, from_charset);
    std::string in(from), out;
    if (!converter.known() || !converter.take(in, out)) return std::nullopt;
    return out;
}

// iconv reads options behind a slash: a peer names the charset, it does not get to name those.
bool is_name(const std::string& charset) { return charset.find('/') == charset.npos && charset.size() <= 32; }

}  // namespace

std::optional<std::u32string> decode_utf8(std::string_view text) {
    std::u32string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        auto lead = static_cast<unsigned char>(text[i]);
        std::size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
        if (length == 0 || i + length > text.size()) return std::nullopt;
        char32_t c = length == 1 ? lead : lead & (0x7Fu >> length);
        for (std::size_t k = 1; k < length; ++k) {
            auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xC0) != 0x80) return std::nullopt;
            c = (c << 6) | (next & 0x3Fu);
        }
        if ((length == 3 && c < 0x800) || (length == 4 && (c < 0x10000 || c > 0x10FFFF)) || (c >= 0xD800 && c < 0xE000)) return std::nullopt;
        out += c;
        i += length;
    }
    return out;
}

void append_utf8(std::string& out, char32_t c) {
    auto put = [&out](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0 | (c >> 6));
        put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        put(0xE0 | (c >> 12));
        put(0x80 | ((c >> 6) & 0x3F));
        put(0x80 | (c & 0x3F));
    } else {
        put(0xF0 | (c >> 18));
        put(0x80 | ((c >> 12) & 0x3F));
        put(0x80 | ((c >> 6) & 0x3F));
        put(0x80 | (c & 0x3F));
    }
}

std::string encode_utf8(std::u32string_view text) {
    std::string out;
    for (auto c : text) append_utf8(out, c);
    return out;
}

std::string to_utf16be(std::u32string_view text) {
    std::string out;
    auto unit = [&out](char32_t u) {
        out += static_cast<char>(static_cast<unsigned char>(u >> 8));
        out += static_cast<char>(static_cast<unsigned char>(u & 0xFF));
    };
    for (auto c : text) {
        if (c < 0x10000) {
            unit(c);
        } else {
            unit(0xD800 + ((c - 0x10000) >> 10));
            unit(0xDC00 + ((c - 0x10000) & 0x3FF));
        }
    }
    return out;
}

std::string utf16be_to_utf8(std::string_view bytes) {
    auto unit_at = [&](std::size_t i) {
        return static_cast<char32_t>((static_cast<unsigned char>(bytes[i]) << 8) | static_cast<unsigned char>(bytes[i + 1]));
    };
    std::string out;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        auto c = unit_at(i);
        if (i == 0 && c == 0xFEFF) continue;
        if (c >= 0xD800 && c < 0xDC00 && i + 3 < bytes.size()) {
            auto low = unit_at(i + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                append_utf8(out, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
                i += 2;
                continue;
            }
        }
        append_utf8(out, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
    }
    return out;
}

std::optional<std::string> charset_to_utf8(std::string_view bytes, const std::string& charset) {
    std::string name = charset;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (name == "UTF-16BE" || name == "UCS-2BE" || name == "UCS-2" || name == "UCS2") return utf16be_to_utf8(bytes);
    if (name.empty() || name == "UTF-8" || name == "UTF8") return decode_utf8(bytes) ? std::optional<std::string>(bytes) : std::nullopt;
    if (!is_name(name)) return std::nullopt;
    return convert(bytes, "UTF-8", name.c_str());
}

std::string charset_to_utf8_as_far(std::string_view bytes, const std::string& charset) {
    if (auto whole = charset_to_utf8(bytes, charset)) return *whole;
    // One converter for the whole: opening one costs more than reading a text, and there may be 64 KB of broken characters.
    Converter converter("UTF-8", charset.empty() ? "UTF-8" : is_name(charset) ? charset.c_str() : "");
    std::string in, out;
    for (bool known = is_name(charset) && converter.known(); !bytes.empty();) {
        // Piece by piece, or the rest would be copied for every broken character.
        in = known ? bytes.substr(0, 256) : std::string_view();
        auto size = in.size();
        if (known) converter.take(in, out);
        bytes.remove_prefix(size - in.size());
        if (bytes.empty() || (size > in.size() && size == 256)) continue;
        append_utf8(out, 0xFFFD);
        bytes.remove_prefix(1);
    }
    return out;
}

std::optional<std::string> utf8_to_charset(std::string_view text, const std::string& charset) { return convert(text, charset.c_str(), "UTF-8"); }

}  // namespace pingjing
