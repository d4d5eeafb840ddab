#include "daemon/core/phone.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace pingjing {
namespace {

// NFKC turns full-width digits and plus signs into plain ones. Broken UTF-8 gives nothing.
std::string nfkc(std::string_view raw) {
    utf8proc_uint8_t* out = nullptr;
    auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(raw.data()), static_cast<utf8proc_ssize_t>(raw.size()), &out,
                               static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE));
    std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(out, &std::free);
    return length < 0 ? std::string() : std::string(reinterpret_cast<char*>(out), static_cast<std::size_t>(length));
}

std::string without_separators(std::string text) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '-' || c == '\t'; });
    return text;
}

bool is_mobile_number(std::string_view digits) {
    return digits.size() == 11 && digits[0] == '1' && digits[1] >= '3' && digits[1] <= '9' &&
           std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<Phone> Phone::mobile(std::string_view raw) {
    if (raw.size() > 64) return std::nullopt;
    auto text = without_separators(nfkc(raw));
    for (std::string_view prefix : {"", "+86", "0086", "86", "0"})
        if (text.starts_with(prefix) && is_mobile_number(std::string_view(text).substr(prefix.size())))
            return Phone(text.substr(prefix.size()));
    return std::nullopt;
}

Phone Phone::sender(std::string_view raw) {
    if (auto number = mobile(raw)) return *number;
    auto text = without_separators(nfkc(raw.substr(0, 64)));
    return Phone(text);
}

bool Phone::is_mobile() const { return is_mobile_number(digits_); }

std::string Phone::masked() const {
    if (is_mobile()) return digits_.substr(0, 3) + "****" + digits_.substr(7);
    if (digits_.size() <= 4) return "****";
    return digits_.substr(0, 2) + "****" + digits_.substr(digits_.size() - 2);
}

std::string without_numbers(std::string text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        auto digits = std::min(text.find_first_not_of("0123456789", at), text.size()) - at;
        if (digits >= 11) out.append(text, at, 2).append("****");
        else out.append(text, at, std::max<std::size_t>(digits, 1));
        at += std::max<std::size_t>(digits, 1);
    }
    return out;
}

}  // namespace pingjing
