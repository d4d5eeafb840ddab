#include "daemon/text/normalise.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <unordered_map>

#include "daemon/core/templates.hpp"
#include "daemon/text/unicode.hpp"

namespace pingjing::text {
namespace {

struct Written {
    char32_t code;
    std::size_t origin;
};

constexpr char32_t line_end = U'\u2028';  // any, until it is known what stands around it
bool is_blank(char32_t code) { return code == U' ' || code == line_end; }

// templates/language/traditional.txt: pairs of characters, the traditional one first.
std::unordered_map<char32_t, char32_t> read_traditional() {
    std::unordered_map<char32_t, char32_t> table;
    std::string_view file = built_in_template("language/traditional.txt").value_or("");
    while (!file.empty()) {
        auto line = file.substr(0, file.find('\n'));
        file.remove_prefix(std::min(line.size() + 1, file.size()));
        if (line.starts_with('#')) continue;
        for (std::size_t at = 0; at < line.size();) {
            auto from = character_at(line, at);
            at += from.bytes;
            if (!is_han(from.code) || at >= line.size()) continue;
            auto to = character_at(line, at);
            at += to.bytes;
            table[from.code] = to.code;
        }
    }
    return table;
}

// Numbers that NFKC leaves alone or turns into letters (Ⅰ becomes I).
std::optional<unsigned> ornamental_number(char32_t code) {
    constexpr char32_t first_of_ten[] = {0x2160, 0x2170, 0x24F5, 0x2776, 0x2780, 0x278A};
    for (auto one : first_of_ten)
        if (code >= one && code < one + 10) return static_cast<unsigned>(code - one + 1);
    return std::nullopt;
}

int category(char32_t code) { return utf8proc_category(static_cast<utf8proc_int32_t>(code)); }

// Unicode keeps the decimal digits of a script together, ten by ten, so the distance to the first tells the value.
char32_t ascii_digit(char32_t code) {
    if (code < 0x80 || category(code) != UTF8PROC_CATEGORY_ND) return code;
    unsigned distance = 0;
    while (category(code - distance - 1) == UTF8PROC_CATEGORY_ND) ++distance;
    return U'0' + distance % 10;
}

std::string nfkc(const std::string& cluster) {
    utf8proc_uint8_t* out = nullptr;
    auto length = utf8proc_map(
        reinterpret_cast<const utf8proc_uint8_t*>(cluster.data()), static_cast<utf8proc_ssize_t>(cluster.size()), &out,
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_IGNORE));
    std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(out, &std::free);
    return length < 0 ? std::string() : std::string(reinterpret_cast<char*>(out), static_cast<std::size_t>(length));
}

std::vector<Written> decode(std::string_view utf8, std::size_t characters) {
    std::vector<Written> out;
    for (std::size_t at = 0; at < utf8.size() && out.size() < characters;) {
        auto c = character_at(utf8, at);
        if (auto number = ornamental_number(c.code)) {
            for (char digit : std::to_string(*number)) out.push_back({static_cast<char32_t>(digit), at});
        } else if ((c.code >= 0xFFA0 && c.code <= 0xFFDC) || (c.code >= 0x3131 && c.code <= 0x318E)) {
            // Hangul letters that stand alone or at half width join their neighbours only in their other form, so they become that first.
            std::string letter;
            append(letter, c.code);
            letter = nfkc(letter);
            for (std::size_t i = 0; i < letter.size(); i += character_at(letter, i).bytes) out.push_back({character_at(letter, i).code, at});
        } else if (category(c.code) == UTF8PROC_CATEGORY_CC) {
            if (c.code == '\n' || c.code == '\r') out.push_back({line_end, at});
            if (c.code == '\t') out.push_back({U' ', at});
        } else {
            out.push_back({c.code, at});
        }
        at += c.bytes;
    }
    return out;
}

// NFKC needs neighbours (jamo, accents), offsets need to stay: so it runs on one grapheme after the other.
std::vector<Written> compose(const std::vector<Written>& in) {
    static const auto simplified = read_traditional();
    std::vector<Written> out;
    utf8proc_int32_t state = 0;
    for (std::size_t begin = 0, end = 0; begin < in.size(); begin = end) {
        std::string cluster;
        append(cluster, in[begin].code);
        for (end = begin + 1; end < in.size(); ++end) {
            if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(in[end - 1].code),
                                                 static_cast<utf8proc_int32_t>(in[end].code), &state))
                break;
            append(cluster, in[end].code);
        }
        auto composed = nfkc(cluster);
        for (std::size_t at = 0; at < composed.size();) {
            auto c = character_at(composed, at);
            at += c.bytes;
            auto kind = category(c.code);
            if (kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_ME || kind == UTF8PROC_CATEGORY_CC) continue;
            auto code = c.code == line_end ? line_end : is_space(c.code) ? U' ' : ascii_digit(c.code);
            if (auto known = simplified.find(code); known != simplified.end()) code = known->second;
            code = static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code)));
            out.push_back({code, in[begin].origin});
        }
    }
    return out;
}

// "一 点 都 不 满 意": one by one, as some phones and people write it, is one word after all. From three on, for "三 差" may be two.
void close_up_spread_text(std::vector<Written>& text) {
    std::size_t singles = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_blank(text[i].code)) continue;
        if (!is_han(text[i].code) || (i > 0 && !is_blank(text[i - 1].code))) return;
        ++singles;
    }
    if (singles >= 3) std::erase_if(text, [](const Written& w) { return is_blank(w.code); });
}

// A numeral is a code only where it stands alone: 一 in "一。谢谢", not in 一般 or 三中门口.
void read_lone_numerals(std::vector<Written>& text) {
    constexpr std::u32string_view plain = U"零一二三四五六七八九", formal = U"〇壹贰叁肆伍陆柒捌玖";
    auto word = [&](std::size_t at) { return at < text.size() && is_word(text[at].code); };
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto value = formal.find(text[i].code);
        if (value != formal.npos) text[i].code = plain[value];
        value = plain.find(text[i].code);
        if (value != plain.npos && !word(i + 1) && !(i > 0 && word(i - 1)))
            text[i].code = U'0' + static_cast<char32_t>(value);
    }
}

}  // namespace

Normalised normalise(std::string_view utf8, std::size_t characters) {
    auto text = compose(decode(utf8, characters));
    close_up_spread_text(text);
    read_lone_numerals(text);

    // Spaces: one at a time, none at the ends, none beside a single Han character ("不 满意" is one word); between longer runs
    // of them it stands for a comma, as many write, and a line's end between two of them always does.
    auto run = [&](std::size_t from, int step) {
        int length = 0;
        for (auto i = from; i < text.size() && is_han(text[i].code) && length < 2; i += static_cast<std::size_t>(step)) ++length;
        return length;
    };
    Normalised out;
    char32_t last = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto code = text[i].code;
        if (is_blank(code)) {
            bool line = code == line_end;
            auto next = i + 1;
            for (; next < text.size() && is_blank(text[next].code); ++next) line = line || text[next].code == line_end;
            code = line && is_han(last) && next < text.size() && is_han(text[next].code) ? U',' : U' ';
            bool drop = last == 0 || next == text.size() || (code == U' ' && is_han(last) && is_han(text[next].code) && (run(i - 1, -1) < 2 || run(next, 1) < 2));
            i = next - 1;
            if (drop) continue;
        }
        auto before = out.text.size();
        append(out.text, code);
        out.origin.resize(out.text.size(), text[i].origin);
        if (before == out.text.size()) continue;
        last = code;
    }
    out.origin.push_back(utf8.size());
    return out;
}

}  // namespace pingjing::text
