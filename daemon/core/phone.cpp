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

// As much of it as has room, and no half character: what is cut can be read again as it stands.
std::string first_whole(std::string text, std::size_t octets) {
    if (text.size() <= octets) return text;
    while (octets > 0 && (static_cast<unsigned char>(text[octets]) & 0xC0) == 0x80) --octets;
    text.resize(octets);
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

// What people put between the digits of one number; its bytes, 0: none. Those without a width come along when a number is copied. `coded`: also
// as addresses, JSON and pages write them, and what parts numbers as often as their groups.
std::size_t separator_at(std::string_view text, std::size_t at, bool coded) {
    static constexpr std::string_view plain[] = {
        " ",      "-",      ".",      "\t",     "(",      ")",      "_",      "\u00a0", "\u3000", "\u2007", "\u2009", "\u202f", "\u2010", "\u2011",
        "\u2012", "\u2013", "\u2014", "\u2212", "\uff0d", "\u00b7", "\u00ad", "\uff08", "\uff09", "\uff0e", "\u200b", "\u200c", "\u200d", "\u200e",
        "\u200f", "\u202a", "\u202c", "\u202d", "\u2060", "\u2066", "\u2068", "\u2069", "\ufeff"};
    static constexpr std::string_view in_code[] = {
        "/",        "+",        "\uff0b",   "%20",      "%2D",      "%2d",      "%2B",      "%2b",      "%28",      "%29",  "%C2%A0", "%c2%a0", "\\/",   "\\t",
        "\\u00a0", "\\u00A0", "\\u3000", "\\u200b", "\\u200B", "\\u202a", "\\u202A", "\\u202c", "\\u202C", "\\u002b", "\\u002B", "\\u002d", "\\u002D",
        "&nbsp;",   "&#160;",   "&#43;",    "&#45;"};
    auto is_alphanumeric = [](char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); };
    if (at >= text.size() || is_alphanumeric(text[at])) return 0;
    auto stands = [&](std::string_view sign) { return text.substr(at).starts_with(sign); };
    if (auto found = std::find_if(std::begin(plain), std::end(plain), stands); found != std::end(plain)) return found->size();
    auto found = coded ? std::find_if(std::begin(in_code), std::end(in_code), stands) : std::end(in_code);
    return found != std::end(in_code) ? found->size() : 0;
}

// Digits with at most three separators between each and the next.
struct Run {
    std::size_t begin = 0, end = 0;
    std::string digits{};
    bool spaced = false, dotted = false;
    std::size_t longest_group = 0;
    std::string sizes{};  // of the groups, up to 100
};
enum class Signs { none, plain, coded };
Run run_at(std::string_view text, std::size_t at, Signs signs) {
    Run run{.begin = at, .end = at};
    for (std::size_t here = at;;) {
        if (auto digit = digit_at(text, here)) {
            bool new_group = here != run.end && !run.digits.empty();
            run.spaced = run.spaced || new_group;
            if (new_group || run.sizes.empty()) run.sizes += '\0';
            if (run.sizes.back() < 100) ++run.sizes.back();
            run.longest_group = std::max(run.longest_group, static_cast<std::size_t>(run.sizes.back()));
            run.digits += digit->value;
            here += digit->bytes;
            run.end = here;
            continue;
        }
        std::size_t between = 0;
        for (int n = 0; signs != Signs::none && n < 3 && !digit_at(text, here + between); ++n) {
            auto sign = separator_at(text, here + between, signs == Signs::coded);
            if (sign == 0) break;
            between += sign;
        }
        if (between == 0 || !digit_at(text, here + between)) return run;
        run.dotted = run.dotted || text[here] == '.';
        here += between;
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

// Those of neighbours and of whoever has many travellers. Of one digit, and any other three, they are too much like a status before a code.
bool is_country_code(std::string_view digits) {
    if (digits.size() == 3) return digits[0] == '8' ? digits >= "850" : digits[0] == '9' && digits >= "960";
    return digits.size() == 2 && digits >= "20" && digits != "21" && digits != "22" && digits != "23" && digits != "24" && digits != "25" && digits != "26" && digits != "29";
}

// "2026-11-21 09", "20261121 0912": what machines write of time.
bool begins_with_date(const Run& run) {
    bool century = run.digits.starts_with("20") || run.digits.starts_with("19");
    bool in_groups = run.sizes.size() >= 3 && run.sizes[0] == 4 && run.sizes[1] <= 2 && run.sizes[2] <= 2;
    return century && (in_groups || run.sizes[0] == 8);
}

// What can be dialled from afar: see phone.hpp. `plain` is the first group of `spaced`.
bool shows_phone_in_groups(const Run& spaced, const Run& plain, bool behind_plus) {
    const auto& digits = spaced.digits;
    if (behind_plus) return digits.size() >= 7;
    if (!spaced.spaced || begins_with_date(spaced) || (spaced.dotted && spaced.longest_group < 4)) return false;
    bool area_code = plain.digits[0] == '0' && (plain.digits.size() == 3 || plain.digits.size() == 4) && plain.digits[1] != '0';
    if (area_code) return digits.size() >= plain.digits.size() + 7;
    // Grouped elsewhere: "(0)25 8442 0000", "0258442 0000".
    if (digits[0] == '0' && digits[1] != '0' && digits.size() >= 10) return true;
    if (is_country_code(plain.digits) && digits.size() >= 10) return true;
    bool of_three = spaced.sizes.find("\3\3\4") != std::string::npos;  // as in America
    return of_three || (begins_abroad(digits) && digits.size() >= 11);
}

// {"mobile":"91234567"}, to=91234567: what stands behind such a name is no code.
bool is_behind_name(std::string_view before) {
    constexpr std::string_view signs[] = {"\"", "'", ":", "=", " ", "\\", "[", ">", "+", "%22", "%3A", "%3D", "%5B", "%3a", "%3d", "%5b", "\uff1a"};
    bool apart = false;  // by more than blanks: "refused to 40012345" names no number
    for (int n = 0; n < 8; ++n) {
        auto sign = std::find_if(std::begin(signs), std::end(signs), [&](std::string_view s) { return before.ends_with(s); });
        if (sign == std::end(signs)) break;
        apart = apart || (*sign != " " && *sign != "+");
        before.remove_suffix(sign->size());
    }
    for (std::string_view word : {"\u624b\u673a", "\u624b\u673a\u53f7", "\u7535\u8bdd", "\u53f7\u7801"})
        if (before.ends_with(word)) return true;
    std::string name;
    for (; !before.empty() && name.size() < 24; before.remove_suffix(1)) {
        char c = static_cast<char>(before.back() | 0x20);
        if (c == 0x7F || before.back() == '_') continue;
        if (c < 'a' || c > 'z') break;
        name.insert(name.begin(), c);
    }
    for (std::string_view word : {"mobile", "phone", "msisdn", "recipient", "receiver", "sender", "caller", "phonenumber", "mobilenumber", "phoneno", "mobileno"})
        if (name.ends_with(word)) return true;
    constexpr std::string_view short_names[] = {"to", "from", "tel", "dest", "destination", "src", "da", "oa"};
    return apart && std::find(std::begin(short_names), std::end(short_names), name) != std::end(short_names);
}

bool is_behind_plus(std::string_view before) {
    for (std::string_view plus : {"+", "\uff0b", "%2B", "%2b", "\\u002b", "\\u002B", "&#43;"})
        if (before.ends_with(plus)) return true;
    return false;
}

enum class Hide { mobiles, phones, numbers };  // each more than the one before, but for what stands in groups
std::string hide(std::string_view text, Hide what) {
    if (most_digits(text) < (what == Hide::mobiles ? 11 : 7)) return std::string(text);
    std::size_t longest_code = what == Hide::numbers ? 6 : what == Hide::phones ? 9 : text.size();
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (!digit_at(text, at)) {
            auto sign = what == Hide::phones ? separator_at(text, at, true) : 0;  // the digits of %20 are of no number
            out += text.substr(at, std::max<std::size_t>(sign, 1));
            at += std::max<std::size_t>(sign, 1);
            continue;
        }
        // Written in groups it may stand among other figures ("2026 138 1234 5678"): wherever it stands in them, it goes.
        auto spaced = run_at(text, at, what == Hide::phones ? Signs::coded : Signs::plain), plain = run_at(text, at, Signs::none);
        bool mobile = is_mobile_with_prefix(plain.digits);
        bool behind_plus = is_behind_plus(out);
        bool named = what == Hide::phones && !mobile && spaced.digits.size() >= 7 && is_behind_name(out);
        if (!mobile && plain.digits.size() < 11 && shows_mobile_in_groups(spaced)) {
            out += "***";
            at = spaced.end;
        } else if (mobile) {
            out += plain.digits.substr(plain.digits.size() - 11, 3) + "****" + plain.digits.substr(plain.digits.size() - 4);
            at = plain.end;
        } else if (what == Hide::phones && (named || shows_phone_in_groups(spaced, plain, behind_plus))) {
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
    // The bound is for utf8proc, which sorts combining marks in quadratic time; blanks do not count, however many a gateway pads with.
    constexpr std::size_t longest_read = 4096, longest = 64;
    auto text = without_separators(nfkc(first_whole(without_separators(std::string(raw)), longest_read)));
    if (auto number = mobile(text)) return *number;
    return Phone(first_whole(std::move(text), longest));
}

bool Phone::is_mobile() const { return is_mobile_number(digits_); }

std::string Phone::masked() const {
    if (is_mobile()) return digits_.substr(0, 3) + "****" + digits_.substr(7);
    if (digits_.size() <= 4) return "****";
    return digits_.substr(0, 2) + "****" + digits_.substr(digits_.size() - 2);
}

}  // namespace pingjing
