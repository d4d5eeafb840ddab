#include "providers/http/looks.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/phone.hpp"

namespace pingjing::generic_http {
namespace {

constexpr std::size_t fewest_letters = 3;   // a cry in ASCII takes three
constexpr std::size_t shortest_code = 8;    // two characters, in hex or base64
constexpr std::size_t longest_word = 12;    // letters and digits without a blank: longer ones are an id
constexpr std::size_t decoded_bytes = 48;   // of a code: what it holds shows in its beginning

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }
int hex_value(char c) { return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }
int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (is_digit(c)) return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    auto begin = text.find_first_not_of(blanks);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// ── what a code may hold ──

// Characters of two bytes each that somebody writes with, letters beyond ASCII among them. `high`: where the greater byte of each stands.
bool may_be_wide(std::string_view bytes, std::size_t high) {
    bool any = false;
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
        auto page = static_cast<unsigned char>(bytes[at + high]);
        bool letter = (page >= 0x4E && page <= 0x9F) || (page >= 0xAC && page <= 0xD7) || page == 0x04 || page == 0x06;  // Hangul, Cyrillic, Arabic
        any = any || letter;
        if (!letter && page != 0x00 && page != 0x20 && page != 0x30 && page != 0xFF) return false;
    }
    return any && bytes.size() % 2 == 0;
}

// Of a character of UTF-8, or a Han of GB 2312; 0: it is neither. One that was cut at the end counts.
std::size_t high_bytes_at(std::string_view bytes, std::size_t at) {
    auto byte = [&](std::size_t n) { return static_cast<unsigned char>(bytes[at + n]); };
    auto left = bytes.size() - at;
    std::size_t length = byte(0) < 0xC2 || byte(0) > 0xF4 ? 0 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
    length = std::min(length, left);
    bool utf8 = length > 0;
    for (std::size_t n = 1; n < length; ++n) utf8 = utf8 && (byte(n) & 0xC0) == 0x80;
    if (utf8) return length;
    bool han = byte(0) >= 0xA1 && byte(0) <= 0xF7 && (left == 1 || (byte(1) >= 0xA1 && byte(1) <= 0xFE));
    return han ? std::min<std::size_t>(2, left) : 0;
}

bool may_be_narrow(std::string_view bytes) {
    std::size_t letters = 0, high = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        char c = bytes[at];
        auto taken = is_high(c) ? high_bytes_at(bytes, at) : 1;
        if (taken == 0 || static_cast<unsigned char>(c) < 0x20 || c == '\x7F') return false;
        letters += is_letter(c), high += is_high(c);
        at += taken;
    }
    return high > 0 || letters >= fewest_letters;
}

bool may_hold_words(std::string_view bytes) {
    bytes = bytes.substr(0, decoded_bytes);
    return may_be_narrow(bytes) || may_be_wide(bytes, 0) || may_be_wide(bytes, 1);
}

std::string from_hex(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at + 1 < text.size() && out.size() < decoded_bytes; at += 2)
        out += static_cast<char>(hex_value(text[at]) << 4 | hex_value(text[at + 1]));
    return out;
}

std::string from_base64(std::string_view text) {
    std::string out;
    std::uint32_t bits = 0;
    int have = 0;
    for (char c : text) {
        bits = bits << 6 | static_cast<std::uint32_t>(base64_value(c));
        if ((have += 6) < 8) continue;
        have -= 8;
        out += static_cast<char>(bits >> have & 0xFF);
        if (out.size() == decoded_bytes) break;
    }
    return out;
}

// ── what it is made of ──

struct Made {
    std::size_t letters = 0, digits = 0, longest_run = 0;  // the run: of letters
    bool hex = true, base64 = true, beyond = false;        // beyond: what is no printable ASCII stands in it
};
Made made_of(std::string_view text) {
    Made made;
    std::size_t run = 0;
    for (char c : text) {
        if (is_high(c) || static_cast<unsigned char>(c) < 0x20) return made.beyond = true, made;
        bool letter = is_letter(c), digit = is_digit(c);
        made.letters += letter, made.digits += digit;
        run = letter ? run + 1 : 0;
        made.longest_run = std::max(made.longest_run, run);
        if (made.hex && !digit && hex_value(c) < 0) made.hex = false;
        if (made.base64 && !letter && !digit && base64_value(c) < 0 && c != '=') made.base64 = false;
    }
    return made;
}

bool is_said_by_machines(std::string_view text) {
    constexpr std::string_view words[] = {"utf-8",   "utf8",    "gbk",     "gb18030", "utf-16be",  "ucs2", "delivrd",  "undeliv", "expired",
                                          "rejectd", "success", "failure", "failed",  "fail",      "sent", "received", "inbound", "outbound",
                                          "sms",     "text",    "mms",     "null",    "delivered", "true", "false"};
    if (text.size() > 9) return false;
    auto same_letter = [](char small, char any) { return small == (any >= 'A' && any <= 'Z' ? any + 32 : any); };
    auto same = [&](std::string_view word) { return std::equal(word.begin(), word.end(), text.begin(), text.end(), same_letter); };
    return std::any_of(std::begin(words), std::end(words), same);
}

bool is_address(std::string_view text) {
    bool begins = text.starts_with("http://") || text.starts_with("https://");
    return begins && text.find_first_of("% ") == text.npos;
}

}  // namespace

bool may_be_words(std::string_view text) {
    auto made = made_of(text);
    if (made.beyond) return true;
    bool code = text.size() >= shortest_code;
    if (code && made.hex && text.size() % 2 == 0 && may_hold_words(from_hex(text))) return true;
    if (made.letters < fewest_letters || is_said_by_machines(text) || is_address(text)) return false;
    if (!made.base64 || made.digits == 0) return true;
    if (made.longest_run >= fewest_letters && text.size() <= longest_word) return true;
    return code && !made.hex && may_hold_words(from_base64(text.substr(0, text.find('='))));
}

bool is_number(std::string_view text) {
    text = trimmed(text);
    std::string digits;
    for (char c : text) {
        if (is_digit(c)) digits += c;
        else if (std::string_view(" -()+").find(c) == std::string_view::npos) return false;
        if (digits.size() > 16) return false;
    }
    auto is_mobile = [](std::string_view d) { return d.size() == 11 && d[0] == '1' && d[1] >= '3'; };
    if (text.starts_with('+')) return digits.size() >= 7;
    if (digits.starts_with("00")) return digits.size() >= 10 && digits[2] != '0';
    if (digits.starts_with('0')) return digits.size() >= 10 && digits.size() <= 12;
    return is_mobile(digits) || (digits.starts_with("86") && is_mobile(std::string_view(digits).substr(2)));
}

bool is_number_with_more(std::string_view text) {
    auto digits = std::count_if(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '\xEF'; });
    return digits >= 11 && !is_number(text) && hide_mobiles(text) != text;
}

bool is_like_an_answer(std::string_view text) {
    text = trimmed(text);
    if (text.size() == 1) return (text[0] >= '1' && text[0] <= '5') || text[0] == 'T' || text[0] == 't';
    return std::any_of(text.begin(), text.end(), is_high);
}

bool is_digits(std::string_view text) { return text.size() >= 5 && std::all_of(text.begin(), text.end(), is_digit); }

}  // namespace pingjing::generic_http
