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

// The digit at `at`, ASCII or full-width, and how many bytes it takes; nullopt: none.
struct Digit { char value; std::size_t bytes; };
std::optional<Digit> digit_at(std::string_view text, std::size_t at) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(at + i < text.size() ? text[at + i] : 0); };
    if (byte(0) >= '0' && byte(0) <= '9') return Digit{text[at], 1};
    if (byte(0) == 0xEF && byte(1) == 0xBC && byte(2) >= 0x90 && byte(2) <= 0x99) return Digit{static_cast<char>('0' + byte(2) - 0x90), 3};
    return std::nullopt;
}

// What people put between the digits of one number; its bytes, 0: none.
std::size_t separator_at(std::string_view text, std::size_t at) {
    for (std::string_view s : {" ", "-", ".", "\t", "(", ")", "_", "\u00a0", "\u3000", "\u2010", "\u2011", "\u2013", "\u2014", "\uff0d", "\u00b7"})
        if (text.substr(at).starts_with(s)) return s.size();
    return 0;
}

// Digits with at most two separators between each and the next.
struct Run {
    std::size_t begin = 0, end = 0;
    std::string digits{};
    bool spaced = false, dotted = false;
    std::size_t longest_group = 0;
};
Run run_at(std::string_view text, std::size_t at, bool may_be_spaced) {
    Run run{.begin = at, .end = at};
    std::size_t group = 0;
    for (std::size_t here = at;;) {
        if (auto digit = digit_at(text, here)) {
            bool new_group = here != run.end && !run.digits.empty();
            run.spaced = run.spaced || new_group;
            group = new_group ? 1 : group + 1;
            run.longest_group = std::max(run.longest_group, group);
            run.digits += digit->value;
            here += digit->bytes;
            run.end = here;
            continue;
        }
        auto first = may_be_spaced ? separator_at(text, here) : 0;
        if (first == 0) return run;
        auto second = digit_at(text, here + first) ? 0 : separator_at(text, here + first);
        if (!digit_at(text, here + first + second)) return run;
        run.dotted = run.dotted || text[here] == '.';
        here += first + second;
    }
}

// Eleven digits somewhere in figures written in groups. Groups of three between dots are an address of a machine.
bool shows_mobile_in_groups(const Run& run) {
    if (!run.spaced || (run.dotted && run.longest_group < 4)) return false;
    for (std::size_t i = 0; i + 11 <= run.digits.size(); ++i)
        if (is_mobile_number(std::string_view(run.digits).substr(i, 11))) return true;
    return false;
}

bool is_mobile_with_prefix(std::string_view digits) {
    for (std::string_view prefix : {"", "86", "0086", "0"})
        if (digits.starts_with(prefix) && is_mobile_number(digits.substr(prefix.size()))) return true;
    return false;
}

// At most so many digits stand in it; the full-width ones begin with that byte.
std::ptrdiff_t most_digits(std::string_view text) {
    return std::count_if(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '\xEF'; });
}

bool begins_abroad(std::string_view digits) { return digits.starts_with("00") && digits.size() > 2 && digits[2] != '0'; }

// What can be dialled from afar: see phone.hpp. `plain` is the first group of `spaced`.
bool shows_phone_in_groups(const Run& spaced, const Run& plain, bool behind_plus) {
    const auto& digits = spaced.digits;
    if (behind_plus) return digits.size() >= 7;
    if (!spaced.spaced || (spaced.dotted && spaced.longest_group < 4)) return false;
    bool area_code = plain.digits[0] == '0' && (plain.digits.size() == 3 || plain.digits.size() == 4) && plain.digits[1] != '0';
    if (area_code) return digits.size() >= plain.digits.size() + 7;
    bool from_here = plain.digits == "86" && digits.size() >= 12;
    return from_here || (begins_abroad(digits) && digits.size() >= 11);
}

enum class Hide { mobiles, phones, numbers };  // each more than the one before, but for what stands in groups
std::string hide(std::string_view text, Hide what) {
    if (most_digits(text) < (what == Hide::mobiles ? 11 : 7)) return std::string(text);
    std::size_t longest_code = what == Hide::numbers ? 6 : what == Hide::phones ? 9 : text.size();
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (!digit_at(text, at)) {
            out += text[at++];
            continue;
        }
        // Written in groups it may stand among other figures ("2026 138 1234 5678"): wherever it stands in them, it goes.
        auto spaced = run_at(text, at, true), plain = run_at(text, at, false);
        bool mobile = is_mobile_with_prefix(plain.digits);
        bool behind_plus = out.ends_with('+') || out.ends_with("\uff0b");
        if (!mobile && plain.digits.size() < 11 && shows_mobile_in_groups(spaced)) {
            out += "***";
            at = spaced.end;
        } else if (mobile) {
            out += plain.digits.substr(plain.digits.size() - 11, 3) + "****" + plain.digits.substr(plain.digits.size() - 4);
            at = plain.end;
        } else if (what == Hide::phones && shows_phone_in_groups(spaced, plain, behind_plus)) {
            out += "***";
            at = spaced.end;
        } else if (plain.digits.size() > longest_code) {
            out += "***";
            at = plain.end;
        } else {
            out += text.substr(at, plain.end - at);
            at = plain.end;
        }
    }
    return out;
}

}  // namespace

std::string hide_mobiles(std::string_view text) { return hide(text, Hide::mobiles); }
std::string hide_numbers(std::string_view text) { return hide(text, Hide::numbers); }
std::string hide_phones(std::string_view text) { return hide(text, Hide::phones); }

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
    constexpr std::size_t longest = 64;
    auto text = without_separators(nfkc(raw.substr(0, longest)));
    // ¼ becomes three characters. Cut again, between two of them: read once more it is the same sender.
    if (text.size() > longest) {
        auto end = longest;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
        text.resize(end);
    }
    return Phone(text);
}

bool Phone::is_mobile() const { return is_mobile_number(digits_); }

std::string Phone::masked() const {
    if (is_mobile()) return digits_.substr(0, 3) + "****" + digits_.substr(7);
    if (digits_.size() <= 4) return "****";
    return digits_.substr(0, 2) + "****" + digits_.substr(digits_.size() - 2);
}

}  // namespace pingjing
